//! `ps(1)`: lists processes.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use abi::{ProcessInfo, SignalSet};

use super::process_table::{command, cpu_time_us, seconds, state};
use crate::libc::{Given, Manual, Opt, Output, PLAIN, complain, display_name, parse_number, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "ps",
    usage: "[OPTION]...",
    about: "List all processes, zombies included.\n\n\
            FORMAT is a list of: pid ppid pgid sid uid state time rss fds comm,\n\
            and of bitmaps of signals, as in /proc/PID/status: sigpnd (pending for the thread), shdpnd (for the\n\
            process), sigblk (blocked), sigign (ignored), sigcgt (caught); bit 0 is signal 1.",
    options: &[
        Opt::flag("A", "all", "all processes, as without it"),
        Opt::flag("e", "every", "same as -A"),
        Opt::flag("f", "full", "with parents, groups and sessions"),
        Opt::flag("j", "jobs", "with groups and sessions"),
        Opt::value("o", "format", "FORMAT", "these columns"),
        Opt::value("p", "pid", "PID,...", "these processes only"),
        Opt::flag("s", "signals", "with bitmaps of signals"),
        Opt::flag("", "no-headers", "no line of headings"),
    ],
    ..PLAIN
};

/// A column: its name for `-o`, its heading, its least width, whether it stands left, and what it shows.
struct Column {
    name: &'static str,
    heading: &'static str,
    width: usize,
    left: bool,
    show: fn(&ProcessInfo) -> String,
}

const fn right(name: &'static str, heading: &'static str, width: usize, show: fn(&ProcessInfo) -> String) -> Column {
    Column { name, heading, width, left: false, show }
}

const fn left(name: &'static str, heading: &'static str, width: usize, show: fn(&ProcessInfo) -> String) -> Column {
    Column { name, heading, width, left: true, show }
}

static COLUMNS: &[Column] = &[
    right("pid", "PID", 5, |process| process.pid.to_string()),
    right("ppid", "PPID", 5, |process| process.ppid.to_string()),
    right("pgid", "PGID", 5, |process| process.pgid.to_string()),
    right("sid", "SID", 5, |process| process.sid.to_string()),
    right("uid", "UID", 5, |process| process.uid.to_string()),
    left("state", "S", 1, |process| state(process).to_string()),
    right("time", "TIME", 8, |process| seconds(cpu_time_us(process))),
    right("rss", "PAGES", 5, |process| process.resident_pages.to_string()),
    right("fds", "FDS", 3, |process| process.open_fds.to_string()),
    right("sigpnd", "SigPnd", 16, |process| set(process.pending)),
    right("shdpnd", "ShdPnd", 16, |process| set(process.shared_pending)),
    right("sigblk", "SigBlk", 16, |process| set(process.blocked)),
    right("sigign", "SigIgn", 16, |process| set(process.ignored)),
    right("sigcgt", "SigCgt", 16, |process| set(process.caught)),
    left("comm", "COMMAND", 0, command),
];

fn set(signals: SignalSet) -> String {
    format!("{:016x}", signals.bits())
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if let Some(operand) = given.operands.first() {
        return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(operand))).await);
    }
    let (columns, pids) = match (columns(&given), pids(&given)) {
        (Ok(columns), Ok(pids)) => (columns, pids),
        (Err(message), _) | (_, Err(message)) => return Err(MANUAL.misuse(sys, message).await),
    };
    let processes = match sys.processes().await {
        Ok(processes) => processes,
        Err(errno) => {
            complain(sys, MANUAL.name, format_args!("cannot list processes: {errno}")).await;
            return Err(1);
        }
    };
    let mut output = Output::new(sys, &MANUAL);
    if !given.has("no-headers") {
        let headings = columns.iter().map(|column| column.heading.into());
        print_row(&columns, headings, &mut output);
    }
    let mut any = false;
    for process in processes.iter().filter(|process| pids.is_empty() || pids.contains(&i64::from(process.pid))) {
        print_row(&columns, columns.iter().map(|column| (column.show)(process)), &mut output);
        any = true;
    }
    output.flush().await?;
    Ok(i32::from(!any))
}

fn columns(given: &Given<'_>) -> Result<Vec<&'static Column>, String> {
    let names = match given.last_of(&["full", "jobs", "signals", "format"]) {
        Some(("format", names)) => display_name(names).into_owned(),
        Some(("signals", _)) => "pid,state,sigpnd,shdpnd,sigblk,sigign,sigcgt,comm".into(),
        Some(("full", _)) => "uid,pid,ppid,pgid,sid,state,time,rss,fds,comm".into(),
        Some(_) => "pid,pgid,sid,state,time,comm".into(),
        None => "pid,ppid,state,time,comm".into(),
    };
    let find = |name: &str| {
        let column = COLUMNS.iter().find(|column| column.name == name);
        column.ok_or_else(|| format!("unknown column '{name}'"))
    };
    names.split([',', ' ']).filter(|name| !name.is_empty()).map(find).collect()
}

fn pids(given: &Given<'_>) -> Result<Vec<i64>, String> {
    let Some(list) = given.value("pid") else { return Ok(Vec::new()) };
    let parse = |text: &[u8]| parse_number(text).ok_or_else(|| format!("invalid process id {}", quote(text)));
    list.split(|byte| b", ".contains(byte)).map(parse).collect()
}

fn print_row(columns: &[&Column], cells: impl Iterator<Item = String>, output: &mut Output) {
    let mut row = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        let width = column.width;
        let _ = if column.left { write!(row, "{cell:<width$} ") } else { write!(row, "{cell:>width$} ") };
    }
    let _ = writeln!(output, "{}", row.trim_end());
}
