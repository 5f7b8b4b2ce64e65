//! How a signal goes from generation over pending to delivery (`signal(7)`), and what masks and flags do to it.

use abi::{DefaultAction, Errno, MaskHow, SI_QUEUE, SI_USER, SigActionFlags, SigInfo, Signal, SignalNumber, SignalSet};
use harness::signals::{
    accept, block, handled, mask, note, note_signal, noted, realtime, send_self, send_thread, set, set_note,
    share_notes, unblock,
};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::{Action, Disposition};
use userland::{Args, Sys, handlers};

handlers! { HANDLERS:
    NOTES = note_signal;
    LOOKS = looks;
    DEEPER = deeper;
    EXECUTES = executes;
    STACK = stack;
}

const ONE: Signal = Signal::SIGUSR1;
const TWO: Signal = Signal::SIGUSR2;
/// Notes: the mask in a handler, what was pending there, how deep it nested.
const MASK: u64 = 100;
const PENDING: u64 = 101;
const DEPTH: u64 = 102;
/// And what `sigaltstack` says in it.
const FLAGS: u64 = 103;

/// Notes what is blocked and pending while it runs.
async fn looks(sys: Sys, info: SigInfo) {
    set_note(sys, MASK, mask(sys).await.bits()).await;
    set_note(sys, PENDING, sys.sigpending().await.bits()).await;
    note_signal(sys, info).await;
}

/// Raises its own signal until it has nested deep enough.
async fn deeper(sys: Sys, _: SigInfo) {
    note(sys, DEPTH).await;
    if noted(sys, DEPTH).await < 60 {
        send_self(sys, ONE).await;
    }
}

async fn executes(sys: Sys, _: SigInfo) {
    sys.execve(b"after", &[b"after"], &[]).await;
}

async fn stack(sys: Sys, info: SigInfo) {
    set_note(sys, FLAGS, sys.sigaltstack(None).await.unwrap().flags as u64).await;
    note_signal(sys, info).await;
}

async fn catch(sys: Sys, signal: Signal, action: Action) {
    sys.sigaction(signal, Some(action)).await.unwrap();
}

async fn mask_in_handler(sys: Sys) -> SignalSet {
    SignalSet::from_bits_retain(noted(sys, MASK).await)
}

