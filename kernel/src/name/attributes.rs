//! Mode, owner and times of a file (`chmod(2)`, `chown(2)`, `utimensat(2)`).

use abi::{AccessMode, AtFlags, Errno, Fd, In, Path, S_IALLUGO, S_ISGID, S_ISUID, Timespec, UTIME_NOW, UTIME_OMIT};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::name::access::Judged;
use crate::name::path::PathName;

/// "Leave it as it is", as an id.
const UNCHANGED: u32 = u32::MAX;

impl Kernel {
    pub(crate) fn sys_fchmodat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        mode: u32,
    ) -> Outcome {
        let inode = self.inode_at(cx, directory, path, AtFlags::empty())?;
        self.set_mode(cx.process, inode, mode)
    }

    pub(crate) fn sys_fchmod<H>(&mut self, cx: &Cx<'_, H>, fd: Fd, mode: u32) -> Outcome {
        let inode = self.inode_of(cx.process, fd)?;
        self.set_mode(cx.process, inode, mode)
    }

    pub(crate) fn sys_fchownat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        owner: (u32, u32),
        flags: AtFlags,
    ) -> Outcome {
        if !(AtFlags::AT_SYMLINK_NOFOLLOW | AtFlags::AT_EMPTY_PATH).contains(flags) {
            return Err(Errno::EINVAL);
        }
        let inode = self.inode_at(cx, directory, path, flags)?;
        self.set_owner(cx.process, inode, owner.0, owner.1)
    }

    pub(crate) fn sys_fchown<H>(&mut self, cx: &Cx<'_, H>, fd: Fd, uid: u32, gid: u32) -> Outcome {
        let inode = self.inode_of(cx.process, fd)?;
        self.set_owner(cx.process, inode, uid, gid)
    }

    /// A null pointer is the present time for both; a null path is the descriptor itself.
    pub(crate) fn sys_utimensat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        times: In<[Timespec; 2]>,
        flags: AtFlags,
    ) -> Outcome {
        if !(AtFlags::AT_SYMLINK_NOFOLLOW | AtFlags::AT_EMPTY_PATH).contains(flags) {
            return Err(Errno::EINVAL);
        }
        let now = Timespec { sec: 0, nsec: UTIME_NOW };
        let times = match times.is_null() {
            true => [now; 2],
            false => self.get(cx.host, cx.process, times.address)?,
        };
        let special = |time: &Timespec| matches!(time.nsec, UTIME_NOW | UTIME_OMIT);
        if times.iter().any(|time| !special(time) && !(0..1_000_000_000).contains(&time.nsec)) {
            return Err(Errno::EINVAL);
        }
        if times.iter().all(|time| time.nsec == UTIME_OMIT) {
            return Ok(Flow::Done(0));
        }
        let inode = match path.0 {
            0 if directory != abi::AT_FDCWD && flags.is_empty() => self.inode_of(cx.process, directory)?,
            _ => self.inode_at(cx, directory, path, flags)?,
        };
        let judged = self.effective(cx.process);
        if !judged.owns(self.inodes.at(inode).uid) {
            // Who may write may say "now", and nothing else.
            if times.iter().any(|time| time.nsec != UTIME_NOW) {
                return Err(Errno::EPERM);
            }
            self.check_access(judged, inode, AccessMode::W_OK)?;
        }
        let now_us = self.now_us();
        let entry = self.inodes.at_mut(inode);
        for (time, place) in times.iter().zip([&mut entry.accessed_us, &mut entry.modified_us]) {
            match time.nsec {
                UTIME_NOW => *place = now_us,
                UTIME_OMIT => {}
                // Times before boot are cut to it.
                _ => *place = time.to_us().unwrap_or(0),
            }
        }
        entry.changed_us = now_us;
        Ok(Flow::Done(0))
    }

    /// What a path leads to, for a call that needs an inode.
    fn inode_at<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        flags: AtFlags,
    ) -> Result<InodeNo, Errno> {
        let mut buffer = PathName::EMPTY;
        let path = self.read_path_or_none(cx.host, cx.process, path, &mut buffer)?;
        let judged = self.effective(cx.process);
        self.resolve_at(cx.process, judged, directory, path, flags)?.ok_or(Errno::EINVAL)
    }

    /// The inode of a descriptor.
    ///
    /// # Errors
    /// `EBADF`: it isn't open. `EINVAL`: it is a pipe without a name, whose mode can't be changed (POSIX leaves it open).
    pub(crate) fn inode_of(&self, process: ProcessNo, fd: Fd) -> Result<InodeNo, Errno> {
        self.files.at(self.descriptor(process, fd)?.file).inode.ok_or(Errno::EINVAL)
    }

    fn set_mode(&mut self, process: ProcessNo, inode: InodeNo, mode: u32) -> Outcome {
        let judged = self.effective(process);
        let entry = self.inodes.at_mut(inode);
        if !judged.owns(entry.uid) {
            return Err(Errno::EPERM);
        }
        let mut mode = mode & S_IALLUGO;
        if judged.uid != 0 && judged.gid != entry.gid {
            mode &= !S_ISGID;
        }
        entry.mode = mode as u16;
        self.touch_attributes(inode);
        Ok(Flow::Done(0))
    }

    /// The owner may give it to a group of his own; all else is for user 0. What isn't a directory loses its set-id bits.
    fn set_owner(&mut self, process: ProcessNo, inode: InodeNo, uid: u32, gid: u32) -> Outcome {
        let Judged { uid: own_uid, gid: own_gid } = self.effective(process);
        let entry = self.inodes.at_mut(inode);
        let owns = own_uid == entry.uid;
        let uid_allowed = uid == UNCHANGED || (owns && uid == entry.uid);
        let gid_allowed = gid == UNCHANGED || (owns && (gid == own_gid || gid == entry.gid));
        if own_uid != 0 && !(uid_allowed && gid_allowed) {
            return Err(Errno::EPERM);
        }
        if uid != UNCHANGED {
            entry.uid = uid;
        }
        if gid != UNCHANGED {
            entry.gid = gid;
        }
        if entry.directory().is_none() {
            let mode = u32::from(entry.mode);
            let group = if mode & 0o010 != 0 { S_ISGID } else { 0 };
            entry.mode = (mode & !(S_ISUID | group)) as u16;
        }
        self.touch_attributes(inode);
        Ok(Flow::Done(0))
    }
}
