//! `jump`: out of many functions at once, and out of a signal handler (`setjmp(3)`, `sigsetjmp(3)`).

use alloc::boxed::Box;

use abi::{Errno, SigInfo, Signal};

use crate::libc::{Manual, PLAIN, perror, raise};
use crate::sys::{Action, JumpBuffer};
use crate::{Args, Sys, handlers, println, statics};

static MANUAL: Manual = Manual {
    name: "jump",
    usage: "",
    about: "Show setjmp and longjmp: out of nested calls, what becomes of variables and of memory, and\n\
            out of a signal handler, where the signal mask makes the difference.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: PLACE: JumpBuffer; STORED: u64; RESTORE: i32; }
handlers! { pub(super) HANDLERS: LEAVE = leave; }

/// Never returns: it jumps to where `main` was.
async fn leave(sys: Sys, info: SigInfo) {
    println!(sys, "   handler: jumping out of it").await;
    match RESTORE.load(sys).await {
        0 => match sys.longjmp(PLACE, info.signo).await {},
        _ => match sys.siglongjmp(PLACE, info.signo).await {},
    }
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    let shown = async {
        out_of_calls(sys).await;
        out_of_a_handler(sys, false).await?;
        out_of_a_handler(sys, true).await
    };
    match shown.await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn out_of_calls(sys: Sys) {
    println!(sys, "1. Out of nested calls, like an error that nobody in between handles:").await;
    let mut local = 1;
    STORED.store(sys, 1).await;
    let point = sys.setjmp(PLACE).await;
    println!(sys, "   setjmp returned {}: local variable {local}, memory {}", point.value, STORED.load(sys).await)
        .await;
    if point.value == 0 {
        local += 1;
        STORED.store(sys, 2).await;
        println!(sys, "   now both are {local}; descending").await;
        descend(sys, 3).await;
    }
    println!(sys, "   the local variable is as it was at setjmp, the memory as it is now").await;
}

/// Calls itself a few times, then jumps.
fn descend(sys: Sys, levels: u32) -> core::pin::Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        if levels == 0 {
            match sys.longjmp(PLACE, 42).await {}
        }
        println!(sys, "   {levels} more").await;
        descend(sys, levels - 1).await;
        println!(sys, "   this line is never reached").await;
    })
}

async fn out_of_a_handler(sys: Sys, restore: bool) -> Result<(), Errno> {
    let (number, call) = if restore { (3, "siglongjmp") } else { (2, "longjmp") };
    println!(sys, "{number}. Out of a handler, with {call}:").await;
    sys.sigaction(Signal::SIGUSR1, Some(Action::catch(LEAVE))).await?;
    RESTORE.store(sys, i32::from(restore)).await;
    let point = sys.sigsetjmp(PLACE, true).await;
    if point.value == 0 {
        raise(sys, Signal::SIGUSR1).await;
    }
    let blocked = sys.sigprocmask(None).await?.has(Signal::SIGUSR1);
    let state = if blocked { "still blocked, as it was in the handler" } else { "not blocked, as at sigsetjmp" };
    println!(sys, "   sigsetjmp returned {}; SIGUSR1 is {state}", point.value).await;
    if blocked {
        let set = abi::SignalSet::of(Signal::SIGUSR1);
        sys.sigprocmask(Some((abi::MaskHow::SIG_UNBLOCK, set))).await?;
    }
    Ok(())
}
