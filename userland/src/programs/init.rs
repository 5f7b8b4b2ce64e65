//! `init`: process 1. Starts one program, adopts every orphan and reaps what ends, until that program ends.
//!
//! When PID 1 exits, the machine halts with its status. Each wait is followed by a checkpoint, so that init looks the same
//! however many orphans it has reaped.

use abi::Pid;

use crate::libc::{Manual, Opt, Order, PLAIN, STDIN, complain, perror, reap, run_program_after};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "init",
    usage: "[-t] PROGRAM [ARGUMENT]...",
    about: "Run PROGRAM as a child, adopt and reap orphans, and end when it ends,\n\
            with its exit status, or 128 plus the number of the signal that ended it.",
    options: &[Opt::flag("t", "", "PROGRAM leads a session of its own, whose terminal is standard input")],
    order: Order::First,
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let child = match args.checkpoint().and_then(|state| state.first_chunk()) {
        Some(pid) => Pid(i32::from_le_bytes(*pid)),
        None => match start(sys, &args).await {
            Ok(child) => child,
            Err(status) => return status,
        },
    };
    match reap(sys, Pid(-1)).await {
        Ok((ended, status)) if ended == child => status.shell_code(),
        // An orphan: nobody else will ask for its status.
        Ok(_) => match sys.checkpoint(&child.0.to_le_bytes()).await {},
        Err(errno) => {
            complain(sys, MANUAL.name, format_args!("cannot wait: {errno}")).await;
            1
        }
    }
}

async fn start(sys: Sys, args: &Args) -> Result<Pid, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if given.operands.is_empty() {
        return Err(MANUAL.misuse(sys, "missing operand").await);
    }
    let at_terminal = given.has("t");
    let begin = async move |sys: Sys| {
        if at_terminal {
            take_terminal(sys).await;
        }
    };
    match run_program_after(sys, MANUAL.name, &given.operands, &args.envp(), begin).await {
        Ok(child) => Ok(child),
        Err(errno) => {
            complain(sys, MANUAL.name, format_args!("cannot fork: {errno}")).await;
            Err(126)
        }
    }
}

/// What `login` does before it executes a shell: it leads a session, and has the terminal.
async fn take_terminal(sys: Sys) {
    let taken = match sys.setsid().await {
        Ok(_) => sys.set_controlling_terminal(STDIN).await,
        Err(errno) => Err(errno),
    };
    if let Err(errno) = taken {
        perror(sys, MANUAL.name, "cannot take the terminal", errno).await;
    }
}
