//! Interval timers: each process has three (`setitimer(2)`). The real one is due in the timer queue; the virtual one and the
//! profiling one count CPU time and are looked at when the timer ticks, as on Linux.
//!
//! The real one stands still from its expiry until SIGALRM is taken, and goes on in its old rhythm then, as Linux has it:
//! whoever doesn't take the signal costs nothing.

use abi::{Errno, In, IntervalTimer, Itimerval, Out, SI_KERNEL, Signal, Timeval};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::signal::queue::Info;
use crate::thread::Usage;
use crate::time::timer_queue::Alarm;
use crate::time::{NEVER_US, distance_us};

/// One interval timer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// When it expires, or did last, in microseconds on its clock.
    pub expires_us: u64,
    /// How long it runs then; 0: not again.
    pub every_us: u64,
    /// Whether it runs.
    pub armed: bool,
}

impl Interval {
    /// It doesn't run.
    pub const OFF: Interval = Interval { expires_us: 0, every_us: 0, armed: false };

    /// Set anew: to expire after so long, and then each so long.
    fn set(now_us: u64, value_us: u64, every_us: u64) -> Interval {
        match value_us {
            // Linux forgets the interval too (seen on the host).
            0 => Interval::OFF,
            _ => Interval { expires_us: now_us.saturating_add(value_us).min(NEVER_US), every_us, armed: true },
        }
    }

    /// As `getitimer` reports it.
    fn to_abi(self, now_us: u64) -> Itimerval {
        let left_us = if self.armed { self.expires_us.saturating_sub(now_us).max(1) } else { 0 };
        Itimerval { interval: Timeval::from_us(self.every_us), value: Timeval::from_us(left_us) }
    }

    /// Turns its points in time into distances from now.
    pub(crate) fn relative_to(&mut self, now_us: u64) {
        if self.armed || self.every_us > 0 {
            self.expires_us = distance_us(self.expires_us, now_us);
        } else {
            self.expires_us = 0;
        }
    }
}

/// The first point in time after now that lies a multiple of the interval behind `expired_us`, and which multiple.
pub(crate) fn next_expiry(expired_us: u64, every_us: u64, now_us: u64) -> (u64, u64) {
    let periods = now_us.saturating_sub(expired_us) / every_us.max(1) + 1;
    (expired_us.saturating_add(periods.saturating_mul(every_us)).min(NEVER_US), periods)
}

/// The interval timers of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Intervals {
    /// `ITIMER_REAL`: the clock; SIGALRM.
    pub real: Interval,
    /// `ITIMER_VIRTUAL`: CPU time in user code; SIGVTALRM.
    pub virtually: Interval,
    /// `ITIMER_PROF`: all CPU time; SIGPROF.
    pub profiling: Interval,
}

impl Intervals {
    /// None runs.
    pub const OFF: Intervals = Intervals { real: Interval::OFF, virtually: Interval::OFF, profiling: Interval::OFF };

    fn of(&self, which: IntervalTimer) -> Result<Interval, Errno> {
        match which {
            IntervalTimer::ITIMER_REAL => Ok(self.real),
            IntervalTimer::ITIMER_VIRTUAL => Ok(self.virtually),
            IntervalTimer::ITIMER_PROF => Ok(self.profiling),
            _ => Err(Errno::EINVAL),
        }
    }
}

