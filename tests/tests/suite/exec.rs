//! `execve(2)`: another program in the same process.

use abi::{Errno, Fd, MapFlags, OpenFlags, Protection, Signal, WaitStatus};
use harness::{PAGE, ends, fork, map, program};
use kernel::limits::ARGUMENT_BYTES;
use userland::sys::{Action, FileActions};
use userland::{Args, Sys, println};

/// Prints its arguments and its environment.
async fn show(sys: Sys, args: Args) -> i32 {
    let text =
        |bytes: Vec<&[u8]>| bytes.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect::<Vec<_>>();
    println!(sys, "{:?} {:?}", text(args.argv()), text(args.envp())).await;
    0
}

/// Exits with the number of its arguments.
async fn count(_: Sys, args: Args) -> i32 {
    args.len() as i32
}

#[test]
fn arguments_and_environment_arrive_as_they_were_given() {
    program(&|sys, _| async move {
        sys.execve(b"show", &[b"any name", b"", b"two words", "\u{e9}".as_bytes()], &[b"A=1", b"", b"no equals"]).await;
        1
    })
    .with("show", &show)
    .prints("[\"any name\", \"\", \"two words\", \"\u{e9}\"] [\"A=1\", \"\", \"no equals\"]\n");
}

#[test]
fn there_may_be_no_arguments() {
    program(&|sys, _| async move {
        let path = map(sys, 1).await;
        sys.store_bytes(path, b"count\0").await;
        sys.raw().execve(abi::Path(path), abi::Strings(0), abi::Strings(0)).await.unwrap();
        1
    })
    .with("count", &count)
    .succeeds();
}

#[test]
fn the_process_stays_the_same() {
    async fn child(sys: Sys, args: Args) -> i32 {
        let expected: Vec<i32> =
            args.rest().map(|number| std::str::from_utf8(number).unwrap().parse().unwrap()).collect();
        let found = [sys.getpid().await.0, sys.getppid().await.0, sys.getpgid(abi::Pid(0)).await.unwrap().0];
        assert_eq!(expected[..3], found);
        assert_eq!(sys.getsid(abi::Pid(0)).await, Ok(abi::Pid(1)));
        assert_eq!(sys.getuid().await, 0);
        assert_eq!(sys.umask(0).await, 0o123);
        assert_eq!(sys.getrlimit(abi::Resource::RLIMIT_CORE).await.unwrap().cur, 77);
        assert_eq!(sys.sigaction(Signal::SIGUSR1, None).await, Ok(Action::IGNORE));
        assert_eq!(sys.get_name().await.unwrap(), "child");
        0
    }
    program(&|sys, _| async move {
        sys.setpgid(abi::Pid(0), abi::Pid(0)).await.unwrap();
        sys.umask(0o123).await;
        let limit = sys.getrlimit(abi::Resource::RLIMIT_CORE).await.unwrap();
        sys.setrlimit(abi::Resource::RLIMIT_CORE, abi::Rlimit { cur: 77, ..limit }).await.unwrap();
        sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await.unwrap();
        sys.set_name("before").await.unwrap();
        let ids = [sys.getpid().await.0, sys.getppid().await.0, sys.getpgid(abi::Pid(0)).await.unwrap().0];
        let ids = ids.map(|id| id.to_string());
        sys.execve(b"child", &[b"child", ids[0].as_bytes(), ids[1].as_bytes(), ids[2].as_bytes()], &[]).await;
        1
    })
    .with("child", &child)
    .succeeds();
}

/// Seen on Linux: real 1000, effective 1001 and saved 1002 become 1000, 1001, 1001.
#[test]
fn the_saved_ids_become_the_effective_ones() {
    async fn child(sys: Sys, _: Args) -> i32 {
        let (user, group) = (sys.getresuid().await.unwrap(), sys.getresgid().await.unwrap());
        assert_eq!((user.real, user.effective, user.saved), (1000, 1001, 1001));
        assert_eq!((group.real, group.effective, group.saved), (4, 5, 5));
        0
    }
    program(&|sys, _| async move {
        sys.setresgid(4, 5, 6).await.unwrap();
        sys.setresuid(1000, 1001, 1002).await.unwrap();
        sys.execve(b"child", &[b"child"], &[]).await;
        1
    })
    .with("child", &child)
    .succeeds();
}

#[test]
fn memory_is_new_and_descriptors_stay_unless_marked() {
    async fn child(sys: Sys, args: Args) -> i32 {
        let number = |index| args.text(index).parse::<i32>().unwrap();
        assert_eq!(sys.close(Fd(number(1))).await, Ok(()));
        assert_eq!(sys.close(Fd(number(2))).await, Err(Errno::EBADF));
        // What was mapped there isn't any more: this is fatal.
        sys.load::<u8>(args.text(3).parse().unwrap()).await;
        0
    }
    program(&|sys, _| async move {
        let (kept, closed) = (sys.dup(Fd(1)).await.unwrap(), sys.dup(Fd(1)).await.unwrap());
        sys.fcntl(closed, abi::FcntlCommand::F_SETFD, 1).await.unwrap();
        let page = map(sys, 1).await;
        sys.store(page, 1u8).await;
        let child = fork(sys, async |sys| {
            let arguments = [kept.0.to_string(), closed.0.to_string(), page.to_string()];
            let [kept, closed, page] = arguments.each_ref().map(String::as_bytes);
            sys.execve(b"child", &[b"child", kept, closed, page], &[]).await;
        })
        .await;
        ends(sys, child, harness::signaled(Signal::SIGSEGV)).await;
        0
    })
    .with("child", &child)
    .succeeds();
}

