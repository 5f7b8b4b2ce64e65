//! A thread: what is scheduled, waits and takes signals. Every process has one for now.

use core::fmt;

use abi::{ClockId, SignalSet, Syscall};

use crate::ids::{InodeNo, MqueueNo, PipeNo, PlaceNo, ProcessNo, QueueNo, SemaphoreNo, SetNo, ThreadNo};
use crate::ipc::held::Held;
use crate::ipc::mqueue::transfer::Exchange;
use crate::limits::{THREADS, words};
use crate::list::{Link, Linked};
use crate::signal::alternate_stack::AlternateStack;
use crate::signal::queue::Pending;
use crate::table::{Entry, Table};
use crate::time::left_us;

/// The threads.
pub type Threads = Table<ThreadNo, Thread, THREADS, { words(THREADS) }>;

/// One thread.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Thread {
    /// Tells it from all others that ever had its slot.
    pub serial: u32,
    /// Whose it is.
    pub process: ProcessNo,
    /// Its thread id: that of the process, as long as each has one thread.
    pub tid: u32,
    /// Whether it runs, could run, or waits.
    pub state: ThreadState,
    /// What it does when it runs next.
    pub next: Next,
    /// The call that it is in.
    pub call: Option<Syscall>,
    /// How far the call has got, in the call's own measure: bytes moved, the time at which a sleep ends, the description
    /// that a blocked `open` has reserved.
    pub progress: u64,
    /// What it gives to a message queue, or got from one, while its call isn't over.
    pub exchange: Exchange,
    /// What the call keeps in the kernel until it is over.
    pub held: Held,
    /// Its place among those who wait for the same.
    pub waiter: Waiter,
    /// When the timer wakes it, in microseconds since boot.
    pub timer_us: Option<u64>,
    /// Its place in the run queue.
    pub run_link: Link<ThreadNo>,
    /// Ticks left of its quantum.
    pub quantum_ticks: u32,
    /// Signals that aren't delivered for now.
    pub blocked: SignalSet,
    /// The mask to give back after the handler that ends a `rt_sigsuspend`.
    pub saved_mask: Option<SignalSet>,
    /// A signal woke it from its call. Some calls end with `EINTR` then, even if no handler ran.
    pub interrupted: bool,
    /// Where handlers run that ask for it (`sigaltstack`).
    pub alternate_stack: AlternateStack,
    /// Signals generated for it and not yet delivered.
    pub pending: Pending,
    /// CPU time used and the like.
    pub usage: Usage,
}

impl Entry for Thread {
    const VACANT: Thread = Thread {
        serial: 0,
        process: ProcessNo(u16::MAX),
        tid: 0,
        state: ThreadState::Ready,
        next: Next::Return(0),
        call: None,
        progress: 0,
        exchange: Exchange::Nothing,
        held: Held::Nothing,
        waiter: Waiter { queue: None, link: Link::NONE, woken: false, place: None },
        timer_us: None,
        run_link: Link::NONE,
        quantum_ticks: 0,
        blocked: SignalSet::empty(),
        pending: Pending::NONE,
        saved_mask: None,
        interrupted: false,
        alternate_stack: AlternateStack::NONE,
        usage: Usage::ZERO,
    };
}

impl Thread {
    /// Whether more is to be done at the end of its call than to say how it goes on: it stands in a queue, its timer is set, or
    /// it has something in hand.
    #[inline]
    pub(crate) fn leaves_something(&self) -> bool {
        self.waiter.queue.is_some()
            || self.timer_us.is_some()
            || self.exchange != Exchange::Nothing
            || self.held != Held::Nothing
    }

    /// It is in no call any more.
    #[inline]
    pub(crate) fn end_call(&mut self, next: Next) {
        self.call = None;
        self.progress = 0;
        self.interrupted = false;
        self.next = next;
    }
}

/// Whether a thread runs, could run, or waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ThreadState {
    /// In the run queue.
    Ready,
    /// On a CPU.
    Running,
    /// It waits in its call.
    Blocked(WaitsFor),
    /// A signal stopped its process; its call, if any, is tried again when it is continued.
    Stopped,
}

