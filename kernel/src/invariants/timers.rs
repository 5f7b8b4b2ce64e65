//! Invariants about sleepers and timers.

use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::time::timer::{Notify, TimerState};
use crate::time::timer_queue::Alarm;

impl Kernel {
    pub(super) fn alarms_are_set(&self) -> Result<(), Broken> {
        let mut alarms = 0;
        for (due_us, alarm) in self.timers.iter() {
            alarms += 1;
            match alarm {
                Alarm::Sleeper(thread) => {
                    let due = self.threads.get(thread).is_some_and(|entry| entry.timer_us == Some(due_us));
                    holds(due, thread.index())?;
                }
                Alarm::RealTimer(process) => {
                    let real = self.processes.get(process).map(|entry| entry.intervals.real);
                    holds(real.is_some_and(|real| real.armed && real.expires_us == due_us), process.index())?;
                }
                Alarm::Timer(timer) => {
                    let entry = self.posix_timers.get(timer);
                    holds(entry.is_some_and(|entry| entry.is_queued() && entry.expires_us == due_us), timer.index())?;
                }
            }
        }
        let sleepers = self.threads.iter().filter(|(_, thread)| thread.timer_us.is_some()).count();
        let intervals = self.processes.iter().filter(|(_, process)| process.intervals.real.armed).count();
        let timers = self.posix_timers.iter().filter(|(_, timer)| timer.is_queued()).count();
        holds(alarms == sleepers + intervals + timers, 0)
    }

    pub(super) fn timers_are_sound(&self) -> Result<(), Broken> {
        let mut listed = 0;
        for (slot, process) in self.processes.iter() {
            for timer in process.timers.iter(&self.posix_timers) {
                listed += 1;
                holds(self.posix_timers.get(timer).is_some_and(|entry| entry.process == slot), timer.index())?;
            }
        }
        holds(listed == self.posix_timers.len(), 0)?;
        for (slot, timer) in self.posix_timers.iter() {
            let entry = timer.info.and_then(|info| self.infos.get(info));
            holds(timer.info.is_none() == (timer.notify == Notify::Nobody), slot.index())?;
            holds(timer.info.is_none() || entry.is_some_and(|entry| entry.timer == Some(slot)), slot.index())?;
            let process = self.processes.get(timer.process).ok_or(slot.index())?;
            let pending = match timer.notify {
                Notify::Thread => self.threads.get(process.thread).map(|thread| thread.pending),
                _ => Some(process.pending),
            };
            let is_pending =
                pending.is_some_and(|pending| pending.entries(&self.infos).any(|entry| Some(entry) == timer.info));
            holds(is_pending == (timer.state == TimerState::Pending), slot.index())?;
        }
        Ok(())
    }
}
