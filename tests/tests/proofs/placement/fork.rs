//! A signal that arrives during fork: it is the parent's alone; and one to the group reaches each member once.

use abi::{Pid, SigInfo, Signal};
use harness::signals::{note, noted, realtime, set_note, share_notes};
use harness::{fork, join, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES_WHO = notes_who; }

const SIGNAL: Signal = realtime(0);
/// Notes: the parent's process id, how often it caught the signal, and how often its child did.
const PARENT: u64 = 100;
const BY_PARENT: u64 = 101;
const BY_CHILD: u64 = 102;

async fn notes_who(sys: Sys, _: SigInfo) {
    let parent = noted(sys, PARENT).await;
    let me = sys.getpid().await.0 as u64;
    note(sys, if me == parent { BY_PARENT } else { BY_CHILD }).await;
}

/// Prints how often parent and child caught it.
async fn parent(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    sys.setpgid(Pid(0), Pid(0)).await.unwrap();
    let me = sys.getpid().await;
    set_note(sys, PARENT, me.0 as u64).await;
    let target = if args.text(1) == "group" { Pid(-me.0) } else { me };
    sys.sigaction(SIGNAL, Some(Action::catch(NOTES_WHO))).await.unwrap();
    let sender = fork(sys, async |sys| {
        sys.sigaction(SIGNAL, Some(Action::IGNORE)).await.unwrap();
        sys.kill(target, Some(SIGNAL)).await.unwrap();
    })
    .await;
    let child = fork(sys, async |sys| {
        while noted(sys, BY_PARENT).await == 0 {
            sys.sched_yield().await;
        }
    })
    .await;
    while noted(sys, BY_PARENT).await == 0 {
        sys.sched_yield().await;
    }
    join(sys, child).await;
    join(sys, sender).await;
    print!(sys, "{} {}", noted(sys, BY_PARENT).await, noted(sys, BY_CHILD).await).await;
    0
}

#[test]
fn the_parent_s_signal_is_not_the_child_s() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("parent"), ["1 0"]);
}

#[test]
fn a_signal_to_the_group_reaches_whoever_is_in_it() {
    let scenario = program(&parent).handlers(HANDLERS);
    outcomes(scenario.argument("group"), ["1 0", "1 1"]);
}