/// What a blocked thread waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WaitsFor {
    /// Bytes in a pipe, or the end of its writers.
    PipeData(PipeNo),
    /// Room in a pipe, or the end of its readers.
    PipeRoom(PipeNo),
    /// A message in a queue, or a point in time if there is one.
    MqMessage {
        /// In which.
        queue: MqueueNo,
        /// Microseconds since boot.
        until_us: Option<u64>,
    },
    /// Room in a message queue, or a point in time if there is one.
    MqRoom {
        /// In which.
        queue: MqueueNo,
        /// Microseconds since boot.
        until_us: Option<u64>,
    },
    /// Someone who opens a FIFO for writing.
    FifoWriter(InodeNo),
    /// Someone who opens a FIFO for reading.
    FifoReader(InodeNo),
    /// Bytes from the console, or its end.
    ConsoleInput,
    /// Bytes from the terminal, or a point in time if there is one (`VTIME`).
    TerminalInput {
        /// Microseconds since boot.
        until_us: Option<u64>,
    },
    /// The terminal's output to go on.
    TerminalOutput,
    /// A child that changes state.
    Child(ProcessNo),
    /// A message in a System V queue.
    Message(QueueNo),
    /// Room in a System V queue.
    MessageRoom(QueueNo),
    /// Values of System V semaphores that let all its operations be carried out.
    Semaphores {
        /// Where it stands.
        queue: QueueName,
        /// Microseconds since boot, if the wait ends.
        until_us: Option<u64>,
    },
    /// A signal that is caught (`rt_sigsuspend`).
    Signal,
    /// One of these signals, or a point in time if there is one (`rt_sigtimedwait`).
    Signals {
        /// Which.
        set: SignalSet,
        /// Microseconds since boot.
        until_us: Option<u64>,
    },
    /// A point in time.
    Time {
        /// Microseconds since boot.
        until_us: u64,
    },
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitsFor::PipeData(pipe) => write!(f, "data in pipe {}", pipe.0),
            WaitsFor::PipeRoom(pipe) => write!(f, "room in pipe {}", pipe.0),
            WaitsFor::MqMessage { queue, .. } => write!(f, "a message in POSIX queue {}", queue.0),
            WaitsFor::MqRoom { queue, .. } => write!(f, "room in POSIX queue {}", queue.0),
            WaitsFor::FifoWriter(fifo) => write!(f, "somebody to open FIFO {} for writing", fifo.0),
            WaitsFor::FifoReader(fifo) => write!(f, "somebody to open FIFO {} for reading", fifo.0),
            WaitsFor::ConsoleInput => f.write_str("console input"),
            WaitsFor::TerminalInput { .. } => f.write_str("terminal input"),
            WaitsFor::TerminalOutput => f.write_str("the terminal's output to go on"),
            WaitsFor::Child(_) => f.write_str("a child to change state"),
            WaitsFor::Message(queue) => write!(f, "a message in queue {}", queue.0),
            WaitsFor::MessageRoom(queue) => write!(f, "room in message queue {}", queue.0),
            WaitsFor::Semaphores { queue: QueueName::SemaphoreZero(semaphore), .. } => {
                write!(f, "semaphore {} to be zero", semaphore.0)
            }
            WaitsFor::Semaphores { queue: QueueName::SemaphoreChange(semaphore), .. } => {
                write!(f, "semaphore {} to grow", semaphore.0)
            }
            WaitsFor::Semaphores { .. } => f.write_str("several semaphores"),
            WaitsFor::Signal => f.write_str("a signal"),
            WaitsFor::Signals { set, .. } => write!(f, "one of the signals {set:?}"),
            WaitsFor::Time { until_us } => write!(f, "time {until_us} us"),
        }
    }
}

/// What a thread does when it runs next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Next {
    /// Begin its image.
    Start {
        /// Where the arguments lie.
        stack_pointer: u64,
    },
    /// Return from its call.
    Return(i64),
    /// Try its call again.
    Call,
    /// Deal with signals, and then try its call again: it was stopped in it.
    CallAfterSignals,
    /// Try the access again that trapped.
    Access,
}

impl Next {
    /// Whether it is in a call.
    pub(crate) fn is_call(self) -> bool {
        matches!(self, Next::Call | Next::CallAfterSignals)
    }
}

/// The names of the wait queues.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum QueueName {
    /// Readers of a pipe.
    PipeReaders(PipeNo),
    /// Writers of a pipe.
    PipeWriters(PipeNo),
    /// Receivers of a POSIX message queue.
    MqReceivers(MqueueNo),
    /// Senders of a POSIX message queue.
    MqSenders(MqueueNo),
    /// Those who open a FIFO for reading, while nobody writes.
    FifoReaders(InodeNo),
    /// Those who open a FIFO for writing, while nobody reads.
    FifoWriters(InodeNo),
    /// Readers of the console.
    Console,
    /// Writers to the terminal.
    TerminalWriters,
    /// Threads of a process that wait for its children.
    Children(ProcessNo),
    /// Receivers at a System V message queue.
    Receivers(QueueNo),
    /// Senders at a System V message queue.
    Senders(QueueNo),
    /// Those who wait to change a semaphore.
    SemaphoreChange(SemaphoreNo),
    /// Those who wait for a semaphore to be zero.
    SemaphoreZero(SemaphoreNo),
    /// Those who wait to change several semaphores of a set.
    SetChange(SetNo),
    /// Those who wait for several semaphores of a set to be zero.
    SetZero(SetNo),
}

