//! A signal that arrives at exit: it comes in time and does what it does, once, or too late and does nothing.

use abi::{SigInfo, Signal, WaitOptions, WaitStatus};
use harness::signals::{block, handled, note_signal, realtime, set, share_notes};
use harness::{fork, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES = note_signal; }

const CAUGHT: Signal = realtime(0);
const DEADLY: Signal = Signal::SIGTERM;

/// Prints how often the child's handler ran, and how it ended.
async fn parent(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    let signal = if args.text(1) == "caught" { CAUGHT } else { DEADLY };
    block(sys, [Signal::SIGCHLD]).await;
    let child = fork(sys, async |sys| {
        sys.sigaction(CAUGHT, Some(Action::catch(NOTES))).await.unwrap();
        sys.getpid().await;
        sys.exit(7).await;
    })
    .await;
    // Its handler is set.
    let catches = async || {
        let list = sys.processes().await.unwrap();
        list.iter().any(|process| process.pid == child.0 && (process.caught.has(CAUGHT) || process.state == 'Z' as u32))
    };
    while !catches().await {
        sys.sched_yield().await;
    }
    sys.kill(child, Some(signal)).await.unwrap();
    let told: SigInfo = sys.sigtimedwait(set([Signal::SIGCHLD]), None).await.unwrap();
    assert_eq!(told.pid, child.0);
    let (_, status) = sys.waitpid(child, WaitOptions::WNOHANG).await.unwrap().unwrap();
    assert!(sys.sigpending().await.is_empty());
    let ended = match status {
        WaitStatus::Exited(code) => code.to_string(),
        WaitStatus::Signaled { signal, .. } => signal.to_string(),
        status => format!("{status:?}"),
    };
    print!(sys, "{} {ended}", handled(sys, CAUGHT).await).await;
    0
}

#[test]
fn the_handler_runs_once_or_it_is_too_late() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("caught"), ["1 7", "0 7"]);
}

#[test]
fn the_status_is_that_of_the_exit_or_of_the_signal() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("deadly"), ["0 7", "0 SIGTERM"]);
}
