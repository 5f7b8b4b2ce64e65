//! `kill(2)`: whom it reaches, who may, and what the signals do for which no handler is needed.

use abi::{DefaultAction, Errno, Pid, Signal, SignalNumber, WaitStatus};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::Sys;
use userland::sys::Action;

/// A child that does nothing for ever.
async fn sleeper(sys: Sys) -> Pid {
    fork(sys, async |sys| {
        loop {
            sys.compute(1_000_000).await;
        }
    })
    .await
}

/// A child of this user that does nothing for ever, when it has become so.
async fn sleeper_of(sys: Sys, uid: u32) -> Pid {
    let (read, write) = sys.pipe().await.unwrap();
    let child = fork(sys, async |sys| {
        sys.setuid(uid).await.unwrap();
        sys.close(read).await.unwrap();
        sys.close(write).await.unwrap();
        loop {
            sys.compute(1_000_000).await;
        }
    })
    .await;
    sys.close(write).await.unwrap();
    assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
    sys.close(read).await.unwrap();
    child
}

async fn end(sys: Sys, child: Pid) {
    sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
    ends(sys, child, signaled(Signal::SIGKILL)).await;
}

#[test]
fn every_signal_does_by_default_what_signal_7_says() {
    program(&|sys, _| async move {
        for signal in (1..=64).filter_map(Signal::new) {
            let child = sleeper(sys).await;
            sys.kill(child, Some(signal)).await.unwrap();
            match signal.default_action() {
                DefaultAction::Terminate | DefaultAction::Core => ends(sys, child, signaled(signal)).await,
                // A group with nobody outside who could continue it isn't stopped from a terminal, so only SIGSTOP is
                // sure to stop; the others are tested with groups.
                DefaultAction::Stop if signal == Signal::SIGSTOP => {
                    until_state(sys, child, 'T').await;
                    end(sys, child).await;
                }
                _ => {
                    sys.compute(20_000).await;
                    end(sys, child).await;
                }
            }
        }
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn an_ignored_signal_does_nothing_and_stays_ignored_over_fork_and_exec() {
    program(&|sys, args| async move {
        let me = sys.getpid().await;
        if args.len() == 1 {
            sys.sigaction(Signal::SIGTERM, Some(Action::IGNORE)).await.unwrap();
            let child = fork(sys, async |sys| {
                sys.execve(b"tested", &[b"tested", b"again"], &[]).await;
            })
            .await;
            ends(sys, child, WaitStatus::Exited(5)).await;
        }
        sys.kill(me, Some(Signal::SIGTERM)).await.unwrap();
        if args.len() == 1 { 0 } else { 5 }
    })
    .succeeds();
}

#[test]
fn sigkill_and_sigstop_can_be_neither_ignored_nor_set() {
    program(&|sys, _| async move {
        for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
            for action in [Action::IGNORE, Action::DEFAULT] {
                assert_eq!(sys.sigaction(signal, Some(action)).await, Err(Errno::EINVAL));
            }
            assert_eq!(sys.sigaction(signal, None).await, Ok(Action::DEFAULT));
        }
        0
    })
    .succeeds();
}

#[test]
fn numbers_that_are_no_signals_or_nobody() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let kill = async |pid, signal| sys.raw().kill(Pid(pid), SignalNumber(signal)).await;
        for signal in [-1, 65, 1000, i32::MAX, i32::MIN] {
            assert_eq!(kill(me.0, signal).await, Err(Errno::EINVAL));
        }
        for nobody in [30_000, -30_000, i32::MAX, i32::MIN, i32::MIN + 1] {
            assert_eq!(kill(nobody, 0).await, Err(Errno::ESRCH));
            // Whom it is for is looked at first.
            assert_eq!(kill(nobody, 65).await, Err(Errno::ESRCH));
        }
        assert_eq!(kill(me.0, 0).await, Ok(0));
        0
    })
    .succeeds();
}

#[test]
fn a_zombie_can_be_signalled_until_it_is_reaped() {
    program(&|sys, _| async move {
        let child = fork(sys, async |_| ()).await;
        until_state(sys, child, 'Z').await;
        assert_eq!(sys.kill(child, None).await, Ok(()));
        assert_eq!(sys.kill(child, Some(Signal::SIGKILL)).await, Ok(()));
        join(sys, child).await;
        assert_eq!(sys.kill(child, None).await, Err(Errno::ESRCH));
        0
    })
    .succeeds();
}

