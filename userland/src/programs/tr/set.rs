//! How `tr` reads its strings: characters, escapes, ranges, classes and repeats.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::libc::{Class, in_class, parse_number};

/// A piece of a string.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Element {
    /// One character.
    Byte(u8),
    /// All from one to another.
    Range(u8, u8),
    /// `[:class:]`.
    Class(Class),
    /// `[=c=]`.
    Equivalent(u8),
    /// `[c*n]`; 0 stands for as many as are needed.
    Repeat(u8, usize),
}

impl Element {
    /// The characters that it stands for; a repeat without number stands for none yet.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match *self {
            Element::Byte(byte) | Element::Equivalent(byte) => [byte].into(),
            Element::Range(first, last) => (first..=last).collect(),
            Element::Class(class) => (0..=255).filter(|&byte| in_class(class, byte)).collect(),
            Element::Repeat(byte, count) => [byte].repeat(count),
        }
    }
}

/// The pieces of a string.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Element>, String> {
    let letters = unescape(text);
    let mut elements = Vec::new();
    let mut rest = &letters[..];
    while let Some(&letter) = rest.first() {
        if let Some((element, length)) = bracketed(rest)? {
            elements.push(element);
            rest = &rest[length..];
        } else if let [first, dash, last, ..] = rest
            && dash.is(b'-')
        {
            if last.byte < first.byte {
                return Err(format!(
                    "range-endpoints of '{}-{}' are in reverse collating sequence order",
                    show(first.byte),
                    show(last.byte)
                ));
            }
            elements.push(Element::Range(first.byte, last.byte));
            rest = &rest[3..];
        } else {
            elements.push(Element::Byte(letter.byte));
            rest = &rest[1..];
        }
    }
    Ok(elements)
}

/// A character, and whether a backslash took its special meaning away.
#[derive(Clone, Copy)]
struct Letter {
    byte: u8,
    escaped: bool,
}

impl Letter {
    /// Whether it is this special character.
    fn is(self, byte: u8) -> bool {
        self.byte == byte && !self.escaped
    }
}

fn unescape(text: &[u8]) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        let (b'\\', Some(&escape)) = (byte, after.first()) else {
            letters.push(Letter { byte: *byte, escaped: *byte == b'\\' });
            continue;
        };
        rest = &after[1..];
        let byte = match escape {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => octal(after, &mut rest),
            other => other,
        };
        letters.push(Letter { byte, escaped: true });
    }
    letters
}

/// Up to three octal digits at the front of `digits`, as long as the number fits into a byte.
fn octal<'a>(digits: &'a [u8], rest: &mut &'a [u8]) -> u8 {
    let mut value = 0u8;
    let mut used = 0;
    for digit in digits.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')) {
        match value.checked_mul(8).and_then(|value| value.checked_add(digit - b'0')) {
            Some(more) => value = more,
            None => break,
        }
        used += 1;
    }
    *rest = &digits[used..];
    value
}

/// The bracketed construct at the front and its length, if there is one.
fn bracketed(letters: &[Letter]) -> Result<Option<(Element, usize)>, String> {
    let [open, kind, inside @ ..] = letters else { return Ok(None) };
    if !open.is(b'[') {
        return Ok(None);
    }
    if inside.first().is_some_and(|star| star.is(b'*'))
        && let Some(found) = repeat(*kind, &inside[1..])?
    {
        return Ok(Some(found));
    }
    if !kind.is(b':') && !kind.is(b'=') {
        return Ok(None);
    }
    // `[::]` and `[==]` close no earlier than behind one character.
    let closes = |at: &usize| inside[*at].is(kind.byte) && inside[*at + 1].is(b']');
    let Some(end) = (0..inside.len().saturating_sub(1)).find(closes) else { return Ok(None) };
    let name: Vec<u8> = inside[..end].iter().map(|letter| letter.byte).collect();
    let length = end + 4;
    if kind.is(b':') {
        let class = Class::from_name(&name).ok_or_else(|| match &name[..] {
            [] => "missing character class name '[::]'".into(),
            _ => format!("invalid character class '{}'", show_all(&name)),
        })?;
        return Ok(Some((Element::Class(class), length)));
    }
    match name[..] {
        [byte] => Ok(Some((Element::Equivalent(byte), length))),
        [] => Err("missing equivalence class character '[==]'".into()),
        _ => Err(format!("{}: equivalence class operand must be a single character", show_all(&name))),
    }
}

/// `[c*n]`, from behind the star.
fn repeat(letter: Letter, behind: &[Letter]) -> Result<Option<(Element, usize)>, String> {
    let Some(end) = behind.iter().position(|letter| letter.is(b']')) else { return Ok(None) };
    let digits: Vec<u8> = behind[..end].iter().map(|letter| letter.byte).collect();
    let wrong = || format!("invalid repeat count '{}' in [c*n] construct", show_all(&digits));
    let is_octal = digits.first() == Some(&b'0');
    let count = match &digits[..] {
        [] => 0,
        text if is_octal => usize::from_str_radix(&show_all(text), 8).map_err(|_| wrong())?,
        text if text[0].is_ascii_digit() => {
            parse_number(text).and_then(|count| usize::try_from(count).ok()).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    Ok(Some((Element::Repeat(letter.byte, count), end + 4)))
}

/// A character as messages show it.
fn show(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte).into() } else { format!("\\{byte:03o}") }
}

fn show_all(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| show(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<Element> {
        parse(text.as_bytes()).unwrap()
    }

    fn bytes(text: &str) -> Vec<u8> {
        elements(text).iter().flat_map(Element::bytes).collect()
    }

    #[test]
    fn plain_characters_and_ranges() {
        assert_eq!(bytes("a-dx"), b"abcdx");
        assert_eq!(bytes("-a-"), b"-a-");
        assert_eq!(bytes("a-"), b"a-");
        assert_eq!(bytes(r"a\-z"), b"a-z");
        assert_eq!(bytes("[]"), b"[]");
        assert_eq!(bytes("[a-c]"), b"[abc]");
    }

    #[test]
    fn escapes() {
        assert_eq!(bytes(r"\n\\\t\101\0"), b"\n\\\tA\0");
        assert_eq!(bytes(r"\400"), b"\x200");
        assert_eq!(bytes(r"\q"), b"q");
        assert_eq!(bytes("\\"), b"\\");
        assert_eq!(bytes(r"\060-\062"), b"012");
    }

    #[test]
    fn classes_and_repeats() {
        assert_eq!(elements("[:digit:]"), [Element::Class(Class::Digit)]);
        assert_eq!(bytes("[:digit:]"), b"0123456789");
        assert_eq!(elements("[=a=]"), [Element::Equivalent(b'a')]);
        assert_eq!(
            elements("[x*3][y*010][z*]"),
            [Element::Repeat(b'x', 3), Element::Repeat(b'y', 8), Element::Repeat(b'z', 0)]
        );
        assert_eq!(elements("[:*2]"), [Element::Repeat(b':', 2)]);
        assert_eq!(bytes("[:digit"), b"[:digit");
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse(b"z-a"), Err("range-endpoints of 'z-a' are in reverse collating sequence order".into()));
        assert_eq!(parse(b"[:foo:]"), Err("invalid character class 'foo'".into()));
        assert_eq!(parse(b"[=ab=]"), Err("ab: equivalence class operand must be a single character".into()));
        assert_eq!(parse(b"[a*x]"), Err("invalid repeat count 'x' in [c*n] construct".into()));
    }
}
