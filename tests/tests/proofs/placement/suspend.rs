//! A signal that arrives between `sigprocmask` and `sigsuspend`: the usual way to wait for it can't miss it.

use abi::{Errno, Signal, SignalSet};
use harness::signals::{block, handled, mask, note_signal, set, share_notes};
use harness::{fork, join, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES = note_signal; }

const ONE: Signal = Signal::SIGUSR1;
const TWO: Signal = Signal::SIGUSR2;

/// Waits for the signals that its argument names, and prints how many calls it took.
async fn waiter(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    let awaited = if args.text(1) == "one" { &[ONE][..] } else { &[ONE, TWO] };
    for &signal in awaited {
        sys.sigaction(signal, Some(Action::catch(NOTES))).await.unwrap();
    }
    let me = sys.getpid().await;
    let sender = fork(sys, async |sys| {
        for &signal in awaited {
            sys.kill(me, Some(signal)).await.unwrap();
        }
    })
    .await;
    let before = block(sys, [ONE, TWO]).await;
    let mut calls = 0;
    for &signal in awaited {
        while handled(sys, signal).await == 0 {
            assert_eq!(sys.sigsuspend(SignalSet::empty()).await, Errno::EINTR);
            calls += 1;
            assert_eq!(mask(sys).await, set([ONE, TWO]));
        }
    }
    for &signal in awaited {
        assert_eq!(handled(sys, signal).await, 1);
    }
    assert_eq!(before, SignalSet::empty());
    join(sys, sender).await;
    print!(sys, "{calls}").await;
    0
}

#[test]
fn a_signal_before_sigsuspend_is_not_missed() {
    let scenario = program(&waiter).handlers(HANDLERS);
    outcomes(scenario.argument("one"), ["0", "1"]);
    let scenario = program(&waiter).handlers(HANDLERS);
    outcomes(scenario.argument("both"), ["0", "1", "2"]);
}
