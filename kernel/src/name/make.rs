//! Making names: `mkdirat`, `mknodat` of a FIFO, `linkat` (`mkdir(2)`, `mknod(2)`, `link(2)`).

use abi::{
    AccessMode, AtFlags, Errno, Fd, Path, S_IALLUGO, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK,
    S_ISGID, S_ISVTX,
};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::fifo::Fifo;
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::list::List;
use crate::name::access::{CHANGE, Judged};
use crate::name::directory::Directory;
use crate::name::inode::{Inode, Kind};
use crate::name::path::{Last, PathName, Place};
use crate::name::plant::QUEUES;
use crate::table::Entry;

impl Kernel {
    pub(crate) fn sys_mkdirat<H: Host>(&mut self, cx: &mut Cx<'_, H>, directory: Fd, path: Path, mode: u32) -> Outcome {
        let mut buffer = PathName::EMPTY;
        let path = self.read_path(cx.host, cx.process, path, &mut buffer)?;
        let place = self.walk(cx.process, self.effective(cx.process), directory, path)?;
        let name = self.free_name(&place, true)?;
        let kind = Kind::Directory(Directory { parent: place.directory, own_name: None, names: List::EMPTY });
        self.make(cx.process, place.directory, name, kind, mode & (0o777 | S_ISVTX))?;
        Ok(Flow::Done(0))
    }

    /// Only FIFOs can be made. Regular files, sockets and devices are `EPERM`, as where a Linux file system doesn't have them.
    pub(crate) fn sys_mknodat<H: Host>(&mut self, cx: &mut Cx<'_, H>, directory: Fd, path: Path, mode: u32) -> Outcome {
        match mode & S_IFMT {
            S_IFIFO => {}
            0 | S_IFREG | S_IFSOCK | S_IFCHR | S_IFBLK | S_IFDIR => return Err(Errno::EPERM),
            _ => return Err(Errno::EINVAL),
        }
        let mut buffer = PathName::EMPTY;
        let path = self.read_path(cx.host, cx.process, path, &mut buffer)?;
        let place = self.walk(cx.process, self.effective(cx.process), directory, path)?;
        let name = self.free_name(&place, false)?;
        self.make(cx.process, place.directory, name, Kind::Fifo(Fifo::CLOSED), mode & S_IALLUGO)?;
        Ok(Flow::Done(0))
    }

    /// The last part of a place at which nothing is.
    ///
    /// # Errors
    /// `EEXIST`: something is there. `ENOENT`: the path ends with a slash, and it isn't a directory that is to be made.
    pub(crate) fn free_name<'p>(&self, place: &Place<'p>, for_directory: bool) -> Result<&'p [u8], Errno> {
        let Last::Name(name) = place.last else { return Err(Errno::EEXIST) };
        match self.look_up(place.directory, name)? {
            Some(_) => Err(Errno::EEXIST),
            None if place.slash && !for_directory => Err(Errno::ENOENT),
            None => Ok(name),
        }
    }

    /// Checks that names may be entered into a directory.
    ///
    /// # Errors
    /// `ENOENT`: it has been removed. `EACCES`.
    pub(crate) fn check_may_enter(&self, judged: Judged, at: InodeNo, wanted: AccessMode) -> Result<(), Errno> {
        if self.inodes.at(at).links == 0 {
            return Err(Errno::ENOENT);
        }
        self.check_access(judged, at, wanted)
    }

    /// Makes an inode with a name; not among the message queues, which only `mq_open` makes. In a directory with `S_ISGID` it gets the directory's group, and a directory the same bit.
    fn make(
        &mut self,
        process: ProcessNo,
        directory: InodeNo,
        name: &[u8],
        kind: Kind,
        mode: u32,
    ) -> Result<(), Errno> {
        let judged = self.effective(process);
        self.check_may_enter(judged, directory, CHANGE)?;
        if directory == QUEUES {
            return Err(Errno::EPERM);
        }
        if self.inodes.room() == 0 || self.names.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        let parent = self.inodes.at(directory);
        let inherits = u32::from(parent.mode) & S_ISGID != 0;
        let gid = if inherits { parent.gid } else { judged.gid };
        let is_directory = matches!(kind, Kind::Directory(_));
        let mode = mode & !self.processes.at(process).umask;
        let mode = if inherits && is_directory { mode | S_ISGID } else { mode };
        self.plant(directory, name, kind, mode as u16, Judged { uid: judged.uid, gid });
        Ok(())
    }

    /// Makes an inode with a name; that there is room has been checked.
    pub(crate) fn plant(&mut self, directory: InodeNo, name: &[u8], kind: Kind, mode: u16, owner: Judged) -> InodeNo {
        let now_us = self.now_us();
        let links = if matches!(kind, Kind::Directory(_)) { 2 } else { 1 };
        let (accessed_us, modified_us, changed_us) = (now_us, now_us, now_us);
        let Judged { uid, gid } = owner;
        let inode = Inode { kind, mode, uid, gid, links, accessed_us, modified_us, changed_us, ..Inode::VACANT };
        let Ok(inode) = self.inodes.insert(inode) else { crate::bug("no slot for an inode that was counted") };
        self.enter_name(directory, name, inode);
        inode
    }

    /// There are no symbolic links, so `AT_SYMLINK_FOLLOW` changes nothing.
    pub(crate) fn sys_linkat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        old: (Fd, Path),
        new: (Fd, Path),
        flags: AtFlags,
    ) -> Outcome {
        if !(AtFlags::AT_SYMLINK_FOLLOW | AtFlags::AT_EMPTY_PATH).contains(flags) {
            return Err(Errno::EINVAL);
        }
        let judged = self.effective(cx.process);
        let mut buffer = PathName::EMPTY;
        let path = self.read_path_or_none(cx.host, cx.process, old.1, &mut buffer)?;
        let inode = self.resolve_at(cx.process, judged, old.0, path, flags)?;
        let path = self.read_path(cx.host, cx.process, new.1, &mut buffer)?;
        let place = self.walk(cx.process, judged, new.0, path)?;
        let name = self.free_name(&place, false)?;
        // A pipe without a name lives elsewhere, and message queues have a file system of their own.
        let inode = inode.ok_or(Errno::EXDEV)?;
        let is_queue = matches!(self.inodes.at(inode).kind, Kind::Mqueue(_));
        if is_queue != (place.directory == QUEUES) {
            return Err(Errno::EXDEV);
        }
        self.check_may_enter(judged, place.directory, CHANGE)?;
        if self.is_directory(inode) || is_queue {
            return Err(Errno::EPERM);
        }
        // Whoever was removed for good doesn't come back.
        if self.inodes.at(inode).links == 0 {
            return Err(Errno::ENOENT);
        }
        if self.names.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        self.inodes.at_mut(inode).links += 1;
        self.touch_attributes(inode);
        self.enter_name(place.directory, name, inode);
        Ok(Flow::Done(0))
    }
}
