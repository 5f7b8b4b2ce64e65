//! Process groups and sessions (`setpgid(2)`, `setsid(2)`, `getsid(2)`).

use abi::{Errno, Pid, Signal};
use harness::{ends, fork, join, program, signaled};
use userland::Sys;

/// A child that does nothing for ever.
async fn sleeper(sys: Sys) -> Pid {
    fork(sys, async |sys| {
        loop {
            sys.compute(1_000_000).await;
        }
    })
    .await
}

async fn end(sys: Sys, child: Pid) {
    sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
    ends(sys, child, signaled(Signal::SIGKILL)).await;
}

#[test]
fn a_child_is_in_the_group_and_the_session_of_its_parent() {
    program(&|sys, _| async move {
        let (group, session) = (sys.getpgid(Pid(0)).await.unwrap(), sys.getsid(Pid(0)).await.unwrap());
        let child = sleeper(sys).await;
        assert_eq!(sys.getpgid(child).await, Ok(group));
        assert_eq!(sys.getsid(child).await, Ok(session));
        end(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn children_can_be_put_into_groups_and_back() {
    program(&|sys, _| async move {
        let own = sys.getpgid(Pid(0)).await.unwrap();
        let (first, second) = (sleeper(sys).await, sleeper(sys).await);
        sys.setpgid(first, Pid(0)).await.unwrap();
        sys.setpgid(second, first).await.unwrap();
        assert_eq!((sys.getpgid(first).await, sys.getpgid(second).await), (Ok(first), Ok(first)));
        sys.setpgid(second, own).await.unwrap();
        assert_eq!(sys.getpgid(second).await, Ok(own));
        // Again into the same one is no error.
        sys.setpgid(second, own).await.unwrap();
        end(sys, first).await;
        end(sys, second).await;
        0
    })
    .succeeds();
}

#[test]
fn a_group_lives_on_without_its_leader() {
    program(&|sys, _| async move {
        let (leader, member) = (sleeper(sys).await, sleeper(sys).await);
        sys.setpgid(leader, leader).await.unwrap();
        sys.setpgid(member, leader).await.unwrap();
        end(sys, leader).await;
        assert_eq!(sys.getpgid(leader).await, Err(Errno::ESRCH));
        assert_eq!(sys.getpgid(member).await, Ok(leader));
        let third = sleeper(sys).await;
        sys.setpgid(third, leader).await.unwrap();
        assert_eq!(sys.kill(Pid(-leader.0), Some(Signal::SIGTERM)).await, Ok(()));
        ends(sys, member, signaled(Signal::SIGTERM)).await;
        ends(sys, third, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn numbers_of_groups_and_sessions_are_not_given_to_new_processes() {
    program(&|sys, _| async move {
        let (leader, member) = (sleeper(sys).await, sleeper(sys).await);
        sys.setpgid(leader, leader).await.unwrap();
        sys.setpgid(member, leader).await.unwrap();
        end(sys, leader).await;
        // Once around all process ids.
        let mut last = member;
        loop {
            let child = sys.posix_spawn(b"true", &Default::default(), &[b"true"], &[]).await.unwrap();
            assert_ne!(child, leader);
            assert_eq!(sys.waitpid(child, abi::WaitOptions::empty()).await.unwrap().unwrap().0, child);
            if child < last {
                break;
            }
            last = child;
        }
        assert_eq!(last, Pid(kernel::limits::PID_MAX as i32 - 1));
        end(sys, member).await;
        0
    })
    .steps(2_000_000)
    .checked_every(1000)
    .seeds(0)
    .succeeds();
}

#[test]
fn what_setpgid_refuses() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        for (pid, pgid, errno) in [
            (1, 0, Errno::ESRCH),
            (30_000, 0, Errno::ESRCH),
            (0, -1, Errno::EINVAL),
            (-5, 0, Errno::EINVAL),
            (-5, 1, Errno::ESRCH),
            (0, 30_000, Errno::EPERM),
        ] {
            assert_eq!(sys.setpgid(Pid(pid), Pid(pgid)).await, Err(errno), "{pid} {pgid}");
        }
        let child = fork(sys, async |sys| {
            // Neither oneself nor one's child.
            assert_eq!(sys.setpgid(me, Pid(0)).await, Err(Errno::ESRCH));
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_child_that_has_executed_a_program_is_left_alone() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(abi::OpenFlags::O_CLOEXEC).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.execve(b"sleep", &[b"sleep", b"1000"], &[]).await;
        })
        .await;
        sys.close(write).await.unwrap();
        // The write end is closed by the exec.
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        assert_eq!(sys.setpgid(child, child).await, Err(Errno::EACCES));
        end(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_session_is_started_once_and_its_leader_stays_where_it_is() {
    program(&|sys, _| async move {
        let own = sys.getpgid(Pid(0)).await.unwrap();
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            let me = sys.getpid().await;
            assert_eq!(sys.setsid().await, Ok(me));
            assert_eq!((sys.getsid(Pid(0)).await, sys.getpgid(Pid(0)).await), (Ok(me), Ok(me)));
            assert_eq!(sys.setsid().await, Err(Errno::EPERM));
            assert_eq!(sys.setpgid(Pid(0), Pid(0)).await, Err(Errno::EPERM));
            assert_eq!(sys.setpgid(Pid(0), own).await, Err(Errno::EPERM));
            sys.write(write, b"!").await.unwrap();
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        sys.read(read, &mut [0]).await.unwrap();
        // It is in another session now.
        assert_eq!(sys.getsid(child).await, Ok(child));
        assert_eq!(sys.setpgid(child, Pid(0)).await, Err(Errno::EPERM));
        assert_eq!(sys.setpgid(child, own).await, Err(Errno::EPERM));
        assert_eq!(sys.setpgid(Pid(0), child).await, Err(Errno::EPERM));
        end(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn the_leader_of_a_group_can_start_no_session_even_if_it_has_left_it() {
    program(&|sys, _| async move {
        let own = sys.getpgid(Pid(0)).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.setpgid(Pid(0), Pid(0)).await.unwrap();
            assert_eq!(sys.setsid().await, Err(Errno::EPERM));
            // A member stays in the group of its name while it goes elsewhere itself.
            let member = sleeper(sys).await;
            sys.setpgid(Pid(0), own).await.unwrap();
            assert_eq!(sys.setsid().await, Err(Errno::EPERM));
            end(sys, member).await;
            assert_eq!(sys.setsid().await, Ok(sys.getpid().await));
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn nobody_has_no_group_and_no_session() {
    program(&|sys, _| async move {
        for nobody in [-1, 30_000, i32::MIN, i32::MAX] {
            assert_eq!(sys.getpgid(Pid(nobody)).await, Err(Errno::ESRCH));
            assert_eq!(sys.getsid(Pid(nobody)).await, Err(Errno::ESRCH));
        }
        0
    })
    .succeeds();
}

#[test]
fn zeros_stand_for_the_caller_and_for_the_process() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let me = sys.getpid().await;
            assert_ne!(sys.getpgrp().await, me);
            let member = sleeper(sys).await;
            sys.setpgid(Pid(0), Pid(0)).await.unwrap();
            assert_eq!((sys.getpgrp().await, sys.getpgid(Pid(0)).await), (me, Ok(me)));
            sys.setpgid(member, Pid(0)).await.unwrap();
            assert_eq!(sys.getpgid(member).await, Ok(member));
            sys.setpgid(Pid(0), member).await.unwrap();
            assert_eq!(sys.getpgrp().await, member);
            assert_eq!(sys.setpgrp().await, Ok(()));
            assert_eq!(sys.getpgrp().await, me);
            end(sys, member).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}
