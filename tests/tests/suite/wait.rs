//! `wait4(2)` and `waitid(2)`: each option, each target, each status.

use abi::{
    CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, Errno, IdType, Layout, Pid, Signal, WaitOptions, WaitStatus,
};
use harness::{ends, fork, join, map, map_shared, program, signaled, until_state};
use kernel::limits::PROCESSES;
use userland::Sys;
use userland::libc::pause;
use userland::sys::{Action, Forked};

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

/// As seen on Linux: without `WEXITED`, a zombie isn't even a child that something may still be heard of.
#[test]
fn waitid_tells_only_what_it_is_asked_for() {
    program(&|sys, _| async move {
        let group = sys.getpgid(Pid(0)).await.unwrap();
        let zombie = fork(sys, async |_| ()).await;
        until_state(sys, zombie, 'Z').await;
        let options = WUNTRACED | WCONTINUED | WNOHANG;
        for (kind, id) in [(IdType::P_ALL, Pid(0)), (IdType::P_PID, zombie), (IdType::P_PGID, group)] {
            assert_eq!(sys.waitid(kind, id, options).await, Err(Errno::ECHILD), "{kind:?}");
        }
        let sleeper = sleeper(sys).await;
        assert_eq!(sys.waitid(IdType::P_PID, zombie, options).await, Err(Errno::ECHILD));
        for (kind, id) in [(IdType::P_ALL, Pid(0)), (IdType::P_PID, sleeper), (IdType::P_PGID, group)] {
            assert_eq!(sys.waitid(kind, id, options).await, Ok(None), "{kind:?}");
        }
        kill(sys, sleeper, Signal::SIGKILL).await;
        until_state(sys, sleeper, 'Z').await;
        // And one that ends is the end of waiting for it.
        let waiter = fork(sys, async |sys| {
            fork(sys, async |sys| sys.compute(20_000).await).await;
            assert_eq!(sys.waitid(IdType::P_ALL, Pid(0), WUNTRACED).await, Err(Errno::ECHILD));
        })
        .await;
        for child in [zombie, sleeper, waiter] {
            sys.waitpid(child, WaitOptions::empty()).await.unwrap();
        }
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

#[test]
fn wait_sleeps_until_any_child_ends() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let first = fork(sys, async |sys| {
            sys.close(write).await.unwrap();
            sys.read(read, &mut [0]).await.unwrap();
        })
        .await;
        let me = sys.getpid().await;
        let second = fork(sys, async |sys| {
            until_state(sys, me, 'S').await;
            sys.exit(2).await;
        })
        .await;
        assert_eq!(sys.wait().await, Ok((second, WaitStatus::Exited(2))));
        sys.close(write).await.unwrap();
        let any = sys.raw().wait4(Pid(-1), abi::Out::NULL, NOTHING, abi::Out::NULL).await;
        assert_eq!(any, Ok(first.0.into()));
        0
    })
    .succeeds();
}

