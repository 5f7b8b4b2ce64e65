//! `sh(1)`: the command language (POSIX.1-2024, Shell & Utilities, chapter 2), without functions, substitutions and here-documents.
//!
//! A command's way: text, tokens, tree, expanded words, processes.
//!
//! | question | file |
//! | --- | --- |
//! | where does the text come from? | `source.rs` |
//! | words, quotes, operators | `lexer.rs` |
//! | what is a pipeline, a list, an `if`? | `syntax.rs` |
//! | how do tokens become that? | `parser.rs` |
//! | `$NAME`, `$@`, field splitting | `expand.rs` |
//! | what does a shell remember? | `state.rs` |
//! | how does that survive a checkpoint? | `checkpoint.rs` |
//! | lists, `&&`, `||`, `&`, `if`, `while`, `for` | `run.rs` |
//! | pipelines: pipes, forks, waiting | `pipeline.rs` |
//! | one command: assignments, redirections, execution | `command.rs` |
//! | children and their ends, `wait` | `wait.rs` |
//! | the table of jobs, and how jobs are named and shown | `job.rs`, `job_name.rs`, `report.rs` |
//! | process groups and the terminal | `monitor.rs` |
//! | `jobs fg bg`, `kill %1` | `jobs.rs`, `kill.rs` |
//! | `trap`, and how signals come to it | `trap.rs`, `pending.rs` |
//! | `set -m`, `$-` | `options.rs` |
//! | prompts, and reading a line from a person | `prompt.rs`, `completion.rs` |
//! | `cd exit export` ... | `builtin.rs` |

mod builtin;
mod checkpoint;
mod command;
mod completion;
mod expand;
mod job;
mod job_name;
mod jobs;
mod kill;
mod lexer;
mod monitor;
mod options;
mod parser;
pub(super) mod pending;
mod pipeline;
mod prompt;
mod report;
mod run;
mod source;
mod state;
mod syntax;
mod trap;
mod wait;

use abi::{Errno, Signal};

use crate::libc::{Manual, Opt, Order, STDERR, STDIN, display_name, perror};
use crate::{Args, Sys};
use options::Options;
use parser::{Parsed, Trouble};
use source::{Command, Source};
use state::Shell;

static MANUAL: Manual = Manual {
    name: "sh",
    usage: "[-im] [-s [ARGUMENT]...]\n[-im] -c COMMANDS [NAME [ARGUMENT]...]",
    about: "Execute COMMANDS, or commands from standard input.\n\n\
            Words, quotes, $NAME, pipelines, && || ; & !, ( ) { }, if, while, until, for, NAME=VALUE,\n\
            and redirections (<NAME, >NAME, >>NAME, 2>&1, >&-).",
    options: &[
        Opt::flag("c", "", "take commands from the first operand"),
        Opt::flag("i", "", "be interactive: prompt, and survive the keyboard's signals"),
        Opt::flag("m", "", "control jobs: a process group for each pipeline"),
        Opt::flag("s", "", "take commands from standard input"),
    ],
    order: Order::First,
    misuse: 2,
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    match start(sys, &args).await {
        Ok((mut shell, mut source)) => {
            run_script(&mut shell, &mut source).await;
            match shell.leave().await {}
        }
        Err(status) => status,
    }
}

/// The shell as its command line wants it, or as it was at its last checkpoint.
async fn start(sys: Sys, args: &Args) -> Result<(Shell, Source), i32> {
    if let Some((shell, source)) = args.checkpoint().and_then(|state| checkpoint::restore(sys, state)) {
        return Ok((shell, source));
    }
    let given = MANUAL.parse(sys, args.rest()).await?;
    let own_name = args.get(0).unwrap_or(b"sh");
    let mut operands = given.operands.iter().copied();
    let mut options = Options { command: given.has("c"), interactive: given.has("i"), ..Options::default() };
    let (source, name) = if options.command {
        let Some(text) = operands.next() else {
            return Err(MANUAL.misuse(sys, "option requires an argument -- 'c'").await);
        };
        (Source::text(text), operands.next().unwrap_or(own_name))
    } else {
        if let (false, Some(file)) = (given.has("s"), given.operands.first()) {
            perror(sys, MANUAL.name, format_args!("cannot open {}", display_name(file)), Errno::ENOENT).await;
            return Err(127);
        }
        options.stdin = true;
        options.interactive |= sys.isatty(STDIN).await && sys.isatty(STDERR).await;
        (Source::standard_input(), own_name)
    };
    let pid = sys.getpid().await;
    let mut shell = Shell::new(sys, pid, name, operands, &args.envp());
    shell.set_options(options);
    if options.interactive {
        shell.set_prompts().await;
        for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGWINCH] {
            shell.settle_signal(signal).await;
        }
    }
    if options.interactive || given.has("m") {
        shell.set_monitor(true).await;
    }
    Ok((shell, source))
}

/// Runs complete commands one after the other until the input ends; `$?` is the exit status.
async fn run_script(shell: &mut Shell, source: &mut Source) {
    loop {
        let was_warned = shell.warned;
        match source.next_command(shell).await {
            Command::Is(Parsed::End) => {
                if shell.may_leave().await {
                    return;
                }
                source.ended = false;
            }
            Command::Is(Parsed::Empty) => {}
            Command::Is(Parsed::Command(list)) => {
                run::run_list(shell, &list).await;
                if was_warned {
                    shell.warned = false;
                }
            }
            Command::Wrong(trouble) => {
                shell.complain_of(&trouble).await;
                shell.parameters.status = 2;
                if !shell.is_interactive() {
                    return;
                }
                // Ctrl+D in the middle of a command ends that.
                source.ended = shell.options.command;
            }
            Command::Interrupted => shell.parameters.status = 128 + i32::from(Signal::SIGINT.number()),
        }
        if !shell.is_interactive() {
            shell.look_after_jobs().await;
            shell.tell_news().await;
        }
        if source.may_go_on() {
            // From here nothing of what was run has to be replayed any more.
            match shell.sys.checkpoint(&checkpoint::save(shell, source)).await {}
        }
    }
}

impl Shell {
    /// Says what is wrong with the text of a script, and where.
    async fn complain_of(&self, trouble: &Trouble) {
        let Trouble { line, column, message } = trouble;
        let place = format_args!("line {line}, column {column}: syntax error: {message}");
        crate::libc::complain(self.sys, MANUAL.name, place).await;
    }

    /// Whether `exit` is obeyed: in front of stopped jobs a user must say it twice.
    async fn may_leave(&mut self) -> bool {
        if !self.is_interactive() {
            return true;
        }
        self.look_after_jobs().await;
        if self.warned || !self.jobs.any_stopped() {
            return true;
        }
        self.tell(b"There are stopped jobs.\n").await;
        self.warned = true;
        false
    }
}
