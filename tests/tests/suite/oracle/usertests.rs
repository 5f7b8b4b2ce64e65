//! The properties that xv6's own user tests check, as far as Vitrine has the features that they need. Each test has the name of
//! the original. Where POSIX wants something else than xv6, the comment says so. A pipe stands for the original's file where
//! the property isn't one of files.
//!
//! The original counts free pages around all tests; here the harness compares every table around each.

use abi::{Errno, FcntlCommand, Fd, InBytes, Length, OpenFlags, OutBytes, Path, Signal, Strings, WaitStatus};
use harness::{PAGE, ends, fork, join, map, map_shared, program, signaled};
use userland::Sys;
use userland::sys::Forked;

use super::{OWN, text};

/// Addresses that no process may use: null, those of xv6's kernel, the ends of the address space and of all addresses.
const OUTSIDE: [u64; 8] = [
    0,
    0x8000_0000,
    0x20_0000_0000 - 8192,
    0x20_0000_0000,
    0x3f_ffff_f000,
    0x40_0000_0000,
    0x8000_0000_0000_0000,
    u64::MAX - 8191,
];

/// Tests whose features aren't there yet, or that POSIX contradicts, by the first words of the reason.
const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "needs files",
        &[
            "copyinstr1",
            "truncate1",
            "truncate3",
            "openiput",
            "exitiput",
            "iput",
            "opentest",
            "writetest",
            "writebig",
            "createtest",
            "dirtest",
            "fourfiles",
            "createdelete",
            "unlinkread",
            "linktest",
            "concreate",
            "linkunlink",
            "subdir",
            "bigwrite",
            "bigfile",
            "rmdot",
            "dirfile",
            "iref",
            "validatetest",
            "bigdir",
            "manywrites",
            "diskfull",
            "outofinodes",
            "sharedfd",
        ],
    ),
    ("POSIX makes a hole and succeeds", &["truncate2"]),
    ("POSIX doesn't cut names to 14 bytes", &["fourteen"]),
    ("programs don't lie in simulated memory, so they have no uninitialised data there", &["bsstest"]),
];

