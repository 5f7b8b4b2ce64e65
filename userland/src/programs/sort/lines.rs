//! The lines that `sort` holds: one big text, and where in it each line lies.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::compare::Rules;

/// Lines of one text.
pub(super) struct Lines {
    text: Vec<u8>,
    spans: Vec<Span>,
}

/// Where a line lies, and its first bytes as a number that compares as they do: most comparisons need no more.
#[derive(Clone, Copy)]
struct Span {
    prefix: u64,
    start: usize,
    end: usize,
}

impl Lines {
    /// The lines of a text whose last byte is a delimiter too.
    pub(super) fn new(text: Vec<u8>, delimiter: u8) -> Lines {
        let mut spans = Vec::new();
        let mut start = 0;
        for (at, _) in text.iter().enumerate().filter(|&(_, &byte)| byte == delimiter) {
            spans.push(Span { prefix: prefix(&text[start..at]), start, end: at });
            start = at + 1;
        }
        Lines { text, spans }
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn line(&self, index: usize) -> &[u8] {
        line(&self.text, &self.spans[index])
    }

    /// Sorts the lines; equal ones stay as they are.
    pub(super) fn sort(&mut self, rules: &Rules) {
        let text = &self.text;
        if !rules.keys.is_empty() {
            self.spans.sort_by(|one, other| rules.compare(line(text, one), line(text, other)));
            return;
        }
        // Lines that compare equal are the same here, so it doesn't matter which comes first.
        self.spans.sort_unstable_by(|one, other| {
            one.prefix.cmp(&other.prefix).then_with(|| line(text, one).cmp(line(text, other)))
        });
        if rules.reverse {
            self.spans.reverse();
        }
    }

    /// Keeps the first of each run of equal lines.
    pub(super) fn keep_first_of_equals(&mut self, rules: &Rules) {
        let text = &self.text;
        self.spans.dedup_by(|later, first| rules.compare(line(text, first), line(text, later)) == Ordering::Equal);
    }
}

fn line<'a>(text: &'a [u8], span: &Span) -> &'a [u8] {
    &text[span.start..span.end]
}

/// The first eight bytes, missing ones as zeros.
fn prefix(line: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(line) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn lines_sort_by_their_bytes() {
        let rules = Rules { keys: vec![], separator: None, reverse: false, unique: true, stable: false };
        let mut lines = Lines::new(b"b\nabcdefghij\n\nabcdefgh\na\0\na\nb\n".to_vec(), b'\n');
        lines.sort(&rules);
        lines.keep_first_of_equals(&rules);
        let sorted: Vec<&[u8]> = (0..lines.len()).map(|index| lines.line(index)).collect();
        assert_eq!(sorted, [&b""[..], b"a", b"a\0", b"abcdefgh", b"abcdefghij", b"b"]);
    }
}
