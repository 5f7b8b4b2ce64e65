//! A signal that arrives during exec: the old program's handler gets it, or the new program's action, or it stays pending; one
//! of these, and once.

use abi::{Errno, MaskHow, Signal, SignalSet, WaitOptions, WaitStatus};
use harness::signals::{block, handled, mask, note_signal, set, share_notes};
use harness::{fork, program, signaled};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES = note_signal; }

const SIGNAL: Signal = Signal::SIGUSR1;

/// The new program.
async fn after(sys: Sys, args: Args) -> i32 {
    if args.text(1) == "blocked" {
        assert_eq!(mask(sys).await, set([SIGNAL]));
        share_notes(sys).await;
        sys.sigaction(SIGNAL, Some(Action::catch(NOTES))).await.unwrap();
        while handled(sys, SIGNAL).await == 0 {
            assert_eq!(sys.sigsuspend(SignalSet::empty()).await, Errno::EINTR);
        }
        sys.sigprocmask(Some((MaskHow::SIG_SETMASK, SignalSet::empty()))).await.unwrap();
        return handled(sys, SIGNAL).await as i32;
    }
    5
}

/// Prints how often the old program's handler ran, and how the child ended.
async fn parent(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    let how = args.text(1).to_owned();
    let action = if how == "ignored" { Action::IGNORE } else { Action::catch(NOTES) };
    sys.sigaction(SIGNAL, Some(action)).await.unwrap();
    let child = fork(sys, async |sys| {
        if how == "blocked" {
            block(sys, [SIGNAL]).await;
        }
        sys.execve(b"after", &[b"after", how.as_bytes()], &[]).await;
    })
    .await;
    if how == "blocked" {
        // Until then its handler may get it; and when it sleeps, it is the new program that waits for it.
        let blocks = async || {
            let list = sys.processes().await.unwrap();
            let child = list.into_iter().find(|process| process.pid == child.0).unwrap();
            child.blocked.has(SIGNAL) || child.state == 'S' as u32
        };
        while !blocks().await {
            sys.sched_yield().await;
        }
    }
    sys.kill(child, Some(SIGNAL)).await.unwrap();
    let (_, status) = sys.waitpid(child, WaitOptions::empty()).await.unwrap().unwrap();
    let ended = match status {
        WaitStatus::Exited(code) => code.to_string(),
        status if status == signaled(SIGNAL) => "killed".into(),
        status => format!("{status:?}"),
    };
    print!(sys, "{} {ended}", handled(sys, SIGNAL).await).await;
    0
}

fn scenario(how: &str) -> harness::Scenario {
    program(&parent).handlers(HANDLERS).argument(how).with("after", &after)
}

/// Or the new program has ended when it comes.
#[test]
fn the_old_handler_gets_it_or_the_new_default_action() {
    outcomes(scenario("caught"), ["1 5", "0 killed", "0 5"]);
}

#[test]
fn an_ignored_signal_stays_ignored() {
    outcomes(scenario("ignored"), ["0 5"]);
}

/// It is pending over the exec, and the new program's handler gets it; its page of notes is its own.
#[test]
fn a_blocked_signal_waits_for_the_new_program() {
    let scenario = scenario("blocked").with_handlers("after", HANDLERS);
    outcomes(scenario, ["0 1"]);
}
