//! Masks, waiting for signals, and the functions of C's library around them.

use abi::{Errno, MaskHow, Pid, SI_QUEUE, SI_TKILL, SI_USER, SigActionFlags, SigInfo, Signal, SignalSet};
use abi::{StackDescription, Timespec, WaitStatus};
use harness::{ends, fork, join, map, program, signaled, until_state};
use userland::libc::{
    abort, killpg, pause, psignal, raise, sighold, sigignore, signal, sigpause, sigrelse, sigset, sigwait,
};
use userland::sys::{Action, Disposition};
use userland::{Sys, handlers, print, statics};

statics! { BYTES: COUNT: u64; CODE: i32; VALUE: u64; FROM: i32; }

handlers! { HANDLERS: PRINTS = prints; COUNTS = counts; STACK = stack; }

const ONE: Signal = Signal::SIGUSR1;
const TWO: Signal = Signal::SIGUSR2;

async fn prints(sys: Sys, info: SigInfo) {
    print!(sys, "{} ", info.signo).await;
}

async fn counts(sys: Sys, info: SigInfo) {
    COUNT.fetch_add(sys, 1).await;
    CODE.store(sys, info.code).await;
    VALUE.store(sys, u64::from(info.status as u32) | u64::from(info.value_high as u32) << 32).await;
    FROM.store(sys, info.pid).await;
}

/// Whether it runs on the alternate stack.
async fn stack(sys: Sys, _: SigInfo) {
    let now = sys.sigaltstack(None).await.unwrap();
    COUNT.store(sys, now.flags as u64).await;
    assert_eq!(
        sys.sigaltstack(Some(StackDescription { size: 1 << 20, ..StackDescription::default() })).await,
        Err(Errno::EPERM)
    );
}

fn set(signals: &[Signal]) -> SignalSet {
    signals.iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(*signal))
}

/// Seen on Linux: of several that are unblocked together, the frame of the lowest is set up first, so it runs last; unless
/// the handlers block all others.
#[test]
fn of_several_at_once_the_one_set_up_last_runs_first() {
    program(&|sys, _| async move {
        let three = [Signal::SIGTERM, TWO, ONE];
        for mask in [SignalSet::empty(), SignalSet::all()] {
            for signal in three {
                sys.sigaction(signal, Some(Action::catch(PRINTS).with_mask(mask))).await.unwrap();
            }
            sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(&three)))).await.unwrap();
            for signal in three {
                raise(sys, signal).await;
            }
            assert_eq!(sys.sigpending().await, set(&three));
            assert_eq!(sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, set(&three)))).await, Ok(set(&three)));
            assert_eq!(sys.sigpending().await, SignalSet::empty());
        }
        0
    })
    .handlers(HANDLERS)
    .prints("15 12 10 10 12 15 ");
}

#[test]
fn resethand_and_nodefer() {
    program(&|sys, _| async move {
        let flags = SigActionFlags::SA_RESETHAND;
        sys.sigaction(ONE, Some(Action::catch(PRINTS).with_flags(flags))).await.unwrap();
        raise(sys, ONE).await;
        assert_eq!(sys.sigaction(ONE, None).await.map(|action| action.disposition), Ok(Disposition::Default));
        0
    })
    .handlers(HANDLERS)
    .prints("10 ");
}