#[test]
fn pipes_marked_close_on_exec_end_for_the_other_side() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_CLOEXEC).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.execve(b"yes", &[b"yes"], &[]).await;
        })
        .await;
        sys.close(write).await.unwrap();
        // Only the child could write, and it never will.
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        sys.wait().await.unwrap();
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn a_failed_exec_changes_nothing() {
    program(&|sys, _| async move {
        let cloexec = sys.dup(Fd(1)).await.unwrap();
        sys.fcntl(cloexec, abi::FcntlCommand::F_SETFD, 1).await.unwrap();
        let page = map(sys, 1).await;
        sys.store_bytes(page, b"true\0").await;
        let heap = sys.sbrk(100).await.unwrap();
        sys.store(heap, 5u8).await;
        sys.set_name("same").await.unwrap();

        let long = vec![b'x'; ARGUMENT_BYTES];
        assert_eq!(sys.execve(b"no such program", &[b"x"], &[]).await, Errno::ENOENT);
        assert_eq!(sys.execve(b"", &[b"x"], &[]).await, Errno::ENOENT);
        assert_eq!(sys.execve(b"true", &[b"true", &long], &[]).await, Errno::E2BIG);
        assert_eq!(sys.execve(b"true", &[b"true"], &[&long]).await, Errno::E2BIG);
        assert_eq!(sys.execve(&[b'x'; 5000], &[b"x"], &[]).await, Errno::ENAMETOOLONG);
        let bad = abi::Strings(8);
        assert_eq!(sys.raw().execve(abi::Path(8), abi::Strings(0), abi::Strings(0)).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().execve(abi::Path(page), bad, abi::Strings(0)).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().execve(abi::Path(page), abi::Strings(0), bad).await, Err(Errno::EFAULT));

        assert_eq!(sys.fcntl(cloexec, abi::FcntlCommand::F_GETFD, 0).await, Ok(1));
        assert_eq!((sys.load::<u8>(page).await, sys.load::<u8>(heap).await), (b't', 5));
        assert_eq!(sys.sbrk(0).await, Ok(heap + 100));
        assert_eq!(sys.get_name().await.unwrap(), "same");
        0
    })
    .succeeds();
}

#[test]
fn the_largest_arguments_arrive_and_one_byte_more_is_too_much() {
    async fn measure(_: Sys, args: Args) -> i32 {
        i32::from(args.get(1).unwrap().iter().all(|byte| *byte == b'x'))
    }
    program(&|sys, _| async move {
        // Each string takes its bytes, a zero byte and a pointer.
        let mut length = ARGUMENT_BYTES;
        loop {
            let long = vec![b'x'; length];
            let child = fork(sys, async |sys| {
                let errno = sys.execve(b"measure", &[b"measure", &long], &[]).await;
                assert_eq!(errno, Errno::E2BIG);
            })
            .await;
            match sys.wait().await {
                Ok((_, WaitStatus::Exited(1))) => break,
                ended => assert_eq!(ended, Ok((child, WaitStatus::Exited(0)))),
            }
            length -= 1;
        }
        let overhead = ARGUMENT_BYTES - length;
        assert!(overhead < 64, "{overhead}");
        0
    })
    .with("measure", &measure)
    .seeds(0)
    .succeeds();
}

#[test]
fn shared_mappings_end_with_the_old_program() {
    program(&|sys, _| async move {
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
        let page = sys.mmap(0, PAGE as usize, Protection::PROT_READ | Protection::PROT_WRITE, flags).await.unwrap();
        sys.store(page, 1u8).await;
        sys.execve(b"true", &[b"true"], &[]).await;
        1
    })
    .succeeds();
}

#[test]
fn what_has_a_name_and_is_no_program_is_not_executed() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/true", 0o777).await.unwrap();
        for path in [&b"/tmp/true"[..], b"/tmp", b"/", b"/dev/null", b"./tmp", b"tmp/true"] {
            assert_eq!(sys.execve(path, &[b"true"], &[]).await, Errno::EACCES, "{path:?}");
            let spawned = sys.posix_spawn(path, &FileActions::new(), &[b"true"], &[]).await;
            assert_eq!(spawned, Err(Errno::EACCES), "{path:?}");
        }
        sys.unlink(b"/tmp/true").await.unwrap();
        assert_eq!(sys.execve(b"/tmp/nothing", &[b"nothing"], &[]).await, Errno::ENOENT);
        sys.execve(b"/tmp/true", &[b"true"], &[]).await;
        1
    })
    .succeeds();
}
