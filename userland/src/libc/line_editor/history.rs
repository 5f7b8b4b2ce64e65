//! The lines that were typed before.

use alloc::string::String;
use alloc::vec::Vec;

/// How many lines are remembered.
const REMEMBERED: usize = 500;

/// Lines, the oldest first.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct History {
    lines: Vec<String>,
}

impl History {
    /// Remembers a line, unless it is empty or the same as the last one.
    pub fn add(&mut self, line: &str) {
        if line.trim().is_empty() || self.lines.last().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == REMEMBERED {
            self.lines.remove(0);
        }
        self.lines.push(line.into());
    }

    /// All lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The number of the last line before `before` that contains a text.
    pub fn search(&self, text: &str, before: usize) -> Option<usize> {
        self.lines.iter().take(before).rposition(|line| line.contains(text))
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn lines_are_remembered_once_and_not_for_ever() {
        let mut history = History::default();
        for line in ["a", "a", " ", "b", "a"] {
            history.add(line);
        }
        assert_eq!(history.lines(), ["a", "b", "a"]);
        (0..600).for_each(|i| history.add(&format!("{i}")));
        assert_eq!((history.lines().len(), &history.lines()[0][..]), (500, "100"));
    }

    #[test]
    fn the_last_line_with_a_text_is_found() {
        let mut history = History::default();
        ["echo one", "ls", "echo two"].iter().for_each(|line| history.add(line));
        assert_eq!(history.search("echo", 3), Some(2));
        assert_eq!(history.search("echo", 2), Some(0));
        assert_eq!(history.search("echo", 0), None);
    }
}