#[test]
fn siginfo_says_who_and_why() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let queued = Signal::new(40).unwrap();
        for signal in [ONE, queued] {
            sys.sigaction(signal, Some(Action::catch(COUNTS))).await.unwrap();
        }
        let seen = async || (CODE.load(sys).await, FROM.load(sys).await, COUNT.load(sys).await);
        sys.kill(me, Some(ONE)).await.unwrap();
        assert_eq!(seen().await, (SI_USER, me.0, 1));
        raise(sys, ONE).await;
        assert_eq!(seen().await, (SI_TKILL, me.0, 2));
        sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(&[queued])))).await.unwrap();
        for value in [7, u64::MAX - 1] {
            sys.sigqueue(me, queued, value).await.unwrap();
        }
        sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, set(&[queued])))).await.unwrap();
        // Both were delivered; the body of the first, which is below, has run last.
        assert_eq!(seen().await, (SI_QUEUE, me.0, 4));
        assert_ne!(VALUE.load(sys).await, 0);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn a_signal_between_the_mask_and_the_wait_is_not_lost() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.sigaction(ONE, Some(Action::catch(COUNTS))).await.unwrap();
        let before = sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(&[ONE])))).await.unwrap();
        let child = fork(sys, async |sys| sys.kill(me, Some(ONE)).await.unwrap()).await;
        while COUNT.load(sys).await == 0 {
            assert_eq!(sys.sigsuspend(before).await, Errno::EINTR);
            assert_eq!(sys.sigprocmask(None).await, Ok(set(&[ONE])));
        }
        assert_eq!(COUNT.load(sys).await, 1);
        join(sys, child).await;
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .seeds(30)
    .succeeds();
}

#[test]
fn signals_are_taken_without_a_handler() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let both = set(&[ONE, TWO]);
        sys.sigprocmask(Some((MaskHow::SIG_BLOCK, both))).await.unwrap();
        assert_eq!(sys.sigtimedwait(both, Some(Timespec::from_us(500))).await, Err(Errno::EAGAIN));
        let child = fork(sys, async |sys| {
            until_state(sys, me, 'S').await;
            sys.kill(me, Some(TWO)).await.unwrap();
        })
        .await;
        assert_eq!(sigwait(sys, both).await, Ok(TWO));
        join(sys, child).await;
        sys.sigqueue(me, ONE, 9).await.unwrap();
        let info = sys.sigtimedwait(both, None).await.unwrap();
        assert_eq!((info.signo, info.code, info.pid, info.status), (10, SI_QUEUE, me.0, 9));
        0
    })
    .succeeds();
}

