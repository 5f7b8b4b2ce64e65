//! Descriptors and pipes: `pipe(2) read(2) write(2) close(2) dup(2) fcntl(2)`.

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Makes a pipe (`pipe2(2)`): its read end and its write end.
    ///
    /// # Errors
    /// `EMFILE`: fewer than two descriptors are free. `ENFILE`: no file or pipe slot is free. `EINVAL`: flags other than
    /// `O_CLOEXEC` and `O_NONBLOCK`.
    #[track_caller]
    pub fn pipe2(self, flags: OpenFlags) -> impl Future<Output = Result<(Fd, Fd), Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(8);
            let out = OutRegion { address, length: 8, filled: Filled::OnSuccess };
            let call = move || Syscall::Pipe2 { fds: Out::at(address), flags };
            self.staged(call, [Some(out), None], line).await?;
            let [read, write] = self.result_at::<[i32; 2]>(0);
            Ok((Fd(read), Fd(write)))
        }
    }

    /// Makes a pipe without flags (`pipe(2)`).
    ///
    /// # Errors
    /// As [`Sys::pipe2`].
    #[track_caller]
    pub fn pipe(self) -> impl Future<Output = Result<(Fd, Fd), Errno>> {
        self.here().pipe2(OpenFlags::empty())
    }

    /// Reads up to `buffer.len()` bytes (`read(2)`); 0 is the end of the file.
    ///
    /// # Errors
    /// `EBADF`: `fd` isn't open for reading. `EAGAIN`: it would block and `O_NONBLOCK` is set. `EINTR`: a signal was
    /// caught before anything was read.
    #[track_caller]
    pub fn read<'a>(self, fd: Fd, buffer: &'a mut [u8]) -> impl Future<Output = Result<usize, Errno>> + 'a {
        let line = self.caller();
        async move {
            let length = buffer.len();
            let address = self.hart.stage().room(length);
            let out = OutRegion { address, length: length as u32, filled: Filled::Returned };
            let call = move || Syscall::Read { fd, buffer: OutBytes(address), count: Length(length as u64) };
            let count = self.staged(call, [Some(out), None], line).await? as usize;
            buffer[..count].copy_from_slice(&self.hart.0.data.borrow()[..count]);
            Ok(count)
        }
    }

    /// Writes `bytes` (`write(2)`); how many were taken.
    ///
    /// # Errors
    /// `EBADF`: `fd` isn't open for writing. `EPIPE`: nobody can read it any more. `EAGAIN`: it would block and
    /// `O_NONBLOCK` is set. `EINTR`: a signal was caught before anything was written.
    #[track_caller]
    pub fn write<'a>(self, fd: Fd, bytes: &'a [u8]) -> impl Future<Output = Result<usize, Errno>> + 'a {
        let line = self.caller();
        async move {
            let (address, length) = (self.hart.stage().put(bytes), bytes.len() as u64);
            let call = move || Syscall::Write { fd, buffer: InBytes(address), count: Length(length) };
            self.staged(call, [None; 2], line).await.map(|count| count as usize)
        }
    }

    /// Closes a descriptor (`close(2)`).
    ///
    /// # Errors
    /// `EBADF`: it isn't open.
    #[track_caller]
    pub fn close(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Close { fd }, line).await.map(drop) }
    }

    /// Duplicates a descriptor onto the lowest free number (`dup(2)`).
    ///
    /// # Errors
    /// `EBADF`: it isn't open. `EMFILE`: no number is free.
    #[track_caller]
    pub fn dup(self, fd: Fd) -> impl Future<Output = Result<Fd, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Dup { fd }, line).await.map(|fd| Fd(fd as i32)) }
    }

    /// Makes `new` a duplicate of `old`, closing what `new` was (`dup3(2)`).
    ///
    /// # Errors
    /// `EBADF`: `old` isn't open, or `new` is out of range. `EINVAL`: they are equal, or bad flags.
    #[track_caller]
    pub fn dup3(self, old: Fd, new: Fd, flags: OpenFlags) -> impl Future<Output = Result<Fd, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Dup3 { old, new, flags }, line).await.map(|fd| Fd(fd as i32)) }
    }

    /// As `dup3`, but onto itself does nothing (`dup2(2)`).
    ///
    /// # Errors
    /// `EBADF`: `old` isn't open, or `new` is out of range.
    #[track_caller]
    pub fn dup2(self, old: Fd, new: Fd) -> impl Future<Output = Result<Fd, Errno>> {
        let sys = self.here();
        async move {
            if old == new {
                sys.fcntl(old, FcntlCommand::F_GETFD, 0).await?;
                return Ok(new);
            }
            sys.dup3(old, new, OpenFlags::empty()).await
        }
    }

    /// Manipulates a descriptor (`fcntl(2)`).
    ///
    /// # Errors
    /// `EBADF`: it isn't open. `EINVAL`: unknown command or bad argument. `EMFILE`: no number is free. `EBUSY`: the pipe
    /// holds more than the new capacity. `EPERM`: a capacity above the limit.
    #[track_caller]
    pub fn fcntl(self, fd: Fd, command: FcntlCommand, argument: u64) -> impl Future<Output = Result<i64, Errno>> {
        let line = self.caller();
        self.call(move || Syscall::Fcntl { fd, command, argument }, line)
    }
}
