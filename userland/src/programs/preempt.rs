//! `preempt`: processes that compute and never give way take turns nevertheless, because the timer interrupts them.

use abi::{Errno, RusageWho};

use crate::libc::{Manual, PLAIN, counted, perror, reap};
use crate::sys::Forked;
use crate::{Args, Sys, print, println};

static MANUAL: Manual = Manual {
    name: "preempt",
    usage: "",
    about: "Show that processes which compute without ever giving way take turns: the timer\n\
            interrupts whoever has used up its quantum.",
    misuse: 2,
    ..PLAIN
};

/// How long each of the two computes before it prints its letter.
const ROUND_US: u64 = 10_000;
/// How often it does.
const ROUNDS: usize = 6;

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    match show(sys).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn show(sys: Sys) -> Result<(), Errno> {
    println!(sys, "A and B each compute {ROUNDS} times {ROUND_US} us, printing their letter after each:").await;
    for letter in ['A', 'B'] {
        if sys.fork().await? == Forked::Child {
            for _ in 0..ROUNDS {
                sys.compute(ROUND_US).await;
                print!(sys, "{letter}").await;
            }
            match sys.exit(0).await {}
        }
    }
    while reap(sys, abi::Pid(-1)).await.is_ok() {}
    let usage = sys.getrusage(RusageWho::RUSAGE_CHILDREN).await?;
    let ms = usage.utime.sec * 1000 + usage.utime.usec / 1000;
    let interrupted = counted(usage.nivcsw as u64, "time");
    println!(sys, "\nTogether they used {ms} ms of CPU time, and were interrupted {interrupted}.").await;
    Ok(())
}
