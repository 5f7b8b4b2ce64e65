//! Keys: which part of a line is compared, and how (`sort -k`).

use alloc::format;
use alloc::string::String;

use crate::libc::quote;

/// A key. Positions count from 0 here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    start_field: usize,
    start_char: usize,
    start_skips_blanks: bool,
    end: Option<End>,
    end_skips_blanks: bool,
    pub(super) dictionary: bool,
    pub(super) fold: bool,
    pub(super) printable: bool,
    pub(super) numeric: bool,
    pub(super) reverse: bool,
}

/// Where a key ends: behind so many characters of a field, or (0) behind all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct End {
    field: usize,
    chars: usize,
}

impl Key {
    /// The whole line, compared by its bytes.
    pub(super) fn whole_line() -> Key {
        Key {
            start_field: 0,
            start_char: 0,
            start_skips_blanks: false,
            end: None,
            end_skips_blanks: false,
            dictionary: false,
            fold: false,
            printable: false,
            numeric: false,
            reverse: false,
        }
    }

    /// From the argument of `-k`.
    pub(super) fn parse(text: &[u8]) -> Result<Key, String> {
        let mut key = Key::whole_line();
        let mut rest = text;
        let wrong = |why: &str| format!("{why}: invalid field specification {}", quote(text));
        let zero_field = || wrong("field number is zero");
        key.start_field = position(&mut rest, "at field start")?.checked_sub(1).ok_or_else(zero_field)?;
        if skip(&mut rest, b'.') {
            let first = position(&mut rest, "after '.'")?;
            key.start_char = first.checked_sub(1).ok_or_else(|| wrong("character offset is zero"))?;
        }
        key.start_skips_blanks = key.take_modifiers(&mut rest);
        if skip(&mut rest, b',') {
            let field = position(&mut rest, "after ','")?.checked_sub(1).ok_or_else(zero_field)?;
            let chars = if skip(&mut rest, b'.') { position(&mut rest, "after '.'")? } else { 0 };
            key.end = Some(End { field, chars });
            key.end_skips_blanks = key.take_modifiers(&mut rest);
        }
        if !rest.is_empty() {
            return Err(wrong("stray character in field spec"));
        }
        Ok(key)
    }

    /// Takes the letters at the front that modify the key; whether `b` is among them.
    fn take_modifiers(&mut self, rest: &mut &[u8]) -> bool {
        let mut skips_blanks = false;
        while let [letter @ (b'b' | b'd' | b'f' | b'i' | b'n' | b'r'), after @ ..] = *rest {
            *rest = after;
            if *letter == b'b' {
                skips_blanks = true;
            } else {
                self.modify(*letter);
            }
        }
        skips_blanks
    }

    /// Sets what an option letter says.
    pub(super) fn modify(&mut self, letter: u8) {
        match letter {
            b'b' => (self.start_skips_blanks, self.end_skips_blanks) = (true, true),
            b'd' => self.dictionary = true,
            b'f' => self.fold = true,
            b'i' => self.printable = true,
            b'n' => self.numeric = true,
            _ => self.reverse = true,
        }
    }

    /// Whether it is compared otherwise than by its bytes. Reversing alone doesn't count: the last resort does that.
    pub(super) fn is_modified(&self) -> bool {
        self.start_skips_blanks || self.dictionary || self.fold || self.printable || self.numeric
    }

    /// A key without letters of its own takes the global ones.
    pub(super) fn inherit(&mut self, global: &Key) {
        if !self.is_modified() && !self.end_skips_blanks && !self.reverse {
            let Key { start_field, start_char, end, .. } = *self;
            *self = Key { start_field, start_char, end, ..*global };
        }
    }

