//! The board that the kernel runs on: frames in a static array, one program, nobody who wants to know what happens.

use kernel::limits::FRAMES;
use kernel::{Event, Frame, FrameNo, ImageNo, PhysMem, Programs, Trace};

use crate::runtime::fail;

/// The board.
pub(crate) struct Board {
    frames: [Frame; FRAMES],
}

impl Board {
    /// All zeros.
    pub(crate) const fn new() -> Board {
        Board { frames: [[0; abi::PAGE_SIZE]; FRAMES] }
    }
}

impl PhysMem for Board {
    fn frame(&self, frame: FrameNo) -> &Frame {
        match self.frames.get(frame.index()) {
            Some(frame) => frame,
            None => fail("the kernel reads a frame that isn't there"),
        }
    }

    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame {
        match self.frames.get_mut(frame.index()) {
            Some(frame) => frame,
            None => fail("the kernel writes to a frame that isn't there"),
        }
    }

    fn zero(&mut self, frame: FrameNo) {
        self.frame_mut(frame).fill(0);
    }

    fn copy(&mut self, from: FrameNo, to: FrameNo) {
        self.copy_bytes((from, 0), (to, 0), abi::PAGE_SIZE);
    }

    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize) {
        let Ok([source, target]) = self.frames.get_disjoint_mut([from.0.index(), to.0.index()]) else {
            fail("the kernel copies between frames that aren't there, or within one")
        };
        match (source.get(from.1..from.1 + length), target.get_mut(to.1..to.1 + length)) {
            (Some(source), Some(target)) if source.len() == target.len() => target.copy_from_slice(source),
            _ => fail("the kernel copies across the end of a frame"),
        }
    }

    fn release(&mut self, _: FrameNo) {}
}

impl Trace for Board {
    fn event(&mut self, _: Event<'_>) {}
}

impl Programs for Board {
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        (name == b"test").then_some(ImageNo(0))
    }
}
