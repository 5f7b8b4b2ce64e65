//! What a checker remembers of slots, in the parts that say which aspect of the state has changed.

use core::hash::{Hash, Hasher};

use abi::FastHasher;

use crate::ids::{InodeNo, NumberNo, PipeNo, PlaceNo, ProcessNo, ThreadNo};
use crate::invariants::balance::queue_target;
use crate::invariants::part::Aspects;
use crate::ipc::held::Held;
use crate::ipc::mqueue::transfer::Exchange;
use crate::ipc::undo::ProcessUndos;
use crate::kernel::Kernel;
use crate::list::{Link, List};
use crate::mem::space::Space;
use crate::name::inode::{Inode, Kind};
use crate::process::{ChildList, Process, ZombieList};
use crate::radix::Tree;
use crate::sched::policy::Scheduler;
use crate::signal::queue::Pending;
use crate::thread::{QueueName, Thread, ThreadState};
use crate::time::interval::Interval;
use crate::time::timer::TimerList;

/// The hash of something.
pub(super) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = FastHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The aspects whose views differ.
fn differences<V: PartialEq, const N: usize>(
    before: Option<&V>,
    after: Option<&V>,
    all: Aspects,
    parts: impl Fn(&V, &V) -> [(Aspects, bool); N],
) -> Aspects {
    match (before, after) {
        (None, None) => Aspects::empty(),
        (Some(before), Some(after)) => {
            let parts = parts(before, after);
            parts.into_iter().filter(|(_, same)| !same).fold(Aspects::empty(), |all, (aspect, _)| all | aspect)
        }
        _ => all,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kinship {
    parent: Option<ProcessNo>,
    children: List<ChildList, ProcessNo>,
    sibling_link: Link<ProcessNo>,
    births: (u64, u64),
    zombies: List<ZombieList, ProcessNo>,
    zombie_link: Link<ProcessNo>,
    changed_children: u16,
    unreported: Option<abi::WaitStatus>,
    untold: (bool, bool),
    zombie: bool,
    subreaper: bool,
}

/// A process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ProcessView {
    kinship: Kinship,
    numbered: (u32, NumberNo, NumberNo, NumberNo, Link<ProcessNo>, bool),
    pending: Pending,
    clocks: (Interval, List<TimerList, crate::ids::TimerNo>),
    undos: List<ProcessUndos, crate::ids::UndoNo>,
    lives: (bool, bool),
    pub(super) thread: ThreadNo,
    /// The root of its page table, and a hash of its regions.
    pub(super) space: (Tree<5>, u64),
}

impl ProcessView {
    pub(super) fn of(process: &Process) -> ProcessView {
        let zombie = process.is_zombie();
        ProcessView {
            kinship: Kinship {
                parent: process.parent,
                children: process.children,
                sibling_link: process.sibling_link,
                births: (process.birth, process.next_birth),
                zombies: process.zombies,
                zombie_link: process.zombie_link,
                changed_children: process.changed_children,
                unreported: process.unreported,
                untold: (process.continued_untold, process.adopted_changed),
                zombie,
                subreaper: process.subreaper,
            },
            numbered: (
                process.pid,
                process.number,
                process.group,
                process.session,
                process.group_link,
                process.has_terminal,
            ),
            pending: process.pending,
            clocks: (process.intervals.real, process.timers),
            undos: process.undos,
            lives: (zombie, process.stopped),
            thread: process.thread,
            space: (process.space.table, hash_of_regions(&process.space)),
        }
    }

    pub(super) fn parent(&self) -> Option<ProcessNo> {
        self.kinship.parent
    }

    pub(super) fn differences(before: Option<&ProcessView>, after: Option<&ProcessView>) -> Aspects {
        let all = Aspects::KINSHIP
            .union(Aspects::NUMBERED)
            .union(Aspects::PENDING)
            .union(Aspects::CLOCKS)
            .union(Aspects::UNDO_LISTS)
            .union(Aspects::DESCRIPTORS)
            .union(Aspects::LIVES);
        differences(before, after, all, |before, after| {
            [
                (Aspects::KINSHIP, before.kinship == after.kinship),
                (Aspects::NUMBERED, before.numbered == after.numbered),
                (Aspects::PENDING, before.pending == after.pending),
                (Aspects::CLOCKS, before.clocks == after.clocks),
                (Aspects::UNDO_LISTS, before.undos == after.undos),
                (Aspects::LIVES, before.lives == after.lives && before.thread == after.thread),
            ]
        })
    }
}

/// Each region has a hash of its own, so that they needn't wait for one another.
fn hash_of_regions(space: &Space) -> u64 {
    space.regions.iter().fold(0, |sum: u64, region| sum.rotate_left(7).wrapping_add(hash_of(region)))
}

/// A thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ThreadView {
    pub(super) process: ProcessNo,
    pub(super) queue: Option<QueueName>,
    place: Option<PlaceNo>,
    pending: Pending,
    held: (Held, Exchange, bool),
    timer_us: Option<u64>,
    ready: (bool, Link<ThreadNo>),
}

