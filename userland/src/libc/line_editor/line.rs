//! The line that is edited: its text, the cursor, and what was cut out last.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// A line and a cursor, which stands before the character with its number, or at the end.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Line {
    text: Vec<char>,
    cursor: usize,
    cut: Vec<char>,
}

impl Line {
    /// Its characters.
    pub fn characters(&self) -> &[char] {
        &self.text
    }

    /// Where the cursor stands.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Its text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The text before the cursor.
    pub fn before(&self) -> String {
        self.text[..self.cursor].iter().collect()
    }

    /// Another text instead, with the cursor at its end.
    pub fn replace(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    /// Puts a text in before the cursor.
    pub fn insert(&mut self, text: &str) {
        for character in text.chars() {
            self.text.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    /// Moves the cursor.
    pub fn move_to(&mut self, place: usize) {
        self.cursor = place.min(self.text.len());
    }

    /// One character to the left, from where the cursor stands.
    pub fn left(&self) -> usize {
        self.cursor.saturating_sub(1)
    }

    /// One character to the right.
    pub fn right(&self) -> usize {
        (self.cursor + 1).min(self.text.len())
    }

    /// The end.
    pub fn end(&self) -> usize {
        self.text.len()
    }

    /// The beginning of the word to the left.
    pub fn word_left(&self, in_word: fn(char) -> bool) -> usize {
        let mut at = self.cursor;
        while at > 0 && !in_word(self.text[at - 1]) {
            at -= 1;
        }
        while at > 0 && in_word(self.text[at - 1]) {
            at -= 1;
        }
        at
    }

    /// The end of the word to the right.
    pub fn word_right(&self, in_word: fn(char) -> bool) -> usize {
        let mut at = self.cursor;
        while at < self.text.len() && !in_word(self.text[at]) {
            at += 1;
        }
        while at < self.text.len() && in_word(self.text[at]) {
            at += 1;
        }
        at
    }

    /// Takes a part out.
    pub fn delete(&mut self, part: Range<usize>) {
        self.cursor = part.start;
        self.text.drain(part);
    }

    /// Takes a part out, to be put in again elsewhere.
    pub fn cut(&mut self, part: Range<usize>) {
        if !part.is_empty() {
            self.cut = self.text[part.clone()].into();
            self.delete(part);
        }
    }

    /// Puts in what was cut out last.
    pub fn paste(&mut self) {
        let text: String = self.cut.iter().collect();
        self.insert(&text);
    }

    /// Exchanges the characters around the cursor, or the last two.
    pub fn transpose(&mut self) {
        let at = if self.cursor == self.text.len() { self.left() } else { self.cursor };
        if at > 0 {
            self.text.swap(at - 1, at);
            self.cursor = at + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, cursor: usize) -> Line {
        let mut line = Line::default();
        line.replace(text);
        line.move_to(cursor);
        line
    }

    #[test]
    fn words_are_found_in_both_directions() {
        let alphanumeric: fn(char) -> bool = char::is_alphanumeric;
        let line = line("echo  grün/blau", 12);
        assert_eq!((line.word_left(alphanumeric), line.word_right(alphanumeric)), (11, 15));
        assert_eq!((line.word_left(|c| c != ' '), line.word_right(|c| c != ' ')), (6, 15));
        assert_eq!(self::line("  a", 2).word_left(alphanumeric), 0);
    }

    #[test]
    fn what_was_cut_can_be_put_in_again() {
        let mut line = line("one two", 3);
        line.cut(3..7);
        line.move_to(0);
        line.paste();
        assert_eq!((line.text().as_str(), line.cursor()), (" twoone", 4));
        // Nothing cut: what was cut before stays.
        line.cut(4..4);
        line.paste();
        assert_eq!(line.text(), " two twoone");
    }

    #[test]
    fn characters_change_places() {
        let mut line = line("abc", 3);
        line.transpose();
        assert_eq!((line.text().as_str(), line.cursor()), ("acb", 3));
        line.move_to(1);
        line.transpose();
        assert_eq!((line.text().as_str(), line.cursor()), ("cab", 2));
        line.move_to(0);
        line.transpose();
        assert_eq!(line.text(), "cab");
    }
}
