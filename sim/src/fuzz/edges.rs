//! Edges of waiting: who waited in which call for what, and what ended that: a call of another, a signal, the end of a process,
//! time. With a table of those that are possible, so that it can be said which ones nobody has seen.
//!
//! The table is written from the manual pages, and a campaign that sees another edge says so (`--demand` fails then). A call
//! that finds a signal before it gets to sleep is no edge: it never waited.

use std::collections::BTreeMap;

use kernel::thread::{QueueName, WaitsFor};

use crate::fuzz::coverage::Row;

/// Who, or what, made something happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// Somebody's call, when it was made or tried again.
    Call(Row),
    /// Something else, by its name in [`OTHERS`].
    Other(&'static str),
}

/// A signal ended or stopped a process, or a fault did.
pub const DEATH: &str = "a death";
/// A process that had been continued ran, and said so.
pub const CONTINUATION: &str = "a continuation";
/// A timer expired.
pub const TIMER: &str = "a timer";
/// Time passed.
pub const TIME: &str = "time";
/// Bytes or their end at the console, or another size of its window.
pub const INPUT: &str = "input";
/// A signal from outside, as the machine's user sends it.
pub const OUTSIDE: &str = "outside";
/// What there is besides calls.
pub const OTHERS: [&str; 6] = [DEATH, CONTINUATION, TIMER, TIME, INPUT, OUTSIDE];

impl Cause {
    /// The first in order.
    pub const FIRST: Cause = Cause::Call(Row(0));

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Call(row) => row.info().name,
            Cause::Other(name) => name,
        }
    }

    fn by_name(name: &'static str) -> Cause {
        Row::by_name(name).map_or(Cause::Other(name), Cause::Call)
    }
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// What was waited for may have happened.
    Condition(Cause),
    /// A signal.
    Signal(Cause),
    /// The time limit was reached.
    Time,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Condition(cause) => f.write_str(cause.name()),
            End::Signal(cause) => write!(f, "a signal of {}", cause.name()),
            End::Time => f.write_str("its time limit"),
        }
    }
}

/// A wait and its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edge {
    /// The call that waited.
    pub row: Row,
    /// For what: its place in [`KINDS`].
    pub kind: u8,
    /// What ended that.
    pub end: End,
}

/// How often each was seen.
pub type Counts = BTreeMap<Edge, u64>;

/// What one can wait for.
pub struct Kind {
    /// In a few words.
    pub what: &'static str,
    /// The calls that do, and whether they can have a time limit.
    pub calls: &'static [(&'static str, bool)],
    /// What can make it happen.
    pub by: &'static [&'static str],
}

/// What can send a signal to somebody who waits: SIGCHLD comes of an end or a continuation, a notification of a message, the
/// terminal's of input.
const SIGNALLERS: [&str; 10] =
    ["kill", "tgkill", "rt_sigqueueinfo", "exit_group", "mq_timedsend", DEATH, CONTINUATION, TIMER, INPUT, OUTSIDE];

/// Whatever closes a descriptor, perhaps the last one.
macro_rules! or_last_close {
    ($($name:expr),*) => { &[$($name,)* "close", "dup3", "execve", "exit_group", DEATH] };
}