/// A test for each, and the list of their names.
macro_rules! usertests {
    ($($(#[$doc:meta])* fn $name:ident() $body:block)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $($(#[$doc])*
        #[test]
        #[allow(non_snake_case)]
        fn $name() $body)*
    };
}

usertests! {
    /// A write whose buffer lies outside the caller's memory isn't honoured: EFAULT, on a pipe and on the console.
    fn copyin() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
            for address in OUTSIDE {
                for fd in [write, Fd(1)] {
                    let written = sys.raw().write(fd, InBytes(address), Length(8192)).await;
                    assert_eq!(written, Err(Errno::EFAULT), "{address:#x}");
                }
                assert_eq!(sys.read(read, &mut [0]).await, Err(Errno::EAGAIN));
            }
            0
        })
        .prints("");
    }

    /// A read into a buffer outside of memory fails with EFAULT, from a pipe that has data.
    fn copyout() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            sys.write(write, b"x").await.unwrap();
            for address in OUTSIDE {
                let count = sys.raw().read(read, OutBytes(address), Length(8192)).await;
                assert_eq!(count, Err(Errno::EFAULT), "{address:#x}");
            }
            assert_eq!(sys.read(read, &mut [0]).await, Ok(1));
            0
        })
        .succeeds();
    }

    /// A path as long as the limit, so that there is no room for its zero byte, is refused; so is an exec with arguments
    /// beyond the limit, and the caller goes on running. The child's own status 747 comes back through wait, of which
    /// POSIX keeps 8 bits.
    fn copyinstr2() {
        program(&|sys, _| async move {
            let most = kernel::limits::PATH_BYTES;
            let path = b"x/".repeat(most / 2);
            assert_eq!(sys.execve(&path, &[b"x"], &[]).await, Errno::ENAMETOOLONG);
            assert_eq!(sys.execve(&path[..most - 1], &[b"x"], &[]).await, Errno::ENOENT);
            let child = fork(sys, async |sys| {
                let long = vec![b'x'; kernel::limits::ARGUMENT_BYTES];
                assert_eq!(sys.execve(b"echo", &[b"echo", &long], &[]).await, Errno::E2BIG);
                sys.exit(747).await;
            })
            .await;
            ends(sys, child, WaitStatus::Exited(747u16 as u8)).await;
            0
        })
        .succeeds();
    }

    /// A string that runs off the end of the last mapped page is refused.
    fn copyinstr3() {
        program(&|sys, _| async move {
            let page = map(sys, 1).await;
            sys.store_bytes(page, &[b'x'; PAGE as usize]).await;
            for length in 1..10 {
                let path = Path(page + PAGE - length);
                assert_eq!(sys.raw().execve(path, Strings(0), Strings(0)).await, Err(Errno::EFAULT));
            }
            0
        })
        .succeeds();
    }

    /// Memory that was given back with a negative sbrk can't be used as a buffer any more.
    fn rwsbrk() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            let buffer = sys.sbrk(8192).await.unwrap();
            sys.store(buffer + 4096, 7u8).await;
            assert_eq!(sys.raw().write(write, InBytes(buffer + 4096), Length(1024)).await, Ok(1024));
            sys.sbrk(-8192).await.unwrap();
            assert_eq!(sys.raw().write(write, InBytes(buffer + 4096), Length(1024)).await, Err(Errno::EFAULT));
            assert_eq!(sys.raw().read(read, OutBytes(buffer + 4096), Length(10)).await, Err(Errno::EFAULT));
            0
        })
        .succeeds();
    }

    /// A child closes descriptor 1, what it opens next gets the lowest free one, which is 1, and it executes echo; the parent
    /// waits for exactly that child, with status 0, and finds the output.
    fn exectest() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe2(OpenFlags::O_CLOEXEC).await.unwrap();
            let child = fork(sys, async |sys| {
                sys.close(Fd(1)).await.unwrap();
                assert_eq!(sys.dup(write).await, Ok(Fd(1)));
                sys.execve(b"echo", &[b"echo", b"OK"], &[]).await;
                sys.exit(1).await;
            })
            .await;
            assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(0))));
            sys.close(write).await.unwrap();
            let mut output = [0; 16];
            assert_eq!(sys.read(read, &mut output).await, Ok(3));
            assert_eq!(&output[..3], b"OK\n");
            assert_eq!(sys.read(read, &mut output).await, Ok(0));
            0
        })
        .succeeds();
    }

    /// A child writes 5 times 1,033 increasing bytes, more than the pipe holds, then exits; the parent reads with sizes 1, 2, 4 and
    /// so on until the end: bytes are in order, none is lost, and the end comes from the writer's exit.
    fn pipe1() {
        const SIZE: usize = 1033;
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            assert_eq!(sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, PAGE).await, Ok(PAGE as i64));
            let child = fork(sys, async |sys| {
                sys.close(read).await.unwrap();
                let mut next = 0..=u8::MAX;
                for _ in 0..5 {
                    let bytes: Vec<u8> = (0..SIZE)
                        .map(|_| next.next().unwrap_or_else(|| { next = 1..=u8::MAX; 0 }))
                        .collect();
                    assert_eq!(sys.write(write, &bytes).await, Ok(SIZE));
                }
            })
            .await;
            sys.close(write).await.unwrap();
            let (mut room, mut total, mut buffer) = (1, 0, vec![0; 8192]);
            loop {
                let count = sys.read(read, &mut buffer[..room]).await.unwrap();
                if count == 0 {
                    break;
                }
                for byte in &buffer[..count] {
                    assert_eq!(*byte, total as u8);
                    total += 1;
                }
                room = (room * 2).min(buffer.len());
            }
            assert_eq!(total, 5 * SIZE);
            join(sys, child).await;
            0
        })
        .succeeds();
    }

    /// A child that loops on getpid is killed; the parent's wait gives the status of one that was killed. 100 rounds.
    fn killstatus() {
        program(&|sys, _| async move {
            for _ in 0..100 {
                let child = fork(sys, async |sys| loop {
                    sys.getpid().await;
                })
                .await;
                sys.compute(10).await;
                sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
                ends(sys, child, signaled(Signal::SIGKILL)).await;
            }
            0
        })
        .succeeds();
    }

    /// Two children compute for ever; a third still gets the CPU to write one byte; the parent reads it, kills all three
    /// and reaps all three.
    fn preempt() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            let mut children = Vec::new();
            for number in 0..3 {
                children.push(fork(sys, async |sys| {
                    if number == 2 {
                        sys.write(write, b"x").await.unwrap();
                    }
                    loop {
                        sys.compute(1_000_000).await;
                    }
                })
                .await);
            }
            sys.close(write).await.unwrap();
            assert_eq!(sys.read(read, &mut [0; 8]).await, Ok(1));
            for child in &children {
                sys.kill(*child, Some(Signal::SIGKILL)).await.unwrap();
            }
            for child in children {
                ends(sys, child, signaled(Signal::SIGKILL)).await;
            }
            0
        })
        .succeeds();
    }

    /// 100 times: a child exits with i; the parent's wait returns exactly that child and exactly i.
    fn exitwait() {
        program(&|sys, _| async move {
            for round in 0..100 {
                let child = fork(sys, async |sys| match sys.exit(round).await {}).await;
                assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(round as u8))));
            }
            0
        })
        .succeeds();
    }

    /// 200 times: a child forks a grandchild and exits at once, so that PID 1 adopts it; the parent's wait returns the child
    /// only, never the grandchild.
    fn reparent() {
        program(&|sys, _| async move {
            for _ in 0..200 {
                let child = fork(sys, async |sys| {
                    fork_as_far_as_possible(sys).await;
                })
                .await;
                assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(0))));
            }
            0
        })
        .seeds(4)
        .succeeds();
    }

    /// 1,000 times: two children exit at the same time; two waits collect both.
    fn twochildren() {
        program(&|sys, _| async move {
            for _ in 0..1000 {
                let (first, second) = (fork(sys, async |_| ()).await, fork(sys, async |_| ()).await);
                let mut reaped = [sys.wait().await.unwrap().0, sys.wait().await.unwrap().0];
                reaped.sort();
                assert_eq!(reaped, [first, second]);
                sys.getpid().await;
            }
            0
        })
        .seeds(2)
        .succeeds();
    }

    /// Two children side by side each fork, exit and wait 200 times without a failure.
    fn forkfork() {
        program(&|sys, _| async move {
            let mut children = Vec::new();
            for _ in 0..2 {
                children.push(fork(sys, async |sys| {
                    for _ in 0..200 {
                        let child = fork(sys, async |_| ()).await;
                        join(sys, child).await;
                    }
                })
                .await);
            }
            for child in children {
                join(sys, child).await;
            }
            0
        })
        .seeds(4)
        .succeeds();
    }

    /// A fork bomb until fork fails because the table is full (EAGAIN); then a flag stops it, all of them exit, and the system
    /// recovers.
    fn forkforkfork() {
        program(&|sys, _| async move {
            let stop = map_shared(sys, 1).await;
            let child = fork(sys, async |sys| {
                while sys.load::<u8>(stop).await == 0 {
                    match sys.fork().await {
                        Ok(_) => {}
                        Err(errno) => {
                            assert_eq!(errno, Errno::EAGAIN);
                            sys.store(stop, 1u8).await;
                        }
                    }
                }
            })
            .await;
            join(sys, child).await;
            while sys.sysinfo().await.unwrap().procs > 2 {
                sys.sched_yield().await;
            }
            let child = fork(sys, async |_| ()).await;
            join(sys, child).await;
            0
        })
        .succeeds();
    }

    /// 800 times: a child forks two grandchildren and exits; two orphans are adopted at once.
    fn reparent2() {
        program(&|sys, _| async move {
            for _ in 0..800 {
                let child = fork(sys, async |sys| {
                    fork_as_far_as_possible(sys).await;
                    fork_as_far_as_possible(sys).await;
                })
                .await;
                join(sys, child).await;
            }
            0
        })
        .seeds(2)
        .succeeds();
    }

    /// A child allocates until that fails, frees everything, and then gets 20 KiB more.
    fn mem() {
        program(&|sys, _| async move {
            let child = fork(sys, async |sys| {
                let start = sys.sbrk(0).await.unwrap();
                while let Ok(chunk) = sys.sbrk(64 * PAGE as i64).await {
                    for page in 0..64 {
                        sys.store(chunk + page * PAGE, 1u8).await;
                    }
                }
                sys.brk(start).await.unwrap();
                let more = sys.sbrk(20 << 10).await.unwrap();
                for page in 0..5 {
                    sys.store(more + page * PAGE, 1u8).await;
                }
            })
            .await;
            join(sys, child).await;
            0
        })
        .checked_every(50)
        .seeds(1)
        .succeeds();
    }

    /// Fork until it fails: at least one and fewer than 1,000 succeed; exactly so many waits do, and the next gives ECHILD.
    fn forktest() {
        program(&|sys, _| async move {
            let mut count = 0;
            loop {
                match sys.fork().await {
                    Ok(Forked::Child) => return 0,
                    Ok(Forked::Parent(_)) => count += 1,
                    Err(errno) => {
                        assert_eq!(errno, Errno::EAGAIN);
                        break;
                    }
                }
            }
            assert_eq!(count, kernel::limits::PROCESSES - 2);
            for _ in 0..count {
                assert_eq!(sys.wait().await.unwrap().1, WaitStatus::Exited(0));
            }
            assert_eq!(sys.wait().await, Err(Errno::ECHILD));
            0
        })
        .succeeds();
    }

    /// An sbrk that is too large fails; 5,000 of one byte each move the break by one; the break is private after fork.
    fn sbrkbasic() {
        program(&|sys, _| async move {
            assert_eq!(sys.sbrk(1 << 40).await, Err(Errno::ENOMEM));
            let start = sys.sbrk(0).await.unwrap();
            for index in 0..5000 {
                assert_eq!(sys.sbrk(1).await, Ok(start + index));
                if index % 500 == 0 {
                    sys.store(start + index, 1u8).await;
                }
            }
            let child = fork(sys, async |sys| {
                assert_eq!(sys.sbrk(1).await, Ok(start + 5000));
                assert_eq!(sys.sbrk(1).await, Ok(start + 5001));
            })
            .await;
            join(sys, child).await;
            assert_eq!(sys.sbrk(1).await, Ok(start + 5000));
            0
        })
        .seeds(2)
        .succeeds();
    }

    /// Grow by much, shrink by a page, grow again: the page is there again and holds zeros. What was shrunk away can't be read.
    fn sbrkmuch() {
        const MUCH: u64 = 8 << 20;
        program(&|sys, _| async move {
            let start = sys.sbrk(0).await.unwrap();
            assert_eq!(sys.sbrk(MUCH as i64).await, Ok(start));
            let last = start + MUCH - 1;
            sys.store(last, 99u8).await;
            assert_eq!(sys.sbrk(-(PAGE as i64)).await, Ok(start + MUCH));
            assert_eq!(sys.sbrk(0).await, Ok(start + MUCH - PAGE));
            let child = fork(sys, async |sys| {
                sys.load::<u8>(last).await;
            })
            .await;
            ends(sys, child, signaled(Signal::SIGSEGV)).await;
            assert_eq!(sys.sbrk(PAGE as i64).await, Ok(start + MUCH - PAGE));
            assert_eq!(sys.load::<u8>(last).await, 0);
            0
        })
        .succeeds();
    }

    /// Reading the kernel's addresses is fatal: SIGSEGV, seen by wait.
    fn kernmem() {
        program(&|sys, _| async move {
            for step in 0..40 {
                let child = fork(sys, async |sys| {
                    sys.load::<u8>(0xffff_ffc0_0000_0000 + step * 50_000).await;
                })
                .await;
                ends(sys, child, signaled(Signal::SIGSEGV)).await;
            }
            0
        })
        .succeeds();
    }

    /// Writing above the highest address is fatal.
    fn MAXVAplus() {
        program(&|sys, _| async move {
            for bit in 37..64 {
                let child = fork(sys, async |sys| {
                    sys.store(1u64 << bit, 99u8).await;
                })
                .await;
                ends(sys, child, signaled(Signal::SIGSEGV)).await;
            }
            0
        })
        .succeeds();
    }

    /// Ten children use up all memory and sleep; the parent, which learns of it through a pipe, kills and reaps them. Then there is
    /// memory again, and a child that wants more than there is fails without harm to others.
    fn sbrkfail() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            let mut children = Vec::new();
            for _ in 0..10 {
                children.push(fork(sys, async |sys| {
                    if let Ok(start) = sys.sbrk(512 * PAGE as i64).await {
                        for page in 0..512 {
                            sys.store(start + page * PAGE, 1u8).await;
                        }
                    }
                    sys.write(write, b"x").await.unwrap();
                    loop {
                        sys.compute(1_000_000).await;
                    }
                })
                .await);
            }
            sys.close(write).await.unwrap();
            // One that ran out of memory was ended for it, so the end may come before the tenth byte.
            let mut ready = 0;
            while ready < 7 {
                ready += sys.read(read, &mut [0; 10]).await.unwrap();
            }
            for child in &children {
                sys.kill(*child, Some(Signal::SIGKILL)).await.unwrap();
            }
            for child in children {
                ends(sys, child, signaled(Signal::SIGKILL)).await;
            }
            let start = sys.sbrk(1024 * PAGE as i64).await.unwrap();
            for page in 0..1024 {
                sys.store(start + page * PAGE, 1u8).await;
            }
            0
        })
        .checked_every(50)
        .seeds(1)
        .succeeds();
    }

    /// Fresh memory is usable as the buffer of a write and as the result of pipe.
    fn sbrkarg() {
        program(&|sys, _| async move {
            let start = sys.sbrk(PAGE as i64).await.unwrap();
            assert_eq!(sys.raw().pipe2(abi::Out::at(start), OpenFlags::empty()).await, Ok(0));
            let write = Fd(sys.load::<i32>(start + 4).await);
            let fresh = sys.sbrk(PAGE as i64).await.unwrap();
            assert_eq!(sys.raw().write(write, InBytes(fresh), Length(PAGE)).await, Ok(PAGE as i64));
            0
        })
        .succeeds();
    }

    /// An exec with too large arguments fails, and the caller goes on as it was.
    fn bigargtest() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe2(OpenFlags::O_CLOEXEC).await.unwrap();
            let child = fork(sys, async |sys| {
                let argument = [b' '; 4096];
                let argv = [&argument[..]; 40];
                assert_eq!(sys.execve(b"echo", &argv, &[]).await, Errno::E2BIG);
                sys.write(write, b"still here").await.unwrap();
            })
            .await;
            join(sys, child).await;
            assert_eq!(sys.read(read, &mut [0; 64]).await, Ok(10));
            0
        })
        .succeeds();
    }

    /// A read of length -1 at the end of memory does no harm.
    fn argptest() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
            sys.write(write, b"abc").await.unwrap();
            let end = sys.sbrk(PAGE as i64).await.unwrap() + PAGE;
            let count = sys.raw().read(read, OutBytes(end - 1), Length(u64::MAX)).await;
            assert!(matches!(count, Err(Errno::EFAULT) | Ok(1)), "{count:?}");
            0
        })
        .succeeds();
    }

    /// Reading under the stack is fatal.
    fn stacktest() {
        program(&|sys, _| async move {
            let child = fork(sys, async |sys| {
                sys.load::<u8>(kernel::mem::space::STACK_TOP - kernel::mem::space::STACK_MAX_BYTES - PAGE).await;
            })
            .await;
            ends(sys, child, signaled(Signal::SIGSEGV)).await;
            0
        })
        .succeeds();
    }

    /// Writing to address 0, where xv6 has its text, is fatal.
    fn textwrite() {
        program(&|sys, _| async move {
            let child = fork(sys, async |sys| {
                sys.store(0, 10u32).await;
            })
            .await;
            ends(sys, child, signaled(Signal::SIGSEGV)).await;
            0
        })
        .succeeds();
    }

    /// exec and pipe with a wild pointer do no harm.
    fn pgbug() {
        program(&|sys, _| async move {
            let wild = 0xeaeb_0b5b_0000_2f5e;
            assert_eq!(sys.raw().execve(Path(wild), Strings(wild), Strings(0)).await, Err(Errno::EFAULT));
            assert_eq!(sys.raw().pipe2(abi::Out::at(wild), OpenFlags::empty()).await, Err(Errno::EFAULT));
            0
        })
        .succeeds();
    }

    /// Shrinking to nothing, into the first page, or by less than a page: exit cleans up nevertheless.
    fn sbrkbugs() {
        program(&|sys, _| async move {
            let start = sys.sbrk(0).await.unwrap();
            for (grow, left) in [(0, 0), (3 * PAGE, 0), (3 * PAGE, 3500), (PAGE * 10 + 2048, PAGE * 10 + 2047)] {
                let child = fork(sys, async |sys| {
                    sys.sbrk(grow as i64).await.unwrap();
                    for page in 0..grow / PAGE {
                        sys.store(start + page * PAGE, 1u8).await;
                    }
                    sys.brk(start + left).await.unwrap();
                    // Below its start it doesn't shrink.
                    assert_eq!(sys.sbrk(-(left as i64) - 1).await, Err(Errno::ENOMEM));
                })
                .await;
                join(sys, child).await;
            }
            0
        })
        .succeeds();
    }

    /// Shrunk by a few bytes over a page's edge, the last page is still usable as a buffer.
    fn sbrklast() {
        program(&|sys, _| async move {
            let (read, write) = sys.pipe().await.unwrap();
            sys.sbrk(PAGE as i64 + 10).await.unwrap();
            sys.sbrk(-20).await.unwrap();
            let last = sys.sbrk(0).await.unwrap() - 64;
            sys.store_bytes(last, b"x").await;
            assert_eq!(sys.raw().write(write, InBytes(last), Length(1)).await, Ok(1));
            sys.store(last, 0u8).await;
            assert_eq!(sys.raw().read(read, OutBytes(last), Length(1)).await, Ok(1));
            assert_eq!(sys.load::<u8>(last).await, b'x');
            0
        })
        .succeeds();
    }

    /// An sbrk whose argument is negative as a 32-bit number does no harm.
    fn sbrk8000() {
        program(&|sys, _| async move {
            let start = sys.sbrk(0).await.unwrap();
            let _ = sys.sbrk(0x8000_0004).await;
            let end = sys.sbrk(0).await.unwrap();
            sys.brk(start).await.unwrap();
            assert!(end == start || end == start + 0x8000_0004);
            0
        })
        .succeeds();
    }

    /// 50,000 execs with a bad pointer among the arguments leak nothing.
    fn badarg() {
        program(&|sys, _| async move {
            let argv = map(sys, 1).await;
            sys.store(argv, 0xffff_ffffu64).await;
            sys.store_bytes(argv + 64, b"echo\0").await;
            for _ in 0..50_000 {
                assert_eq!(sys.raw().execve(Path(argv + 64), Strings(argv), Strings(0)).await, Err(Errno::EFAULT));
            }
            0
        })
        .seeds(0)
        .succeeds();
    }

    /// 600 writes from a bad pointer leak nothing, and a later one works.
    fn badwrite() {
        program(&|sys, _| async move {
            for _ in 0..600 {
                let (_, write) = sys.pipe().await.unwrap();
                assert_eq!(sys.raw().write(write, InBytes(0xff_ffff_ffff), Length(1)).await, Err(Errno::EFAULT));
                sys.close(write).await.unwrap();
                sys.close(Fd(write.0 - 1)).await.unwrap();
            }
            let (_, write) = sys.pipe().await.unwrap();
            assert_eq!(sys.write(write, b"x").await, Ok(1));
            0
        })
        .seeds(2)
        .succeeds();
    }

    /// exec when memory is nearly gone fails, or works, without harm, and gives back what it took.
    fn execout() {
        program(&|sys, _| async move {
            for spare in 0..15 {
                let child = fork(sys, async |sys| {
                    let start = sys.sbrk(0).await.unwrap();
                    // All of it: by many pages at first, then by one.
                    for pages in [256, 1] {
                        while let Ok(chunk) = sys.sbrk((pages * PAGE) as i64).await {
                            for page in 0..pages {
                                sys.store(chunk + page * PAGE, 1u8).await;
                            }
                        }
                    }
                    let end = sys.sbrk(0).await.unwrap();
                    sys.brk((end - spare * PAGE).max(start)).await.unwrap();
                    let errno = sys.execve(b"true", &[b"true", b"x"], &[]).await;
                    assert_eq!(errno, Errno::ENOMEM);
                })
                .await;
                let waited = sys.wait().await.unwrap();
                assert!(waited == (child, WaitStatus::Exited(0)) || waited.1 == signaled(Signal::SIGKILL), "{waited:?}");
            }
            0
        })
        .checked_every(50)
        .seeds(0)
        .succeeds();
    }
}

/// Forks a child that exits at once and isn't waited for; that there is no room is no error here.
async fn fork_as_far_as_possible(sys: Sys) {
    if sys.fork().await == Ok(Forked::Child) {
        sys.exit(0).await;
    }
}

#[test]
fn oracle_every_row_is_tested_or_left_out_for_a_reason() {
    let table = text(&std::path::Path::new(OWN).join("xv6_usertests.tsv"));
    let rows: Vec<Vec<&str>> =
        table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    let mut names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let left_out = LEFT_OUT.iter().flat_map(|(_, names)| *names);
    let mut known: Vec<&str> = TESTED.iter().chain(left_out).copied().collect();
    names.sort();
    known.sort();
    assert_eq!(names, known);

    // What maps to POSIX is left out only if it needs files.
    for row in rows.iter().filter(|row| row[5].starts_with("yes") && !TESTED.contains(&row[0])) {
        assert!(row[2].split(',').any(|feature| feature == "files"), "{}", row[0]);
    }
}