#[test]
fn a_group_gets_it_as_a_whole() {
    program(&|sys, _| async move {
        let leader = sleeper(sys).await;
        sys.setpgid(leader, leader).await.unwrap();
        let member = sleeper(sys).await;
        sys.setpgid(member, leader).await.unwrap();
        let other = sleeper(sys).await;
        sys.kill(Pid(-leader.0), Some(Signal::SIGTERM)).await.unwrap();
        ends(sys, leader, signaled(Signal::SIGTERM)).await;
        ends(sys, member, signaled(Signal::SIGTERM)).await;
        assert_eq!(sys.kill(Pid(-leader.0), None).await, Err(Errno::ESRCH));
        assert_eq!(sys.kill(other, None).await, Ok(()));
        end(sys, other).await;
        0
    })
    .succeeds();
}

#[test]
fn zero_is_the_caller_s_own_group_and_the_caller_with_it() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.setpgid(Pid(0), Pid(0)).await.unwrap();
            sleeper(sys).await;
            sys.kill(Pid(0), Some(Signal::SIGUSR1)).await.unwrap();
            panic!("it was hit, too");
        })
        .await;
        ends(sys, child, signaled(Signal::SIGUSR1)).await;
        0
    })
    .succeeds();
}

#[test]
fn minus_one_is_everyone_but_pid_1_and_the_caller() {
    program(&|sys, _| async move {
        let (one, two) = (sleeper(sys).await, sleeper(sys).await);
        sys.kill(Pid(-1), Some(Signal::SIGTERM)).await.unwrap();
        ends(sys, one, signaled(Signal::SIGTERM)).await;
        ends(sys, two, signaled(Signal::SIGTERM)).await;
        assert_eq!(sys.kill(Pid(1), None).await, Ok(()));
        assert_eq!(sys.kill(Pid(-1), None).await, Err(Errno::ESRCH));
        0
    })
    .succeeds();
}

/// PID 1 and the caller aside. That some may not be signalled is no failure here.
#[test]
fn everyone_that_the_caller_may_signal_and_nobody_else() {
    program(&|sys, _| async move {
        let (same, other) = (sleeper_of(sys, 1000).await, sleeper_of(sys, 1001).await);
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.kill(Pid(-1), Some(Signal::SIGTERM)).await, Ok(()));
        })
        .await;
        join(sys, child).await;
        ends(sys, same, signaled(Signal::SIGTERM)).await;
        assert_eq!(sys.waitpid(other, abi::WaitOptions::WNOHANG).await, Ok(None));
        end(sys, other).await;
        0
    })
    .succeeds();
}

#[test]
fn the_privileged_may_signal_anyone() {
    program(&|sys, _| async move {
        let target = sleeper_of(sys, 1000).await;
        let child = fork(sys, async |sys| {
            // Privilege is the effective user's.
            sys.setresuid(1001, 0, 1001).await.unwrap();
            assert_eq!(sys.kill(target, Some(Signal::SIGTERM)).await, Ok(()));
        })
        .await;
        join(sys, child).await;
        ends(sys, target, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn without_privilege_only_processes_of_the_same_user_can_be_signalled() {
    program(&|sys, _| async move {
        let (same, other) = (sleeper_of(sys, 1000).await, sleeper_of(sys, 1001).await);
        let me = sys.getpid().await;
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            for stranger in [other, me, Pid(1)] {
                assert_eq!(sys.kill(stranger, None).await, Err(Errno::EPERM));
                assert_eq!(sys.kill(stranger, Some(Signal::SIGTERM)).await, Err(Errno::EPERM));
                assert_eq!(sys.raw().kill(stranger, SignalNumber(65)).await, Err(Errno::EINVAL));
            }
            // Whoever is of the same session may be continued.
            assert_eq!(sys.kill(other, Some(Signal::SIGCONT)).await, Ok(()));
            assert_eq!(sys.kill(same, Some(Signal::SIGTERM)).await, Ok(()));
            sys.setsid().await.unwrap();
            assert_eq!(sys.kill(other, Some(Signal::SIGCONT)).await, Err(Errno::EPERM));
        })
        .await;
        join(sys, child).await;
        ends(sys, same, signaled(Signal::SIGTERM)).await;
        end(sys, other).await;
        0
    })
    .succeeds();
}

#[test]
fn a_group_is_signalled_as_far_as_the_caller_may() {
    program(&|sys, _| async move {
        let (mine, other) = (sleeper_of(sys, 1000).await, sleeper_of(sys, 1001).await);
        sys.setpgid(mine, mine).await.unwrap();
        sys.setpgid(other, mine).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.kill(Pid(-mine.0), Some(Signal::SIGTERM)).await, Ok(()));
        })
        .await;
        join(sys, child).await;
        ends(sys, mine, signaled(Signal::SIGTERM)).await;
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.kill(Pid(-mine.0), Some(Signal::SIGTERM)).await, Err(Errno::EPERM));
        })
        .await;
        join(sys, child).await;
        end(sys, other).await;
        0
    })
    .succeeds();
}

