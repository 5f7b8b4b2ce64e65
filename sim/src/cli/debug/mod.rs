//! `vitrine debug`: a conversation about a run, over standard input and output.
//!
//! | question | file |
//! | --- | --- |
//! | which commands are there, and how are they written? | `command.rs` |
//! | what does each of them do? | `session.rs` |
//! | how is the console's output of the program told from what the debugger says? | `screen.rs` |

mod command;
mod screen;
mod session;

use std::io::{self, BufRead, IsTerminal};
use std::panic::{AssertUnwindSafe, catch_unwind};

use sim::chooser::Seeded;
use sim::stepper::Stepper;
use sim::{Machine, Settings, Unobserved};
use userland::programs::PROGRAMS;

use super::options::DebugOptions;
use super::run::{ENVIRONMENT, argv, boot};
use super::status::{Failure, Status};
use screen::Screen;
use session::Session;

/// Debugs a program.
pub(crate) fn debug(options: &DebugOptions) -> Result<Status, Failure> {
    let argv = argv(&options.program)?;
    let input = match &options.input {
        None => Vec::new(),
        Some(file) => std::fs::read(file).map_err(|error| {
            Failure::new(Status::IO, format_args!("cannot read the input {}: {error}", file.display()))
        })?,
    };
    // Going back makes futures again, those of leaf programs too.
    let settings = Settings { glass: true, ..Settings::default() };
    let mut machine = Machine::new(PROGRAMS, settings).with_input(input);
    let world = boot(&mut machine, &argv, &ENVIRONMENT.map(<[u8]>::to_vec), &mut Unobserved)?;
    let stepper = Stepper::new(machine, world, options.seed.map(Seeded::new));
    let mut session = Session::new(stepper, Screen::new(io::stdout()));
    let talk = catch_unwind(AssertUnwindSafe(|| talk(&mut session)));
    talk.unwrap_or_else(|_| {
        let step = session.steps();
        Err(Failure::new(Status::BUG, format_args!("a bug in Vitrine, in the step behind step {step}")))
    })
}

/// Reads commands to the end of the input, and obeys.
fn talk(session: &mut Session<io::Stdout, Option<Seeded>>) -> Result<Status, Failure> {
    let person = io::stdin().is_terminal();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    if person {
        session.greet().map_err(|error| Failure::stdout(&error))?;
    }
    let mut misunderstood = false;
    loop {
        if person {
            session.prompt().map_err(|error| Failure::stdout(&error))?;
        }
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        let read =
            read.map_err(|error| Failure::new(Status::IO, format_args!("cannot read standard input: {error}")))?;
        let line = String::from_utf8_lossy(&line);
        let obeyed = match read {
            0 => session.end(person),
            _ => session.obey(line.trim(), person),
        };
        match obeyed.map_err(|error| Failure::stdout(&error))? {
            session::Obeyed::Done => {}
            session::Obeyed::Refused => misunderstood = true,
            // A person has seen what was wrong; a script has nobody who looks.
            session::Obeyed::Quit if misunderstood && !person => return Ok(Status::MISTAKE),
            session::Obeyed::Quit => return Ok(Status(0)),
        }
    }
}
