//! Who may do what with a file (`path_resolution(7)`, "Permissions"; `access(2)`): the owner's bits if one is the owner, else
//! the group's if one is in it, else those of others. User 0 may do everything, but execute only what somebody may.
//! Processes have no supplementary groups.

use abi::{AT_EACCESS, AccessMode, AtFlags, Errno, Fd, Path, S_ISVTX};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::name::path::PathName;

/// By whose rights an access is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Judged {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Judged {
    /// Whether it may do what only the owner of an inode may.
    pub(crate) fn owns(self, uid: u32) -> bool {
        self.uid == 0 || self.uid == uid
    }
}

/// To search a directory.
pub(crate) const SEARCH: AccessMode = AccessMode::X_OK;
/// To enter names into a directory, or to take them out.
pub(crate) const CHANGE: AccessMode = AccessMode::W_OK.union(AccessMode::X_OK);

impl Kernel {
    /// The effective ids of a process.
    pub(crate) fn effective(&self, process: ProcessNo) -> Judged {
        let ids = self.processes.at(process).credentials;
        Judged { uid: ids.effective_uid, gid: ids.effective_gid }
    }

    /// Checks that an access is allowed: all of what is wanted.
    ///
    /// # Errors
    /// `EACCES`: it isn't.
    pub(crate) fn check_access(&self, judged: Judged, inode: InodeNo, wanted: AccessMode) -> Result<(), Errno> {
        let entry = self.inodes.at(inode);
        let mode = u32::from(entry.mode);
        let given = match () {
            () if judged.uid == 0 => {
                let executable = mode & 0o111 != 0 || entry.directory().is_some();
                0o6 | u32::from(executable)
            }
            () if judged.uid == entry.uid => mode >> 6,
            () if judged.gid == entry.gid => mode >> 3,
            () => mode,
        };
        match wanted.bits() & !given & 0o7 {
            0 => Ok(()),
            _ => Err(Errno::EACCES),
        }
    }

    /// Checks that an inode may be taken out of a directory that may be changed.
    ///
    /// # Errors
    /// `EPERM`: the directory is sticky, and neither it nor the inode is one's own.
    pub(crate) fn check_sticky(&self, judged: Judged, directory: InodeNo, inode: InodeNo) -> Result<(), Errno> {
        let entry = self.inodes.at(directory);
        let sticky = u32::from(entry.mode) & S_ISVTX != 0;
        match sticky && !judged.owns(entry.uid) && !judged.owns(self.inodes.at(inode).uid) {
            true => Err(Errno::EPERM),
            false => Ok(()),
        }
    }

    /// `faccessat` has no flags: it judges by the real ids, as does `faccessat2` without `AT_EACCESS`.
    pub(crate) fn sys_faccessat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        directory: Fd,
        path: Path,
        mode: AccessMode,
        flags: AtFlags,
    ) -> Outcome {
        let known = AT_EACCESS | AtFlags::AT_SYMLINK_NOFOLLOW | AtFlags::AT_EMPTY_PATH;
        if mode.has_unknown() || !known.contains(flags) {
            return Err(Errno::EINVAL);
        }
        let ids = self.processes.at(cx.process).credentials;
        let judged = match flags.contains(AT_EACCESS) {
            true => self.effective(cx.process),
            false => Judged { uid: ids.real_uid, gid: ids.real_gid },
        };
        let mut buffer = PathName::EMPTY;
        let path = self.read_path_or_none(cx.host, cx.process, path, &mut buffer)?;
        if let Some(inode) = self.resolve_at(cx.process, judged, directory, path, flags)? {
            self.check_access(judged, inode, mode)?;
        }
        Ok(Flow::Done(0))
    }
}
