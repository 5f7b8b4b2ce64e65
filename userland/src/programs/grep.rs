//! `grep(1)`: prints the lines that match a pattern.

use alloc::vec::Vec;
use core::fmt::Write;

use abi::Errno;

use crate::libc::{
    Given, Manual, Node, Opt, Output, PLAIN, Reader, Regex, STDERR, Searcher, Syntax, complain, display_name,
    open_operand, parse_count, parse_pattern, perror, write_all,
};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "grep",
    usage: "[OPTION]... PATTERNS [FILE]...",
    about: "Search for PATTERNS in each FILE, or in standard input.\n\
            Exit status is 0 if any line is selected, 1 otherwise; 2 after an error.",
    options: &[
        Opt::flag("E", "extended-regexp", "PATTERNS are extended regular expressions"),
        Opt::flag("F", "fixed-strings", "PATTERNS are strings"),
        Opt::flag("G", "basic-regexp", "PATTERNS are basic regular expressions"),
        Opt::value("e", "regexp", "PATTERNS", "use PATTERNS for matching"),
        Opt::flag("i", "ignore-case", "ignore case distinctions"),
        Opt::flag("w", "word-regexp", "match only whole words"),
        Opt::flag("x", "line-regexp", "match only whole lines"),
        Opt::flag("z", "null-data", "a data line ends in 0 byte, not newline"),
        Opt::flag("s", "no-messages", "suppress error messages"),
        Opt::flag("v", "invert-match", "select non-matching lines"),
        Opt::value("m", "max-count", "NUM", "stop after NUM selected lines"),
        Opt::flag("n", "line-number", "print line number with output lines"),
        Opt::flag("H", "with-filename", "print file name with output lines"),
        Opt::flag("h", "no-filename", "suppress the file name prefix on output"),
        Opt::flag("o", "only-matching", "show only nonempty parts of lines that match"),
        Opt::flag("q", "quiet", "suppress all normal output"),
        Opt::flag("", "silent", "same as --quiet"),
        Opt::flag("a", "text", "process a binary file as if it were text"),
        Opt::flag("L", "files-without-match", "print only names of FILEs with no selected lines"),
        Opt::flag("l", "files-with-matches", "print only names of FILEs with selected lines"),
        Opt::flag("c", "count", "print only a count of selected lines per FILE"),
    ],
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    // A failed write is trouble here, not just a failure.
    run(sys, &args).await.unwrap_or(2)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let mut given = match crate::libc::parse(&MANUAL, args.rest()) {
        Err(crate::libc::Wrong::Help) => return Ok(MANUAL.print_help(sys).await),
        Err(crate::libc::Wrong::Version) => return Ok(MANUAL.print_version(sys).await),
        Err(crate::libc::Wrong::Message(message)) => {
            complain(sys, MANUAL.name, message).await;
            return Err(usage(sys).await);
        }
        Ok(given) => given,
    };
    if !given.has("regexp") && given.operands.is_empty() {
        return Err(usage(sys).await);
    }
    let regex = match compile(&mut given) {
        Ok(regex) => regex,
        Err(message) => {
            complain(sys, MANUAL.name, message).await;
            return Err(2);
        }
    };
    let Some(job) = Job::new(&given, regex) else {
        complain(sys, MANUAL.name, "invalid max count").await;
        return Err(2);
    };
    let mut output = Output::new(sys, &MANUAL);
    let mut any = false;
    let mut failed = false;
    for input in given.inputs() {
        match job.search(sys, input, &mut output).await? {
            Ok(selected) => any |= selected,
            Err(errno) => {
                failed = true;
                output.flush().await?;
                if !given.has("no-messages") {
                    perror(sys, MANUAL.name, display_name(input), errno).await;
                }
            }
        }
        if any && job.quiet {
            return Ok(0);
        }
    }
    output.flush().await?;
    Ok(if failed { 2 } else { i32::from(!any) })
}

async fn usage(sys: Sys) -> i32 {
    let text = b"Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n";
    let _ = write_all(sys, STDERR, text).await;
    2
}

/// The machine for all patterns; takes the first operand away if it is the pattern.
fn compile(given: &mut Given<'_>) -> Result<Regex, &'static str> {
    let mut patterns: Vec<&[u8]> = Vec::new();
    for (option, value) in &given.options {
        if option.long == "regexp" {
            patterns.push(value);
        }
    }
    if patterns.is_empty() {
        patterns.push(given.operands.remove(0));
    }
    let syntax = match given.last_of(&["extended-regexp", "fixed-strings", "basic-regexp"]) {
        Some(("extended-regexp", _)) => Syntax::Extended,
        Some(("fixed-strings", _)) => Syntax::Fixed,
        _ => Syntax::Basic,
    };
    let mut nodes = Vec::new();
    for pattern in patterns.iter().flat_map(|pattern| pattern.split(|&byte| byte == b'\n')) {
        nodes.push(parse_pattern(pattern, syntax)?);
    }
    let mut node = Node::Either(nodes);
    if given.has("line-regexp") {
        node = Node::Sequence([Node::Start, node, Node::End].into());
    } else if given.has("word-regexp") {
        node = Node::Sequence([Node::NoWordBefore, node, Node::NoWordBehind].into());
    }
    Regex::new(&node, given.has("ignore-case"))
}

/// What to look for, and what to say of it.
struct Job {
    regex: Regex,
    invert: bool,
    most: u64,
    delimiter: u8,
    quiet: bool,
    count: bool,
    with_match: bool,
    without_match: bool,
    numbers: bool,
    names: bool,
    only_matching: bool,
    text: bool,
}

/// How far the search of one input has come.
struct Progress<'a> {
    searcher: Searcher<'a>,
    /// The line's number, from 1.
    number: u64,
    /// How many lines were selected.
    selected: u64,
    /// Whether the input has turned out not to be text.
    binary: bool,
}

