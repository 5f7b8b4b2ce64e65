//! From the bytes that a terminal sends to keys: UTF-8, control characters, and escape sequences as xterm and its kin
//! send them.

use alloc::vec::Vec;

/// A key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// A character.
    Character(char),
    /// Ctrl and this capital letter.
    Control(u8),
    /// Alt and this small letter.
    Alt(u8),
    /// The end of the line.
    Enter,
    /// Completion.
    Tab,
    /// Takes the character before the cursor.
    Backspace,
    /// Takes the word before the cursor.
    BackspaceWord,
    /// Takes the character at the cursor.
    Delete,
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// An arrow with Ctrl or Alt.
    WordLeft,
    /// An arrow with Ctrl or Alt.
    WordRight,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Something that means nothing here.
    Unknown,
}

/// Bytes of an unfinished escape sequence that are kept: longer ones mean nothing.
const LONGEST: usize = 32;

/// Puts bytes together.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Decoder {
    begun: Vec<u8>,
}

impl Decoder {
    /// Takes the next byte; a key if it completes one.
    ///
    /// ```
    /// use userland::libc::line_editor::{Decoder, Key};
    /// let mut decoder = Decoder::default();
    /// let keys: Vec<Key> = b"a\x1b[D\x01".iter().filter_map(|&byte| decoder.feed(byte)).collect();
    /// assert_eq!(keys, [Key::Character('a'), Key::Left, Key::Control(b'A')]);
    /// ```
    pub fn feed(&mut self, byte: u8) -> Option<Key> {
        if self.begun.is_empty() || self.begun == [0x1b] && byte == 0x1b {
            self.begun.clear();
            return self.first(byte);
        }
        self.begun.push(byte);
        let key = match self.begun[..] {
            [0x1b, ref rest @ ..] => escape(rest),
            ref bytes => character(bytes),
        };
        if key.is_some() || self.begun.len() > LONGEST {
            self.begun.clear();
            return key.or(Some(Key::Unknown));
        }
        None
    }

    fn first(&mut self, byte: u8) -> Option<Key> {
        Some(match byte {
            b'\r' | b'\n' => Key::Enter,
            b'\t' => Key::Tab,
            0x7f | 8 => Key::Backspace,
            0x1b | 0xc2..=0xf4 => {
                self.begun.push(byte);
                return None;
            }
            0..=0x1f => Key::Control(byte + b'@'),
            0x20..=0x7e => Key::Character(byte.into()),
            _ => Key::Unknown,
        })
    }
}

/// A character of several bytes, as soon as it is complete, or can't become one.
fn character(bytes: &[u8]) -> Option<Key> {
    match core::str::from_utf8(bytes) {
        Ok(text) => text.chars().next().map(Key::Character),
        Err(error) if error.error_len().is_none() => None,
        Err(_) => Some(Key::Unknown),
    }
}

/// What stands behind an escape character.
fn escape(rest: &[u8]) -> Option<Key> {
    Some(match *rest {
        [b'[' | b'O'] => return None,
        [b'O', last] | [b'[', last @ 0x40..=0xff] => arrow(last, false),
        [b'[', .., b'0'..=b'?' | b' '..=b'/'] => return None,
        [b'[', ref number @ .., b'~'] => match number {
            b"1" | b"7" => Key::Home,
            b"4" | b"8" => Key::End,
            b"3" => Key::Delete,
            _ => Key::Unknown,
        },
        [b'[', ref modifiers @ .., last] => arrow(last, modifiers.contains(&b';')),
        [0x7f | 8] => Key::BackspaceWord,
        [letter] => Key::Alt(letter.to_ascii_lowercase()),
        _ => Key::Unknown,
    })
}

fn arrow(last: u8, with_modifier: bool) -> Key {
    match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if with_modifier => Key::WordRight,
        b'D' if with_modifier => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => Key::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        bytes.iter().filter_map(|&byte| decoder.feed(byte)).collect()
    }

    #[test]
    fn sequences_of_terminals() {
        assert_eq!(keys(b"\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D"), [Key::Up, Key::Down, Key::WordRight, Key::WordLeft]);
        assert_eq!(keys(b"\x1b[H\x1b[4~\x1b[3~\x1bOF"), [Key::Home, Key::End, Key::Delete, Key::End]);
        assert_eq!(
            keys(b"\x1bb\x1bF\x1b\x7f\x1b\x1b[D"),
            [Key::Alt(b'b'), Key::Alt(b'f'), Key::BackspaceWord, Key::Left]
        );
        // The marks around pasted text.
        assert_eq!(keys(b"\x1b[200~a\x1b[201~"), [Key::Unknown, Key::Character('a'), Key::Unknown]);
    }

    #[test]
    fn characters_of_several_bytes() {
        assert_eq!(keys("ä€🦀".as_bytes()), ['ä', '€', '🦀'].map(Key::Character));
        assert_eq!(keys(b"\xc3(\xffb"), [Key::Unknown, Key::Unknown, Key::Character('b')]);
    }

    #[test]
    fn nothing_is_kept_for_ever() {
        let mut bytes = b"\x1b[".to_vec();
        bytes.extend([b'1'; 100]);
        assert!(keys(&bytes).len() > 50);
    }
}