/// Everything that can be waited for.
pub const KINDS: [Kind; 18] = [
    // pipe(7): bytes, or the last writer's leaving. Who reads some leaves the rest to the next reader.
    Kind { what: "pipe data", calls: &[("read", false)], by: or_last_close!("write", "read") },
    // Room, or the last reader's leaving; and who has written leaves room to the next writer. F_SETPIPE_SZ makes room too.
    Kind { what: "pipe room", calls: &[("write", false)], by: or_last_close!("read", "write", "fcntl") },
    Kind { what: "a message (POSIX)", calls: &[("mq_timedreceive", true)], by: &["mq_timedsend"] },
    Kind { what: "room (POSIX)", calls: &[("mq_timedsend", true)], by: &["mq_timedreceive"] },
    Kind { what: "a FIFO's writer", calls: &[("openat", false)], by: &["openat"] },
    Kind { what: "a FIFO's reader", calls: &[("openat", false)], by: &["openat"] },
    Kind { what: "console input", calls: &[("read", false)], by: &[INPUT, "read"] },
    Kind { what: "terminal input", calls: &[("read", true)], by: &[INPUT, "read", "ioctl"] },
    Kind { what: "terminal output", calls: &[("write", false)], by: &[INPUT, "ioctl", "write"] },
    // wait(2): an end, a stop, or a continuation; or an orphan that is a zombie already.
    Kind { what: "a child", calls: &[("wait4", false), ("waitid", false)], by: &["exit_group", DEATH, CONTINUATION] },
    // msgop(2): a message, or that the queue is removed or gets other rights.
    Kind { what: "a message (System V)", calls: &[("msgrcv", false)], by: &["msgsnd", "msgctl"] },
    Kind { what: "room (System V)", calls: &[("msgsnd", false)], by: &["msgrcv", "msgctl"] },
    // semop(2): others' operations, SETVAL and SETALL, removal, and SEM_UNDO at an end.
    Kind { what: "a semaphore to grow", calls: SEMAPHORE_CALLS, by: SEMAPHORE_ENDS },
    Kind { what: "a semaphore to be 0", calls: SEMAPHORE_CALLS, by: SEMAPHORE_ENDS },
    Kind { what: "several semaphores", calls: SEMAPHORE_CALLS, by: SEMAPHORE_ENDS },
    Kind { what: "a signal", calls: &[("rt_sigsuspend", false)], by: &[] },
    Kind { what: "one of some signals", calls: &[("rt_sigtimedwait", true)], by: &[] },
    Kind { what: "time", calls: &[("nanosleep", true), ("clock_nanosleep", true)], by: &[] },
];

const SEMAPHORE_CALLS: &[(&str, bool)] = &[("semop", false), ("semtimedop", true)];
const SEMAPHORE_ENDS: &[&str] = &["semop", "semtimedop", "semctl", "exit_group", DEATH];

/// The place in [`KINDS`] of what a thread waits for.
pub fn kind_of(what: WaitsFor) -> u8 {
    match what {
        WaitsFor::PipeData(_) => 0,
        WaitsFor::PipeRoom(_) => 1,
        WaitsFor::MqMessage { .. } => 2,
        WaitsFor::MqRoom { .. } => 3,
        WaitsFor::FifoWriter(_) => 4,
        WaitsFor::FifoReader(_) => 5,
        WaitsFor::ConsoleInput => 6,
        WaitsFor::TerminalInput { .. } => 7,
        WaitsFor::TerminalOutput => 8,
        WaitsFor::Child(_) => 9,
        WaitsFor::Message(_) => 10,
        WaitsFor::MessageRoom(_) => 11,
        WaitsFor::Semaphores { queue: QueueName::SemaphoreChange(_), .. } => 12,
        WaitsFor::Semaphores { queue: QueueName::SemaphoreZero(_), .. } => 13,
        WaitsFor::Semaphores { .. } => 14,
        WaitsFor::Signal => 15,
        WaitsFor::Signals { .. } => 16,
        WaitsFor::Time { .. } => 17,
    }
}

/// Whether an edge that isn't among [`possible`] is one all the same: a terminal's signals may come of many calls (`tcsetattr(3)`, job
/// control), to whoever is in the group.
pub fn is_conceivable(edge: &Edge) -> bool {
    matches!(edge.end, End::Signal(_))
        && KINDS[usize::from(edge.kind)].calls.iter().any(|(call, _)| edge.row.info().name == *call)
}

/// The edges that are possible.
pub fn possible() -> impl Iterator<Item = Edge> {
    KINDS.iter().zip(0..).flat_map(|(kind, number)| {
        kind.calls.iter().flat_map(move |(call, timed)| {
            let row = Row::by_name(call);
            let conditions = kind.by.iter().map(|name| End::Condition(Cause::by_name(name)));
            let signals = SIGNALLERS.iter().map(|name| End::Signal(Cause::by_name(name)));
            let ends = conditions.chain(signals).chain(timed.then_some(End::Time));
            ends.filter_map(move |end| Some(Edge { row: row?, kind: number, end }))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_calls_that_exist_and_no_edge_twice() {
        let names =
            |kind: &Kind| kind.calls.iter().map(|call| call.0).chain(kind.by.iter().copied()).collect::<Vec<_>>();
        for name in KINDS.iter().flat_map(names).chain(SIGNALLERS) {
            assert!(Row::by_name(name).is_some() || OTHERS.contains(&name), "{name}");
        }
        let mut edges: Vec<Edge> = possible().collect();
        let all = edges.len();
        edges.sort_unstable();
        edges.dedup();
        assert_eq!(edges.len(), all);
    }
}
