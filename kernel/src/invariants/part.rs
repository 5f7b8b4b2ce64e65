//! What an invariant is made of: parts that look at one slot, parts that look at everything, and parts that count.
//!
//! Each says when it has to be looked at again, so that a `Checker` can leave out what can't have been broken. Without a
//! checker all of them are looked at for all slots: it is the same code.

use bitflags::bitflags;

use crate::ids::{
    ActionsNo, FileNo, FrameNo, InodeNo, MqueueNo, NameNo, ObjectNo, PipeNo, ProcessNo, QueueNo, SemaphoreNo, SetNo,
    ThreadNo,
};
use crate::invariants::balance::Kind;
use crate::invariants::{Broken, INVARIANTS};
use crate::kernel::Kernel;
use crate::limits::{
    ACTION_SETS, FILES, FRAMES, INODES, MQUEUES, MSG_QUEUES, NAMES, OBJECTS, PIPES, PROCESSES, SEM_SETS, SEMAPHORES,
    THREADS, words,
};
use crate::table::Slot;
use crate::touched::Touched;

bitflags! {
    /// What of the state may have changed.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct Aspects: u64 {
        /// Parents, children, siblings, zombies, what is to be reported of them, subreapers.
        const KINSHIP = 1 << 0;
        /// A process's number, group, session, and whether it has the terminal.
        const NUMBERED = 1 << 1;
        /// Which signals are pending.
        const PENDING = 1 << 2;
        /// A process's timers.
        const CLOCKS = 1 << 3;
        /// The lists of what processes undo.
        const UNDO_LISTS = 1 << 4;
        /// What descriptors refer to.
        const DESCRIPTORS = 1 << 5;
        /// Who is alive, or stopped, and which thread is whose.
        const LIVES = 1 << 6;
        /// Which slots hold a thread.
        const THREAD_SLOTS = 1 << 7;
        /// Who is ready, in which order, and who runs.
        const RUN_QUEUE = 1 << 8;
        /// Until when threads wait.
        const TIMED = 1 << 9;
        /// What threads hold, and give to message queues.
        const HELD = 1 << 10;
        /// Who waits for System V IPC.
        const SYSV_WAITERS = 1 << 11;
        /// Who waits for the console.
        const CONSOLE_WAITERS = 1 << 12;
        /// Numbers.
        const NUMBERS = 1 << 13;
        /// Descriptions.
        const FILES = 1 << 14;
        /// POSIX message queues.
        const MQUEUES = 1 << 15;
        /// Their messages.
        const MQ_MESSAGES = 1 << 16;
        /// Who is charged for them.
        const MQ_USERS = 1 << 17;
        /// What inodes are: directories and what is in them, queues, memory.
        const INODE_KINDS = 1 << 18;
        /// Names.
        const NAMES = 1 << 19;
        /// How they are found.
        const NAME_INDEX = 1 << 20;
        /// Shared memory objects.
        const OBJECTS = 1 << 21;
        /// System V segments.
        const SEGMENTS = 1 << 22;
        /// System V message queues.
        const QUEUES = 1 << 23;
        /// System V messages.
        const MESSAGES = 1 << 24;
        /// Sets of semaphores.
        const SETS = 1 << 25;
        /// Semaphores.
        const SEMAPHORES = 1 << 26;
        /// What is undone to them.
        const UNDOS = 1 << 27;
        /// Operations of those who wait at semaphores.
        const OPERATIONS = 1 << 28;
        /// Details of signals.
        const INFOS = 1 << 29;
        /// POSIX timers.
        const POSIX_TIMERS = 1 << 30;
        /// Nodes of the trees of keys, of those of sets and of that of users: neither page tables nor pages of an object nor numbers.
        const KEY_NODES = 1 << 31;
        /// What is due.
        const ALARMS = 1 << 32;
        /// The console.
        const CONSOLE = 1 << 33;
        /// The terminal.
        const TERMINAL = 1 << 34;
        /// The root of the tree of numbers.
        const NUMBER_ROOT = 1 << 35;
        /// The time. It may always have changed.
        const TIME = 1 << 36;
        /// Who waits for what in the queues that have an index.
        const PLACES = 1 << 37;
        /// Nodes of the tree of numbers.
        const NUMBER_NODES = 1 << 38;
        /// The roots of the trees of keys, and of that of users.
        const KEY_ROOTS = 1 << 39;
        /// How many pages segments have.
        const SEGMENT_PAGES = 1 << 40;
        /// Whether there is a terminal, and whose it is.
        const FOREGROUND = 1 << 42;

        /// A process is near to what was touched. So for each unit that parts look at.
        const NEAR_KIN = 1 << 49;
        const NEAR_NAMES = 1 << 50;
        const NEAR_PROCESSES = 1 << 51;
        const NEAR_SPACES = 1 << 52;
        const NEAR_THREADS = 1 << 53;
        const NEAR_FILES = 1 << 54;
        const NEAR_PIPES = 1 << 55;
        const NEAR_INODES = 1 << 56;
        const NEAR_MQUEUES = 1 << 57;
        const NEAR_OBJECTS = 1 << 58;
        const NEAR_FRAMES = 1 << 59;
        const NEAR_ACTIONS = 1 << 60;
        const NEAR_QUEUES = 1 << 61;
        const NEAR_SETS = 1 << 62;
        const NEAR_SEMAPHORES = 1 << 63;
    }
}

