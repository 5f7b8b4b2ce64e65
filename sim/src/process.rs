//! A process of user code as plain data: which program, with which arguments, what it was told so far, and the operation
//! that it is parked in. Its future is made from this, and can be thrown away at any time.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use abi::FastHasher;
use kernel::{ImageNo, ProcessId, ThreadId};
use userland::Args;
use userland::hart::{Misuse, Piece, Request, SourceLine, Stage};

use crate::handler::Interrupted;
use crate::history::History;
use crate::panics::Panic;

/// A process, or rather its only thread, as its hart keeps it.
#[derive(Clone)]
pub struct Process {
    /// The thread of the kernel that runs it.
    pub thread: ThreadId,
    /// The process of the kernel that the thread belongs to.
    pub id: ProcessId,
    /// Its program.
    pub image: ImageNo,
    /// What the program was started with.
    pub args: Args,
    /// What it was told since then.
    pub history: History,
    /// Where the stack of its innermost frame begins. What a call takes along is laid out below.
    pub stack_pointer: u64,
    /// What its signal handlers interrupted, the main function's frame first; empty if none runs.
    pub(crate) interrupted: Vec<Interrupted>,
    /// The operation that its innermost frame stands in; `None` before that has begun.
    pub(crate) parked: Option<Request>,
    /// The result of that operation, if it was an access: it is done, and the program is told when it runs next.
    pub(crate) pending: Option<Pending>,
    /// The bytes of that operation, if it has to be tried again because laying them out met a page that wasn't there.
    pub(crate) staged: Option<Arc<Staged>>,
    /// The bytes that came with the result of that operation, if a handler has run since: they were on the stack once.
    pub(crate) kept: Option<Arc<[u8]>>,
}

/// What an access gave.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Pending {
    /// The value of a word loaded, else 0.
    pub(crate) value: i64,
    /// What `LoadBytes` loaded.
    pub(crate) bytes: Option<Arc<[u8]>>,
}

/// A stage that was set aside.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
}

impl Staged {
    pub(crate) fn copy_of(stage: &Stage) -> Arc<Staged> {
        Arc::new(Staged { bytes: stage.bytes.clone(), pieces: stage.pieces.clone() })
    }
}

impl Process {
    /// A process at its very beginning.
    pub(crate) fn new(
        (thread, id): (ThreadId, ProcessId),
        image: ImageNo,
        args: Args,
        stack_pointer: u64,
        keeps_events: bool,
    ) -> Process {
        let history = History::new(seed(image, &args), keeps_events);
        Process {
            thread,
            id,
            image,
            args,
            history,
            stack_pointer,
            interrupted: Vec::new(),
            parked: None,
            pending: None,
            staged: None,
            kept: None,
        }
    }

    /// The child of a fork: all the same, but on this thread.
    pub(crate) fn forked(&self, (thread, id): (ThreadId, ProcessId)) -> Process {
        Process { thread, id, ..self.clone() }
    }

    /// The same program, begun anew from what it handed over.
    pub(crate) fn checkpoint(&mut self, state: &[u8]) {
        let args = self.args.with_checkpoint(state.into());
        let keeps_events = self.history.keeps_events();
        *self = Process::new((self.thread, self.id), self.image, args, self.stack_pointer, keeps_events);
    }

    /// Whether a signal handler runs.
    pub fn is_in_handler(&self) -> bool {
        !self.interrupted.is_empty()
    }

    /// What its signal handlers interrupted, the main function's frame first.
    pub fn interrupted(&self) -> &[Interrupted] {
        &self.interrupted
    }

    /// Where the stack of its main function begins.
    pub(crate) fn main_stack_pointer(&self) -> u64 {
        self.interrupted.first().map_or(self.stack_pointer, |main| main.stack_pointer)
    }

    /// The operation that its innermost frame stands in; `None` before that has begun.
    pub fn parked(&self) -> Option<&Request> {
        self.parked.as_ref()
    }

    /// The line of its source on which it stands; `None` before it has begun.
    pub fn line(&self) -> Option<SourceLine> {
        self.parked.map(|request| request.line)
    }
}

/// What distinguishes histories of different programs, or of one with different arguments, before their first event.
fn seed(image: ImageNo, args: &Args) -> u64 {
    let mut hasher = FastHasher::default();
    image.hash(&mut hasher);
    args.hash(&mut hasher);
    hasher.finish()
}

/// The source line and the stack's bottom are left out: they follow from the rest.
pub(crate) fn compared(request: &Request) -> impl PartialEq + Hash {
    (request.operation, request.outs, request.staged, request.check)
}

impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        (self.thread, self.id) == (other.thread, other.id)
            && self.history == other.history
            && self.parked.as_ref().map(compared) == other.parked.as_ref().map(compared)
            && self.pending == other.pending
            && self.stack_pointer == other.stack_pointer
            && self.interrupted == other.interrupted
            && self.kept == other.kept
            && self.staged.is_some() == other.staged.is_some()
            && self.image == other.image
            && self.args == other.args
    }
}

impl Eq for Process {}

