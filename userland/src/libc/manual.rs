//! What a program's manual says of its command line. From it come the parsing of options, `--help` and the messages
//! about wrong usage, in the form that GNU programs give them.

use alloc::format;
use alloc::string::String;
use core::fmt::{Display, Write};

use super::{Given, STDERR, STDOUT, Wrong, complain, parse, write_all};
use crate::Args;
use crate::sys::Sys;

/// One option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opt {
    /// Its letter; empty if it has none.
    pub short: &'static str,
    /// Its long name; empty if it has none.
    pub long: &'static str,
    /// What its value is called; empty if it takes none.
    pub value: &'static str,
    /// Whether the value may be left out: then it can only stand in the same word as the option.
    pub optional: bool,
    /// What it does.
    pub help: &'static str,
}

impl Opt {
    /// An option without a value.
    pub const fn flag(short: &'static str, long: &'static str, help: &'static str) -> Opt {
        Opt { short, long, value: "", optional: false, help }
    }

    /// An option with a value.
    pub const fn value(short: &'static str, long: &'static str, value: &'static str, help: &'static str) -> Opt {
        Opt { short, long, value, optional: false, help }
    }

    /// An option whose value may be left out, and is empty then.
    pub const fn optional(short: &'static str, long: &'static str, value: &'static str, help: &'static str) -> Opt {
        Opt { short, long, value, optional: true, help }
    }

    /// What a program asks for it by: its long name, or its letter if it has none.
    pub fn id(&self) -> &'static str {
        if self.long.is_empty() { self.short } else { self.long }
    }
}

/// Where options may stand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// Anywhere before `--`.
    Anywhere,
    /// Before the first operand.
    First,
    /// Before the first operand, and a negative number is one.
    FirstOrNumber,
}

/// The options that every program has.
static COMMON: [Opt; 2] =
    [Opt::flag("", "help", "display this help and exit"), Opt::flag("", "version", "display the version and exit")];

/// A program's manual.
#[derive(Debug)]
pub struct Manual {
    /// The program's name.
    pub name: &'static str,
    /// Its arguments, one form a line.
    pub usage: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Its options, without `--help` and `--version`, which every program has; with them where they also have letters.
    pub options: &'static [Opt],
    /// Where options may stand.
    pub order: Order,
    /// The exit status after wrong usage.
    pub misuse: i32,
}

/// What a manual says unless it says otherwise.
pub const PLAIN: Manual = Manual { name: "", usage: "", about: "", options: &[], order: Order::Anywhere, misuse: 1 };

impl Manual {
    /// Options and operands of a command line.
    ///
    /// # Errors
    /// The exit status, after `--help`, `--version` or a wrong option: everything has been said then.
    pub async fn parse<'a>(&self, sys: Sys, arguments: impl IntoIterator<Item = &'a [u8]>) -> Result<Given<'a>, i32> {
        match parse(self, arguments) {
            Ok(given) => Ok(given),
            Err(Wrong::Help) => Err(self.print_help(sys).await),
            Err(Wrong::Version) => Err(self.print_version(sys).await),
            Err(Wrong::Message(message)) => Err(self.misuse(sys, message).await),
        }
    }

    /// Prints the help text; the exit status to end with.
    pub async fn print_help(&self, sys: Sys) -> i32 {
        self.print(sys, &self.help()).await
    }

    /// Prints the version; the exit status to end with.
    pub async fn print_version(&self, sys: Sys) -> i32 {
        self.print(sys, &format!("{} from Vitrine {}\n", self.name, env!("CARGO_PKG_VERSION"))).await
    }

    async fn print(&self, sys: Sys, text: &str) -> i32 {
        match write_all(sys, STDOUT, text.as_bytes()).await {
            Ok(()) => 0,
            Err(errno) => {
                complain(sys, self.name, format_args!("write error: {errno}")).await;
                1
            }
        }
    }

    /// Answers `--help` or `--version` if that is all a command line says, for programs whose arguments may look like
    /// options; the exit status to end with.
    pub async fn answer_alone(&self, sys: Sys, args: &Args) -> Option<i32> {
        match (args.len(), args.get(1)) {
            (2, Some(b"--help")) => Some(self.print_help(sys).await),
            (2, Some(b"--version")) => Some(self.print_version(sys).await),
            _ => None,
        }
    }

    /// Says what is wrong with the command line and where help is; the exit status to end with.
    pub async fn misuse(&self, sys: Sys, message: impl Display) -> i32 {
        complain(sys, self.name, message).await;
        self.give_up(sys).await
    }

    /// Says where help is, when what is wrong has been said; the exit status to end with.
    pub async fn give_up(&self, sys: Sys) -> i32 {
        let text = format!("Try '{} --help' for more information.\n", self.name);
        let _ = write_all(sys, STDERR, text.as_bytes()).await;
        self.misuse
    }

    /// Its options, with `--help` and `--version`.
    pub(super) fn all_options(&self) -> impl Iterator<Item = &'static Opt> + Clone {
        let options = self.options;
        let others = COMMON.iter().filter(|common| !options.iter().any(|option| option.long == common.long));
        options.iter().chain(others)
    }

    /// The text of `--help`.
    pub fn help(&self) -> String {
        let mut text = String::new();
        for (index, form) in self.usage.split('\n').enumerate() {
            let start = if index == 0 { "Usage:" } else { "  or: " };
            let _ = writeln!(text, "{}", format!("{start} {} {form}", self.name).trim_end());
        }
        let _ = writeln!(text, "{}\n", self.about);
        for option in self.all_options() {
            let _ = writeln!(text, "{:<30}  {}", spelling(option), option.help);
        }
        text
    }
}

/// An option as `--help` shows it.
fn spelling(option: &Opt) -> String {
    let short = if option.short.is_empty() { "  ".into() } else { format!("-{}", option.short) };
    let separator = if option.short.is_empty() || option.long.is_empty() { " " } else { "," };
    match (option.long, option.value) {
        ("", "") => format!("  {short}"),
        ("", value) => format!("  {short} {value}"),
        (long, "") => format!("  {short}{separator} --{long}"),
        (long, value) if option.optional => format!("  {short}{separator} --{long}[={value}]"),
        (long, value) => format!("  {short}{separator} --{long}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_shows_usage_and_every_option() {
        const MANUAL: Manual = Manual {
            name: "cut",
            usage: "-b LIST\n-c LIST",
            about: "Cut.",
            options: &[Opt::value("b", "bytes", "LIST", "these bytes"), Opt::flag("n", "", "nothing")],
            ..PLAIN
        };
        assert_eq!(
            MANUAL.help(),
            "Usage: cut -b LIST\n  or:  cut -c LIST\nCut.\n\n\
             \x20 -b, --bytes=LIST              these bytes\n\
             \x20 -n                            nothing\n\
             \x20     --help                    display this help and exit\n\
             \x20     --version                 display the version and exit\n"
        );
    }
}
