//! `sort(1)`: sorts lines by their bytes, or by keys.
//!
//! | question | file |
//! | --- | --- |
//! | which part of a line is a key (`-k 2,3n`)? | `key.rs` |
//! | how are two keys compared? | `compare.rs` |
//! | where are the lines kept, how are they sorted? | `lines.rs` |

mod compare;
mod key;
mod lines;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::libc::{Given, Manual, Opt, Output, PLAIN, Reader, complain, display_name, open_operand, perror, quote};
use crate::{Args, Sys};
use compare::Rules;
use key::Key;
use lines::Lines;

static MANUAL: Manual = Manual {
    name: "sort",
    usage: "[OPTION]... [FILE]...",
    about: "Write sorted concatenation of all FILE(s) to standard output.\n\n\
            With no FILE, or when FILE is -, read standard input.\n\n\
            KEYDEF is F[.C][OPTS][,F[.C][OPTS]] for start and stop position, where F is a\n\
            field number and C a character position in the field; both are origin 1, and\n\
            the stop position defaults to the line's end.",
    options: &[
        Opt::flag("b", "ignore-leading-blanks", "ignore leading blanks"),
        Opt::flag("d", "dictionary-order", "consider only blanks and alphanumeric characters"),
        Opt::flag("f", "ignore-case", "fold lower case to upper case characters"),
        Opt::flag("i", "ignore-nonprinting", "consider only printable characters"),
        Opt::flag("n", "numeric-sort", "compare according to string numerical value"),
        Opt::flag("r", "reverse", "reverse the result of comparisons"),
        Opt::flag("c", "check", "check for sorted input; do not sort"),
        Opt::flag("C", "", "like -c, but do not report first bad line"),
        Opt::value("k", "key", "KEYDEF", "sort via a key; KEYDEF gives location and type"),
        Opt::flag("m", "merge", "merge already sorted files; do not sort"),
        Opt::flag("s", "stable", "stabilize sort by disabling last-resort comparison"),
        Opt::value("t", "field-separator", "SEP", "use SEP instead of non-blank to blank transition"),
        Opt::flag("u", "unique", "output only the first of lines that compare equal"),
        Opt::flag("z", "zero-terminated", "line delimiter is NUL, not newline"),
    ],
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let rules = match rules(&given) {
        Ok(rules) => rules,
        Err(message) => {
            complain(sys, MANUAL.name, message).await;
            return Err(2);
        }
    };
    let check = given.last_of(&["check", "C"]);
    if let (Some((option, _)), Some(extra)) = (check, given.operands.get(1)) {
        let letter = if option == "check" { 'c' } else { 'C' };
        complain(sys, MANUAL.name, format_args!("extra operand {} not allowed with -{letter}", quote(extra))).await;
        return Err(2);
    }
    let text = read_all(sys, &given).await?;
    let delimiter = if given.has("zero-terminated") { 0 } else { b'\n' };
    let mut lines = Lines::new(text, delimiter);
    if let Some((option, _)) = check {
        return report_disorder(sys, &lines, &rules, &given, option == "check").await;
    }
    // Merging several sorted inputs is sorting them; merging one leaves it as it is.
    if !given.has("merge") || given.operands.len() > 1 {
        lines.sort(&rules);
    }
    if rules.unique {
        lines.keep_first_of_equals(&rules);
    }
    let mut output = Output::new(sys, &MANUAL);
    for index in 0..lines.len() {
        output.push(lines.line(index));
        output.push_byte(delimiter);
        output.settle().await?;
    }
    output.flush().await?;
    Ok(0)
}

/// All inputs, each with a delimiter at its end.
async fn read_all(sys: Sys, given: &Given<'_>) -> Result<Vec<u8>, i32> {
    let delimiter = if given.has("zero-terminated") { 0 } else { b'\n' };
    let mut text = Vec::new();
    for input in given.inputs() {
        let fd = match open_operand(sys, input).await {
            Ok(fd) => fd,
            Err(errno) => {
                let name = display_name(input);
                perror(sys, MANUAL.name, format_args!("cannot read: {name}"), errno).await;
                return Err(2);
            }
        };
        if let Err(errno) = Reader::new(sys, fd).read_to_end(&mut text).await {
            perror(sys, MANUAL.name, format_args!("read failed: {}", display_name(input)), errno).await;
            return Err(2);
        }
        if text.last().is_some_and(|&last| last != delimiter) {
            text.push(delimiter);
        }
    }
    Ok(text)
}

/// `-c`: names the first line that stands wrong.
async fn report_disorder(sys: Sys, lines: &Lines, rules: &Rules, given: &Given<'_>, aloud: bool) -> Result<i32, i32> {
    let wrong = |index: &usize| match rules.compare(lines.line(*index - 1), lines.line(*index)) {
        Ordering::Greater => true,
        Ordering::Equal => rules.unique,
        Ordering::Less => false,
    };
    let Some(index) = (1..lines.len()).find(wrong) else { return Ok(0) };
    if aloud {
        let name = display_name(given.inputs()[0]).into_owned();
        let line = display_name(lines.line(index)).into_owned();
        complain(sys, MANUAL.name, format_args!("{name}:{}: disorder: {line}", index + 1)).await;
    }
    Ok(1)
}

/// How lines are to be compared.
fn rules(given: &Given<'_>) -> Result<Rules, String> {
    let mut global = Key::whole_line();
    for (id, letter) in [
        ("ignore-leading-blanks", b'b'),
        ("dictionary-order", b'd'),
        ("ignore-case", b'f'),
        ("ignore-nonprinting", b'i'),
        ("numeric-sort", b'n'),
        ("reverse", b'r'),
    ] {
        if given.has(id) {
            global.modify(letter);
        }
    }
    let mut keys = Vec::new();
    for (option, text) in &given.options {
        if option.long == "key" {
            keys.push(Key::parse(text)?);
        }
    }
    for key in &mut keys {
        key.inherit(&global);
    }
    if keys.is_empty() && global.is_modified() {
        keys.push(global);
    }
    for key in &keys {
        key.check()?;
    }
    Ok(Rules {
        keys,
        separator: separator(given)?,
        reverse: given.has("reverse"),
        unique: given.has("unique"),
        stable: given.has("stable"),
    })
}

fn separator(given: &Given<'_>) -> Result<Option<u8>, String> {
    match given.value("field-separator") {
        None => Ok(None),
        Some([]) => Err("empty tab".into()),
        Some(b"\\0") => Ok(Some(0)),
        Some([byte]) => Ok(Some(*byte)),
        Some(several) => Err(format!("multi-character tab {}", quote(several))),
    }
}
