//! `progress`: a child tells its parent how far it is, by real-time signals that bring a number along.

use abi::{Errno, MaskHow, Pid, SigActionFlags, SigInfo, Signal, SignalSet, WaitStatus};

use crate::libc::{Manual, PLAIN, counted, describe, parse_number, perror, quote, reap};
use crate::sys::{Action, Forked};
use crate::{Args, Sys, handlers, println, statics};

static MANUAL: Manual = Manual {
    name: "progress",
    usage: "[PARTS]",
    about: "A child computes PARTS (default 8) parts of a task, and tells its parent of each with a\n\
            queued signal; the parent waits in sigsuspend, and its handler draws the bar.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: DONE: u64; PARTS: u64; CHILD_ENDED: u64; }
handlers! { pub(super) HANDLERS: ON_PART = on_part; ON_CHILD = on_child; }

/// How long a part takes.
const PART_US: u64 = 5000;

/// A part is done; how many there are came with the signal.
async fn on_part(sys: Sys, info: SigInfo) {
    let (done, parts) = (info.status as u64, PARTS.load(sys).await);
    DONE.store(sys, done).await;
    let filled = (done * 20).checked_div(parts).unwrap_or(20) as usize;
    println!(sys, "[{:<20}] {done} of {parts}", "#".repeat(filled)).await;
}

async fn on_child(sys: Sys, _: SigInfo) {
    CHILD_ENDED.store(sys, 1).await;
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let parts = match given.operands[..] {
        [] => 8,
        [text] => match parse_number(text).and_then(|number| u32::try_from(number).ok()) {
            Some(parts) => parts,
            None => {
                return MANUAL.misuse(sys, format_args!("invalid number {}", quote(text))).await;
            }
        },
        [_, extra, ..] => {
            return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await;
        }
    };
    match show(sys, parts).await {
        Ok(status) => status,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn show(sys: Sys, parts: u32) -> Result<i32, Errno> {
    // Not SIGUSR1: two parts done in quick succession would be one signal. These queue.
    let Some(part_done) = Signal::new(34) else { return Err(Errno::EINVAL) };
    let both = SignalSet::of(part_done) | SignalSet::of(Signal::SIGCHLD);
    PARTS.store(sys, parts.into()).await;
    for (signal, handler) in [(part_done, ON_PART), (Signal::SIGCHLD, ON_CHILD)] {
        let action = Action::catch(handler).with_flags(SigActionFlags::SA_SIGINFO).with_mask(both);
        sys.sigaction(signal, Some(action)).await?;
    }
    // Blocked from before the fork: only sigsuspend lets them in, so none can come between a look and the wait.
    let before = sys.sigprocmask(Some((MaskHow::SIG_BLOCK, both))).await?;
    let parent = sys.getpid().await;
    let Forked::Parent(child) = sys.fork().await? else {
        let status = compute(sys, parent, part_done, parts).await.is_err().into();
        match sys.exit(status).await {}
    };
    let all = counted(parts.into(), "part");
    println!(sys, "process {} computes {all} of {PART_US} us each", child.0).await;
    // SIGCHLD has the lower number, so it may overtake signals that were sent before it: those are still pending then.
    while CHILD_ENDED.load(sys).await == 0 || sys.sigpending().await.has(part_done) {
        sys.sigsuspend(before - both).await;
    }
    let (_, status) = reap(sys, child).await?;
    let done = DONE.load(sys).await;
    let are = if parts == 1 { "is" } else { "are" };
    println!(sys, "the child {}, {done} of {all} {are} done", describe(status)).await;
    Ok(i32::from(status != WaitStatus::Exited(0) || done != u64::from(parts)))
}

async fn compute(sys: Sys, parent: Pid, part_done: Signal, parts: u32) -> Result<(), Errno> {
    for part in 1..=parts {
        sys.compute(PART_US).await;
        sys.sigqueue(parent, part_done, part.into()).await?;
    }
    Ok(())
}