#[test]
fn it_does_what_its_disposition_says() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        for (action, runs, status) in [
            (Action::DEFAULT, 0, signaled(ONE)),
            (Action::IGNORE, 0, abi::WaitStatus::Exited(0)),
            (Action::catch(NOTES), 1, abi::WaitStatus::Exited(0)),
        ] {
            let child = fork(sys, async |sys| {
                catch(sys, ONE, action).await;
                send_self(sys, ONE).await;
            })
            .await;
            ends(sys, child, status).await;
            assert_eq!(handled(sys, ONE).await, runs);
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn a_blocked_signal_is_pending_until_it_is_unblocked() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        catch(sys, ONE, Action::catch(NOTES)).await;
        block(sys, [ONE]).await;
        assert_eq!(sys.sigpending().await, SignalSet::empty());
        send_self(sys, ONE).await;
        assert_eq!((sys.sigpending().await, handled(sys, ONE).await), (set([ONE]), 0));
        unblock(sys, [ONE]).await;
        assert_eq!((sys.sigpending().await, handled(sys, ONE).await), (SignalSet::empty(), 1));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn standard_signals_coalesce_and_the_details_of_the_first_stay() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let me = sys.getpid().await;
        catch(sys, ONE, Action::catch(NOTES)).await;
        block(sys, [ONE, TWO]).await;
        for value in 0..5 {
            send_self(sys, ONE).await;
            sys.sigqueue(me, ONE, value).await.unwrap();
            sys.sigqueue(me, TWO, value).await.unwrap();
        }
        unblock(sys, [ONE]).await;
        assert_eq!(handled(sys, ONE).await, 1);
        let info = accept(sys, [TWO]).await.unwrap();
        assert_eq!((info.code, info.status), (SI_QUEUE, 0));
        assert_eq!(accept(sys, [TWO]).await, None);
        for value in [7, 8] {
            send_self(sys, TWO).await;
            sys.sigqueue(me, TWO, value).await.unwrap();
        }
        assert_eq!(accept(sys, [TWO]).await.unwrap().code, SI_USER);
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn the_mask_changes_as_it_is_asked_to() {
    program(&|sys, _| async move {
        let change = async |how, set| sys.sigprocmask(Some((how, set))).await;
        assert_eq!(change(MaskHow::SIG_BLOCK, set([ONE])).await, Ok(SignalSet::empty()));
        assert_eq!(change(MaskHow::SIG_BLOCK, set([TWO])).await, Ok(set([ONE])));
        assert_eq!(change(MaskHow::SIG_UNBLOCK, set([ONE, Signal::SIGHUP])).await, Ok(set([ONE, TWO])));
        assert_eq!(change(MaskHow::SIG_SETMASK, set([Signal::SIGHUP])).await, Ok(set([TWO])));
        assert_eq!(change(MaskHow(7), set([ONE])).await, Err(Errno::EINVAL));
        assert_eq!(mask(sys).await, set([Signal::SIGHUP]));
        0
    })
    .succeeds();
}

#[test]
fn sigkill_and_sigstop_are_never_blocked() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.sigprocmask(Some((MaskHow::SIG_SETMASK, SignalSet::all()))).await.unwrap();
        assert_eq!(mask(sys).await, SignalSet::all() - SignalSet::UNBLOCKABLE);
        catch(sys, ONE, Action::catch(LOOKS).with_mask(SignalSet::all())).await;
        assert_eq!(sys.sigaction(ONE, None).await.unwrap().mask, SignalSet::all() - SignalSet::UNBLOCKABLE);
        unblock(sys, [ONE]).await;
        send_self(sys, ONE).await;
        assert_eq!(mask_in_handler(sys).await, SignalSet::all() - SignalSet::UNBLOCKABLE);
        let child = fork(sys, async |sys| send_self(sys, Signal::SIGKILL).await).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn a_child_has_mask_and_actions_of_its_parent_and_nothing_pending() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let flags = SigActionFlags::SA_RESTART;
        let caught = Action::catch(NOTES).with_flags(flags).with_mask(set([TWO]));
        catch(sys, ONE, caught).await;
        catch(sys, Signal::SIGHUP, Action::IGNORE).await;
        block(sys, [TWO, realtime(3)]).await;
        send_self(sys, TWO).await;
        send_thread(sys, TWO).await;
        send_self(sys, realtime(3)).await;
        let child = fork(sys, async |sys| {
            assert_eq!(sys.sigpending().await, SignalSet::empty());
            assert_eq!(mask(sys).await, set([TWO, realtime(3)]));
            assert_eq!(sys.sigaction(ONE, None).await, Ok(caught));
            assert_eq!(sys.sigaction(Signal::SIGHUP, None).await, Ok(Action::IGNORE));
            // What it changes is its own.
            catch(sys, ONE, Action::DEFAULT).await;
            unblock(sys, [TWO]).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.sigaction(ONE, None).await, Ok(caught));
        assert_eq!((sys.sigpending().await, mask(sys).await), (set([TWO, realtime(3)]), set([TWO, realtime(3)])));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn exec_keeps_the_mask_and_what_is_pending_and_resets_what_is_caught() {
    async fn after(sys: Sys, _: Args) -> i32 {
        assert_eq!(mask(sys).await, set([ONE, realtime(3)]));
        assert_eq!(sys.sigpending().await, set([ONE, realtime(3)]));
        assert_eq!(sys.sigaction(ONE, None).await.unwrap().disposition, Disposition::Default);
        assert_eq!(sys.sigaction(TWO, None).await.unwrap().disposition, Disposition::Default);
        assert_eq!(sys.sigaction(Signal::SIGHUP, None).await.unwrap().disposition, Disposition::Ignore);
        let info = accept(sys, [ONE]).await.unwrap();
        assert_eq!((info.code, info.pid), (SI_USER, sys.getpid().await.0));
        for value in [5, 6] {
            assert_eq!(accept(sys, [realtime(3)]).await.unwrap().status, value);
        }
        0
    }
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        for signal in [ONE, TWO] {
            catch(sys, signal, Action::catch(NOTES)).await;
        }
        catch(sys, Signal::SIGHUP, Action::IGNORE).await;
        block(sys, [ONE, realtime(3)]).await;
        send_self(sys, ONE).await;
        for value in [5, 6] {
            sys.sigqueue(me, realtime(3), value).await.unwrap();
        }
        sys.execve(b"after", &[b"after"], &[]).await;
        1
    })
    .handlers(HANDLERS)
    .with("after", &after)
    .succeeds();
}

