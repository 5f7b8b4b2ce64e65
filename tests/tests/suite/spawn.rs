//! `posix_spawn(3)`: a child that begins with a program, and what is done to its descriptors before.

use abi::{Errno, FcntlCommand, Fd, OpenFlags, Pid, SigInfo, Signal, WaitStatus};
use harness::{ends, fork, join, program};
use userland::libc::ualarm;
use userland::sys::{Action, FileActions};
use userland::{Args, Sys, handlers, println};

/// Prints which descriptors are open.
async fn descriptors(sys: Sys, args: Args) -> i32 {
    let mut open = Vec::new();
    for fd in 0..20 {
        if sys.fcntl(Fd(fd), FcntlCommand::F_GETFD, 0).await.is_ok() {
            open.push(fd.to_string());
        }
    }
    println!(sys, "{}: {}", args.text(1), open.join(" ")).await;
    0
}

#[test]
fn it_runs_the_program_with_its_arguments_and_environment() {
    async fn child(_: Sys, args: Args) -> i32 {
        i32::from(args.argv() == [&b"child"[..], b"one"] && args.envp() == [b"A=1"])
    }
    program(&|sys, _| async move {
        let pid = sys.posix_spawn(b"child", &FileActions::new(), &[b"child", b"one"], &[b"A=1"]).await.unwrap();
        ends(sys, pid, WaitStatus::Exited(1)).await;
        0
    })
    .with("child", &child)
    .succeeds();
}

#[test]
fn actions_are_done_in_order() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_CLOEXEC).await.unwrap();
        // To 10, from there to standard output, and 10 closed again; closing what isn't open is no error.
        let actions = FileActions::new().dup2(write, Fd(10)).dup2(Fd(10), Fd(1)).close(Fd(10)).close(Fd(17));
        let child = sys.posix_spawn(b"descriptors", &actions, &[b"descriptors", b"x"], &[]).await.unwrap();
        sys.close(write).await.unwrap();
        join(sys, child).await;
        let mut bytes = [0; 100];
        let count = sys.read(read, &mut bytes).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes[..count]), "x: 0 1 2\n");
        assert_eq!(sys.read(read, &mut bytes).await, Ok(0));
        0
    })
    .with("descriptors", &descriptors)
    .succeeds();
}

#[test]
fn a_duplicate_onto_itself_survives_close_on_exec() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_CLOEXEC).await.unwrap();
        assert_eq!((read, write), (Fd(3), Fd(4)));
        let actions = FileActions::new().dup2(read, read);
        let child = sys.posix_spawn(b"descriptors", &actions, &[b"descriptors", b"x"], &[]).await.unwrap();
        join(sys, child).await;
        // The parent's own is as it was.
        assert_eq!(sys.fcntl(read, FcntlCommand::F_GETFD, 0).await, Ok(1));
        0
    })
    .with("descriptors", &descriptors)
    .prints("x: 0 1 2 3\n");
}

#[test]
fn what_it_refuses_leaves_no_child_behind() {
    program(&|sys, _| async move {
        let none = FileActions::new();
        let spawn = async |path: &[u8], actions: &FileActions| sys.posix_spawn(path, actions, &[b"x"], &[]).await;
        assert_eq!(spawn(b"no such program", &none).await, Err(Errno::ENOENT));
        assert_eq!(spawn(b"", &none).await, Err(Errno::ENOENT));
        assert_eq!(spawn(b"true", &none.clone().dup2(Fd(33), Fd(1))).await, Err(Errno::EBADF));
        assert_eq!(spawn(b"true", &none.clone().dup2(Fd(0), Fd(-1))).await, Err(Errno::EBADF));
        assert_eq!(spawn(b"true", &none.clone().dup2(Fd(0), Fd(100_000))).await, Err(Errno::EBADF));
        // Closed by the action before.
        assert_eq!(spawn(b"true", &none.clone().close(Fd(0)).dup2(Fd(0), Fd(1))).await, Err(Errno::EBADF));
        let long = vec![b'x'; kernel::limits::ARGUMENT_BYTES];
        assert_eq!(sys.posix_spawn(b"true", &none, &[&long], &[]).await, Err(Errno::E2BIG));
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        assert_eq!(sys.fcntl(Fd(0), FcntlCommand::F_GETFD, 0).await, Ok(0));
        0
    })
    .succeeds();
}

#[test]
fn the_child_is_a_child_like_any_other() {
    async fn child(sys: Sys, args: Args) -> i32 {
        assert_eq!(sys.getppid().await, Pid(args.text(1).parse().unwrap()));
        assert_eq!(sys.getpgid(Pid(0)).await, Ok(Pid(args.text(2).parse().unwrap())));
        assert_eq!(sys.getuid().await, 7);
        assert_eq!(sys.umask(0).await, 0o77);
        assert_eq!(sys.sigaction(Signal::SIGUSR1, None).await, Ok(Action::IGNORE));
        assert_eq!(sys.get_name().await.unwrap(), "child");
        9
    }
    program(&|sys, _| async move {
        sys.setpgid(Pid(0), Pid(0)).await.unwrap();
        sys.setuid(7).await.unwrap();
        sys.umask(0o77).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await.unwrap();
        let me = sys.getpid().await.0.to_string();
        let argv: [&[u8]; 3] = [b"child", me.as_bytes(), me.as_bytes()];
        let child = sys.posix_spawn(b"child", &FileActions::new(), &argv, &[]).await.unwrap();
        // It has executed a program.
        assert_eq!(sys.setpgid(child, child).await, Err(Errno::EACCES));
        ends(sys, child, WaitStatus::Exited(9)).await;
        0
    })
    .with("child", &child)
    .succeeds();
}

