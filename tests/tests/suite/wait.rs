//! `wait4(2)` and `waitid(2)`: each option, each target, each status.

use abi::{CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, Errno, IdType, Pid, Signal, WaitOptions, WaitStatus};
use harness::{ends, fork, join, map_shared, program, signaled, until_state};
use userland::Sys;
use userland::sys::Action;

const NOTHING: WaitOptions = WaitOptions::empty();
const WNOHANG: WaitOptions = WaitOptions::WNOHANG;
const WUNTRACED: WaitOptions = WaitOptions::WUNTRACED;
const WCONTINUED: WaitOptions = WaitOptions::WCONTINUED;
const WEXITED: WaitOptions = WaitOptions::WEXITED;
const WNOWAIT: WaitOptions = WaitOptions::WNOWAIT;

/// A child that does nothing for ever.
async fn sleeper(sys: Sys) -> Pid {
    fork(sys, async |sys| {
        loop {
            sys.compute(1_000_000).await;
        }
    })
    .await
}

async fn kill(sys: Sys, pid: Pid, signal: Signal) {
    sys.kill(pid, Some(signal)).await.unwrap();
}

#[test]
fn an_exit_status_has_eight_bits() {
    program(&|sys, _| async move {
        for (status, seen) in [(0, 0), (1, 1), (255, 255), (256, 0), (300, 44), (-1, 255), (i32::MIN, 0)] {
            let child = fork(sys, async |sys| match sys.exit(status).await {}).await;
            ends(sys, child, WaitStatus::Exited(seen)).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn a_process_that_returns_exits_with_what_it_returns() {
    program(&|_, _| async { 77 }).exits(77);
}

#[test]
fn options_and_targets_that_make_no_sense() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        for options in [WNOWAIT, WEXITED, WaitOptions::from_bits_retain(16), WaitOptions::from_bits_retain(0x8000)] {
            assert_eq!(sys.waitpid(Pid(-1), options | WNOHANG).await, Err(Errno::EINVAL), "{options:?}");
        }
        assert_eq!(sys.waitpid(Pid(i32::MIN), WNOHANG).await, Err(Errno::ESRCH));
        for options in [WNOHANG, WNOWAIT, NOTHING, WEXITED | WaitOptions::from_bits_retain(16)] {
            assert_eq!(sys.waitid(IdType::P_ALL, Pid(0), options).await, Err(Errno::EINVAL), "{options:?}");
        }
        for (kind, id) in [(IdType::P_PID, 0), (IdType::P_PID, -5), (IdType::P_PGID, -3), (IdType(7), 0)] {
            assert_eq!(sys.waitid(kind, Pid(id), WEXITED | WNOHANG).await, Err(Errno::EINVAL), "{kind:?} {id}");
        }
        kill(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn only_one_s_own_children_count() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let child = sleeper(sys).await;
        let nephew = fork(sys, async |sys| {
            assert_eq!(sys.waitpid(child, WNOHANG).await, Err(Errno::ECHILD));
            assert_eq!(sys.waitpid(me, WNOHANG).await, Err(Errno::ECHILD));
            assert_eq!(sys.waitpid(Pid(-1), NOTHING).await, Err(Errno::ECHILD));
            assert_eq!(sys.waitpid(Pid(0), NOTHING).await, Err(Errno::ECHILD));
            assert_eq!(sys.waitid(IdType::P_PGID, Pid(0), WEXITED).await, Err(Errno::ECHILD));
        })
        .await;
        join(sys, nephew).await;
        for stranger in [1, me.0, nephew.0, 30_000, i32::MAX] {
            assert_eq!(sys.waitpid(Pid(stranger), NOTHING).await, Err(Errno::ECHILD), "{stranger}");
            assert_eq!(sys.waitid(IdType::P_PID, Pid(stranger), WEXITED).await, Err(Errno::ECHILD), "{stranger}");
        }
        assert_eq!(sys.waitpid(Pid(-30_000), NOTHING).await, Err(Errno::ECHILD));
        assert_eq!(sys.waitid(IdType::P_PGID, Pid(30_000), WEXITED).await, Err(Errno::ECHILD));
        kill(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_pid_waits_for_that_child_alone() {
    program(&|sys, _| async move {
        let first = fork(sys, async |_| ()).await;
        let second = fork(sys, async |sys| match sys.exit(2).await {}).await;
        until_state(sys, first, 'Z').await;
        ends(sys, second, WaitStatus::Exited(2)).await;
        ends(sys, first, WaitStatus::Exited(0)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_group_waits_for_its_members_alone() {
    program(&|sys, _| async move {
        let own = fork(sys, async |sys| match sys.exit(1).await {}).await;
        let leader = sleeper(sys).await;
        sys.setpgid(leader, leader).await.unwrap();
        assert_eq!(sys.waitpid(Pid(-leader.0), WNOHANG).await, Ok(None));
        until_state(sys, own, 'Z').await;
        assert_eq!(sys.waitpid(Pid(-leader.0), WNOHANG).await, Ok(None));
        assert_eq!(sys.waitpid(Pid(0), NOTHING).await, Ok(Some((own, WaitStatus::Exited(1)))));
        assert_eq!(sys.waitpid(Pid(0), NOTHING).await, Err(Errno::ECHILD));
        kill(sys, Pid(-leader.0), Signal::SIGTERM).await;
        let info = sys.waitid(IdType::P_PGID, leader, WEXITED).await.unwrap().unwrap();
        assert_eq!((info.pid, info.code, info.status), (leader.0, CLD_KILLED, 15));
        0
    })
    .succeeds();
}

#[test]
fn the_caller_s_group_is_the_one_at_the_time_of_the_call() {
    program(&|sys, _| async move {
        let child = fork(sys, async |_| ()).await;
        sys.setpgid(Pid(0), Pid(0)).await.unwrap();
        assert_eq!(sys.waitpid(Pid(0), NOTHING).await, Err(Errno::ECHILD));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn wnohang_returns_at_once() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        assert_eq!(sys.waitpid(child, WNOHANG).await, Ok(None));
        assert_eq!(sys.waitid(IdType::P_ALL, Pid(0), WEXITED | WNOHANG).await, Ok(None));
        kill(sys, child, Signal::SIGKILL).await;
        until_state(sys, child, 'Z').await;
        assert_eq!(sys.waitpid(child, WNOHANG).await, Ok(Some((child, signaled(Signal::SIGKILL)))));
        assert_eq!(sys.waitpid(child, WNOHANG).await, Err(Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn zombies_are_taken_in_order_of_birth_with_adopted_ones_behind() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let page = map_shared(sys, 1).await;
        let first = fork(sys, async |sys| {
            let orphan = fork(sys, async |_| ()).await;
            sys.store(page, orphan.0).await;
            until_state(sys, orphan, 'Z').await;
        })
        .await;
        let second = fork(sys, async |_| ()).await;
        until_state(sys, first, 'Z').await;
        until_state(sys, second, 'Z').await;
        let orphan = Pid(sys.load::<i32>(page).await);
        for child in [first, second, orphan] {
            assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(0))));
        }
        0
    })
    .succeeds();
}

#[test]
fn stops_are_reported_once_to_those_who_ask() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        kill(sys, child, Signal::SIGSTOP).await;
        assert_eq!(sys.waitpid(child, WUNTRACED).await, Ok(Some((child, WaitStatus::Stopped(Signal::SIGSTOP)))));
        assert_eq!(sys.waitpid(child, WUNTRACED | WNOHANG).await, Ok(None));
        kill(sys, child, Signal::SIGCONT).await;
        assert_eq!(sys.waitpid(child, WUNTRACED | WNOHANG).await, Ok(None));
        assert_eq!(sys.waitpid(child, WNOHANG).await, Ok(None));
        assert_eq!(sys.waitpid(child, WCONTINUED).await, Ok(Some((child, WaitStatus::Continued))));
        assert_eq!(sys.waitpid(child, WCONTINUED | WNOHANG).await, Ok(None));
        kill(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_later_change_replaces_an_earlier_one() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        kill(sys, child, Signal::SIGSTOP).await;
        until_state(sys, child, 'T').await;
        kill(sys, child, Signal::SIGCONT).await;
        assert_eq!(sys.waitpid(child, WUNTRACED | WNOHANG).await, Ok(None));
        kill(sys, child, Signal::SIGSTOP).await;
        until_state(sys, child, 'T').await;
        assert_eq!(sys.waitpid(child, WCONTINUED | WNOHANG).await, Ok(None));
        let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGSTOP))));
        assert_eq!(sys.waitpid(child, WUNTRACED | WCONTINUED).await, stopped);
        kill(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_wait_for_the_end_sleeps_through_stops() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        let helper = fork(sys, async |sys| {
            for signal in [Signal::SIGSTOP, Signal::SIGCONT, Signal::SIGTERM] {
                kill(sys, child, signal).await;
                sys.compute(20_000).await;
            }
        })
        .await;
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        join(sys, helper).await;
        0
    })
    .succeeds();
}

#[test]
fn waitid_says_who_and_what() {
    program(&|sys, _| async move {
        let change = async |options| {
            let info = sys.waitid(IdType::P_ALL, Pid(0), options).await.unwrap().unwrap();
            assert_eq!(info.signo, i32::from(Signal::SIGCHLD.number()));
            (info.pid, info.code, info.status, info.uid)
        };
        let child = fork(sys, async |sys| match sys.exit(300).await {}).await;
        assert_eq!(change(WEXITED).await, (child.0, CLD_EXITED, 44, 0));

        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        sys.compute(100_000).await;
        kill(sys, child, Signal::SIGSTOP).await;
        assert_eq!(change(WUNTRACED).await, (child.0, CLD_STOPPED, 19, 1000));
        kill(sys, child, Signal::SIGCONT).await;
        assert_eq!(change(WCONTINUED).await, (child.0, CLD_CONTINUED, 18, 1000));
        kill(sys, child, Signal::SIGHUP).await;
        assert_eq!(change(WEXITED).await, (child.0, CLD_KILLED, 1, 1000));
        0
    })
    .succeeds();
}

#[test]
fn waitid_tells_only_what_it_is_asked_for() {
    program(&|sys, _| async move {
        let child = fork(sys, async |_| ()).await;
        until_state(sys, child, 'Z').await;
        assert_eq!(sys.waitid(IdType::P_ALL, Pid(0), WUNTRACED | WCONTINUED | WNOHANG).await, Ok(None));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn wnowait_leaves_it_for_the_next() {
    program(&|sys, _| async move {
        let child = sleeper(sys).await;
        kill(sys, child, Signal::SIGSTOP).await;
        for options in [WUNTRACED | WNOWAIT, WUNTRACED | WNOWAIT, WUNTRACED] {
            let info = sys.waitid(IdType::P_PID, child, options).await.unwrap().unwrap();
            assert_eq!((info.pid, info.code), (child.0, CLD_STOPPED));
        }
        assert_eq!(sys.waitid(IdType::P_PID, child, WUNTRACED | WNOHANG).await, Ok(None));
        kill(sys, child, Signal::SIGKILL).await;
        for options in [WEXITED | WNOWAIT, WEXITED | WNOWAIT, WEXITED] {
            let info = sys.waitid(IdType::P_PID, child, options).await.unwrap().unwrap();
            assert_eq!((info.pid, info.code), (child.0, CLD_KILLED));
        }
        assert_eq!(sys.waitid(IdType::P_PID, child, WEXITED | WNOHANG).await, Err(Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn two_who_wait_for_different_children_are_both_served() {
    program(&|sys, _| async move {
        let mut waiters = Vec::new();
        for _ in 0..2 {
            waiters.push(
                fork(sys, async |sys| {
                    let child = fork(sys, async |sys| sys.compute(5000).await).await;
                    join(sys, child).await;
                })
                .await,
            );
        }
        for waiter in waiters {
            join(sys, waiter).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn with_sigchld_ignored_there_are_no_zombies_and_wait_sleeps_until_there_is_no_child() {
    program(&|sys, _| async move {
        sys.sigaction(Signal::SIGCHLD, Some(Action::IGNORE)).await.unwrap();
        for _ in 0..3 {
            fork(sys, async |sys| sys.compute(1000).await).await;
        }
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        assert_eq!(sys.sysinfo().await.unwrap().procs, 2);
        0
    })
    .succeeds();
}

#[test]
fn a_zombie_from_before_sigchld_was_ignored_is_still_there() {
    program(&|sys, _| async move {
        let child = fork(sys, async |_| ()).await;
        until_state(sys, child, 'Z').await;
        sys.sigaction(Signal::SIGCHLD, Some(Action::IGNORE)).await.unwrap();
        join(sys, child).await;
        0
    })
    .succeeds();
}

/// Linux has reaped when it notices that the status can't be stored.
#[test]
fn a_bad_address_for_the_status_reaps_nevertheless() {
    program(&|sys, _| async move {
        fork(sys, async |_| ()).await;
        let waited = sys.raw().wait4(Pid(-1), abi::Out::at(8), NOTHING, abi::Out::NULL).await;
        assert_eq!(waited, Err(Errno::EFAULT));
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        0
    })
    .succeeds();
}
