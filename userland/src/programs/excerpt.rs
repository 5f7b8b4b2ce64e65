//! What `head(1)` and `tail(1)` share: amounts in lines or bytes, and the headings between inputs.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::libc::{Given, NumberError, Output, display_name, parse_count, quote};

/// An amount of lines or bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Amount {
    pub(super) unit: Unit,
    pub(super) sign: Sign,
    pub(super) count: u64,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// Pieces that end with this byte.
    Lines(u8),
    Bytes,
}

/// What stands before the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    None,
    Minus,
    Plus,
}

impl Amount {
    /// From the options `lines`, `bytes` and `zero-terminated`; ten lines unless they say otherwise.
    pub(super) fn from_options(given: &Given<'_>) -> Result<Amount, String> {
        let delimiter = if given.has("zero-terminated") { 0 } else { b'\n' };
        let (unit, what, text) = match given.last_of(&["lines", "bytes"]) {
            Some(("bytes", text)) => (Unit::Bytes, "bytes", text),
            Some((_, text)) => (Unit::Lines(delimiter), "lines", text),
            None => (Unit::Lines(delimiter), "lines", &b"10"[..]),
        };
        let (sign, number) = match text {
            [b'-', number @ ..] => (Sign::Minus, number),
            [b'+', number @ ..] => (Sign::Plus, number),
            number => (Sign::None, number),
        };
        // GNU's head names the number without its minus sign.
        let shown = if sign == Sign::Minus { number } else { text };
        match parse_count(number) {
            Ok(count) => Ok(Amount { unit, sign, count }),
            Err(NumberError::Invalid) => Err(format!("invalid number of {what}: {}", quote(shown))),
            Err(NumberError::TooLarge) => {
                Err(format!("invalid number of {what}: {}: Value too large for defined data type", quote(shown)))
            }
        }
    }
}

/// Rewrites the old form `-5` (or `-5c`) in front of the operands as `-n 5` (or `-c 5`).
pub(super) fn modernize<'a>(arguments: impl Iterator<Item = &'a [u8]>) -> Vec<Cow<'a, [u8]>> {
    let mut modern: Vec<Cow<'a, [u8]>> = arguments.map(Cow::Borrowed).collect();
    let Some([b'-', rest @ ..]) = modern.first().map(|first| &**first) else { return modern };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let letter = match &rest[digits..] {
        _ if digits == 0 => return modern,
        [] | b"l" => "n",
        b"c" => "c",
        _ => return modern,
    };
    let option = [b"-", letter.as_bytes(), &rest[..digits]].concat();
    modern[0] = Cow::Owned(option);
    modern
}

/// Prints which input follows, where there is more than one or it was asked for.
pub(super) struct Headings {
    shown: bool,
    first: bool,
}

impl Headings {
    pub(super) fn new(given: &Given<'_>) -> Headings {
        let shown = match given.last_of(&["quiet", "silent", "verbose"]) {
            Some(("verbose", _)) => true,
            Some(_) => false,
            None => given.operands.len() > 1,
        };
        Headings { shown, first: true }
    }

    pub(super) fn push(&mut self, input: &[u8], output: &mut Output) {
        if self.shown {
            let gap = if self.first { "" } else { "\n" };
            output.push(format!("{gap}==> {} <==\n", input_name(input)).as_bytes());
            self.first = false;
        }
    }
}

/// What an input is called in headings.
fn input_name(input: &[u8]) -> Cow<'_, str> {
    if input == b"-" { "standard input".into() } else { display_name(input) }
}

/// Where piece number `count` ends (0: the start); the end if there are fewer.
pub(super) fn end_of_piece(bytes: &[u8], delimiter: u8, count: u64) -> usize {
    if count == 0 {
        return 0;
    }
    let mut ends = bytes.iter().enumerate().filter(|&(_, &byte)| byte == delimiter).map(|(at, _)| at + 1);
    usize::try_from(count - 1).ok().and_then(|index| ends.nth(index)).unwrap_or(bytes.len())
}

/// How many delimiters there are.
pub(super) fn count_delimiters(bytes: &[u8], delimiter: u8) -> u64 {
    bytes.iter().filter(|&&byte| byte == delimiter).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modern(arguments: &[&str]) -> Vec<String> {
        modernize(arguments.iter().map(|argument| argument.as_bytes()))
            .iter()
            .map(|it| display_name(it).into())
            .collect()
    }

    #[test]
    fn the_old_form_is_understood_in_front() {
        assert_eq!(modern(&["-5", "a"]), ["-n5", "a"]);
        assert_eq!(modern(&["-5c"]), ["-c5"]);
        assert_eq!(modern(&["a", "-5"]), ["a", "-5"]);
        assert_eq!(modern(&["-5x"]), ["-5x"]);
        assert_eq!(modern(&["-n", "5"]), ["-n", "5"]);
    }

    #[test]
    fn pieces_end_with_their_delimiter() {
        assert_eq!(end_of_piece(b"a\nbc\nd", b'\n', 0), 0);
        assert_eq!(end_of_piece(b"a\nbc\nd", b'\n', 2), 5);
        assert_eq!(end_of_piece(b"a\nbc\nd", b'\n', 3), 6);
        assert_eq!(end_of_piece(b"", b'\n', u64::MAX), 0);
    }
}
