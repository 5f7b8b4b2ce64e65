//! Resource limits: `getrlimit(2) setrlimit(2) prlimit(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Sets (if `new` is given) and returns a limit of a process; 0 is the caller (`prlimit(2)`).
    ///
    /// # Errors
    /// `EINVAL`: unknown resource, or a soft limit above the hard one. `EPERM`: raising a hard limit without privilege, or
    /// another user's process. `ESRCH`: no such process.
    #[track_caller]
    pub fn prlimit(
        self,
        pid: Pid,
        resource: Resource,
        new: Option<Rlimit>,
    ) -> impl Future<Output = Result<Rlimit, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map_or(In::NULL, |limit| In::at(put(stage, &limit)));
                let address = stage.room(Rlimit::SIZE);
                let out = OutRegion { address, length: Rlimit::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::Prlimit64 { pid, resource, new, old: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// The caller's limit (`getrlimit(2)`).
    ///
    /// # Errors
    /// `EINVAL`: unknown resource.
    #[track_caller]
    pub fn getrlimit(self, resource: Resource) -> impl Future<Output = Result<Rlimit, Errno>> {
        self.here().prlimit(Pid(0), resource, None)
    }

    /// Sets the caller's limit (`setrlimit(2)`).
    ///
    /// # Errors
    /// As [`Sys::prlimit`].
    #[track_caller]
    pub fn setrlimit(self, resource: Resource, limit: Rlimit) -> impl Future<Output = Result<(), Errno>> {
        let set = self.here().prlimit(Pid(0), resource, Some(limit));
        async move { set.await.map(drop) }
    }
}
