//! The lines of a record and the words of a line, each taken with what is expected there.

use std::fmt;

use super::ContentHash;
use crate::quote::unquote;

/// Why a record is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, and what was expected.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Refused {}

/// The lines of a file, each ended by a newline.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    /// The line taken last, from 1.
    number: usize,
    check: ContentHash,
}

impl<'a> Lines<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Lines<'a> {
        Lines { rest: bytes, number: 0, check: ContentHash::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The line taken last.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Hash of the lines taken so far.
    pub(super) fn check(&self) -> u64 {
        self.check.finish()
    }

    /// The next line, left where it is; `form` is what is expected there.
    pub(super) fn peek(&self, form: &str) -> Result<Line<'a>, Refused> {
        let number = self.number + 1;
        let refuse = |why: String| Err(Refused { line: number, why });
        if self.rest.is_empty() {
            return refuse(format!(
                "the file ends here, where `{form}` was expected: the run that made it was cut off"
            ));
        }
        let Some(length) = self.rest.iter().position(|&byte| byte == b'\n') else {
            return refuse("the line isn't ended by a newline: the file was cut off".into());
        };
        match std::str::from_utf8(&self.rest[..length]) {
            Ok(text) if text.ends_with('\r') => {
                refuse("the line ends with a carriage return; records have plain newlines".into())
            }
            Ok(text) => Ok(Line { number, text, at: 0 }),
            Err(_) => refuse("the line isn't text".into()),
        }
    }

    /// Takes the next line.
    pub(super) fn next(&mut self, form: &str) -> Result<Line<'a>, Refused> {
        let line = self.peek(form)?;
        let (bytes, rest) = self.rest.split_at(line.text.len() + 1);
        self.check.add(bytes);
        self.rest = rest;
        self.number += 1;
        Ok(line)
    }

    pub(super) fn refuse(&self, why: &str) -> Refused {
        Refused { line: self.number, why: why.into() }
    }
}

/// A line, and how much of it has been read.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    at: usize,
}

impl<'a> Line<'a> {
    pub(super) fn expected(&self, what: &str) -> Refused {
        Refused { line: self.number, why: format!("found `{}`, expected {what}", self.text) }
    }

    /// Takes the first word, which must be this one.
    pub(super) fn word(mut self, word: &str) -> Result<Line<'a>, Refused> {
        if self.take() == word { Ok(self) } else { Err(self.expected(&format!("`{word} ...`"))) }
    }

    /// The same in the middle of a line.
    pub(super) fn labelled(&mut self, word: &str) -> Result<&mut Line<'a>, Refused> {
        if self.take() == word { Ok(self) } else { Err(self.expected(&format!("`{word}` further on"))) }
    }

    /// What hasn't been read.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes what comes before the next space. Words are divided by one space each.
    pub(super) fn take(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(' ').unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        &rest[..length]
    }

    pub(super) fn number(&mut self) -> Result<u64, Refused> {
        let word = self.take();
        number(word).ok_or_else(|| self.expected(&format!("a number where it says `{word}`")))
    }

    /// Takes a hash that more follows.
    pub(super) fn hash_word(&mut self) -> Result<u64, Refused> {
        let word = self.take();
        let digits = word.len() == 16 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(word, 16) {
            Ok(hash) if digits => Ok(hash),
            _ => Err(self.expected(&format!("16 hexadecimal digits where it says `{word}`"))),
        }
    }

    /// Takes a hash at the end of the line.
    pub(super) fn hash(&mut self) -> Result<u64, Refused> {
        let hash = self.hash_word()?;
        self.end()?;
        Ok(hash)
    }

    /// Takes the strings up to the end of the line.
    pub(super) fn strings(&mut self) -> Result<Vec<Vec<u8>>, Refused> {
        let (mut strings, mut rest) = (Vec::new(), self.rest());
        while !rest.is_empty() {
            let (string, behind) = unquote(rest)
                .map_err(|why| self.expected(&format!("quoted strings divided by single spaces: {why}")))?;
            strings.push(string);
            rest = match behind.strip_prefix(' ') {
                Some(next) if !next.is_empty() => next,
                None if behind.is_empty() => behind,
                _ => return Err(self.expected("quoted strings divided by single spaces")),
            };
        }
        Ok(strings)
    }

    pub(super) fn end(&self) -> Result<(), Refused> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.expected(&format!("nothing where it says `{}`", self.rest())))
        }
    }
}

/// A number in digits alone: `parse` would take a sign.
pub(super) fn number(word: &str) -> Option<u64> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse().ok() } else { None }
}
