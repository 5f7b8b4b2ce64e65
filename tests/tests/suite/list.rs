//! The list of processes, and a process's name (`ps(1)`, `prctl(2)`).

use abi::{Errno, Length, OutArray, Pid, ProcessInfo, Signal};
use harness::{PAGE, ends, fork, join, map, program, signaled, until_state};
use userland::Sys;

async fn info(sys: Sys, pid: Pid) -> ProcessInfo {
    let list = sys.processes().await.unwrap();
    *list.iter().find(|process| process.pid == pid.0).expect("it is in the list")
}

#[test]
fn it_has_everybody_in_order_and_says_what_they_are() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let child = fork(sys, async |sys| {
            sys.set_name("a name of its own").await.unwrap();
            sys.setuid(1000).await.unwrap();
            sys.setsid().await.unwrap();
            sys.sigaction(Signal::SIGINT, Some(userland::sys::Action::IGNORE)).await.unwrap();
            loop {
                sys.compute(1_000_000).await;
            }
        })
        .await;
        while info(sys, child).await.ignored.is_empty() {
            sys.sched_yield().await;
        }
        let list = sys.processes().await.unwrap();
        assert_eq!(list.iter().map(|process| process.pid).collect::<Vec<_>>(), [1, me.0, child.0]);
        let [first, mine, other] = list[..] else { panic!("{list:?}") };
        assert_eq!((first.ppid, mine.ppid, other.ppid), (0, 1, me.0));
        assert_eq!((mine.state, other.state), ('R' as u32, 'R' as u32));
        assert_eq!((mine.uid, other.uid), (0, 1000));
        assert_eq!((mine.sid, other.sid, other.pgid), (1, child.0, child.0));
        // At most 15 bytes are kept.
        assert_eq!(&other.name, b"a name of its o\0");
        assert_eq!(&mine.name[..7], b"tested\0");
        assert_eq!((mine.open_fds, other.open_fds), (3, 3));
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn states_are_those_of_ps() {
    program(&|sys, _| async move {
        let (read, _write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            let _ = sys.read(read, &mut [0]).await;
        })
        .await;
        until_state(sys, child, 'S').await;
        sys.kill(child, Some(Signal::SIGSTOP)).await.unwrap();
        until_state(sys, child, 'T').await;
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        until_state(sys, child, 'Z').await;
        // A zombie has nothing any more.
        let zombie = info(sys, child).await;
        assert_eq!((zombie.open_fds, zombie.resident_pages), (0, 0));
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

#[test]
fn it_shows_what_is_resident_and_what_was_used() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let pages = map(sys, 20).await;
        let before = info(sys, me).await;
        for page in 0..10 {
            sys.store(pages + page * PAGE, 1u8).await;
        }
        sys.compute(50_000).await;
        let after = info(sys, me).await;
        assert_eq!(after.resident_pages, before.resident_pages + 10);
        assert!(after.utime_us >= before.utime_us + 50_000);
        0
    })
    .succeeds();
}

#[test]
fn a_short_array_takes_the_first_and_the_count_says_how_many_there_are() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let child = fork(sys, async |sys| sys.compute(1_000_000).await).await;
        for room in [0, 1, 2] {
            assert_eq!(sys.raw().processes(OutArray::at(page), Length(room)).await, Ok(3));
        }
        assert_eq!(sys.load::<i32>(page).await, 1);
        // No more than there are is written.
        let end = page + PAGE - 3 * <ProcessInfo as abi::Layout>::SIZE as u64;
        assert_eq!(sys.raw().processes(OutArray::at(end), Length(1000)).await, Ok(3));
        assert_eq!(sys.raw().processes(OutArray::at(end + 8), Length(1000)).await, Err(Errno::EFAULT));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_name_goes_with_fork_and_not_with_exec() {
    program(&|sys, args| async move {
        if args.len() > 1 {
            return i32::from(sys.get_name().await.unwrap() != "tested");
        }
        sys.set_name("other").await.unwrap();
        let child = fork(sys, async |sys| assert_eq!(sys.get_name().await.unwrap(), "other")).await;
        join(sys, child).await;
        sys.execve(b"/some/folder/tested", &[b"tested", b"again"], &[]).await;
        2
    })
    .succeeds();
}
