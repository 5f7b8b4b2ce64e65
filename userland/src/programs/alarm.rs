//! `alarm`: SIGALRM after a time (`alarm(2)`): caught, or as the end of a program that takes too long.

use abi::{ClockId, Errno, MaskHow, SigInfo, Signal, SignalSet};

use crate::libc::{Decimal, Manual, Order, PLAIN, display_name, perror, quote, ualarm};
use crate::sys::Action;
use crate::{Args, Sys, handlers, println, statics};

static MANUAL: Manual = Manual {
    name: "alarm",
    usage: "SECONDS [PROGRAM [ARGUMENT]...]",
    about: "Set an alarm. Then run PROGRAM, which SIGALRM ends if it takes longer: an alarm outlives\n\
            execve. Without one, wait for the alarm, and tell when it goes off.",
    order: Order::First,
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: RANG: u32; }
handlers! { pub(super) HANDLERS: ON_ALARM = on_alarm; }

async fn on_alarm(sys: Sys, _: SigInfo) {
    RANG.store(sys, 1).await;
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let Some((seconds, command)) = given.operands.split_first() else {
        return MANUAL.misuse(sys, "missing operand").await;
    };
    let Some(us) = microseconds(seconds) else {
        return MANUAL.misuse(sys, format_args!("invalid time {}", quote(seconds))).await;
    };
    match command {
        [] => match wait(sys, us).await {
            Ok(()) => 0,
            Err(errno) => {
                perror(sys, MANUAL.name, "failed", errno).await;
                1
            }
        },
        [program, ..] => {
            ualarm(sys, us, 0).await;
            let errno = sys.execve(program, command, &args.envp()).await;
            perror(sys, MANUAL.name, display_name(program), errno).await;
            if errno == Errno::ENOENT { 127 } else { 126 }
        }
    }
}

/// A time in seconds, which needn't be whole, in microseconds.
fn microseconds(text: &[u8]) -> Option<u64> {
    let us = Decimal::parse(text).filter(|seconds| seconds.mantissa > 0)?.scaled(6)?;
    u64::try_from(us).ok()
}

/// Waits for the alarm, and for nothing else.
async fn wait(sys: Sys, us: u64) -> Result<(), Errno> {
    let alarm = SignalSet::of(Signal::SIGALRM);
    sys.sigaction(Signal::SIGALRM, Some(Action::catch(ON_ALARM))).await?;
    // It might go off before the wait begins. Blocked, it stays pending until sigsuspend lets it in.
    let before = sys.sigprocmask(Some((MaskHow::SIG_BLOCK, alarm))).await?;
    let begin = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    ualarm(sys, us, 0).await;
    println!(sys, "the alarm is set to {us} us").await;
    while RANG.load(sys).await == 0 {
        sys.sigsuspend(before - alarm).await;
    }
    let end = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    let passed = end.to_us().zip(begin.to_us()).map_or(0, |(end, begin)| end - begin);
    println!(sys, "SIGALRM after {passed} us").await;
    Ok(())
}
