//! The kernel's host while it is fuzzed: memory, one program, and an ear for what happens.

use abi::Errno;
use kernel::limits::THREADS;
use kernel::{Event, Frame, FrameNo, ImageNo, PhysMem, ProcessId, Programs, Trace};

use crate::frames::Frames;
use crate::fuzz::coverage::{Coverage, Row, Waker};

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
    /// Who is making things happen now.
    pub(super) cause: Waker,
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
            cause: Waker::Other("input"),
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
        let Host { frames, coverage, results, calls, cause, alive, born, unnamed } = from;
        self.frames.clone_from(frames);
        self.coverage.clone_from(coverage);
        self.results.clone_from(results);
        (self.calls, self.cause, self.alive) = (*calls, *cause, *alive);
        (self.born, self.unnamed) = (*born, *unnamed);
    }
}

impl PhysMem for Host {
    fn frame(&self, frame: FrameNo) -> &Frame {
        self.frames.frame(frame)
    }
    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame {
        self.frames.frame_mut(frame)
    }
    fn zero(&mut self, frame: FrameNo) {
        self.frames.zero(frame);
    }
    fn copy(&mut self, from: FrameNo, to: FrameNo) {
        self.frames.copy(from, to);
    }
    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize) {
        self.frames.copy_bytes(from, to, length);
    }
    fn release(&mut self, frame: FrameNo) {
        self.frames.release(frame);
    }
}

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
            Event::Woken { thread } => {
                if let Some(row) = self.calls[thread.slot.index()] {
                    self.coverage.woken(row, self.cause);
                }
            }
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
