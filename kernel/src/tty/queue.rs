//! What was typed and not yet read. In canonical mode it consists of lines, and only those that have ended can be read.

/// Bytes that it holds at most, as on Linux (`N_TTY_BUF_SIZE`); the last place is kept for the end of a line.
pub(crate) const INPUT_BYTES: usize = 4096;

/// A cell with this bit ends a line.
const END: u16 = 0x100;

/// The queue: bytes, each perhaps the end of a line. An end of file is a zero byte that ends a line.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InputQueue {
    cells: heapless::Vec<u16, INPUT_BYTES>,
    /// How many of them belong to lines that have ended.
    complete: u16,
}

impl Clone for InputQueue {
    fn clone(&self) -> Self {
        InputQueue { cells: self.cells.clone(), complete: self.complete }
    }

    fn clone_from(&mut self, from: &Self) {
        crate::table::clone_vec_from(&mut self.cells, &from.cells);
        self.complete = from.complete;
    }
}

impl InputQueue {
    pub(crate) const EMPTY: InputQueue = InputQueue { cells: heapless::Vec::new(), complete: 0 };

    /// Bytes in it.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether a line has ended that wasn't read.
    pub fn has_line(&self) -> bool {
        self.complete > 0
    }

    /// Bytes of lines that have ended, without ends of file: what `FIONREAD` says in canonical mode.
    pub fn complete_bytes(&self) -> usize {
        self.cells.iter().take(self.complete.into()).filter(|cell| **cell != END).count()
    }

    /// The bytes of the line that is being typed, the last one first.
    pub(crate) fn line_backwards(&self) -> impl Iterator<Item = u8> + '_ {
        self.cells.iter().skip(self.complete.into()).rev().map(|cell| *cell as u8)
    }

    /// One byte of the line that is being typed.
    pub(crate) fn line_byte(&self, at: usize) -> Option<u8> {
        self.cells.get(usize::from(self.complete) + at).map(|cell| *cell as u8)
    }

    /// Whether nothing stands in the line that is being typed.
    pub(crate) fn line_is_empty(&self) -> bool {
        self.cells.len() == usize::from(self.complete)
    }

    /// Whether it takes one byte more. A line that is too long does: its last byte is replaced, so that it can be ended.
    pub(crate) fn takes_more(&self, canonical: bool) -> bool {
        self.cells.len() < INPUT_BYTES - 1 || (canonical && self.complete == 0)
    }

    /// Makes room in a line that is too long.
    pub(crate) fn make_room(&mut self) {
        if self.cells.is_full() && self.complete == 0 {
            self.cells.pop();
        }
    }

    pub(crate) fn push(&mut self, byte: u8) {
        let _ = self.cells.push(byte.into());
    }

    /// Ends the line, with this byte; a zero is an end of file.
    pub(crate) fn end_line(&mut self, byte: u8) {
        let _ = self.cells.push(u16::from(byte) | END);
        self.complete = self.cells.len() as u16;
    }

    /// Takes the last byte of the line that is being typed.
    pub(crate) fn pop(&mut self) {
        if !self.line_is_empty() {
            self.cells.pop();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.complete = 0;
    }

    /// Lines count from now on, or no more. What is there becomes a line that has ended, or loses its ends.
    pub(crate) fn set_canonical(&mut self, canonical: bool) {
        for cell in &mut self.cells {
            *cell &= !END;
        }
        self.complete = 0;
        if canonical && let Some(last) = self.cells.last_mut() {
            *last |= END;
            self.complete = self.cells.len() as u16;
        }
    }

    /// How many bytes a reader of a line with room for `room` gets, and how many cells that takes: one more if the end of
    /// file follows.
    pub(crate) fn next_line(&self, room: usize) -> (usize, usize) {
        let complete = self.cells.iter().take(self.complete.into());
        let end = complete.take(room.saturating_add(1)).position(|cell| cell & END != 0);
        match end {
            Some(end) if self.cells.get(end) == Some(&END) => (end, end + 1),
            Some(end) => ((end + 1).min(room), (end + 1).min(room)),
            None => (room, room),
        }
    }

    /// Copies bytes from the front, beginning `skip` bytes behind it.
    pub(crate) fn copy(&self, skip: usize, to: &mut [u8]) {
        for (to, cell) in to.iter_mut().zip(self.cells.iter().skip(skip)) {
            *to = *cell as u8;
        }
    }

    /// Takes cells from the front.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let count = count.min(self.cells.len());
        self.cells.rotate_left(count);
        self.cells.truncate(self.cells.len() - count);
        self.complete = self.complete.saturating_sub(count as u16);
    }

    /// Whether it is as its owner's mode says: lines end where they are counted, and not in raw mode.
    pub(crate) fn is_sound(&self, canonical: bool) -> bool {
        let ends = self.cells.iter().rposition(|cell| cell & END != 0).map_or(0, |at| at + 1);
        ends == usize::from(self.complete) && (canonical || ends == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &[u8]) -> InputQueue {
        let mut queue = InputQueue::EMPTY;
        for byte in text {
            match byte {
                b'\n' => queue.end_line(b'\n'),
                4 => queue.end_line(0),
                byte => queue.push(*byte),
            }
        }
        queue
    }

    #[test]
    fn a_reader_gets_one_line_or_the_part_that_fits() {
        assert_eq!(typed(b"pear\nfig\n").next_line(100), (5, 5));
        assert_eq!(typed(b"pear\nfig\n").next_line(5), (5, 5));
        assert_eq!(typed(b"pear\nfig\n").next_line(4), (4, 4));
        assert_eq!(typed(b"pear\x04fig\n").next_line(100), (4, 5));
        assert_eq!(typed(b"pear\x04fig\n").next_line(4), (4, 5), "the end of file goes with the last byte");
        assert_eq!(typed(b"pear\x04fig\n").next_line(3), (3, 3));
        assert_eq!(typed(b"\x04").next_line(3), (0, 1));
    }

    #[test]
    fn lines_become_bytes_and_bytes_a_line() {
        let mut queue = typed(b"pear\nfi");
        assert_eq!((queue.complete_bytes(), queue.len()), (5, 7));
        queue.set_canonical(false);
        assert!(!queue.has_line() && queue.is_sound(false));
        queue.set_canonical(true);
        assert_eq!((queue.next_line(100), queue.complete_bytes()), ((7, 7), 7));
        queue.drop_front(7);
        assert_eq!(queue, InputQueue::EMPTY);
    }

    #[test]
    fn a_line_that_is_too_long_can_still_be_ended() {
        let mut queue = InputQueue::EMPTY;
        for _ in 0..5000 {
            assert!(queue.takes_more(true));
            queue.make_room();
            queue.push(b'x');
        }
        queue.make_room();
        queue.end_line(b'\n');
        assert_eq!(queue.next_line(9999), (4096, 4096));
        assert!(!queue.takes_more(true), "the line must be read first");
    }
}
