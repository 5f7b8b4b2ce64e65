//! Frames: which are free, and how many refer to each. Their bytes are the host's.

use crate::host::PhysMem;
use crate::ids::FrameNo;
use crate::limits::{FRAMES, words};
use crate::table::{Entry, Table};
use crate::touched::Touch;

/// How many page table entries, shared objects and buffers refer to a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct References(u32);

impl Entry for References {
    const VACANT: References = References(0);
}

/// All frames.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
pub struct FrameTable {
    pub(crate) frames: Table<FrameNo, References, FRAMES, { words(FRAMES) }>,
}

impl FrameTable {
    pub(crate) const fn new() -> FrameTable {
        FrameTable { frames: Table::new() }
    }

    /// How many are free.
    pub fn free(&self) -> usize {
        self.frames.room()
    }

    /// How many refer to a frame.
    pub fn references(&self, frame: FrameNo) -> u32 {
        self.frames.get(frame).map_or(0, |references| references.0)
    }

    /// The frames in use, with their references.
    pub fn iter(&self) -> impl Iterator<Item = (FrameNo, u32)> + '_ {
        self.frames.iter().map(|(frame, references)| (frame, references.0))
    }

    /// Takes the lowest free frame, with one reference, all zeros.
    pub(crate) fn take<M: PhysMem>(&mut self, memory: &mut M) -> Option<FrameNo> {
        let frame = self.frames.insert(References(1)).ok()?;
        memory.zero(frame);
        Some(frame)
    }

    /// One more refers to it.
    pub(crate) fn share(&mut self, frame: FrameNo) {
        self.frames.at_mut(frame).0 += 1;
    }

    /// One fewer refers to it; the last one frees it.
    pub(crate) fn release<M: PhysMem>(&mut self, memory: &mut M, frame: FrameNo) {
        let references = self.frames.at_mut(frame);
        if references.0 > 1 {
            references.0 -= 1;
        } else if self.frames.holds(frame) {
            self.frames.free(frame);
            memory.release(frame);
        } else {
            crate::bug("a frame is released that is free");
        }
    }
}

impl Touch for FrameTable {
    fn touch_everything(&mut self) {
        self.frames.touch_everything();
    }
    fn is_untouched(&self) -> bool {
        self.frames.is_untouched()
    }
}

impl Clone for FrameTable {
    fn clone(&self) -> Self {
        FrameTable { frames: self.frames.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.frames.clone_from(&from.frames);
    }
}
