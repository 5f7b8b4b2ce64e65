//! `echo(1)`: prints its arguments.

use alloc::vec::Vec;

use crate::libc::{Manual, Opt, Order, Output, PLAIN};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "echo",
    usage: "[SHORT-OPTION]... [STRING]...\nLONG-OPTION",
    about: "Echo the STRING(s) to standard output.",
    options: &[
        Opt::flag("n", "", "do not output the trailing newline"),
        Opt::flag("e", "", "enable interpretation of backslash escapes"),
        Opt::flag("E", "", "disable interpretation of backslash escapes (default)"),
    ],
    order: Order::First,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    // What isn't an option of echo is text, even if it looks like one; and help or the version is only asked for alone.
    if let Some(status) = MANUAL.answer_alone(sys, &args).await {
        return status;
    }
    let mut output = Output::new(sys, &MANUAL);
    output.push(&text(args.rest()));
    match output.flush().await {
        Ok(()) => 0,
        Err(status) => status,
    }
}

/// What is printed for these arguments.
fn text<'a>(arguments: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut newline, mut escapes) = (true, false);
    let mut text = Vec::new();
    let mut words = arguments.peekable();
    while let Some([b'-', letters @ ..]) = words.peek() {
        if letters.is_empty() || !letters.iter().all(|letter| b"neE".contains(letter)) {
            break;
        }
        for letter in letters.iter() {
            match letter {
                b'n' => newline = false,
                b'e' => escapes = true,
                _ => escapes = false,
            }
        }
        words.next();
    }
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        if !escapes {
            text.extend_from_slice(word);
        } else if !unescape(word, &mut text) {
            return text;
        }
    }
    if newline {
        text.push(b'\n');
    }
    text
}

/// Appends `word` with its escapes interpreted; false after `\c`, which ends all output.
fn unescape(word: &[u8], text: &mut Vec<u8>) -> bool {
    let mut rest = word;
    while let [byte, after @ ..] = rest {
        let (b'\\', [escape, behind @ ..]) = (byte, after) else {
            text.push(*byte);
            rest = after;
            continue;
        };
        rest = behind;
        match escape {
            b'a' => text.push(7),
            b'b' => text.push(8),
            b'c' => return false,
            b'e' => text.push(27),
            b'f' => text.push(12),
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'v' => text.push(11),
            b'\\' => text.push(b'\\'),
            b'0' => push_number(&mut rest, 8, 3, text),
            b'1'..=b'7' => {
                rest = after;
                push_number(&mut rest, 8, 3, text);
            }
            b'x' if behind.first().is_some_and(u8::is_ascii_hexdigit) => push_number(&mut rest, 16, 2, text),
            other => text.extend_from_slice(&[b'\\', *other]),
        }
    }
    true
}

/// Appends the byte that up to `most` digits at the front of `rest` stand for, and takes them away.
fn push_number(rest: &mut &[u8], base: u32, most: usize, text: &mut Vec<u8>) {
    let mut value = 0u32;
    for _ in 0..most {
        let Some(digit) = rest.first().and_then(|&byte| char::from(byte).to_digit(base)) else { break };
        value = value * base + digit;
        *rest = &rest[1..];
    }
    text.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(words: &[&str]) -> Vec<u8> {
        text(words.iter().map(|word| word.as_bytes()))
    }

    #[test]
    fn only_its_own_options_are_options() {
        assert_eq!(echo(&["-n", "a", "-n"]), b"a -n");
        assert_eq!(echo(&["-nx", "a"]), b"-nx a\n");
        assert_eq!(echo(&["-", "--help", "--"]), b"- --help --\n");
        assert_eq!(echo(&[]), b"\n");
        assert_eq!(echo(&["-eE", r"\n"]), b"\\n\n");
    }

    #[test]
    fn escapes_are_interpreted_if_asked_for() {
        assert_eq!(echo(&["-e", r"a\tb\\\q"]), b"a\tb\\\\q\n");
        assert_eq!(echo(&["-ne", r"\0101\101\x4a\x\0"]), b"AAJ\\x\0");
        assert_eq!(echo(&["-e", r"a\cb", "c"]), b"a");
        assert_eq!(echo(&["-e", "a\\"]), b"a\\\n");
    }
}