impl Aspects {
    /// Whether each of these that is a table holds something. What looks at all there is needs nothing in particular.
    fn hold_something(self, kernel: &Kernel) -> bool {
        let tables = [
            (Aspects::FILES, kernel.files.len()),
            (Aspects::MQUEUES, kernel.mqueues.len()),
            (Aspects::MQ_MESSAGES, kernel.mq_messages.len()),
            (Aspects::MQ_USERS, kernel.mq_users.table.len()),
            (Aspects::NAMES, kernel.names.len()),
            (Aspects::OBJECTS, kernel.objects.len()),
            (Aspects::SEGMENTS, kernel.segments.table.len()),
            (Aspects::QUEUES, kernel.queues.table.len()),
            (Aspects::MESSAGES, kernel.messages.len()),
            (Aspects::SETS, kernel.sets.table.len()),
            (Aspects::SEMAPHORES, kernel.semaphores.len()),
            (Aspects::UNDOS, kernel.undos.len()),
            (Aspects::OPERATIONS, kernel.operations.len()),
            (Aspects::INFOS, kernel.infos.len()),
            (Aspects::POSIX_TIMERS, kernel.posix_timers.len()),
            (Aspects::ALARMS, usize::from(!kernel.timers.is_empty())),
            (Aspects::TERMINAL, usize::from(kernel.tty.present)),
        ];
        self == Aspects::all() || tables.iter().all(|(table, used)| *used > 0 || !self.contains(*table))
    }
}

