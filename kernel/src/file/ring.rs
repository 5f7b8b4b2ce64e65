//! A byte ring whose pages are frames: the buffer of pipes and of the console. It holds a frame only where there are bytes,
//! so an empty ring holds none, and equal contents at equal places are equal rings.

use abi::{Errno, PAGE_SIZE};

use crate::host::PhysMem;
use crate::ids::FrameNo;
use crate::limits::PIPE_PAGES_MAX;
use crate::mem::frame::FrameTable;
use crate::planted::planted;

/// The ring.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ring {
    pages: heapless::Vec<Option<FrameNo>, PIPE_PAGES_MAX>,
    capacity_pages: u16,
    head: u32,
    length: u32,
}

impl Clone for Ring {
    fn clone(&self) -> Self {
        Ring { pages: self.pages.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        crate::table::clone_vec_from(&mut self.pages, &from.pages);
        (self.capacity_pages, self.head, self.length) = (from.capacity_pages, from.head, from.length);
    }
}

impl Ring {
    /// An empty ring of so many pages, at most `PIPE_PAGES_MAX`.
    pub const fn new(capacity_pages: usize) -> Ring {
        Ring { pages: heapless::Vec::new(), capacity_pages: capacity_pages as u16, head: 0, length: 0 }
    }

    /// Bytes that it can hold.
    pub fn capacity(&self) -> usize {
        usize::from(self.capacity_pages) * PAGE_SIZE
    }

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes that still fit.
    pub fn room(&self) -> usize {
        self.capacity().saturating_sub(self.len() + usize::from(planted!(RingOffByOne)))
    }

    /// The frames that it holds.
    pub fn frames(&self) -> impl Iterator<Item = FrameNo> + '_ {
        self.pages.iter().flatten().copied()
    }

    /// Whether it holds frames exactly where there are bytes.
    pub(crate) fn is_sound(&self) -> bool {
        let holds = |page: usize| self.pages.get(page).copied().flatten().is_some();
        let within = self.len() <= self.capacity() && (self.head as usize) < self.capacity().max(1);
        within && (0..usize::from(self.capacity_pages).max(self.pages.len())).all(|page| holds(page) == self.uses(page))
    }

    /// How many frames must be taken before so many bytes more, for which there is room, are in.
    pub(crate) fn missing_frames(&self, bytes: usize) -> usize {
        let start = self.head as usize + self.len();
        let pages = start / PAGE_SIZE..(start + bytes).div_ceil(PAGE_SIZE);
        let capacity_pages = usize::from(self.capacity_pages).max(1);
        pages.filter(|page| self.pages.get(page % capacity_pages).copied().flatten().is_none()).count()
    }

    /// The place of the next byte to go in, with the bytes that fit in one piece there; the frame is made if needed.
    pub(crate) fn tail_piece<M: PhysMem>(
        &mut self,
        frames: &mut FrameTable,
        memory: &mut M,
    ) -> Result<(FrameNo, usize, usize), Errno> {
        let at = (self.head as usize + self.len()) % self.capacity().max(1);
        let (page, offset) = (at / PAGE_SIZE, at % PAGE_SIZE);
        let frame = match self.pages.get(page).copied().flatten() {
            Some(frame) => frame,
            None => {
                let frame = frames.take(memory).ok_or(Errno::ENOMEM)?;
                while self.pages.len() <= page && self.pages.push(None).is_ok() {}
                if let Some(place) = self.pages.get_mut(page) {
                    *place = Some(frame);
                }
                frame
            }
        };
        Ok((frame, offset, (PAGE_SIZE - offset).min(self.room())))
    }

    /// So many bytes have gone in at the tail; at most what `tail_piece` allowed.
    pub(crate) fn pushed<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M, bytes: usize) {
        self.length += bytes as u32;
        if bytes == 0 {
            self.drop_unused(frames, memory);
        }
    }

    /// The place of the first byte, with the bytes that lie in one piece there.
    pub(crate) fn head_piece(&self) -> Option<(FrameNo, usize, usize)> {
        let (page, offset) = (self.head as usize / PAGE_SIZE, self.head as usize % PAGE_SIZE);
        let frame = self.pages.get(page).copied().flatten()?;
        Some((frame, offset, (PAGE_SIZE - offset).min(self.len())))
    }

    /// So many bytes have been taken from the head; at most what `head_piece` allowed.
    pub(crate) fn popped<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M, bytes: usize) {
        let page = self.head as usize / PAGE_SIZE;
        self.head = ((self.head as usize + bytes) % self.capacity().max(1)) as u32;
        self.length = self.length.saturating_sub(bytes as u32);
        if self.length == 0 {
            self.head = 0;
        }
        if !self.uses(page) {
            self.free_page(frames, memory, page);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M) {
        self.length = 0;
        self.head = 0;
        self.drop_unused(frames, memory);
    }

    /// Changes the capacity; the contents move to the front.
    ///
    /// # Errors
    /// `EBUSY`: they don't fit. `ENOMEM`: no frames to move them with.
    pub(crate) fn set_capacity<M: PhysMem>(
        &mut self,
        frames: &mut FrameTable,
        memory: &mut M,
        pages: usize,
    ) -> Result<(), Errno> {
        if self.len() > pages * PAGE_SIZE {
            return Err(Errno::EBUSY);
        }
        if frames.free() < self.len().div_ceil(PAGE_SIZE) {
            return Err(Errno::ENOMEM);
        }
        let mut new = Ring::new(pages);
        while let Some((from, from_offset, bytes)) = self.head_piece()
            && bytes > 0
        {
            let (to, to_offset, room) = new.tail_piece(frames, memory)?;
            let bytes = bytes.min(room);
            memory.copy_bytes((from, from_offset), (to, to_offset), bytes);
            new.pushed(frames, memory, bytes);
            self.popped(frames, memory, bytes);
        }
        *self = new;
        Ok(())
    }

    /// Whether any byte lies in a page.
    fn uses(&self, page: usize) -> bool {
        let capacity = self.capacity();
        if self.length == 0 || page * PAGE_SIZE >= capacity {
            return false;
        }
        let distance = (page * PAGE_SIZE + capacity - self.head as usize) % capacity;
        distance < self.len() || self.head as usize / PAGE_SIZE == page
    }

    fn drop_unused<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M) {
        for page in (0..self.pages.len()).rev() {
            if !self.uses(page) {
                self.free_page(frames, memory, page);
            }
        }
    }

    fn free_page<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M, page: usize) {
        if let Some(frame) = self.pages.get_mut(page).and_then(Option::take) {
            frames.release(memory, frame);
        }
        while self.pages.last() == Some(&None) {
            self.pages.pop();
        }
    }
}
