//! What arrives at a terminal from outside, and when.
//!
//! When somebody presses a key is nothing that a run could know, so each arrival is recorded: at which step it came, and at
//! what time, because an idle machine makes no steps while it waits.

use std::fmt;

use abi::WindowSize;

/// What arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arrived {
    /// So many bytes were typed: the next ones of the input.
    Typed(u64),
    /// The window has another size.
    Resized(WindowSize),
    /// The terminal is gone.
    HungUp,
}

/// Something that arrived, and when.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arrival {
    /// How many steps had been made.
    pub step: u64,
    /// The virtual time, in microseconds since boot.
    pub at_us: u64,
    /// What it was.
    pub what: Arrived,
}

impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.step, self.at_us)?;
        match self.what {
            Arrived::Typed(bytes) => write!(f, "typed {bytes}"),
            Arrived::Resized(WindowSize { rows, columns, .. }) => write!(f, "window {rows} {columns}"),
            Arrived::HungUp => f.write_str("hangup"),
        }
    }
}

/// The moment for which a machine asks what arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// How many steps were made.
    pub step: u64,
    /// The virtual time, in microseconds since boot.
    pub now_us: u64,
    /// Nobody can run before this time, whatever it is (`None`: ever), unless something arrives. The same as `now_us` if
    /// somebody can run.
    pub until_us: Option<u64>,
}

impl Moment {
    /// Whether nobody can run.
    pub fn is_idle(&self) -> bool {
        self.until_us != Some(self.now_us)
    }

    /// Whether something that arrived at this time belongs to it.
    pub fn takes(&self, arrival: &Arrival) -> bool {
        arrival.step <= self.step && self.until_us.is_none_or(|until_us| arrival.at_us <= until_us)
    }
}
