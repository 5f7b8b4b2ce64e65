//! The terminal: `tcgetattr(3) tcsetattr(3) tcgetpgrp(3) tcsetpgrp(3) tcgetsid(3) isatty(3)` and others, all over `ioctl(2)`.

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

/// When new settings take effect (`tcsetattr(3)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetWhen {
    /// At once (`TCSANOW`).
    Now,
    /// When all output is out (`TCSADRAIN`).
    Drain,
    /// The same, and input that wasn't read is thrown away (`TCSAFLUSH`).
    Flush,
}

impl Sys {
    /// Controls a device (`ioctl(2)`), with a number as its argument.
    ///
    /// # Errors
    /// `EBADF`: `fd` isn't open. `ENOTTY`: the device doesn't know this command. What the command has (`ioctl_tty(2)`).
    #[track_caller]
    pub fn ioctl(self, fd: Fd, command: IoctlCommand, argument: u64) -> impl Future<Output = Result<i64, Errno>> {
        let line = self.caller();
        self.call(move || Syscall::Ioctl { fd, command, argument: Address(argument) }, line)
    }

    #[track_caller]
    fn ioctl_get<T: Layout>(self, fd: Fd, command: IoctlCommand) -> impl Future<Output = Result<T, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(T::SIZE);
            let out = OutRegion { address, length: T::SIZE as u32, filled: Filled::OnSuccess };
            let call = move || Syscall::Ioctl { fd, command, argument: Address(address) };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    #[track_caller]
    fn ioctl_set<T: Layout>(self, fd: Fd, command: IoctlCommand, value: T) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            let address = super::put(&mut self.hart.stage(), &value);
            let call = move || Syscall::Ioctl { fd, command, argument: Address(address) };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// The settings of a terminal (`tcgetattr(3)`).
    ///
    /// # Errors
    /// `ENOTTY`: it isn't one. `EIO`: it was hung up. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn tcgetattr(self, fd: Fd) -> impl Future<Output = Result<Termios, Errno>> {
        self.here().ioctl_get(fd, IoctlCommand::TCGETS)
    }

    /// Sets the settings of a terminal (`tcsetattr(3)`). A background process is stopped by SIGTTOU.
    ///
    /// # Errors
    /// As [`Sys::tcgetattr`]; `EIO` too if the process is in an orphaned group in the background. `EINTR`: a signal was
    /// caught.
    #[track_caller]
    pub fn tcsetattr(self, fd: Fd, when: SetWhen, settings: Termios) -> impl Future<Output = Result<(), Errno>> {
        let command = match when {
            SetWhen::Now => IoctlCommand::TCSETS,
            SetWhen::Drain => IoctlCommand::TCSETSW,
            SetWhen::Flush => IoctlCommand::TCSETSF,
        };
        self.here().ioctl_set(fd, command, settings)
    }

    /// The foreground process group (`tcgetpgrp(3)`), which may have become empty.
    ///
    /// # Errors
    /// `ENOTTY`: it isn't the controlling terminal. `EIO`: it was hung up. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn tcgetpgrp(self, fd: Fd) -> impl Future<Output = Result<Pid, Errno>> {
        let get = self.here().ioctl_get(fd, IoctlCommand::TIOCGPGRP);
        async move { get.await.map(Pid) }
    }

    /// Makes another group the foreground process group (`tcsetpgrp(3)`). A background process that does so is stopped by
    /// SIGTTOU, unless it blocks or ignores that.
    ///
    /// # Errors
    /// `ENOTTY`: it isn't the controlling terminal. `EPERM`: the group is in another session. `ESRCH`: there is no such
    /// group. `EINVAL`: a negative group. `EINTR`: a signal was caught. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn tcsetpgrp(self, fd: Fd, pgid: Pid) -> impl Future<Output = Result<(), Errno>> {
        self.here().ioctl_set(fd, IoctlCommand::TIOCSPGRP, pgid.0)
    }

    /// The session whose controlling terminal it is (`tcgetsid(3)`).
    ///
    /// # Errors
    /// As [`Sys::tcgetpgrp`].
    #[track_caller]
    pub fn tcgetsid(self, fd: Fd) -> impl Future<Output = Result<Pid, Errno>> {
        let get = self.here().ioctl_get(fd, IoctlCommand::TIOCGSID);
        async move { get.await.map(Pid) }
    }

    /// Whether a descriptor is open onto a terminal (`isatty(3)`).
    #[track_caller]
    pub fn isatty(self, fd: Fd) -> impl Future<Output = bool> {
        let get = self.here().tcgetattr(fd);
        async move { get.await.is_ok() }
    }

    /// Makes a terminal the controlling terminal of the session that the caller leads (`TIOCSCTTY`).
    ///
    /// # Errors
    /// `EPERM`: the caller leads no session, has a terminal, or another session has this one. `ENOTTY`: it isn't one.
    /// `EIO`: it was hung up. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn set_controlling_terminal(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TIOCSCTTY, 0);
        async move { set.await.map(drop) }
    }

    /// Gives up the controlling terminal (`TIOCNOTTY`); a session's leader for all its members.
    ///
    /// # Errors
    /// `ENOTTY`: it isn't the controlling terminal. `EIO`: it was hung up. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn give_up_terminal(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TIOCNOTTY, 0);
        async move { set.await.map(drop) }
    }

    /// The size of a terminal's window (`TIOCGWINSZ`, `tcgetwinsize(3)`).
    ///
    /// # Errors
    /// As [`Sys::tcgetattr`].
    #[track_caller]
    pub fn window_size(self, fd: Fd) -> impl Future<Output = Result<WindowSize, Errno>> {
        self.here().ioctl_get(fd, IoctlCommand::TIOCGWINSZ)
    }

    /// Sets the size of a terminal's window (`TIOCSWINSZ`): the foreground group gets SIGWINCH if it is another one.
    ///
    /// # Errors
    /// As [`Sys::tcgetattr`].
    #[track_caller]
    pub fn set_window_size(self, fd: Fd, window: WindowSize) -> impl Future<Output = Result<(), Errno>> {
        self.here().ioctl_set(fd, IoctlCommand::TIOCSWINSZ, window)
    }

    /// Bytes that can be read at once (`FIONREAD`): of a terminal in canonical mode, those of whole lines.
    ///
    /// # Errors
    /// `ENOTTY`: that isn't known of what it is. `EIO`: the terminal was hung up. `EBADF`: `fd` isn't open.
    #[track_caller]
    pub fn readable_bytes(self, fd: Fd) -> impl Future<Output = Result<usize, Errno>> {
        let get = self.here().ioctl_get::<i32>(fd, IoctlCommand::FIONREAD);
        async move { get.await.map(|count| count as usize) }
    }

    /// Throws away what was typed and not read (`TCIFLUSH`), written and not sent (`TCOFLUSH`), or both (`TCIOFLUSH`)
    /// (`tcflush(3)`).
    ///
    /// # Errors
    /// As [`Sys::tcsetattr`]. `EINVAL`: none of the three.
    #[track_caller]
    pub fn tcflush(self, fd: Fd, which: u64) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TCFLSH, which);
        async move { set.await.map(drop) }
    }

    /// Sends a break (`tcsendbreak(3)`): nothing happens, because the console is no serial line.
    ///
    /// # Errors
    /// As [`Sys::tcsetattr`].
    #[track_caller]
    pub fn tcsendbreak(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TCSBRK, 0);
        async move { set.await.map(drop) }
    }

    /// Waits until all output is out (`tcdrain(3)`).
    ///
    /// # Errors
    /// As [`Sys::tcsetattr`].
    #[track_caller]
    pub fn tcdrain(self, fd: Fd) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TCSBRK, 1);
        async move { set.await.map(drop) }
    }

    /// Holds output back (`TCOOFF`) or lets it go on (`TCOON`) (`tcflow(3)`).
    ///
    /// # Errors
    /// As [`Sys::tcsetattr`]. `EINVAL`: another action.
    #[track_caller]
    pub fn tcflow(self, fd: Fd, action: u64) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().ioctl(fd, IoctlCommand::TCXONC, action);
        async move { set.await.map(drop) }
    }
}
