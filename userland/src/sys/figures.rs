//! Figures about a process and about the system: `getrusage(2) times(2) uname(2) sysinfo(2)`.

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Resources used (`getrusage(2)`).
    ///
    /// # Errors
    /// `EINVAL`: neither the process, its children nor its thread.
    #[track_caller]
    pub fn getrusage(self, who: RusageWho) -> impl Future<Output = Result<Rusage, Errno>> {
        self.figures(move |usage| Syscall::Getrusage { who, usage })
    }

    /// CPU times of the process and its reaped children, and the clock ticks since boot (`times(2)`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn times(self) -> impl Future<Output = Result<(Tms, u64), Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(Tms::SIZE);
            let out = OutRegion { address, length: Tms::SIZE as u32, filled: Filled::OnSuccess };
            let ticks =
                self.staged(move || Syscall::Times { buffer: Out::at(address) }, [Some(out), None], line).await?;
            Ok((self.result_at(0), ticks as u64))
        }
    }

    /// The names of the system (`uname(2)`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn uname(self) -> impl Future<Output = Result<Utsname, Errno>> {
        self.figures(|name| Syscall::Uname { name })
    }

    /// Figures about the whole system (`sysinfo(2)`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn sysinfo(self) -> impl Future<Output = Result<Sysinfo, Errno>> {
        self.figures(|info| Syscall::Sysinfo { info })
    }

    /// A call whose only result is one structure.
    #[track_caller]
    fn figures<T: Layout>(self, call: impl FnOnce(Out<T>) -> Syscall) -> impl Future<Output = Result<T, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(T::SIZE);
            let out = OutRegion { address, length: T::SIZE as u32, filled: Filled::OnSuccess };
            let call = call(Out::at(address));
            self.staged(move || call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }
}
