//! SIGCHLD: what a parent is told of its children, and by which flags it isn't (`sigaction(2)`, `wait(2)`).

use abi::{
    CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, Errno, Pid, SigActionFlags, SigInfo, Signal, WaitOptions,
    WaitStatus,
};
use harness::signals::{accept, block, handled, note_signal, set, share_notes, unblock};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::Action;
use userland::{Sys, handlers};

handlers! { HANDLERS: NOTES = note_signal; REAPS = reaps; }

const SIGCHLD: Signal = Signal::SIGCHLD;
const WNOHANG: WaitOptions = WaitOptions::WNOHANG;
const WUNTRACED: WaitOptions = WaitOptions::WUNTRACED;
const WCONTINUED: WaitOptions = WaitOptions::WCONTINUED;

/// A handler that waits for all children that have ended; POSIX's portable way to have no zombies.
async fn reaps(sys: Sys, info: SigInfo) {
    while let Ok(Some(_)) = sys.waitpid(Pid(-1), WNOHANG).await {
        harness::signals::note(sys, 100).await;
    }
    note_signal(sys, info).await;
}

async fn sleeper(sys: Sys) -> Pid {
    fork(sys, async |sys| {
        loop {
            sys.compute(1_000_000).await;
        }
    })
    .await
}

/// Stops a child, and takes the SIGCHLD, which is blocked.
async fn stop(sys: Sys, child: Pid) {
    send(sys, child, Signal::SIGSTOP).await;
    until_state(sys, child, 'T').await;
    assert_eq!(accept(sys, [SIGCHLD]).await.map(|info| info.code), Some(CLD_STOPPED));
}

async fn send(sys: Sys, pid: Pid, signal: Signal) {
    sys.kill(pid, Some(signal)).await.unwrap();
}