#[test]
fn a_full_table_is_eagain() {
    program(&|sys, _| async move {
        let mut count = 0;
        let errno = loop {
            match sys.posix_spawn(b"true", &FileActions::new(), &[b"true"], &[]).await {
                Ok(_) => count += 1,
                Err(errno) => break errno,
            }
        };
        assert_eq!((errno, count), (Errno::EAGAIN, kernel::limits::PROCESSES - 2));
        for _ in 0..count {
            sys.wait().await.unwrap();
        }
        let child = fork(sys, async |_| ()).await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn an_action_opens_a_name() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/spawned", 0o600).await.unwrap();
        let hold = sys.open(b"/tmp/spawned", abi::OpenFlags::O_RDWR).await.unwrap();
        let write = abi::OpenFlags::O_WRONLY;
        let actions = FileActions::new().open(Fd(1), b"/tmp/spawned", write).close(Fd(0));
        let child = sys.posix_spawn(b"echo", &actions, &[b"echo", b"through a name"], &[]).await.unwrap();
        harness::join(sys, child).await;
        let mut bytes = [0; 64];
        let count = sys.read(hold, &mut bytes).await.unwrap();
        assert_eq!(&bytes[..count], b"through a name\n");
        let nowhere = FileActions::new().open(Fd(1), b"/dev/null", write).open(Fd(0), b"/nowhere", write);
        assert_eq!(sys.posix_spawn(b"echo", &nowhere, &[b"echo"], &[]).await, Err(abi::Errno::ENOENT));
        // Nothing that was opened for the child stays open.
        assert_eq!(sys.dup(Fd(0)).await, Ok(Fd(hold.0 + 1)));
        sys.unlink(b"/tmp/spawned").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn an_action_that_can_not_open_leaves_no_child() {
    program(&|sys, _| async move {
        let spawn = async |fd, path: &[u8], flags| {
            let actions = FileActions::new().open(Fd(fd), path, flags);
            sys.posix_spawn(b"true", &actions, &[b"true"], &[]).await
        };
        sys.mkfifo(b"/tmp/theirs", 0o600).await.unwrap();
        let (read, write) = (OpenFlags::empty(), OpenFlags::O_WRONLY);
        assert_eq!(spawn(1, b"/tmp", write).await, Err(Errno::EISDIR));
        assert_eq!(spawn(1, b"/dev/null/x", write).await, Err(Errno::ENOTDIR));
        assert_eq!(spawn(1, b"/nowhere", write).await, Err(Errno::ENOENT));
        assert_eq!(spawn(1, b"/dev/null", write | OpenFlags::O_CREAT | OpenFlags::O_EXCL).await, Err(Errno::EEXIST));
        assert_eq!(spawn(1, b"/tmp/theirs", write | OpenFlags::O_NONBLOCK).await, Err(Errno::ENXIO));
        assert_eq!(spawn(1, b"/tmp/new", write | OpenFlags::O_CREAT).await, Err(Errno::EOPNOTSUPP));
        assert_eq!(spawn(1, b"/tmp", OpenFlags::O_CREAT | OpenFlags::O_DIRECTORY).await, Err(Errno::EINVAL));
        assert_eq!(spawn(1, &[b'x'; 256], read).await, Err(Errno::ENAMETOOLONG));
        // What it is to be opened as.
        for bad in [-1, 64, 10_000] {
            assert_eq!(spawn(bad, b"/dev/null", read).await, Err(Errno::EBADF), "{bad}");
        }
        let child = spawn(63, b"/dev/null", read).await.unwrap();
        ends(sys, child, WaitStatus::Exited(0)).await;
        while sys.dup(Fd(1)).await.is_ok() {}
        assert_eq!(spawn(1, b"/dev/null", read).await, Err(Errno::EMFILE));
        for fd in 3..64 {
            let _ = sys.close(Fd(fd)).await;
        }
        let other = fork(sys, async |sys| {
            sys.setuid(5).await.unwrap();
            let actions = FileActions::new().open(Fd(1), b"/tmp/theirs", read);
            assert_eq!(sys.posix_spawn(b"true", &actions, &[b"true"], &[]).await, Err(Errno::EACCES));
        });
        join(sys, other.await).await;
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        sys.unlink(b"/tmp/theirs").await.unwrap();
        0
    })
    .succeeds();
}

handlers! { HANDLERS: ON_ALARM = on_alarm; }

async fn on_alarm(_: Sys, _: SigInfo) {}

#[test]
fn an_action_that_waits_in_its_open_can_be_interrupted() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/nobody", 0o600).await.unwrap();
        sys.sigaction(Signal::SIGALRM, Some(Action::catch(ON_ALARM))).await.unwrap();
        ualarm(sys, 1000, 0).await;
        let actions = FileActions::new().open(Fd(1), b"/tmp/nobody", OpenFlags::O_WRONLY);
        assert_eq!(sys.posix_spawn(b"true", &actions, &[b"true"], &[]).await, Err(Errno::EINTR));
        assert_eq!(sys.wait().await, Err(Errno::ECHILD));
        sys.unlink(b"/tmp/nobody").await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}
