//! `vitrine shell`: the shell, on the host's terminal if there is one, else from standard input or a script.

use std::os::unix::ffi::OsStrExt;

use sim::record::InputKeeper;

use super::console::Console;
use super::options::{RunOptions, ShellOptions};
use super::run::run_on;
use super::status::{Failure, Status};
use super::terminal::Terminal;

/// Runs the shell.
pub(crate) fn shell(options: &ShellOptions) -> Result<Status, Failure> {
    let commands = commands(options)?;
    let run = RunOptions {
        seed: options.seed,
        trace: options.trace.clone().map(Some),
        record: options.record.clone(),
        hash_every: options.hash_every,
        ..RunOptions::default()
    };
    let keeper = options.record.as_deref().map(InputKeeper::new);
    if !Terminal::is_there() {
        let argv = [vec![b"init".to_vec(), b"sh".to_vec()], commands].concat();
        return run_on(&run, argv, &Console::host(keeper)?, None);
    }
    // The shell leads a session that has the terminal.
    let argv = [vec![b"init".to_vec(), b"-t".to_vec(), b"sh".to_vec()], commands].concat();
    let terminal = Terminal::take()
        .map_err(|error| Failure::new(Status::IO, format_args!("cannot take over the terminal: {error}")))?;
    let window = terminal.window();
    let console = Console::terminal(terminal, keeper)?;
    let result = run_on(&run, argv, &console, Some(window));
    // Before anything else is said, whatever went wrong.
    console.let_go();
    result
}

/// What the shell is given to do. A script is a file of the host, which the machine doesn't see: it gets its text.
fn commands(options: &ShellOptions) -> Result<Vec<Vec<u8>>, Failure> {
    let Some((script, arguments)) = options.script.split_first() else { return Ok(Vec::new()) };
    let text = std::fs::read(script).map_err(|error| {
        Failure::new(Status::IO, format_args!("cannot read the script {}: {error}", script.display()))
    })?;
    if text.contains(&0) {
        return Err(Failure::new(Status::IO, format_args!("{} is no script: it isn't text", script.display())));
    }
    let mut given = vec![b"-c".to_vec(), text, script.as_bytes().to_vec()];
    given.extend(arguments.iter().map(|argument| argument.as_bytes().to_vec()));
    Ok(given)
}
