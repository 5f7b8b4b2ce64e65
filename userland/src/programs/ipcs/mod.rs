//! `ipcs(1)`: lists System V queues, segments and sets of semaphores, as the program of util-linux does; but there are no names
//! of users, and times are seconds of virtual time.
//!
//! | question | file |
//! | --- | --- |
//! | what is shown of message queues? | `queues.rs` |
//! | what is shown of shared memory segments? | `segments.rs` |
//! | what is shown of sets of semaphores? | `sets.rs` |

mod queues;
mod segments;
mod sets;

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use abi::{Errno, IpcPerm};

use super::ipc_key::{HELP, VERSION, parse};
use crate::libc::{Manual, Opt, Output, PLAIN, complain, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "ipcs",
    usage: "[-q] [-m] [-s] [-t|-p|-c|-l|-u] [--human|-b]\n{-q|-m|-s} -i ID",
    about: "List System V message queues, shared memory segments and sets of semaphores.\n\
            Without -q, -m or -s: all of them.",
    options: &[
        Opt::value("i", "id", "ID", "details of the one with this identifier"),
        Opt::flag("m", "shmems", "shared memory segments"),
        Opt::flag("q", "queues", "message queues"),
        Opt::flag("s", "semaphores", "sets of semaphores"),
        Opt::flag("a", "all", "all of them (the default)"),
        Opt::flag("t", "time", "when they were used last"),
        Opt::flag("p", "pid", "who made them and used them last"),
        Opt::flag("c", "creator", "who made them and whose they are"),
        Opt::flag("l", "limits", "the limits"),
        Opt::flag("u", "summary", "what all of them use together"),
        Opt::flag("", "human", "sizes with a unit: 4.9K"),
        Opt::flag("b", "bytes", "sizes in bytes, the limits too"),
        HELP,
        VERSION,
    ],
    ..PLAIN
};

/// How sizes are shown; the last option that says so counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// In bytes, but for some limits, which are in kilobytes.
    Usual,
    Bytes,
    Human,
}

impl Unit {
    /// A number of bytes.
    fn of(self, bytes: u64) -> String {
        if self == Unit::Human { human(bytes) } else { format!("{bytes}") }
    }

    /// The same in a column of numbers that are as wide.
    fn column(self, bytes: u64, width: usize) -> String {
        match self {
            // As util-linux has it: aligned to the right of a column that is as wide as what stands above it.
            Unit::Human => format!("{:>6}{:width$}", human(bytes), "", width = width - 6),
            _ => format!("{bytes:<width$}"),
        }
    }

    /// What stands above sizes that have this name otherwise.
    fn heading(self, name: &'static str) -> &'static str {
        if self == Unit::Human { "size" } else { name }
    }

    /// A line about a limit; `usual` is the unit in which it is usually given, and its bytes.
    fn limit(self, what: &str, bytes: u64, (name, unit_bytes): (&str, u64)) -> String {
        match self {
            Unit::Human => format!("{what} = {}", human(bytes)),
            Unit::Bytes => format!("{what} (bytes) = {bytes}"),
            Unit::Usual => format!("{what} ({name}) = {}", bytes / unit_bytes),
        }
    }
}

/// A size as util-linux writes it: one digit behind the point, rounded, and none if that is 0; then the unit.
fn human(bytes: u64) -> String {
    const LETTERS: [char; 7] = ['B', 'K', 'M', 'G', 'T', 'P', 'E'];
    let unit = if bytes == 0 { 0 } else { bytes.ilog2() / 10 };
    let (mut whole, rest) = (bytes >> (10 * unit), bytes & ((1 << (10 * unit)) - 1));
    let mut tenths = 0;
    if unit > 0 {
        // Of the rest ten bits are enough.
        let rest = rest >> (10 * (unit - 1));
        tenths = (rest * 10 + 512) / 1024;
        if tenths == 10 {
            (whole, tenths) = (whole + 1, 0);
        }
    }
    let letter = LETTERS[unit as usize];
    if tenths == 0 { format!("{whole}{letter}") } else { format!("{whole}.{tenths}{letter}") }
}

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Status,
    Times,
    Processes,
    Creators,
    Limits,
    Summary,
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if let Some(extra) = given.operands.first() {
        return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await);
    }
    let unit = match given.last_of(&["human", "bytes"]) {
        Some(("human", _)) => Unit::Human,
        Some(_) => Unit::Bytes,
        None => Unit::Usual,
    };
    let asked = |kind: &str| given.has(kind) && !given.has("all");
    let [queues, segments, sets] = ["queues", "shmems", "semaphores"].map(asked);
    if let Some(text) = given.value("id") {
        let Some(id) = parse(text) else {
            complain(sys, MANUAL.name, format_args!("failed to parse id argument: {}", quote(text))).await;
            return Err(1);
        };
        let details = match (queues, segments, sets) {
            (true, false, false) => queues::details(sys, id, unit).await,
            (false, true, false) => segments::details(sys, id, unit).await,
            (false, false, true) => sets::details(sys, id).await,
            _ => return Err(MANUAL.misuse(sys, "-i needs one of -q, -m and -s").await),
        };
        return show(sys, details.map(|text| format!("\n{text}\n")), format_args!("id {id}")).await;
    }
    let view = match given.last_of(&["time", "pid", "creator", "limits", "summary"]) {
        Some(("time", _)) => View::Times,
        Some(("pid", _)) => View::Processes,
        Some(("creator", _)) => View::Creators,
        Some(("limits", _)) => View::Limits,
        Some(_) => View::Summary,
        None => View::Status,
    };
    let all = !(queues || segments || sets);
    show(sys, list(sys, (view, unit), [queues || all, segments || all, sets || all]).await, "cannot list").await
}

