//! Inodes (`inode(7)`): what names stand for. One lives as long as it has a name or something refers to it: a description, a
//! working directory, a blocked `open`, or a directory that was in it.

use abi::{S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG};

use crate::file::device::Device;
use crate::file::fifo::Fifo;
use crate::host::PhysMem;
use crate::ids::{InodeNo, MqueueNo, ObjectNo};
use crate::kernel::Kernel;
use crate::limits::{INODES, words};
use crate::name::directory::Directory;
use crate::table::{Entry, Table};

/// The inodes.
pub type Inodes = Table<InodeNo, Inode, INODES, { words(INODES) }>;

/// One inode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Inode {
    /// What it is.
    pub kind: Kind,
    /// Its mode, without the type.
    pub mode: u16,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// How many names it has; for a directory as the standard counts: its own, `.`, and `..` of each directory in it.
    pub links: u32,
    /// How many descriptions, working directories and directories below it refer to it.
    pub references: u32,
    /// When it was read last, in microseconds since boot. Vitrine sets it when it is made, and by `utimensat`.
    pub accessed_us: u64,
    /// When its contents were changed last.
    pub modified_us: u64,
    /// When anything of it was changed last.
    pub changed_us: u64,
}

/// What an inode is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kind {
    /// A directory.
    Directory(Directory),
    /// A FIFO.
    Fifo(Fifo),
    /// A device of the kernel.
    Device(Device),
    /// A POSIX message queue.
    Mqueue(MqueueNo),
    /// A shared memory object.
    Memory(ObjectNo),
}

impl Kind {
    /// The type, as a mode has it.
    pub const fn type_bits(&self) -> u32 {
        match self {
            Kind::Directory(_) => S_IFDIR,
            Kind::Fifo(_) => S_IFIFO,
            Kind::Device(_) => S_IFCHR,
            Kind::Mqueue(_) | Kind::Memory(_) => S_IFREG,
        }
    }
}

impl Inode {
    /// The directory that it is, if it is one.
    pub const fn directory(&self) -> Option<&Directory> {
        match &self.kind {
            Kind::Directory(directory) => Some(directory),
            _ => None,
        }
    }

    /// Forgets what only `stat` shows.
    pub(crate) fn forget_times(&mut self) {
        (self.accessed_us, self.modified_us, self.changed_us) = (0, 0, 0);
    }
}

impl Entry for Inode {
    const VACANT: Inode = Inode {
        kind: Kind::Device(Device::Null),
        mode: 0,
        uid: 0,
        gid: 0,
        links: 0,
        references: 0,
        accessed_us: 0,
        modified_us: 0,
        changed_us: 0,
    };
}

impl Kernel {
    /// Whether it is a directory.
    pub(crate) fn is_directory(&self, inode: InodeNo) -> bool {
        self.inodes.at(inode).directory().is_some()
    }

    /// A description of it is gone.
    pub(crate) fn release_open_inode<M: PhysMem>(&mut self, memory: &mut M, inode: InodeNo) {
        self.inodes.at_mut(inode).references -= 1;
        self.end_inode_if_unused(memory, inode);
    }

    /// Frees an inode without a name that nothing refers to, with all that it holds.
    pub(crate) fn end_inode_if_unused<M: PhysMem>(&mut self, memory: &mut M, inode: InodeNo) {
        let entry = self.inodes.at(inode);
        if entry.links == 0 && entry.references == 0 {
            match entry.kind {
                Kind::Mqueue(queue) => self.end_mqueue(memory, queue),
                Kind::Memory(object) => {
                    self.objects.at_mut(object).named = false;
                    self.release_object_if_unused(memory, object);
                }
                Kind::Directory(_) | Kind::Fifo(_) | Kind::Device(_) => {}
            }
        }
        self.free_inode_if_unused(inode);
    }

    /// One reference fewer to a directory; what nothing refers to any more is freed, and so are the removed directories above it that only
    /// it kept.
    pub(crate) fn release_inode(&mut self, inode: InodeNo) {
        self.inodes.at_mut(inode).references -= 1;
        self.free_inode_if_unused(inode);
    }

    /// Frees an inode without a name that nothing refers to.
    pub(crate) fn free_inode_if_unused(&mut self, inode: InodeNo) {
        let mut inode = inode;
        loop {
            let entry = self.inodes.at(inode);
            if entry.links > 0 || entry.references > 0 {
                return;
            }
            let parent = entry.directory().map(|directory| directory.parent);
            self.inodes.free(inode);
            let Some(parent) = parent else { return };
            self.inodes.at_mut(parent).references -= 1;
            inode = parent;
        }
    }

    /// Its contents have changed.
    pub(crate) fn touch(&mut self, inode: InodeNo) {
        let now_us = self.now_us();
        let entry = self.inodes.at_mut(inode);
        (entry.modified_us, entry.changed_us) = (now_us, now_us);
    }

    /// Something that `stat` shows has changed.
    pub(crate) fn touch_attributes(&mut self, inode: InodeNo) {
        self.inodes.at_mut(inode).changed_us = self.now_us();
    }
}
