//! What comes from outside into the console.

use crate::arrival::{Arrival, Arrived, Moment};

/// Where console input comes from.
///
/// It is asked by position, so that a world that went back reads the same bytes again. For a run to be repeatable it must
/// not matter when it is asked: it fills the whole chunk, or gives what is left before the end.
pub trait Input {
    /// Puts the bytes from `position` on into `chunk`, and says how many there were; 0 is the end of the input.
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize;

    /// For a terminal: what arrives at this moment, if anything does, after `index` others. The bytes that were typed are
    /// taken by [`Input::read`] then. It may wait as long as the moment lasts, and it is asked again with the same index
    /// by a world that went back.
    fn arrival(&mut self, index: u64, moment: &Moment) -> Option<Arrival> {
        let _ = (index, moment);
        None
    }
}

/// Input that is known beforehand; `Vec::new()` is none at all.
impl Input for Vec<u8> {
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize {
        let rest = usize::try_from(position).ok().and_then(|start| self.get(start..)).unwrap_or_default();
        let count = rest.len().min(chunk.len());
        chunk[..count].copy_from_slice(&rest[..count]);
        count
    }
}

/// What was recorded at a terminal: its bytes, and when they came.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Recorded {
    /// All bytes that were typed.
    pub bytes: Vec<u8>,
    /// What arrived, in order.
    pub arrivals: Vec<Arrival>,
}

impl Input for Recorded {
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize {
        self.bytes.read(position, chunk)
    }

    fn arrival(&mut self, index: u64, moment: &Moment) -> Option<Arrival> {
        let next = usize::try_from(index).ok().and_then(|index| self.arrivals.get(index))?;
        moment.takes(next).then_some(*next)
    }
}

/// Somebody who types a piece each time the machine is idle, and hangs up at last: a terminal for tests, whose runs depend
/// on nothing else.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Typist {
    pieces: Vec<Vec<u8>>,
}

impl Typist {
    /// Types these, each as soon as nobody can run, now or later, before something arrives.
    pub fn new<T: Into<Vec<u8>>>(pieces: impl IntoIterator<Item = T>) -> Typist {
        Typist { pieces: pieces.into_iter().map(Into::into).collect() }
    }
}

impl Input for Typist {
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize {
        self.pieces.concat().read(position, chunk)
    }

    fn arrival(&mut self, index: u64, moment: &Moment) -> Option<Arrival> {
        // Whoever sleeps sleeps his time first.
        if moment.until_us.is_some() {
            return None;
        }
        let piece = usize::try_from(index).ok().and_then(|index| self.pieces.get(index));
        let what = piece.map_or(Arrived::HungUp, |piece| Arrived::Typed(piece.len() as u64));
        (index <= self.pieces.len() as u64).then_some(Arrival { step: moment.step, at_us: moment.now_us, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_read_in_full_chunks_to_its_end() {
        let mut input = b"0123456789".to_vec();
        let mut chunk = [0; 4];
        assert_eq!((input.read(4, &mut chunk), &chunk), (4, b"4567"));
        assert_eq!((input.read(8, &mut chunk), &chunk[..2]), (2, &b"89"[..]));
        assert_eq!(input.read(10, &mut chunk), 0);
        assert_eq!(input.read(99, &mut chunk), 0);
    }
}
