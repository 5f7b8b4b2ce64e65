//! POSIX shared memory: `shm_open(3) shm_unlink(3) ftruncate(2) msync(2)`, and `mmap(2)` of a descriptor.
//!
//! As in the C library, the first two are functions over `openat` and `unlinkat` of names in `/dev/shm`.

use alloc::vec::Vec;

use abi::*;

use super::Sys;
use super::process::put_string;

/// The longest name.
const NAME_MAX: usize = 255;

/// Where the object with this name is. There may be slashes in front, and no others.
///
/// # Errors
/// `EINVAL`: it is none. `ENAMETOOLONG`.
fn path_of(name: &[u8]) -> Result<Vec<u8>, Errno> {
    let slashes = name.iter().take_while(|byte| **byte == b'/').count();
    let name = &name[slashes..];
    if name.is_empty() || name == b"." || name == b".." || name.contains(&b'/') {
        return Err(Errno::EINVAL);
    }
    if name.len() > NAME_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    Ok([b"/dev/shm/", name].concat())
}

impl Sys {
    /// Opens a shared memory object, and makes it, of no length, if `O_CREAT` is among the flags (`shm_open(3)`).
    ///
    /// # Errors
    /// `EINVAL`: a bad name. `EACCES`: no permission. `EEXIST`: `O_EXCL`, and it exists. `ENOENT`: it doesn't, and no
    /// `O_CREAT`. `EMFILE`, `ENFILE`, `ENOSPC`: a table is full.
    #[track_caller]
    pub fn shm_open<'a>(
        self,
        name: &'a [u8],
        flags: OpenFlags,
        mode: u32,
    ) -> impl Future<Output = Result<Fd, Errno>> + 'a {
        let line = self.caller();
        async move {
            let path = path_of(name)?;
            let path = Path(put_string(&mut self.hart.stage(), &path));
            let flags = flags | OpenFlags::O_CLOEXEC | OpenFlags::O_NOFOLLOW;
            let call = move || Syscall::Openat { directory: AT_FDCWD, path, flags, mode };
            match self.staged(call, [None; 2], line).await {
                Ok(fd) => Ok(Fd(fd as i32)),
                // It isn't a shared memory object, so the name is none.
                Err(Errno::EISDIR) => Err(Errno::EINVAL),
                Err(errno) => Err(errno),
            }
        }
    }

    /// Removes the name of a shared memory object (`shm_unlink(3)`). Who has it open or mapped may go on using it.
    ///
    /// # Errors
    /// `ENOENT`: there is none. `EACCES`: it is another user's. `EINVAL`: a bad name.
    #[track_caller]
    pub fn shm_unlink<'a>(self, name: &'a [u8]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let path = path_of(name)?;
            let path = Path(put_string(&mut self.hart.stage(), &path));
            let call = move || Syscall::Unlinkat { directory: AT_FDCWD, path, flags: AtFlags::empty() };
            match self.staged(call, [None; 2], line).await {
                Err(Errno::EPERM) => Err(Errno::EACCES),
                result => result.map(drop),
            }
        }
    }

    /// Sets the length of a shared memory object (`ftruncate(2)`).
    ///
    /// # Errors
    /// `EBADF`: `fd` isn't open. `EINVAL`: a negative length; not a shared memory object, or not open for writing. `EFBIG`:
    /// too long.
    #[track_caller]
    pub fn ftruncate(self, fd: Fd, length: i64) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Ftruncate { fd, length }, line).await.map(drop) }
    }

    /// Maps what a descriptor stands for, from a page of it on (`mmap(2)`); the address of the first page.
    ///
    /// # Errors
    /// `EACCES`: it isn't open for reading, or for writing if stores are to go there. `EBADF`: it isn't open. `ENODEV`: it has
    /// no pages. `EOVERFLOW`: `offset` is too large. Others as [`Sys::mmap`].
    #[track_caller]
    pub fn mmap_fd(
        self,
        length: usize,
        protection: Protection,
        flags: MapFlags,
        fd: Fd,
        offset: u64,
    ) -> impl Future<Output = Result<u64, Errno>> {
        let line = self.caller();
        let (address, length) = (Address(0), Length(length as u64));
        let call = move || Syscall::Mmap { address, length, protection, flags, fd, offset };
        async move { self.call(call, line).await.map(|address| address as u64) }
    }

    /// Writes mapped pages back (`msync(2)`). Shared memory is in no other place, so nothing is left to be done.
    ///
    /// # Errors
    /// `EINVAL`: bad flags or alignment. `ENOMEM`: some of it isn't mapped.
    #[track_caller]
    pub fn msync(self, address: u64, length: usize, flags: MsyncFlags) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let (address, length) = (Address(address), Length(length as u64));
        async move { self.call(move || Syscall::Msync { address, length, flags }, line).await.map(drop) }
    }
}