/// A thread's place in a wait queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Waiter {
    /// In which queue it stands.
    pub queue: Option<QueueName>,
    /// Its neighbours.
    pub link: Link<ThreadNo>,
    /// It has been told to try again. It keeps its place until it succeeds, so that nobody overtakes it.
    pub woken: bool,
    /// Its place in the index of its queue, if that has one.
    pub place: Option<PlaceNo>,
}

/// The list of a wait queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct WaitList;
/// The list of a run queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RunList;

impl Linked<WaitList, ThreadNo> for Thread {
    fn link(&self) -> &Link<ThreadNo> {
        &self.waiter.link
    }
    fn link_mut(&mut self) -> &mut Link<ThreadNo> {
        &mut self.waiter.link
    }
}

impl Linked<RunList, ThreadNo> for Thread {
    fn link(&self) -> &Link<ThreadNo> {
        &self.run_link
    }
    fn link_mut(&mut self) -> &mut Link<ThreadNo> {
        &mut self.run_link
    }
}

/// Resources used: what `getrusage` and `times` report.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Usage {
    /// CPU time in user code, in microseconds.
    pub utime_us: u64,
    /// CPU time in the kernel, in microseconds.
    pub stime_us: u64,
    /// Page faults served.
    pub page_faults: u64,
    /// Switches because it blocked or yielded.
    pub voluntary_switches: u64,
    /// Switches because its quantum was used up.
    pub involuntary_switches: u64,
}

impl Usage {
    /// Nothing.
    pub const ZERO: Usage =
        Usage { utime_us: 0, stime_us: 0, page_faults: 0, voluntary_switches: 0, involuntary_switches: 0 };

    /// Adds what another has used.
    pub(crate) fn add(&mut self, other: &Usage) {
        self.utime_us = self.utime_us.wrapping_add(other.utime_us);
        self.stime_us = self.stime_us.wrapping_add(other.stime_us);
        self.page_faults = self.page_faults.wrapping_add(other.page_faults);
        self.voluntary_switches = self.voluntary_switches.wrapping_add(other.voluntary_switches);
        self.involuntary_switches = self.involuntary_switches.wrapping_add(other.involuntary_switches);
    }
}

impl Thread {
    /// What it waits for, if it is blocked.
    pub fn waits_for(&self) -> Option<WaitsFor> {
        match self.state {
            ThreadState::Blocked(what) => Some(what),
            _ => None,
        }
    }
}

impl Thread {
    /// Turns the points in time that its call knows into what is left of them.
    pub(crate) fn make_times_relative(&mut self, now_us: u64, cpu_us: u64) {
        if let ThreadState::Blocked(
            WaitsFor::Time { until_us }
            | WaitsFor::Signals { until_us: Some(until_us), .. }
            | WaitsFor::MqMessage { until_us: Some(until_us), .. }
            | WaitsFor::MqRoom { until_us: Some(until_us), .. }
            | WaitsFor::Semaphores { until_us: Some(until_us), .. }
            | WaitsFor::TerminalInput { until_us: Some(until_us) },
        ) = &mut self.state
        {
            *until_us = left_us(*until_us, now_us);
        }
        match self.call {
            Some(Syscall::ClockNanosleep { clock: ClockId::CLOCK_PROCESS_CPUTIME_ID, .. }) => {
                self.progress = left_us(self.progress, cpu_us);
            }
            Some(
                Syscall::Nanosleep { .. }
                | Syscall::ClockNanosleep { .. }
                | Syscall::RtSigtimedwait { .. }
                | Syscall::MqTimedsend { .. }
                | Syscall::MqTimedreceive { .. }
                | Syscall::Semtimedop { .. },
            ) => {
                self.progress = left_us(self.progress, now_us);
            }
            _ => {}
        }
        if let Some(Syscall::Read { .. }) = self.call {
            let mut progress = crate::tty::Progress::unpack(self.progress);
            progress.until_us = left_us(progress.until_us, now_us);
            self.progress = progress.pack();
        }
    }
}
