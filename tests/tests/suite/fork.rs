//! `fork(2)`: two processes where there was one.

use abi::{Address, CloneFlags, Errno, Fd, Pid, Signal, WaitStatus};
use harness::{ends, fork, join, map, program};
use kernel::limits::PROCESSES;
use userland::Sys;
use userland::sys::{Action, Forked};

#[test]
fn it_returns_the_child_s_id_to_the_parent_and_0_to_the_child() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        match sys.fork().await {
            Ok(Forked::Child) => {
                assert_eq!(sys.getppid().await, me);
                assert_ne!(sys.getpid().await, me);
                assert_eq!(sys.gettid().await, sys.getpid().await);
                4
            }
            Ok(Forked::Parent(child)) => {
                assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(4))));
                0
            }
            Err(errno) => panic!("{errno}"),
        }
    })
    .succeeds();
}

#[test]
fn children_of_children_of_children() {
    async fn descend(sys: Sys, depth: u8) {
        if depth == 0 {
            return;
        }
        let child = fork(sys, async |sys| {
            Box::pin(descend(sys, depth - 1)).await;
            sys.exit(depth.into()).await;
        })
        .await;
        ends(sys, child, WaitStatus::Exited(depth)).await;
    }
    program(&|sys, _| async move {
        descend(sys, 20).await;
        0
    })
    .succeeds();
}

#[test]
fn each_has_its_own_locals_from_there_on() {
    program(&|sys, _| async move {
        let mut path = vec!["start"];
        for _ in 0..3 {
            match sys.fork().await.unwrap() {
                Forked::Child => path.push("child"),
                Forked::Parent(child) => {
                    path.push("parent");
                    join(sys, child).await;
                }
            }
        }
        userland::println!(sys, "{}", path.join(" ")).await;
        0
    })
    .prints(
        "start child child child\nstart child child parent\nstart child parent child\nstart child parent parent\n\
         start parent child child\nstart parent child parent\nstart parent parent child\nstart parent parent parent\n",
    );
}

#[test]
fn the_child_has_its_parent_s_descriptors_actions_and_memory() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let page = map(sys, 1).await;
        sys.store(page, 77u8).await;
        let heap = sys.sbrk(10).await.unwrap();
        sys.sigaction(Signal::SIGHUP, Some(Action::IGNORE)).await.unwrap();
        let child = fork(sys, async |sys| {
            assert_eq!(sys.write(write, b"from the child").await, Ok(14));
            assert_eq!(sys.load::<u8>(page).await, 77);
            assert_eq!(sys.sbrk(0).await, Ok(heap + 10));
            assert_eq!(sys.sigaction(Signal::SIGHUP, None).await, Ok(Action::IGNORE));
            // What it closes is its own.
            sys.close(read).await.unwrap();
            sys.close(Fd(0)).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.read(read, &mut [0; 20]).await, Ok(14));
        assert_eq!(sys.close(Fd(0)).await, Ok(()));
        0
    })
    .succeeds();
}

#[test]
fn times_and_pending_signals_are_not_inherited() {
    program(&|sys, _| async move {
        sys.compute(500_000).await;
        let child = fork(sys, async |sys| {
            let (times, _) = sys.times().await.unwrap();
            assert!(times.utime + times.stime < 10, "{times:?}");
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn ids_count_up_and_are_not_given_again_at_once() {
    program(&|sys, _| async move {
        let mut last = sys.getpid().await;
        for _ in 0..10 {
            let child = fork(sys, async |_| ()).await;
            assert_eq!(child, Pid(last.0 + 1));
            join(sys, child).await;
            last = child;
        }
        0
    })
    .succeeds();
}

#[test]
fn a_full_table_is_eagain_to_the_caller_and_nobody_else_notices() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let mut children = Vec::new();
        loop {
            match sys.fork().await {
                Ok(Forked::Child) => {
                    sys.close(write).await.unwrap();
                    // Until the parent is done.
                    return sys.read(read, &mut [0]).await.unwrap() as i32;
                }
                Ok(Forked::Parent(child)) => children.push(child),
                Err(errno) => {
                    assert_eq!(errno, Errno::EAGAIN);
                    break;
                }
            }
        }
        assert_eq!(children.len(), PROCESSES - 2);
        assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
        sys.close(write).await.unwrap();
        join(sys, children.remove(0)).await;
        // One slot is free again.
        children.push(fork(sys, async |_| ()).await);
        for child in children {
            join(sys, child).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn clone_takes_the_flags_of_fork_and_nothing_else() {
    program(&|sys, _| async move {
        let null = Address(0);
        let sigchld = u64::from(Signal::SIGCHLD.number());
        // CLONE_VM, CLONE_FILES, CLONE_SIGHAND, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD; no signal, and another.
        let flags = [0x100, 0x400, 0x800, 0x4000, 0x8000, 0x1_0000].map(|flag| flag | sigchld);
        for flags in flags.into_iter().chain([0, 9, 1 << 40 | sigchld]) {
            let flags = CloneFlags::from_bits_retain(flags);
            assert_eq!(sys.raw().clone(flags, null, null, null, null).await, Err(Errno::EINVAL), "{flags:?}");
        }
        let stack = Address(0x5000_0000);
        let flags = CloneFlags::from_bits_retain(sigchld);
        assert_eq!(sys.raw().clone(flags, stack, null, null, null).await, Err(Errno::EINVAL));
        0
    })
    .succeeds();
}
