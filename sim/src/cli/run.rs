//! `vitrine run`: boots a world with a program, and runs it to its end.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufWriter;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use abi::WindowSize;
use sim::chooser::{Chooser, Default as PolicyDecides, Recording, Seeded};
use sim::drive::{self, Ending};
use sim::record::{End, Header, InputKeeper, Recorder, Schedule, fingerprint};
use sim::{Machine, Observer, Settings, World};
use userland::programs::PROGRAMS;

use super::console::Console;
use super::core::CoreFolder;
use super::list::suggestion;
use super::options::RunOptions;
use super::status::{Failure, Status};
use super::watcher::Watcher;

/// What every program finds in its environment. That of the host isn't passed on: a run doesn't depend on it.
pub(crate) const ENVIRONMENT: [&[u8]; 2] = [b"HOME=/", b"PATH=/bin"];

/// The program that adopts orphans.
const INIT: &[u8] = b"init";

/// Runs a program.
pub(crate) fn run(options: &RunOptions) -> Result<Status, Failure> {
    let console = Console::host(options.record.as_deref().map(InputKeeper::new))?;
    run_on(options, argv(&options.program)?, &console, None)
}

/// Boots a machine with these arguments of PID 1, and runs it on this console, which may be a terminal.
pub(crate) fn run_on(
    options: &RunOptions,
    argv: Vec<Vec<u8>>,
    console: &Console,
    terminal: Option<WindowSize>,
) -> Result<Status, Failure> {
    let header = Header {
        build: fingerprint(),
        argv,
        envp: ENVIRONMENT.map(<[u8]>::to_vec).to_vec(),
        seed: options.seed,
        cores: options.core.is_some(),
        schedule: options.hash_every.map_or(Schedule::Default, Schedule::Every),
        terminal,
    };
    let chooser: Box<dyn Chooser> = match options.seed {
        Some(seed) => Box::new(Seeded::new(seed)),
        None => Box::new(PolicyDecides),
    };
    let mut watcher = Watcher::new(console.clone());
    if let Some(file) = &options.trace {
        watcher = watcher.tracing(file.as_deref())?;
    }
    if let Some(folder) = &options.core {
        watcher = watcher.keeping_cores(CoreFolder::new(folder)?);
    }
    if let Some(file) = &options.lost_updates {
        watcher = watcher.finding_lost_updates(file.as_deref())?;
    }
    let settings = Settings {
        // Futures can only be made again from histories that were kept.
        glass: options.forget_every.is_some(),
        forget_every: options.forget_every.map_or(0, |steps| steps.get()),
        cores: header.cores,
        terminal,
        ..Settings::default()
    };
    let mut machine = Machine::new(PROGRAMS, settings).with_input(console.clone());
    let mut world = boot(&mut machine, &header.argv, &header.envp, &mut watcher)?;
    let ending = match &options.record {
        Some(file) => record(file, &header, chooser, &mut machine, &mut world, &mut watcher, console)?,
        None => {
            let mut chooser = chooser;
            let run = || drive::run(&mut machine, &mut world, &mut chooser, &mut watcher, console.stop());
            catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
                console.flush();
                Failure::new(
                    Status::BUG,
                    "a bug in Vitrine: run it again with `--record FILE` for a record that shows it",
                )
            })?
        }
    };
    watcher.finish(&world);
    console.let_go();
    console.finish(world.input_position())?;
    Ok(status(&ending))
}

/// Switches a world on with these arguments and this environment of PID 1.
pub(crate) fn boot(
    machine: &mut Machine,
    argv: &[Vec<u8>],
    envp: &[Vec<u8>],
    observer: &mut impl Observer,
) -> Result<World, Failure> {
    let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
    let envp: Vec<&[u8]> = envp.iter().map(Vec::as_slice).collect();
    machine.boot(&argv, &envp, observer).map_err(|errno| {
        let status = if errno == abi::Errno::ENOENT { Status::NO_PROGRAM } else { Status::IO };
        let name = String::from_utf8_lossy(argv.first().copied().unwrap_or_default());
        Failure::new(status, format_args!("cannot boot `{name}`: {errno} ({})", errno.name()))
    })
}

/// The exit status that a run leads to; a deadlock is reported too.
pub(crate) fn status(ending: &Ending) -> Status {
    match (ending.totals.end, &ending.deadlock) {
        (End::Halted(status), _) => Status(u8::try_from(status.shell_code()).unwrap_or(u8::MAX)),
        (_, Some(deadlock)) => {
            Failure::new(Status::DEADLOCK, deadlock).report();
            Status::DEADLOCK
        }
        (End::Deadlock, None) => Status::DEADLOCK,
        (End::Stopped, _) => Status::IO,
        (End::Crashed, _) => Status::BUG,
    }
}

/// Runs with a recorder.
fn record(
    file: &Path,
    header: &Header,
    chooser: Box<dyn Chooser>,
    machine: &mut Machine,
    world: &mut World,
    watcher: &mut Watcher,
    console: &Console,
) -> Result<Ending, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Status::IO, format_args!("cannot write the record {}: {error}", file.display()))
    };
    let out = BufWriter::new(File::create(file).map_err(failed)?);
    let mut recorder = Recorder::new(out, header).map_err(failed)?;
    let mut chooser = Recording::new(chooser);
    let run = || drive::record(machine, world, &mut chooser, watcher, (&mut recorder, header.schedule), console.stop());
    let run = catch_unwind(AssertUnwindSafe(run));
    let input = console.input_name(world.input_position()).map_err(failed)?;
    match run {
        Ok(ending) => {
            let ending = ending.map_err(failed)?;
            recorder.finish(&input, &ending.totals).map_err(failed)?;
            Ok(ending)
        }
        Err(_) => {
            console.flush();
            drive::note_arrivals(machine, &mut recorder).map_err(failed)?;
            for deviation in chooser.take() {
                recorder.choice(&deviation).map_err(failed)?;
            }
            recorder.finish(&input, &drive::crashed(world)).map_err(failed)?;
            let replay = format!("a bug in Vitrine: `vitrine replay {}` shows it again", file.display());
            Err(Failure::new(Status::BUG, replay))
        }
    }
}

/// What PID 1 is started with. A program runs as the child of `init`, which adopts orphans and ends with its status.
pub(crate) fn argv(program: &[OsString]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut argv: Vec<Vec<u8>> = program.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    let name = argv.first().cloned().unwrap_or_default();
    let plain = name.strip_prefix(b"/bin/").unwrap_or(&name);
    if !PROGRAMS.iter().any(|program| program.name.as_bytes() == plain) {
        let name = String::from_utf8_lossy(&name);
        let near = suggestion(&name, PROGRAMS.iter().map(|program| program.name));
        let message = format!("no program `{name}`{near}; `vitrine programs` lists them");
        return Err(Failure::new(Status::NO_PROGRAM, message));
    }
    if plain != INIT {
        argv.insert(0, INIT.to_vec());
    }
    Ok(argv)
}
