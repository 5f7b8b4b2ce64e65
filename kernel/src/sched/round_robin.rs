//! Round robin: whoever becomes ready goes to the tail, the head runs, for a quantum at most.

use crate::ids::ThreadNo;
use crate::limits::QUANTUM_TICKS;
use crate::list::List;
use crate::sched::policy::{Became, Policy};
use crate::thread::{RunList, Threads};

/// The queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RoundRobin {
    queue: List<RunList, ThreadNo>,
}

impl RoundRobin {
    pub(crate) const NEW: RoundRobin = RoundRobin { queue: List::EMPTY };
}

impl Policy for RoundRobin {
    fn insert(&mut self, threads: &mut Threads, thread: ThreadNo, _: Became) {
        self.queue.push(threads, thread);
    }

    fn remove(&mut self, threads: &mut Threads, thread: ThreadNo) {
        self.queue.remove(threads, thread);
    }

    fn first(&self) -> Option<ThreadNo> {
        self.queue.first()
    }

    fn count(&self) -> usize {
        self.queue.len()
    }

    fn order<'a>(&self, threads: &'a Threads) -> impl Iterator<Item = ThreadNo> + 'a {
        self.queue.iter(threads)
    }

    fn quantum_ticks(&self) -> u32 {
        QUANTUM_TICKS
    }
}
