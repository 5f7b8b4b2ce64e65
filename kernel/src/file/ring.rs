//! A queue of bytes in pages that are frames: the buffer of pipes and of the console. As on Linux it counts pages: each page in
//! it holds bytes that lie side by side, room is what the pages beyond them have, and what has been taken from a page isn't
//! room until the whole page has been taken. Equal contents in equal pages are equal rings, and an empty ring holds no frame.

use abi::{Errno, PAGE_SIZE};

use crate::host::PhysMem;
use crate::ids::FrameNo;
use crate::limits::PIPE_PAGES_MAX;
use crate::mem::frame::FrameTable;
use crate::planted::planted;

/// Bytes side by side in a page.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Piece {
    frame: FrameNo,
    offset: u16,
    length: u16,
}

impl Piece {
    fn end(&self) -> usize {
        usize::from(self.offset) + usize::from(self.length)
    }

    /// Bytes that fit behind those in it.
    fn room(&self) -> usize {
        PAGE_SIZE.saturating_sub(self.end())
    }
}

/// The ring.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ring {
    /// The first is the one that is read next.
    pieces: heapless::Vec<Piece, PIPE_PAGES_MAX>,
    capacity_pages: u16,
    length: u32,
}

impl Clone for Ring {
    fn clone(&self) -> Self {
        Ring { pieces: self.pieces.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        crate::table::clone_vec_from(&mut self.pieces, &from.pieces);
        (self.capacity_pages, self.length) = (from.capacity_pages, from.length);
    }
}

impl Ring {
    /// An empty ring of so many pages, at most `PIPE_PAGES_MAX`.
    pub const fn new(capacity_pages: usize) -> Ring {
        Ring { pieces: heapless::Vec::new(), capacity_pages: capacity_pages as u16, length: 0 }
    }

    /// Bytes that it can hold if its pages are full.
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

    /// Bytes that still fit, if they come one by one.
    pub fn room(&self) -> usize {
        self.free_pages() * PAGE_SIZE + self.pieces.last().map_or(0, Piece::room)
    }

    /// Whether no page is free. Into the last one, there may still fit something.
    pub fn is_full(&self) -> bool {
        self.free_pages() == 0
    }

    /// The frames that it holds.
    pub fn frames(&self) -> impl Iterator<Item = FrameNo> + '_ {
        self.pieces.iter().map(|piece| piece.frame)
    }

    fn free_pages(&self) -> usize {
        usize::from(self.capacity_pages).saturating_sub(self.pieces.len())
    }

    /// Whether there are bytes in each of its pages, and no more pages than it may have.
    pub(crate) fn is_sound(&self) -> bool {
        let whole = |piece: &Piece| piece.length > 0 && piece.end() <= PAGE_SIZE;
        let sum: usize = self.pieces.iter().map(|piece| usize::from(piece.length)).sum();
        self.pieces.len() <= usize::from(self.capacity_pages) && self.pieces.iter().all(whole) && sum == self.len()
    }

    /// Whether so many bytes fit behind those in the last page.
    pub(crate) fn fits_last_page(&self, bytes: usize) -> bool {
        self.pieces.last().is_some_and(|last| bytes + usize::from(planted!(RingOffByOne)) <= last.room())
    }

    /// Begins a page. Bytes have to go into it at once (`pushed`): no page stays empty.
    ///
    /// # Errors
    /// `ENOMEM`: no frame is free. `EAGAIN`: it is full.
    pub(crate) fn begin_page<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M) -> Result<(), Errno> {
        if self.is_full() || self.pieces.is_full() {
            return Err(Errno::EAGAIN);
        }
        let frame = frames.take(memory).ok_or(Errno::ENOMEM)?;
        if self.pieces.push(Piece { frame, offset: 0, length: 0 }).is_err() {
            crate::bug("a ring had room for a page");
        }
        Ok(())
    }

    /// The place of the next byte to go into the last page, with the bytes that fit there; nothing if it is full.
    pub(crate) fn last_page(&self) -> Option<(FrameNo, usize, usize)> {
        let last = self.pieces.last()?;
        (last.room() > 0).then(|| (last.frame, last.end(), last.room()))
    }

    /// The place of the next byte of a stream, with the bytes that fit in one piece there: a page is begun if needed.
    ///
    /// # Errors
    /// As [`Ring::begin_page`].
    pub(crate) fn tail_piece<M: PhysMem>(
        &mut self,
        frames: &mut FrameTable,
        memory: &mut M,
    ) -> Result<(FrameNo, usize, usize), Errno> {
        if let Some(place) = self.last_page() {
            return Ok(place);
        }
        self.begin_page(frames, memory)?;
        self.last_page().ok_or(Errno::EAGAIN)
    }

    /// So many bytes have gone into the last page; at most what fitted.
    pub(crate) fn pushed(&mut self, bytes: usize) {
        if let Some(last) = self.pieces.last_mut() {
            last.length += bytes as u16;
            self.length += bytes as u32;
        }
    }

    /// Copies bytes that lie in one page of memory behind those in the last page, where they fit.
    pub(crate) fn append<M: PhysMem>(&mut self, memory: &mut M, from: (FrameNo, usize), bytes: usize) {
        if let Some((frame, offset, _)) = self.last_page() {
            memory.copy_bytes(from, (frame, offset), bytes);
            self.pushed(bytes);
        }
    }

    /// The place of the first byte, with the bytes that lie in one piece there.
    pub(crate) fn head_piece(&self) -> Option<(FrameNo, usize, usize)> {
        self.pieces.first().map(|first| (first.frame, first.offset.into(), first.length.into()))
    }

    /// So many bytes have been taken from the head; at most what `head_piece` allowed.
    pub(crate) fn popped<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M, bytes: usize) {
        let Some(first) = self.pieces.first_mut() else { return };
        let bytes = bytes.min(first.length.into());
        first.offset += bytes as u16;
        first.length -= bytes as u16;
        self.length -= bytes as u32;
        if first.length == 0 {
            frames.release(memory, first.frame);
            self.pieces.retain(|piece| piece.length > 0);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear<M: PhysMem>(&mut self, frames: &mut FrameTable, memory: &mut M) {
        while let Some(piece) = self.pieces.pop() {
            frames.release(memory, piece.frame);
        }
        self.length = 0;
    }

    /// Changes the capacity.
    ///
    /// # Errors
    /// `EBUSY`: more pages hold something.
    pub(crate) fn set_capacity(&mut self, pages: usize) -> Result<(), Errno> {
        if self.pieces.len() > pages {
            return Err(Errno::EBUSY);
        }
        self.capacity_pages = pages as u16;
        Ok(())
    }
}