#[test]
fn it_tells_who_and_what_happened() {
    program(&|sys, _| async move {
        block(sys, [SIGCHLD]).await;
        let told = async || {
            let info = sys.sigtimedwait(set([SIGCHLD]), None).await.unwrap();
            (info.pid, info.uid, info.code, info.status)
        };
        let child = fork(sys, async |sys| {
            sys.setresuid(1000, 1001, 1002).await.unwrap();
            sys.exit(300).await;
        })
        .await;
        assert_eq!(told().await, (child.0, 1000, CLD_EXITED, 44));
        ends(sys, child, WaitStatus::Exited(44)).await;
        let child = sleeper(sys).await;
        for (signal, code, status) in [
            (Signal::SIGSTOP, CLD_STOPPED, Signal::SIGSTOP),
            (Signal::SIGCONT, CLD_CONTINUED, Signal::SIGCONT),
            (Signal::SIGTERM, CLD_KILLED, Signal::SIGTERM),
        ] {
            send(sys, child, signal).await;
            assert_eq!(told().await, (child.0, 0, code, status.number().into()));
        }
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

/// Its own times, in clock ticks of 10 ms, without those of the children for which it has waited.
#[test]
fn it_tells_how_much_time_the_child_used() {
    program(&|sys, _| async move {
        block(sys, [SIGCHLD]).await;
        let child = fork(sys, async |sys| {
            let grandchild = fork(sys, async |sys| sys.compute(500_000).await).await;
            join(sys, grandchild).await;
            sys.compute(255_000).await;
        })
        .await;
        let info = sys.sigtimedwait(set([SIGCHLD]), None).await.unwrap();
        assert_eq!((info.pid, info.errno, info.status, info.value_high), (child.0, 0, 0, 0));
        assert_eq!((info.utime, info.stime), (25, 0));
        join(sys, child).await;
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn with_nocldstop_stops_and_continuations_are_not_told() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let flags = SigActionFlags::SA_NOCLDSTOP;
        sys.sigaction(SIGCHLD, Some(Action::catch(NOTES).with_flags(flags))).await.unwrap();
        let child = sleeper(sys).await;
        send(sys, child, Signal::SIGSTOP).await;
        until_state(sys, child, 'T').await;
        send(sys, child, Signal::SIGCONT).await;
        until_state(sys, child, 'R').await;
        assert_eq!(handled(sys, SIGCHLD).await, 0);
        send(sys, child, Signal::SIGKILL).await;
        until_state(sys, child, 'Z').await;
        assert_eq!(handled(sys, SIGCHLD).await, 1);
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

/// The flags about children mean something in the action of SIGCHLD alone.
#[test]
fn of_other_signals_these_flags_are_kept_and_mean_nothing() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let flags = SigActionFlags::SA_NOCLDSTOP | SigActionFlags::SA_NOCLDWAIT;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(NOTES).with_flags(flags))).await.unwrap();
        sys.sigaction(SIGCHLD, Some(Action::catch(NOTES))).await.unwrap();
        let child = sleeper(sys).await;
        send(sys, child, Signal::SIGSTOP).await;
        until_state(sys, child, 'T').await;
        assert_eq!(handled(sys, SIGCHLD).await, 1);
        send(sys, child, Signal::SIGKILL).await;
        until_state(sys, child, 'Z').await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

/// On Linux SIGCHLD is sent all the same. With the default action there is none to be seen, and no zombie either.
#[test]
fn with_nocldwait_there_are_no_zombies_and_the_handler_runs() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let flags = SigActionFlags::SA_NOCLDWAIT | SigActionFlags::SA_RESTART;
        for (action, runs) in [(Action::catch(NOTES), 1), (Action::DEFAULT, 1)] {
            sys.sigaction(SIGCHLD, Some(action.with_flags(flags))).await.unwrap();
            let child = fork(sys, async |sys| sys.compute(1000).await).await;
            assert_eq!(sys.wait().await, Err(Errno::ECHILD));
            assert_eq!(sys.kill(child, None).await, Err(Errno::ESRCH));
            assert_eq!(handled(sys, SIGCHLD).await, runs);
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn several_that_end_while_it_is_blocked_are_told_once_and_all_can_be_waited_for() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(SIGCHLD, Some(Action::catch(REAPS))).await.unwrap();
        block(sys, [SIGCHLD]).await;
        for _ in 0..3 {
            let child = fork(sys, async |_| ()).await;
            until_state(sys, child, 'Z').await;
        }
        unblock(sys, [SIGCHLD]).await;
        assert_eq!((handled(sys, SIGCHLD).await, harness::signals::noted(sys, 100).await), (1, 3));
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn only_a_child_that_was_stopped_is_told_to_go_on() {
    program(&|sys, _| async move {
        block(sys, [SIGCHLD]).await;
        let child = sleeper(sys).await;
        send(sys, child, Signal::SIGCONT).await;
        sys.compute(30_000).await;
        assert_eq!(accept(sys, [SIGCHLD]).await, None);
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        let child = fork(sys, async |_| ()).await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

/// It says so itself when it runs; `wait` knows of it before.
#[test]
fn a_child_tells_that_it_was_continued_when_it_runs() {
    program(&|sys, _| async move {
        let pending = async || sys.sigpending().await.has(SIGCHLD);
        block(sys, [SIGCHLD]).await;
        let child = sleeper(sys).await;
        stop(sys, child).await;
        send(sys, child, Signal::SIGCONT).await;
        assert!(!pending().await);
        assert_eq!(sys.waitpid(child, WCONTINUED | WNOHANG).await, Ok(Some((child, WaitStatus::Continued))));
        sys.sched_yield().await;
        assert!(pending().await);
        assert_eq!(accept(sys, [SIGCHLD]).await.map(|info| info.code), Some(CLD_CONTINUED));
        // It has been waited for already.
        assert_eq!(sys.waitpid(child, WCONTINUED | WNOHANG).await, Ok(None));
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .run()
    .succeeds();
}

/// What it dies of makes it forget that it was stopped or continued, even before it runs, as on Linux; unless it dies of it only
/// after something else.
#[test]
fn a_child_that_is_about_to_die_tells_nothing_else() {
    program(&|sys, _| async move {
        block(sys, [SIGCHLD]).await;
        for (continued, deadly) in [(true, Signal::SIGKILL), (true, Signal::SIGTERM), (false, Signal::SIGKILL)] {
            let child = sleeper(sys).await;
            stop(sys, child).await;
            if continued {
                send(sys, child, Signal::SIGCONT).await;
            }
            send(sys, child, deadly).await;
            assert_eq!(sys.waitpid(child, WUNTRACED | WCONTINUED | WNOHANG).await, Ok(None), "{deadly}");
            ends(sys, child, signaled(deadly)).await;
            assert_eq!(accept(sys, [SIGCHLD]).await.map(|info| info.code), Some(CLD_KILLED), "{deadly}");
        }
        // SIGTERM comes to a stopped child, so that it dies after it was continued.
        let child = sleeper(sys).await;
        stop(sys, child).await;
        send(sys, child, Signal::SIGTERM).await;
        send(sys, child, Signal::SIGCONT).await;
        assert_eq!(sys.waitpid(child, WCONTINUED | WNOHANG).await, Ok(Some((child, WaitStatus::Continued))));
        sys.sched_yield().await;
        assert_eq!(accept(sys, [SIGCHLD]).await.map(|info| info.code), Some(CLD_CONTINUED));
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        0
    })
    .run()
    .succeeds();
}
