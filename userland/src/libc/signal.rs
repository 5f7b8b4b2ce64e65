//! Signals as C's library has them: `signal(3) raise(3) abort(3) pause(3) killpg(3) sigwait(3) strsignal(3) psignal(3)`, and
//! those of System V, `sigset(3) sighold sigrelse sigignore sigpause`.

use alloc::format;
use alloc::string::String;
use core::fmt::Display;

use abi::{Errno, MaskHow, Pid, SigActionFlags, Signal, SignalSet};

use super::{STDERR, write_all};
use crate::sys::{Action, Disposition, Never, Sys};

/// Sets what a signal does, and returns what it did before (`signal(2)`). Calls that a handler interrupts start again, the
/// handler stays installed, and its signal is blocked while it runs, as on BSD and with glibc.
///
/// # Errors
/// `EINVAL`, for which C says `SIG_ERR`: SIGKILL and SIGSTOP can't be changed.
#[track_caller]
pub fn signal(sys: Sys, signal: Signal, disposition: Disposition) -> impl Future<Output = Result<Disposition, Errno>> {
    let sys = sys.here();
    async move {
        let action = Action::of(disposition).with_flags(SigActionFlags::SA_RESTART);
        sys.sigaction(signal, Some(action)).await.map(|before| before.disposition)
    }
}

/// Sends a signal to the caller (`raise(3)`). If it is caught, its handler has run when this returns.
#[track_caller]
pub fn raise(sys: Sys, signal: Signal) -> impl Future<Output = ()> {
    let sys = sys.here();
    async move {
        let (pid, tid) = (sys.getpid().await, sys.gettid().await);
        let _ = sys.tgkill(pid, tid, Some(signal)).await;
    }
}

/// Sends a signal to a process group, 0 being the caller's (`killpg(3)`). `None` only checks that there is someone.
///
/// # Errors
/// `EINVAL`: no such group can be. `ESRCH`: there is none. `EPERM`: none of it may be signalled by the caller.
#[track_caller]
pub fn killpg(sys: Sys, group: Pid, signal: Option<Signal>) -> impl Future<Output = Result<(), Errno>> {
    let sys = sys.here();
    async move {
        if group.0 < 0 {
            return Err(Errno::EINVAL);
        }
        sys.kill(Pid(-group.0), signal).await
    }
}

/// Ends the process with SIGABRT (`abort(3)`): also if that is blocked or ignored, or caught by a handler that returns.
#[track_caller]
pub fn abort(sys: Sys) -> impl Future<Output = Never> {
    let sys = sys.here();
    async move {
        let abort = Some((MaskHow::SIG_UNBLOCK, SignalSet::of(Signal::SIGABRT)));
        let _ = sys.sigprocmask(abort).await;
        raise(sys, Signal::SIGABRT).await;
        // It was ignored, or its handler has returned.
        let _ = sys.sigaction(Signal::SIGABRT, Some(Action::DEFAULT)).await;
        let _ = sys.sigprocmask(abort).await;
        raise(sys, Signal::SIGABRT).await;
        // The first process can't be ended by its own signals.
        sys.exit(127).await
    }
}

/// Waits until a signal has been caught (`pause(2)`).
///
/// # Errors
/// `EINTR`: it was, always.
#[track_caller]
pub fn pause(sys: Sys) -> impl Future<Output = Errno> {
    let sys = sys.here();
    async move {
        let blocked = sys.sigprocmask(None).await.unwrap_or(SignalSet::empty());
        sys.sigsuspend(blocked).await
    }
}