/// The default disposition of SIGCHLD ignores it too, and yet makes zombies.
#[test]
fn a_zombie_holds_its_slot_until_it_is_waited_for() {
    program(&|sys, _| async move {
        let before = sys.sysinfo().await.unwrap().procs;
        let mut zombies = Vec::new();
        while let Ok(forked) = sys.fork().await {
            match forked {
                Forked::Child => return 0,
                Forked::Parent(child) => zombies.push(child),
            }
            until_state(sys, *zombies.last().unwrap(), 'Z').await;
        }
        assert_eq!(zombies.len(), PROCESSES - usize::from(before));
        assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
        join(sys, zombies.pop().unwrap()).await;
        let child = fork(sys, async |_| ()).await;
        assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
        for zombie in zombies.into_iter().chain([child]) {
            join(sys, zombie).await;
        }
        assert_eq!(sys.sysinfo().await.unwrap().procs, before);
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_zombie_keeps_its_usage() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let (usage, info) = (abi::Out::at(page), abi::Out::at(page + 2048));
        for with_waitid in [false, true] {
            let child = fork(sys, async |sys| {
                let grandchild = fork(sys, async |sys| sys.compute(300_000).await).await;
                join(sys, grandchild).await;
                sys.compute(200_000).await;
            })
            .await;
            until_state(sys, child, 'Z').await;
            let waited = match with_waitid {
                true => sys.raw().waitid(IdType::P_PID, child, info, WEXITED, usage).await,
                false => sys.raw().wait4(child, abi::Out::NULL, NOTHING, usage).await,
            };
            assert_eq!(waited, Ok(if with_waitid { 0 } else { child.0.into() }));
            let mut bytes = [0; abi::Rusage::SIZE];
            sys.load_bytes(page, &mut bytes).await;
            let used = abi::Rusage::load(&bytes).utime;
            let used_us = used.sec * 1_000_000 + used.usec;
            // Its own, and that of the children for which it has waited.
            assert!((500_000..510_000).contains(&used_us), "{used_us}");
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn waitid_with_group_0_means_the_caller_s_group() {
    program(&|sys, _| async move {
        let (own, other) = (sleeper(sys).await, sleeper(sys).await);
        sys.setpgid(other, other).await.unwrap();
        kill(sys, other, Signal::SIGTERM).await;
        until_state(sys, other, 'Z').await;
        assert_eq!(sys.waitid(IdType::P_PGID, Pid(0), WEXITED | WNOHANG).await, Ok(None));
        kill(sys, own, Signal::SIGTERM).await;
        assert_eq!(sys.waitid(IdType::P_PGID, Pid(0), WEXITED).await.unwrap().unwrap().pid, own.0);
        assert_eq!(sys.waitid(IdType::P_PGID, Pid(0), WEXITED).await, Err(Errno::ECHILD));
        ends(sys, other, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn waitid_for_all_ignores_the_id() {
    program(&|sys, _| async move {
        for id in [0, 30_000, -5] {
            let child = fork(sys, async |_| ()).await;
            assert_eq!(sys.waitid(IdType::P_ALL, Pid(id), WEXITED).await.unwrap().unwrap().pid, child.0);
        }
        0
    })
    .succeeds();
}

/// As the kernel has it; the library of C hands its 0 on.
#[test]
fn waitid_without_details_succeeds() {
    program(&|sys, _| async move {
        fork(sys, async |_| ()).await;
        let waited = sys.raw().waitid(IdType::P_ALL, Pid(0), abi::Out::NULL, WEXITED, abi::Out::NULL).await;
        assert_eq!(waited, Ok(0));
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn wnohang_zeroes_the_details() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let child = sleeper(sys).await;
        sys.store_bytes(page, &[0xff; abi::SigInfo::SIZE]).await;
        let waited = sys.raw().waitid(IdType::P_ALL, Pid(0), abi::Out::at(page), WEXITED | WNOHANG, abi::Out::NULL);
        assert_eq!(waited.await, Ok(0));
        let mut bytes = [0; abi::SigInfo::SIZE];
        sys.load_bytes(page, &mut bytes).await;
        let info = abi::SigInfo::load(&bytes);
        assert_eq!((info.pid, info.signo), (0, 0));
        kill(sys, child, Signal::SIGKILL).await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

/// The example of the manual's page.
#[test]
fn a_parent_sees_stops_continuations_and_the_end() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            pause(sys).await;
        })
        .await;
        let signals = fork(sys, async |sys| {
            until_state(sys, child, 'S').await;
            for (signal, state) in [(Signal::SIGSTOP, 'T'), (Signal::SIGCONT, 'S'), (Signal::SIGTERM, 'Z')] {
                kill(sys, child, signal).await;
                until_state(sys, child, state).await;
                // The parent has time to be told.
                sys.nanosleep(abi::Timespec::from_us(10_000)).await.unwrap();
            }
        })
        .await;
        let mut seen = Vec::new();
        while seen.last() != Some(&signaled(Signal::SIGTERM)) {
            seen.push(sys.waitpid(child, WUNTRACED | WCONTINUED).await.unwrap().unwrap().1);
        }
        let stopped = WaitStatus::Stopped(Signal::SIGSTOP);
        assert_eq!(seen, [stopped, WaitStatus::Continued, signaled(Signal::SIGTERM)]);
        sys.waitpid(signals, NOTHING).await.unwrap();
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn the_real_user_is_told() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.setresuid(1000, 1001, 1002).await.unwrap();
        })
        .await;
        let info = sys.waitid(IdType::P_PID, child, WEXITED).await.unwrap().unwrap();
        assert_eq!(info.uid, 1000);
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
