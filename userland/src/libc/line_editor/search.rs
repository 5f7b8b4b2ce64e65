//! Searching the lines before, while typing what is looked for (Ctrl+R).

use alloc::format;
use alloc::string::String;

use super::History;

/// A search.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Search {
    text: String,
    /// The number of the line that was found.
    found: Option<usize>,
    failed: bool,
}

impl Search {
    /// The line that was found.
    pub fn line<'a>(&self, history: &'a History) -> &'a str {
        self.found.and_then(|found| history.lines().get(found)).map_or("", |line| line)
    }

    /// What stands before it on the screen.
    pub fn prompt(&self) -> String {
        let failed = if self.failed { "failed " } else { "" };
        format!("({failed}reverse-i-search)`{}': ", self.text)
    }

    /// One more character to look for.
    pub fn push(&mut self, character: char, history: &History) {
        self.text.push(character);
        self.look(self.found.map_or(usize::MAX, |found| found + 1), history);
    }

    /// One less.
    pub fn pop(&mut self, history: &History) {
        self.text.pop();
        self.look(usize::MAX, history);
    }

    /// The line before that one which has it too.
    pub fn next(&mut self, history: &History) {
        self.look(self.found.unwrap_or(usize::MAX), history);
    }

    fn look(&mut self, before: usize, history: &History) {
        let found = if self.text.is_empty() { None } else { history.search(&self.text, before) };
        self.failed = found.is_none() && !self.text.is_empty();
        if found.is_some() || self.text.is_empty() {
            self.found = found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_back_and_stays_at_the_last_one_found() {
        let mut history = History::default();
        ["echo one", "ls", "echo two"].iter().for_each(|line| history.add(line));
        let mut search = Search::default();
        "ec".chars().for_each(|character| search.push(character, &history));
        assert_eq!((search.line(&history), search.prompt().as_str()), ("echo two", "(reverse-i-search)`ec': "));
        search.next(&history);
        assert_eq!(search.line(&history), "echo one");
        search.next(&history);
        assert_eq!((search.line(&history), search.failed), ("echo one", true));
        search.pop(&history);
        assert_eq!((search.line(&history), search.failed), ("echo two", false));
    }
}