    /// Refuses letters that contradict each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let others = [(self.dictionary, 'd'), (self.printable, 'i')];
        match others.iter().find(|(given, _)| self.numeric && *given) {
            Some((_, letter)) => Err(format!("options '-{letter}n' are incompatible")),
            None => Ok(()),
        }
    }

    /// The part of a line that it stands for.
    pub(super) fn of<'a>(&self, line: &'a [u8], separator: Option<u8>) -> &'a [u8] {
        let mut start = fields(line, self.start_field, separator, true);
        if self.start_skips_blanks {
            start += blanks(&line[start..]);
        }
        start = line.len().min(start + self.start_char);
        let end = match self.end {
            None => line.len(),
            Some(End { field, chars: 0 }) => fields(line, field + 1, separator, false),
            Some(End { field, chars }) => {
                let mut end = fields(line, field, separator, true);
                if self.end_skips_blanks {
                    end += blanks(&line[end..]);
                }
                line.len().min(end + chars)
            }
        };
        &line[start..end.max(start)]
    }
}

/// Where so many fields end; with `over`, behind the separator that follows them.
fn fields(line: &[u8], count: usize, separator: Option<u8>, over: bool) -> usize {
    let mut at = 0;
    for left in (0..count).rev() {
        if at >= line.len() {
            break;
        }
        match separator {
            Some(separator) => {
                at += line[at..].iter().take_while(|&&byte| byte != separator).count();
                if at < line.len() && (over || left > 0) {
                    at += 1;
                }
            }
            None => {
                at += blanks(&line[at..]);
                at += line[at..].iter().take_while(|byte| !is_blank(byte)).count();
            }
        }
    }
    at
}

/// How many blanks stand at the front.
pub(super) fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_blank(byte)).count()
}

pub(super) fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

fn skip(rest: &mut &[u8], byte: u8) -> bool {
    match rest.strip_prefix(&[byte]) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

/// The number at the front. Too large a number is as good as any large one.
fn position(rest: &mut &[u8], place: &str) -> Result<usize, String> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Err(format!("invalid number {place}: invalid count at start of {}", quote(rest)));
    }
    let number = rest[..digits]
        .iter()
        .fold(0usize, |number, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    *rest = &rest[digits..];
    Ok(number.min(usize::MAX / 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, line: &str) -> String {
        let key = Key::parse(text.as_bytes()).unwrap();
        String::from_utf8(key.of(line.as_bytes(), None).into()).unwrap()
    }

    fn separated(text: &str, line: &str) -> String {
        let key = Key::parse(text.as_bytes()).unwrap();
        String::from_utf8(key.of(line.as_bytes(), Some(b':')).into()).unwrap()
    }

    #[test]
    fn blanks_before_a_field_belong_to_it() {
        assert_eq!(key("2", "a  b c"), "  b c");
        assert_eq!(key("2,2", "a  b c"), "  b");
        assert_eq!(key("2b,2", "a  b c"), "b");
        assert_eq!(key("2.3,2.3", "a  b c"), "b");
        assert_eq!(key("5", "a b"), "");
        assert_eq!(key("1.2,1", "  abc d"), " abc");
    }

    #[test]
    fn separators_belong_to_no_field() {
        assert_eq!(separated("2,2", "a:b:c"), "b");
        assert_eq!(separated("2,2", "a::c"), "");
        assert_eq!(separated("1,2", "a:b:c"), "a:b");
        assert_eq!(separated("2", "a:b:c"), "b:c");
        assert_eq!(separated("3,3.1", "a:b:cd"), "c");
    }

    #[test]
    fn wrong_keys_are_named() {
        assert_eq!(Key::parse(b"0").unwrap_err(), "field number is zero: invalid field specification '0'");
        assert_eq!(Key::parse(b"x").unwrap_err(), "invalid number at field start: invalid count at start of 'x'");
        assert_eq!(Key::parse(b"1x").unwrap_err(), "stray character in field spec: invalid field specification '1x'");
        assert_eq!(Key::parse(b"1,").unwrap_err(), "invalid number after ',': invalid count at start of ''");
    }
}