macro_rules! units {
    ($($(#[$doc:meta])* $unit:ident $near:ident $flag:ident: $slot:ty, $limit:expr, $($table:ident).+;)*) => {
        /// A part of an invariant, and beside what it is named after the aspects that it depends on.
        pub(super) enum Part {
            /// A look at everything.
            Whole(Aspects, fn(&Kernel) -> Result<(), Broken>),
            /// References of these kinds are counted where they lead to.
            Balance(&'static [Kind]),
            $($(#[$doc])* $unit(Aspects, fn(&Kernel, $slot) -> Result<(), Broken>),)*
        }

        /// Slots that parts have to look at.
        pub(super) struct Near {
            $(pub(super) $near: Touched<{ words($limit) }>,)*
        }

        impl Near {
            pub(super) const NOTHING: Near = Near { $($near: Touched::NOTHING,)* };

            /// Forgets slots that aren't in use; the flags of those units of which some are left.
            pub(super) fn settle(&mut self, kernel: &Kernel) -> Aspects {
                let mut left = Aspects::empty();
                $(
                    self.$near.retain(&kernel.$($table).+.used);
                    left.set(Aspects::$flag, !self.$near.is_empty());
                )*
                left
            }
        }

        impl Part {
            /// Looks at everything.
            pub(super) fn check(&self, kernel: &Kernel) -> Result<(), Broken> {
                match self {
                    Part::Whole(_, check) => check(kernel),
                    Part::Balance(kinds) => kernel.is_balanced(kinds),
                    $(Part::$unit(_, check) => kernel.$($table).+.iter().try_for_each(|(slot, _)| check(kernel, slot)),)*
                }
            }

            /// Whether each table that it looks at holds something.
            pub(super) fn looks_at_something(&self, kernel: &Kernel) -> bool {
                match self {
                    Part::Whole(aspects, _) => aspects.hold_something(kernel),
                    Part::Balance(kinds) => kinds.iter().all(|kind| kind.has_targets(kernel)),
                    $(Part::$unit(..) => kernel.$($table).+.iter().next().is_some(),)*
                }
            }

            /// When it has to be looked at again: if one of these has changed.
            pub(super) const fn when(&self) -> Aspects {
                match self {
                    Part::Whole(aspects, _) => *aspects,
                    Part::Balance(_) => Aspects::empty(),
                    $(Part::$unit(aspects, _) => aspects.union(Aspects::$flag),)*
                }
            }

            /// Looks at what may have changed: at everything, or at those slots in use that are near. Balances are looked at all
            /// at once, elsewhere.
            #[inline]
            pub(super) fn check_near(&self, kernel: &Kernel, changed: Aspects, near: &Near) -> Result<(), Broken> {
                match self {
                    Part::Whole(_, check) => check(kernel),
                    Part::Balance(_) => Ok(()),
                    $(
                        Part::$unit(aspects, _) if aspects.intersects(changed) => self.check(kernel),
                        Part::$unit(_, check) => {
                            for slot in near.$near.iter() {
                                check(kernel, <$slot>::at_index(slot))?;
                            }
                            Ok(())
                        }
                    )*
                }
            }
        }
    };
}

units! {
    /// Of a process, also looked at when its thread was touched or stands in one of its queues.
    Process processes NEAR_PROCESSES: ProcessNo, PROCESSES, processes;
    /// Of a process and its children, looked at when their relations have changed.
    Kin kin NEAR_KIN: ProcessNo, PROCESSES, processes;
    /// Of a name, also looked at when its bucket was touched.
    Name names NEAR_NAMES: NameNo, NAMES, names;
    /// Of a process's memory.
    Space spaces NEAR_SPACES: ProcessNo, PROCESSES, processes;
    /// Of a thread, also looked at when its process was touched, or when it came to the CPU or left it.
    Thread threads NEAR_THREADS: ThreadNo, THREADS, threads;
    /// Of a description.
    File files NEAR_FILES: FileNo, FILES, files;
    /// Of a pipe, also looked at when a thread was touched that waits for it, or its FIFO.
    Pipe pipes NEAR_PIPES: PipeNo, PIPES, pipes;
    /// Of an inode, also looked at when its pipe was touched, a thread that waits to open it, a name in it, or a directory in it.
    Inode inodes NEAR_INODES: InodeNo, INODES, inodes;
    /// Of a POSIX message queue, also looked at when a thread was touched that waits for it.
    Mqueue mqueues NEAR_MQUEUES: MqueueNo, MQUEUES, mqueues;
    /// Of a shared memory object and its pages.
    Object objects NEAR_OBJECTS: ObjectNo, OBJECTS, objects;
    /// Of a frame.
    Frame frames NEAR_FRAMES: FrameNo, FRAMES, frames.frames;
    /// Of a set of signal actions.
    Actions actions NEAR_ACTIONS: ActionsNo, ACTION_SETS, actions;
    /// Of a System V message queue, also looked at when a thread was touched that waits for it.
    Queue queues NEAR_QUEUES: QueueNo, MSG_QUEUES, queues.table;
    /// Of a set of semaphores, also looked at when a thread was touched that waits for it.
    Set sets NEAR_SETS: SetNo, SEM_SETS, sets.table;
    /// Of a semaphore, also looked at when a thread was touched that waits for it.
    Semaphore semaphores NEAR_SEMAPHORES: SemaphoreNo, SEMAPHORES, semaphores;
}

impl Part {
    /// A look at everything, after every step, whatever it changed: what a new invariant may begin with.
    pub(super) const fn always(check: fn(&Kernel) -> Result<(), Broken>) -> Part {
        Part::Whole(Aspects::all(), check)
    }
}

/// How many parts there are.
const PARTS: usize = {
    let (mut rest, mut count) = (INVARIANTS, 0);
    while let [invariant, others @ ..] = rest {
        count += invariant.parts.len();
        rest = others;
    }
    count
};

/// Every part of every invariant, in their order, and when it has to be looked at again.
pub(super) static ALL: [(Aspects, &Part); PARTS] = {
    let mut all: [(Aspects, &Part); PARTS] = [(Aspects::empty(), &Part::Balance(&[])); PARTS];
    let mut room: &mut [(Aspects, &Part)] = &mut all;
    let (mut invariants, mut parts): (_, &[Part]) = (INVARIANTS, &[]);
    while let Some((place, behind)) = room.split_first_mut() {
        while let ([], [invariant, others @ ..]) = (parts, invariants) {
            (parts, invariants) = (invariant.parts, others);
        }
        let [part, more @ ..] = parts else { break };
        *place = (part.when(), part);
        (parts, room) = (more, behind);
    }
    all
};
