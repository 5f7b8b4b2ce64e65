//! Bytes as readable text and back: for records, where nothing may be lost, and for traces, where long ones are cut.

use std::fmt;

/// Shows bytes in double quotes, as a C string would be written, with `\xHH` for what isn't printable ASCII.
///
/// ```
/// use sim::quote::{Quoted, unquote};
/// assert_eq!(Quoted::whole(b"a\tb\0").to_string(), r#""a\tb\x00""#);
/// assert_eq!(Quoted::cut(b"pear and apple", 4).to_string(), r#""pear"..."#);
/// assert_eq!(unquote(r#""a\tb\x00" rest"#), Ok((b"a\tb\0".to_vec(), " rest")));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a> {
    bytes: &'a [u8],
    cut: bool,
}

impl<'a> Quoted<'a> {
    /// All of them.
    pub fn whole(bytes: &'a [u8]) -> Quoted<'a> {
        Quoted { bytes, cut: false }
    }

    /// The first `limit` of them, and `...` if there are more.
    pub fn cut(bytes: &'a [u8], limit: usize) -> Quoted<'a> {
        Quoted { bytes: &bytes[..bytes.len().min(limit)], cut: bytes.len() > limit }
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for &byte in self.bytes {
            match byte {
                b'"' => f.write_str("\\\"")?,
                b'\\' => f.write_str("\\\\")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                b'\t' => f.write_str("\\t")?,
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_str(if self.cut { "\"..." } else { "\"" })
    }
}

/// Why a text isn't a quoted string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadQuote {
    /// It doesn't start with a quote.
    NoStart,
    /// It has no closing quote.
    NoEnd,
    /// A backslash with nothing known behind it.
    BadEscape,
    /// A character that should have been written as an escape.
    NotPrintable,
}

impl fmt::Display for BadQuote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadQuote::NoStart => "it doesn't start with a double quote",
            BadQuote::NoEnd => "its closing double quote is missing",
            BadQuote::BadEscape => {
                r#"a backslash must be followed by n, r, t, a quote, a backslash, or x and two digits"#
            }
            BadQuote::NotPrintable => r"what isn't printable ASCII is written as \xHH",
        })
    }
}

/// Reads a quoted string from the front of `text`: its bytes, and what follows it.
///
/// # Errors
/// Says what is wrong with it.
pub fn unquote(text: &str) -> Result<(Vec<u8>, &str), BadQuote> {
    let mut bytes = Vec::new();
    let mut rest = text.strip_prefix('"').ok_or(BadQuote::NoStart)?.chars();
    loop {
        match rest.next().ok_or(BadQuote::NoEnd)? {
            '"' => return Ok((bytes, rest.as_str())),
            '\\' => bytes.push(match rest.next().ok_or(BadQuote::NoEnd)? {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                '"' => b'"',
                '\\' => b'\\',
                'x' => {
                    let digits = rest.as_str().get(..2).ok_or(BadQuote::BadEscape)?;
                    // `from_str_radix` would take a sign.
                    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return Err(BadQuote::BadEscape);
                    }
                    rest = rest.as_str()[2..].chars();
                    u8::from_str_radix(digits, 16).map_err(|_| BadQuote::BadEscape)?
                }
                _ => return Err(BadQuote::BadEscape),
            }),
            printable @ ' '..='~' => bytes.push(printable as u8),
            _ => return Err(BadQuote::NotPrintable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives() {
        let all: Vec<u8> = (0..=255).collect();
        let text = Quoted::whole(&all).to_string();
        assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        assert_eq!(unquote(&text), Ok((all, "")));
    }

    #[test]
    fn what_is_not_quoted_is_refused() {
        for (text, why) in [
            ("", BadQuote::NoStart),
            ("sh", BadQuote::NoStart),
            ("\"sh", BadQuote::NoEnd),
            ("\"sh\\", BadQuote::NoEnd),
            ("\"\\q\"", BadQuote::BadEscape),
            ("\"\\x+1\"", BadQuote::BadEscape),
            ("\"\\x1\"", BadQuote::BadEscape),
            ("\"\\xé\"", BadQuote::BadEscape),
            ("\"é\"", BadQuote::NotPrintable),
            ("\"\r\"", BadQuote::NotPrintable),
        ] {
            assert_eq!(unquote(text), Err(why), "{text:?}");
        }
    }
}