/// What is asked for of each kind that is wanted, one after the other.
async fn list(sys: Sys, (view, unit): (View, Unit), [queues, segments, sets]: [bool; 3]) -> Result<String, Errno> {
    let mut text = String::new();
    if queues {
        text += &queues::list(sys, view, unit).await?;
    }
    if segments {
        text += &segments::list(sys, view, unit).await?;
    }
    // Nothing is known of processes that used semaphores; `-i` has it for each of a set.
    if sets && view != View::Processes {
        text += &sets::list(sys, view).await?;
    }
    text.push('\n');
    Ok(text)
}

async fn show(sys: Sys, text: Result<String, Errno>, what: impl core::fmt::Display) -> Result<i32, i32> {
    match text {
        Ok(text) => {
            let mut output = Output::new(sys, &MANUAL);
            output.push(text.as_bytes());
            output.flush().await?;
            Ok(0)
        }
        Err(Errno::EINVAL | Errno::EIDRM) => {
            complain(sys, MANUAL.name, format_args!("{what} not found")).await;
            Err(1)
        }
        Err(errno) => {
            perror(sys, MANUAL.name, what, errno).await;
            Err(1)
        }
    }
}

/// A headline, and the heads of the columns.
fn heading(title: &str, columns: &str) -> String {
    format!("\n------ {title} --------\n{columns}\n")
}

/// Key, identifier, owner and permissions.
fn identity(id: i32, perm: &IpcPerm) -> String {
    format!("{:#010x} {id:<10} {:<10} {:<10}", perm.key, perm.uid, Octal(perm.mode & 0o777))
}

/// Identifier, permissions, and whose it was and is.
fn creators(id: i32, perm: &IpcPerm) -> String {
    let IpcPerm { uid, gid, cuid, cgid, .. } = perm;
    format!("{id:<10} {:<10} {cuid:<10} {cgid:<10} {uid:<10} {gid:<10}\n", Octal(perm.mode & 0o777))
}

/// The heads of [`creators`], with what the identifier is called.
fn creators_heading(title: &str, id: &str) -> String {
    heading(title, &format!("{id:<10} {:<10} {:<10} {:<10} {:<10} {:<10}", "perms", "cuid", "cgid", "uid", "gid"))
}

/// A number in octal, with a width as any other text has one.
struct Octal(u32);

impl core::fmt::Display for Octal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(&format!("{:o}", self.0))
    }
}

/// A time in seconds. 0 means never, unless something else says that it `happened`: then it was in the first second.
fn time(seconds: i64, happened: bool) -> String {
    if seconds == 0 && !happened { "Not set".into() } else { format!("{seconds} s after boot") }
}

/// One line for each object: those of all slots up to the highest in use. Free ones are passed over.
async fn rows<T>(
    highest: i32,
    in_slot: impl AsyncFn(i32) -> Result<(i32, T), Errno>,
    row: impl Fn(i32, &T) -> String,
) -> String {
    let mut text = String::new();
    for slot in 0..=highest {
        if let Ok((id, stat)) = in_slot(slot).await {
            let _ = write!(text, "{}", row(id, &stat));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_are_written_as_util_linux_writes_them() {
        let seen = [
            (0, "0B"),
            (1, "1B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1075, "1K"),
            (1076, "1.1K"),
            (1126, "1.1K"),
            (1127, "1.1K"),
            (2047, "2K"),
            (5000, "4.9K"),
            (102_399, "100K"),
            (999_999, "976.6K"),
            (1_047_000, "1022.5K"),
            (1_048_575, "1024K"),
            (1_048_576, "1M"),
            (1_300_000, "1.2M"),
            (18_446_744_073_692_774_399, "16E"),
            (u64::MAX, "16E"),
        ];
        for (bytes, text) in seen {
            assert_eq!(human(bytes), text);
        }
    }
}
