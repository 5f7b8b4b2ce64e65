//! Processes, their numbers, and what they are made with.

use abi::{Errno, Fd, Pid, Signal, Timespec, WaitOptions, WaitStatus};
use harness::join;
use kernel::limits::*;
use userland::sys::{FileActions, Forked};
use userland::{Args, Sys};

use super::bystander::{Bystander, holders, let_go};

/// `posix_spawn` of a program that exists.
pub(super) async fn spawn(sys: Sys) -> Result<Pid, Errno> {
    sys.posix_spawn(b"true", &FileActions::new(), &[b"true"], &[]).await
}

pub(super) async fn processes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (_, children) = holders(sys, PROCESSES, async |_| 1).await;
    // Besides them: init, this process and the bystander.
    assert_eq!(children.len(), PROCESSES - 3);
    assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
    assert_eq!(spawn(sys).await, Err(Errno::EAGAIN));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    let child = spawn(sys).await.expect("there is room again");
    join(sys, child).await;
    bystander.end(sys).await;
    0
}

pub(super) async fn argument_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    // The two arguments, their ends, their pointers and the nulls.
    let rest = b"true".len() + 2 + 4 * 8 + 8;
    for (bytes, fits) in [(ARGUMENT_BYTES / 2, true), (ARGUMENT_BYTES + 1 - rest, false), (ARGUMENT_BYTES, false)] {
        let long = vec![b'a'; bytes];
        let argv: [&[u8]; 2] = [b"true", &long];
        let spawned = sys.posix_spawn(b"true", &FileActions::new(), &argv, &[]).await;
        match (fits, spawned) {
            (true, Ok(child)) => join(sys, child).await,
            (false, Err(errno)) => {
                assert_eq!(errno, Errno::E2BIG);
                assert_eq!(sys.execve(b"true", &argv, &[]).await, Errno::E2BIG);
                assert_eq!(sys.execve(b"true", &[b"true"], &[&long]).await, Errno::E2BIG);
            }
            (_, other) => panic!("{bytes} bytes: {other:?}"),
        }
        bystander.goes_on(sys).await;
    }
    bystander.end(sys).await;
    0
}

/// One file action too many.
pub(super) async fn spawn_actions(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let close_often = |times: usize| (0..times).fold(FileActions::new(), |actions, _| actions.close(Fd(0)));
    match sys.posix_spawn(b"true", &close_often(SPAWN_ACTIONS), &[b"true"], &[]).await {
        Ok(child) => join(sys, child).await,
        Err(errno) => panic!("{SPAWN_ACTIONS} actions: {errno}"),
    }
    bystander.goes_on(sys).await;
    let too_many = sys.posix_spawn(b"true", &close_often(SPAWN_ACTIONS + 1), &[b"true"], &[]).await;
    assert_eq!(too_many, Err(Errno::EINVAL));
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

/// Numbers that are kept busy by groups and sessions whose leaders are gone; or, where there are more numbers than can be in
/// use at once, once round all of them.
pub(super) async fn pid_max(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    if PID_MAX > NUMBERS + 300 {
        let mut last = 0;
        while let Ok(child) = spawn(sys).await {
            join(sys, child).await;
            if child.0 < last {
                assert_eq!((last, child.0), (PID_MAX as i32 - 1, 300));
                break;
            }
            last = child.0;
        }
        bystander.end(sys).await;
        return 0;
    }
    let mut survivors = 0;
    loop {
        // The session's leader and the group's leader end; their child keeps both numbers.
        match sys.fork().await {
            Ok(Forked::Parent(leader)) => match sys.waitpid(leader, WaitOptions::empty()).await {
                Ok(Some((_, WaitStatus::Exited(0)))) => survivors += 1,
                _ => break,
            },
            Ok(Forked::Child) => sys.exit(i32::from(leave_survivor(sys).await.is_err())).await,
            Err(errno) => {
                assert_eq!(errno, Errno::EAGAIN);
                break;
            }
        }
    }
    assert!(survivors < PROCESSES - 4, "numbers are met before processes: {survivors}");
    assert_eq!(sys.fork().await.err(), Some(Errno::EAGAIN));
    bystander.goes_on(sys).await;
    sys.kill(Pid(-1), Some(Signal::SIGKILL)).await.expect("there are some");
    0
}

pub(super) async fn leave_survivor(sys: Sys) -> Result<(), Errno> {
    sys.setsid().await?;
    let Forked::Child = sys.fork().await? else {
        return match sys.wait().await {
            Ok((_, WaitStatus::Exited(0))) => Ok(()),
            _ => Err(Errno::EAGAIN),
        };
    };
    let _ = sys.setpgid(Pid(0), Pid(0)).await;
    match sys.fork().await {
        Ok(Forked::Child) => loop {
            let _ = sys.nanosleep(Timespec { sec: 1 << 44, nsec: 0 }).await;
        },
        other => sys.exit(i32::from(other.is_err())).await,
    }
}
