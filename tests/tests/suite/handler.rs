//! Signal handlers of native programs: when they run, what they interrupt, and how that goes on.

use abi::{Errno, Fd, SigActionFlags, SigInfo, Signal, SignalSet, WaitStatus};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::Action;
use userland::{Sys, handlers, print};

handlers! { HANDLERS:
    ON_ANY = on_any;
    RAISES_NEXT = raises_next;
    FORKS = forks;
    LEAVES = leaves;
    BREAKS = breaks;
    READS = reads;
}

async fn on_any(sys: Sys, info: SigInfo) {
    print!(sys, "[{} from {}]", info.signo, info.pid).await;
}

/// Sends itself the signal with the next number, and says when it begins and ends.
async fn raises_next(sys: Sys, info: SigInfo) {
    print!(sys, "<{}", info.signo).await;
    if info.signo < 12 {
        let me = sys.getpid().await;
        sys.kill(me, Signal::new(i64::from(info.signo) + 1)).await.unwrap();
    }
    print!(sys, ">").await;
}

async fn forks(sys: Sys, _: SigInfo) {
    let child = fork(sys, async |sys| print!(sys, "child ").await).await;
    join(sys, child).await;
    // This child returns from the handler, and goes on where its parent was interrupted.
    let _ = sys.fork().await;
}

async fn leaves(sys: Sys, _: SigInfo) {
    sys.exit(7).await;
}

async fn breaks(_: Sys, _: SigInfo) {
    panic!("as it is meant to");
}

/// Uses the same place of the stack as what it interrupts, and more of it.
async fn reads(sys: Sys, _: SigInfo) {
    let (read, write) = sys.pipe().await.unwrap();
    sys.write(write, &[b'x'; 64]).await.unwrap();
    let mut bytes = [0; 64];
    assert_eq!(sys.read(read, &mut bytes).await, Ok(64));
    assert_eq!(bytes, [b'x'; 64]);
    sys.close(read).await.unwrap();
    sys.close(write).await.unwrap();
}

#[test]
fn a_handler_runs_before_kill_returns_to_oneself() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ON_ANY))).await.unwrap();
        print!(sys, "before ").await;
        assert_eq!(sys.kill(me, Some(Signal::SIGUSR1)).await, Ok(()));
        print!(sys, " after").await;
        assert_eq!(sys.sigaction(Signal::SIGUSR1, None).await, Ok(Action::catch(ON_ANY)));
        0
    })
    .handlers(HANDLERS)
    .prints("before [10 from 3] after");
}

#[test]
fn handlers_nest() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        for signal in 9..=12 {
            if let Some(signal) = Signal::new(signal).filter(|signal| *signal != Signal::SIGKILL) {
                sys.sigaction(signal, Some(Action::catch(RAISES_NEXT))).await.unwrap();
            }
        }
        sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
        print!(sys, ".").await;
        0
    })
    .handlers(HANDLERS)
    .prints("<10<11<12>>>.");
}

#[test]
fn an_interrupted_read_is_eintr_or_starts_again() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        for (flags, expected) in [(SigActionFlags::empty(), Err(Errno::EINTR)), (SigActionFlags::SA_RESTART, Ok(4))] {
            sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ON_ANY).with_flags(flags))).await.unwrap();
            let (read, write) = sys.pipe().await.unwrap();
            let child = fork(sys, async |sys| {
                until_state(sys, me, 'S').await;
                sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
                until_state(sys, me, 'S').await;
                sys.write(write, b"data").await.unwrap();
            })
            .await;
            let mut bytes = [0; 8];
            assert_eq!(sys.read(read, &mut bytes).await, expected);
            assert_eq!(&bytes[..4], if expected.is_ok() { b"data" } else { &[0; 4] });
            sys.waitpid(child, abi::WaitOptions::empty()).await.unwrap();
            sys.close(read).await.unwrap();
            sys.close(write).await.unwrap();
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn data_that_was_read_survives_a_handler() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(READS))).await.unwrap();
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            for _ in 0..20 {
                sys.write(write, b"data").await.unwrap();
                sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
            }
        })
        .await;
        sys.close(write).await.unwrap();
        let mut all = Vec::new();
        loop {
            let mut bytes = [0; 64];
            match sys.read(read, &mut bytes).await {
                Ok(0) => break,
                Ok(count) => all.extend_from_slice(&bytes[..count]),
                Err(errno) => assert_eq!(errno, Errno::EINTR),
            }
        }
        assert_eq!(all, b"data".repeat(20));
        while sys.waitpid(child, abi::WaitOptions::empty()).await == Err(Errno::EINTR) {}
        0
    })
    .handlers(HANDLERS)
    .seeds(40)
    .succeeds();
}

#[test]
fn a_child_of_a_handler_returns_from_it_too() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(FORKS))).await.unwrap();
        sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
        if sys.getpid().await != me {
            print!(sys, "twin ").await;
            return 3;
        }
        let (_, status) = sys.wait().await.unwrap();
        assert_eq!(status, WaitStatus::Exited(3));
        print!(sys, "parent").await;
        0
    })
    .handlers(HANDLERS)
    .prints("child twin parent");
}

#[test]
fn a_handler_may_end_the_process() {
    program(&|sys, _| async move {
        for (handler, status) in [(LEAVES, WaitStatus::Exited(7)), (BREAKS, signaled(Signal::SIGABRT))] {
            let child = fork(sys, async |sys| {
                let me = sys.getpid().await;
                sys.sigaction(Signal::SIGUSR1, Some(Action::catch(handler))).await.unwrap();
                sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
            })
            .await;
            ends(sys, child, status).await;
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn a_wrong_handler_is_sigsegv() {
    program(&|sys, _| async move {
        for address in [2, abi::TEXT_START + 1, abi::TEXT_START + 1600, 0x5000_0000, u64::MAX] {
            let child = fork(sys, async |sys| {
                let me = sys.getpid().await;
                let wrong = userland::handler::HandlerAddress(address);
                sys.sigaction(Signal::SIGUSR1, Some(Action::catch(wrong))).await.unwrap();
                sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
            })
            .await;
            ends(sys, child, signaled(Signal::SIGSEGV)).await;
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn the_mask_is_as_before_when_the_handler_has_returned() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let mask = SignalSet::of(Signal::SIGUSR2);
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ON_ANY).with_mask(mask))).await.unwrap();
        for _ in 0..2 {
            sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
            let list = sys.processes().await.unwrap();
            let blocked = list.iter().find(|process| process.pid == me.0).map(|process| process.blocked);
            assert_eq!(blocked, Some(SignalSet::empty()));
        }
        sys.write(Fd(1), b".").await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .prints("[10 from 3][10 from 3].");
}
