//! What is shown: lines of the debugger, and between them, marked, what the program writes to its console.

use std::fmt;
use std::io::{self, Write};

use kernel::Event;
use sim::{Observer, World};

/// Writes both, so that they can be told apart.
pub(crate) struct Screen<W> {
    out: W,
    /// The stream of the console's line that isn't finished.
    open: Option<u8>,
    /// What went wrong first, while nobody could be told.
    failure: Option<io::Error>,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(out: W) -> Screen<W> {
        Screen { out, open: None, failure: None }
    }

    /// Shows a text of the debugger, on lines of its own. It may quote names and messages that a program has made up.
    pub(crate) fn say(&mut self, text: impl fmt::Display) -> io::Result<()> {
        self.end_line()?;
        for line in text.to_string().trim_end_matches('\n').split('\n') {
            writeln!(self.out, "{}", printable(line.as_bytes()))?;
        }
        Ok(())
    }

    /// Asks for the next command.
    pub(crate) fn prompt(&mut self, text: impl fmt::Display) -> io::Result<()> {
        self.end_line()?;
        write!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Shows what the program has written to its console. What would move the cursor or isn't text is escaped.
    pub(crate) fn console(&mut self, stream: u8, bytes: &[u8]) -> io::Result<()> {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.open != Some(stream) {
                self.end_line()?;
                self.out.write_all(if stream == 2 { b"err| " } else { b"out| " })?;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            self.out.write_all(printable(text).as_bytes())?;
            self.open = Some(stream);
            if text.len() < line.len() {
                self.end_line()?;
            }
        }
        Ok(())
    }

    /// Everything is out.
    ///
    /// # Errors
    /// What went wrong since the last time.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self.failure.take() {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }

    /// Whether nothing more can be shown.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    fn end_line(&mut self) -> io::Result<()> {
        if self.open.take().is_some() {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

/// Whatever runs is watched for its console output only.
impl<W: Write> Observer for Screen<W> {
    fn watches(&self) -> bool {
        false
    }

    fn event(&mut self, _: &World, event: Event<'_>) {
        if let Event::ConsoleOutput { stream, bytes } = event
            && self.failure.is_none()
            && let Err(error) = self.console(stream, bytes)
        {
            self.failure = Some(error);
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\t' => text.push(letter),
                _ if letter.is_control() => text.extend(letter.escape_default()),
                _ => text.push(letter),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_the_debugger_are_told_apart() {
        let mut screen = Screen::new(Vec::new());
        screen.console(1, b"one\ntw").unwrap();
        screen.console(1, b"o\n").unwrap();
        screen.console(1, b"thr").unwrap();
        screen.console(2, b"oops\n\n").unwrap();
        screen.console(1, b"ee").unwrap();
        screen.say("a table\nand \r\n").unwrap();
        screen.console(1, "\x1b[2J\tü\u{9b}ÿ".as_bytes()).unwrap();
        screen.console(1, b"\xff").unwrap();
        screen.prompt("> ").unwrap();
        let shown = String::from_utf8(screen.out).unwrap();
        let lines = [
            "out| one",
            "out| two",
            "out| thr",
            "err| oops",
            "err| ",
            "out| ee",
            "a table",
            "and \\r",
            "out| \\u{1b}[2J\tü\\u{9b}ÿ\\xff",
            "> ",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), lines);
    }
}
