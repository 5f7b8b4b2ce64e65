//! What can be seen of real processes from outside: `/proc`.

use std::fs;
use std::path::Path;

/// What a process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits in this call, with this first argument.
    Waiting { call: i64, first: u64 },
    /// It runs, or is about to.
    Running,
    /// It is stopped.
    Stopped,
    /// It has ended, and nobody has asked for its status.
    Zombie,
    /// It isn't there.
    Gone,
}

/// Everything that is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What it does.
    pub(crate) state: State,
    /// Its parent.
    pub(crate) parent: i32,
    /// How often it has been switched out.
    pub(crate) switches: u64,
    /// Pending for its thread, pending for the process, blocked, ignored, caught.
    pub(crate) signals: [u64; 5],
}

impl Seen {
    const GONE: Seen = Seen { state: State::Gone, parent: 0, switches: 0, signals: [0; 5] };

    /// Looks at a process.
    pub(crate) fn of(pid: i32) -> Seen {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return Seen::GONE };
        let mut seen = Seen { state: State::Running, ..Seen::GONE };
        for line in status.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let set = || u64::from_str_radix(value, 16).unwrap_or(0);
            match key {
                "State" => {
                    seen.state = match value.as_bytes().first() {
                        Some(b'Z' | b'X') => State::Zombie,
                        Some(b'T') => State::Stopped,
                        Some(b'S') => waiting(pid),
                        _ => State::Running,
                    }
                }
                "PPid" => seen.parent = value.parse().unwrap_or(0),
                "SigPnd" => seen.signals[0] = set(),
                "ShdPnd" => seen.signals[1] = set(),
                "SigBlk" => seen.signals[2] = set(),
                "SigIgn" => seen.signals[3] = set(),
                "SigCgt" => seen.signals[4] = set(),
                "voluntary_ctxt_switches" | "nonvoluntary_ctxt_switches" => {
                    seen.switches += value.parse::<u64>().unwrap_or(0);
                }
                _ => {}
            }
        }
        seen
    }
}

/// The call in which a sleeping process waits. The state letter alone isn't to be trusted.
fn waiting(pid: i32) -> State {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/syscall")) else { return State::Running };
    let mut words = text.split_whitespace();
    let call = words.next().and_then(|word| word.parse().ok());
    let first = words.next().and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    match (call, first) {
        (Some(call), Some(first)) if call >= 0 => State::Waiting { call, first },
        _ => State::Running,
    }
}

/// Process group and session.
pub(crate) fn group_and_session(pid: i32) -> (i32, i32) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut numbers = behind_name.split_whitespace().skip(2).map(|word| word.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// How many descriptors are open.
pub(crate) fn descriptors(pid: i32) -> usize {
    fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")).map_or(0, Iterator::count)
}
