//! FIFOs (`fifo(7)`): `open` that waits for the other end, and what becomes of those who don't come. The records of
//! `oracle_lockstep.rs` compare them with Linux, interruptions by signals included.

use abi::Errno::{EAGAIN, EINTR, ENOENT, ENXIO};
use abi::{OpenFlags, SigActionFlags, SigInfo, Signal};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::Action;
use userland::{Sys, handlers, print};

const RDONLY: OpenFlags = OpenFlags::empty();
const WRONLY: OpenFlags = OpenFlags::O_WRONLY;
const RDWR: OpenFlags = OpenFlags::O_RDWR;
const NONBLOCK: OpenFlags = OpenFlags::O_NONBLOCK;

const FIFO: &[u8] = b"/tmp/fifo";

async fn make(sys: Sys) {
    sys.mkfifo(FIFO, 0o666).await.unwrap();
}

#[test]
fn a_reader_waits_for_a_writer() {
    program(&|sys, _| async move {
        make(sys).await;
        let child = fork(sys, async |sys| {
            let fd = sys.open(FIFO, RDONLY).await.unwrap();
            let mut bytes = [0; 9];
            assert_eq!(sys.read(fd, &mut bytes).await, Ok(5));
            assert_eq!(sys.read(fd, &mut bytes).await, Ok(0));
        })
        .await;
        until_state(sys, child, 'S').await;
        let fd = sys.open(FIFO, WRONLY).await.unwrap();
        assert_eq!(sys.write(fd, b"hello").await, Ok(5));
        sys.close(fd).await.unwrap();
        join(sys, child).await;
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn all_writers_who_wait_are_let_in_by_one_reader() {
    program(&|sys, _| async move {
        make(sys).await;
        let mut children = Vec::new();
        for _ in 0..3 {
            let child = fork(sys, async |sys| {
                let fd = sys.open(FIFO, WRONLY).await.unwrap();
                assert_eq!(sys.write(fd, b"x").await, Ok(1));
            })
            .await;
            until_state(sys, child, 'S').await;
            children.push(child);
        }
        let fd = sys.open(FIFO, RDONLY).await.unwrap();
        let (mut seen, mut bytes) = (0, [0; 9]);
        while let count @ 1.. = sys.read(fd, &mut bytes).await.unwrap() {
            seen += count;
        }
        assert_eq!(seen, 3);
        for child in children {
            join(sys, child).await;
        }
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn an_open_that_was_let_in_stays_so_even_if_the_other_end_has_gone() {
    program(&|sys, _| async move {
        make(sys).await;
        let child = fork(sys, async |sys| {
            let fd = sys.open(FIFO, RDONLY).await.unwrap();
            assert_eq!(sys.read(fd, &mut [0]).await, Ok(0));
        })
        .await;
        until_state(sys, child, 'S').await;
        let fd = sys.open(FIFO, WRONLY | NONBLOCK).await.unwrap();
        sys.close(fd).await.unwrap();
        join(sys, child).await;
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn without_waiting() {
    program(&|sys, _| async move {
        make(sys).await;
        assert_eq!(sys.open(FIFO, WRONLY | NONBLOCK).await, Err(ENXIO));
        let read = sys.open(FIFO, RDONLY | NONBLOCK).await.unwrap();
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        let write = sys.open(FIFO, WRONLY | NONBLOCK).await.unwrap();
        assert_eq!(sys.read(read, &mut [0]).await, Err(EAGAIN));
        assert_eq!(sys.write(write, b"ab").await, Ok(2));
        // Data that nobody has read goes when nobody has it open any more.
        sys.close(write).await.unwrap();
        sys.close(read).await.unwrap();
        let both = sys.open(FIFO, RDWR | NONBLOCK).await.unwrap();
        assert_eq!(sys.read(both, &mut [0; 4]).await, Err(EAGAIN));
        assert_eq!(sys.write(both, b"c").await, Ok(1));
        assert_eq!(sys.read(both, &mut [0; 4]).await, Ok(1));
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn one_that_is_unlinked_lives_on_for_those_who_have_it_open() {
    program(&|sys, _| async move {
        make(sys).await;
        let old = sys.open(FIFO, RDWR).await.unwrap();
        sys.unlink(FIFO).await.unwrap();
        assert_eq!(sys.open(FIFO, RDONLY).await, Err(ENOENT));
        make(sys).await;
        let new = sys.open(FIFO, RDWR | NONBLOCK).await.unwrap();
        assert_eq!(sys.write(old, b"old").await, Ok(3));
        assert_eq!(sys.read(new, &mut [0; 4]).await, Err(EAGAIN));
        assert_eq!(sys.read(old, &mut [0; 4]).await, Ok(3));
        assert_eq!(sys.fstat(old).await.unwrap().nlink, 0);
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn who_is_killed_while_it_waits_leaves_nothing() {
    program(&|sys, _| async move {
        make(sys).await;
        for (flags, other) in [(RDONLY, WRONLY | NONBLOCK), (WRONLY, RDONLY | NONBLOCK)] {
            let child = fork(sys, async |sys| assert!(sys.open(FIFO, flags).await.is_ok())).await;
            until_state(sys, child, 'S').await;
            sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
            ends(sys, child, signaled(Signal::SIGKILL)).await;
            match other {
                flags if flags.writable() => assert_eq!(sys.open(FIFO, flags).await, Err(ENXIO)),
                flags => {
                    let fd = sys.open(FIFO, flags).await.unwrap();
                    assert_eq!(sys.read(fd, &mut [0]).await, Ok(0));
                    sys.close(fd).await.unwrap();
                }
            }
        }
        // One that was unlinked goes with the last who waits for it.
        let child = fork(sys, async |sys| assert!(sys.open(FIFO, RDONLY).await.is_ok())).await;
        until_state(sys, child, 'S').await;
        sys.unlink(FIFO).await.unwrap();
        sys.kill(child, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        0
    })
    .succeeds();
}

handlers! { HANDLERS: ON_SIGNAL = on_signal; }

async fn on_signal(sys: Sys, _: SigInfo) {
    print!(sys, "!").await;
}

#[test]
fn a_caught_signal_interrupts_an_open_or_restarts_it() {
    program(&|sys, _| async move {
        make(sys).await;
        for (flags, other) in [(RDONLY, WRONLY), (WRONLY, RDONLY)] {
            for action in [SigActionFlags::empty(), SigActionFlags::SA_RESTART] {
                let child = fork(sys, async |sys| {
                    sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ON_SIGNAL).with_flags(action))).await.unwrap();
                    let opened = sys.open(FIFO, flags).await;
                    match action.is_empty() {
                        true => assert_eq!(opened, Err(EINTR)),
                        false => assert!(opened.is_ok(), "{opened:?}"),
                    }
                })
                .await;
                until_state(sys, child, 'S').await;
                sys.kill(child, Some(Signal::SIGUSR1)).await.unwrap();
                if !action.is_empty() {
                    let fd = sys.open(FIFO, other).await.unwrap();
                    sys.close(fd).await.unwrap();
                }
                join(sys, child).await;
            }
        }
        // Whoever was interrupted doesn't count as one who waits.
        assert_eq!(sys.open(FIFO, WRONLY | NONBLOCK).await, Err(ENXIO));
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .prints("!!!!");
}

#[test]
fn who_is_stopped_while_it_waits_counts_again_when_it_goes_on() {
    program(&|sys, _| async move {
        make(sys).await;
        let child = fork(sys, async |sys| assert!(sys.open(FIFO, RDONLY).await.is_ok())).await;
        until_state(sys, child, 'S').await;
        sys.kill(child, Some(Signal::SIGSTOP)).await.unwrap();
        until_state(sys, child, 'T').await;
        assert_eq!(sys.open(FIFO, WRONLY | NONBLOCK).await, Err(ENXIO));
        sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
        until_state(sys, child, 'S').await;
        let fd = sys.open(FIFO, WRONLY | NONBLOCK).await.unwrap();
        join(sys, child).await;
        sys.close(fd).await.unwrap();
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn messages_of_many_writers_arrive_whole_and_in_the_order_of_each() {
    program(&|sys, _| async move {
        const WRITERS: u8 = 4;
        const MESSAGES: u8 = 6;
        make(sys).await;
        let mut children = Vec::new();
        for writer in 0..WRITERS {
            children.push(
                fork(sys, async |sys| {
                    let fd = sys.open(FIFO, WRONLY).await.unwrap();
                    for message in 0..MESSAGES {
                        assert_eq!(sys.write(fd, &[writer, message, writer]).await, Ok(3));
                    }
                })
                .await,
            );
        }
        // It holds the writing end too, so that the end doesn't come between two writers.
        let both = sys.open(FIFO, RDWR).await.unwrap();
        let mut next = [0; WRITERS as usize];
        for _ in 0..u32::from(WRITERS) * u32::from(MESSAGES) {
            let mut message = [0; 3];
            assert_eq!(sys.read(both, &mut message).await, Ok(3));
            let [writer, number, again] = message;
            assert_eq!((writer, number), (again, next[usize::from(writer)]));
            next[usize::from(writer)] += 1;
        }
        for child in children {
            join(sys, child).await;
        }
        sys.unlink(FIFO).await.unwrap();
        0
    })
    .succeeds();
}
