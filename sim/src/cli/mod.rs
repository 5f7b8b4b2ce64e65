//! The command line.
//!
//! | question | file |
//! | --- | --- |
//! | which commands and options are there? | `options.rs` |
//! | how is a program run, and recorded? | `run.rs` |
//! | how is a record replayed? | `replay.rs` |
//! | where are core images written, and how are they shown? | `core.rs` |
//! | the shell on the host's terminal | `shell.rs`, `terminal.rs` |
//! | a conversation about a run | `debug/` |
//! | campaigns of random cases, and their scripts | `fuzz.rs` |
//! | the lists of programs and of system calls | `list.rs` |
//! | scripts of real processes | `lockstep.rs` |
//! | where do the console's bytes come from and go to? | `console.rs` |
//! | what is told of a run while it goes on? | `watcher.rs` |
//! | what do exit statuses mean? | `status.rs` |
//! | how are log lines formatted? | `logging.rs` |

mod console;
mod core;
mod debug;
mod fuzz;
mod list;
mod lockstep;
mod logging;
mod options;
mod replay;
mod run;
mod shell;
mod status;
mod terminal;
mod watcher;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use options::{Command, Options, RunOptions};
use status::{Failure, Status};

fn obey(options: Options) -> Result<Status, Failure> {
    match options.command {
        Some(Command::Run(options)) => run::run(&options),
        Some(Command::Replay(options)) => replay::replay(&options),
        Some(Command::Core { file }) => core::show(&file),
        Some(Command::Shell(options)) => shell::shell(&options),
        Some(Command::Debug(options)) => debug::debug(&options),
        Some(Command::Fuzz(options)) => fuzz::fuzz(&options),
        Some(Command::Programs) => list::programs(),
        Some(Command::Syscalls { name }) => list::syscalls(name.as_deref()),
        Some(Command::Lockstep { files }) => lockstep::lockstep(&files),
        None => run::run(&RunOptions::tour()),
    }
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    logging::install();
    if let Err(message) = sim::planted::by_environment() {
        let failure = status::Failure::new(Status::MISTAKE, message);
        failure.report();
        return Status::from(failure).into();
    }
    let done = match Options::read(std::env::args_os()) {
        Ok(options) => obey(options),
        Err(error) if error.use_stderr() => error.exit(),
        // Help or version. By `clap` itself a closed output would pass for success.
        Err(help) if io::stdout().is_terminal() => list::print(&help.render().ansi().to_string()),
        Err(help) => list::print(&help.render().to_string()),
    };
    match done {
        Ok(status) => status.into(),
        Err(failure) => {
            failure.report();
            Status::from(failure).into()
        }
    }
}