/// Takes one of these signals, which should be blocked, waiting for it if need be (`sigwait(3)`). Other signals that are
/// caught in the meantime don't end it.
///
/// # Errors
/// `EINVAL`: none that can be, as POSIX has it.
#[track_caller]
pub fn sigwait(sys: Sys, set: SignalSet) -> impl Future<Output = Result<Signal, Errno>> {
    let sys = sys.here();
    async move {
        loop {
            match sys.sigtimedwait(set, None).await {
                Ok(info) => return Signal::new(info.signo.into()).ok_or(Errno::EINVAL),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

/// Sets what a signal does, or with `None` (`SIG_HOLD`) only blocks it; otherwise it is blocked no more (`sigset(3)`). What
/// it did before; `None` if it was blocked.
///
/// # Errors
/// `EINVAL`: SIGKILL and SIGSTOP can't be changed.
#[track_caller]
pub fn sigset(
    sys: Sys,
    signal: Signal,
    disposition: Option<Disposition>,
) -> impl Future<Output = Result<Option<Disposition>, Errno>> {
    let sys = sys.here();
    async move {
        let set = SignalSet::of(signal);
        let how = if disposition.is_some() { MaskHow::SIG_UNBLOCK } else { MaskHow::SIG_BLOCK };
        let before = sys.sigaction(signal, disposition.map(Action::of)).await?;
        let blocked = sys.sigprocmask(Some((how, set))).await?;
        Ok((!blocked.has(signal)).then_some(before.disposition))
    }
}

/// Blocks a signal (`sighold(3)`).
///
/// # Errors
/// None.
#[track_caller]
pub fn sighold(sys: Sys, signal: Signal) -> impl Future<Output = Result<(), Errno>> {
    let change = sys.sigprocmask(Some((MaskHow::SIG_BLOCK, SignalSet::of(signal))));
    async move { change.await.map(drop) }
}

/// Blocks a signal no more (`sigrelse(3)`).
///
/// # Errors
/// None.
#[track_caller]
pub fn sigrelse(sys: Sys, signal: Signal) -> impl Future<Output = Result<(), Errno>> {
    let change = sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, SignalSet::of(signal))));
    async move { change.await.map(drop) }
}

/// Ignores a signal (`sigignore(3)`).
///
/// # Errors
/// `EINVAL`: SIGKILL and SIGSTOP can't be changed.
#[track_caller]
pub fn sigignore(sys: Sys, signal: Signal) -> impl Future<Output = Result<(), Errno>> {
    let change = sys.sigaction(signal, Some(Action::IGNORE));
    async move { change.await.map(drop) }
}

/// Waits until a signal has been caught, with this one not blocked while it waits (`sigpause(3)`, as System V has it).
///
/// # Errors
/// `EINTR`: it was, always.
#[track_caller]
pub fn sigpause(sys: Sys, signal: Signal) -> impl Future<Output = Errno> {
    let sys = sys.here();
    async move {
        let blocked = sys.sigprocmask(None).await.unwrap_or(SignalSet::empty());
        sys.sigsuspend(blocked - SignalSet::of(signal)).await
    }
}

/// The text of a signal (`strsignal(3)`).
///
/// ```
/// use abi::Signal;
/// use userland::libc::strsignal;
/// assert_eq!(strsignal(Signal::SIGINT), "Interrupt");
/// assert_eq!(strsignal(Signal::new(40).unwrap()), "Real-time signal 6");
/// ```
pub fn strsignal(signal: Signal) -> String {
    /// The first that a program may use; glibc keeps two for itself.
    const SIGRTMIN: u8 = 34;
    match (signal.name(), signal.number().checked_sub(SIGRTMIN)) {
        (Some(_), _) => signal.text().into(),
        (None, Some(above)) => format!("Real-time signal {above}"),
        (None, None) => format!("Unknown signal {}", signal.number()),
    }
}

/// Writes `message: Interrupt` (or whatever the signal is) to standard error (`psignal(3)`); without a message, only the
/// signal's text.
#[track_caller]
pub fn psignal(sys: Sys, signal: Signal, message: impl Display) -> impl Future<Output = ()> {
    let sys = sys.here();
    let message = format!("{message}");
    async move {
        let colon = if message.is_empty() { "" } else { ": " };
        let _ = write_all(sys, STDERR, format!("{message}{colon}{}\n", strsignal(signal)).as_bytes()).await;
    }
}
