//! Where characters stand on the screen, and what has to be sent to show a line there, which may be longer than the screen
//! is wide.

use alloc::format;
use alloc::string::String;

/// A place on the screen, counted from where the prompt begins.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Lines below.
    pub row: usize,
    /// Columns to the right.
    pub column: usize,
}

impl Place {
    /// The place behind a character that is written here.
    fn behind(self, character: char, columns: usize) -> Place {
        let width = width(character);
        let mut next = Place { column: self.column + width, ..self };
        if next.column > columns {
            // It doesn't fit into what is left of the line.
            next = Place { row: self.row + 1, column: width };
        }
        if next.column == columns {
            next = Place { row: next.row + 1, column: 0 };
        }
        next
    }
}

/// What is on the screen.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Its width.
    pub columns: usize,
    /// Prompt and line, and how many characters of both are before the cursor.
    shown: String,
    cursor: usize,
}

impl Screen {
    /// What to send so that this is shown in place of what is, with the cursor behind the first `cursor` characters.
    pub fn show(&mut self, text: String, cursor: usize) -> String {
        let is_new = |columns| place(&text, usize::MAX, columns);
        let appended = text.strip_prefix(&self.shown[..]).filter(|more| {
            let at_end = self.cursor == self.shown.chars().count() && cursor == text.chars().count();
            at_end && !self.shown.is_empty() && !more.is_empty() && is_new(self.columns).column != 0
        });
        let bytes = match appended {
            Some(more) => printable(more),
            None => {
                let end = is_new(self.columns);
                let to = place(&text, cursor, self.columns);
                let mut bytes = self.to_start();
                bytes.push_str("\x1b[J");
                bytes.push_str(&printable(&text));
                if end.column == 0 && end.row > 0 {
                    // The terminal waits with the new line until something stands on it.
                    bytes.push_str("\r\n");
                }
                bytes.push_str(&travel(end, to));
                bytes
            }
        };
        (self.shown, self.cursor) = (text, cursor);
        bytes
    }

    /// What to send to be at the beginning of the line below all that is shown. Then nothing is.
    pub fn leave(&mut self) -> String {
        let end = place(&self.shown, usize::MAX, self.columns);
        let mut bytes = travel(place(&self.shown, self.cursor, self.columns), end);
        if end.column > 0 || end.row == 0 {
            bytes.push_str("\r\n");
        }
        (self.shown, self.cursor) = (String::new(), 0);
        bytes
    }

    /// Nothing is shown any more: someone else has written something.
    pub fn forget(&mut self) {
        (self.shown, self.cursor) = (String::new(), 0);
    }

    /// What to send to be where the prompt begins. If nothing is shown yet, that is the line on which the cursor stands, or
    /// the one below if something has been written to the left of it: so many blanks end on one or the other.
    fn to_start(&self) -> String {
        if self.shown.is_empty() {
            return " ".repeat(self.columns.saturating_sub(1)) + "\r";
        }
        travel(place(&self.shown, self.cursor, self.columns), Place::default())
    }
}

/// What to send to get from one place to another.
fn travel(from: Place, to: Place) -> String {
    let mut bytes = String::from("\r");
    match to.row.abs_diff(from.row) {
        0 => {}
        rows if to.row < from.row => bytes.push_str(&format!("\x1b[{rows}A")),
        rows => bytes.push_str(&format!("\x1b[{rows}B")),
    }
    if to.column > 0 {
        bytes.push_str(&format!("\x1b[{}C", to.column));
    }
    bytes
}

/// Where the cursor is behind the first `count` characters.
fn place(text: &str, count: usize, columns: usize) -> Place {
    let columns = columns.max(2);
    let mut in_escape = false;
    let mut at = Place::default();
    for character in text.chars().take(count) {
        // A prompt may have colours.
        if in_escape || character == '\x1b' {
            in_escape = character == '\x1b' || character == '[' || !character.is_ascii_alphabetic();
            continue;
        }
        at = match character {
            '\n' => Place { row: at.row + 1, column: 0 },
            character if character.is_control() => at.behind('^', columns).behind('@', columns),
            character => at.behind(character, columns),
        };
    }
    at
}

/// Control characters as `^X`, but for those of a prompt that mean something to the terminal.
fn printable(text: &str) -> String {
    let mut bytes = String::new();
    for character in text.chars() {
        match character {
            '\x1b' => bytes.push(character),
            '\n' => bytes.push_str("\r\n"),
            '\0'..='\x1f' | '\x7f' => bytes.extend(['^', char::from(character as u8 ^ 0x40)]),
            character => bytes.push(character),
        }
    }
    bytes
}

/// Columns that a character takes: none for marks that combine with the one before, two for the wide ones of East Asia and
/// for pictures (Unicode, UAX 11, in its large ranges).
fn width(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x64b..=0x65f | 0x200b..=0x200f | 0x20d0..=0x20f0 => 0,
        0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xe0100..=0xe01ef => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0x33ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff => 2,
        0xa000..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 => 2,
        0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f680..=0x1f6ff | 0x1f900..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn at(row: usize, column: usize) -> Place {
        Place { row, column }
    }

    #[test]
    fn lines_wrap_at_the_width() {
        assert_eq!(place("abcd", 9, 10), at(0, 4));
        assert_eq!(place("abcdefghij", 99, 10), at(1, 0));
        assert_eq!(place("abcdefghijk", 99, 10), at(1, 1));
        assert_eq!(place("abcdefghijk", 3, 10), at(0, 3));
        // A wide character isn't torn apart.
        assert_eq!(place("abcdefghi語", 99, 10), at(1, 2));
        assert_eq!(place("e\u{301}\x1b[1m$ \x01", 99, 10), at(0, 5));
    }

    #[test]
    fn what_is_typed_at_the_end_is_just_sent() {
        let mut screen = Screen { columns: 10, ..Screen::default() };
        assert_eq!(screen.show("$ ".to_string(), 2), "         \r\x1b[J$ \r\x1b[2C");
        assert_eq!(screen.show("$ a".to_string(), 3), "a");
        assert_eq!(screen.show("$ ab".to_string(), 4), "b");
        assert_eq!(screen.show("$ ab".to_string(), 3), "\r\x1b[J$ ab\r\x1b[3C");
        assert_eq!(screen.leave(), "\r\x1b[4C\r\n");
    }

    #[test]
    fn a_long_line_is_taken_back_over_its_rows() {
        let mut screen = Screen { columns: 4, ..Screen::default() };
        assert_eq!(screen.show("$ abcd".to_string(), 6), "   \r\x1b[J$ abcd\r\x1b[2C");
        assert_eq!(screen.show("$ abcdef".to_string(), 8), "\r\x1b[1A\x1b[J$ abcdef\r\n\r");
        assert_eq!(screen.show("$ a".to_string(), 3), "\r\x1b[2A\x1b[J$ a\r\x1b[3C");
    }
}
