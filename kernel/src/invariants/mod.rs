//! What must always hold between two entries into the kernel, by name.
//!
//! They are checked after every step in tests and debug builds. Each has a test that breaks the state on purpose and sees
//! it found.
//!
//! | invariants | file |
//! | --- | --- |
//! | parents, children, zombies | `tree.rs` |
//! | states of threads, queues, lost wake-ups | `waiting.rs` |
//! | references to files, pipe ends, frames, objects, actions, numbers | `references.rs` |
//! | message queues | `message_queues.rs` |
//! | names, inodes, FIFOs | `names.rs` |
//! | the terminal and its session | `terminal.rs` |
//! | sleepers and timers | `timers.rs` |
//! | segments, messages, semaphores, and who sleeps over them | `ipc.rs` |
//! | sharing of frames, regions, rings | `memory.rs` |

mod ipc;
mod memory;
mod message_queues;
mod names;
mod references;
mod terminal;
#[cfg(test)]
mod tests;
mod timers;
mod tree;
mod waiting;

use core::fmt;

use crate::ids::ThreadId;
use crate::kernel::Kernel;

/// An invariant that doesn't hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's name.
    pub name: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    /// The slot in which it doesn't, of the table that the invariant is about.
    pub slot: usize,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant `{}` doesn't hold in slot {}: {}", self.name, self.slot, self.sentence)
    }
}

/// The slot in which an invariant doesn't hold.
type Broken = usize;

/// One invariant: its name, what must hold, and the check.
pub struct Invariant {
    /// Its name.
    pub name: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    check: fn(&Kernel) -> Result<(), Broken>,
}

