//! Signals: `kill(2) sigaction(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

/// What a signal does to the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Disposition {
    /// Its default action (`SIG_DFL`).
    Default,
    /// Nothing (`SIG_IGN`).
    Ignore,
}

impl Disposition {
    /// What stands for it in a `struct sigaction`.
    fn handler(self) -> u64 {
        match self {
            Disposition::Default => 0,
            Disposition::Ignore => 1,
        }
    }
}

impl Sys {
    /// Sends a signal (`kill(2)`): to a process; to the caller's group for 0; to every process it may for -1; to the
    /// group -`pid` for less. `None` sends nothing, and only checks that there is someone to send to.
    ///
    /// # Errors
    /// `ESRCH`: no such process or group. `EPERM`: none of them may be signalled by the caller.
    #[track_caller]
    pub fn kill(self, pid: Pid, signal: Option<Signal>) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let signal = SignalNumber(signal.map_or(0, |signal| signal.number().into()));
        async move { self.call(move || Syscall::Kill { pid, signal }, line).await.map(drop) }
    }

    /// Sets (if `new` is given) what a signal does, and returns what it did before (`sigaction(2)`).
    ///
    /// # Errors
    /// `EINVAL`: SIGKILL and SIGSTOP can't be changed.
    #[track_caller]
    pub fn sigaction(
        self,
        signal: Signal,
        new: Option<Disposition>,
    ) -> impl Future<Output = Result<Disposition, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map_or(In::NULL, |new| {
                    In::at(put(stage, &SigAction { handler: new.handler(), flags: 0, mask: SignalSet::empty() }))
                });
                let address = stage.room(SigAction::SIZE);
                let out = OutRegion { address, length: SigAction::SIZE as u32, filled: Filled::OnSuccess };
                let signal = SignalNumber(signal.number().into());
                let size = SignalSet::SIZE as u64;
                (move || Syscall::RtSigaction { signal, new, old: Out::at(address), size }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            let old: SigAction = self.result_at(0);
            Ok(if old.handler == Disposition::Ignore.handler() { Disposition::Ignore } else { Disposition::Default })
        }
    }
}
