//! What a scheduling policy is, and the one table of policies. A policy is one file; nothing else in the kernel knows which
//! one is in force.

use crate::ids::ThreadNo;
use crate::sched::round_robin::RoundRobin;
use crate::thread::Threads;

/// Why a thread becomes ready to run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Became {
    /// It is new.
    New,
    /// What it waited for happened.
    Woken,
    /// It was continued after a stop.
    Continued,
    /// It ran and gave the CPU away.
    Yielded,
    /// It ran until its quantum was used up.
    QuantumUsed,
    /// It ran and another one was chosen to run, from outside.
    Preempted,
}

/// Decides who runs next.
pub trait Policy {
    /// Takes a thread in that is ready to run.
    fn insert(&mut self, threads: &mut Threads, thread: ThreadNo, became: Became);
    /// Lets go of a thread that it has: to run it, or because it ended.
    fn remove(&mut self, threads: &mut Threads, thread: ThreadNo);
    /// Who should run next.
    fn first(&self) -> Option<ThreadNo>;
    /// How many threads it has.
    fn count(&self) -> usize;
    /// Its threads in the order in which they would run if nothing else happened.
    fn order<'a>(&self, threads: &'a Threads) -> impl Iterator<Item = ThreadNo> + 'a;
    /// How many ticks a thread may run when it is chosen.
    fn quantum_ticks(&self) -> u32;
}

macro_rules! policies {
    ($($(#[$doc:meta])* $variant:ident($name:literal);)*) => {
        /// The policy in force.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Scheduler {
            $($(#[$doc])* $variant($variant),)*
        }

        impl Scheduler {
            /// The names of all policies.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The name of this one.
            pub fn name(&self) -> &'static str {
                match self { $(Scheduler::$variant(_) => $name),* }
            }

            pub(crate) fn insert(&mut self, threads: &mut Threads, thread: ThreadNo, became: Became) {
                match self { $(Scheduler::$variant(policy) => policy.insert(threads, thread, became)),* }
            }
            pub(crate) fn remove(&mut self, threads: &mut Threads, thread: ThreadNo) {
                match self { $(Scheduler::$variant(policy) => policy.remove(threads, thread)),* }
            }
            pub(crate) fn first(&self) -> Option<ThreadNo> {
                match self { $(Scheduler::$variant(policy) => policy.first()),* }
            }
            pub(crate) fn count(&self) -> usize {
                match self { $(Scheduler::$variant(policy) => policy.count()),* }
            }
            pub(crate) fn order<'a>(&self, threads: &'a Threads) -> impl Iterator<Item = ThreadNo> + 'a {
                match self { $(Scheduler::$variant(policy) => policy.order(threads)),* }
            }
            pub(crate) fn quantum_ticks(&self) -> u32 {
                match self { $(Scheduler::$variant(policy) => policy.quantum_ticks()),* }
            }
        }
    };
}

policies! {
    /// Each in turn, for a quantum at most.
    RoundRobin("round-robin");
}

impl Scheduler {
    /// The policy that a kernel boots with.
    pub const DEFAULT: Scheduler = Scheduler::RoundRobin(RoundRobin::NEW);
}