impl Kernel {
    pub(crate) fn sys_getitimer<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        which: IntervalTimer,
        value: Out<Itimerval>,
    ) -> Outcome {
        let now = self.interval_now_us(cx.process, which);
        let timer = self.processes.at(cx.process).intervals.of(which)?;
        self.put(cx.host, cx.process, value.address, &timer.to_abi(now))?;
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_setitimer<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        which: IntervalTimer,
        new: In<Itimerval>,
        old: Out<Itimerval>,
    ) -> Outcome {
        let wanted: Itimerval = match new.is_null() {
            // Linux takes it for zeros, "a misfeature" (setitimer(2), BUGS).
            true => Itimerval::default(),
            false => self.get(cx.host, cx.process, new.address)?,
        };
        let (value_us, every_us) = match (wanted.value.to_us(), wanted.interval.to_us()) {
            (Some(value_us), Some(every_us)) => (value_us, every_us),
            _ => return Err(Errno::EINVAL),
        };
        let now_us = self.interval_now_us(cx.process, which);
        let before = self.processes.at(cx.process).intervals.of(which)?;
        let timer = Interval::set(now_us, value_us, every_us);
        match which {
            IntervalTimer::ITIMER_REAL => self.set_real_timer(cx.process, timer),
            IntervalTimer::ITIMER_VIRTUAL => self.processes.at_mut(cx.process).intervals.virtually = timer,
            _ => self.processes.at_mut(cx.process).intervals.profiling = timer,
        }
        // Linux has set when a bad pointer for the old value is noticed; so have we.
        if !old.is_null() {
            self.put(cx.host, cx.process, old.address, &before.to_abi(now_us))?;
        }
        Ok(Flow::Done(0))
    }

    /// What an interval timer's clock shows.
    fn interval_now_us(&self, process: ProcessNo, which: IntervalTimer) -> u64 {
        match which {
            IntervalTimer::ITIMER_VIRTUAL => self.usage_of(process).utime_us,
            IntervalTimer::ITIMER_PROF => self.usage_of(process).cpu_us(),
            _ => self.now_us(),
        }
    }

    /// Replaces the real timer, in the timer queue too.
    fn set_real_timer(&mut self, process: ProcessNo, timer: Interval) {
        let before = core::mem::replace(&mut self.processes.at_mut(process).intervals.real, timer);
        if before.armed {
            self.timers.remove(before.expires_us, Alarm::RealTimer(process));
        }
        if timer.armed {
            self.timers.insert(timer.expires_us, Alarm::RealTimer(process));
        }
    }

    /// The process ends: nothing is due for it any more.
    pub(crate) fn clear_intervals(&mut self, process: ProcessNo) {
        self.set_real_timer(process, Interval::OFF);
        self.processes.at_mut(process).intervals = Intervals::OFF;
    }

    /// The real timer of a process, taken out of the queue already, has expired.
    pub(crate) fn expire_real_timer<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        self.processes.at_mut(process).intervals.real.armed = false;
        self.send_signal(host, process, Info::kernel(Signal::SIGALRM, SI_KERNEL));
    }

    /// A SIGALRM of a process was taken: its real timer goes on, if it is one that does.
    pub(crate) fn rearm_real_timer(&mut self, process: ProcessNo) {
        let timer = self.processes.at(process).intervals.real;
        if !timer.armed && timer.every_us > 0 {
            let (expires_us, _) = next_expiry(timer.expires_us, timer.every_us, self.now_us());
            self.set_real_timer(process, Interval { expires_us, armed: true, ..timer });
        }
    }

    /// The timer has ticked: whoever runs may have used up the CPU time of its virtual or profiling timer.
    pub(crate) fn expire_cpu_intervals<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let intervals = self.processes.at(process).intervals;
        if !intervals.virtually.armed && !intervals.profiling.armed {
            return;
        }
        let used = self.usage_of(process);
        let entry = self.processes.at_mut(process);
        let virtually = has_expired(&mut entry.intervals.virtually, used.utime_us);
        let profiling = has_expired(&mut entry.intervals.profiling, used.cpu_us());
        if profiling {
            self.send_signal(host, process, Info::kernel(Signal::SIGPROF, SI_KERNEL));
        }
        if virtually {
            self.send_signal(host, process, Info::kernel(Signal::SIGVTALRM, SI_KERNEL));
        }
    }
}

/// Whether a timer that counts CPU time has expired; then it is set for the next time. As on Linux, once a tick at most.
fn has_expired(timer: &mut Interval, used_us: u64) -> bool {
    if !timer.armed || used_us < timer.expires_us {
        return false;
    }
    timer.expires_us = timer.expires_us.saturating_add(timer.every_us);
    timer.armed = timer.every_us > 0;
    true
}

impl Usage {
    /// All CPU time.
    pub(crate) fn cpu_us(&self) -> u64 {
        self.utime_us.saturating_add(self.stime_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_expiry_keeps_the_rhythm_and_lies_in_the_future() {
        assert_eq!(next_expiry(100, 10, 100), (110, 1));
        assert_eq!(next_expiry(100, 10, 109), (110, 1));
        assert_eq!(next_expiry(100, 10, 110), (120, 2));
        assert_eq!(next_expiry(100, 10, 155), (160, 6));
        assert_eq!(next_expiry(100, u64::MAX, 100), (NEVER_US, 1));
    }
}
