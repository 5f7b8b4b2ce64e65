//! What comes from outside into the console.

/// Where console input comes from.
///
/// It is asked by position, so that a world that went back reads the same bytes again. For a run to be repeatable it must
/// not matter when it is asked: it fills the whole chunk, or gives what is left before the end.
pub trait Input {
    /// Puts the bytes from `position` on into `chunk`, and says how many there were; 0 is the end of the input.
    fn read(&mut self, position: u64, chunk: &mut [u8]) -> usize;
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
