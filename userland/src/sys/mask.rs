//! The signal mask and waiting for signals: `sigprocmask(2) sigpending(2) sigsuspend(2) sigwaitinfo(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

const SIZE: u64 = SignalSet::SIZE as u64;

impl Sys {
    /// Changes the mask if `set` is given, and returns the former (`sigprocmask(2)`).
    #[track_caller]
    pub fn sigprocmask(self, how: MaskHow, set: Option<SignalSet>) -> impl Future<Output = Result<SignalSet, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let set = set.map_or(In::NULL, |set| In::at(put(stage, &set)));
                let address = stage.room(SignalSet::SIZE);
                let out = OutRegion { address, length: SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::RtSigprocmask { how, set, old: Out::at(address), size: SIZE }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// The blocked signals that are pending (`sigpending(2)`).
    #[track_caller]
    pub fn sigpending(self) -> impl Future<Output = Result<SignalSet, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(SignalSet::SIZE);
            let out = OutRegion { address, length: SIZE as u32, filled: Filled::OnSuccess };
            self.staged(move || Syscall::RtSigpending { set: Out::at(address), size: SIZE }, [Some(out), None], line)
                .await?;
            Ok(self.result_at(0))
        }
    }

    /// Waits with another mask (`sigsuspend(2)`).
    #[track_caller]
    pub fn sigsuspend(self, mask: SignalSet) -> impl Future<Output = Errno> {
        let line = self.caller();
        async move {
            let mask = In::at(put(&mut *self.hart.stage(), &mask));
            self.staged(move || Syscall::RtSigsuspend { mask, size: SIZE }, [None; 2], line)
                .await
                .expect_err("sigsuspend always fails")
        }
    }

    /// Takes a signal of a set (`sigtimedwait(2)`).
    #[track_caller]
    pub fn sigtimedwait(
        self,
        set: SignalSet,
        timeout: Option<Timespec>,
    ) -> impl Future<Output = Result<SigInfo, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let set = In::at(put(stage, &set));
                let timeout = timeout.map_or(In::NULL, |timeout| In::at(put(stage, &timeout)));
                let address = stage.room(SigInfo::SIZE);
                let out = OutRegion { address, length: SigInfo::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::RtSigtimedwait { set, info: Out::at(address), timeout, size: SIZE }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }
}
