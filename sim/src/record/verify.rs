//! Comparing a replay with its record, step by step.

use std::fmt;

use super::{Record, RecordedHash, Totals};
use crate::chooser::Departure;

/// The first thing in which a replay differs from its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The world after a step.
    Hash {
        /// What the record says.
        recorded: RecordedHash,
        /// What the replay gives.
        replayed: u64,
        /// The last step known to agree; with a recorded hash at every step, the one before.
        agreed: Option<u64>,
    },
    /// A recorded choice didn't fit.
    Departed(Departure),
    /// The replay goes on behind the end of the record.
    GoesOn {
        /// What the record says of its end.
        recorded: Totals,
    },
    /// The end.
    Totals {
        /// What the record says.
        recorded: Totals,
        /// What the replay gives.
        replayed: Totals,
    },
}

impl Difference {
    /// The step that it names.
    pub fn step(&self) -> u64 {
        match self {
            Difference::Hash { recorded, .. } => recorded.step,
            Difference::Departed(departure) => departure.step,
            Difference::GoesOn { recorded } => recorded.steps + 1,
            Difference::Totals { recorded, replayed } => recorded.steps.min(replayed.steps),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "first difference at step {}: ", self.step())?;
        match self {
            Difference::Hash { recorded, replayed, agreed } => {
                write!(f, "hash recorded {:016x} (line {}), replayed {replayed:016x}", recorded.hash, recorded.line)?;
                match agreed {
                    Some(agreed) if agreed + 1 < recorded.step => {
                        write!(
                            f,
                            "; step {agreed} agreed, those between weren't recorded (`--hash-every 1` records each)"
                        )
                    }
                    _ => Ok(()),
                }
            }
            Difference::Departed(departure) => departure.fmt(f),
            Difference::GoesOn { recorded } => {
                write!(f, "the record ends after step {} ({}), the replay goes on", recorded.steps, recorded.end)
            }
            Difference::Totals { recorded, replayed } if recorded.steps != replayed.steps => {
                let (ended, steps) = (replayed.end, recorded.steps);
                write!(f, "the replay ends here ({ended}), the record after step {steps} ({})", recorded.end)
            }
            Difference::Totals { recorded, replayed } if recorded.end != replayed.end => {
                write!(f, "end recorded `{}`, replayed `{}`", recorded.end, replayed.end)
            }
            Difference::Totals { recorded, replayed } if recorded.hash != replayed.hash => {
                write!(f, "final hash recorded {:016x}, replayed {:016x}", recorded.hash, replayed.hash)
            }
            Difference::Totals { recorded, replayed } => {
                let output = |totals: &Totals| format!("{} bytes {:016x}", totals.output_length, totals.output_hash);
                write!(f, "output recorded {}, replayed {}", output(recorded), output(replayed))
            }
        }
    }
}

impl std::error::Error for Difference {}

/// Compares a replay with its record as it goes on.
///
/// After each step: [`Verifier::step`]. At the end: [`Verifier::end`].
#[derive(Clone, Debug)]
pub struct Verifier<'a> {
    record: &'a Record,
    /// How many of the record's hashes have been compared.
    compared: usize,
}