/// `ps` shows the two sets apart (SigPnd, ShdPnd), with what is blocked, ignored and caught.
#[test]
fn a_signal_is_pending_for_the_thread_or_for_the_process_and_both_are_seen() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let fault = Signal::SIGSEGV;
        catch(sys, TWO, Action::catch(NOTES)).await;
        catch(sys, Signal::SIGHUP, Action::IGNORE).await;
        block(sys, [ONE, TWO, realtime(1), fault]).await;
        send_self(sys, ONE).await;
        sys.sigqueue(me, realtime(1), 1).await.unwrap();
        send_thread(sys, TWO).await;
        let list = sys.processes().await.unwrap();
        let mine = list.iter().find(|process| process.pid == me.0).unwrap();
        assert_eq!((mine.pending, mine.shared_pending), (set([TWO]), set([ONE, realtime(1)])));
        assert_eq!(mine.blocked, set([ONE, TWO, realtime(1), fault]));
        assert_eq!((mine.ignored, mine.caught), (set([Signal::SIGHUP]), set([TWO])));
        assert_eq!(sys.sigpending().await, set([ONE, TWO, realtime(1)]));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn in_its_handler_it_is_not_pending_but_blocked_with_the_mask_of_its_action() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        block(sys, [Signal::SIGTERM]).await;
        catch(sys, ONE, Action::catch(LOOKS).with_mask(set([TWO, Signal::SIGHUP]))).await;
        send_self(sys, ONE).await;
        assert_eq!(mask_in_handler(sys).await, set([ONE, TWO, Signal::SIGHUP, Signal::SIGTERM]));
        assert_eq!(noted(sys, PENDING).await, 0);
        assert_eq!(mask(sys).await, set([Signal::SIGTERM]));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn with_nodefer_it_is_blocked_only_if_the_mask_says_so() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let nodefer = Action::catch(LOOKS).with_flags(SigActionFlags::SA_NODEFER);
        for (mask, seen) in [(set([]), set([])), (set([TWO]), set([TWO])), (set([ONE, TWO]), set([ONE, TWO]))] {
            catch(sys, ONE, nodefer.with_mask(mask)).await;
            send_self(sys, ONE).await;
            assert_eq!(mask_in_handler(sys).await, seen);
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn handlers_nest_as_deep_as_the_stack_allows() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        catch(sys, ONE, Action::catch(DEEPER).with_flags(SigActionFlags::SA_NODEFER)).await;
        send_self(sys, ONE).await;
        assert_eq!(noted(sys, DEPTH).await, 60);
        assert_eq!(mask(sys).await, SignalSet::empty());
        0
    })
    .handlers(HANDLERS)
    .seeds(2)
    .succeeds();
}

