//! `cat(1)`: concatenates its inputs to standard output.

use core::fmt::Write;

use crate::libc::{
    Given, Manual, Opt, Output, PLAIN, Reader, STDIN, STDOUT, complain, display_name, open_operand, perror, write_all,
};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "cat",
    usage: "[OPTION]... [FILE]...",
    about: "Concatenate FILE(s) to standard output.\n\nWith no FILE, or when FILE is -, read standard input.",
    options: &[
        Opt::flag("A", "show-all", "equivalent to -vET"),
        Opt::flag("b", "number-nonblank", "number nonempty output lines, overrides -n"),
        Opt::flag("e", "", "equivalent to -vE"),
        Opt::flag("E", "show-ends", "display $ at end of each line"),
        Opt::flag("n", "number", "number all output lines"),
        Opt::flag("s", "squeeze-blank", "suppress repeated empty output lines"),
        Opt::flag("t", "", "equivalent to -vT"),
        Opt::flag("T", "show-tabs", "display TAB characters as ^I"),
        Opt::flag("u", "", "(ignored)"),
        Opt::flag("v", "show-nonprinting", "use ^ and M- notation, except for LFD and TAB"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let mut format = Format::new(&given);
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    for input in given.inputs() {
        let fd = match open_operand(sys, input).await {
            Ok(fd) => fd,
            Err(errno) => {
                // What comes before the message must be seen before it.
                output.flush().await?;
                perror(sys, MANUAL.name, display_name(input), errno).await;
                status = 1;
                continue;
            }
        };
        let mut reader = Reader::new(sys, fd);
        loop {
            match reader.fill().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(errno) => {
                    perror(sys, MANUAL.name, display_name(input), errno).await;
                    status = 1;
                    break;
                }
            }
            if format.is_plain() {
                if let Err(errno) = write_all(sys, STDOUT, reader.available()).await {
                    complain(sys, MANUAL.name, format_args!("write error: {errno}")).await;
                    return Err(1);
                }
            } else {
                format.convert(reader.available(), &mut output);
                output.flush().await?;
            }
            reader.consume_all();
        }
        if fd != STDIN {
            let _ = sys.close(fd).await;
        }
    }
    format.finish(&mut output);
    output.flush().await?;
    Ok(status)
}

/// How lines are shown, and where in a line the output stands: lines go on from one input to the next.
struct Format {
    number: bool,
    number_nonblank: bool,
    squeeze: bool,
    ends: bool,
    tabs: bool,
    nonprinting: bool,
    line: u64,
    at_line_start: bool,
    blank_lines: u64,
    /// A carriage return that might stand before a line's end, where `-E` shows it.
    held_return: bool,
}

impl Format {
    fn new(given: &Given<'_>) -> Format {
        let all = given.has("show-all");
        Format {
            number: given.has("number"),
            number_nonblank: given.has("number-nonblank"),
            squeeze: given.has("squeeze-blank"),
            ends: all || given.has("show-ends") || given.has("e"),
            tabs: all || given.has("show-tabs") || given.has("t"),
            nonprinting: all || given.has("show-nonprinting") || given.has("e") || given.has("t"),
            line: 0,
            at_line_start: true,
            blank_lines: 0,
            held_return: false,
        }
    }

    fn is_plain(&self) -> bool {
        !(self.number || self.number_nonblank || self.squeeze || self.ends || self.tabs || self.nonprinting)
    }

    fn convert(&mut self, bytes: &[u8], output: &mut Output) {
        for &byte in bytes {
            if self.held_return {
                self.held_return = false;
                output.push(if byte == b'\n' { b"^M" } else { b"\r" });
            }
            if byte == b'\n' {
                self.end_line(output);
                continue;
            }
            if self.at_line_start {
                self.blank_lines = 0;
                self.begin_line(self.number || self.number_nonblank, output);
            }
            self.at_line_start = false;
            match byte {
                b'\t' if !self.tabs => output.push_byte(byte),
                b'\r' if self.ends && !self.nonprinting => self.held_return = true,
                _ if self.nonprinting => show(byte, output),
                b'\t' => output.push(b"^I"),
                _ => output.push_byte(byte),
            }
        }
    }

    fn end_line(&mut self, output: &mut Output) {
        if self.at_line_start {
            self.blank_lines += 1;
            if self.squeeze && self.blank_lines > 1 {
                return;
            }
            self.begin_line(self.number && !self.number_nonblank, output);
        }
        if self.ends {
            output.push_byte(b'$');
        }
        output.push_byte(b'\n');
        self.at_line_start = true;
    }

    fn begin_line(&mut self, numbered: bool, output: &mut Output) {
        if numbered {
            self.line += 1;
            let _ = write!(output, "{:6}\t", self.line);
        }
    }

    fn finish(&mut self, output: &mut Output) {
        if self.held_return {
            output.push(b"\r");
        }
    }
}

/// `^` and `M-` notation of one byte.
fn show(byte: u8, output: &mut Output) {
    let low = byte & 0x7f;
    if byte >= 0x80 {
        output.push(b"M-");
    }
    match low {
        0x7f => output.push(b"^?"),
        0..0x20 => output.push(&[b'^', low + 0x40]),
        _ => output.push_byte(low),
    }
}
