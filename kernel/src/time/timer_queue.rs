//! Who sleeps until when: sorted by time, then by thread, so that equal sets of sleepers are equal queues.

use crate::ids::ThreadNo;
use crate::limits::THREADS;
use crate::table::clone_vec_from;
use crate::time::left_us;

/// The sleepers, the next one to wake last.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TimerQueue {
    timers: heapless::Vec<Timer, THREADS>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Timer {
    due_us: u64,
    thread: ThreadNo,
}

impl TimerQueue {
    pub(crate) const fn new() -> TimerQueue {
        TimerQueue { timers: heapless::Vec::new() }
    }

    /// Whether nobody sleeps.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// When the next one is due.
    pub fn next_us(&self) -> Option<u64> {
        self.timers.last().map(|timer| timer.due_us)
    }

    /// Who sleeps, and until when.
    pub fn iter(&self) -> impl Iterator<Item = (u64, ThreadNo)> + '_ {
        self.timers.iter().rev().map(|timer| (timer.due_us, timer.thread))
    }

    pub(crate) fn insert(&mut self, due_us: u64, thread: ThreadNo) {
        let timer = Timer { due_us, thread };
        let place = self.timers.partition_point(|other| *other > timer);
        if self.timers.insert(place, timer).is_err() {
            crate::bug("more threads sleep than there are");
        }
    }

    /// Forgets a sleeper.
    pub(crate) fn remove(&mut self, due_us: u64, thread: ThreadNo) {
        let timer = Timer { due_us, thread };
        let place = self.timers.partition_point(|other| *other > timer);
        if self.timers.get(place) == Some(&timer) {
            self.timers.remove(place);
        }
    }

    /// The next sleeper who is due by now, taken out.
    pub(crate) fn pop_due(&mut self, now_us: u64) -> Option<ThreadNo> {
        let due = self.timers.last().is_some_and(|timer| timer.due_us <= now_us);
        if due { self.timers.pop().map(|timer| timer.thread) } else { None }
    }

    /// Turns points in time into what is left of them.
    pub(crate) fn relative_to(&mut self, now_us: u64) {
        for timer in &mut self.timers {
            timer.due_us = left_us(timer.due_us, now_us);
        }
    }
}

impl Clone for TimerQueue {
    fn clone(&self) -> Self {
        TimerQueue { timers: self.timers.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        clone_vec_from(&mut self.timers, &from.timers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleepers_wake_in_order_of_time_and_then_of_slot() {
        let mut timers = TimerQueue::new();
        for (due_us, thread) in [(30, 1), (10, 2), (20, 3), (10, 0)] {
            timers.insert(due_us, ThreadNo(thread));
        }
        assert_eq!(timers.next_us(), Some(10));
        timers.remove(20, ThreadNo(3));
        assert_eq!(timers.pop_due(9), None);
        assert_eq!(timers.pop_due(30), Some(ThreadNo(0)));
        assert_eq!(timers.pop_due(30), Some(ThreadNo(2)));
        assert_eq!(timers.pop_due(29), None);
        assert_eq!(timers.pop_due(30), Some(ThreadNo(1)));
    }
}
