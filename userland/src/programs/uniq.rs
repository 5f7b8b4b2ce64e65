//! `uniq(1)`: reports or leaves out repeated lines that stand together.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::libc::{
    Given, Manual, Opt, Output, PLAIN, Reader, complain, display_name, open_operand, parse_count, perror, quote,
};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "uniq",
    usage: "[OPTION]... [INPUT]",
    about: "Filter adjacent matching lines from INPUT (or standard input),\n\
            writing to standard output.\n\n\
            With no options, matching lines are merged to the first occurrence.",
    options: &[
        Opt::flag("c", "count", "prefix lines by the number of occurrences"),
        Opt::flag("d", "repeated", "only print duplicate lines, one for each group"),
        Opt::flag("D", "", "print all duplicate lines"),
        Opt::value("f", "skip-fields", "N", "avoid comparing the first N fields"),
        Opt::flag("i", "ignore-case", "ignore differences in case when comparing"),
        Opt::value("s", "skip-chars", "N", "avoid comparing the first N characters"),
        Opt::flag("u", "unique", "only print unique lines"),
        Opt::flag("z", "zero-terminated", "line delimiter is NUL, not newline"),
        Opt::value("w", "check-chars", "N", "compare no more than N characters in lines"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if let Some(extra) = given.operands.get(2) {
        return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await);
    }
    let comparison = match Comparison::new(&given) {
        Ok(comparison) => comparison,
        Err(message) => {
            complain(sys, MANUAL.name, message).await;
            return Err(1);
        }
    };
    if given.has("count") && given.has("D") {
        let message = "printing all duplicated lines and repeat counts is meaningless";
        return Err(MANUAL.misuse(sys, message).await);
    }
    let input = given.operands.first().copied().unwrap_or(b"-");
    let fd = match open_operand(sys, input).await {
        Ok(fd) => fd,
        Err(errno) => {
            perror(sys, MANUAL.name, display_name(input), errno).await;
            return Err(1);
        }
    };
    if let Some(output) = given.operands.get(1)
        && let Err(errno) = open_operand(sys, output).await
    {
        perror(sys, MANUAL.name, display_name(output), errno).await;
        return Err(1);
    }
    let mut groups = Groups::new(&given);
    let delimiter = groups.delimiter;
    let mut reader = Reader::new(sys, fd);
    let mut output = Output::new(sys, &MANUAL);
    let mut line = Vec::new();
    loop {
        match reader.read_line(delimiter, &mut line).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(errno) => {
                output.flush().await?;
                perror(sys, MANUAL.name, format_args!("error reading '{}'", display_name(input)), errno).await;
                return Err(1);
            }
        }
        if line.last() == Some(&delimiter) {
            line.pop();
        }
        groups.add(&mut line, &comparison, &mut output);
        output.settle().await?;
    }
    groups.end(&mut output);
    output.flush().await?;
    Ok(0)
}

/// Which part of a line counts.
struct Comparison {
    skip_fields: u64,
    skip_chars: u64,
    check_chars: u64,
    ignore_case: bool,
}

impl Comparison {
    fn new(given: &Given<'_>) -> Result<Comparison, String> {
        let number = |id, what: &str, otherwise| match given.value(id) {
            None => Ok(otherwise),
            // Too many is all of them.
            Some(text) if !text.is_empty() && text.iter().all(u8::is_ascii_digit) => {
                Ok(parse_count(text).unwrap_or(u64::MAX))
            }
            Some(text) => Err(format!("{}: invalid number of {what}", display_name(text))),
        };
        Ok(Comparison {
            skip_fields: number("skip-fields", "fields to skip", 0)?,
            skip_chars: number("skip-chars", "bytes to skip", 0)?,
            check_chars: number("check-chars", "bytes to compare", u64::MAX)?,
            ignore_case: given.has("ignore-case"),
        })
    }

    fn part<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
        let mut rest = line;
        for _ in 0..self.skip_fields {
            if rest.is_empty() {
                break;
            }
            let blanks = rest.iter().take_while(|byte| is_blank(byte)).count();
            let field = rest[blanks..].iter().take_while(|byte| !is_blank(byte)).count();
            rest = &rest[blanks + field..];
        }
        let skipped = rest.len().min(usize::try_from(self.skip_chars).unwrap_or(usize::MAX));
        let rest = &rest[skipped..];
        &rest[..rest.len().min(usize::try_from(self.check_chars).unwrap_or(usize::MAX))]
    }

    fn equal(&self, one: &[u8], other: &[u8]) -> bool {
        let (one, other) = (self.part(one), self.part(other));
        if self.ignore_case { one.eq_ignore_ascii_case(other) } else { one == other }
    }
}

/// The group of equal lines that is being read, and what is printed of groups.
struct Groups {
    first: Option<Vec<u8>>,
    count: u64,
    counts: bool,
    /// Lines without a double are printed.
    unique: bool,
    /// The first one of each repeated line is printed.
    first_repeated: bool,
    /// The others are printed too.
    later_repeated: bool,
    delimiter: u8,
}

impl Groups {
    fn new(given: &Given<'_>) -> Groups {
        Groups {
            first: None,
            count: 0,
            counts: given.has("count"),
            unique: !given.has("repeated") && !given.has("D"),
            first_repeated: !given.has("unique"),
            later_repeated: given.has("D"),
            delimiter: if given.has("zero-terminated") { 0 } else { b'\n' },
        }
    }

    /// Takes the next line, and leaves room for another in `line`.
    fn add(&mut self, line: &mut Vec<u8>, comparison: &Comparison, output: &mut Output) {
        match &mut self.first {
            Some(first) if comparison.equal(first, line) => {
                self.count += 1;
                if self.later_repeated {
                    if self.count == 2 && self.first_repeated {
                        print_line(first, self.delimiter, output);
                    }
                    print_line(line, self.delimiter, output);
                }
            }
            Some(_) => {
                self.end(output);
                self.first.as_mut().into_iter().for_each(|first| core::mem::swap(first, line));
                self.count = 1;
            }
            None => {
                self.first = Some(core::mem::take(line));
                self.count = 1;
            }
        }
    }

    /// The group is over.
    fn end(&self, output: &mut Output) {
        let Some(first) = &self.first else { return };
        let shown = if self.count == 1 { self.unique } else { self.first_repeated && !self.later_repeated };
        if !shown {
            // With -D repeated lines were printed as they came.
            return;
        }
        if self.counts {
            let _ = write!(output, "{:7} ", self.count);
        }
        print_line(first, self.delimiter, output);
    }
}

fn print_line(line: &[u8], delimiter: u8, output: &mut Output) {
    output.push(line);
    output.push_byte(delimiter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_lines_are_compared() {
        let comparison = Comparison { skip_fields: 1, skip_chars: 1, check_chars: 2, ignore_case: true };
        assert_eq!(comparison.part(b"  one twothree"), b"tw");
        assert_eq!(comparison.part(b"one"), b"");
        assert!(comparison.equal(b"a TWO", b"b twx"));
        assert!(!comparison.equal(b"a two", b"b xwo"));
    }
}
