//! Options and operands of a command line (`getopt_long(3)`): clusters of letters, values attached or apart, long names
//! and unambiguous beginnings of them, `--`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Manual, Opt, Order, display_name};

/// What a command line gave.
#[derive(Debug)]
pub struct Given<'a> {
    /// The options in order, with their values; a flag's is empty.
    pub options: Vec<(Opt, &'a [u8])>,
    /// The operands in order.
    pub operands: Vec<&'a [u8]>,
}

impl<'a> Given<'a> {
    /// Whether an option was given, by its long name, or its letter if it has none.
    pub fn has(&self, id: &str) -> bool {
        self.value(id).is_some()
    }

    /// The value of an option; the last one, if it was given several times.
    pub fn value(&self, id: &str) -> Option<&'a [u8]> {
        self.options.iter().rev().find(|(option, _)| option.id() == id).map(|(_, value)| *value)
    }

    /// Which of several options was given last.
    pub fn last_of(&self, ids: &[&str]) -> Option<(&'static str, &'a [u8])> {
        let last = self.options.iter().rev().find(|(option, _)| ids.contains(&option.id()));
        last.map(|(option, value)| (option.id(), *value))
    }

    /// The operands as names of inputs: standard input if there are none.
    pub fn inputs(&self) -> Vec<&'a [u8]> {
        if self.operands.is_empty() { [&b"-"[..]].into() } else { self.operands.clone() }
    }
}

/// Why a command line can't be followed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// It asked for help.
    Help,
    /// It asked for the version.
    Version,
    /// What is wrong with it.
    Message(String),
}

/// Takes a command line (without the program's name) apart.
///
/// # Errors
/// `--help`, `--version`, or the message about what is wrong.
pub fn parse<'a>(manual: &Manual, arguments: impl IntoIterator<Item = &'a [u8]>) -> Result<Given<'a>, Wrong> {
    let mut given = Given { options: Vec::new(), operands: Vec::new() };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument {
            b"--" => break,
            [b'-', b'-', long @ ..] => parse_long(manual, long, &mut arguments, &mut given)?,
            [b'-', letters @ ..] if !letters.is_empty() && !is_operand(manual, letters) => {
                parse_letters(manual, letters, &mut arguments, &mut given)?;
            }
            operand => {
                given.operands.push(operand);
                if manual.order != Order::Anywhere {
                    break;
                }
            }
        }
    }
    given.operands.extend(arguments);
    Ok(given)
}

/// Whether what stands behind a `-` makes it a number that is an operand.
fn is_operand(manual: &Manual, letters: &[u8]) -> bool {
    manual.order == Order::FirstOrNumber && (letters[0] == b'.' || letters[0].is_ascii_digit())
}

fn parse_letters<'a>(
    manual: &Manual,
    letters: &'a [u8],
    arguments: &mut impl Iterator<Item = &'a [u8]>,
    given: &mut Given<'a>,
) -> Result<(), Wrong> {
    for (index, letter) in letters.iter().enumerate() {
        let shown = display_name(&letters[index..=index]);
        let option = manual.options.iter().find(|option| option.short.as_bytes() == [*letter]);
        let Some(option) = option else {
            return Err(Wrong::Message(format!("invalid option -- '{shown}'")));
        };
        if let Some(asked) = asks(option) {
            return Err(asked);
        }
        if option.value.is_empty() {
            given.options.push((*option, &[]));
            continue;
        }
        let attached = &letters[index + 1..];
        let value = if attached.is_empty() && !option.optional { arguments.next() } else { Some(attached) };
        let value = value.ok_or_else(|| Wrong::Message(format!("option requires an argument -- '{shown}'")))?;
        given.options.push((*option, value));
        break;
    }
    Ok(())
}

fn parse_long<'a>(
    manual: &Manual,
    argument: &'a [u8],
    arguments: &mut impl Iterator<Item = &'a [u8]>,
    given: &mut Given<'a>,
) -> Result<(), Wrong> {
    let equals = argument.iter().position(|&byte| byte == b'=');
    let (name, attached) = match equals {
        Some(at) => (&argument[..at], Some(&argument[at + 1..])),
        None => (argument, None),
    };
    let option = find_long(manual, name, argument)?;
    let value = match (option.value, attached) {
        ("", None) => &[],
        ("", Some(_)) => {
            return Err(Wrong::Message(format!("option '--{}' doesn't allow an argument", option.long)));
        }
        (_, Some(value)) => value,
        (_, None) if option.optional => &[],
        (_, None) => arguments
            .next()
            .ok_or_else(|| Wrong::Message(format!("option '--{}' requires an argument", option.long)))?,
    };
    if let Some(asked) = asks(&option) {
        return Err(asked);
    }
    given.options.push((option, value));
    Ok(())
}

/// What an option of every program asks for; no work is done then.
fn asks(option: &Opt) -> Option<Wrong> {
    match option.long {
        "help" => Some(Wrong::Help),
        "version" => Some(Wrong::Version),
        _ => None,
    }
}

