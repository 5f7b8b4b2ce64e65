//! `reaper`: why a SIGCHLD handler has to wait in a loop.

use alloc::format;
use alloc::string::String;

use abi::{Errno, MaskHow, Pid, SigInfo, Signal, SignalSet, WaitOptions};

use crate::libc::{Manual, PLAIN, counted, describe, parse_number, perror, quote};
use crate::sys::{Action, Forked};
use crate::{Args, Sys, handlers, println, statics};

static MANUAL: Manual = Manual {
    name: "reaper",
    usage: "[CHILDREN]",
    about: "Fork CHILDREN (default 5) that end at about the same time, and reap them in a handler of\n\
            SIGCHLD. It runs less often than children end: signals that are pending don't count.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: RUNS: u64; REAPED: u64; }
handlers! { pub(super) HANDLERS: ON_CHILD = on_child; }

/// Reaps whoever has ended: one SIGCHLD may stand for many.
async fn on_child(sys: Sys, info: SigInfo) {
    let run = RUNS.fetch_add(sys, 1).await + 1;
    println!(sys, "SIGCHLD, handler run {run}: it names process {}, but I ask for all:", info.pid).await;
    while let Ok(Some((child, status))) = sys.waitpid(Pid(-1), WaitOptions::WNOHANG).await {
        REAPED.fetch_add(sys, 1).await;
        println!(sys, "  process {} {}", child.0, describe(status)).await;
    }
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let children = match given.operands[..] {
        [] => 5,
        [text] => match parse_number(text).and_then(|number| u64::try_from(number).ok()) {
            Some(children) => children,
            None => return MANUAL.misuse(sys, format_args!("invalid number {}", quote(text))).await,
        },
        [_, extra, ..] => return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await,
    };
    match show(sys, children).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn show(sys: Sys, children: u64) -> Result<(), Errno> {
    let child_set = SignalSet::of(Signal::SIGCHLD);
    sys.sigaction(Signal::SIGCHLD, Some(Action::catch(ON_CHILD))).await?;
    let before = sys.sigprocmask(Some((MaskHow::SIG_BLOCK, child_set))).await?;
    let mut born = 0;
    while born < children {
        match sys.fork().await {
            Ok(Forked::Child) => match sys.exit(born as i32).await {},
            Ok(Forked::Parent(_)) => born += 1,
            Err(errno) => {
                perror(sys, MANUAL.name, format_args!("only {}", children_that(born, "", "")), errno).await;
                break;
            }
        }
    }
    println!(sys, "{} about to end; SIGCHLD is blocked until I wait for it.", children_that(born, " is", " are")).await;
    while REAPED.load(sys).await < born {
        sys.sigsuspend(before - child_set).await;
    }
    let runs = RUNS.load(sys).await;
    println!(sys, "{} ended, and the handler ran {}.", children_that(born, "", ""), counted(runs, "time")).await;
    Ok(())
}

/// So many children, and what one, or several, do.
fn children_that(count: u64, one: &str, several: &str) -> String {
    if count == 1 { format!("1 child{one}") } else { format!("{count} children{several}") }
}
