//! The kernel's host while it is fuzzed: memory, one program, and an ear for what happens.

use abi::{Errno, SI_KERNEL, SI_TIMER, Signal};
use kernel::limits::THREADS;
use kernel::{Event, ImageNo, ProcessId, Programs, Trace, Waking};

use crate::frames::{Frames, memory_in};
use crate::fuzz::coverage::{Coverage, Row};
use crate::fuzz::edges::{Cause, DEATH, End, INPUT, TIMER};

/// The name of the program.
pub(super) const PROGRAM: &[u8] = b"program";
/// Frames that are kept for the next case: some 4 megabytes.
const SPARE_FRAMES: usize = 1024;
/// How many results of a call are remembered, as likely arguments of others.
const REMEMBERED: usize = 8;

/// Results of one call, the newest overwriting the oldest.
#[derive(Clone, Copy, Default)]
pub(super) struct Results {
    values: [i64; REMEMBERED],
    count: usize,
}

impl Results {
    fn note(&mut self, value: i64) {
        self.values[self.count % REMEMBERED] = value;
        self.count += 1;
    }

    /// The newest; 0 if there is none.
    pub(super) fn last(&self) -> i64 {
        if self.count == 0 { 0 } else { self.values[(self.count - 1) % REMEMBERED] }
    }

    /// What is remembered.
    pub(super) fn values(&self) -> &[i64] {
        &self.values[..self.count.min(REMEMBERED)]
    }
}

/// Memory, one program, and an ear.
pub(super) struct Host {
    pub(super) frames: Frames,
    /// What was seen.
    pub(super) coverage: Coverage,
    /// By row: what it returned lately.
    pub(super) results: Vec<Results>,
    /// By slot of its thread: the call that a thread is in.
    pub(super) calls: [Option<Row>; THREADS],
    /// By slot of its thread: what it waited for when it was last seen to wait, by its place in the table of edges.
    pub(super) kinds: [u8; THREADS],
    /// What makes things happen now.
    pub(super) cause: Cause,
    /// Processes alive.
    pub(super) alive: u64,
    /// Who was born since somebody last looked.
    pub(super) born: Option<ProcessId>,
    /// A call gave an error that its row doesn't name.
    pub(super) unnamed: Option<(Row, Errno)>,
}

impl Host {
    pub(super) fn new() -> Host {
        Host {
            frames: Frames::keeping(SPARE_FRAMES),
            coverage: Coverage::new(),
            results: vec![Results::default(); crate::fuzz::coverage::ROWS],
            calls: [None; THREADS],
            kinds: [0; THREADS],
            cause: Cause::Other(INPUT),
            alive: 1,
            born: None,
            unnamed: None,
        }
    }
}

impl Clone for Host {
    fn clone(&self) -> Host {
        let mut copy = Host::new();
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, from: &Host) {
        let Host { frames, coverage, results, calls, kinds, cause, alive, born, unnamed } = from;
        self.frames.clone_from(frames);
        self.coverage.clone_from(coverage);
        self.results.clone_from(results);
        (self.calls, self.kinds, self.cause, self.alive) = (*calls, *kinds, *cause, *alive);
        (self.born, self.unnamed) = (*born, *unnamed);
    }
}

impl Host {
    /// What ends a wait now.
    fn end(&self, why: Waking) -> End {
        match why {
            Waking::Condition => End::Condition(self.cause),
            Waking::Time => End::Time,
            // While time passes for whoever runs, timers expire: that isn't his doing.
            Waking::Signal { code: SI_TIMER, .. } => End::Signal(Cause::Other(TIMER)),
            Waking::Signal { signal: Signal::SIGALRM, code: SI_KERNEL } => End::Signal(Cause::Other(TIMER)),
            Waking::Signal { .. } => End::Signal(self.cause),
        }
    }
}

memory_in!(Host, frames);

impl Trace for Host {
    #[inline]
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Entered { thread, call } => {
                let row = Row::of(call);
                self.coverage.entered(row);
                self.calls[thread.slot.index()] = Some(row);
            }
            Event::Finished { thread, call, result } => {
                let row = Row::of(call);
                self.calls[thread.slot.index()] = None;
                if let Ok(value) = result {
                    self.results[row.index()].note(value);
                }
                // What `rt_sigreturn` gives is the result of what its handler had interrupted.
                let result = if row.info().name == "rt_sigreturn" { Ok(0) } else { result };
                if !self.coverage.returned(row, result) {
                    self.unnamed = result.err().map(|errno| (row, errno));
                }
            }
            Event::Woken { thread, why } => {
                if let Some(row) = self.calls[thread.slot.index()] {
                    self.coverage.woken(row, self.kinds[thread.slot.index()], self.end(why));
                }
            }
            // Its default action: what follows comes of that, whatever call it was in.
            Event::Delivered { handler: false, .. } => self.cause = Cause::Other(DEATH),
            Event::Forked { child, .. } => {
                self.alive += 1;
                self.born = Some(child);
            }
            Event::Ended { .. } => self.alive -= 1,
            _ => {}
        }
    }
}

impl Programs for Host {
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        (name == PROGRAM).then_some(ImageNo(0))
    }

    fn static_bytes(&self, _: ImageNo) -> u64 {
        5000
    }
}
