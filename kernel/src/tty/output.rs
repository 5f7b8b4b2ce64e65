//! What becomes of bytes on their way out (`OPOST` and its companions), and of typed ones that are echoed.

use abi::{LocalModes, OutputModes};

use crate::tty::terminal::Terminal;

/// Where the bytes go.
pub(crate) trait Screen {
    /// These come next.
    fn put(&mut self, bytes: &[u8]);
}

impl Terminal {
    /// One byte that a program wrote.
    pub(crate) fn put_byte(&mut self, byte: u8, screen: &mut impl Screen) {
        if !self.output_mode(OutputModes::OPOST) {
            return screen.put(&[byte]);
        }
        match byte {
            b'\n' => {
                let returns = self.output_mode(OutputModes::ONLCR);
                if returns || self.output_mode(OutputModes::ONLRET) {
                    self.column = 0;
                }
                self.line_column = self.column;
                screen.put(if returns { b"\r\n" } else { b"\n" });
            }
            b'\r' if self.output_mode(OutputModes::ONOCR) && self.column == 0 => {}
            b'\r' if self.output_mode(OutputModes::OCRNL) => {
                if self.output_mode(OutputModes::ONLRET) {
                    (self.column, self.line_column) = (0, 0);
                }
                screen.put(b"\n");
            }
            b'\r' => {
                (self.column, self.line_column) = (0, 0);
                screen.put(b"\r");
            }
            b'\t' => {
                let spaces = 8 - (self.column & 7);
                self.column = self.column.wrapping_add(spaces);
                if self.output_mode(OutputModes::TAB3) {
                    screen.put(b"        ".get(..spaces as usize).unwrap_or_default());
                } else {
                    screen.put(b"\t");
                }
            }
            8 => {
                self.column = self.column.saturating_sub(1);
                screen.put(&[8]);
            }
            byte if byte.is_ascii_control() => screen.put(&[byte]),
            byte => {
                let upper = self.output_mode(OutputModes::OLCUC);
                let byte = if upper { byte.to_ascii_uppercase() } else { byte };
                if !self.continues(byte) {
                    self.column = self.column.wrapping_add(1);
                }
                screen.put(&[byte]);
            }
        }
    }

    /// Echoes a byte as it is.
    pub(crate) fn echo_raw(&mut self, byte: u8, screen: &mut impl Screen) {
        self.put_byte(byte, screen);
    }

    /// Echoes a byte, a control character perhaps as `^C`.
    pub(crate) fn echo(&mut self, byte: u8, screen: &mut impl Screen) {
        if self.local(LocalModes::ECHOCTL) && byte.is_ascii_control() && byte != b'\t' {
            screen.put(&[b'^', byte ^ 0o100]);
            self.column = self.column.wrapping_add(2);
        } else {
            self.put_byte(byte, screen);
        }
    }
}
