//! `kill(1)`: sends signals to processes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Pid, Signal};

use crate::libc::{Manual, Opt, PLAIN, complain, display_name, parse_number, quote};
use crate::{Args, Sys};

/// For the help text; what looks like an option is a signal here, so options are read by hand.
pub(super) static MANUAL: Manual = Manual {
    name: "kill",
    usage: "[-s SIGNAL | -SIGNAL] PID...\n-l [SIGNAL | STATUS]...",
    about: "Send a signal, TERM by default, to processes; to groups with a negative PID,\n\
            to the own group with 0, to every process that may be signalled with -1.\n\
            SIGNAL is a name with or without SIG, or a number; 0 only checks.",
    options: &[
        Opt::value("s", "signal", "SIGNAL", "send this signal"),
        Opt::flag("l", "list", "list signal names, or convert between names and numbers"),
    ],
    misuse: 1,
    ..PLAIN
};

/// What is asked for.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Asked<'a> {
    Help,
    Version,
    List(Vec<&'a [u8]>),
    Send { signal: Option<Signal>, targets: Vec<&'a [u8]> },
    Wrong(String),
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    match understand(&args.rest().collect::<Vec<_>>()) {
        Asked::Help => MANUAL.print_help(sys).await,
        Asked::Version => MANUAL.print_version(sys).await,
        Asked::Wrong(message) => MANUAL.misuse(sys, message).await,
        Asked::List(items) => list(sys, &items).await,
        Asked::Send { signal, targets } => send(sys, signal, &targets).await,
    }
}

pub(super) fn understand<'a>(arguments: &[&'a [u8]]) -> Asked<'a> {
    let (signal, targets) = match arguments {
        [b"--help", ..] => return Asked::Help,
        [b"--version", ..] => return Asked::Version,
        [b"-l" | b"--list" | b"-L", items @ ..] => return Asked::List(items.into()),
        [b"-s" | b"-n" | b"--signal"] => return Asked::Wrong("option requires an argument -- 's'".into()),
        [b"-s" | b"-n" | b"--signal", signal, targets @ ..] => (*signal, targets),
        [b"--", targets @ ..] => (&b"TERM"[..], targets),
        [[b'-', signal @ ..], targets @ ..] => (signal, targets),
        targets => (&b"TERM"[..], targets),
    };
    let targets = targets.strip_prefix(&[&b"--"[..]]).unwrap_or(targets);
    match (parse_signal(signal), targets) {
        (None, _) => Asked::Wrong(format!("invalid signal {}", quote(signal))),
        (_, []) => Asked::Wrong("missing operand".into()),
        (Some(signal), targets) => Asked::Send { signal, targets: targets.into() },
    }
}

/// A signal by name or number; `Some(None)` is 0, which isn't sent. `None`: there is no such signal.
pub(super) fn parse_signal(text: &[u8]) -> Option<Option<Signal>> {
    match parse_number(text) {
        Some(0) => Some(None),
        Some(number) => Signal::new(number).map(Some),
        None => Signal::from_name(&display_name(text).to_ascii_uppercase()).map(Some),
    }
}

async fn send(sys: Sys, signal: Option<Signal>, targets: &[&[u8]]) -> i32 {
    let mut status = 0;
    for target in targets {
        let pid = parse_number(target).and_then(|pid| i32::try_from(pid).ok());
        let result = match pid {
            Some(pid) => sys.kill(Pid(pid), signal).await.map_err(|errno| format!("({pid}): {errno}")),
            None => Err(format!("failed to parse argument: {}", quote(target))),
        };
        if let Err(message) = result {
            complain(sys, MANUAL.name, message).await;
            status = 1;
        }
    }
    status
}

pub(super) async fn list(sys: Sys, items: &[&[u8]]) -> i32 {
    let mut text = String::new();
    let mut status = 0;
    if items.is_empty() {
        let standard = (1..i64::from(Signal::RT_MIN)).filter_map(Signal::new);
        for (index, signal) in standard.enumerate() {
            // As many to a line as procps shows.
            text.push_str(if index == 0 {
                ""
            } else if index % 16 == 0 {
                "\n"
            } else {
                " "
            });
            text.push_str(&short_name(signal));
        }
        text.push('\n');
    }
    for item in items {
        match convert(item) {
            Some(converted) => text.push_str(&format!("{converted}\n")),
            None => {
                complain(sys, MANUAL.name, format_args!("unknown signal name {}", display_name(item))).await;
                status = 1;
            }
        }
    }
    crate::print!(sys, "{text}").await;
    status
}

/// The name for a number (or for an exit status that tells of a signal), the number for a name.
fn convert(item: &[u8]) -> Option<String> {
    match parse_number(item) {
        Some(number) => Signal::new(if number > 128 { number - 128 } else { number }).map(short_name),
        None => parse_signal(item)?.map(|signal| format!("{}", signal.number())),
    }
}

/// The name without its `SIG`.
pub(super) fn short_name(signal: Signal) -> String {
    let name = format!("{signal}");
    match name.strip_prefix("SIG") {
        Some(short) => short.into(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_by_name_and_number() {
        assert_eq!(parse_signal(b"KILL"), Some(Some(Signal::SIGKILL)));
        assert_eq!(parse_signal(b"sigterm"), Some(Some(Signal::SIGTERM)));
        assert_eq!(parse_signal(b"9"), Some(Some(Signal::SIGKILL)));
        assert_eq!(parse_signal(b"0"), Some(None));
        assert_eq!(parse_signal(b"65"), None);
        assert_eq!(parse_signal(b"FOO"), None);
        assert_eq!(convert(b"137").as_deref(), Some("KILL"));
        assert_eq!(convert(b"USR1").as_deref(), Some("10"));
    }

    #[test]
    fn negative_targets_are_groups() {
        let send = |arguments: &[&'static str]| {
            understand(&arguments.iter().map(|argument| argument.as_bytes()).collect::<Vec<_>>())
        };
        let targets = |targets: &[&'static str]| targets.iter().map(|target| target.as_bytes()).collect();
        assert_eq!(
            send(&["-9", "-5", "7"]),
            Asked::Send { signal: Some(Signal::SIGKILL), targets: targets(&["-5", "7"]) }
        );
        assert_eq!(
            send(&["-s", "INT", "--", "-1"]),
            Asked::Send { signal: Some(Signal::SIGINT), targets: targets(&["-1"]) }
        );
        assert_eq!(send(&["--", "-1"]), Asked::Send { signal: Some(Signal::SIGTERM), targets: targets(&["-1"]) });
        assert!(matches!(send(&["-9"]), Asked::Wrong(_)));
        assert!(matches!(send(&[]), Asked::Wrong(_)));
    }
}