impl Hash for Process {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Program and arguments are in the history's seed.
        self.thread.hash(state);
        self.id.hash(state);
        self.history.hash(state);
        self.parked.as_ref().map(compared).hash(state);
        self.pending.hash(state);
        state.write_u64(self.stack_pointer);
        state.write_u8(self.staged.is_some().into());
        // Which frames there are follows from the history; not so what the kernel gave them to keep.
        for interrupted in &self.interrupted {
            interrupted.hash(state);
        }
        self.kept.hash(state);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("image", &self.image.0)
            .field("history", &self.history)
            .field("parked", &self.parked.map(|request| request.operation))
            .field("line", &self.line().map(|line| format!("{}:{}", line.file(), line.line())))
            .finish_non_exhaustive()
    }
}

/// How a program went wrong in a way that isn't the kernel's business. It ends with SIGABRT and this message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It panicked.
    Panicked(Panic),
    /// It broke the rules of its hart.
    Misused {
        /// Which rule.
        misuse: Misuse,
        /// The line on which it stood, as `file:line`.
        place: String,
    },
    /// It is registered as a leaf, and forked.
    LeafForked {
        /// The line on which it did.
        place: String,
    },
    /// Its future is gone, and its events weren't kept.
    NotKept,
    /// Its image is none of the machine's programs.
    NoImage,
    /// It is registered as a leaf, and caught a signal.
    LeafCaught {
        /// The line on which it wanted to, or on which it was interrupted.
        place: String,
    },
    /// It is registered as a leaf, and called `setjmp`.
    LeafJumped {
        /// The line on which it did.
        place: String,
    },
    /// It jumped to where no `setjmp` has been.
    JumpedNowhere {
        /// The line from which it jumped.
        place: String,
    },
    /// It jumped into a function that has returned.
    JumpedBack {
        /// The line from which it jumped.
        place: String,
        /// The line of the `setjmp`.
        to: String,
    },
    /// It handed over a checkpoint from within a signal handler.
    CheckpointInHandler {
        /// The line on which it did.
        place: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Panicked(Panic { message, place }) => write!(f, "panicked at {place}: {message}"),
            Fault::Misused { misuse: Misuse::TwoTraps, place } => {
                write!(f, "two operations at once at {place}: await each before the next")
            }
            Fault::Misused { misuse: Misuse::ForeignFuture, place } => {
                write!(f, "awaited something that isn't a system call or an access, after {place}")
            }
            Fault::Misused { misuse: Misuse::Diverged { event }, place } => write!(
                f,
                "diverged at event {event} of its history, at {place}: it did something else than the first time, so it \
                 depends on more than its arguments and the results of its calls"
            ),
            Fault::LeafForked { place } => {
                write!(f, "forked at {place}, but its row in the table of programs says that it is a leaf")
            }
            Fault::NotKept => f.write_str("can't be rebuilt: it is a leaf, and its history wasn't kept"),
            Fault::NoImage => f.write_str("its image isn't one of the machine's programs"),
            Fault::LeafCaught { place } => {
                write!(f, "caught a signal at {place}, but its row in the table of programs says that it is a leaf")
            }
            Fault::LeafJumped { place } => {
                write!(f, "called setjmp at {place}, but its row in the table of programs says that it is a leaf")
            }
            Fault::JumpedNowhere { place } => {
                write!(f, "jumped at {place}, but the buffer doesn't hold what setjmp has left in this program")
            }
            Fault::JumpedBack { place, to } => write!(
                f,
                "jumped at {place} to the setjmp at {to}, whose function has returned, or has dropped its JumpPoint"
            ),
            Fault::CheckpointInHandler { place } => {
                write!(
                    f,
                    "handed over a checkpoint at {place}, in a signal handler: what it interrupted would never end"
                )
            }
        }
    }
}

/// `file:line`, or nothing.
pub(crate) fn place(line: Option<SourceLine>) -> String {
    line.map_or_else(|| "its start".into(), |line| format!("{}:{}", line.file(), line.line()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Event;
    use kernel::ids::{ProcessNo, ThreadNo};

    fn process(argument: &str) -> Process {
        let thread = ThreadId { slot: ThreadNo(1), serial: 5 };
        let id = ProcessId { slot: ProcessNo(1), serial: 5 };
        let none: [&str; 0] = [];
        Process::new((thread, id), ImageNo(3), Args::new([argument], none), 0x1000, true)
    }

    fn hash(process: &Process) -> u64 {
        let mut hasher = FastHasher::default();
        process.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn arguments_and_results_tell_processes_apart() {
        let one = process("cat");
        assert_eq!((&one, hash(&one)), (&process("cat"), hash(&process("cat"))));
        assert_ne!(hash(&one), hash(&process("dog")));
        let mut told = one.clone();
        told.history.push(Event::result(1, 2, b""));
        assert_ne!(hash(&one), hash(&told));
        assert_ne!(one, told);
    }

    #[test]
    fn a_checkpoint_begins_a_new_history() {
        let mut one = process("sh");
        one.history.push(Event::result(1, 2, b""));
        one.checkpoint(b"state");
        assert!(one.history.is_empty() && one.parked.is_none());
        assert_eq!(one.args.checkpoint(), Some(&b"state"[..]));
        let mut other = process("sh");
        other.checkpoint(b"another");
        assert_ne!(hash(&one), hash(&other));
    }
}