/// What follows a line.
enum Next {
    /// The next one.
    Line,
    /// Nothing: a line of what isn't text is not printed.
    Binary,
    /// Nothing: all is known.
    End,
}

impl Job {
    fn new(given: &Given<'_>, regex: Regex) -> Option<Job> {
        let names = match given.last_of(&["with-filename", "no-filename"]) {
            Some((option, _)) => option == "with-filename",
            None => given.operands.len() > 1,
        };
        Some(Job {
            regex,
            invert: given.has("invert-match"),
            most: match given.value("max-count") {
                None => u64::MAX,
                Some(text) => parse_count(text).ok()?,
            },
            delimiter: if given.has("null-data") { 0 } else { b'\n' },
            quiet: given.has("quiet") || given.has("silent"),
            count: given.has("count"),
            with_match: given.has("files-with-matches"),
            without_match: given.has("files-without-match"),
            numbers: given.has("line-number"),
            names,
            only_matching: given.has("only-matching"),
            text: given.has("text") || given.has("null-data"),
        })
    }

    /// Searches one input; whether a line was selected.
    async fn search(&self, sys: Sys, input: &[u8], output: &mut Output) -> Result<Result<bool, Errno>, i32> {
        let fd = match open_operand(sys, input).await {
            Ok(fd) => fd,
            Err(errno) => return Ok(Err(errno)),
        };
        let name = if input == b"-" { "(standard input)".into() } else { display_name(input) };
        let mut progress = Progress { searcher: self.regex.searcher(), number: 0, selected: 0, binary: false };
        let mut reader = Reader::new(sys, fd);
        let mut line = Vec::new();
        loop {
            // A buffer with a zero byte is no text; whether it is one is decided before its first line is shown.
            if reader.available().is_empty() {
                match reader.fill().await {
                    Ok(_) => progress.binary |= !self.text && reader.available().contains(&0),
                    Err(errno) => return Ok(Err(errno)),
                }
            }
            match reader.read_line(self.delimiter, &mut line).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(errno) => return Ok(Err(errno)),
            }
            progress.binary |= !self.text && line.contains(&0);
            match self.take(&name, &mut line, &mut progress, output) {
                Next::Line => {}
                Next::Binary => {
                    output.flush().await?;
                    complain(sys, MANUAL.name, format_args!("{name}: binary file matches")).await;
                    return Ok(Ok(true));
                }
                Next::End => break,
            }
            output.settle().await?;
        }
        self.print_summary(&name, progress.selected, output);
        Ok(Ok(progress.selected > 0))
    }

    /// Takes one line. In what is no text, zero bytes end lines too.
    fn take(&self, name: &str, line: &mut Vec<u8>, progress: &mut Progress<'_>, output: &mut Output) -> Next {
        if line.last() == Some(&self.delimiter) {
            line.pop();
        }
        if !progress.binary {
            return self.take_piece(name, line, progress, output);
        }
        if line.last() == Some(&0) {
            line.pop();
        }
        for piece in line.split(|&byte| byte == 0) {
            match self.take_piece(name, piece, progress, output) {
                Next::Line => {}
                other => return other,
            }
        }
        Next::Line
    }

    fn take_piece(&self, name: &str, line: &[u8], progress: &mut Progress<'_>, output: &mut Output) -> Next {
        if progress.selected >= self.most {
            return Next::End;
        }
        progress.number += 1;
        if progress.searcher.is_match(line) == self.invert {
            return Next::Line;
        }
        progress.selected += 1;
        if self.quiet || self.with_match || self.without_match {
            return Next::End;
        }
        if !self.count {
            if progress.binary {
                return Next::Binary;
            }
            self.print(name, line, progress, output);
        }
        if progress.selected >= self.most { Next::End } else { Next::Line }
    }

    fn print_summary(&self, name: &str, selected: u64, output: &mut Output) {
        if self.quiet {
            return;
        }
        if self.with_match || self.without_match {
            if (selected > 0) == self.with_match {
                let _ = writeln!(output, "{name}");
            }
        } else if self.count {
            let _ = match self.names {
                true => writeln!(output, "{name}:{selected}"),
                false => writeln!(output, "{selected}"),
            };
        }
    }

    fn print(&self, name: &str, line: &[u8], progress: &mut Progress<'_>, output: &mut Output) {
        if !self.only_matching {
            self.print_part(name, progress.number, line, output);
            return;
        }
        if self.invert {
            return;
        }
        let mut from = 0;
        while let Some((start, end)) = progress.searcher.find(line, from) {
            if start < end {
                self.print_part(name, progress.number, &line[start..end], output);
            }
            from = end.max(start + 1);
            if from > line.len() {
                break;
            }
        }
    }

    fn print_part(&self, name: &str, number: u64, part: &[u8], output: &mut Output) {
        if self.names {
            let _ = write!(output, "{name}:");
        }
        if self.numbers {
            let _ = write!(output, "{number}:");
        }
        output.push(part);
        output.push_byte(self.delimiter);
    }
}