#[test]
fn pause_ends_when_a_handler_has_run() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        signal(sys, ONE, Disposition::Catch(COUNTS)).await.unwrap();
        let child = fork(sys, async |sys| {
            until_state(sys, me, 'S').await;
            sys.kill(me, Some(ONE)).await.unwrap();
        })
        .await;
        assert_eq!(pause(sys).await, Errno::EINTR);
        assert_eq!(COUNT.load(sys).await, 1);
        join(sys, child).await;
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn signal_returns_the_previous_disposition_or_an_error() {
    program(&|sys, _| async move {
        let catch = Disposition::Catch(COUNTS);
        assert_eq!(signal(sys, ONE, catch).await, Ok(Disposition::Default));
        assert_eq!(signal(sys, ONE, Disposition::Ignore).await, Ok(catch));
        assert_eq!(signal(sys, ONE, Disposition::Default).await, Ok(Disposition::Ignore));
        assert_eq!(signal(sys, Signal::SIGKILL, catch).await, Err(Errno::EINVAL));
        signal(sys, ONE, catch).await.unwrap();
        let action = sys.sigaction(ONE, None).await.unwrap();
        assert_eq!((action.flags, action.mask), (SigActionFlags::SA_RESTART, SignalSet::empty()));
        // It stays installed.
        raise(sys, ONE).await;
        raise(sys, ONE).await;
        assert_eq!(COUNT.load(sys).await, 2);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn those_of_system_v() {
    program(&|sys, _| async move {
        let catch = Disposition::Catch(COUNTS);
        assert_eq!(sigset(sys, ONE, Some(catch)).await, Ok(Some(Disposition::Default)));
        assert_eq!(sigset(sys, ONE, None).await, Ok(Some(catch)));
        raise(sys, ONE).await;
        assert_eq!(COUNT.load(sys).await, 0);
        assert_eq!(sigpause(sys, ONE).await, Errno::EINTR);
        assert_eq!(COUNT.load(sys).await, 1);
        assert_eq!(sigset(sys, ONE, Some(catch)).await, Ok(None));
        sighold(sys, ONE).await.unwrap();
        raise(sys, ONE).await;
        assert_eq!((COUNT.load(sys).await, sys.sigpending().await), (1, set(&[ONE])));
        sigrelse(sys, ONE).await.unwrap();
        assert_eq!(COUNT.load(sys).await, 2);
        sigignore(sys, ONE).await.unwrap();
        raise(sys, ONE).await;
        assert_eq!(COUNT.load(sys).await, 2);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn abort_ends_the_process_whatever_it_does_with_sigabrt() {
    program(&|sys, _| async move {
        for action in [Action::DEFAULT, Action::IGNORE, Action::catch(COUNTS)] {
            for how in [MaskHow::SIG_BLOCK, MaskHow::SIG_UNBLOCK] {
                let child = fork(sys, async |sys| {
                    sys.sigaction(Signal::SIGABRT, Some(action)).await.unwrap();
                    sys.sigprocmask(Some((how, set(&[Signal::SIGABRT])))).await.unwrap();
                    abort(sys).await;
                })
                .await;
                ends(sys, child, signaled(Signal::SIGABRT)).await;
            }
        }
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .seeds(2)
    .succeeds();
}

#[test]
fn a_handler_on_the_alternate_stack_knows_it() {
    program(&|sys, _| async move {
        let base = map(sys, 2).await;
        let new = StackDescription { base, size: 8192, ..StackDescription::default() };
        let none = sys.sigaltstack(Some(new)).await.unwrap();
        assert_eq!(none.flags, abi::SS_DISABLE);
        for (flags, on_stack) in [(SigActionFlags::SA_ONSTACK, abi::SS_ONSTACK), (SigActionFlags::empty(), 0)] {
            sys.sigaction(ONE, Some(Action::catch(STACK).with_flags(flags))).await.unwrap();
            let point = sys.fork().await.unwrap();
            if point == userland::sys::Forked::Child {
                if flags.is_empty() {
                    return 0;
                }
                raise(sys, ONE).await;
                assert_eq!(COUNT.load(sys).await, on_stack as u64);
                // Its calls have put their data there.
                let mut bytes = [0; 4096];
                sys.load_bytes(base + 4096, &mut bytes).await;
                assert!(bytes.iter().any(|byte| *byte != 0));
                return 0;
            }
            assert_eq!(sys.wait().await.map(|(_, status)| status), Ok(WaitStatus::Exited(0)));
        }
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn handlers_stay_over_fork_and_are_reset_by_exec() {
    program(&|sys, args| async move {
        let now = sys.sigaction(ONE, None).await.unwrap();
        if args.len() > 1 {
            assert_eq!(now, Action::DEFAULT);
            assert_eq!(sys.sigprocmask(None).await, Ok(set(&[TWO])));
            assert_eq!(sys.sigpending().await, set(&[TWO]));
            return 0;
        }
        sys.sigaction(ONE, Some(Action::catch(COUNTS))).await.unwrap();
        let child = fork(sys, async |sys| {
            raise(sys, ONE).await;
            assert_eq!(COUNT.load(sys).await, 1);
            sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(&[TWO])))).await.unwrap();
            raise(sys, TWO).await;
            sys.execve(b"tested", &[b"tested", b"again"], &[]).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(COUNT.load(sys).await, 0);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn killpg_reaches_a_group() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.setpgid(Pid(0), Pid(0)).await.unwrap();
        sys.sigaction(ONE, Some(Action::catch(COUNTS))).await.unwrap();
        killpg(sys, me, Some(ONE)).await.unwrap();
        killpg(sys, Pid(0), Some(ONE)).await.unwrap();
        assert_eq!(COUNT.load(sys).await, 2);
        assert_eq!(killpg(sys, Pid(-2), None).await, Err(Errno::EINVAL));
        assert_eq!(killpg(sys, Pid(999), None).await, Err(Errno::ESRCH));
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn psignal_writes_the_text_of_a_signal() {
    let run = program(&|sys, _| async move {
        psignal(sys, Signal::SIGSEGV, "oh").await;
        psignal(sys, Signal::SIGINT, "").await;
        0
    })
    .run();
    assert_eq!(String::from_utf8_lossy(&run.succeeds().err), "oh: Segmentation fault\nInterrupt\n");
}
