//! Physical memory of the machine: frames of bytes, shared between copies of a world until one of them writes.

use std::hash::Hasher;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use abi::{FastHasher, PAGE_SIZE};
use kernel::{Frame, FrameNo, PhysMem};
// An `Arc` without weak references: to see that nobody shares it takes a load, not a locked exchange, and that is asked
// on every write to memory.
use triomphe::Arc;

static ZEROS: Frame = [0; PAGE_SIZE];

/// Lets a host have the memory that it holds in a field.
macro_rules! memory_in {
    ($host:ty, $field:tt) => {
        impl ::kernel::PhysMem for $host {
            #[inline]
            fn frame(&self, frame: ::kernel::FrameNo) -> &::kernel::Frame {
                <$crate::frames::Frames as ::kernel::PhysMem>::frame(&self.$field, frame)
            }
            #[inline]
            fn frame_mut(&mut self, frame: ::kernel::FrameNo) -> &mut ::kernel::Frame {
                <$crate::frames::Frames as ::kernel::PhysMem>::frame_mut(&mut self.$field, frame)
            }
            fn zero(&mut self, frame: ::kernel::FrameNo) {
                <$crate::frames::Frames as ::kernel::PhysMem>::zero(&mut self.$field, frame);
            }
            fn copy(&mut self, from: ::kernel::FrameNo, to: ::kernel::FrameNo) {
                <$crate::frames::Frames as ::kernel::PhysMem>::copy(&mut self.$field, from, to);
            }
            #[inline]
            fn copy_bytes(&mut self, from: (::kernel::FrameNo, usize), to: (::kernel::FrameNo, usize), length: usize) {
                <$crate::frames::Frames as ::kernel::PhysMem>::copy_bytes(&mut self.$field, from, to, length);
            }
            fn release(&mut self, frame: ::kernel::FrameNo) {
                <$crate::frames::Frames as ::kernel::PhysMem>::release(&mut self.$field, frame);
            }
        }
    };
}
pub(crate) use memory_in;

/// How many frames that nobody uses are kept for the next ones, unless more are asked for.
const SPARE: usize = 32;

/// What counts as not yet computed. A frame that really has this hash is hashed each time.
const UNKNOWN: u64 = 0;

/// What a frame of zeros counts as.
const ZEROS_HASH: u64 = 1;

/// The bytes of a frame, and their hash once somebody asked for it.
struct FrameBytes {
    bytes: Frame,
    /// All bytes outside of this are zeros. So a frame of which little was used, such as that of a pipe, is soon clean again.
    used: Range<usize>,
    hash: AtomicU64,
}

impl FrameBytes {
    /// Hash of the contents: of what lies between the first and the last byte that isn't zero, and of where that is.
    /// Most frames are mostly zeros, and finding the others is faster than hashing all.
    fn hash(&self) -> u64 {
        let known = self.hash.load(Relaxed);
        if known != UNKNOWN {
            return known;
        }
        let mut hasher = FastHasher::default();
        let (words, _) = self.bytes.as_chunks::<64>();
        let zeros = |words: &&[u8; 64]| **words == [0; 64];
        let before = words.iter().take_while(zeros).count();
        let behind = words[before..].iter().rev().take_while(zeros).count();
        let hash = if before == words.len() {
            ZEROS_HASH
        } else {
            hasher.write_usize(before);
            hasher.write(words[before..words.len() - behind].as_flattened());
            hasher.finish()
        };
        self.hash.store(hash, Relaxed);
        hash
    }

    /// Opens its bytes to be written, of which those in `touched` will be.
    #[inline(always)]
    fn open(&mut self, touched: Range<usize>) -> &mut Frame {
        *self.hash.get_mut() = UNKNOWN;
        self.used = if self.used.is_empty() {
            touched
        } else {
            self.used.start.min(touched.start)..self.used.end.max(touched.end)
        };
        &mut self.bytes
    }

    fn clear(&mut self) {
        self.bytes[self.used.clone()].fill(0);
        self.used = 0..0;
    }
}

/// Physical memory. A frame that nobody wrote to is all zeros and takes no room.
///
/// ```
/// use kernel::{FrameNo, PhysMem};
/// use sim::Frames;
/// let mut memory = Frames::default();
/// memory.frame_mut(FrameNo(3))[0] = b'x';
/// let snapshot = memory.clone();
/// memory.frame_mut(FrameNo(3))[0] = b'y';
/// assert_eq!(snapshot.frame(FrameNo(3))[0], b'x');
/// assert!(snapshot != memory);
/// ```
pub struct Frames {
    /// Up to the highest frame in use; `None` is all zeros.
    frames: Vec<Option<Arc<FrameBytes>>>,
    /// Frames to be used again, of any content; no part of the state.
    spare: Vec<Arc<FrameBytes>>,
    /// How many of them at most.
    most_spare: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Frames::keeping(SPARE)
    }
}