impl<'a> Verifier<'a> {
    /// Compares with this record.
    pub fn new(record: &'a Record) -> Verifier<'a> {
        Verifier { record, compared: 0 }
    }

    /// The replay has made `step` steps, and `hash` computes the exact hash of its world, which happens only where the
    /// record has one.
    ///
    /// # Errors
    /// The first difference.
    pub fn step(
        &mut self,
        step: u64,
        departed: Option<&Departure>,
        hash: impl FnOnce() -> u64,
    ) -> Result<(), Difference> {
        if let Some(departure) = departed {
            return Err(Difference::Departed(*departure));
        }
        if step > self.record.totals.steps {
            return Err(Difference::GoesOn { recorded: self.record.totals });
        }
        let Some(&recorded) = self.record.hashes.get(self.compared).filter(|next| next.step == step) else {
            return Ok(());
        };
        let replayed = hash();
        if replayed != recorded.hash {
            let agreed = self.compared.checked_sub(1).and_then(|last| self.record.hashes.get(last));
            return Err(Difference::Hash { recorded, replayed, agreed: agreed.map(|last| last.step) });
        }
        self.compared += 1;
        Ok(())
    }

    /// The replay has ended.
    ///
    /// # Errors
    /// The first difference.
    pub fn end(&self, departed: Option<&Departure>, replayed: Totals) -> Result<(), Difference> {
        if let Some(departure) = departed {
            return Err(Difference::Departed(*departure));
        }
        // Compared as written: whether a killed PID 1 left a core image isn't recorded.
        let recorded = self.record.totals;
        if recorded.to_string() != replayed.to_string() {
            return Err(Difference::Totals { recorded, replayed });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use abi::WaitStatus;

    use super::super::{End, Header, InputName, Schedule};
    use super::*;

    fn record() -> Record {
        let every = Schedule::Every(5.try_into().unwrap());
        let header = Header {
            build: 0,
            argv: vec![b"true".to_vec()],
            envp: vec![],
            seed: None,
            cores: false,
            schedule: every,
            terminal: None,
        };
        let hashes = (0..3).map(|i| RecordedHash { step: 5 * i, hash: 100 + 5 * i, line: 7 + i as usize }).collect();
        let end = End::Halted(WaitStatus::Exited(0));
        let totals = Totals { steps: 12, end, hash: 112, output_length: 4, output_hash: 1 };
        let (arrivals, choices, input) = (vec![], vec![], InputName::default());
        Record { header, arrivals, choices, hashes, input, input_line: 10, totals, changed: None }
    }

    /// Replays a made-up run whose hash after each step is `hash(step)`.
    fn replay(record: &Record, steps: u64, totals: Totals, hash: impl Fn(u64) -> u64) -> Result<(), Difference> {
        let mut verifier = Verifier::new(record);
        for step in 0..=steps {
            verifier.step(step, None, || hash(step))?;
        }
        verifier.end(None, totals)
    }

    #[test]
    fn the_same_run_has_no_difference() {
        let record = record();
        assert_eq!(replay(&record, 12, record.totals, |step| 100 + step), Ok(()));
    }

    #[test]
    fn the_first_step_that_differs_is_named() {
        let record = record();
        let difference = replay(&record, 12, record.totals, |step| if step < 8 { 100 + step } else { 0 }).unwrap_err();
        let message = difference.to_string();
        assert!(
            message.starts_with("first difference at step 10: hash recorded 000000000000006e (line 9), replayed 0")
        );
        assert!(message.contains("step 5 agreed"), "{message}");
    }

    #[test]
    fn a_replay_that_is_longer_or_shorter_or_ends_otherwise_differs() {
        let record = record();
        let difference = replay(&record, 13, record.totals, |step| 100 + step).unwrap_err();
        assert_eq!(
            difference.to_string(),
            "first difference at step 13: the record ends after step 12 (exited 0), the replay goes on"
        );
        let short = Totals { steps: 11, ..record.totals };
        let difference = replay(&record, 11, short, |step| 100 + step).unwrap_err();
        assert_eq!(
            difference.to_string(),
            "first difference at step 11: the replay ends here (exited 0), the record after step 12 (exited 0)"
        );
        for (totals, what) in [
            (Totals { end: End::Deadlock, ..record.totals }, "end recorded `exited 0`, replayed `deadlock`"),
            (Totals { hash: 1, ..record.totals }, "final hash recorded 0000000000000070, replayed 0000000000000001"),
            (Totals { output_length: 5, ..record.totals }, "output recorded 4 bytes"),
        ] {
            let difference = replay(&record, 12, totals, |step| 100 + step).unwrap_err();
            assert!(difference.to_string().contains(what), "{difference}");
        }
    }
}
