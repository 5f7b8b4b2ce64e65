//! What becomes of bytes on their way out (`OPOST` and its companions), and of typed ones that are echoed.

use abi::{LocalModes, OutputModes};

use crate::tty::terminal::Terminal;

/// Where the bytes go.
pub(crate) trait Screen {
    /// These come next.
    fn put(&mut self, bytes: &[u8]);

    /// These come next, one by one.
    fn put_each(&mut self, bytes: &[u8]) {
        bytes.chunks(1).for_each(|byte| self.put(byte));
    }
}

impl Terminal {
    /// Bytes that a program wrote. Those that go out as they are go together.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8], screen: &mut impl Screen) {
        let mut rest = bytes;
        while let Some((byte, behind)) = rest.split_first() {
            let (plain, others) = rest.split_at_checked(self.plain(rest)).unwrap_or_default();
            if plain.is_empty() {
                self.put_byte(*byte, screen);
                rest = behind;
                continue;
            }
            if self.output_mode(OutputModes::OPOST) {
                let moves = |byte: &&u8| !byte.is_ascii_control() && !self.continues(**byte);
                let columns = plain.iter().filter(moves).count();
                self.column = self.column.wrapping_add(columns as u32);
            }
            screen.put_each(plain);
            rest = others;
        }
    }

    /// How many bytes in front go out as they are.
    fn plain(&self, bytes: &[u8]) -> usize {
        if !self.output_mode(OutputModes::OPOST) {
            return bytes.len();
        }
        let is_plain = |byte: &u8| !matches!(byte, b'\n' | b'\r' | b'\t' | 8);
        match self.output_mode(OutputModes::OLCUC) {
            true => 0,
            false => bytes.iter().position(|byte| !is_plain(byte)).unwrap_or(bytes.len()),
        }
    }

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

#[cfg(test)]
mod tests {
    extern crate std;

    use abi::InputModes;
    use std::vec::Vec;

    use super::*;

    impl Screen for Vec<u8> {
        fn put(&mut self, bytes: &[u8]) {
            self.extend_from_slice(bytes);
        }
    }

    #[test]
    fn bytes_together_are_as_good_as_one_by_one() {
        let texts: [&[u8]; 4] =
            [b"pear\r\nfig\tplum\x08!\n", b"\0\0\x1b[0m\x7f\0", "\u{e4}\u{20ac}x\n".as_bytes(), b""];
        let outputs = [
            OutputModes::empty(),
            OutputModes::OPOST,
            OutputModes::OPOST | OutputModes::ONLCR | OutputModes::TAB3,
            OutputModes::OPOST | OutputModes::OLCUC | OutputModes::OCRNL,
        ];
        for (text, output) in texts.iter().flat_map(|text| outputs.map(|output| (text, output))) {
            for input in [InputModes::empty(), InputModes::IUTF8] {
                let [mut together, mut single] = [(); 2].map(|()| Terminal { present: true, ..Terminal::ABSENT });
                for terminal in [&mut together, &mut single] {
                    (terminal.settings.output, terminal.settings.input) = (output, input);
                }
                let (mut screen, mut expected) = (Vec::new(), Vec::new());
                together.put_bytes(text, &mut screen);
                text.iter().for_each(|byte| single.put_byte(*byte, &mut expected));
                assert_eq!((screen, together), (expected, single), "{output:?} {input:?}");
            }
        }
    }
}