impl Frames {
    /// Memory that keeps up to so many frames that nobody uses any more: for who fills and empties it again and again.
    pub fn keeping(most_spare: usize) -> Frames {
        Frames { frames: Vec::new(), spare: Vec::new(), most_spare }
    }

    /// How many frames take room.
    pub fn resident(&self) -> usize {
        self.frames.iter().flatten().count()
    }

    /// Puts the contents of all frames into `hasher`. Zeros count as nothing, whether they were written or not.
    pub fn hash_contents(&self, hasher: &mut impl Hasher) {
        for (number, frame) in self.frames.iter().enumerate() {
            if let Some(frame) = frame {
                let hash = frame.hash();
                if hash != ZEROS_HASH {
                    hasher.write_u64(number as u64);
                    hasher.write_u64(hash);
                }
            }
        }
    }

    /// The frames that aren't all zeros, with their contents.
    pub fn contents(&self) -> impl Iterator<Item = (FrameNo, &Frame)> {
        self.frames.iter().enumerate().filter_map(|(number, frame)| {
            let frame = frame.as_deref().filter(|frame| frame.bytes != ZEROS)?;
            Some((FrameNo::from_index(number), &frame.bytes))
        })
    }

    fn get(&self, frame: FrameNo) -> Option<&Arc<FrameBytes>> {
        self.frames.get(frame.index())?.as_ref()
    }

    /// Puts what was in a place aside, to be used again if nobody shares it.
    fn set_aside(&mut self, frame: Option<Arc<FrameBytes>>) {
        if let Some(frame) = frame
            && self.spare.len() < self.most_spare
            && frame.is_unique()
        {
            self.spare.push(frame);
        }
    }

    /// Nothing beyond the highest frame in use.
    fn trim(&mut self) {
        while let Some(None) = self.frames.last() {
            self.frames.pop();
        }
    }
}

/// The place of a frame, which exists afterwards.
#[inline]
fn place(frames: &mut Vec<Option<Arc<FrameBytes>>>, frame: FrameNo) -> &mut Option<Arc<FrameBytes>> {
    if frame.index() >= frames.len() {
        frames.resize_with(frame.index() + 1, || None);
    }
    &mut frames[frame.index()]
}

/// A frame of one's own, of zeros, out of `spare` if there is one.
fn zeros(spare: &mut Vec<Arc<FrameBytes>>) -> Arc<FrameBytes> {
    if let Some(mut frame) = spare.pop()
        && let Some(inside) = Arc::get_mut(&mut frame)
    {
        inside.clear();
        return frame;
    }
    Arc::new(FrameBytes { bytes: ZEROS, used: 0..0, hash: AtomicU64::new(UNKNOWN) })
}

/// A frame of one's own with the contents of another.
#[cold]
fn duplicate(frame: &FrameBytes, spare: &mut Vec<Arc<FrameBytes>>) -> Arc<FrameBytes> {
    let mut copy = zeros(spare);
    if let Some(inside) = Arc::get_mut(&mut copy) {
        inside.used = frame.used.clone();
        inside.bytes[frame.used.clone()].copy_from_slice(&frame.bytes[frame.used.clone()]);
    }
    copy
}

/// The bytes in a place, of which those in `touched` will be written. They are made one's own first if they are shared or
/// were never written.
#[inline]
fn bytes_mut<'a>(
    place: &'a mut Option<Arc<FrameBytes>>,
    spare: &mut Vec<Arc<FrameBytes>>,
    touched: Range<usize>,
) -> &'a mut Frame {
    match place {
        Some(frame) if frame.is_unique() => {}
        Some(frame) => *frame = duplicate(frame, spare),
        None => *place = Some(zeros(spare)),
    }
    match place.as_mut().and_then(Arc::get_mut) {
        Some(frame) => frame.open(touched),
        None => unreachable!("a frame that isn't shared can be written to"),
    }
}

impl PhysMem for Frames {
    #[inline]
    fn frame(&self, frame: FrameNo) -> &Frame {
        self.get(frame).map_or(&ZEROS, |frame| &frame.bytes)
    }

    #[inline]
    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame {
        bytes_mut(place(&mut self.frames, frame), &mut self.spare, 0..PAGE_SIZE)
    }

    fn zero(&mut self, frame: FrameNo) {
        self.release(frame);
    }

    fn copy(&mut self, from: FrameNo, to: FrameNo) {
        // Sharing is copying: whoever writes first makes a copy of its own.
        let shared = self.get(from).cloned();
        let before = std::mem::replace(place(&mut self.frames, to), shared);
        self.set_aside(before);
        self.trim();
    }

    #[inline]
    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize) {
        let frames = self.frames.get_disjoint_mut([from.0.index(), to.0.index()]);
        if let Ok([Some(source), Some(target)]) = frames
            && let Some(target) = Arc::get_mut(target)
        {
            let touched = to.1..to.1 + length;
            return target.open(touched.clone())[touched].copy_from_slice(&source.bytes[from.1..from.1 + length]);
        }
        self.copy_bytes_with_care(from, to, length);
    }

    fn release(&mut self, frame: FrameNo) {
        let Some(place) = self.frames.get_mut(frame.index()) else { return };
        let before = place.take();
        self.set_aside(before);
        self.trim();
    }
}

