//! What must always hold between two entries into the kernel, by name.
//!
//! They are checked after every step in tests and debug builds. Each has a test that breaks the state on purpose and sees
//! it found.
//!
//! A new one is a row of [`INVARIANTS`]. `Part::always` and a function that looks at the whole kernel is all it needs. If it
//! is to be cheap after every step, it is made of parts that look at one slot, or says on which aspects it depends.
//!
//! | question | file |
//! | --- | --- |
//! | what an invariant is made of, and when it is looked at | `part.rs` |
//! | that counters are right | `balance.rs` |
//! | the same after every step, at the cost of what it touched | `checker/` |
//!
//! | invariants | file |
//! | --- | --- |
//! | parents, children, zombies | `tree.rs` |
//! | states of threads, queues, lost wake-ups | `waiting.rs` |
//! | references to files, pipe ends, frames, objects, actions, numbers | `references.rs`, `balance.rs` |
//! | message queues | `message_queues.rs` |
//! | names, inodes, FIFOs | `names.rs` |
//! | the terminal and its session | `terminal.rs` |
//! | sleepers and timers | `timers.rs` |
//! | segments, messages, semaphores, and who sleeps over them | `ipc.rs` |
//! | sharing of frames, regions, rings | `memory.rs` |

mod balance;
mod checker;
mod ipc;
mod memory;
mod message_queues;
mod names;
mod part;
mod references;
mod terminal;
#[cfg(test)]
mod tests;
mod timers;
mod tree;
mod waiting;

pub use checker::Checker;

use core::fmt;

use crate::ids::ThreadId;
use crate::invariants::balance::Kind;
use crate::invariants::part::{Aspects, Part};
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
    parts: &'static [Part],
}

impl Invariant {
    /// Looks at everything.
    ///
    /// # Errors
    /// It doesn't hold.
    pub fn check(&self, kernel: &Kernel) -> Result<(), Violation> {
        self.check_parts(kernel, false)
    }

    /// Whether there is something of each kind that it looks at: a slot in each of its tables. Without, it holds for lack of
    /// anything that could break it.
    pub fn looks_at_something(&self, kernel: &Kernel) -> bool {
        self.parts.iter().all(|part| part.looks_at_something(kernel))
    }

    /// Looks at everything, but not at counters if they are known to be right.
    fn check_parts(&self, kernel: &Kernel, balanced: bool) -> Result<(), Violation> {
        let mut parts = self.parts.iter().filter(|part| !(balanced && matches!(part, Part::Balance(_))));
        parts.try_for_each(|part| part.check(kernel)).map_err(|slot| Violation {
            name: self.name,
            sentence: self.sentence,
            slot,
        })
    }
}

/// What is looked at to find PID 1.
const FIRST_PROCESS: Aspects = Aspects::KINSHIP
    .union(Aspects::NUMBERED)
    .union(Aspects::NUMBERS)
    .union(Aspects::NUMBER_NODES)
    .union(Aspects::NUMBER_ROOT);

