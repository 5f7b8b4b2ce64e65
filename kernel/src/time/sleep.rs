//! `nanosleep(2)` and `clock_nanosleep(2)`. The thread's `progress` is the point in time at which the sleep ends, so that
//! trying again doesn't sleep anew.

use abi::{ClockId, Errno, In, Out, Syscall, TimerFlags, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ThreadNo;
use crate::kernel::Kernel;
use crate::thread::WaitsFor;
use crate::time::NEVER_US;

impl Kernel {
    pub(crate) fn sys_nanosleep<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        duration: In<Timespec>,
        _: Out<Timespec>,
    ) -> Outcome {
        self.sleep_on(cx, ClockId::CLOCK_MONOTONIC, TimerFlags::empty(), duration)
    }

    /// Unlike `nanosleep` it can sleep until a point in time; then nothing is ever left of it. Unknown flags have no effect,
    /// as on Linux.
    pub(crate) fn sys_clock_nanosleep<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        clock: ClockId,
        flags: TimerFlags,
        time: In<Timespec>,
    ) -> Outcome {
        match clock {
            // As on Linux, where the manual says EINVAL (seen on the host).
            ClockId::CLOCK_THREAD_CPUTIME_ID => Err(Errno::EOPNOTSUPP),
            _ => self.sleep_on(cx, clock, flags, time),
        }
    }

    fn sleep_on<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        clock: ClockId,
        flags: TimerFlags,
        time: In<Timespec>,
    ) -> Outcome {
        let now_us = self.clock_us(cx.process, clock).ok_or(Errno::EINVAL)?;
        let until_us = match self.threads.at(cx.thread).progress {
            0 => {
                let time: Timespec = self.get(cx.host, cx.process, time.address)?;
                let us = time.to_us().ok_or(Errno::EINVAL)?;
                match flags.contains(TimerFlags::TIMER_ABSTIME) {
                    true => us.min(NEVER_US),
                    false => now_us.saturating_add(us).min(NEVER_US),
                }
            }
            until_us => until_us,
        };
        if now_us >= until_us {
            return Ok(Flow::Done(0));
        }
        self.threads.at_mut(cx.thread).progress = until_us;
        match clock {
            // Whoever sleeps uses no CPU time, and its process has no other thread that would.
            ClockId::CLOCK_PROCESS_CPUTIME_ID => Ok(Flow::Wait(WaitsFor::Time { until_us: NEVER_US })),
            _ => Ok(Flow::Wait(WaitsFor::Time { until_us })),
        }
    }

    /// A signal takes a thread out of the sleep that it is in: says what is left of it, if that was asked for. Should it sleep on,
    /// that is of no use to anybody; Linux says so all the same.
    pub(crate) fn report_remaining<H: Host>(&mut self, host: &mut H, thread: ThreadNo, call: &Syscall) {
        let (clock, remaining) = match *call {
            Syscall::Nanosleep { remaining, .. } => (ClockId::CLOCK_MONOTONIC, remaining),
            Syscall::ClockNanosleep { clock, flags, remaining, .. } if !flags.contains(TimerFlags::TIMER_ABSTIME) => {
                (clock, remaining)
            }
            _ => return,
        };
        if remaining.is_null() {
            return;
        }
        let (until_us, process) = (self.threads.at(thread).progress, self.threads.at(thread).process);
        let left_us = until_us.saturating_sub(self.clock_us(process, clock).unwrap_or(0));
        // The sleep is over, or goes on, whatever becomes of this.
        let _ = self.put(host, process, remaining.address, &Timespec::from_us(left_us));
    }
}
