//! The lists of programs and of system calls.

use std::fmt::Write as _;
use std::io::{self, Write};

use abi::{Kind, ResultKind, Syscall, SyscallInfo};
use userland::programs::PROGRAMS;

use super::status::{Failure, Status};

/// `vitrine programs`.
pub(crate) fn programs() -> Result<Status, Failure> {
    let mut programs: Vec<_> = PROGRAMS.iter().map(|program| (program.name, program.summary)).collect();
    programs.sort_unstable();
    let width = programs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    print(&programs.iter().map(|(name, summary)| format!("{name:width$}  {summary}\n")).collect::<String>())
}

/// `vitrine syscalls [NAME]`.
pub(crate) fn syscalls(name: Option<&str>) -> Result<Status, Failure> {
    let Some(name) = name else {
        let mut calls: Vec<_> = Syscall::TABLE.iter().collect();
        calls.sort_by_key(|call| call.number);
        let width = calls.iter().map(|call| call.name.len()).max().unwrap_or(0);
        let line = |call: &&SyscallInfo| format!("{:>5} {:width$}  {}\n", call.number, call.name, call.summary);
        return print(&calls.iter().map(line).collect::<String>());
    };
    match Syscall::by_name(name).or_else(|| Syscall::by_number(name.parse().ok()?)) {
        Some(call) => print(&page(call)),
        None => {
            let near = suggestion(name, Syscall::TABLE.iter().map(|call| call.name));
            Err(Failure::new(Status::NO_PROGRAM, format_args!("no system call `{name}`{near}; see `vitrine syscalls`")))
        }
    }
}

/// All about one call.
fn page(call: &SyscallInfo) -> String {
    let arguments: Vec<_> = call.arguments.iter().map(|argument| declaration(argument.name, argument.kind)).collect();
    let arguments = if arguments.is_empty() { "void".into() } else { arguments.join(", ") };
    let mut text = format!("{}({}), number {}\n    {}.\n", call.name, arguments, call.number, call.summary);
    let returns = match call.result {
        ResultKind::Zero => "0",
        ResultKind::Count => "a count",
        ResultKind::Fd => "a descriptor",
        ResultKind::Pid => "a process id",
        ResultKind::Address => "an address",
        ResultKind::Value => "a value",
        ResultKind::Never => "it doesn't return",
    };
    // Writing to a string can't fail.
    let _ = write!(text, "\nReturns: {returns}\n");
    if !call.arguments.is_empty() {
        text.push_str("\nArguments:\n");
    }
    for argument in call.arguments {
        let _ = writeln!(text, "  {:12}  {}", argument.name, meaning(argument.kind));
    }
    text.push_str(if call.errors.is_empty() { "\nErrors: none\n" } else { "\nErrors:\n" });
    for errno in call.errors {
        let _ = writeln!(text, "  {:12}  {errno}", errno.name());
    }
    text
}

/// An argument as C declares it.
fn declaration(name: &str, kind: Kind) -> String {
    let constant = matches!(kind, Kind::In(_) | Kind::InArray(_));
    let pointer = constant || matches!(kind, Kind::Out(_) | Kind::OutArray(_));
    let (before, between) = (if constant { "const " } else { "" }, if pointer { " *" } else { " " });
    format!("{before}{}{between}{name}", kind.c_type()).replace("* ", "*")
}

/// What an argument is, in words.
fn meaning(kind: Kind) -> String {
    match kind {
        Kind::Integer | Kind::Unsigned => "a number".into(),
        Kind::Fd => "a descriptor".into(),
        Kind::Pid => "a process id".into(),
        Kind::Signal => "a signal number".into(),
        Kind::Length => "a number of bytes, or of what the argument before it points to".into(),
        Kind::Microseconds => "a number of microseconds".into(),
        Kind::Address => "an address".into(),
        Kind::In(what) => format!("the address of `{}` ({} bytes), which the call reads", what.name, what.size),
        Kind::Out(what) => format!("the address of `{}` ({} bytes), which the call writes", what.name, what.size),
        Kind::InBytes => "bytes that the call reads".into(),
        Kind::OutBytes => "room for bytes that the call writes".into(),
        Kind::InArray(what) => format!("an array of {} that the call reads", what.name),
        Kind::OutArray(what) => format!("room for an array of {} that the call writes", what.name),
        Kind::Path => "a string that ends with a zero byte".into(),
        Kind::Strings => "addresses of strings, ended by a null".into(),
        Kind::Flags { known, print } => {
            let bits = (0..64).map(|bit| 1 << bit).filter(|bit| known & bit != 0);
            let names: Vec<_> = bits.map(|bit| printed(bit, print)).filter(|name| !name.starts_with("0x")).collect();
            format!("flags: {}", names.join(" "))
        }
        Kind::Choice { known, print } => {
            let names: Vec<_> = known.iter().map(|&value| printed(i64::from(value) as u64, print)).collect();
            format!("one of {}", names.join(" "))
        }
    }
}

fn printed(raw: u64, print: abi::Print) -> String {
    std::fmt::from_fn(|f| print(raw, f)).to_string()
}

/// `, did you mean ...` if one of the names is near, else nothing.
pub(crate) fn suggestion<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let near = names.map(|other| (strsim::damerau_levenshtein(name, other), other)).min();
    match near {
        // A third of the letters wrong is another word.
        Some((distance, other)) if distance <= 1.max(name.len() / 3) && distance < other.len() => {
            format!(", did you mean `{other}`?")
        }
        _ => String::new(),
    }
}

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<Status, Failure> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Status(0)),
        Err(error) => Err(Failure::stdout(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_a_page() {
        for call in Syscall::TABLE {
            let page = page(call);
            assert!(
                page.contains(call.summary) && call.errors.iter().all(|errno| page.contains(errno.name())),
                "{page}"
            );
        }
        let page = page(Syscall::by_name("wait4").unwrap());
        assert!(
            page.starts_with("wait4(pid_t pid, int *status, int options, struct rusage *rusage), number 260\n"),
            "{page}"
        );
        assert!(page.contains("flags: WNOHANG WUNTRACED"), "{page}");
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_not() {
        let names = ["cat", "sort", "true"];
        assert_eq!(suggestion("srot", names.into_iter()), ", did you mean `sort`?");
        assert_eq!(suggestion("cta", names.into_iter()), ", did you mean `cat`?");
        assert_eq!(suggestion("emacs", names.into_iter()), "");
        assert_eq!(suggestion("", names.into_iter()), "");
    }
}
