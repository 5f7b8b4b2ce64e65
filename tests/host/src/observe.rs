//! What can be seen of real processes from outside: `/proc`.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

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
    /// Its process group.
    pub(crate) group: i32,
    /// Its session.
    pub(crate) session: i32,
    /// How often it has been switched out.
    pub(crate) switches: u64,
    /// Pending for its thread, pending for the process, blocked, ignored, caught.
    pub(crate) signals: [u64; 5],
}

impl Seen {
    /// Of one that isn't there.
    pub(crate) const GONE: Seen =
        Seen { state: State::Gone, parent: 0, group: 0, session: 0, switches: 0, signals: [0; 5] };
}

/// The files in which a process is seen. They stay open: opening costs more than reading, and they go on meaning the same
/// process when its number has passed on to another.
pub(crate) struct Watch {
    status: Option<File>,
    call: Option<File>,
    directory: PathBuf,
}

impl Watch {
    /// Begins to watch a process.
    pub(crate) fn new(pid: i32) -> Watch {
        let directory = PathBuf::from(format!("/proc/{pid}"));
        let open = |name: &str| File::open(directory.join(name)).ok();
        Watch { status: open("status"), call: open("syscall"), directory }
    }

    /// Looks at the process.
    pub(crate) fn look(&self) -> Seen {
        let mut buffer = [0; 4096];
        let Some(status) = read(self.status.as_ref(), &mut buffer) else { return Seen::GONE };
        let mut seen = Seen { state: State::Running, ..Seen::GONE };
        for line in status.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let set = || u64::from_str_radix(value, 16).unwrap_or(0);
            let number = || value.parse().unwrap_or(0);
            match key {
                "State" => {
                    seen.state = match value.as_bytes().first() {
                        Some(b'Z') => State::Zombie,
                        Some(b'T') => State::Stopped,
                        Some(b'S') => self.waiting(),
                        // `X` too: it has been reaped and is about to be gone.
                        _ => State::Running,
                    }
                }
                "PPid" => seen.parent = number(),
                "NSpgid" => seen.group = number(),
                "NSsid" => seen.session = number(),
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

    /// The call in which a sleeping process waits. The state letter alone isn't to be trusted.
    fn waiting(&self) -> State {
        let mut buffer = [0; 512];
        let Some(text) = read(self.call.as_ref(), &mut buffer) else { return State::Running };
        let mut words = text.split_whitespace();
        let call = words.next().and_then(|word| word.parse().ok());
        let first = words.next().and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
        match (call, first) {
            (Some(call), Some(first)) if call >= 0 => State::Waiting { call, first },
            _ => State::Running,
        }
    }

    /// How many descriptors are open. One that a blocked `open` has reserved isn't.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.directory.join("fd")).map_or(0, Iterator::count)
    }
}

fn read<'a>(file: Option<&File>, buffer: &'a mut [u8]) -> Option<&'a str> {
    let length = file?.read_at(buffer, 0).ok().filter(|length| *length > 0)?;
    std::str::from_utf8(&buffer[..length]).ok()
}
