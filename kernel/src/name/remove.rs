//! `unlinkat` (`unlink(2)`, `rmdir(2)`): takes a name away. What it stood for lives on while somebody has it open, or stands
//! in it.

use abi::{AtFlags, Errno, Fd, Path};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::{Host, PhysMem};
use crate::ids::{InodeNo, NameNo};
use crate::kernel::Kernel;
use crate::name::access::{CHANGE, Judged};
use crate::name::path::{Last, PathName, Place};
use crate::name::plant::{MEMORY, QUEUES};

impl Kernel {
    pub(crate) fn sys_unlinkat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        flags: AtFlags,
    ) -> Outcome {
        if !AtFlags::AT_REMOVEDIR.contains(flags) {
            return Err(Errno::EINVAL);
        }
        let removes_directory = flags.contains(AtFlags::AT_REMOVEDIR);
        let judged = self.effective(cx.process);
        let mut buffer = PathName::EMPTY;
        let path = self.read_path(cx.host, cx.process, path, &mut buffer)?;
        let place = self.walk(cx.process, judged, directory, path)?;
        let name = match (place.last, removes_directory) {
            (Last::Name(name), _) => name,
            (_, false) => return Err(Errno::EISDIR),
            (Last::Root, true) => return Err(Errno::EBUSY),
            (Last::Dot, true) => return Err(Errno::EINVAL),
            (Last::DotDot, true) => return Err(Errno::ENOTEMPTY),
        };
        let name = self.look_up(place.directory, name)?.ok_or(Errno::ENOENT)?;
        let inode = self.names.at(name).inode;
        if !removes_directory && place.slash {
            return Err(if self.is_directory(inode) { Errno::EISDIR } else { Errno::ENOTDIR });
        }
        self.check_may_remove(judged, &place, inode)?;
        match (self.is_directory(inode), removes_directory) {
            (true, false) => return Err(Errno::EISDIR),
            (false, true) => return Err(Errno::ENOTDIR),
            (true, true) if !self.directory(inode).names.is_empty() => return Err(Errno::ENOTEMPTY),
            _ => {}
        }
        self.remove_name(cx.host, name);
        Ok(Flow::Done(0))
    }

    /// Checks that a name may be taken out of a directory.
    pub(crate) fn check_may_remove(&self, judged: Judged, place: &Place<'_>, inode: InodeNo) -> Result<(), Errno> {
        self.check_access(judged, place.directory, CHANGE)?;
        self.check_sticky(judged, place.directory, inode)?;
        // On Linux a file system of their own is mounted there.
        if inode == QUEUES || inode == MEMORY { Err(Errno::EBUSY) } else { Ok(()) }
    }

    /// Takes a name away, and what it stood for if nothing else keeps that. A directory must be empty.
    pub(crate) fn remove_name<M: PhysMem>(&mut self, memory: &mut M, name: NameNo) {
        let inode = self.strike_name(name);
        let is_directory = self.is_directory(inode);
        let entry = self.inodes.at_mut(inode);
        entry.links = if is_directory { 0 } else { entry.links - 1 };
        self.touch_attributes(inode);
        self.end_inode_if_unused(memory, inode);
    }
}
