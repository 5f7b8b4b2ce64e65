//! The wait status, put together as Linux does and as the macros of `wait(2)` take it apart.

use crate::Signal;

/// What `wait4` reports of a child.
///
/// ```
/// use abi::{Signal, WaitStatus};
/// assert_eq!(WaitStatus::Exited(44).to_raw(), 44 << 8);
/// assert_eq!(WaitStatus::from_raw(9), WaitStatus::Signaled { signal: Signal::SIGKILL, core: false });
/// assert_eq!(WaitStatus::from_raw(9).shell_code(), 137);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum WaitStatus {
    /// It ended by itself (`WIFEXITED`), with the low 8 bits of its status.
    Exited(u8),
    /// A signal ended it (`WIFSIGNALED`).
    Signaled {
        /// Which.
        signal: Signal,
        /// Whether a core image goes with it (`WCOREDUMP`).
        core: bool,
    },
    /// A signal stopped it (`WIFSTOPPED`).
    Stopped(Signal),
    /// It was continued (`WIFCONTINUED`).
    Continued,
}

impl WaitStatus {
    /// The `int` that `wait4` stores.
    pub const fn to_raw(self) -> i32 {
        match self {
            WaitStatus::Exited(code) => (code as i32) << 8,
            WaitStatus::Signaled { signal, core } => signal.number() as i32 | if core { 0x80 } else { 0 },
            WaitStatus::Stopped(signal) => (signal.number() as i32) << 8 | 0x7f,
            WaitStatus::Continued => 0xffff,
        }
    }

    /// Takes the `int` apart; a number that `wait4` never stores reads as an exit.
    pub const fn from_raw(raw: i32) -> WaitStatus {
        if raw == 0xffff {
            return WaitStatus::Continued;
        }
        let code = (raw >> 8 & 0xff) as u8;
        match (raw & 0x7f, Signal::new(code as i64), Signal::new((raw & 0x7f) as i64)) {
            (0x7f, Some(signal), _) => WaitStatus::Stopped(signal),
            (1..0x7f, _, Some(signal)) => WaitStatus::Signaled { signal, core: raw & 0x80 != 0 },
            _ => WaitStatus::Exited(code),
        }
    }

    /// What a shell shows as `$?`: the exit code, or 128 plus the signal's number.
    pub const fn shell_code(self) -> i32 {
        match self {
            WaitStatus::Exited(code) => code as i32,
            WaitStatus::Signaled { signal, .. } | WaitStatus::Stopped(signal) => 128 + signal.number() as i32,
            WaitStatus::Continued => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_survives_the_round_trip() {
        for code in 0..=255 {
            assert_eq!(WaitStatus::from_raw(WaitStatus::Exited(code).to_raw()), WaitStatus::Exited(code));
        }
        for signal in (1..=64).filter_map(Signal::new) {
            for status in [
                WaitStatus::Signaled { signal, core: false },
                WaitStatus::Signaled { signal, core: true },
                WaitStatus::Stopped(signal),
            ] {
                assert_eq!(WaitStatus::from_raw(status.to_raw()), status);
            }
        }
        assert_eq!(WaitStatus::from_raw(WaitStatus::Continued.to_raw()), WaitStatus::Continued);
    }
}
