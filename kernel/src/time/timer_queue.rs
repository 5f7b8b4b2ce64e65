//! What is due when: sorted by time, then by what it is for, so that equal sets of alarms are equal queues.

use crate::ids::{ProcessNo, ThreadNo, TimerNo};
use crate::limits::{PROCESSES, THREADS, TIMERS};
use crate::table::clone_vec_from;
use crate::time::{NEVER_US, left_us};

/// A thread sleeps once at most, a process has one real interval timer, and a POSIX timer is due once at a time.
const ALARMS: usize = THREADS + PROCESSES + TIMERS;

/// What happens when its time has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Alarm {
    /// The thread wakes.
    Sleeper(ThreadNo),
    /// The process gets SIGALRM (`setitimer`).
    RealTimer(ProcessNo),
    /// The timer expires (`timer_settime`).
    Timer(TimerNo),
}

/// The alarms, the next one last.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimerQueue {
    entries: heapless::Vec<Due, ALARMS>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Due {
    due_us: u64,
    alarm: Alarm,
}

impl TimerQueue {
    pub(crate) const fn new() -> TimerQueue {
        TimerQueue { entries: heapless::Vec::new() }
    }

    /// Whether nothing is ever due.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When the next one is due.
    pub fn next_us(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.due_us)
    }

    /// What is due, and when; the next one first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Alarm)> + '_ {
        self.entries.iter().rev().map(|entry| (entry.due_us, entry.alarm))
    }

    pub(crate) fn insert(&mut self, due_us: u64, alarm: Alarm) {
        let entry = Due { due_us, alarm };
        let place = self.entries.partition_point(|other| *other > entry);
        if self.entries.insert(place, entry).is_err() {
            crate::bug("more alarms are set than there can be");
        }
    }

    /// Forgets an alarm.
    pub(crate) fn remove(&mut self, due_us: u64, alarm: Alarm) {
        let entry = Due { due_us, alarm };
        let place = self.entries.partition_point(|other| *other > entry);
        if self.entries.get(place) == Some(&entry) {
            self.entries.remove(place);
        }
    }

    /// Whether an alarm is due by now.
    pub(crate) fn is_due(&self, now_us: u64) -> bool {
        self.entries.last().is_some_and(|entry| entry.due_us <= now_us && entry.due_us < NEVER_US)
    }

    /// The next alarm that is due by now, taken out.
    pub(crate) fn pop_due(&mut self, now_us: u64) -> Option<Alarm> {
        if self.is_due(now_us) { self.entries.pop().map(|entry| entry.alarm) } else { None }
    }

    /// Turns points in time into what is left of them.
    pub(crate) fn relative_to(&mut self, now_us: u64) {
        for entry in &mut self.entries {
            entry.due_us = left_us(entry.due_us, now_us);
        }
    }
}

impl Clone for TimerQueue {
    fn clone(&self) -> Self {
        TimerQueue { entries: self.entries.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        clone_vec_from(&mut self.entries, &from.entries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_come_in_order_of_time_and_then_of_slot() {
        let sleeper = |slot| Alarm::Sleeper(ThreadNo(slot));
        let mut timers = TimerQueue::new();
        for (due_us, slot) in [(30, 1), (10, 2), (20, 3), (10, 0)] {
            timers.insert(due_us, sleeper(slot));
        }
        timers.insert(10, Alarm::Timer(TimerNo(0)));
        timers.insert(10, Alarm::RealTimer(ProcessNo(7)));
        assert_eq!(timers.next_us(), Some(10));
        timers.remove(20, sleeper(3));
        assert_eq!(timers.pop_due(9), None);
        assert_eq!(timers.pop_due(30), Some(sleeper(0)));
        assert_eq!(timers.pop_due(30), Some(sleeper(2)));
        assert_eq!(timers.pop_due(30), Some(Alarm::RealTimer(ProcessNo(7))));
        assert_eq!(timers.pop_due(30), Some(Alarm::Timer(TimerNo(0))));
        assert_eq!(timers.pop_due(29), None);
        assert_eq!(timers.pop_due(30), Some(sleeper(1)));
    }
}
