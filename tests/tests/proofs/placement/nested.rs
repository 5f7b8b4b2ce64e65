//! A signal that arrives in a handler: its own waits until the handler is through, another one nests.

use abi::{SigInfo, Signal};
use harness::signals::{handled, note, note_signal, noted, realtime, set, set_note, share_notes};
use harness::{fork, join, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: OUTER = outer; INNER = inner; }

const OUTER_SIGNAL: Signal = realtime(0);
const INNER_SIGNAL: Signal = realtime(1);
/// Notes: whether the outer handler runs, and how often the inner one ran meanwhile.
const RUNNING: u64 = 100;
const NESTED: u64 = 101;

async fn outer(sys: Sys, info: SigInfo) {
    assert_eq!(noted(sys, RUNNING).await, 0, "it interrupts itself");
    set_note(sys, RUNNING, 1).await;
    sys.sched_yield().await;
    note_signal(sys, info).await;
    set_note(sys, RUNNING, 0).await;
}

async fn inner(sys: Sys, info: SigInfo) {
    if noted(sys, RUNNING).await == 1 {
        note(sys, NESTED).await;
    }
    note_signal(sys, info).await;
}

/// Prints whether the inner signal came during the outer one's handler. With `masked` it can't.
async fn receiver(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    let mask = if args.text(1) == "masked" { set([INNER_SIGNAL]) } else { set([]) };
    sys.sigaction(OUTER_SIGNAL, Some(Action::catch(OUTER).with_mask(mask))).await.unwrap();
    sys.sigaction(INNER_SIGNAL, Some(Action::catch(INNER).with_mask(set([OUTER_SIGNAL])))).await.unwrap();
    let me = sys.getpid().await;
    let sender = fork(sys, async |sys| {
        for signal in [OUTER_SIGNAL, INNER_SIGNAL, OUTER_SIGNAL] {
            sys.kill(me, Some(signal)).await.unwrap();
        }
    })
    .await;
    while handled(sys, OUTER_SIGNAL).await < 2 || handled(sys, INNER_SIGNAL).await < 1 {
        sys.sched_yield().await;
    }
    join(sys, sender).await;
    assert_eq!((handled(sys, OUTER_SIGNAL).await, handled(sys, INNER_SIGNAL).await), (2, 1));
    print!(sys, "{}", if noted(sys, NESTED).await == 0 { "alone" } else { "nested" }).await;
    0
}

#[test]
fn each_runs_once_for_each_time_it_was_sent() {
    let scenario = program(&receiver).handlers(HANDLERS);
    outcomes(scenario.argument("open"), ["alone", "nested"]);
    let scenario = program(&receiver).handlers(HANDLERS);
    outcomes(scenario.argument("masked"), ["alone"]);
}
