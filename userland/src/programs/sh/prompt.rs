//! What an interactive shell shows before it reads a line, and how it reads one: with a line editor if standard input is a
//! terminal.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::Signal;

use super::run::Flow;
use super::source::read_plainly;
use super::state::Shell;
use super::{builtin, completion};
use crate::libc::line_editor::{Edited, Editor, History};
use crate::libc::{STDERR, STDIN, raise};

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
    /// Gives `PS1` and `PS2` their values, unless the user has others.
    pub(super) async fn set_prompts(&mut self) {
        let first = if self.sys.geteuid().await == 0 { b"# " } else { b"$ " };
        for (name, prompt) in [(b"PS1", first), (b"PS2", b"> ")] {
            if self.parameters.get(name).is_none() {
                self.parameters.set(name, prompt);
            }
        }
    }

    /// Asks the user for a line: the first one of a command, or one that continues it.
    pub(super) async fn ask(&mut self, continued: bool) -> Typed {
        if !continued {
            self.look_after_jobs().await;
            self.tell_news().await;
        }
        let prompt = self.parameters.get(if continued { b"PS2" } else { b"PS1" }).unwrap_or_default();
        let prompt = String::from_utf8_lossy(prompt).into_owned();
        if !(self.sys.isatty(STDIN).await && self.sys.isatty(STDERR).await) {
            self.tell(prompt.as_bytes()).await;
            let mut line = Vec::new();
            let ended = read_plainly(self.sys, &mut line).await;
            return if ended && line.is_empty() { Typed::End } else { Typed::Line(line) };
        }
        let mut history = core::mem::take(&mut self.history);
        let typed = self.edit(&prompt, &history).await;
        if let Typed::Line(line) = &typed {
            history.add(&String::from_utf8_lossy(line.trim_ascii_end()));
        }
        self.history = history;
        typed
    }

    async fn edit(&mut self, prompt: &str, history: &History) -> Typed {
        let mut editor = Editor::new(self.sys, STDIN, prompt, history, completion::complete);
        loop {
            match editor.edit().await {
                Ok(Edited::Line(line)) => return Typed::Line(format!("{line}\n").into()),
                Ok(Edited::End) => {
                    let leaves = !self.jobs.any_stopped() || self.warned;
                    self.tell(if leaves { b"exit\n" } else { b"\n" }).await;
                    return Typed::End;
                }
                Ok(Edited::Interrupted) => {
                    // The editor reads the key as a byte. It stands for the signal, for which there may be a trap.
                    raise(self.sys, Signal::SIGINT).await;
                    self.run_traps().await;
                    return Typed::Interrupted;
                }
                Ok(Edited::Signal) => {
                    if self.caught_signals().await.is_empty() {
                        continue;
                    }
                    editor.leave_screen().await;
                    if self.run_traps().await == Flow::Interrupt {
                        return Typed::Interrupted;
                    }
                }
                // The terminal is gone.
                Err(_) => return Typed::End,
            }
        }
    }
}

/// `history`: the lines typed so far, with their numbers.
pub(super) async fn history(shell: &mut Shell) -> i32 {
    let lines = shell.history.lines().iter().enumerate();
    let text: String = lines.map(|(index, line)| format!("{:5}  {line}\n", index + 1)).collect();
    builtin::print(shell, text.as_bytes()).await
}
