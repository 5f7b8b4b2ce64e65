//! Whole runs: from the boot to the end, recorded, or replayed and compared.

use std::cell::Cell;
use std::io::{self, Write};

use crate::chooser::{Chooser, Recording, Replaying};
use crate::deadlock::Deadlock;
use crate::record::{Difference, End, Record, Recorder, Schedule, Totals, Verifier};
use crate::{Machine, Observer, Outcome, World};

/// How often a run that isn't recorded looks whether it is to stop.
const STEPS_BETWEEN_LOOKS: u64 = 256;

/// What a run came to.
#[derive(Debug)]
pub struct Ending {
    /// In figures.
    pub totals: Totals,
    /// Who waits for what, if that is how it ended.
    pub deadlock: Option<Deadlock>,
}

impl Ending {
    fn of(world: &World, end: End) -> Ending {
        let output = world.output();
        Ending {
            totals: Totals {
                steps: world.steps(),
                end,
                hash: world.exact_hash(),
                output_length: output.bytes,
                output_hash: output.hash,
            },
            deadlock: None,
        }
    }

    /// The end that this outcome is; `None` if the run goes on.
    fn from_outcome(world: &World, outcome: Outcome) -> Option<Ending> {
        match outcome {
            Outcome::Stepped { .. } => None,
            Outcome::Halted(status) => Some(Ending::of(world, End::halted(status))),
            Outcome::Deadlock(deadlock) => {
                Some(Ending { deadlock: Some(deadlock), ..Ending::of(world, End::Deadlock) })
            }
        }
    }
}

/// What a run that panicked came to. The step in which it did counts no more: a replay panics behind the end of the record.
pub fn crashed(world: &World) -> Totals {
    Totals { steps: world.steps().saturating_sub(1), hash: 0, ..Ending::of(world, End::Crashed).totals }
}

/// Runs a world to its end, or until `stop` is set from outside (by an observer whose reader is gone, say).
pub fn run(
    machine: &mut Machine,
    world: &mut World,
    chooser: &mut impl Chooser,
    observer: &mut impl Observer,
    stop: &Cell<bool>,
) -> Ending {
    while !stop.get() {
        let outcome = machine.run(world, chooser, observer, STEPS_BETWEEN_LOOKS);
        if let Some(ending) = outcome.and_then(|outcome| Ending::from_outcome(world, outcome)) {
            return ending;
        }
    }
    Ending::of(world, End::Stopped)
}

/// The same, writing the choices and the hashes of the steps that `schedule` names to `recorder`. To finish the record is
/// left to the caller, who has the inputs.
///
/// # Errors
/// The record can't be written.
pub fn record<W: Write>(
    machine: &mut Machine,
    world: &mut World,
    chooser: &mut Recording<impl Chooser>,
    observer: &mut impl Observer,
    (recorder, schedule): (&mut Recorder<W>, Schedule),
    stop: &Cell<bool>,
) -> io::Result<Ending> {
    recorder.hash(world.steps(), world.exact_hash())?;
    while !stop.get() {
        let outcome = machine.step(world, chooser, observer);
        note_arrivals(machine, recorder)?;
        for deviation in chooser.take() {
            recorder.choice(&deviation)?;
        }
        if let Some(ending) = Ending::from_outcome(world, outcome) {
            return Ok(ending);
        }
        if schedule.due(world.steps()) {
            recorder.hash(world.steps(), world.exact_hash())?;
        }
    }
    Ok(Ending::of(world, End::Stopped))
}

/// Writes down what arrived at the terminal in the last step.
///
/// # Errors
/// The record can't be written.
pub fn note_arrivals<W: Write>(machine: &Machine, recorder: &mut Recorder<W>) -> io::Result<()> {
    machine.arrivals().iter().try_for_each(|arrival| recorder.arrival(arrival))
}

/// Replays a record on a world that was booted as its header says, and compares every step that has its hash there.
/// Set `stop` to break off: then the end isn't compared.
///
/// # Errors
/// The first difference.
pub fn replay(
    machine: &mut Machine,
    world: &mut World,
    record: &Record,
    observer: &mut impl Observer,
    stop: &Cell<bool>,
) -> Result<Ending, Difference> {
    let mut chooser = Replaying::new(record.choices.iter().copied());
    let mut verifier = Verifier::new(record);
    verifier.step(world.steps(), None, || world.exact_hash())?;
    let stopped_at = (record.totals.end == End::Stopped).then_some(record.totals.steps);
    let ending = loop {
        if stop.get() {
            return Ok(Ending::of(world, End::Stopped));
        }
        if stopped_at == Some(world.steps()) {
            break Ending::of(world, End::Stopped);
        }
        let outcome = machine.step(world, &mut chooser, observer);
        if let Some(ending) = Ending::from_outcome(world, outcome) {
            break ending;
        }
        verifier.step(world.steps(), chooser.departed(), || world.exact_hash())?;
    };
    verifier.end(chooser.end().as_ref(), ending.totals)?;
    Ok(ending)
}