/// The option with this long name, or the only one that begins so.
fn find_long(manual: &Manual, name: &[u8], argument: &[u8]) -> Result<Opt, Wrong> {
    let all = || manual.all_options().filter(|option| !option.long.is_empty());
    let exact = all().find(|option| option.long.as_bytes() == name);
    let begun: Vec<&Opt> = all().filter(|option| option.long.as_bytes().starts_with(name)).collect();
    match (exact, &begun[..]) {
        (Some(option), _) | (None, &[option]) => Ok(*option),
        (None, []) => Err(Wrong::Message(format!("unrecognized option '--{}'", display_name(argument)))),
        (None, several) => {
            let mut message = format!("option '--{}' is ambiguous; possibilities:", display_name(argument));
            for option in several {
                message.push_str(&format!(" '--{}'", option.long));
            }
            Err(Wrong::Message(message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::manual::PLAIN;
    use super::*;

    const HEAD: Manual = Manual {
        name: "head",
        options: &[
            Opt::value("n", "lines", "N", ""),
            Opt::flag("q", "quiet", ""),
            Opt::flag("v", "", ""),
            Opt::flag("", "quick", ""),
        ],
        ..PLAIN
    };

    fn given(manual: &Manual, arguments: &[&str]) -> Result<(Vec<String>, Vec<String>), Wrong> {
        let given = parse(manual, arguments.iter().map(|argument| argument.as_bytes()))?;
        let text = |bytes: &[u8]| display_name(bytes).into_owned();
        let options = given.options.iter().map(|(option, value)| format!("{}={}", option.id(), text(value))).collect();
        Ok((options, given.operands.iter().map(|operand| text(operand)).collect()))
    }

    fn message(arguments: &[&str]) -> String {
        match given(&HEAD, arguments) {
            Err(Wrong::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_and_operands_mix() {
        let (options, operands) = given(&HEAD, &["a", "-qn5", "b", "-vn", "6", "--lines=7", "--li", "8", "-"]).unwrap();
        assert_eq!(options, ["quiet=", "lines=5", "v=", "lines=6", "lines=7", "lines=8"]);
        assert_eq!(operands, ["a", "b", "-"]);
    }

    #[test]
    fn a_value_that_may_be_left_out_is_never_the_next_word() {
        const MANUAL: Manual =
            Manual { options: &[Opt::optional("a", "all", "KIND", ""), Opt::flag("h", "help", "")], ..PLAIN };
        let (options, operands) = given(&MANUAL, &["-a", "x", "-ay", "--all", "z", "--all=w"]).unwrap();
        assert_eq!(options, ["all=", "all=y", "all=", "all=w"]);
        assert_eq!(operands, ["x", "z"]);
        assert_eq!(given(&MANUAL, &["-h"]), Err(Wrong::Help));
        assert_eq!(given(&MANUAL, &["--he"]), Err(Wrong::Help));
        assert_eq!(given(&HEAD, &["-h"]), Err(Wrong::Message("invalid option -- 'h'".into())));
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(given(&HEAD, &["-q", "--", "-n"]).unwrap().1, ["-n"]);
    }

    #[test]
    fn the_first_operand_may_end_the_options() {
        let manual = Manual { order: Order::First, options: HEAD.options, ..PLAIN };
        assert_eq!(given(&manual, &["-q", "a", "-n"]).unwrap().1, ["a", "-n"]);
        let manual = Manual { order: Order::FirstOrNumber, options: HEAD.options, ..PLAIN };
        assert_eq!(given(&manual, &["-q", "-5", "-.5"]).unwrap().1, ["-5", "-.5"]);
    }

    #[test]
    fn wrong_usage_is_named() {
        assert_eq!(message(&["-x"]), "invalid option -- 'x'");
        assert_eq!(message(&["-qn"]), "option requires an argument -- 'n'");
        assert_eq!(message(&["--lines"]), "option '--lines' requires an argument");
        assert_eq!(message(&["--quiet=1"]), "option '--quiet' doesn't allow an argument");
        assert_eq!(message(&["--foo=1"]), "unrecognized option '--foo=1'");
        assert_eq!(message(&["--qui"]), "option '--qui' is ambiguous; possibilities: '--quiet' '--quick'");
        assert_eq!(given(&HEAD, &["--help"]), Err(Wrong::Help));
        assert_eq!(message(&["--help=me"]), "option '--help' doesn't allow an argument");
    }

    #[test]
    fn every_program_has_a_version() {
        assert_eq!(given(&HEAD, &["-q", "--version", "a"]), Err(Wrong::Version));
        assert_eq!(given(&HEAD, &["--vers"]), Err(Wrong::Version));
        assert_eq!(given(&HEAD, &["--", "--version"]).unwrap().1, ["--version"]);
        const MANUAL: Manual =
            Manual { options: &[Opt::flag("V", "version", ""), Opt::flag("v", "verbose", "")], ..PLAIN };
        assert_eq!(given(&MANUAL, &["-vV"]), Err(Wrong::Version));
        let ambiguous = "option '--ver' is ambiguous; possibilities: '--version' '--verbose'";
        assert_eq!(given(&MANUAL, &["--ver"]), Err(Wrong::Message(ambiguous.into())));
    }
}
