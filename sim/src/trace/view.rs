//! What a tracer looks at.

use kernel::{ProcessId, ThreadId};

use crate::World;

/// A process, as a line names it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Who {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// What a tracer looks at.
pub trait View {
    /// The virtual time, in microseconds.
    fn now_us(&self) -> u64;
    /// The process of a thread, if there still is one.
    fn who_runs(&self, thread: ThreadId) -> Option<Who>;
    /// A process, if it still is there.
    fn who_is(&self, process: ProcessId) -> Option<Who>;
    /// Looks at a thread's memory without changing it: how many of the leading bytes are mapped.
    fn peek(&self, thread: ThreadId, address: u64, bytes: &mut [u8]) -> usize;
}

impl View for World {
    fn now_us(&self) -> u64 {
        self.kernel.now_us()
    }

    fn who_runs(&self, thread: ThreadId) -> Option<Who> {
        self.who_is(self.kernel.process_of(thread)?)
    }

    fn who_is(&self, process: ProcessId) -> Option<Who> {
        self.kernel.process(process).map(|process| Who { pid: process.pid, name: process.name().into() })
    }

    fn peek(&self, thread: ThreadId, address: u64, bytes: &mut [u8]) -> usize {
        self.kernel.peek(&self.frames, thread, address, bytes)
    }
}
