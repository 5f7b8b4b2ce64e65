//! `openat(2)`: from a name to a descriptor.
//!
//! There are no regular files but shared memory objects in `/dev/shm`: elsewhere `O_CREAT` of a name that doesn't exist is
//! `EOPNOTSUPP`, after all checks that it would have been made by.

use abi::{AccessMode, Errno, Fd, OpenFlags, Path};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::file::device::Device;
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::name::access::CHANGE;
use crate::name::inode::Kind;
use crate::name::path::{Last, PathName, Place};

impl Kernel {
    pub(crate) fn sys_openat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        flags: OpenFlags,
        mode: u32,
    ) -> Outcome {
        if let Some(what) = self.still_waits_in_open(cx.thread) {
            return Ok(Flow::Wait(what));
        }
        check_flags(flags)?;
        let mut buffer = PathName::EMPTY;
        let path = self.read_path(cx.host, cx.process, path, &mut buffer)?;
        let limit = self.descriptor_limit(cx.process);
        self.processes.at(cx.process).descriptors.lowest_free(0, limit).ok_or(Errno::EMFILE)?;
        if self.files.room() == 0 {
            return Err(Errno::ENFILE);
        }
        let inode = match self.find_to_open(cx.process, directory, path, flags) {
            // All that a regular file could be: a shared memory object.
            Err(Errno::EOPNOTSUPP) => self.make_memory(cx.process, directory, path, mode)?,
            found => found?,
        };
        let open = match self.inodes.at(inode).kind {
            Kind::Fifo(_) => return self.open_fifo(cx, inode, flags),
            Kind::Directory(_) => Open::Directory,
            Kind::Device(Device::Console) => Open::Console { stream: 1 },
            // The one terminal there is, if it controls the caller's session.
            Kind::Device(Device::Terminal) if self.has_terminal(cx.process) => Open::Console { stream: 1 },
            Kind::Device(Device::Terminal) => return Err(Errno::ENXIO),
            Kind::Device(device) => Open::Device(device),
            Kind::Mqueue(queue) => Open::Mqueue(queue),
            Kind::Memory(object) => {
                if flags.contains(OpenFlags::O_TRUNC) {
                    self.set_length(cx.host, inode, object, 0);
                }
                Open::Memory(object)
            }
        };
        let file = self.describe(open, inode, flags);
        Ok(Flow::Done(self.install(cx.process, file, flags).0.into()))
    }

    /// What is to be opened; that it may be, has been checked.
    fn find_to_open(&self, process: ProcessNo, directory: Fd, path: &[u8], flags: OpenFlags) -> Result<InodeNo, Errno> {
        let judged = self.effective(process);
        let place = self.walk(process, judged, directory, path)?;
        let creates = flags.contains(OpenFlags::O_CREAT);
        let inode = match self.follow(&place) {
            Err(Errno::ENOENT) if creates => return Err(self.refuse_to_create(process, &place)),
            Err(Errno::ENOTDIR) if creates => return Err(Errno::EISDIR),
            found => found?,
        };
        if creates && flags.contains(OpenFlags::O_EXCL) {
            return Err(Errno::EEXIST);
        }
        let is_directory = self.is_directory(inode);
        if is_directory && (creates || flags.writable() || flags.intersects(WRITES)) {
            return Err(Errno::EISDIR);
        }
        if !is_directory && flags.contains(OpenFlags::O_DIRECTORY) {
            return Err(Errno::ENOTDIR);
        }
        self.check_access(judged, inode, wanted(flags))?;
        Ok(inode)
    }

    /// Why a regular file can't be made at a place where nothing is.
    fn refuse_to_create(&self, process: ProcessNo, place: &Place<'_>) -> Errno {
        if place.slash || !matches!(place.last, Last::Name(_)) {
            return Errno::EISDIR;
        }
        match self.check_may_enter(self.effective(process), place.directory, CHANGE) {
            Ok(()) => Errno::EOPNOTSUPP,
            Err(errno) => errno,
        }
    }
}

/// The flags that take the right to write besides the access modes: 3 asks for both rights, and gives neither.
const WRITES: OpenFlags = OpenFlags::O_TRUNC.union(OpenFlags::from_bits_retain(3));

fn wanted(flags: OpenFlags) -> AccessMode {
    let by_mode = match flags.bits() & 3 {
        0 => AccessMode::R_OK,
        1 => AccessMode::W_OK,
        _ => AccessMode::R_OK | AccessMode::W_OK,
    };
    match flags.contains(OpenFlags::O_TRUNC) {
        true => by_mode | AccessMode::W_OK,
        false => by_mode,
    }
}

/// Bits without a name are ignored, as Linux does for `openat`.
fn check_flags(flags: OpenFlags) -> Result<(), Errno> {
    let without_name = flags.contains(OpenFlags::O_TMPFILE);
    let directory = flags.contains(OpenFlags::O_DIRECTORY);
    match () {
        () if flags.contains(OpenFlags::O_PATH) => Err(Errno::EINVAL),
        () if without_name && (!directory || !flags.writable()) => Err(Errno::EINVAL),
        () if without_name => Err(Errno::EOPNOTSUPP),
        () if directory && flags.contains(OpenFlags::O_CREAT) => Err(Errno::EINVAL),
        () => Ok(()),
    }
}
