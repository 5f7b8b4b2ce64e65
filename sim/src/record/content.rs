//! What a record holds, beside its choices.

use std::fmt;
use std::num::NonZeroU64;

use abi::{WaitStatus, WindowSize};

/// How a run was begun.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// Which build made it: [`super::fingerprint`].
    pub build: u64,
    /// What PID 1 was started with.
    pub argv: Vec<Vec<u8>>,
    /// Its environment.
    pub envp: Vec<Vec<u8>>,
    /// The seed of the choices. A note: the choices themselves are in the record.
    pub seed: Option<u64>,
    /// Whether processes left core images: it shows in wait statuses.
    pub cores: bool,
    /// Which steps have their hash in the record.
    pub schedule: Schedule,
    /// The size of the window, if the console was a terminal.
    pub terminal: Option<WindowSize>,
}

/// Which steps have their exact hash in a record.
///
/// ```
/// use sim::record::Schedule;
/// assert!(Schedule::Default.due(9_999) && !Schedule::Default.due(10_001) && Schedule::Default.due(11_000));
/// assert_eq!(Schedule::Every(7.try_into().unwrap()).after(7), 14);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Schedule {
    /// Every step at first, where people look; then seldom, so that a long run has a small record.
    #[default]
    Default,
    /// Every so many steps.
    Every(NonZeroU64),
}

impl Schedule {
    const DENSE_STEPS: u64 = 10_000;
    const SPARSE_EVERY: u64 = 1_000;

    /// Whether the hash after this many steps is recorded.
    pub fn due(self, step: u64) -> bool {
        match self {
            Schedule::Default => step <= Schedule::DENSE_STEPS || step.is_multiple_of(Schedule::SPARSE_EVERY),
            Schedule::Every(steps) => step.is_multiple_of(steps.get()),
        }
    }

    /// The first step after this one whose hash is recorded.
    pub fn after(self, step: u64) -> u64 {
        let every = match self {
            Schedule::Default if step < Schedule::DENSE_STEPS => 1,
            Schedule::Default => Schedule::SPARSE_EVERY,
            Schedule::Every(steps) => steps.get(),
        };
        (step / every).saturating_add(1).saturating_mul(every)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Default => f.write_str("default"),
            Schedule::Every(steps) => steps.fmt(f),
        }
    }
}

/// A hash in a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordedHash {
    /// After how many steps.
    pub step: u64,
    /// The exact hash of the world.
    pub hash: u64,
    /// The line that says so.
    pub line: usize,
}

/// The input that a run took from the console, kept in a file of its own.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct InputName {
    /// The [`super::ContentHash`] of its bytes.
    pub hash: u64,
    /// How many bytes; with 0 there is no file.
    pub length: u64,
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length {
            0 => f.write_str("none"),
            length => write!(f, "{:016x} {length}", self.hash),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// PID 1 ended.
    Halted(WaitStatus),
    /// Nothing could ever run again.
    Deadlock,
    /// It was stopped from outside: its reader went away, or its input failed.
    Stopped,
    /// The step after its last one ran into a bug of Vitrine. Its replay does the same.
    Crashed,
}

impl End {
    /// PID 1 ended so. Whether a core image of it was written isn't told apart here; the hash does.
    pub fn halted(status: WaitStatus) -> End {
        match status {
            WaitStatus::Signaled { signal, .. } => End::Halted(WaitStatus::Signaled { signal, core: false }),
            other => End::Halted(other),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Halted(WaitStatus::Exited(code)) => write!(f, "exited {code}"),
            End::Halted(WaitStatus::Signaled { signal, .. }) => write!(f, "killed {}", signal.number()),
            // PID 1 can't be stopped; should it ever be, that isn't an end.
            End::Halted(WaitStatus::Stopped(_) | WaitStatus::Continued) | End::Stopped => f.write_str("stopped"),
            End::Deadlock => f.write_str("deadlock"),
            End::Crashed => f.write_str("crashed"),
        }
    }
}

/// What a run came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Totals {
    /// How many steps it took.
    pub steps: u64,
    /// How it ended.
    pub end: End,
    /// The exact hash of the world at its end.
    pub hash: u64,
    /// Bytes written to the console, diagnostics included.
    pub output_length: u64,
    /// Their hash, with the stream of each.
    pub output_hash: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { steps, end, hash, output_length, output_hash } = self;
        write!(f, "{steps} {end} hash {hash:016x} output {output_length} {output_hash:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_names_exactly_the_steps_that_are_due() {
        for schedule in
            [Schedule::Default, Schedule::Every(1.try_into().unwrap()), Schedule::Every(300.try_into().unwrap())]
        {
            let due: Vec<u64> = (1..30_000).filter(|&step| schedule.due(step)).collect();
            let mut step = 0;
            let named: Vec<u64> = std::iter::from_fn(|| {
                step = schedule.after(step);
                (step < 30_000).then_some(step)
            })
            .collect();
            assert_eq!(due, named, "{schedule}");
        }
    }
}