#[test]
fn the_real_and_the_saved_user_of_the_target_count() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        // Real 1000, effective 1001, saved 1002.
        let target = fork(sys, async |sys| {
            sys.setresuid(1000, 1001, 1002).await.unwrap();
            sys.close(write).await.unwrap();
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        sys.close(write).await.unwrap();
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        for (uid, expected) in [(1000, Ok(())), (1001, Err(Errno::EPERM)), (1002, Ok(()))] {
            let child = fork(sys, async |sys| {
                sys.setuid(uid).await.unwrap();
                assert_eq!(sys.kill(target, None).await, expected, "{uid}");
            })
            .await;
            join(sys, child).await;
        }
        end(sys, target).await;
        0
    })
    .succeeds();
}

#[test]
fn the_real_and_the_effective_user_of_the_sender_count() {
    program(&|sys, _| async move {
        let target = sleeper_of(sys, 1000).await;
        for (ids, expected) in
            [((1000, 1001, 1002), Ok(())), ((1001, 1000, 1002), Ok(())), ((1001, 1002, 1000), Err(Errno::EPERM))]
        {
            let child = fork(sys, async |sys| {
                sys.setresuid(ids.0, ids.1, ids.2).await.unwrap();
                assert_eq!(sys.kill(target, None).await, expected, "{ids:?}");
            })
            .await;
            join(sys, child).await;
        }
        end(sys, target).await;
        0
    })
    .succeeds();
}

#[test]
fn whoever_is_blocked_is_ended_at_once() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let reader = fork(sys, async |sys| {
            let _ = sys.read(read, &mut [0]).await;
        })
        .await;
        let writer = fork(sys, async |sys| {
            let (_read, write) = sys.pipe().await.unwrap();
            let _ = sys.write(write, &[0; 100_000]).await;
        })
        .await;
        let waiter = fork(sys, async |sys| {
            let child = sleeper(sys).await;
            sys.setpgid(child, child).await.unwrap();
            let _ = sys.wait().await;
        })
        .await;
        let napper = fork(sys, async |sys| {
            let _ = sys.nanosleep(abi::Timespec { sec: 1_000_000, nsec: 0 }).await;
        })
        .await;
        for child in [reader, writer, waiter, napper] {
            until_state(sys, child, 'S').await;
            sys.kill(child, Some(Signal::SIGINT)).await.unwrap();
            ends(sys, child, signaled(Signal::SIGINT)).await;
        }
        // The one that the waiter left behind.
        let left = sys.processes().await.unwrap().into_iter().find(|process| process.ppid == 1 && process.pid > 3);
        sys.kill(Pid(left.unwrap().pid), Some(Signal::SIGKILL)).await.unwrap();
        sys.close(write).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_signal_to_oneself_acts_before_the_call_returns() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let me = sys.getpid().await;
            sys.kill(me, Some(Signal::SIGTERM)).await.unwrap();
            sys.exit(1).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn faults_end_with_their_signals() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| sys.illegal_instruction().await).await;
        ends(sys, child, signaled(Signal::SIGILL)).await;
        let child = fork(sys, async |sys| {
            sys.divide(1, 0).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGFPE)).await;
        let child = fork(sys, async |sys| {
            sys.load::<u8>(0).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        assert_eq!(sys.divide(7, 2).await, 3);
        0
    })
    .succeeds();
}

/// As on x86-64, where the quotient doesn't fit.
#[test]
fn the_most_negative_number_by_minus_one_is_a_fault_too() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.divide(i64::MIN, -1).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGFPE)).await;
        assert_eq!((sys.divide(i64::MIN, 1).await, sys.divide(-7, -1).await), (i64::MIN, 7));
        0
    })
    .succeeds();
}

#[test]
fn an_ignored_fault_ends_the_process_nevertheless() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.sigaction(Signal::SIGSEGV, Some(Action::IGNORE)).await.unwrap();
            sys.store(0, 1u8).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        0
    })
    .succeeds();
}
