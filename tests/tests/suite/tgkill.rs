//! `tgkill(2)`: to one thread. Each process has one, with its own number.

use abi::{Errno, Pid, SI_TKILL, Signal, SignalNumber};
use harness::signals::{accept, block};
use harness::{ends, fork, join, program, signaled, until_state};

#[test]
fn it_sends_to_the_one_thread_of_a_process() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        assert_eq!(sys.tgkill(child, child, None).await, Ok(()));
        assert_eq!(sys.tgkill(child, child, Some(Signal::SIGTERM)).await, Ok(()));
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        assert_eq!(sys.tgkill(child, child, None).await, Err(Errno::ESRCH));
        0
    })
    .succeeds();
}

#[test]
fn what_it_refuses() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        for (pid, tid) in [(0, me.0), (me.0, 0), (-1, me.0), (me.0, -1)] {
            assert_eq!(sys.tgkill(Pid(pid), Pid(tid), None).await, Err(Errno::EINVAL), "{pid} {tid}");
        }
        for (pid, tid) in [(1, me.0), (me.0, 1), (30_000, 30_000)] {
            assert_eq!(sys.tgkill(Pid(pid), Pid(tid), None).await, Err(Errno::ESRCH), "{pid} {tid}");
        }
        assert_eq!(sys.raw().tgkill(me, me, SignalNumber(65)).await, Err(Errno::EINVAL));
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.tgkill(me, me, None).await, Err(Errno::EPERM));
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_zombie_has_one_that_can_be_named() {
    program(&|sys, _| async move {
        let child = fork(sys, async |_| ()).await;
        until_state(sys, child, 'Z').await;
        assert_eq!(sys.tgkill(child, child, Some(Signal::SIGTERM)).await, Ok(()));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn details_say_tkill_and_who() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.setresuid(1000, 0, 0).await.unwrap();
        block(sys, [Signal::SIGUSR1]).await;
        sys.tgkill(me, me, Some(Signal::SIGUSR1)).await.unwrap();
        let info = accept(sys, [Signal::SIGUSR1]).await.unwrap();
        // The user is the real one.
        assert_eq!((info.code, info.pid, info.uid), (SI_TKILL, me.0, 1000));
        0
    })
    .succeeds();
}
