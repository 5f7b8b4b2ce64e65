//! Signals: `kill(2) tgkill(2) sigqueue(3) sigaction(2) sigaltstack(2)`.

use abi::*;

use super::{Sys, put};
use crate::handler::HandlerAddress;
use crate::hart::{Filled, OutRegion};

/// What a signal does to the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Disposition {
    /// Its default action (`SIG_DFL`).
    Default,
    /// Nothing (`SIG_IGN`).
    Ignore,
    /// It is caught: this handler runs.
    Catch(HandlerAddress),
}

impl Disposition {
    /// What stands for it in a `struct sigaction`.
    fn to_address(self) -> u64 {
        match self {
            Disposition::Default => 0,
            Disposition::Ignore => 1,
            Disposition::Catch(handler) => handler.0,
        }
    }

    fn from_address(address: u64) -> Disposition {
        match address {
            0 => Disposition::Default,
            1 => Disposition::Ignore,
            handler => Disposition::Catch(HandlerAddress(handler)),
        }
    }
}

/// All that `sigaction(2)` says of a signal: what it does, with which flags, and what is blocked while its handler runs.
///
/// ```
/// use abi::{SigActionFlags, Signal, SignalSet};
/// use userland::handler::HandlerAddress;
/// use userland::sys::{Action, Disposition};
///
/// let action = Action::catch(HandlerAddress(abi::TEXT_START))
///     .with_flags(SigActionFlags::SA_RESTART)
///     .with_mask(SignalSet::of(Signal::SIGINT));
/// assert_eq!(Action { disposition: Disposition::Ignore, ..Action::DEFAULT }, Action::IGNORE);
/// assert!(action.mask.has(Signal::SIGINT));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Action {
    /// What the signal does.
    pub disposition: Disposition,
    /// `SA_` flags.
    pub flags: SigActionFlags,
    /// Signals that are blocked while the handler runs, besides the one that is caught.
    pub mask: SignalSet,
}

impl Action {
    /// The default action.
    pub const DEFAULT: Action = Action::of(Disposition::Default);
    /// Nothing.
    pub const IGNORE: Action = Action::of(Disposition::Ignore);

    /// This, without flags, and with nothing in the mask.
    pub const fn of(disposition: Disposition) -> Action {
        Action { disposition, flags: SigActionFlags::empty(), mask: SignalSet::empty() }
    }

    /// This handler runs.
    pub const fn catch(handler: HandlerAddress) -> Action {
        Action::of(Disposition::Catch(handler))
    }

    /// The same with these flags.
    pub const fn with_flags(self, flags: SigActionFlags) -> Action {
        Action { flags, ..self }
    }

    /// The same with these signals blocked while the handler runs.
    pub const fn with_mask(self, mask: SignalSet) -> Action {
        Action { mask, ..self }
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

    /// Sends a signal to a thread of a process (`tgkill(2)`).
    ///
    /// # Errors
    /// `ESRCH`: no such thread. `EPERM`: it may not be signalled by the caller. `EINVAL`: no such ids.
    #[track_caller]
    pub fn tgkill(self, pid: Pid, tid: Pid, signal: Option<Signal>) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let signal = SignalNumber(signal.map_or(0, |signal| signal.number().into()));
        async move { self.call(move || Syscall::Tgkill { pid, tid, signal }, line).await.map(drop) }
    }

    /// Sends a signal with a value (`sigqueue(3)`). Real-time signals queue: each that is sent is delivered.
    ///
    /// # Errors
    /// As of `kill`; `EAGAIN`: too many signals are queued.
    #[track_caller]
    pub fn sigqueue(self, pid: Pid, signal: Signal, value: u64) -> impl Future<Output = Result<(), Errno>> {
        let sys = self.here();
        let line = sys.caller();
        async move {
            let (me, uid) = (sys.getpid().await, sys.getuid().await);
            let number = i32::from(signal.number());
            let info = SigInfo { signo: number, code: SI_QUEUE, pid: me.0, uid, ..SigInfo::default() };
            let info = SigInfo { status: value as i32, value_high: (value >> 32) as i32, ..info };
            let call = {
                let info = In::at(put(&mut sys.hart.stage(), &info));
                move || Syscall::RtSigqueueinfo { pid, signal: SignalNumber(number), info }
            };
            sys.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// Sets (if `new` is given) the stack on which handlers with `SA_ONSTACK` run, and returns the one before
    /// (`sigaltstack(2)`).
    ///
    /// # Errors
    /// `EINVAL`: unknown flags. `ENOMEM`: it is too small. `EPERM`: a handler runs on the present one.
    #[track_caller]
    pub fn sigaltstack(self, new: Option<StackDescription>) -> impl Future<Output = Result<StackDescription, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map_or(In::NULL, |new| In::at(put(stage, &new)));
                let address = stage.room(StackDescription::SIZE);
                let out = OutRegion { address, length: StackDescription::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::Sigaltstack { new, old: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// Sets (if `new` is given) what a signal does, and returns what it did before (`sigaction(2)`).
    ///
    /// # Errors
    /// `EINVAL`: SIGKILL and SIGSTOP can't be changed.
    #[track_caller]
    pub fn sigaction(self, signal: Signal, new: Option<Action>) -> impl Future<Output = Result<Action, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map_or(In::NULL, |Action { disposition, flags, mask }| {
                    In::at(put(stage, &SigAction { handler: disposition.to_address(), flags: flags.bits(), mask }))
                });
                let address = stage.room(SigAction::SIZE);
                let out = OutRegion { address, length: SigAction::SIZE as u32, filled: Filled::OnSuccess };
                let signal = SignalNumber(signal.number().into());
                let size = SignalSet::SIZE as u64;
                (move || Syscall::RtSigaction { signal, new, old: Out::at(address), size }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            let old: SigAction = self.result_at(0);
            Ok(Action {
                disposition: Disposition::from_address(old.handler),
                flags: SigActionFlags::from_bits_retain(old.flags),
                mask: old.mask,
            })
        }
    }
}