/// Every invariant.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "tree",
        sentence: "the parents form a tree with PID 1 as its root, and everyone is in the list of its parent",
        check: Kernel::tree_is_sound,
    },
    Invariant {
        name: "zombies",
        sentence: "a parent's zombies and unreported changes are exactly those among its children, in their order",
        check: Kernel::zombies_are_listed,
    },
    Invariant {
        name: "zombie-owns-nothing",
        sentence: "a zombie owns nothing but its status",
        check: Kernel::zombies_own_nothing,
    },
    Invariant {
        name: "thread-state",
        sentence: "a thread's state, its queue entries and what it waits for agree",
        check: Kernel::threads_agree,
    },
    Invariant {
        name: "stopped-runs-nothing",
        sentence: "the thread of a stopped process is on no CPU and in no queue, and nothing wakes it",
        check: Kernel::stopped_threads_stand_still,
    },
    Invariant {
        name: "queues",
        sentence: "queues hold exactly those who say so, and only the first of one is woken",
        check: Kernel::queues_are_sound,
    },
    Invariant {
        name: "wait-indexes",
        sentence: "the index of a queue has its waiters in their order, and knows what they and those below them wish for",
        check: Kernel::wait_indexes_are_sound,
    },
    Invariant {
        name: "alarms",
        sentence: "the timer queue holds exactly the sleepers and the timers that run",
        check: Kernel::alarms_are_set,
    },
    Invariant {
        name: "timers",
        sentence: "a timer is in the list of its process, and its signal is pending exactly if it says so",
        check: Kernel::timers_are_sound,
    },
    Invariant {
        name: "no-lost-wakeup",
        sentence: "nobody waits for a stable condition that holds, or with a signal to take",
        check: Kernel::no_wakeup_is_lost,
    },
    Invariant {
        name: "file-references",
        sentence: "a description counts the descriptors and blocked opens that refer to it",
        check: Kernel::file_references_are_right,
    },
    Invariant {
        name: "pipe-ends",
        sentence: "a pipe counts the descriptions that may read and those that may write, and has one at least",
        check: Kernel::pipe_ends_are_right,
    },
    Invariant {
        name: "mqueues",
        sentence: "a message queue is that of one inode, its messages are in order, and its owner is charged for it",
        check: Kernel::message_queues_are_sound,
    },
    Invariant {
        name: "mqueue-messages",
        sentence: "a message is in one queue or in the hand of one thread, and has frames for its bytes",
        check: Kernel::messages_are_somewhere,
    },
    Invariant {
        name: "inode-references",
        sentence: "an inode counts its names and what else refers to it, and has one of either at least",
        check: Kernel::inode_references_are_right,
    },
    Invariant {
        name: "names",
        sentence: "every name is in its directory in order, is found, and leads up to the root; no other is found",
        check: Kernel::names_are_sound,
    },
    Invariant {
        name: "fifos",
        sentence: "a FIFO has a pipe exactly as long as it is open, and nobody waits to open it who needn't",
        check: Kernel::fifos_are_sound,
    },
    Invariant {
        name: "frame-references",
        sentence: "a frame counts the page table entries, objects and buffers that refer to it",
        check: Kernel::frame_references_are_right,
    },
    Invariant {
        name: "object-mappings",
        sentence: "a shared object counts the regions that map it, and has one at least unless a segment keeps it",
        check: Kernel::object_mappings_are_right,
    },
    Invariant {
        name: "segments",
        sentence: "a segment has an object of its own, is found by its key unless it is removed, and its pages are counted",
        check: Kernel::segments_are_right,
    },
    Invariant {
        name: "messages",
        sentence: "a message stands in one queue or is held by one thread, and a queue's bytes are those of its messages",
        check: Kernel::messages_are_right,
    },
    Invariant {
        name: "semaphores",
        sentence: "a set has the semaphores that it says, and its waiters' operations are exactly those that are kept",
        check: Kernel::semaphores_are_right,
    },
    Invariant {
        name: "undos",
        sentence: "what is undone to a semaphore is known to it and to a living process, once, and isn't nothing",
        check: Kernel::undos_are_right,
    },
    Invariant {
        name: "ipc-sleepers",
        sentence: "nobody sleeps at a message queue or a semaphore who could go on",
        check: Kernel::nobody_sleeps_over_ipc,
    },
    Invariant {
        name: "action-references",
        sentence: "a set of signal actions counts the processes that have it",
        check: Kernel::action_references_are_right,
    },
    Invariant {
        name: "queued-signals",
        sentence: "the details of signals are kept for exactly those that are pending, and room for those of timers",
        check: Kernel::queued_signals_are_right,
    },
    Invariant {
        name: "numbers",
        sentence: "a number is in use as long as a process, a group or a session goes by it",
        check: Kernel::numbers_are_right,
    },
    Invariant {
        name: "nodes",
        sentence: "the nodes of the radix trees are exactly those that the trees count",
        check: Kernel::nodes_are_right,
    },
    Invariant {
        name: "no-shared-writable",
        sentence: "no writable frame is shared unless its mapping is, and no entry gives more rights than its region",
        check: Kernel::nothing_private_is_shared_writable,
    },
    Invariant {
        name: "rings",
        sentence: "a ring is within its capacity and holds frames exactly where there are bytes",
        check: Kernel::rings_are_sound,
    },
    Invariant {
        name: "terminal",
        sentence: "a session that has the terminal has a living leader, and only its members have it; input is sound",
        check: Kernel::terminal_is_sound,
    },
    Invariant {
        name: "unblockable",
        sentence: "SIGKILL and SIGSTOP are never blocked, ignored or caught",
        check: Kernel::unblockable_signals_are_free,
    },
];

impl Kernel {
    /// Checks what must hold when `resume` lets a thread go on in user mode: nothing that it could take is pending.
    ///
    /// # Errors
    /// Something is.
    pub fn check_resumed(&self, thread: ThreadId) -> Result<(), Violation> {
        match self.has_signal_to_take(thread) {
            true => Err(Violation {
                name: "delivered",
                sentence: "nothing deliverable stays pending across a resume",
                slot: thread.slot.index(),
            }),
            false => Ok(()),
        }
    }

    /// Checks every invariant.
    ///
    /// # Errors
    /// The first that doesn't hold.
    pub fn check(&self) -> Result<(), Violation> {
        for invariant in INVARIANTS {
            (invariant.check)(self).map_err(|slot| Violation {
                name: invariant.name,
                sentence: invariant.sentence,
                slot,
            })?;
        }
        Ok(())
    }
}

/// Turns a claim about a slot into a result.
fn holds(claim: bool, slot: usize) -> Result<(), Broken> {
    if claim { Ok(()) } else { Err(slot) }
}
