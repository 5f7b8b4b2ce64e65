//! Regular expressions (`regcomp(3)`, POSIX.1-2024 chapter 9): basic and extended, without back-references.
//!
//! | question | file |
//! | --- | --- |
//! | how is a pattern read? | `parse.rs` |
//! | bracket expressions `[a-z[:digit:]]` | `bracket.rs` |
//! | how does a pattern become a machine? | `compile.rs` |
//! | how does the machine find a match? | `search.rs` |

mod bracket;
mod compile;
mod parse;
mod search;

pub use compile::Regex;
pub use parse::{Node, Syntax, parse_pattern};
pub use search::Searcher;

/// A set of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);

    /// Those bytes for which `wanted` says so.
    pub fn of(wanted: impl Fn(u8) -> bool) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        (0..=255).filter(|&byte| wanted(byte)).for_each(|byte| set.insert(byte));
        set
    }

    /// Just one byte.
    pub fn single(byte: u8) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        set.insert(byte);
        set
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether a byte is in it.
    #[inline]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    /// All other bytes.
    pub fn complement(self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    /// With every letter also the same letter in the other case.
    pub fn fold_case(self) -> ByteSet {
        ByteSet::of(|byte| self.has(byte.to_ascii_lowercase()) || self.has(byte.to_ascii_uppercase()))
    }
}
