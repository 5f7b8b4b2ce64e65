//! `wc(1)`: counts lines, words, characters and bytes.

use alloc::string::String;
use core::fmt::Write;

use abi::Errno;

use crate::libc::{Class, Given, Manual, Opt, Output, PLAIN, Reader, display_name, in_class, open_operand, perror};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "wc",
    usage: "[OPTION]... [FILE]...",
    about: "Print newline, word, and byte counts for each FILE, and a total line if\n\
            more than one FILE is specified.  A word is a non-zero-length sequence of\n\
            printable characters delimited by white space.\n\n\
            With no FILE, or when FILE is -, read standard input.",
    options: &[
        Opt::flag("c", "bytes", "print the byte counts"),
        Opt::flag("m", "chars", "print the character counts"),
        Opt::flag("l", "lines", "print the newline counts"),
        Opt::flag("L", "max-line-length", "print the maximum display width"),
        Opt::flag("w", "words", "print the word counts"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let columns = Columns::new(&given);
    let mut output = Output::new(sys, &MANUAL);
    let mut total = Counts::default();
    let mut status = 0;
    let inputs = given.inputs();
    for input in &inputs {
        let mut counts = Counts::default();
        let result = count_input(sys, input, &mut counts, &columns).await;
        if let Err(errno) = result {
            output.flush().await?;
            perror(sys, MANUAL.name, display_name(input), errno).await;
            status = 1;
        }
        // A file that couldn't be opened has no counts; one that couldn't be read to its end has.
        if result != Err(Errno::ENOENT) {
            let name = if given.operands.is_empty() { None } else { Some(display_name(input)) };
            columns.print(&counts, name.as_deref(), &mut output);
            total.add(&counts);
        }
    }
    if inputs.len() > 1 {
        columns.print(&total, Some("total"), &mut output);
    }
    output.flush().await?;
    Ok(status)
}

async fn count_input(sys: Sys, input: &[u8], counts: &mut Counts, columns: &Columns) -> Result<(), Errno> {
    let mut reader = Reader::new(sys, open_operand(sys, input).await?);
    let mut place = Place::default();
    while reader.fill().await? {
        counts.count(reader.available(), &mut place, columns);
        reader.consume_all();
    }
    counts.end(&place);
    Ok(())
}

#[derive(Default)]
struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    widest: u64,
}

/// Where in a line and in a word the counting stands.
#[derive(Default)]
struct Place {
    in_word: bool,
    width: u64,
}

impl Counts {
    fn count(&mut self, bytes: &[u8], place: &mut Place, columns: &Columns) {
        self.bytes += bytes.len() as u64;
        if !columns.words && !columns.widest {
            self.lines += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
            return;
        }
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' | 12 => {
                    self.lines += u64::from(byte == b'\n');
                    self.widest = self.widest.max(place.width);
                    *place = Place { in_word: false, width: 0 };
                }
                b'\t' => *place = Place { in_word: false, width: place.width + 8 - place.width % 8 },
                b' ' => *place = Place { in_word: false, width: place.width + 1 },
                11 => place.in_word = false,
                _ if in_class(Class::Print, byte) => {
                    place.width += 1;
                    // A word begins with its first printable character.
                    self.words += u64::from(!place.in_word);
                    place.in_word = true;
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, place: &Place) {
        self.widest = self.widest.max(place.width);
    }

    fn add(&mut self, other: &Counts) {
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
        self.widest = self.widest.max(other.widest);
    }
}

/// Which counts are printed, and how wide.
struct Columns {
    lines: bool,
    words: bool,
    chars: bool,
    bytes: bool,
    widest: bool,
    width: usize,
}

impl Columns {
    fn new(given: &Given<'_>) -> Columns {
        let mut columns = Columns {
            lines: given.has("lines"),
            words: given.has("words"),
            chars: given.has("chars"),
            bytes: given.has("bytes"),
            widest: given.has("max-line-length"),
            width: 1,
        };
        if columns.count() == 0 {
            (columns.lines, columns.words, columns.bytes) = (true, true, true);
        }
        // As in GNU wc: one count of one input stands alone. Else the width is what sizes of files need; an input that
        // has no size, as a pipe, needs 7.
        let stands_alone = columns.count() == 1 && given.operands.len() <= 1;
        if !stands_alone && given.inputs().contains(&&b"-"[..]) {
            columns.width = 7;
        }
        columns
    }

    fn count(&self) -> usize {
        [self.lines, self.words, self.chars, self.bytes, self.widest].into_iter().filter(|&shown| shown).count()
    }

    fn print(&self, counts: &Counts, name: Option<&str>, output: &mut Output) {
        let width = self.width;
        let mut line = String::new();
        for (shown, count) in [
            (self.lines, counts.lines),
            (self.words, counts.words),
            // One byte is one character in the POSIX locale.
            (self.chars, counts.bytes),
            (self.bytes, counts.bytes),
            (self.widest, counts.widest),
        ] {
            if shown {
                let separator = if line.is_empty() { "" } else { " " };
                let _ = write!(line, "{separator}{count:width$}");
            }
        }
        if let Some(name) = name {
            let _ = write!(line, " {name}");
        }
        let _ = writeln!(output, "{line}");
    }
}
