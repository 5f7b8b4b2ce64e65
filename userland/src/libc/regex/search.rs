//! How the machine finds a match: it follows all paths at once, so the time is that of the text times the pattern, whatever
//! they are. The leftmost match is taken, and of several there the longest (POSIX.1-2024 §9.1).

use alloc::vec;
use alloc::vec::Vec;

use super::compile::{Instruction, Place};
use super::parse::is_word;
use super::{ByteSet, Regex};

/// The instructions that are reached at one place of the text.
struct States {
    list: Vec<usize>,
    reached: Vec<bool>,
    matched: bool,
}

impl States {
    fn new(count: usize) -> States {
        States { list: Vec::new(), reached: vec![false; count], matched: false }
    }

    fn clear(&mut self) {
        self.list.drain(..).for_each(|at| self.reached[at] = false);
        self.matched = false;
    }
}

/// Searches with one pattern, keeping its room from one line to the next.
pub struct Searcher<'a> {
    program: &'a [Instruction],
    first: Option<&'a ByteSet>,
    now: States,
    next: States,
    todo: Vec<usize>,
}

impl Regex {
    /// A searcher for this pattern.
    pub fn searcher(&self) -> Searcher<'_> {
        let count = self.program.len();
        Searcher {
            program: &self.program,
            first: self.first.as_ref(),
            now: States::new(count),
            next: States::new(count),
            todo: Vec::new(),
        }
    }

    /// The bytes with which a match can begin, if every match takes one and none depends on its place.
    pub(super) fn first_bytes(&self) -> Option<ByteSet> {
        if self.program.iter().any(|instruction| matches!(instruction, Instruction::Assert(_))) {
            return None;
        }
        let mut searcher = self.searcher();
        searcher.begin(b"", 0);
        if searcher.now.matched {
            return None;
        }
        let takes = |byte: u8| {
            let takes_it = |&at: &usize| matches!(&self.program[at], Instruction::Take(set) if set.has(byte));
            searcher.now.list.iter().any(takes_it)
        };
        Some(ByteSet::of(takes))
    }
}

impl Searcher<'_> {
    /// Whether it matches anywhere in a line.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        self.now.clear();
        let mut at = 0;
        loop {
            if self.now.list.is_empty()
                && let Some(first) = self.first
            {
                // Nothing is under way: go to where something can begin.
                match text[at..].iter().position(|&byte| first.has(byte)) {
                    Some(skipped) => at += skipped,
                    None => return false,
                }
            }
            self.begin(text, at);
            if self.now.matched {
                return true;
            }
            let Some(&byte) = text.get(at) else { return false };
            at += 1;
            self.step(byte, text, at);
            if self.now.matched {
                return true;
            }
        }
    }

    /// The leftmost longest match that begins at `from` or behind: where it begins and ends.
    pub fn find(&mut self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        (from..=text.len()).find_map(|start| self.match_at(text, start).map(|end| (start, end)))
    }

    /// Where the longest match that begins at `start` ends.
    fn match_at(&mut self, text: &[u8], start: usize) -> Option<usize> {
        if let Some(first) = self.first
            && !text.get(start).is_some_and(|&byte| first.has(byte))
        {
            return None;
        }
        self.now.clear();
        self.begin(text, start);
        let mut end = self.now.matched.then_some(start);
        for (at, &byte) in text.iter().enumerate().skip(start) {
            self.step(byte, text, at + 1);
            if self.now.matched {
                end = Some(at + 1);
            }
            if self.now.list.is_empty() {
                break;
            }
        }
        end
    }

    /// Begins a match here, beside those that are under way.
    fn begin(&mut self, text: &[u8], place: usize) {
        add(self.program, &mut self.now, &mut self.todo, 0, text, place);
    }

    /// Takes a byte along all paths.
    fn step(&mut self, byte: u8, text: &[u8], place: usize) {
        self.next.clear();
        for &at in &self.now.list {
            if let Instruction::Take(set) = &self.program[at]
                && set.has(byte)
            {
                add(self.program, &mut self.next, &mut self.todo, at + 1, text, place);
            }
        }
        core::mem::swap(&mut self.now, &mut self.next);
    }
}

/// Adds an instruction, and those that it leads to without a byte.
fn add(program: &[Instruction], states: &mut States, todo: &mut Vec<usize>, at: usize, text: &[u8], place: usize) {
    todo.push(at);
    while let Some(at) = todo.pop() {
        if core::mem::replace(&mut states.reached[at], true) {
            continue;
        }
        states.list.push(at);
        match program[at] {
            Instruction::Take(_) => {}
            Instruction::Split(one, other) => todo.extend([one, other]),
            Instruction::Jump(to) => todo.push(to),
            Instruction::Assert(wanted) if is_at(wanted, text, place) => todo.push(at + 1),
            Instruction::Assert(_) => {}
            Instruction::Match => states.matched = true,
        }
    }
}

