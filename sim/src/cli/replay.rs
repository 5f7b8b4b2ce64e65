//! `vitrine replay`: makes a recorded run again, and compares every step.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sim::record::{End, Record, Refused, fingerprint, load_input};
use sim::{Machine, Settings, drive};
use userland::programs::PROGRAMS;

use super::console::Console;
use super::core::CoreFolder;
use super::options::ReplayOptions;
use super::run::{boot, status};
use super::status::{Failure, Status};
use super::watcher::Watcher;

/// Reads a file; of one that doesn't begin like a record only the beginning, because it may have no end.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(file)?;
    let mut bytes = Vec::new();
    file.by_ref().take(64).read_to_end(&mut bytes)?;
    if bytes.starts_with(b"vitrine record") {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Replays the record in this file.
pub(crate) fn replay(options: &ReplayOptions) -> Result<Status, Failure> {
    let (file, cores) = (&options.file, &options.core);
    let shown = file.display();
    let bytes = read(file)
        .map_err(|error| Failure::new(Status::IO, format_args!("cannot read the record {shown}: {error}")))?;
    let bad = |why: &dyn std::fmt::Display| Failure::new(Status::BAD_RECORD, format_args!("{shown}: {why}"));
    let record = Record::read(&bytes).map_err(|refused| bad(&refused))?;
    if record.header.build != fingerprint() {
        let (recorded, this) = (record.header.build, fingerprint());
        return Err(bad(&format_args!(
            "line 2: it belongs to another build of vitrine, {recorded:016x}; this one, {this:016x}, has other limits, \
             calls or programs"
        )));
    }
    let input = load_input(file, &record.input).map_err(|why| bad(&Refused { line: record.input_line, why }))?;

    let console = Console::with_input(input, record.arrivals.clone())?;
    let mut watcher = Watcher::new(console.clone());
    if let Some(folder) = cores {
        if !record.header.cores {
            let why = format_args!("{shown}: recorded without `--core`, so no process left a core image");
            return Err(Failure::new(Status::MISTAKE, why));
        }
        watcher = watcher.keeping_cores(CoreFolder::new(folder)?);
    }
    if let Some(file) = &options.lost_updates {
        watcher = watcher.finding_lost_updates(file.as_deref())?;
    }
    let settings = Settings { terminal: record.header.terminal, cores: record.header.cores, ..Settings::default() };
    let mut machine = Machine::new(PROGRAMS, settings).with_input(console.clone());
    let mut world = boot(&mut machine, &record.header.argv, &record.header.envp, &mut watcher)?;
    let run = || drive::replay(&mut machine, &mut world, &record, &mut watcher, console.stop());
    let run = catch_unwind(AssertUnwindSafe(run));
    watcher.finish(&world);
    console.finish(world.input_position())?;
    match run {
        Ok(Ok(ending)) => match record.changed {
            None => {
                if ending.totals.end == End::Stopped {
                    let steps = ending.totals.steps;
                    Failure::new(
                        Status::IO,
                        format_args!("{shown}: the run was stopped from outside after step {steps}"),
                    )
                    .report();
                }
                Ok(status(&ending))
            }
            Some(changed) => {
                Err(Failure::new(Status::DIFFERS, format_args!("{shown}: every step agrees, but {changed}")))
            }
        },
        Ok(Err(difference)) => Err(Failure::new(Status::DIFFERS, format_args!("{shown}: {difference}"))),
        Err(_) => Err(Failure::new(Status::BUG, format_args!("{shown}: a bug in Vitrine, as recorded or not"))),
    }
}