impl Frames {
    /// Copies where a frame is all zeros, or is shared.
    #[inline(never)]
    fn copy_bytes_with_care(
        &mut self,
        (from, from_at): (FrameNo, usize),
        (to, to_at): (FrameNo, usize),
        length: usize,
    ) {
        place(&mut self.frames, to);
        if from.index() >= self.frames.len() {
            return self.frame_mut(to)[to_at..to_at + length].fill(0);
        }
        let Ok([from, to]) = self.frames.get_disjoint_mut([from.index(), to.index()]) else {
            unreachable!("the kernel copies between different frames")
        };
        let touched = to_at..to_at + length;
        let to = &mut bytes_mut(to, &mut self.spare, touched.clone())[touched];
        match from {
            Some(from) => to.copy_from_slice(&from.bytes[from_at..from_at + length]),
            None => to.fill(0),
        }
    }
}

impl Clone for Frames {
    fn clone(&self) -> Self {
        Frames { frames: self.frames.clone(), ..Frames::keeping(self.most_spare) }
    }

    fn clone_from(&mut self, from: &Self) {
        let shared = self.frames.len().min(from.frames.len());
        while self.frames.len() > shared {
            let last = self.frames.pop().flatten();
            self.set_aside(last);
        }
        self.frames.clone_from(&from.frames);
    }
}

impl PartialEq for Frames {
    fn eq(&self, other: &Self) -> bool {
        (0..self.frames.len().max(other.frames.len())).map(FrameNo::from_index).all(|number| {
            match (self.get(number), other.get(number)) {
                (None, None) => true,
                (Some(one), Some(another)) if Arc::ptr_eq(one, another) => true,
                _ => self.frame(number) == other.frame(number),
            }
        })
    }
}

impl Eq for Frames {}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(memory: &Frames) -> u64 {
        let mut hasher = FastHasher::default();
        memory.hash_contents(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn written_zeros_are_as_good_as_none() {
        let mut memory = Frames::default();
        memory.frame_mut(FrameNo(7))[9] = 1;
        assert_ne!(hash(&memory), hash(&Frames::default()));
        memory.frame_mut(FrameNo(7))[9] = 0;
        assert_eq!(hash(&memory), hash(&Frames::default()));
        assert!(memory == Frames::default());
        assert_eq!(memory.contents().count(), 0);
    }

    #[test]
    fn a_copied_frame_is_shared_until_one_side_writes() {
        let mut memory = Frames::default();
        memory.frame_mut(FrameNo(0))[..3].copy_from_slice(b"pea");
        memory.copy(FrameNo(0), FrameNo(5));
        memory.frame_mut(FrameNo(5))[3] = b'r';
        assert_eq!(&memory.frame(FrameNo(5))[..4], b"pear");
        assert_eq!(&memory.frame(FrameNo(0))[..4], b"pea\0");
        memory.copy(FrameNo(9), FrameNo(5));
        assert_eq!(memory.frame(FrameNo(5)), &ZEROS);
    }

    #[test]
    fn the_hash_follows_every_write() {
        let mut memory = Frames::default();
        let mut seen = std::collections::BTreeSet::from([hash(&memory)]);
        for byte in 0..100 {
            memory.frame_mut(FrameNo(2))[byte] = 1;
            assert!(seen.insert(hash(&memory)));
        }
        memory.copy(FrameNo(2), FrameNo(3));
        assert!(seen.insert(hash(&memory)));
        let shared = memory.clone();
        memory.copy_bytes((FrameNo(2), 0), (FrameNo(3), 50), 60);
        assert!(seen.insert(hash(&memory)));
        assert!(seen.contains(&hash(&shared)));
    }

    #[test]
    fn bytes_are_copied_from_zeros_and_from_beyond_the_end() {
        let mut memory = Frames::default();
        memory.frame_mut(FrameNo(1)).fill(7);
        memory.copy_bytes((FrameNo(40), 8), (FrameNo(1), 4), 4);
        assert_eq!(memory.frame(FrameNo(1))[2..10], [7, 7, 0, 0, 0, 0, 7, 7]);
        memory.copy_bytes((FrameNo(1), 2), (FrameNo(60), 4094), 2);
        assert_eq!(memory.frame(FrameNo(60))[4092..], [0, 0, 7, 7]);
    }

    #[test]
    fn a_released_frame_is_zeros_when_it_is_used_again() {
        let mut memory = Frames::default();
        for round in 0..3 {
            assert!(memory.frame(FrameNo(0)).iter().all(|&byte| byte == 0), "{round}");
            memory.frame_mut(FrameNo(0)).fill(0xee);
            memory.release(FrameNo(0));
            assert_eq!(memory.resident(), 0);
        }
    }
}