fn is_at(wanted: Place, text: &[u8], place: usize) -> bool {
    let before = place > 0 && is_word(text[place - 1]);
    let behind = text.get(place).is_some_and(|&byte| is_word(byte));
    match wanted {
        Place::Start => place == 0,
        Place::End => place == text.len(),
        Place::WordEdge { start, end } => start && !before && behind || end && before && !behind,
        Place::NoWordEdge => before == behind,
        Place::NoWordBefore => !before,
        Place::NoWordBehind => !behind,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Syntax, parse_pattern};
    use super::*;

    fn find(syntax: Syntax, pattern: &str, text: &str) -> Option<(usize, usize)> {
        let regex = Regex::new(&parse_pattern(pattern.as_bytes(), syntax).unwrap(), false).unwrap();
        let found = regex.searcher().find(text.as_bytes(), 0);
        assert_eq!(regex.searcher().is_match(text.as_bytes()), found.is_some(), "{pattern} {text}");
        found
    }

    fn basic(pattern: &str, text: &str) -> Option<(usize, usize)> {
        find(Syntax::Basic, pattern, text)
    }

    fn extended(pattern: &str, text: &str) -> Option<(usize, usize)> {
        find(Syntax::Extended, pattern, text)
    }

    #[test]
    fn literals_dots_stars_and_anchors() {
        assert_eq!(basic("b.d", "abcd"), Some((1, 4)));
        assert_eq!(basic("ab*", "xabbb"), Some((1, 5)));
        assert_eq!(basic("^a", "ba"), None);
        assert_eq!(basic("a$", "ba"), Some((1, 2)));
        assert_eq!(basic("^$", ""), Some((0, 0)));
        assert_eq!(basic("a^b$c", "a^b$c"), Some((0, 5)));
        assert_eq!(basic("*a", "*a"), Some((0, 2)));
        assert_eq!(basic("^*a", "*a"), Some((0, 2)));
        assert_eq!(basic(r"\.", "a.b"), Some((1, 2)));
        assert_eq!(basic("", "abc"), Some((0, 0)));
        assert_eq!(basic("a+", "aa+"), Some((1, 3)));
    }

    #[test]
    fn groups_alternatives_and_intervals() {
        assert_eq!(basic(r"\(ab\)*c", "ababc"), Some((0, 5)));
        assert_eq!(basic(r"a\{2,3\}", "aaaa"), Some((0, 3)));
        assert_eq!(basic(r"a\|bc", "xbc"), Some((1, 3)));
        assert_eq!(extended("(a|ab)(c|bcd)", "abcd"), Some((0, 4)));
        assert_eq!(extended("a{2}", "aaa"), Some((0, 2)));
        assert_eq!(extended("a{,1}b", "aab"), Some((1, 3)));
        assert_eq!(extended("x{", "x{"), Some((0, 2)));
        assert_eq!(extended("a+b?", "aac"), Some((0, 2)));
        assert_eq!(extended("()", "a"), Some((0, 0)));
        assert_eq!(extended("(a*)*", "aab"), Some((0, 2)));
    }

    #[test]
    fn words() {
        assert_eq!(basic(r"\<b", "ab b"), Some((3, 4)));
        assert_eq!(basic(r"a\>", "ab a"), Some((3, 4)));
        assert_eq!(basic(r"\w\w*", "- ab_1"), Some((2, 6)));
        assert_eq!(basic(r"\bb\b", "ab b"), Some((3, 4)));
    }

    #[test]
    fn a_pattern_that_explodes_elsewhere_is_no_trouble() {
        let text: alloc::string::String = "a".repeat(2000);
        assert_eq!(extended("(a*)*(a*)*b", &text), None);
    }

    #[test]
    fn mistakes_are_named() {
        let error = |syntax, pattern: &str| parse_pattern(pattern.as_bytes(), syntax).unwrap_err();
        assert_eq!(error(Syntax::Basic, r"\("), "Unmatched ( or \\(");
        assert_eq!(error(Syntax::Basic, r"a\)"), "Unmatched ) or \\)");
        assert_eq!(error(Syntax::Basic, "[a"), "Unmatched [, [^, [:, [., or [=");
        assert_eq!(error(Syntax::Basic, "a\\"), "Trailing backslash");
        assert_eq!(error(Syntax::Basic, r"a\{1"), "Unmatched \\{");
        assert_eq!(error(Syntax::Basic, r"a\{2,1\}"), "Invalid content of \\{\\}");
    }
}
