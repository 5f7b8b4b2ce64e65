//! What becomes of a byte that is typed: a signal, an edit of the line, or input; and its echo.

use abi::{ControlCharacter, InputModes, LocalModes, Signal};

use crate::tty::output::Screen;
use crate::tty::terminal::Terminal;

/// What a byte asks of the kernel, beyond the terminal itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Received {
    /// Nothing.
    Input,
    /// This signal is for the foreground group.
    Signal {
        /// Which.
        signal: Signal,
        /// The byte, as it was typed.
        byte: u8,
    },
}

impl Terminal {
    /// A byte is typed.
    pub(crate) fn receive(&mut self, byte: u8, screen: &mut impl Screen) -> Received {
        let mut byte = byte;
        if self.input_mode(InputModes::ISTRIP) {
            byte &= 0x7f;
        }
        if self.input_mode(InputModes::IUCLC) && self.local(LocalModes::IEXTEN) {
            byte.make_ascii_lowercase();
        }
        if self.is_canonical() {
            self.input.make_room();
        }
        if core::mem::take(&mut self.literal_next) {
            self.take_in(byte, false, screen);
            return Received::Input;
        }
        if self.input_mode(InputModes::IXON) && self.controls_flow(byte) {
            return Received::Input;
        }
        if self.local(LocalModes::ISIG)
            && let Some(signal) = self.signal_of(byte)
        {
            return Received::Signal { signal, byte };
        }
        if self.input_mode(InputModes::IXON | InputModes::IXANY) {
            self.stopped = false;
        }
        let was_return = byte == b'\r';
        match byte {
            b'\r' if self.input_mode(InputModes::IGNCR) => return Received::Input,
            b'\r' if self.input_mode(InputModes::ICRNL) => byte = b'\n',
            b'\n' if self.input_mode(InputModes::INLCR) => byte = b'\r',
            _ => {}
        }
        if !self.is_canonical() || !self.edit(byte, screen) {
            self.take_in(byte, was_return, screen);
        }
        Received::Input
    }

    /// A byte becomes input. A newline that was typed as a carriage return is echoed as one; any other as `^J`, as on Linux.
    fn take_in(&mut self, byte: u8, was_return: bool, screen: &mut impl Screen) {
        if self.local(LocalModes::ECHO) {
            self.end_printing_erased(screen);
            if byte == b'\n' && was_return {
                self.echo_raw(byte, screen);
            } else {
                self.begin_line();
                self.echo(byte, screen);
            }
        }
        self.put_in(byte);
    }

    fn put_in(&mut self, byte: u8) {
        if byte == 0xff && self.input_mode(InputModes::PARMRK) {
            self.input.push(byte);
        }
        self.input.push(byte);
    }

    /// The line that is being typed begins where the cursor stands: an erased tab must know.
    fn begin_line(&mut self) {
        if self.input.line_is_empty() {
            self.line_column = self.column;
        }
    }

    /// STOP and START; whether the byte was one of them.
    fn controls_flow(&mut self, byte: u8) -> bool {
        if self.is(byte, ControlCharacter::VSTART) {
            self.stopped = false;
        } else if self.is(byte, ControlCharacter::VSTOP) {
            self.stopped = true;
        } else {
            return false;
        }
        true
    }

    fn signal_of(&self, byte: u8) -> Option<Signal> {
        use ControlCharacter::{VINTR, VQUIT, VSUSP};
        let signals = [(VINTR, Signal::SIGINT), (VQUIT, Signal::SIGQUIT), (VSUSP, Signal::SIGTSTP)];
        signals.into_iter().find(|(character, _)| self.is(byte, *character)).map(|(_, signal)| signal)
    }

    /// Canonical mode: edits the line or ends it; whether the byte did so.
    fn edit(&mut self, byte: u8, screen: &mut impl Screen) -> bool {
        use ControlCharacter::{VEOF, VEOL, VEOL2, VERASE, VKILL, VLNEXT, VREPRINT, VWERASE};
        let extended = self.local(LocalModes::IEXTEN);
        let echo = self.local(LocalModes::ECHO);
        if self.is(byte, VERASE) || self.is(byte, VKILL) || (extended && self.is(byte, VWERASE)) {
            self.erase(byte, screen);
        } else if extended && self.is(byte, VLNEXT) {
            self.literal_next = true;
            if echo {
                self.end_printing_erased(screen);
                if self.local(LocalModes::ECHOCTL) {
                    self.echo_raw(b'^', screen);
                    self.echo_raw(8, screen);
                }
            }
        } else if extended && echo && self.is(byte, VREPRINT) {
            self.reprint(byte, screen);
        } else if byte == b'\n' {
            if echo || self.local(LocalModes::ECHONL) {
                self.echo_raw(byte, screen);
            }
            self.input.end_line(byte);
        } else if self.is(byte, VEOF) {
            self.input.end_line(0);
        } else if self.is(byte, VEOL) || (extended && self.is(byte, VEOL2)) {
            if echo {
                self.begin_line();
                self.echo(byte, screen);
            }
            self.input.end_line(byte);
        } else {
            return false;
        }
        true
    }

    /// Shows the line anew.
    fn reprint(&mut self, byte: u8, screen: &mut impl Screen) {
        self.end_printing_erased(screen);
        self.echo(byte, screen);
        self.echo_raw(b'\n', screen);
        let mut at = 0;
        while let Some(byte) = self.input.line_byte(at) {
            self.echo(byte, screen);
            at += 1;
        }
    }
}
