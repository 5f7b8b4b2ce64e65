//! Bugs that the other tests of this folder have found, each with the shortest program that showed it.

use abi::{OpenFlags, Signal, SignalNumber, Timespec, WaitOptions, WaitStatus};
use harness::{ends, fork, join, program, signaled};
use sim::Outcome;
use userland::sys::Notify;

/// The clock jumped to the end of time, and the kernel's arithmetic overflowed. Found by `storm.rs`.
#[test]
fn a_sleep_without_end_is_one() {
    let run = program(&|sys, _| async move {
        for (sec, nsec) in [(i64::MAX, 999_999_999), (1 << 44, 0)] {
            fork(sys, async move |sys| assert!(sys.nanosleep(Timespec { sec, nsec }).await.is_err())).await;
        }
        // Who wakes up after a year, or ten thousand, isn't held up by them.
        for years in [1, 10_000] {
            let sleep = sys.nanosleep(Timespec { sec: years * 31_557_600, nsec: 0 });
            assert_eq!(sleep.await, Ok(()));
        }
        0
    })
    .run();
    assert!(matches!(run.outcome, Some(Outcome::Deadlock(_))), "{:?}", run.outcome);
    assert_eq!(run.world.kernel.now_us() / 31_557_600_000_000, 10_001);
}

/// It was still marked as woken, which only the ready and the running are. Found by `storm.rs`.
#[test]
fn a_sleeper_whose_time_has_come_is_stopped_before_it_runs() {
    program(&|sys, _| async move {
        let sleeper = fork(sys, async |sys| {
            let _ = sys.nanosleep(Timespec::from_us(50)).await;
        })
        .await;
        sys.nanosleep(Timespec::from_us(20)).await.expect("nobody interrupts it");
        // The timer fires in the middle of this, and the sleeper is ready when it is stopped.
        sys.compute(100).await;
        sys.kill(sleeper, Some(Signal::SIGSTOP)).await.expect("it is mine");
        let stopped = sys.waitpid(sleeper, WaitOptions::WUNTRACED).await;
        assert_eq!(stopped, Ok(Some((sleeper, WaitStatus::Stopped(Signal::SIGSTOP)))));
        sys.kill(sleeper, Some(Signal::SIGCONT)).await.expect("it is mine");
        join(sys, sleeper).await;
        0
    })
    .seeds(0)
    .succeeds();
}

/// A stop that was meant for the thread came before the SIGKILL that was meant for the process, and nothing could wake it any
/// more. Found by `storm.rs`.
#[test]
fn nothing_comes_before_a_sigkill() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let _ = sys.nanosleep(Timespec::from_us(50)).await;
        })
        .await;
        let stop = SignalNumber(Signal::SIGSTOP.number().into());
        sys.raw().tgkill(child, child, stop).await.expect("it is mine");
        sys.kill(child, Some(Signal::SIGKILL)).await.expect("it is mine");
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .seeds(0)
    .succeeds();
}

/// What was staged for the call before, by whomever, was taken for a part of this one. Found by `killed.rs`.
#[test]
fn asking_not_to_be_told_depends_on_no_other_call() {
    let count = program(&|sys, _| async move {
        let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
        let queue = sys.mq_open(b"/told", flags, 0o600, None).await.expect("the name is free");
        sys.mq_unlink(b"/told").await.expect("it is there");
        let child = fork(sys, async |sys| sys.set_name("another").await.expect("it is short")).await;
        sys.mq_notify(queue, Some(Notify::Signal(Signal::SIGUSR1, 1))).await.expect("nobody else asks");
        sys.mq_notify(queue, None).await.expect("it may be taken back");
        join(sys, child).await;
        0
    })
    .placed_everywhere(|run| {
        run.succeeds();
    });
    assert!(count > 20, "{count} runs");
}
