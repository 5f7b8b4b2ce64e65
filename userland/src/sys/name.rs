//! Names: `open(2) mkdir(2) mkfifo(3) unlink(2) rename(2) link(2) stat(2) access(2) chmod(2) chdir(2) getcwd(3)` ...

use alloc::vec;
use alloc::vec::Vec;

use abi::*;

use super::process::put_string;
use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

/// One entry of a directory, as `readdir(3)` gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dirent {
    /// The number of what it names.
    pub ino: u64,
    /// The position behind it.
    pub off: i64,
    /// The type bits of what it names: `S_IFDIR` and so on.
    pub kind: u32,
    /// Its name.
    pub name: Vec<u8>,
}

impl Sys {
    /// A call with one path.
    #[track_caller]
    fn with_path<'a, F>(self, path: &'a [u8], call: F) -> impl Future<Output = Result<i64, Errno>> + 'a
    where
        F: Fn(Path) -> Syscall + Unpin + 'a,
    {
        let line = self.caller();
        async move {
            let path = Path(put_string(&mut self.hart.stage(), path));
            self.staged(move || call(path), [None; 2], line).await
        }
    }

    /// A call with two paths.
    #[track_caller]
    fn with_paths<'a, F>(self, old: &'a [u8], new: &'a [u8], call: F) -> impl Future<Output = Result<i64, Errno>> + 'a
    where
        F: Fn(Path, Path) -> Syscall + Unpin + 'a,
    {
        let line = self.caller();
        async move {
            let (old, new) = {
                let stage = &mut *self.hart.stage();
                (Path(put_string(stage, old)), Path(put_string(stage, new)))
            };
            self.staged(move || call(old, new), [None; 2], line).await
        }
    }

    /// Opens a name, seen from a directory's descriptor (`openat(2)`).
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EACCES`, `ENAMETOOLONG`, `EBADF`: the path. `EEXIST`, `EISDIR`, `EINVAL`: the flags. `ENXIO`: a
    /// FIFO that nobody reads, with `O_WRONLY | O_NONBLOCK`, or `/dev/tty` without a controlling terminal. `EOPNOTSUPP`:
    /// a file that would have to be made. `EMFILE`, `ENFILE`: no descriptor or description is free. `EINTR`: a signal was
    /// caught while a FIFO waited for its other end.
    #[track_caller]
    pub fn openat<'a>(
        self,
        directory: Fd,
        path: &'a [u8],
        flags: OpenFlags,
        mode: u32,
    ) -> impl Future<Output = Result<Fd, Errno>> + 'a {
        let opened = self.here().with_path(path, move |path| Syscall::Openat { directory, path, flags, mode });
        async move { opened.await.map(|fd| Fd(fd as i32)) }
    }

    /// Opens a name (`open(2)`).
    ///
    /// # Errors
    /// As [`Sys::openat`].
    #[track_caller]
    pub fn open(self, path: &[u8], flags: OpenFlags) -> impl Future<Output = Result<Fd, Errno>> + '_ {
        self.here().openat(AT_FDCWD, path, flags, 0o666)
    }

    /// Makes a directory (`mkdirat(2)`).
    ///
    /// # Errors
    /// `EEXIST`: the name is taken. `ENOSPC`: a table is full. Those of the path.
    #[track_caller]
    pub fn mkdirat(self, directory: Fd, path: &[u8], mode: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        let made = self.here().with_path(path, move |path| Syscall::Mkdirat { directory, path, mode });
        async move { made.await.map(drop) }
    }

    /// Makes a directory (`mkdir(2)`).
    ///
    /// # Errors
    /// As [`Sys::mkdirat`].
    #[track_caller]
    pub fn mkdir(self, path: &[u8], mode: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        self.here().mkdirat(AT_FDCWD, path, mode)
    }

    /// Makes a special file (`mknodat(2)`); only FIFOs can be made.
    ///
    /// # Errors
    /// `EPERM`: another type. `EINVAL`: no type at all. Else as [`Sys::mkdirat`].
    #[track_caller]
    pub fn mknodat(self, directory: Fd, path: &[u8], mode: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        let call = move |path| Syscall::Mknodat { directory, path, mode, device: 0 };
        let made = self.here().with_path(path, call);
        async move { made.await.map(drop) }
    }

    /// Makes a FIFO (`mkfifo(3)`).
    ///
    /// # Errors
    /// As [`Sys::mkdirat`].
    #[track_caller]
    pub fn mkfifo(self, path: &[u8], mode: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        self.here().mknodat(AT_FDCWD, path, S_IFIFO | mode & !S_IFMT)
    }

    /// Takes a name away (`unlinkat(2)`).
    ///
    /// # Errors
    /// `EISDIR`, `ENOTDIR`: a directory without `AT_REMOVEDIR`, or anything else with it. `ENOTEMPTY`: it isn't empty.
    /// `EPERM`: somebody else's in a sticky directory. `EBUSY`, `EINVAL`: `/` or `.`. Those of the path.
    #[track_caller]
    pub fn unlinkat(self, directory: Fd, path: &[u8], flags: AtFlags) -> impl Future<Output = Result<(), Errno>> + '_ {
        let gone = self.here().with_path(path, move |path| Syscall::Unlinkat { directory, path, flags });
        async move { gone.await.map(drop) }
    }

    /// Takes a name away that isn't a directory (`unlink(2)`).
    ///
    /// # Errors
    /// As [`Sys::unlinkat`].
    #[track_caller]
    pub fn unlink(self, path: &[u8]) -> impl Future<Output = Result<(), Errno>> + '_ {
        self.here().unlinkat(AT_FDCWD, path, AtFlags::empty())
    }

    /// Takes an empty directory away (`rmdir(2)`).
    ///
    /// # Errors
    /// As [`Sys::unlinkat`].
    #[track_caller]
    pub fn rmdir(self, path: &[u8]) -> impl Future<Output = Result<(), Errno>> + '_ {
        self.here().unlinkat(AT_FDCWD, path, AtFlags::AT_REMOVEDIR)
    }

    /// Gives something one more name (`link(2)`).
    ///
    /// # Errors
    /// `EPERM`: a directory. `EEXIST`: the new name is taken. `ENOSPC`: the table of names is full. Those of the paths.
    #[track_caller]
    pub fn link<'a>(self, old: &'a [u8], new: &'a [u8]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let (directory, flags) = (AT_FDCWD, AtFlags::empty());
        let call =
            move |old, new| Syscall::Linkat { old_directory: directory, old, new_directory: directory, new, flags };
        let made = self.here().with_paths(old, new, call);
        async move { made.await.map(drop) }
    }

    /// Changes a name (`renameat2(2)`).
    ///
    /// # Errors
    /// `EEXIST`: the new name is taken, with `RENAME_NOREPLACE`. `EISDIR`, `ENOTDIR`, `ENOTEMPTY`: it can't be replaced.
    /// `EINVAL`: a directory would lie below itself; bad flags. `EBUSY`: `.`, `..` or `/`. `EPERM`: as
    /// [`Sys::unlinkat`]. Those of the paths.
    #[track_caller]
    pub fn renameat2<'a>(
        self,
        old: &'a [u8],
        new: &'a [u8],
        flags: RenameFlags,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        let directory = AT_FDCWD;
        let call =
            move |old, new| Syscall::Renameat2 { old_directory: directory, old, new_directory: directory, new, flags };
        let renamed = self.here().with_paths(old, new, call);
        async move { renamed.await.map(drop) }
    }

    /// Changes a name, replacing what was there (`rename(2)`).
    ///
    /// # Errors
    /// As [`Sys::renameat2`].
    #[track_caller]
    pub fn rename<'a>(self, old: &'a [u8], new: &'a [u8]) -> impl Future<Output = Result<(), Errno>> + 'a {
        self.here().renameat2(old, new, RenameFlags::empty())
    }

    /// What is known of a name (`fstatat(2)`).
    ///
    /// # Errors
    /// Those of the path. `EINVAL`: bad flags.
    #[track_caller]
    pub fn fstatat(self, directory: Fd, path: &[u8], flags: AtFlags) -> impl Future<Output = Result<Stat, Errno>> + '_ {
        let line = self.caller();
        async move {
            let (path, address) = {
                let stage = &mut *self.hart.stage();
                (Path(put_string(stage, path)), stage.room(Stat::SIZE))
            };
            let out = OutRegion { address, length: Stat::SIZE as u32, filled: Filled::OnSuccess };
            let call = move || Syscall::Newfstatat { directory, path, stat: Out::at(address), flags };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// What is known of a name (`stat(2)`).
    ///
    /// # Errors
    /// As [`Sys::fstatat`].
    #[track_caller]
    pub fn stat(self, path: &[u8]) -> impl Future<Output = Result<Stat, Errno>> + '_ {
        self.here().fstatat(AT_FDCWD, path, AtFlags::empty())
    }

    /// What is known of a descriptor (`fstat(2)`).
    ///
    /// # Errors
    /// `EBADF`: it isn't open.
    #[track_caller]
    pub fn fstat(self, fd: Fd) -> impl Future<Output = Result<Stat, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(Stat::SIZE);
            let out = OutRegion { address, length: Stat::SIZE as u32, filled: Filled::OnSuccess };
            self.staged(move || Syscall::Fstat { fd, stat: Out::at(address) }, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// Whether the real user may access a name so (`access(2)`).
    ///
    /// # Errors
    /// `EACCES`: no. Those of the path.
    #[track_caller]
    pub fn access(self, path: &[u8], mode: AccessMode) -> impl Future<Output = Result<(), Errno>> + '_ {
        let call = move |path| Syscall::Faccessat { directory: AT_FDCWD, path, mode };
        let asked = self.here().with_path(path, call);
        async move { asked.await.map(drop) }
    }

    /// Sets the mode of a name (`chmod(2)`).
    ///
    /// # Errors
    /// `EPERM`: it is somebody else's. Those of the path.
    #[track_caller]
    pub fn chmod(self, path: &[u8], mode: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        let set = self.here().with_path(path, move |path| Syscall::Fchmodat { directory: AT_FDCWD, path, mode });
        async move { set.await.map(drop) }
    }

    /// Sets owner and group of a name (`chown(2)`); `u32::MAX` leaves one as it is.
    ///
    /// # Errors
    /// `EPERM`: the caller may not. Those of the path.
    #[track_caller]
    pub fn chown(self, path: &[u8], uid: u32, gid: u32) -> impl Future<Output = Result<(), Errno>> + '_ {
        let (directory, flags) = (AT_FDCWD, AtFlags::empty());
        let set = self.here().with_path(path, move |path| Syscall::Fchownat { directory, path, uid, gid, flags });
        async move { set.await.map(drop) }
    }

    /// Sets the times of a name: when it was read, when it was changed (`utimensat(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no valid time. `EPERM`, `EACCES`: it is somebody else's. Those of the path.
    #[track_caller]
    pub fn utimensat<'a>(self, path: &'a [u8], times: [Timespec; 2]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let (path, times) = {
                let stage = &mut *self.hart.stage();
                (Path(put_string(stage, path)), In::at(put(stage, &times)))
            };
            let call = move || Syscall::Utimensat { directory: AT_FDCWD, path, times, flags: AtFlags::empty() };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// Sets the working directory (`chdir(2)`).
    ///
    /// # Errors
    /// Those of the path.
    #[track_caller]
    pub fn chdir(self, path: &[u8]) -> impl Future<Output = Result<(), Errno>> + '_ {
        let changed = self.here().with_path(path, move |path| Syscall::Chdir { path });
        async move { changed.await.map(drop) }
    }

    /// Sets the working directory to that of a descriptor (`fchdir(2)`).
    ///
    /// # Errors
    /// `EBADF`: it isn't open. `ENOTDIR`: it isn't a directory. `EACCES`: it may not be searched.
    #[track_caller]
    pub fn fchdir(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Fchdir { fd }, line).await.map(drop) }
    }

    /// The path of the working directory (`getcwd(3)`).
    ///
    /// # Errors
    /// `ENOENT`: it has been removed. `ENAMETOOLONG`: it is longer than a path may be.
    #[track_caller]
    pub fn getcwd(self) -> impl Future<Output = Result<Vec<u8>, Errno>> {
        let line = self.caller();
        async move {
            let length = 4096;
            let address = self.hart.stage().room(length);
            let out = OutRegion { address, length: length as u32, filled: Filled::Returned };
            let call = move || Syscall::Getcwd { buffer: OutBytes(address), size: Length(length as u64) };
            let count = self.staged(call, [Some(out), None], line).await? as usize;
            Ok(self.hart.0.data.borrow()[..count.saturating_sub(1)].to_vec())
        }
    }

    /// The next entries of a directory, as many as go into `room` bytes; none at its end (`getdents64(2)`).
    ///
    /// # Errors
    /// `EBADF`, `ENOTDIR`: it isn't an open directory. `ENOENT`: it has been removed. `EINVAL`: not even one fits.
    #[track_caller]
    pub fn getdents64(self, fd: Fd, room: usize) -> impl Future<Output = Result<Vec<Dirent>, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(room);
            let out = OutRegion { address, length: room as u32, filled: Filled::Returned };
            let call = move || Syscall::Getdents64 { fd, buffer: OutBytes(address), count: Length(room as u64) };
            let count = self.staged(call, [Some(out), None], line).await? as usize;
            let data = self.hart.0.data.borrow();
            let (mut rest, mut entries) = (&data[..count], vec![]);
            while rest.len() > DirectoryEntry::SIZE {
                let fixed = DirectoryEntry::load(rest);
                let (entry, behind) = rest.split_at(usize::from(fixed.reclen).min(rest.len()));
                let name = entry[DirectoryEntry::SIZE..].split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
                entries.push(Dirent { ino: fixed.ino, off: fixed.off, kind: u32::from(fixed.kind) << 12, name });
                rest = behind;
            }
            Ok(entries)
        }
    }

    /// Sets the position in a directory (`lseek(2)`); the new position.
    ///
    /// # Errors
    /// `EBADF`: it isn't open. `ESPIPE`: it is a pipe or the console. `EINVAL`: no such position.
    #[track_caller]
    pub fn lseek(self, fd: Fd, offset: i64, whence: Whence) -> impl Future<Output = Result<i64, Errno>> {
        let line = self.caller();
        self.call(move || Syscall::Lseek { fd, offset, whence }, line)
    }
}
