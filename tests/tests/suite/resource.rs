//! Resource limits (`prlimit(2)`): getting and setting them, and what those with an effect do.

use abi::{Errno, Fd, Pid, RLIM_INFINITY, Resource, Rlimit, Signal};
use harness::{PAGE, ends, fork, join, map, program, signaled};
use kernel::limits::DESCRIPTORS;
use userland::Sys;

async fn set(sys: Sys, resource: Resource, cur: u64) {
    let old = sys.getrlimit(resource).await.unwrap();
    sys.setrlimit(resource, Rlimit { cur, ..old }).await.unwrap();
}

#[test]
fn they_are_kept_inherited_and_private() {
    program(&|sys, _| async move {
        let limit = Rlimit { cur: 5, max: 7 };
        sys.setrlimit(Resource::RLIMIT_CPU, limit).await.unwrap();
        let child = fork(sys, async |sys| {
            assert_eq!(sys.getrlimit(Resource::RLIMIT_CPU).await, Ok(limit));
            sys.setrlimit(Resource::RLIMIT_CPU, Rlimit { cur: 1, max: 1 }).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.getrlimit(Resource::RLIMIT_CPU).await, Ok(limit));
        0
    })
    .succeeds();
}

#[test]
fn another_s_can_be_seen_and_set() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            sys.read(read, &mut [0]).await.unwrap();
            assert_eq!(sys.getrlimit(Resource::RLIMIT_CORE).await, Ok(Rlimit { cur: 3, max: 4 }));
        })
        .await;
        let before = sys.prlimit(child, Resource::RLIMIT_CORE, Some(Rlimit { cur: 3, max: 4 })).await.unwrap();
        assert_eq!(before, sys.getrlimit(Resource::RLIMIT_CORE).await.unwrap());
        sys.write(write, b"!").await.unwrap();
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn what_is_refused() {
    program(&|sys, _| async move {
        let set = async |resource, cur, max| sys.prlimit(Pid(0), Resource(resource), Some(Rlimit { cur, max })).await;
        assert_eq!(set(Resource::RLIMIT_NOFILE.0, 5, 4).await, Err(Errno::EINVAL));
        assert_eq!(set(Resource::RLIMIT_NOFILE.0, 1, 1 << 40).await, Err(Errno::EPERM));
        for unknown in [16, -1, i32::MAX] {
            assert_eq!(sys.getrlimit(Resource(unknown)).await, Err(Errno::EINVAL));
        }
        for nobody in [30_000, -4] {
            assert_eq!(sys.prlimit(Pid(nobody), Resource::RLIMIT_NOFILE, None).await, Err(Errno::ESRCH));
        }
        let parent = sys.getpid().await;
        set(Resource::RLIMIT_CPU.0, 5, 7).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.setrlimit(Resource::RLIMIT_CPU, Rlimit { cur: 5, max: 8 }).await, Err(Errno::EPERM));
            assert_eq!(sys.setrlimit(Resource::RLIMIT_CPU, Rlimit { cur: 7, max: 7 }).await, Ok(()));
            assert_eq!(sys.setrlimit(Resource::RLIMIT_CPU, Rlimit { cur: 1, max: 1 }).await, Ok(()));
            assert_eq!(sys.setrlimit(Resource::RLIMIT_CPU, Rlimit { cur: 1, max: 2 }).await, Err(Errno::EPERM));
            assert_eq!(sys.prlimit(parent, Resource::RLIMIT_CPU, None).await, Err(Errno::EPERM));
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn nofile_bounds_new_descriptors_and_leaves_old_ones() {
    program(&|sys, _| async move {
        let limit = sys.getrlimit(Resource::RLIMIT_NOFILE).await.unwrap();
        assert_eq!(limit.max, DESCRIPTORS as u64);
        let high = sys.fcntl(Fd(0), abi::FcntlCommand::F_DUPFD, 40).await.unwrap();
        assert_eq!(high, 40);
        set(sys, Resource::RLIMIT_NOFILE, 5).await;
        assert_eq!((sys.dup(Fd(0)).await, sys.dup(Fd(0)).await), (Ok(Fd(3)), Ok(Fd(4))));
        assert_eq!(sys.dup(Fd(0)).await, Err(Errno::EMFILE));
        assert_eq!(sys.pipe().await, Err(Errno::EMFILE));
        sys.close(Fd(4)).await.unwrap();
        // One is free, and a pipe needs two.
        assert_eq!(sys.pipe().await, Err(Errno::EMFILE));
        assert_eq!(sys.fcntl(Fd(0), abi::FcntlCommand::F_DUPFD, 5).await, Err(Errno::EINVAL));
        assert_eq!(sys.dup2(Fd(0), Fd(5)).await, Err(Errno::EBADF));
        assert_eq!(sys.dup2(Fd(0), Fd(40)).await, Err(Errno::EBADF));
        assert_eq!(sys.close(Fd(40)).await, Ok(()));
        assert_eq!(sys.dup(Fd(0)).await, Ok(Fd(4)));
        0
    })
    .succeeds();
}

#[test]
fn nproc_bounds_the_processes_of_a_user_but_not_those_of_user_0() {
    program(&|sys, _| async move {
        set(sys, Resource::RLIMIT_NPROC, 2).await;
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            let first = fork(sys, async |sys| sys.compute(10_000).await).await;
            assert_eq!(sys.fork().await, Err(Errno::EAGAIN));
            let spawned = sys.posix_spawn(b"true", &Default::default(), &[b"true"], &[]).await;
            assert_eq!(spawned, Err(Errno::EAGAIN));
            join(sys, first).await;
            let second = fork(sys, async |_| ()).await;
            join(sys, second).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn data_bounds_the_heap() {
    program(&|sys, _| async move {
        let start = sys.sbrk(0).await.unwrap();
        set(sys, Resource::RLIMIT_DATA, 3 * PAGE).await;
        sys.brk(start + 3 * PAGE).await.unwrap();
        assert_eq!(sys.sbrk(1).await, Err(Errno::ENOMEM));
        assert_eq!(sys.sbrk(0).await, Ok(start + 3 * PAGE));
        sys.brk(start).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn as_bounds_the_address_space() {
    program(&|sys, _| async move {
        let small = map(sys, 1).await;
        set(sys, Resource::RLIMIT_AS, PAGE).await;
        let flags = abi::MapFlags::MAP_PRIVATE | abi::MapFlags::MAP_ANONYMOUS;
        assert_eq!(sys.mmap(0, 1, abi::Protection::PROT_READ, flags).await, Err(Errno::ENOMEM));
        assert_eq!(sys.sbrk(PAGE as i64).await, Err(Errno::ENOMEM));
        sys.munmap(small, PAGE as usize).await.unwrap();
        set(sys, Resource::RLIMIT_AS, RLIM_INFINITY).await;
        map(sys, 1).await;
        0
    })
    .succeeds();
}

#[test]
fn stack_bounds_the_stack_of_the_next_program() {
    program(&|sys, args| async move {
        let deep = |bytes: u64| kernel::mem::space::STACK_TOP - bytes;
        if args.len() == 1 {
            set(sys, Resource::RLIMIT_STACK, 16 * PAGE).await;
            sys.execve(b"tested", &[b"tested", b"again"], &[]).await;
        }
        sys.store(deep(16 * PAGE), 1u8).await;
        let child = fork(sys, async |sys| sys.store(deep(16 * PAGE) - 1, 1u8).await).await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        0
    })
    .succeeds();
}