/// Every invariant.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "tree",
        sentence: "the parents form a tree with PID 1 as its root, and everyone is in the list of its parent",
        parts: &[
            Part::Whole(FIRST_PROCESS, Kernel::root_is_sound),
            Part::Balance(&[Kind::Child]),
            Part::Kin(Aspects::empty(), Kernel::kin_is_sound),
        ],
    },
    Invariant {
        name: "zombies",
        sentence: "a parent's zombies and unreported changes are exactly those among its children, in their order",
        parts: &[Part::Balance(&[Kind::Subreaper]), Part::Kin(Aspects::empty(), Kernel::zombies_are_listed)],
    },
    Invariant {
        name: "zombie-owns-nothing",
        sentence: "a zombie owns nothing but its status",
        parts: &[Part::Process(Aspects::THREAD_SLOTS, Kernel::zombie_owns_nothing)],
    },
    Invariant {
        name: "thread-state",
        sentence: "a thread's state, its queue entries and what it waits for agree",
        parts: &[Part::Thread(Aspects::empty(), Kernel::thread_agrees)],
    },
    Invariant {
        name: "stopped-runs-nothing",
        sentence: "the thread of a stopped process is on no CPU and in no queue, and nothing wakes it",
        parts: &[Part::Process(Aspects::empty(), Kernel::stopped_thread_stands_still)],
    },
    Invariant {
        name: "queues",
        sentence: "queues hold exactly those who say so, and only the first of one is woken",
        parts: &[
            Part::Whole(Aspects::RUN_QUEUE, Kernel::run_queue_is_sound),
            Part::Balance(&[Kind::Waiters]),
            Part::Pipe(Aspects::empty(), Kernel::pipe_queues_are_sound),
            Part::Mqueue(Aspects::empty(), Kernel::mqueue_queues_are_sound),
            Part::Queue(Aspects::empty(), Kernel::message_queue_queues_are_sound),
            Part::Set(Aspects::empty(), Kernel::set_queues_are_sound),
            Part::Semaphore(Aspects::empty(), Kernel::semaphore_queues_are_sound),
            Part::Process(Aspects::empty(), Kernel::process_queue_is_sound),
            Part::Inode(Aspects::empty(), Kernel::fifo_queues_are_sound),
            Part::Whole(
                Aspects::CONSOLE.union(Aspects::TERMINAL).union(Aspects::CONSOLE_WAITERS),
                Kernel::console_queues_are_sound,
            ),
        ],
    },
    Invariant {
        name: "wait-indexes",
        sentence: "the index of a queue has its waiters in their order, and knows what they and those below them wish for",
        parts: &[Part::Whole(
            Aspects::QUEUES
                .union(Aspects::MESSAGES)
                .union(Aspects::SEMAPHORES)
                .union(Aspects::OPERATIONS)
                .union(Aspects::PLACES)
                .union(Aspects::SYSV_WAITERS)
                .union(Aspects::HELD),
            Kernel::wait_indexes_are_sound,
        )],
    },
    Invariant {
        name: "alarms",
        sentence: "the timer queue holds exactly the sleepers and the timers that run",
        parts: &[Part::Whole(
            Aspects::ALARMS.union(Aspects::TIMED).union(Aspects::CLOCKS).union(Aspects::POSIX_TIMERS),
            Kernel::alarms_are_set,
        )],
    },
    Invariant {
        name: "timers",
        sentence: "a timer is in the list of its process, and its signal is pending exactly if it says so",
        parts: &[Part::Whole(
            Aspects::POSIX_TIMERS
                .union(Aspects::INFOS)
                .union(Aspects::PENDING)
                .union(Aspects::CLOCKS)
                .union(Aspects::LIVES)
                .union(Aspects::THREAD_SLOTS),
            Kernel::timers_are_sound,
        )],
    },
    Invariant {
        name: "no-lost-wakeup",
        sentence: "nobody waits for a stable condition that holds, or with a signal to take",
        parts: &[
            Part::Thread(Aspects::empty(), Kernel::thread_has_no_signal_to_take),
            Part::Thread(FIRST_PROCESS, Kernel::waits_for_children_rightly),
            Part::Pipe(Aspects::empty(), Kernel::nobody_sleeps_over_a_pipe),
            Part::Mqueue(Aspects::empty(), Kernel::nobody_sleeps_over_a_queue),
            Part::Whole(
                Aspects::CONSOLE.union(Aspects::TERMINAL).union(Aspects::CONSOLE_WAITERS),
                Kernel::nobody_sleeps_over_the_console,
            ),
            Part::always(Kernel::nothing_is_overdue),
        ],
    },
    Invariant {
        name: "file-references",
        sentence: "a description counts the descriptors and blocked opens that refer to it",
        parts: &[
            Part::Balance(&[Kind::File]),
            Part::File(Aspects::empty(), Kernel::file_is_referred_to),
            Part::Thread(Aspects::empty(), Kernel::blocked_open_has_a_file),
        ],
    },
    Invariant {
        name: "pipe-ends",
        sentence: "a pipe counts the descriptions that may read and those that may write, and has one at least",
        parts: &[
            Part::Balance(&[Kind::PipeReader, Kind::PipeWriter]),
            Part::Pipe(Aspects::empty(), Kernel::pipe_has_an_end),
        ],
    },
    Invariant {
        name: "mqueues",
        sentence: "a message queue is that of one inode, its messages are in order, and its user is found and charged for it",
        parts: &[
            Part::Balance(&[Kind::Mqueue, Kind::Charge, Kind::ChargedBytes]),
            Part::File(Aspects::INODE_KINDS, Kernel::open_queue_is_that_of_its_inode),
            Part::Mqueue(Aspects::MQ_MESSAGES, Kernel::message_queue_is_sound),
            Part::Mqueue(Aspects::DESCRIPTORS.union(Aspects::FILES), Kernel::notification_is_right),
            Part::Whole(
                Aspects::MQ_USERS.union(Aspects::KEY_NODES).union(Aspects::KEY_ROOTS),
                Kernel::users_of_queues_are_found,
            ),
        ],
    },
    Invariant {
        name: "mqueue-messages",
        sentence: "a message is in one queue or in the hand of one thread, and has frames for its bytes",
        parts: &[
            Part::Thread(Aspects::empty(), Kernel::exchange_is_right),
            Part::Whole(
                Aspects::MQUEUES.union(Aspects::MQ_MESSAGES).union(Aspects::HELD),
                Kernel::messages_are_somewhere,
            ),
        ],
    },
    Invariant {
        name: "inode-references",
        sentence: "an inode counts its names and what else refers to it, and has one of either at least",
        parts: &[
            Part::Balance(&[Kind::Link, Kind::Inode]),
            Part::Inode(Aspects::empty(), Kernel::inode_is_referred_to),
            Part::Name(Aspects::empty(), Kernel::name_leads_somewhere),
        ],
    },
    Invariant {
        name: "names",
        sentence: "every name is in its directory in order, is found, and leads up to the root; no other is found",
        parts: &[
            Part::Balance(&[Kind::Entry, Kind::Chained]),
            Part::Inode(Aspects::empty(), Kernel::directory_is_sound),
            Part::Name(Aspects::empty(), Kernel::name_is_found),
            Part::Whole(Aspects::NAMES.union(Aspects::NAME_INDEX), Kernel::there_is_a_bucket_for_each_name),
        ],
    },
    Invariant {
        name: "fifos",
        sentence: "a FIFO has a pipe exactly as long as it is open, and nobody waits to open it who needn't",
        parts: &[
            Part::Inode(Aspects::empty(), Kernel::fifo_is_sound),
            Part::Pipe(Aspects::empty(), Kernel::pipe_of_a_fifo_is_sound),
        ],
    },
    Invariant {
        name: "frame-references",
        sentence: "a frame counts the page table entries, objects and buffers that refer to it",
        parts: &[Part::Balance(&[Kind::Frame]), Part::Frame(Aspects::empty(), Kernel::frame_is_referred_to)],
    },
    Invariant {
        name: "object-mappings",
        sentence: "a shared object counts the regions that map it and knows whose they are, and has one unless something keeps it",
        parts: &[
            Part::Balance(&[Kind::Mapping, Kind::Mapper, Kind::Memory]),
            Part::Object(Aspects::SEGMENTS, Kernel::object_is_kept),
        ],
    },
    Invariant {
        name: "segments",
        sentence: "a segment has an object of its own, is found by its key unless it is removed, and its pages are counted",
        parts: &[Part::Whole(
            Aspects::SEGMENTS
                .union(Aspects::OBJECTS)
                .union(Aspects::KEY_NODES)
                .union(Aspects::KEY_ROOTS)
                .union(Aspects::SEGMENT_PAGES),
            Kernel::segments_are_right,
        )],
    },
    Invariant {
        name: "messages",
        sentence: "a message stands in one queue or is held by one thread, and a queue's bytes are those of its messages",
        parts: &[Part::Whole(
            Aspects::QUEUES
                .union(Aspects::MESSAGES)
                .union(Aspects::HELD)
                .union(Aspects::KEY_NODES)
                .union(Aspects::KEY_ROOTS),
            Kernel::messages_are_right,
        )],
    },
    Invariant {
        name: "semaphores",
        sentence: "a set has the semaphores that it says, and its waiters' operations are exactly those that are kept",
        parts: &[Part::Whole(
            Aspects::SETS
                .union(Aspects::SEMAPHORES)
                .union(Aspects::OPERATIONS)
                .union(Aspects::HELD)
                .union(Aspects::SYSV_WAITERS)
                .union(Aspects::KEY_NODES)
                .union(Aspects::KEY_ROOTS),
            Kernel::semaphores_are_right,
        )],
    },
    Invariant {
        name: "undos",
        sentence: "what is undone to a semaphore is known to it and to a living process, once, and isn't nothing",
        parts: &[Part::Whole(
            Aspects::UNDOS
                .union(Aspects::UNDO_LISTS)
                .union(Aspects::SETS)
                .union(Aspects::SEMAPHORES)
                .union(Aspects::OPERATIONS)
                .union(Aspects::HELD)
                .union(Aspects::LIVES)
                .union(Aspects::THREAD_SLOTS)
                .union(Aspects::KEY_NODES),
            Kernel::undos_are_right,
        )],
    },
    Invariant {
        name: "ipc-sleepers",
        sentence: "nobody sleeps at a message queue or a semaphore who could go on",
        parts: &[Part::Whole(
            Aspects::QUEUES
                .union(Aspects::MESSAGES)
                .union(Aspects::SETS)
                .union(Aspects::SEMAPHORES)
                .union(Aspects::UNDOS)
                .union(Aspects::UNDO_LISTS)
                .union(Aspects::OPERATIONS)
                .union(Aspects::HELD)
                .union(Aspects::SYSV_WAITERS)
                .union(Aspects::KEY_NODES),
            Kernel::nobody_sleeps_over_ipc,
        )],
    },
    Invariant {
        name: "action-references",
        sentence: "a set of signal actions counts the processes that have it",
        parts: &[Part::Balance(&[Kind::Actions]), Part::Actions(Aspects::empty(), Kernel::actions_are_referred_to)],
    },
    Invariant {
        name: "queued-signals",
        sentence: "the details of signals are kept for exactly those that are pending, and room for those of timers",
        parts: &[Part::Whole(
            Aspects::INFOS.union(Aspects::PENDING).union(Aspects::POSIX_TIMERS),
            Kernel::queued_signals_are_right,
        )],
    },
    Invariant {
        name: "numbers",
        sentence: "a number is in use as long as a process, a group or a session goes by it",
        parts: &[Part::Whole(
            Aspects::NUMBERS
                .union(Aspects::NUMBERED)
                .union(Aspects::NUMBER_NODES)
                .union(Aspects::NUMBER_ROOT)
                .union(Aspects::FOREGROUND),
            Kernel::numbers_are_right,
        )],
    },
    Invariant {
        name: "nodes",
        sentence: "the nodes of the radix trees are exactly those that the trees count",
        parts: &[Part::Balance(&[Kind::Nodes])],
    },
    Invariant {
        name: "no-shared-writable",
        sentence: "no writable frame is shared unless its mapping is, and no entry gives more rights than its region",
        parts: &[Part::Space(Aspects::empty(), Kernel::nothing_private_is_shared_writable)],
    },
    Invariant {
        name: "rings",
        sentence: "a ring is within its capacity and holds frames exactly where there are bytes",
        parts: &[
            Part::Pipe(Aspects::empty(), Kernel::ring_is_sound),
            Part::Whole(Aspects::CONSOLE, Kernel::console_ring_is_sound),
        ],
    },
    Invariant {
        name: "terminal",
        sentence: "a session that has the terminal has a living leader, and only its members have it; input is sound",
        parts: &[
            Part::Whole(Aspects::TERMINAL, Kernel::terminal_is_sound),
            Part::Whole(
                Aspects::NUMBERED
                    .union(Aspects::NUMBERS)
                    .union(Aspects::LIVES)
                    .union(Aspects::CONSOLE)
                    .union(Aspects::FOREGROUND),
                Kernel::sessions_have_the_terminal,
            ),
        ],
    },
    Invariant {
        name: "unblockable",
        sentence: "SIGKILL and SIGSTOP are never blocked, ignored or caught",
        parts: &[
            Part::Thread(Aspects::empty(), Kernel::unblockable_signals_are_not_blocked),
            Part::Actions(Aspects::empty(), Kernel::unblockable_signals_have_no_action),
        ],
    },
];

impl Kernel {
    /// Checks what must hold when `resume` lets a thread go on in user mode: nothing that it could take is pending, and its
    /// parent has been told if it was continued.
    ///
    /// # Errors
    /// Something is.
    pub fn check_resumed(&self, thread: ThreadId) -> Result<(), Violation> {
        match self.has_continuation_to_tell(thread) || self.has_signal_to_take(thread) {
            true => Err(Violation {
                name: "delivered",
                sentence: "nothing deliverable stays pending across a resume",
                slot: thread.slot.index(),
            }),
            false => Ok(()),
        }
    }

    /// Checks every invariant. After every step of a run a [`Checker`] finds the same for less.
    ///
    /// # Errors
    /// The first that doesn't hold.
    pub fn check(&self) -> Result<(), Violation> {
        // All counters at once: which one is wrong is a question only if one is.
        let balanced = self.is_all_balanced();
        INVARIANTS.iter().try_for_each(|invariant| invariant.check_parts(self, balanced))
    }
}

/// Turns a claim about a slot into a result.
fn holds(claim: bool, slot: usize) -> Result<(), Broken> {
    if claim { Ok(()) } else { Err(slot) }
}
