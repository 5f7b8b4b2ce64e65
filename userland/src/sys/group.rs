//! Process groups and sessions: `getpgid(2) setpgid(2) getsid(2) setsid(2)`.

use abi::*;

use super::Sys;

impl Sys {
    /// The process group of a process; 0 is the caller (`getpgid(2)`).
    ///
    /// # Errors
    /// `ESRCH`: no such process.
    #[track_caller]
    pub fn getpgid(self, pid: Pid) -> impl Future<Output = Result<Pid, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Getpgid { pid }, line).await.map(|pgid| Pid(pgid as i32)) }
    }

    /// Moves a process (0: the caller) into a group (0: the group named after it) (`setpgid(2)`).
    ///
    /// # Errors
    /// `ESRCH`: neither the caller nor a child of it. `EACCES`: a child that has already executed a program. `EPERM`: it
    /// leads a session, is in another one, or the group isn't in this session. `EINVAL`: a negative group.
    #[track_caller]
    pub fn setpgid(self, pid: Pid, pgid: Pid) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Setpgid { pid, pgid }, line).await.map(drop) }
    }

    /// The caller's own process group (`getpgrp(2)`). It can't fail.
    #[track_caller]
    pub fn getpgrp(self) -> impl Future<Output = Pid> {
        let sys = self.here();
        async move { sys.getpgid(Pid(0)).await.unwrap_or(Pid(0)) }
    }

    /// Makes the caller the leader of a group of its own: System V's `setpgrp(2)`.
    ///
    /// # Errors
    /// `EPERM`: it leads a session.
    #[track_caller]
    pub fn setpgrp(self) -> impl Future<Output = Result<(), Errno>> {
        let sys = self.here();
        async move { sys.setpgid(Pid(0), Pid(0)).await }
    }

    /// The session of a process; 0 is the caller (`getsid(2)`).
    ///
    /// # Errors
    /// `ESRCH`: no such process.
    #[track_caller]
    pub fn getsid(self, pid: Pid) -> impl Future<Output = Result<Pid, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Getsid { pid }, line).await.map(|sid| Pid(sid as i32)) }
    }

    /// Starts a session and a process group, both named after the caller (`setsid(2)`).
    ///
    /// # Errors
    /// `EPERM`: the caller leads a process group.
    #[track_caller]
    pub fn setsid(self) -> impl Future<Output = Result<Pid, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Setsid {}, line).await.map(|sid| Pid(sid as i32)) }
    }
}
