//! What an interactive shell shows before it reads a line, and how it reads one: with a line editor if standard input is a
//! terminal.

use alloc::vec::Vec;

use super::source::read_plainly;
use super::state::Shell;

/// What came of asking for a line.
pub(super) enum Typed {
    /// A line, with its newline unless the input ended.
    Line(Vec<u8>),
    /// Nothing more comes: Ctrl+D.
    End,
    /// Ctrl+C.
    Interrupted,
}

impl Shell {
    /// Asks the user for a line: the first one of a command, or one that continues it.
    pub(super) async fn ask(&mut self, continued: bool) -> Typed {
        if !continued {
            self.look_after_jobs().await;
            self.tell_news().await;
        }
        let (variable, default) = match continued {
            true => (&b"PS2"[..], &b"> "[..]),
            false => (&b"PS1"[..], &b"$ "[..]),
        };
        let prompt: Vec<u8> = self.parameters.get(variable).unwrap_or(default).into();
        self.tell(&prompt).await;
        let mut line = Vec::new();
        let ended = read_plainly(self.sys, &mut line).await;
        if ended && line.is_empty() { Typed::End } else { Typed::Line(line) }
    }
}
