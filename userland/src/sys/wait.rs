//! Waiting for children: `wait(2) waitpid(2) waitid(2)`.

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Waits for a child to change state (`waitpid(2)`): its process id and what happened, or `None` if `WNOHANG` was
    /// given and nothing has.
    ///
    /// # Errors
    /// `ECHILD`: there is no such child. `EINTR`: a signal was caught. `EINVAL`: bad options.
    #[track_caller]
    pub fn waitpid(
        self,
        pid: Pid,
        options: WaitOptions,
    ) -> impl Future<Output = Result<Option<(Pid, WaitStatus)>, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let address = stage.room(i32::SIZE);
                let out = OutRegion { address, length: i32::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::Wait4 { pid, status: Out::at(address), options, rusage: Out::NULL }, out)
            };
            let pid = self.staged(call, [Some(out), None], line).await?;
            Ok((pid != 0).then(|| (Pid(pid as i32), WaitStatus::from_raw(self.result_at(0)))))
        }
    }

    /// Waits for any child to end (`wait(2)`).
    ///
    /// # Errors
    /// `ECHILD`: there are no children. `EINTR`: a signal was caught.
    #[track_caller]
    pub fn wait(self) -> impl Future<Output = Result<(Pid, WaitStatus), Errno>> {
        let sys = self.here();
        async move { sys.waitpid(Pid(-1), WaitOptions::empty()).await?.ok_or(Errno::ECHILD) }
    }

    /// Waits for a child to change state, with details (`waitid(2)`): `None` if `WNOHANG` was given and nothing has.
    /// At least one of `WEXITED`, `WUNTRACED` and `WCONTINUED` must be among the options; with `WNOWAIT` the child stays
    /// as it is, to be reported again.
    ///
    /// # Errors
    /// `ECHILD`: there is no such child. `EINTR`: a signal was caught. `EINVAL`: bad options or kind.
    #[track_caller]
    pub fn waitid(
        self,
        kind: IdType,
        id: Pid,
        options: WaitOptions,
    ) -> impl Future<Output = Result<Option<SigInfo>, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let address = self.hart.stage().room(SigInfo::SIZE);
                let out = OutRegion { address, length: SigInfo::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::Waitid { kind, id, info: Out::at(address), options, rusage: Out::NULL }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            let info: SigInfo = self.result_at(0);
            Ok((info.pid != 0).then_some(info))
        }
    }
}
