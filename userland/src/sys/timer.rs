//! Timers: `setitimer(2) getitimer(2) timer_create(2) timer_settime(2) timer_gettime(2) timer_getoverrun(2)
//! timer_delete(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

/// How a POSIX timer tells that it has expired (`sigevent(3type)`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Notification {
    /// Not at all (`SIGEV_NONE`).
    None,
    /// By a signal that brings this value along (`SIGEV_SIGNAL`).
    Signal(Signal, u64),
}

/// A POSIX timer (`timer_t`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerId(pub i32);

impl Sys {
    /// Sets (if `new` is given) and returns an interval timer (`setitimer(2)`, `getitimer(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such timer, or no valid time.
    #[track_caller]
    pub fn itimer(
        self,
        which: IntervalTimer,
        new: Option<Itimerval>,
    ) -> impl Future<Output = Result<Itimerval, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = new.map(|new| In::at(put(stage, &new)));
                let address = stage.room(Itimerval::SIZE);
                let out = OutRegion { address, length: Itimerval::SIZE as u32, filled: Filled::OnSuccess };
                let call = move || match new {
                    Some(new) => Syscall::Setitimer { which, new, old: Out::at(address) },
                    None => Syscall::Getitimer { which, value: Out::at(address) },
                };
                (call, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// Creates a timer, which doesn't run yet (`timer_create(2)`). `None` stands for SIGALRM with the timer's id as value.
    ///
    /// # Errors
    /// `EAGAIN`: there are as many as there can be. `EINVAL`: no such clock.
    #[track_caller]
    pub fn timer_create(
        self,
        clock: ClockId,
        notification: Option<Notification>,
    ) -> impl Future<Output = Result<TimerId, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let event = notification.map(|notification| match notification {
                    Notification::None => SigEvent { notify: SIGEV_NONE, ..SigEvent::default() },
                    Notification::Signal(signal, value) => {
                        SigEvent { value, signo: signal.number().into(), notify: SIGEV_SIGNAL, ..SigEvent::default() }
                    }
                });
                let event = event.map_or(In::NULL, |event| In::at(put(stage, &event)));
                let address = stage.room(i32::SIZE);
                let out = OutRegion { address, length: i32::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::TimerCreate { clock, event, timer: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(TimerId(self.result_at(0)))
        }
    }

    /// Sets a timer, and returns what it was set to (`timer_settime(2)`). A value of zero stops it.
    ///
    /// # Errors
    /// `EINVAL`: no such timer, or no valid time.
    #[track_caller]
    pub fn timer_settime(
        self,
        timer: TimerId,
        flags: TimerFlags,
        new: Itimerspec,
    ) -> impl Future<Output = Result<Itimerspec, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let new = In::at(put(stage, &new));
                let address = stage.room(Itimerspec::SIZE);
                let out = OutRegion { address, length: Itimerspec::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::TimerSettime { timer: timer.0, flags, new, old: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// What is left of a timer (`timer_gettime(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such timer.
    #[track_caller]
    pub fn timer_gettime(self, timer: TimerId) -> impl Future<Output = Result<Itimerspec, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let address = self.hart.stage().room(Itimerspec::SIZE);
                let out = OutRegion { address, length: Itimerspec::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::TimerGettime { timer: timer.0, value: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// How many expiries of a timer were missed between the generation of its last signal and its delivery
    /// (`timer_getoverrun(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such timer.
    #[track_caller]
    pub fn timer_getoverrun(self, timer: TimerId) -> impl Future<Output = Result<u32, Errno>> {
        let line = self.caller();
        async move {
            let overrun = self.call(move || Syscall::TimerGetoverrun { timer: timer.0 }, line).await;
            overrun.map(|overrun| overrun as u32)
        }
    }

    /// Deletes a timer; a signal of it that is pending is discarded (`timer_delete(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such timer.
    #[track_caller]
    pub fn timer_delete(self, timer: TimerId) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::TimerDelete { timer: timer.0 }, line).await.map(drop) }
    }
}
