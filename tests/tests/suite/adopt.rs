//! Orphans: PID 1 adopts them, or the nearest ancestor that is a child subreaper (`prctl(2)`).

use abi::{Pid, Signal, WaitOptions, WaitStatus};
use harness::{fork, join, map_shared, program, until_state};
use userland::Sys;

/// Forks a child that forks an orphan and exits; the orphan does `task` when it has been adopted.
async fn orphan(sys: Sys, task: impl AsyncFnOnce(Sys)) {
    let child = fork(sys, async |sys| {
        let parent = sys.getpid().await;
        fork(sys, async |sys| {
            while sys.getppid().await == parent {
                sys.sched_yield().await;
            }
            task(sys).await;
        })
        .await;
    })
    .await;
    join(sys, child).await;
}

#[test]
fn pid_1_adopts() {
    program(&|sys, _| async move {
        orphan(sys, async |sys| assert_eq!(sys.getppid().await, Pid(1))).await;
        assert_eq!(sys.wait().await, Err(abi::Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn pid_1_is_its_own_adopter_and_reaps_what_it_adopted() {
    program(&|sys, _| async move {
        assert_eq!(sys.getpid().await, Pid(1));
        assert_eq!(sys.getppid().await, Pid(0));
        orphan(sys, async |sys| match sys.exit(9).await {}).await;
        let (_, status) = sys.wait().await.unwrap();
        i32::from(status != WaitStatus::Exited(9))
    })
    .as_pid_1()
    .succeeds();
}

#[test]
fn a_subreaper_adopts_and_reaps() {
    program(&|sys, _| async move {
        assert_eq!(sys.get_child_subreaper().await, Ok(false));
        sys.set_child_subreaper(true).await.unwrap();
        assert_eq!(sys.get_child_subreaper().await, Ok(true));
        let me = sys.getpid().await;
        orphan(sys, async |sys| {
            assert_eq!(sys.getppid().await, me);
            sys.exit(5).await;
        })
        .await;
        assert_eq!(sys.wait().await.unwrap().1, WaitStatus::Exited(5));
        0
    })
    .succeeds();
}

#[test]
fn it_is_not_inherited_by_fork() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let child = fork(sys, async |sys| assert_eq!(sys.get_child_subreaper().await, Ok(false))).await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn it_stays_over_exec() {
    program(&|sys, args| async move {
        if args.len() > 1 {
            return i32::from(sys.get_child_subreaper().await != Ok(true));
        }
        sys.set_child_subreaper(true).await.unwrap();
        sys.execve(b"tested", &[b"tested", b"again"], &[]).await;
        2
    })
    .succeeds();
}

#[test]
fn the_nearest_of_several_subreapers_adopts() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let inner = fork(sys, async |sys| {
            sys.set_child_subreaper(true).await.unwrap();
            let me = sys.getpid().await;
            // Between them stands one that isn't.
            orphan(sys, async |sys| assert_eq!(sys.getppid().await, me)).await;
            sys.wait().await.unwrap();
        })
        .await;
        join(sys, inner).await;
        assert_eq!(sys.wait().await, Err(abi::Errno::ECHILD));
        0
    })
    .succeeds();
}

#[test]
fn one_that_ceased_to_be_a_subreaper_adopts_no_more() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        sys.set_child_subreaper(false).await.unwrap();
        orphan(sys, async |sys| assert_eq!(sys.getppid().await, Pid(1))).await;
        0
    })
    .succeeds();
}

#[test]
fn when_a_subreaper_dies_the_next_one_gets_its_children_and_their_children_stay_theirs() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let me = sys.getpid().await;
        let inner = fork(sys, async |sys| {
            sys.set_child_subreaper(true).await.unwrap();
            let inner = sys.getpid().await;
            fork(sys, async |sys| {
                let child = sys.getpid().await;
                let grandchild = fork(sys, async |sys| {
                    assert_eq!(sys.getppid().await, child);
                    sys.compute(30_000).await;
                    assert_eq!(sys.getppid().await, child);
                })
                .await;
                while sys.getppid().await == inner {
                    sys.sched_yield().await;
                }
                assert_eq!(sys.getppid().await, me);
                join(sys, grandchild).await;
            })
            .await;
        })
        .await;
        join(sys, inner).await;
        assert_eq!(sys.wait().await.unwrap().1, WaitStatus::Exited(0));
        0
    })
    .succeeds();
}

#[test]
fn a_zombie_is_adopted_with_its_status() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let child = fork(sys, async |sys| {
            let zombie = fork(sys, async |sys| match sys.exit(42).await {}).await;
            until_state(sys, zombie, 'Z').await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.wait().await.unwrap().1, WaitStatus::Exited(42));
        0
    })
    .succeeds();
}

#[test]
fn a_stop_that_nobody_was_told_of_is_reported_to_the_adopter() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let page = map_shared(sys, 1).await;
        let child = fork(sys, async |sys| {
            let stopped = fork(sys, async |sys| {
                loop {
                    sys.compute(1_000_000).await;
                }
            })
            .await;
            sys.kill(stopped, Some(Signal::SIGSTOP)).await.unwrap();
            until_state(sys, stopped, 'T').await;
            sys.store(page, stopped.0).await;
        })
        .await;
        join(sys, child).await;
        let orphan = Pid(sys.load::<i32>(page).await);
        let report = sys.waitpid(Pid(-1), WaitOptions::WUNTRACED | WaitOptions::WNOHANG).await;
        assert_eq!(report, Ok(Some((orphan, WaitStatus::Stopped(Signal::SIGSTOP)))));
        sys.kill(orphan, Some(Signal::SIGKILL)).await.unwrap();
        sys.wait().await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_subreaper_that_waits_is_woken_by_the_zombie_that_it_adopts() {
    program(&|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let child = fork(sys, async |sys| {
            let zombie = fork(sys, async |sys| match sys.exit(3).await {}).await;
            until_state(sys, zombie, 'Z').await;
        })
        .await;
        let mut statuses = [sys.wait().await.unwrap(), sys.wait().await.unwrap()];
        statuses.sort_by_key(|(pid, _)| *pid);
        assert_eq!(statuses[0], (child, WaitStatus::Exited(0)));
        assert_eq!(statuses[1].1, WaitStatus::Exited(3));
        0
    })
    .succeeds();
}
