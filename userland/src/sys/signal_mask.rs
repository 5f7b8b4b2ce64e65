//! Blocked and pending signals, and waiting for them: `sigprocmask(2) sigpending(2) sigsuspend(2) sigtimedwait(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Changes (if `change` is given) which signals are blocked, and returns which were before (`sigprocmask(2)`). SIGKILL
    /// and SIGSTOP can't be blocked; that is no error.
    ///
    /// # Errors
    /// `EINVAL`: no such change.
    #[track_caller]
    pub fn sigprocmask(self, change: Option<(MaskHow, SignalSet)>) -> impl Future<Output = Result<SignalSet, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let (how, set) = match change {
                    Some((how, set)) => (how, In::at(put(stage, &set))),
                    None => (MaskHow::SIG_BLOCK, In::NULL),
                };
                let (old, size) = (stage.room(SignalSet::SIZE), SignalSet::SIZE as u64);
                (move || Syscall::RtSigprocmask { how, set, old: Out::at(old), size }, set_at(old))
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// The signals that are pending for the caller while it blocks them (`sigpending(2)`).
    #[track_caller]
    pub fn sigpending(self) -> impl Future<Output = SignalSet> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let (set, size) = (self.hart.stage().room(SignalSet::SIZE), SignalSet::SIZE as u64);
                (move || Syscall::RtSigpending { set: Out::at(set), size }, set_at(set))
            };
            match self.staged(call, [Some(out), None], line).await {
                Ok(_) => self.result_at(0),
                Err(_) => SignalSet::empty(),
            }
        }
    }

    /// Waits, with these signals blocked instead of those that are, until a signal has been caught (`sigsuspend(2)`). It
    /// returns when the handler has, always with an error, and the mask is as before.
    ///
    /// # Errors
    /// `EINTR`: a signal was caught.
    #[track_caller]
    pub fn sigsuspend(self, mask: SignalSet) -> impl Future<Output = Errno> {
        let line = self.caller();
        async move {
            let call = {
                let mask = In::at(put(&mut self.hart.stage(), &mask));
                move || Syscall::RtSigsuspend { mask, size: SignalSet::SIZE as u64 }
            };
            match self.staged(call, [None; 2], line).await {
                Err(errno) => errno,
                Ok(_) => Errno::EINTR,
            }
        }
    }

    /// Takes one of these signals, which should be blocked, waiting so long for it (`sigtimedwait(2)`); for ever without a
    /// time (`sigwaitinfo(2)`). No handler runs.
    ///
    /// # Errors
    /// `EAGAIN`: the time is over. `EINTR`: a signal was caught that isn't among them. `EINVAL`: not a valid time.
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
                let size = SignalSet::SIZE as u64;
                (move || Syscall::RtSigtimedwait { set, info: Out::at(address), timeout, size }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }
}

/// Where a call leaves a set.
fn set_at(address: u64) -> OutRegion {
    OutRegion { address, length: SignalSet::SIZE as u32, filled: Filled::OnSuccess }
}
