//! A world: everything that a run consists of at one instant, as plain data. It can be cloned, hashed, compared, saved,
//! and gone on from at any time, by any machine with the same programs.

use std::hash::{Hash, Hasher};

use abi::FastHasher;
use kernel::ThreadId;

use crate::frames::Frames;
use crate::kernel_box::KernelBox;
use crate::process::Process;

/// A kernel, its memory and its processes.
///
/// A copy shares what is large (frames, histories) until one side changes it.
#[derive(Clone, PartialEq, Eq)]
pub struct World {
    /// The kernel. To change it is to leave the run that a record describes.
    pub kernel: KernelBox,
    /// Its memory.
    pub frames: Frames,
    /// The user side of each thread, by its slot; nothing beyond the highest in use.
    pub(crate) processes: Vec<Option<Process>>,
    /// What was written to the console.
    pub(crate) output: OutputDigest,
    /// How many bytes of console input were taken.
    pub(crate) input_position: u64,
    /// How many bytes of it have arrived, at a terminal.
    pub(crate) typed: u64,
    /// How often something has arrived at a terminal.
    pub(crate) arrivals: u64,
    /// How many steps were made.
    pub(crate) steps: u64,
}

/// What was written to the console: not the bytes, which may be many, but enough to tell outputs apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct OutputDigest {
    /// How many bytes.
    pub bytes: u64,
    /// Hash of all of them with their streams, however they were cut into writes.
    pub hash: u64,
}

impl OutputDigest {
    /// More bytes on this stream. The hash runs bytewise, because where one write ends and the next begins is no part of
    /// what a reader sees.
    pub(crate) fn add(&mut self, stream: u8, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        for &byte in bytes {
            let mixed = self.hash.rotate_left(5) ^ (u64::from(stream) << 8 | u64::from(byte));
            self.hash = mixed.wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

impl World {
    /// A machine that was switched on, before its kernel boots.
    pub fn new() -> World {
        World {
            kernel: KernelBox::new(),
            frames: Frames::default(),
            processes: Vec::new(),
            output: OutputDigest::default(),
            input_position: 0,
            typed: 0,
            arrivals: 0,
            steps: 0,
        }
    }

    /// How many steps were made since the boot.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What was written to the console so far.
    pub fn output(&self) -> OutputDigest {
        self.output
    }

    /// How many bytes of console input were taken so far.
    pub fn input_position(&self) -> u64 {
        self.input_position
    }

    /// The user side of a thread.
    pub fn process(&self, thread: ThreadId) -> Option<&Process> {
        self.processes.get(thread.slot.index())?.as_ref().filter(|process| process.thread == thread)
    }

    /// The user side of every thread.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().flatten()
    }

    /// Hash of everything: two runs are the same if this is, step by step.
    pub fn exact_hash(&self) -> u64 {
        let mut hasher = FastHasher::default();
        self.kernel.hash(&mut hasher);
        (self.input_position, self.typed, self.arrivals).hash(&mut hasher);
        self.steps.hash(&mut hasher);
        self.hash_user_side(&mut hasher);
        hasher.finish()
    }

    /// Hash of what decides how the run goes on: accounting is left out, and times count from now. Two states with the
    /// same hash behave alike, so an exploration visits only one of them.
    pub fn behaviour_hash(&self) -> u64 {
        let mut scratch = self.kernel.clone();
        scratch.forget_accounting();
        let mut hasher = FastHasher::default();
        scratch.hash(&mut hasher);
        (self.input_position, self.typed, self.arrivals).hash(&mut hasher);
        self.hash_user_side(&mut hasher);
        hasher.finish()
    }

    fn hash_user_side(&self, hasher: &mut FastHasher) {
        self.frames.hash_contents(hasher);
        for process in self.processes() {
            process.hash(hasher);
        }
        self.output.hash(hasher);
    }

    /// Puts the user side of a thread in its place.
    pub(crate) fn put(&mut self, process: Process) {
        let index = process.thread.slot.index();
        if index >= self.processes.len() {
            self.processes.resize_with(index + 1, || None);
        }
        self.processes[index] = Some(process);
    }

    /// Lets go of the user side of a thread.
    pub(crate) fn remove(&mut self, thread: ThreadId) {
        if let Some(place) = self.processes.get_mut(thread.slot.index()) {
            *place = None;
        }
        while let Some(None) = self.processes.last() {
            self.processes.pop();
        }
    }
}

impl Default for World {
    fn default() -> Self {
        World::new()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("steps", &self.steps)
            .field("kernel", &self.kernel)
            .field("processes", &self.processes().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn crosses_threads<T: Send + 'static>() {}
    crosses_threads::<World>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_the_same_however_it_was_cut() {
        let (mut whole, mut cut) = (OutputDigest::default(), OutputDigest::default());
        whole.add(1, b"pear and apple");
        cut.add(1, b"pear");
        cut.add(1, b"");
        cut.add(1, b" and apple");
        assert_eq!(whole, cut);
        let mut other = OutputDigest::default();
        other.add(2, b"pear and apple");
        assert_ne!(whole, other);
    }
}