#[test]
fn with_resethand_the_action_is_the_default_when_the_handler_begins() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let child = fork(sys, async |sys| {
            catch(sys, ONE, Action::catch(NOTES).with_flags(SigActionFlags::SA_RESETHAND)).await;
            send_self(sys, ONE).await;
            assert_eq!(sys.sigaction(ONE, None).await.unwrap().disposition, Disposition::Default);
            send_self(sys, ONE).await;
        })
        .await;
        ends(sys, child, signaled(ONE)).await;
        assert_eq!(handled(sys, ONE).await, 1);
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn flags_of_handlers_mean_nothing_without_one() {
    program(&|sys, _| async move {
        let flags = SigActionFlags::SA_RESETHAND | SigActionFlags::SA_NODEFER | SigActionFlags::SA_SIGINFO;
        let ignored = Action::IGNORE.with_flags(flags);
        catch(sys, ONE, ignored).await;
        send_self(sys, ONE).await;
        assert_eq!(sys.sigaction(ONE, None).await, Ok(ignored));
        let child = fork(sys, async |sys| {
            catch(sys, ONE, Action::DEFAULT.with_flags(flags)).await;
            send_self(sys, ONE).await;
        })
        .await;
        ends(sys, child, signaled(ONE)).await;
        0
    })
    .succeeds();
}

#[test]
fn one_that_never_calls_the_kernel_is_interrupted_too() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        catch(sys, ONE, Action::catch(NOTES)).await;
        let child = fork(sys, async |sys| {
            // Loads and stores only.
            while handled(sys, ONE).await == 0 {
                note(sys, DEPTH).await;
            }
        })
        .await;
        while noted(sys, DEPTH).await == 0 {
            sys.sched_yield().await;
        }
        sys.kill(child, Some(ONE)).await.unwrap();
        join(sys, child).await;
        assert_eq!(handled(sys, ONE).await, 1);
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn without_an_alternate_stack_the_handler_runs_on_the_usual_one() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        catch(sys, ONE, Action::catch(STACK).with_flags(SigActionFlags::SA_ONSTACK)).await;
        send_self(sys, ONE).await;
        assert_eq!((handled(sys, ONE).await, noted(sys, FLAGS).await), (1, abi::SS_DISABLE as u64));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

/// The handler doesn't return, so the mask stays as it was in it.
#[test]
fn a_program_that_a_handler_executes_has_the_handler_s_mask() {
    async fn after(sys: Sys, _: Args) -> i32 {
        i32::from(mask(sys).await != set([ONE, TWO]))
    }
    program(&|sys, _| async move {
        catch(sys, ONE, Action::catch(EXECUTES).with_mask(set([TWO]))).await;
        send_self(sys, ONE).await;
        1
    })
    .handlers(HANDLERS)
    .with("after", &after)
    .succeeds();
}

#[test]
fn to_ignore_a_signal_discards_it_where_it_is_pending() {
    program(&|sys, _| async move {
        block(sys, [ONE, Signal::SIGCHLD]).await;
        send_self(sys, ONE).await;
        send_thread(sys, ONE).await;
        catch(sys, ONE, Action::IGNORE).await;
        assert_eq!(sys.sigpending().await, SignalSet::empty());
        // One that is blocked and ignored is kept when it is sent, for the action may change.
        send_self(sys, ONE).await;
        assert_eq!(sys.sigpending().await, set([ONE]));
        // The default of this one is to ignore it.
        send_self(sys, Signal::SIGCHLD).await;
        catch(sys, Signal::SIGCHLD, Action::DEFAULT).await;
        assert_eq!(sys.sigpending().await, set([ONE]));
        0
    })
    .succeeds();
}

#[test]
fn whoever_waits_for_a_signal_is_ended_by_one_that_nobody_handles() {
    program(&|sys, _| async move {
        for signal in (1..=64).filter_map(Signal::new) {
            if !matches!(signal.default_action(), DefaultAction::Terminate | DefaultAction::Core) {
                continue;
            }
            let child = fork(sys, async |sys| {
                sys.sigsuspend(SignalSet::empty()).await;
            })
            .await;
            until_state(sys, child, 'S').await;
            sys.kill(child, Some(signal)).await.unwrap();
            ends(sys, child, signaled(signal)).await;
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_number_that_is_no_signal_is_never_sent() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        assert_eq!(sys.raw().kill(me, SignalNumber(65)).await, Err(Errno::EINVAL));
        assert_eq!(sys.raw().tgkill(me, me, SignalNumber(-1)).await, Err(Errno::EINVAL));
        block(sys, [realtime(0)]).await;
        assert_eq!(sys.sigpending().await, SignalSet::empty());
        0
    })
    .succeeds();
}
