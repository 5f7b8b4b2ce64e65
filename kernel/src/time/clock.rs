//! The clock is virtual: it moves when work is done, and jumps to the next timer when there is none.

use crate::host::Host;
use crate::ids::CpuNo;
use crate::kernel::Kernel;
use crate::limits::{ACCESS_US, TICK_US};
use crate::time::timer_queue::Alarm;

/// A point in time that never comes, nor does any later one: far enough away for the clock to count on without end.
pub const NEVER_US: u64 = 1 << 63;

/// What is left until a point in time; of one that never comes, all.
pub(crate) fn left_us(until_us: u64, now_us: u64) -> u64 {
    if until_us >= NEVER_US { NEVER_US } else { until_us.saturating_sub(now_us) }
}

/// How far away a point in time is, which may have passed; one that never comes stays where it is.
pub(crate) fn distance_us(time_us: u64, now_us: u64) -> u64 {
    if time_us >= NEVER_US { NEVER_US } else { time_us.wrapping_sub(now_us) }
}

impl Kernel {
    /// When the next sleeper or timer is due, in microseconds since boot. Who sleeps for ever isn't.
    pub fn next_timer_us(&self) -> Option<u64> {
        self.timers.next_us().filter(|&us| us < NEVER_US)
    }

    /// The point in time that lies so far ahead.
    pub(crate) fn time_after(&self, us: u64) -> u64 {
        self.now_us().saturating_add(us).min(NEVER_US)
    }

    /// A load or store was made by the hart: charges its time.
    #[inline]
    pub fn access<H: Host>(&mut self, host: &mut H, cpu: CpuNo) {
        if let Some(thread) = self.cpu(cpu).current {
            self.threads.at_mut(thread).usage.utime_us += ACCESS_US;
        }
        self.advance(host, cpu, ACCESS_US);
    }

    /// Nothing can run: the clock jumps forward to `us`, at most to [`NEVER_US`], and what is due then happens.
    pub fn idle_until<H: Host>(&mut self, host: &mut H, cpu: CpuNo, us: u64) {
        let clock = self.cpu_mut(cpu);
        clock.now_us = clock.now_us.max(us.min(NEVER_US));
        clock.next_tick_us = (clock.now_us / TICK_US + 1) * TICK_US;
        self.fire_timers(host, cpu);
    }

    /// Time passes: ticks and timers that fall due happen.
    #[inline(always)]
    pub(crate) fn advance<H: Host>(&mut self, host: &mut H, cpu: CpuNo, us: u64) {
        let clock = self.cpu_mut(cpu);
        clock.now_us += us;
        if clock.now_us >= clock.next_tick_us || !self.timers.is_empty() {
            self.catch_up(host, cpu);
        }
    }

    #[inline(never)]
    fn catch_up<H: Host>(&mut self, host: &mut H, cpu: CpuNo) {
        while self.cpu(cpu).now_us >= self.cpu(cpu).next_tick_us {
            self.cpu_mut(cpu).next_tick_us += TICK_US;
            self.tick(cpu);
            if let Some(thread) = self.cpu(cpu).current {
                let process = self.threads.at(thread).process;
                self.expire_cpu_intervals(host, process);
                self.expire_cpu_timers(host, process);
            }
        }
        self.fire_timers(host, cpu);
    }

    fn fire_timers<H: Host>(&mut self, host: &mut H, cpu: CpuNo) {
        let now_us = self.cpu(cpu).now_us;
        // Whoever only looks hasn't touched anything.
        while self.timers.is_due(now_us)
            && let Some(alarm) = self.timers.pop_due(now_us)
        {
            match alarm {
                Alarm::Sleeper(thread) => {
                    self.threads.at_mut(thread).timer_us = None;
                    self.wake_by_timer(host, thread);
                }
                Alarm::RealTimer(process) => self.expire_real_timer(host, process),
                Alarm::Timer(timer) => self.expire_timer(host, timer),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn the_clock_stops_jumping_at_the_end_of_time() {
        let mut machine = Machine::new();
        for us in [5, u64::MAX, u64::MAX] {
            machine.kernel.idle_until(&mut machine.host, CpuNo(0), us);
            machine.accept();
        }
        assert_eq!(machine.kernel.now_us(), NEVER_US);
        assert_eq!(machine.kernel.time_after(5), NEVER_US);
        // It still counts on.
        machine.kernel.access(&mut machine.host, CpuNo(0));
        assert_eq!(machine.kernel.now_us(), NEVER_US + ACCESS_US);
        machine.accept();
    }
}
