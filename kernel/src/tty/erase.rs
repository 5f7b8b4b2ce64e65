//! ERASE, WERASE and KILL: what they take from the line that is being typed, and how that looks.

use abi::{ControlCharacter, LocalModes};

use crate::tty::output::Screen;
use crate::tty::terminal::Terminal;

/// What is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Character,
    Word,
    Line,
}

impl Terminal {
    /// One of the three was typed.
    pub(crate) fn erase(&mut self, byte: u8, screen: &mut impl Screen) {
        if self.input.line_is_empty() {
            return;
        }
        let extent = if self.is(byte, ControlCharacter::VERASE) {
            Extent::Character
        } else if self.is(byte, ControlCharacter::VWERASE) {
            Extent::Word
        } else {
            if !self.takes_line_from_screen() {
                return self.kill_line_unseen(byte, screen);
            }
            Extent::Line
        };
        let mut in_word = false;
        while let Some(length) = self.last_character() {
            let first = self.input.line_backwards().nth(length - 1).unwrap_or(0);
            if extent == Extent::Word {
                let letter = first.is_ascii_alphanumeric() || first == b'_';
                if in_word && !letter {
                    break;
                }
                in_word |= letter;
            }
            if self.local(LocalModes::ECHO) {
                self.show_erasure(extent, length, first, screen);
            } else {
                self.pop_bytes(length);
            }
            if extent == Extent::Character {
                break;
            }
        }
        if self.input.line_is_empty() && self.local(LocalModes::ECHO) {
            self.end_printing_erased(screen);
        }
    }

    /// The `\` of erased characters that were printed gets its `/`.
    pub(crate) fn end_printing_erased(&mut self, screen: &mut impl Screen) {
        if core::mem::take(&mut self.printing_erased) {
            self.echo_raw(b'/', screen);
        }
    }

    fn takes_line_from_screen(&self) -> bool {
        self.local(LocalModes::ECHO | LocalModes::ECHOK | LocalModes::ECHOKE | LocalModes::ECHOE)
    }

    fn kill_line_unseen(&mut self, byte: u8, screen: &mut impl Screen) {
        while !self.input.line_is_empty() {
            self.input.pop();
        }
        if self.local(LocalModes::ECHO) {
            self.end_printing_erased(screen);
            self.echo(byte, screen);
            if self.local(LocalModes::ECHOK) {
                self.echo_raw(b'\n', screen);
            }
        }
    }

    /// How many bytes the last character of the line has; `None` if there is none, or only a part of one.
    fn last_character(&self) -> Option<usize> {
        self.input.line_backwards().position(|byte| !self.continues(byte)).map(|behind| behind + 1)
    }

    fn pop_bytes(&mut self, length: usize) {
        for _ in 0..length {
            self.input.pop();
        }
    }

    /// Takes the last character, which begins with `first`, from the line and from the screen.
    fn show_erasure(&mut self, extent: Extent, length: usize, first: u8, screen: &mut impl Screen) {
        if self.local(LocalModes::ECHOPRT) {
            if !self.printing_erased {
                self.echo_raw(b'\\', screen);
                self.printing_erased = true;
            }
            self.echo(first, screen);
            for behind in (0..length - 1).rev() {
                let byte = self.input.line_backwards().nth(behind).unwrap_or(0);
                self.echo_raw(byte, screen);
            }
            return self.pop_bytes(length);
        }
        self.pop_bytes(length);
        if extent == Extent::Character && !self.local(LocalModes::ECHOE) {
            let erase = self.settings.characters.get(ControlCharacter::VERASE);
            self.echo(erase, screen);
        } else if first == b'\t' {
            for _ in 0..self.width_of_last_tab() {
                screen.put(&[8]);
                self.column = self.column.saturating_sub(1);
            }
        } else {
            let width = match (first.is_ascii_control(), self.local(LocalModes::ECHOCTL)) {
                (true, true) => 2,
                (true, false) => 0,
                (false, _) => 1,
            };
            for _ in 0..width {
                for byte in [8, b' ', 8] {
                    self.echo_raw(byte, screen);
                }
            }
        }
    }

    /// How far a tab that stood behind the line had moved the cursor: what stands before it says so.
    fn width_of_last_tab(&self) -> u32 {
        let mut columns = 0;
        for byte in self.input.line_backwards() {
            if byte == b'\t' {
                return 8 - (columns & 7);
            }
            if byte.is_ascii_control() {
                columns += if self.local(LocalModes::ECHOCTL) { 2 } else { 0 };
            } else if !self.continues(byte) {
                columns += 1;
            }
        }
        8 - (self.line_column.wrapping_add(columns) & 7)
    }
}
