//! Open file descriptions: what descriptors share that were made by `dup` or inherited over fork (`open(2)`, "Open file
//! descriptions").

use abi::OpenFlags;

use crate::file::device::Device;
use crate::host::Host;
use crate::ids::{FileNo, InodeNo, MqueueNo, ObjectNo, PipeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{FILES, words};
use crate::table::{Entry, Table};

/// The open file descriptions.
pub type Files = Table<FileNo, Description, FILES, { words(FILES) }>;

/// What is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Open {
    /// An end of a pipe; the access mode says which.
    Pipe(PipeNo),
    /// A POSIX message queue.
    Mqueue(MqueueNo),
    /// A shared memory object.
    Memory(ObjectNo),
    /// The console.
    Console {
        /// Where its output goes: 1 for output, 2 for diagnostics.
        stream: u8,
    },
    /// A directory.
    Directory,
    /// A device without a state.
    Device(Device),
}

/// One open file description.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Description {
    /// What is open.
    pub open: Open,
    /// What was opened by name.
    pub inode: Option<InodeNo>,
    /// Where the next reading of a directory begins.
    pub position: u64,
    /// Access mode and status flags.
    pub flags: OpenFlags,
    /// How many descriptors refer to it; a blocked `open` counts as one.
    pub references: u32,
}

impl Entry for Description {
    const VACANT: Description = Description {
        open: Open::Console { stream: 0 },
        inode: None,
        position: 0,
        flags: OpenFlags::empty(),
        references: 0,
    };
}

impl Kernel {
    /// One more descriptor refers to each of what a process has open: it is a new child.
    pub(crate) fn share_descriptions(&mut self, child: ProcessNo) {
        for (_, descriptor) in self.processes.at(child).descriptors.iter() {
            self.files.at_mut(descriptor.file).references += 1;
        }
    }

    /// One descriptor fewer refers to it; the last one closes what is open.
    pub(crate) fn release_description<H: Host>(&mut self, host: &mut H, file: FileNo) {
        let entry = self.files.at_mut(file);
        entry.references = entry.references.saturating_sub(1);
        if entry.references > 0 {
            return;
        }
        let Some(description) = self.files.remove(file) else { return };
        if let Open::Pipe(pipe) = description.open {
            self.close_pipe_end(host, pipe, description.flags);
        }
        if let Some(inode) = description.inode {
            self.release_open_inode(host, inode);
        }
    }
}
