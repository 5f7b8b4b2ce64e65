//! Where a script's text comes from.
//!
//! Standard input is read byte by byte: a command that reads it too must find it right behind the line that started it
//! (POSIX.1-2024, `sh`, "STDIN"), and a pipe can't be given back what was read too far.

use alloc::vec::Vec;

use abi::Errno;

use super::lexer::Lexer;
use super::parser::{ParseError, Parsed, Trouble, parse};
use crate::libc::STDIN;
use crate::sys::Sys;

/// A script that is being read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Source {
    /// What was read and not run yet.
    pub(super) text: Vec<u8>,
    /// On which line that begins.
    pub(super) line: usize,
    /// Nothing more can be read.
    pub(super) ended: bool,
}

impl Source {
    /// A text.
    pub(super) fn text(text: &[u8]) -> Source {
        Source { text: text.into(), line: 1, ended: true }
    }

    /// What standard input has.
    pub(super) fn standard_input() -> Source {
        Source { text: Vec::new(), line: 1, ended: false }
    }

    /// Whether there may be another command.
    pub(super) fn may_go_on(&self) -> bool {
        !self.ended || !self.text.iter().all(u8::is_ascii_whitespace)
    }

    /// The next complete command.
    ///
    /// # Errors
    /// The text is wrong, or ends in the middle of a command.
    pub(super) async fn next_command(&mut self, sys: Sys) -> Result<Parsed, Trouble> {
        if self.text.is_empty() {
            self.read_line(sys).await;
        }
        loop {
            let mut lexer = Lexer::new(&self.text, 0, self.line);
            match parse(&mut lexer) {
                Ok(_) if lexer.ends_joining() && !self.ended => {}
                Ok(parsed) => {
                    self.line = lexer.line();
                    let used = lexer.position();
                    self.text.drain(..used);
                    return Ok(parsed);
                }
                Err(ParseError::Unfinished(_)) if !self.ended => {}
                Err(ParseError::Unfinished(trouble) | ParseError::Wrong(trouble)) => return Err(trouble),
            }
            self.read_line(sys).await;
        }
    }

    /// Reads one more line, or finds the end. What can't be read ends too.
    async fn read_line(&mut self, sys: Sys) {
        let mut byte = [0];
        while !self.ended {
            match sys.read(STDIN, &mut byte).await {
                Ok(0) => self.ended = true,
                Ok(_) => self.text.push(byte[0]),
                Err(Errno::EINTR) => continue,
                Err(_) => self.ended = true,
            }
            if byte[0] == b'\n' {
                return;
            }
        }
    }
}
