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
//! | children and their ends, `wait` | `job.rs` |
//! | `cd exit export wait` ... | `builtin.rs` |

mod builtin;
mod checkpoint;
mod command;
mod expand;
mod job;
mod lexer;
mod parser;
mod pipeline;
mod run;
mod source;
mod state;
mod syntax;

use abi::Errno;

use crate::libc::{Manual, Opt, Order, display_name, perror};
use crate::{Args, Sys};
use parser::{Parsed, Trouble};
use source::Source;
use state::Shell;

static MANUAL: Manual = Manual {
    name: "sh",
    usage: "[-s [ARGUMENT]...]\n-c COMMANDS [NAME [ARGUMENT]...]",
    about: "Execute COMMANDS, or commands from standard input.\n\n\
            Words, quotes, $NAME, pipelines, && || ; & !, ( ) { }, if, while, until, for, NAME=VALUE,\n\
            and redirections (<NAME, >NAME, >>NAME, 2>&1, >&-).",
    options: &[
        Opt::flag("c", "", "take commands from the first operand"),
        Opt::flag("s", "", "take them from standard input"),
    ],
    order: Order::First,
    misuse: 2,
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    match start(sys, &args).await {
        Ok((mut shell, mut source)) => run_script(&mut shell, &mut source).await,
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
    let (source, name) = if given.has("c") {
        let Some(text) = operands.next() else {
            return Err(MANUAL.misuse(sys, "option requires an argument -- 'c'").await);
        };
        (Source::text(text), operands.next().unwrap_or(own_name))
    } else {
        if let (false, Some(file)) = (given.has("s"), given.operands.first()) {
            perror(sys, MANUAL.name, format_args!("cannot open {}", display_name(file)), Errno::ENOENT).await;
            return Err(127);
        }
        (Source::standard_input(), own_name)
    };
    let pid = sys.getpid().await;
    Ok((Shell::new(sys, pid, name, operands, &args.envp()), source))
}

/// Runs complete commands one after the other until the input ends; the exit status.
async fn run_script(shell: &mut Shell, source: &mut Source) -> i32 {
    loop {
        match source.next_command(shell.sys).await {
            Ok(Parsed::End) => return shell.parameters.status,
            Ok(Parsed::Empty) => {}
            Ok(Parsed::Command(list)) => {
                run::run_list(shell, &list).await;
            }
            Err(Trouble { line, column, message }) => {
                let place = format_args!("line {line}, column {column}: syntax error: {message}");
                crate::libc::complain(shell.sys, MANUAL.name, place).await;
                return 2;
            }
        }
        if source.may_go_on() {
            // From here nothing of what was run has to be replayed any more.
            match shell.sys.checkpoint(&checkpoint::save(shell, source)).await {}
        }
    }
}