// In few words: threads are what changes most often.
impl Hash for ThreadView {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let half = |place: Option<u16>| place.map_or(0, |place| u64::from(place) + 1);
        let ThreadView { process, queue, place, pending, held: (held, exchange, in_call), timer_us, ready } = self;
        let flags = u64::from(ready.0) | u64::from(*in_call) << 1 | u64::from(timer_us.is_some()) << 2;
        let links = half(ready.1.previous.map(|thread| thread.0)) | half(ready.1.next.map(|thread| thread.0)) << 20;
        state.write_u64(flags | u64::from(process.0) << 8 | half(place.map(|place| place.0)) << 32);
        state.write_u64(links | queue.map_or(0, |queue| queue_target(queue) as u64 + 1) << 40);
        state.write_u64(timer_us.unwrap_or(0));
        if self.holds_nothing() && *pending == Pending::NONE {
            return;
        }
        (pending, held, exchange).hash(state);
    }
}

impl ThreadView {
    pub(super) fn of(thread: &Thread) -> ThreadView {
        ThreadView {
            process: thread.process,
            queue: thread.waiter.queue,
            place: thread.waiter.place,
            pending: thread.pending,
            held: (thread.held, thread.exchange, thread.call.is_some()),
            timer_us: thread.timer_us,
            ready: (thread.state == ThreadState::Ready, thread.run_link),
        }
    }

    /// Whether its call holds something.
    pub(super) fn holds_something(&self) -> bool {
        self.held.0 != Held::Nothing
    }

    fn holds_nothing(&self) -> bool {
        self.held.0 == Held::Nothing && self.held.1 == Exchange::Nothing
    }

    /// Whether two hold the same; whether their call is over counts only if one holds something.
    fn hold_the_same(&self, other: &ThreadView) -> bool {
        self.held == other.held || (self.holds_nothing() && other.holds_nothing())
    }

    pub(super) fn differences(before: Option<&ThreadView>, after: Option<&ThreadView>) -> Aspects {
        let all = Aspects::PENDING
            .union(Aspects::HELD)
            .union(Aspects::PLACES)
            .union(Aspects::TIMED)
            .union(Aspects::RUN_QUEUE)
            .union(Aspects::THREAD_SLOTS);
        differences(before, after, all, |before, after| {
            [
                (Aspects::PENDING, before.pending == after.pending),
                (Aspects::HELD, before.hold_the_same(after)),
                (Aspects::PLACES, before.place == after.place),
                (Aspects::TIMED, before.timer_us == after.timer_us),
                (Aspects::RUN_QUEUE, before.ready == after.ready),
            ]
        })
    }
}

/// An inode: a hash of what it is, its pipe, and the directory in which it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct InodeView {
    pub(super) kind: u64,
    pub(super) pipe: Option<PipeNo>,
    pub(super) parent: Option<InodeNo>,
}

impl InodeView {
    pub(super) fn of(inode: &Inode) -> InodeView {
        match &inode.kind {
            Kind::Fifo(fifo) => InodeView { kind: 1, pipe: fifo.pipe, parent: None },
            Kind::Directory(directory) => InodeView { kind: 2, pipe: None, parent: Some(directory.parent) },
            other => InodeView { kind: hash_of(other), pipe: None, parent: None },
        }
    }
}

/// What stands in no table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LooseView {
    numbers: Tree<3>,
    keys: [Tree<7>; 4],
    segment_pages: u32,
    subreapers: u16,
    terminal: (bool, Option<NumberNo>, Option<NumberNo>),
    /// How many there are is only counted, as subreapers are.
    nodes: usize,
}

impl LooseView {
    pub(super) fn of(kernel: &Kernel) -> LooseView {
        LooseView {
            numbers: kernel.numbers.by_value,
            keys: [kernel.segments.keys, kernel.queues.keys, kernel.sets.keys, kernel.mq_users.by_uid],
            segment_pages: kernel.segment_pages,
            subreapers: kernel.subreapers,
            terminal: (kernel.tty.present, kernel.tty.session, kernel.tty.foreground),
            nodes: kernel.nodes.len(),
        }
    }

    pub(super) fn differences(before: Option<&LooseView>, after: Option<&LooseView>) -> Aspects {
        let all =
            Aspects::NUMBER_ROOT.union(Aspects::KEY_ROOTS).union(Aspects::SEGMENT_PAGES).union(Aspects::FOREGROUND);
        differences(before, after, all, |before, after| {
            [
                (Aspects::NUMBER_ROOT, before.numbers == after.numbers),
                (Aspects::KEY_ROOTS, before.keys == after.keys),
                (Aspects::SEGMENT_PAGES, before.segment_pages == after.segment_pages),
                (Aspects::FOREGROUND, before.terminal == after.terminal),
            ]
        })
    }
}

/// Who runs, and who could.
pub(super) type CpuView = (Option<ThreadNo>, Scheduler);

/// Whose a node of a radix tree is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Owner {
    /// It is free.
    #[default]
    Nobody,
    /// The tree of numbers.
    Numbers,
    /// Keys, the semaphores of a set, or who has POSIX message queues.
    Keys,
    /// A page table.
    Process(ProcessNo),
    /// The pages of an object.
    Object(crate::ids::ObjectNo),
}

/// The FIFO of a pipe.
pub(super) type FifoView = Option<InodeNo>;
