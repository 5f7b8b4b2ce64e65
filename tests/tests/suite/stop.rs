//! Stopping and continuing (`signal(7)`): a stopped process does nothing at all until it is continued or killed.

use abi::{Errno, Pid, Signal, WaitOptions, WaitStatus};
use harness::{ends, fork, join, map_shared, program, signaled, until_state};
use userland::Sys;
use userland::sys::Action;

/// A child that counts in shared memory for ever.
async fn counter(sys: Sys, page: u64) -> Pid {
    fork(sys, async |sys| {
        loop {
            let count = sys.load::<u64>(page).await;
            sys.store(page, count + 1).await;
            sys.sched_yield().await;
        }
    })
    .await
}

async fn send(sys: Sys, pid: Pid, signal: Signal) {
    sys.kill(pid, Some(signal)).await.unwrap();
}

async fn stop(sys: Sys, pid: Pid) {
    send(sys, pid, Signal::SIGSTOP).await;
    let stopped = Ok(Some((pid, WaitStatus::Stopped(Signal::SIGSTOP))));
    assert_eq!(sys.waitpid(pid, WaitOptions::WUNTRACED).await, stopped);
}

#[test]
fn a_stopped_process_does_nothing_until_it_is_continued() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let child = counter(sys, page).await;
        while sys.load::<u64>(page).await < 3 {
            sys.sched_yield().await;
        }
        stop(sys, child).await;
        let count = sys.load::<u64>(page).await;
        sys.compute(100_000).await;
        assert_eq!(sys.load::<u64>(page).await, count);
        send(sys, child, Signal::SIGCONT).await;
        while sys.load::<u64>(page).await < count + 3 {
            sys.sched_yield().await;
        }
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn sigkill_ends_a_stopped_process_and_others_wait_for_sigcont() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let child = counter(sys, page).await;
        stop(sys, child).await;
        send(sys, child, Signal::SIGTERM).await;
        sys.compute(50_000).await;
        assert_eq!(sys.waitpid(child, WaitOptions::WNOHANG).await, Ok(None));
        send(sys, child, Signal::SIGCONT).await;
        ends(sys, child, signaled(Signal::SIGTERM)).await;

        let child = counter(sys, page).await;
        stop(sys, child).await;
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_blocked_call_goes_on_after_sigcont() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            let mut bytes = [0; 4];
            assert_eq!(sys.read(read, &mut bytes).await, Ok(2));
            assert_eq!(&bytes[..2], b"ab");
        })
        .await;
        until_state(sys, child, 'S').await;
        stop(sys, child).await;
        sys.write(write, b"ab").await.unwrap();
        sys.compute(50_000).await;
        assert_eq!(sys.waitpid(child, WaitOptions::WNOHANG).await, Ok(None));
        send(sys, child, Signal::SIGCONT).await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn what_a_stopped_reader_does_not_take_another_does() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let mut readers = Vec::new();
        for _ in 0..2 {
            let reader = fork(sys, async |sys| {
                sys.read(read, &mut [0]).await.unwrap();
            })
            .await;
            until_state(sys, reader, 'S').await;
            readers.push(reader);
        }
        stop(sys, readers[0]).await;
        sys.write(write, b"x").await.unwrap();
        join(sys, readers[1]).await;
        send(sys, readers[0], Signal::SIGCONT).await;
        sys.write(write, b"x").await.unwrap();
        join(sys, readers[0]).await;
        0
    })
    .succeeds();
}

#[test]
fn a_sleep_ends_at_its_time_whether_stopped_meanwhile_or_not() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.nanosleep(abi::Timespec::from_us(10_000)).await.unwrap();
        })
        .await;
        until_state(sys, child, 'S').await;
        stop(sys, child).await;
        sys.compute(50_000).await;
        let before = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
        send(sys, child, Signal::SIGCONT).await;
        join(sys, child).await;
        let after = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
        // Its time was over long ago.
        assert!(after - before < 10_000, "{before} {after}");
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn sigcont_takes_back_a_stop_that_has_not_happened_and_a_stop_takes_back_sigcont() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let child = counter(sys, page).await;
        stop(sys, child).await;
        // While it is stopped, SIGTSTP stays pending, and SIGCONT removes it.
        send(sys, child, Signal::SIGTSTP).await;
        send(sys, child, Signal::SIGCONT).await;
        let count = sys.load::<u64>(page).await;
        while sys.load::<u64>(page).await < count + 3 {
            sys.sched_yield().await;
        }
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn an_ignored_sigcont_continues_nevertheless() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        sys.sigaction(Signal::SIGCONT, Some(Action::IGNORE)).await.unwrap();
        let child = counter(sys, page).await;
        stop(sys, child).await;
        let count = sys.load::<u64>(page).await;
        send(sys, child, Signal::SIGCONT).await;
        while sys.load::<u64>(page).await == count {
            sys.sched_yield().await;
        }
        send(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn the_terminal_s_stop_signals_stop_a_group_that_somebody_can_continue() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        for signal in [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU] {
            // Its parent is of the same session and in another group.
            let child = counter(sys, page).await;
            sys.setpgid(child, child).await.unwrap();
            send(sys, child, signal).await;
            let stopped = Ok(Some((child, WaitStatus::Stopped(signal))));
            assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
            send(sys, child, Signal::SIGKILL).await;
            ends(sys, child, signaled(Signal::SIGKILL)).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn they_do_not_stop_an_orphaned_group() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let child = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let child = counter(sys, page).await;
            send(sys, child, Signal::SIGTSTP).await;
            let count = sys.load::<u64>(page).await;
            while sys.load::<u64>(page).await < count + 3 {
                sys.sched_yield().await;
            }
            send(sys, child, Signal::SIGKILL).await;
            ends(sys, child, signaled(Signal::SIGKILL)).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

/// One member with a parent in another group of the session is enough, and it needn't be who is to be stopped.
#[test]
fn a_parent_in_another_group_of_the_session_keeps_a_group_from_being_orphaned() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let session = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let linked = fork(sys, async |sys| {
                sys.setpgid(Pid(0), Pid(0)).await.unwrap();
                // Its parent is of the same group.
                let child = counter(sys, page).await;
                send(sys, child, Signal::SIGTSTP).await;
                let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGTSTP))));
                assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
                send(sys, child, Signal::SIGKILL).await;
                ends(sys, child, signaled(Signal::SIGKILL)).await;
            })
            .await;
            join(sys, linked).await;
        })
        .await;
        join(sys, session).await;
        0
    })
    .succeeds();
}

/// `_exit(2)`: when the exit of a process orphans a group with stopped members, they get SIGHUP and SIGCONT.
#[test]
fn a_stopped_group_that_becomes_orphaned_is_hung_up_and_continued() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let page = map_shared(sys, 1).await;
        let session = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let child = counter(sys, page).await;
            sys.setpgid(child, child).await.unwrap();
            sys.store(page + 8, child.0).await;
            stop(sys, child).await;
        })
        .await;
        join(sys, session).await;
        let child = Pid(sys.load::<i32>(page + 8).await);
        ends(sys, child, signaled(Signal::SIGHUP)).await;
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn a_stopped_parent_gets_its_zombie_afterwards() {
    program(&|sys, _| async move {
        let parent = fork(sys, async |sys| {
            let child = fork(sys, async |sys| sys.compute(20_000).await).await;
            join(sys, child).await;
        })
        .await;
        until_state(sys, parent, 'S').await;
        stop(sys, parent).await;
        sys.compute(100_000).await;
        send(sys, parent, Signal::SIGCONT).await;
        join(sys, parent).await;
        0
    })
    .succeeds();
}
