//! Where a script's text comes from.
//!
//! Standard input is read byte by byte: a command that reads it too must find it right behind the line that started it
//! (POSIX.1-2024, `sh`, "STDIN"), and a pipe can't be given back what was read too far.

use alloc::vec::Vec;

use abi::Errno;

use super::lexer::Lexer;
use super::parser::{ParseError, Parsed, Trouble, parse};
use super::prompt::Typed;
use super::state::Shell;
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

/// What comes next.
pub(super) enum Command {
    /// A complete command, or nothing.
    Is(Parsed),
    /// The text is wrong, or ends in the middle of a command.
    Wrong(Trouble),
    /// Ctrl+C: what was typed so far is nothing.
    Interrupted,
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

    /// The next complete command. After a mistake the rest of what was typed is forgotten.
    pub(super) async fn next_command(&mut self, shell: &mut Shell) -> Command {
        let mut interrupted = self.text.is_empty() && self.read_line(shell, false).await.is_err();
        while !interrupted {
            let mut lexer = Lexer::new(&self.text, 0, self.line);
            match parse(&mut lexer) {
                Ok(_) if lexer.ends_joining() && !self.ended => {}
                Ok(parsed) => {
                    self.line = lexer.line();
                    let used = lexer.position();
                    self.text.drain(..used);
                    return Command::Is(parsed);
                }
                Err(ParseError::Unfinished(_)) if !self.ended => {}
                Err(ParseError::Unfinished(trouble) | ParseError::Wrong(trouble)) => {
                    self.text.clear();
                    return Command::Wrong(trouble);
                }
            }
            interrupted = self.read_line(shell, true).await.is_err();
        }
        self.text.clear();
        Command::Interrupted
    }

    /// Reads one more line, or finds the end; `continued` if it belongs to a command that has begun.
    ///
    /// # Errors
    /// It was interrupted.
    async fn read_line(&mut self, shell: &mut Shell, continued: bool) -> Result<(), ()> {
        if self.ended {
            return Ok(());
        }
        if !shell.is_interactive() {
            self.ended = read_plainly(shell.sys, &mut self.text).await;
            return Ok(());
        }
        match shell.ask(continued).await {
            Typed::Line(line) => self.text.extend(line),
            Typed::End => self.ended = true,
            Typed::Interrupted => return Err(()),
        }
        Ok(())
    }
}

/// Reads a line from standard input; whether that ended. What can't be read ends too.
pub(super) async fn read_plainly(sys: Sys, text: &mut Vec<u8>) -> bool {
    let mut byte = [0];
    loop {
        match sys.read(STDIN, &mut byte).await {
            Ok(0) => return true,
            Ok(_) => text.push(byte[0]),
            Err(Errno::EINTR) => continue,
            Err(_) => return true,
        }
        if byte[0] == b'\n' {
            return false;
        }
    }
}
