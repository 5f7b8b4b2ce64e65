//! A signal that arrives at a stopped process: nothing happens until it goes on, then everything does, once; SIGKILL doesn't
//! wait.

use abi::{Signal, WaitOptions, WaitStatus};
use harness::signals::{handled, note_signal, realtime, send_self, share_notes};
use harness::{ends, fork, join, program, signaled};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES = note_signal; }

const QUEUED: Signal = realtime(0);
const ONCE: Signal = Signal::SIGUSR1;

/// A process that stops itself once is sent two signals by another one at any time, and is continued.
async fn parent(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    for signal in [QUEUED, ONCE] {
        sys.sigaction(signal, Some(Action::catch(NOTES))).await.unwrap();
    }
    let child = fork(sys, async |sys| {
        send_self(sys, Signal::SIGSTOP).await;
        while handled(sys, QUEUED).await < 2 || handled(sys, ONCE).await < 1 {
            sys.sched_yield().await;
        }
    })
    .await;
    let sender = fork(sys, async |sys| {
        for signal in [QUEUED, ONCE, QUEUED] {
            sys.kill(child, Some(signal)).await.unwrap();
        }
    })
    .await;
    let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGSTOP))));
    assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
    join(sys, sender).await;
    let before = handled(sys, QUEUED).await + handled(sys, ONCE).await;
    sys.compute(30_000).await;
    assert_eq!(handled(sys, QUEUED).await + handled(sys, ONCE).await, before);
    if args.text(1) == "killed" {
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        assert_eq!(handled(sys, QUEUED).await + handled(sys, ONCE).await, before);
    } else {
        sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
        join(sys, child).await;
        assert_eq!((handled(sys, QUEUED).await, handled(sys, ONCE).await), (2, 1));
    }
    print!(sys, "{}", if before == 3 { "all before" } else { "after" }).await;
    0
}

#[test]
fn signals_wait_until_it_is_continued() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("continued"), ["after", "all before"]);
}

#[test]
fn sigkill_does_not_wait_and_nothing_else_happens() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("killed"), ["after", "all before"]);
}
