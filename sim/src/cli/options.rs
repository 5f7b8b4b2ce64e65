//! The options of the command line.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use super::fuzz::{self, FuzzOptions};
use super::list::suggestion;
use super::status;

const EXAMPLES: &str = "\
Examples:
  vitrine                                       the tour
  vitrine run sh -c 'seq 5 | sort -r | head -n 1'
  printf 'pear\\nfig\\n' | vitrine run sort       standard input feeds the console
  vitrine run --trace sh -c 'echo hi | cat'     every system call, as strace shows them
  vitrine run --seed 7 --record a.rec sh -c 'true & false & wait'
  vitrine shell                                 type commands yourself
  vitrine replay a.rec                          the same run again, every step compared
  vitrine debug sh -c 'echo hi | cat'           step through it, forward and back
  vitrine run --lost-updates lost-update        who stored over whose update, and where
  vitrine fuzz --cases 20                       random calls, and what must always hold
  vitrine lockstep tests/oracle/lockstep/*.jsonl
                                                what real Linux did, compared step by step";

const SHELL_EXAMPLES: &str = "\
Examples:
  vitrine shell                                 type at it
  vitrine shell --record a.rec                  and have the session replayed: vitrine replay a.rec
  vitrine shell script.sh pear                  commands from a file
  echo 'seq 3 | sort -r' | vitrine shell        or from standard input";

const DEBUG_HELP: &str = "\
Commands come from standard input, one a line; `help` lists them. The program's own input comes
from `--input`.

Examples:
  vitrine debug cow
  vitrine debug --input words sh -c 'sort | uniq'
  printf 'run\\nback 3\\nprocesses\\n' | vitrine debug orphans

Exit status: 0 when the session ends, however the program did; 2 if a command that wasn't typed on
a terminal was no good; else as `vitrine run --help` says.";

const CORE_HELP: &str = "\
Shows the process, why it ended, the line of its source on which it stood, its signals,
descriptors and memory.

Example:
  vitrine run --core cores sh -c 'kill -QUIT $$'
  vitrine core cores/core.sh.2

Exit status: 0; 65 if the file is no core image, or a damaged one; 74 if it can't be read.";

const LOCKSTEP_HELP: &str = "\
Example:
  vitrine lockstep tests/oracle/lockstep/*.jsonl

Exit status: 0 if all agree; 1 if one differs, which is shown; 65 if a line is no script; 74 if a
file can't be read.";

/// Vitrine: a microkernel under glass.
///
/// Runs programs on a simulated POSIX-flavoured microkernel, records runs and replays them bit for bit. Without a command:
/// the tour.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, max_term_width = 100, after_help = after_help())]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Options {
    /// Reads a command line, the program's name first.
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Options, clap::Error> {
        let options = Options::try_parse_from(arguments)?;
        // Arguments of the program are its own, whatever they look like. So to `clap` even a misspelt option in front of it
        // looks like the program.
        let (verb, program) = match &options.command {
            Some(Command::Run(run)) => ("run", &run.program[..]),
            Some(Command::Shell(shell)) => ("shell", &shell.script[..]),
            Some(Command::Debug(debug)) => ("debug", &debug.program[..]),
            _ => return Ok(options),
        };
        if let Some(name) = program.first().map(|name| name.to_string_lossy())
            && name.starts_with('-')
        {
            let mut command = Options::command();
            // Built, a subcommand knows its own usage, which is what the message shows.
            command.build();
            let mut command = command.find_subcommand(verb).cloned().unwrap_or(command);
            let known: Vec<_> =
                command.get_arguments().filter_map(|known| Some(format!("--{}", known.get_long()?))).collect();
            let near = suggestion(name.split('=').next().unwrap_or_default(), known.iter().map(String::as_str));
            let message = format!("unexpected argument '{name}' found{near}; see 'vitrine {verb} --help'");
            return Err(command.error(ErrorKind::UnknownArgument, message));
        }
        Ok(options)
    }
}

fn after_help() -> String {
    format!("{EXAMPLES}\n\n{}", status::HELP)
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program.
    #[command(after_help = after_help())]
    Run(RunOptions),
    /// Run the shell, on the terminal if there is one.
    ///
    /// Ctrl+C, Ctrl+Z, Ctrl+\\ and Ctrl+D are the machine's; `exit` ends it, with the shell's status. A sleeping machine takes
    /// its time.
    #[command(after_help = format!("{SHELL_EXAMPLES}\n\n{}", status::HELP))]
    Shell(ShellOptions),
    /// Replay a recorded run, and compare every step with the record.
    ///
    /// Prints what the program printed and ends with its status. If the replay differs, names the first step that does.
    #[command(after_help = format!("Example:\n  vitrine replay a.rec\n\n{}", status::HELP))]
    Replay(ReplayOptions),
    /// Print a core image, which `vitrine run --core DIR` has written.
    #[command(after_help = CORE_HELP)]
    Core {
        /// The image.
        file: PathBuf,
    },
    /// Step through a run, forward and back, look at everything, and choose who goes on.
    #[command(after_help = DEBUG_HELP)]
    Debug(DebugOptions),
    /// Carry out scripts that real Linux processes have carried out, and compare after every operation.
    ///
    /// The scripts are those of `tests/oracle/lockstep`, or what `vitrine-host record` prints: a line of JSON each.
    #[command(after_help = LOCKSTEP_HELP)]
    Lockstep {
        /// Files of scripts; without any, they come from standard input.
        files: Vec<PathBuf>,
    },
    /// Try properties of the kernel on random cases, and shrink the script of a failure.
    #[command(after_help = fuzz::help())]
    Fuzz(FuzzOptions),
    /// List the programs.
    #[command(after_help = "Example:\n  vitrine programs | grep -i sort")]
    Programs,
    /// List the system calls, or show all about one.
    #[command(after_help = "Examples:\n  vitrine syscalls\n  vitrine syscalls wait4")]
    Syscalls {
        /// The call to show.
        name: Option<String>,
    },
}

/// Options of `run`.
#[derive(Debug, Default, Args)]
pub(crate) struct RunOptions {
    /// Choose at random who runs and when, from this seed; without it the scheduling policy decides.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Show every system call, in a file or on standard error.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) trace: Option<Option<PathBuf>>,

    /// Show updates of shared memory that were lost because another process stored over them without having seen them, in a
    /// file or on standard error: who loaded and stored what, when, and on which line.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) lost_updates: Option<Option<PathBuf>>,

    /// Record the run into a file, with its input beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Record the hash of every N-th step [default: each of the first 10,000, then each 1,000th].
    #[arg(long, value_name = "N", requires = "record")]
    pub(crate) hash_every: Option<NonZeroU64>,

    /// Write a core image of each process that SIGQUIT, SIGABRT, SIGSEGV or the like ends, into this folder: as
    /// `core.NAME.PID`, with a number behind if there is one.
    #[arg(long, value_name = "DIR")]
    pub(crate) core: Option<PathBuf>,

    /// Throw all futures away every N steps, and make them again from their histories: nothing may change. A self-check.
    #[arg(long, value_name = "N")]
    pub(crate) forget_every: Option<NonZeroU64>,

    /// The program (see `vitrine programs`) and its arguments, which are passed on as they are.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_names = ["PROGRAM", "ARGS"])]
    pub(crate) program: Vec<OsString>,
}

/// Options of `shell`.
#[derive(Debug, Default, Args)]
pub(crate) struct ShellOptions {
    /// Choose at random who runs and when, from this seed; without it the scheduling policy decides.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Show every system call, in a file.
    #[arg(long, value_name = "FILE", require_equals = true)]
    pub(crate) trace: Option<PathBuf>,

    /// Record the session into a file, with what was typed beside it.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Record the hash of every N-th step [default: each of the first 10,000, then each 1,000th].
    #[arg(long, value_name = "N", requires = "record")]
    pub(crate) hash_every: Option<NonZeroU64>,

    /// A file with commands, and its arguments; without it they come from standard input.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_names = ["SCRIPT", "ARGS"])]
    pub(crate) script: Vec<OsString>,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayOptions {
    /// Write the core images of processes that leave one into this folder, if the run was recorded with `--core`.
    #[arg(long, value_name = "DIR")]
    pub(crate) core: Option<PathBuf>,

    /// Show updates of shared memory that were lost, in a file or on standard error, as `vitrine run` does.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) lost_updates: Option<Option<PathBuf>>,

    /// The record; its inputs lie beside it.
    pub(crate) file: PathBuf,
}

/// Options of `debug`.
#[derive(Debug, Args)]
pub(crate) struct DebugOptions {
    /// Choose at random who runs and when, from this seed; without it the scheduling policy decides.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// What the program reads from its console; without it, nothing.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// The program (see `vitrine programs`) and its arguments, which are passed on as they are.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_names = ["PROGRAM", "ARGS"])]
    pub(crate) program: Vec<OsString>,
}

impl RunOptions {
    /// What is run when nothing is asked for.
    pub(crate) fn tour() -> RunOptions {
        RunOptions { program: vec!["tour".into()], ..RunOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<RunOptions, clap::Error> {
        let arguments = ["vitrine", "run"].iter().chain(arguments).map(OsString::from);
        match Options::read(arguments)?.command {
            Some(Command::Run(options)) => Ok(options),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Options::command().debug_assert();
    }

    #[test]
    fn arguments_of_the_program_are_its_own() {
        let options = run(&["--seed", "7", "sh", "-c", "echo", "--seed", "--", "-x", "--help"]).unwrap();
        assert_eq!(options.seed, Some(7));
        assert_eq!(options.program, ["sh", "-c", "echo", "--seed", "--", "-x", "--help"]);
    }

    #[test]
    fn trace_takes_a_file_only_behind_an_equals_sign() {
        let options = run(&["--trace", "cat", "-n"]).unwrap();
        assert_eq!((options.trace, options.program.len()), (Some(None), 2));
        assert_eq!(run(&["--trace=calls", "cat"]).unwrap().trace, Some(Some("calls".into())));
        let options = run(&["--lost-updates", "cat", "-n"]).unwrap();
        assert_eq!((options.lost_updates, options.program.len()), (Some(None), 2));
    }

    #[test]
    fn mistakes_are_refused() {
        for arguments in [&["--sed", "7", "cat"][..], &["--seed", "x", "cat"], &[], &["--hash-every", "1", "cat"]] {
            assert!(run(arguments).is_err(), "{arguments:?}");
        }
        for arguments in [&["--hash-every", "0", "--record", "a", "cat"][..], &["--forget-every", "0", "cat"]] {
            assert!(run(arguments).is_err(), "{arguments:?}");
        }
        assert!(Options::try_parse_from(["vitrine", "rum"]).is_err());
    }
}
