//! Pipes (`pipe(7)`): order, blocking, atomicity, pages, ends. Figures as on Linux.

use abi::Errno::{EAGAIN, EBUSY, EINVAL, EPERM, EPIPE};
use abi::{FcntlCommand, Fd, OpenFlags, PIPE_BUF, Signal};
use harness::{PAGE, ends, fork, join, map, program, signaled, until_state};
use kernel::limits::{PIPE_PAGES, PIPE_PAGES_MAX};
use userland::Sys;
use userland::sys::Action;

const CAPACITY: usize = PIPE_PAGES * abi::PAGE_SIZE;

async fn set_capacity(sys: Sys, fd: Fd, bytes: u64) -> Result<i64, abi::Errno> {
    sys.fcntl(fd, FcntlCommand::F_SETPIPE_SZ, bytes).await
}

/// Reads until the end.
async fn read_all(sys: Sys, fd: Fd) -> Vec<u8> {
    let (mut all, mut piece) = (Vec::new(), [0; 1000]);
    while let count @ 1.. = sys.read(fd, &mut piece).await.unwrap() {
        all.extend_from_slice(&piece[..count]);
    }
    all
}

#[test]
fn bytes_come_out_in_the_order_in_which_they_went_in() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let bytes: Vec<u8> = (0..300_000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let child = fork(sys, async |sys| {
            let mut rest = &bytes[..];
            for size in (1..).map(|step| step * 7919 % 90_000) {
                let count = sys.write(write, &rest[..rest.len().min(size)]).await.unwrap();
                rest = &rest[count..];
                if rest.is_empty() {
                    break;
                }
            }
        })
        .await;
        sys.close(write).await.unwrap();
        assert!(read_all(sys, read).await == bytes);
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_read_takes_what_is_there() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, b"abc").await.unwrap();
        sys.write(write, b"def").await.unwrap();
        let mut bytes = [0; 100];
        assert_eq!(sys.read(read, &mut bytes[..4]).await, Ok(4));
        assert_eq!(sys.read(read, &mut bytes[4..]).await, Ok(2));
        assert_eq!(&bytes[..6], b"abcdef");
        0
    })
    .succeeds();
}

#[test]
fn an_empty_pipe_blocks_its_reader_until_there_is_something() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            sys.compute(20_000).await;
            sys.write(write, b"x").await.unwrap();
        })
        .await;
        assert_eq!(sys.read(read, &mut [0; 10]).await, Ok(1));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn a_full_pipe_blocks_its_writer_until_all_is_in() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            assert_eq!(sys.write(write, &vec![1; CAPACITY]).await, Ok(CAPACITY));
            assert_eq!(sys.write(write, &vec![2; 3 * CAPACITY]).await, Ok(3 * CAPACITY));
        })
        .await;
        sys.close(write).await.unwrap();
        until_state(sys, child, 'S').await;
        let bytes = read_all(sys, read).await;
        assert_eq!(bytes.len(), 4 * CAPACITY);
        assert!(bytes[..CAPACITY].iter().all(|byte| *byte == 1) && bytes[CAPACITY..].iter().all(|byte| *byte == 2));
        join(sys, child).await;
        0
    })
    .seeds(3)
    .succeeds();
}

#[test]
fn without_blocking() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        assert_eq!(sys.read(read, &mut [0]).await, Err(EAGAIN));
        // More than there is room for goes in as far as it does.
        assert_eq!(sys.write(write, &vec![0; CAPACITY + 5000]).await, Ok(CAPACITY));
        assert_eq!(sys.write(write, b"x").await, Err(EAGAIN));
        assert_eq!(sys.write(write, &[0; 10_000]).await, Err(EAGAIN));
        sys.read(read, &mut [0; 1000]).await.unwrap();
        // Room is a whole page.
        assert_eq!(sys.write(write, b"x").await, Err(EAGAIN));
        sys.read(read, &mut [0; PAGE as usize - 1000]).await.unwrap();
        // What is no larger than PIPE_BUF goes in whole or not at all.
        assert_eq!(sys.write(write, &[0; PIPE_BUF + 1]).await, Ok(PIPE_BUF));
        assert_eq!(sys.write(write, &[0; PIPE_BUF]).await, Err(EAGAIN));
        sys.close(write).await.unwrap();
        assert_eq!(sys.read(read, &mut vec![0; 2 * CAPACITY]).await, Ok(CAPACITY));
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        0
    })
    .succeeds();
}

#[test]
fn writes_up_to_pipe_buf_are_never_mixed() {
    program(&|sys, _| async move {
        const ROUNDS: usize = 12;
        let (read, write) = sys.pipe().await.unwrap();
        set_capacity(sys, write, 2 * PAGE).await.unwrap();
        let mut writers = Vec::new();
        for (letter, size) in [(b'a', PIPE_BUF), (b'b', 3000), (b'c', 1)] {
            writers.push(
                fork(sys, async |sys| {
                    for _ in 0..ROUNDS {
                        assert_eq!(sys.write(write, &vec![letter; size]).await, Ok(size));
                    }
                })
                .await,
            );
        }
        sys.close(write).await.unwrap();
        let bytes = read_all(sys, read).await;
        let mut rest = &bytes[..];
        let mut counts = [0; 3];
        while let [letter, ..] = rest {
            let size = [PIPE_BUF, 3000, 1][usize::from(letter - b'a')];
            assert!(rest[..size].iter().all(|byte| byte == letter));
            counts[usize::from(letter - b'a')] += 1;
            rest = &rest[size..];
        }
        assert_eq!(counts, [ROUNDS; 3]);
        for writer in writers {
            join(sys, writer).await;
        }
        0
    })
    .seeds(20)
    .succeeds();
}

#[test]
fn a_write_that_fits_does_not_wait_behind_one_that_does_not() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, &vec![0; CAPACITY - 10]).await.unwrap();
        let writer = fork(sys, async |sys| assert_eq!(sys.write(write, &[1; 100]).await, Ok(100))).await;
        until_state(sys, writer, 'S').await;
        assert_eq!(sys.write(write, &[2; 10]).await, Ok(10));
        sys.close(write).await.unwrap();
        let bytes = read_all(sys, read).await;
        assert_eq!(bytes[CAPACITY - 10..CAPACITY], [2; 10]);
        assert_eq!(bytes[CAPACITY..], [1; 100]);
        join(sys, writer).await;
        0
    })
    .succeeds();
}

#[test]
fn blocked_readers_are_served_first_come_first_served() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let mut readers = Vec::new();
        for number in 0..5 {
            let reader = fork(sys, async |sys| {
                let mut byte = [0];
                sys.read(read, &mut byte).await.unwrap();
                assert_eq!(byte[0], number);
            })
            .await;
            until_state(sys, reader, 'S').await;
            readers.push(reader);
        }
        for number in 0..5 {
            sys.write(write, &[number]).await.unwrap();
            join(sys, readers[usize::from(number)]).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn one_write_for_several_readers_wakes_them_all() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let mut readers = Vec::new();
        for _ in 0..4 {
            let reader = fork(sys, async |sys| assert_eq!(sys.read(read, &mut [0]).await, Ok(1))).await;
            until_state(sys, reader, 'S').await;
            readers.push(reader);
        }
        sys.write(write, b"four").await.unwrap();
        for reader in readers {
            join(sys, reader).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn one_read_makes_room_for_several_writers() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, &vec![0; CAPACITY]).await.unwrap();
        let mut writers = Vec::new();
        for _ in 0..4 {
            let writer = fork(sys, async |sys| assert_eq!(sys.write(write, b"x").await, Ok(1))).await;
            until_state(sys, writer, 'S').await;
            writers.push(writer);
        }
        // Whoever has waited begins a page of its own.
        sys.read(read, &mut vec![0; 4 * PAGE as usize]).await.unwrap();
        for writer in writers {
            join(sys, writer).await;
        }
        0
    })
    .succeeds();
}

#[test]
fn the_end_comes_when_the_last_writer_is_gone() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let mut children = Vec::new();
        for number in 0..3 {
            children.push(
                fork(sys, async |sys| {
                    sys.close(read).await.unwrap();
                    sys.compute(number * 15_000).await;
                    // Its end closes `write`.
                })
                .await,
            );
        }
        let reader = fork(sys, async |sys| {
            sys.close(write).await.unwrap();
            assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        })
        .await;
        sys.close(write).await.unwrap();
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        assert_eq!(sys.read(read, &mut [0]).await, Ok(0));
        for child in children {
            join(sys, child).await;
        }
        join(sys, reader).await;
        0
    })
    .succeeds();
}

#[test]
fn without_a_reader_a_writer_gets_sigpipe() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        sys.close(read).await.unwrap();
        // Nothing written is nothing wrong.
        assert_eq!(sys.write(write, b"").await, Ok(0));
        let child = fork(sys, async |sys| {
            let _ = sys.write(write, b"x").await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGPIPE)).await;
        sys.sigaction(Signal::SIGPIPE, Some(Action::IGNORE)).await.unwrap();
        assert_eq!(sys.write(write, b"x").await, Err(EPIPE));
        // Before its bytes are looked at.
        assert_eq!(sys.raw().write(write, abi::InBytes(8), abi::Length(1)).await, Err(EPIPE));
        0
    })
    .succeeds();
}

#[test]
fn a_blocked_writer_learns_that_the_last_reader_is_gone() {
    program(&|sys, _| async move {
        for (size, ignored) in [(10, false), (10, true), (PIPE_BUF + 1, false), (PIPE_BUF + 1, true)] {
            let (read, write) = sys.pipe().await.unwrap();
            sys.write(write, &vec![0; CAPACITY - 5]).await.unwrap();
            let writer = fork(sys, async |sys| {
                sys.close(read).await.unwrap();
                if ignored {
                    sys.sigaction(Signal::SIGPIPE, Some(Action::IGNORE)).await.unwrap();
                }
                // What the larger one has beyond whole pages is in by then.
                let expected = if size > PIPE_BUF { Ok(size % PAGE as usize) } else { Err(EPIPE) };
                assert_eq!(sys.write(write, &vec![1; size]).await, expected);
            })
            .await;
            until_state(sys, writer, 'S').await;
            sys.close(write).await.unwrap();
            sys.close(read).await.unwrap();
            match ignored {
                true => join(sys, writer).await,
                false => ends(sys, writer, signaled(Signal::SIGPIPE)).await,
            }
        }
        0
    })
    .succeeds();
}

#[test]
fn the_capacity_is_rounded_up_to_a_power_of_two_of_pages() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        assert_eq!(sys.fcntl(read, FcntlCommand::F_GETPIPE_SZ, 0).await, Ok(CAPACITY as i64));
        for (asked, given) in [(0, 1), (1, 1), (PAGE, 1), (PAGE + 1, 2), (3 * PAGE, 4), (5 * PAGE, 8)] {
            assert_eq!(set_capacity(sys, read, asked).await, Ok(given * PAGE as i64));
            assert_eq!(sys.fcntl(write, FcntlCommand::F_GETPIPE_SZ, 0).await, Ok(given * PAGE as i64));
        }
        let largest = (PIPE_PAGES_MAX * abi::PAGE_SIZE) as u64;
        assert_eq!(set_capacity(sys, write, largest).await, Ok(largest as i64));
        for too_much in [largest + 1, 1 << 30, 1 << 31] {
            assert_eq!(set_capacity(sys, write, too_much).await, Err(EPERM));
        }
        for nonsense in [(1 << 31) + 1, u32::MAX.into(), u64::MAX] {
            assert_eq!(set_capacity(sys, write, nonsense).await, Err(EINVAL));
        }
        assert_eq!(sys.fcntl(read, FcntlCommand::F_GETPIPE_SZ, 0).await, Ok(largest as i64));
        0
    })
    .succeeds();
}

#[test]
fn the_capacity_does_not_shrink_below_what_the_pipe_holds() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        let bytes: Vec<u8> = (0..2 * PAGE).map(|index| (index / 7) as u8).collect();
        // The bytes begin within a page, and lie in three.
        sys.write(write, &[0; 3000]).await.unwrap();
        sys.write(write, &bytes[..5000]).await.unwrap();
        sys.read(read, &mut [0; 3000]).await.unwrap();
        sys.write(write, &bytes[5000..]).await.unwrap();
        assert_eq!(set_capacity(sys, write, PAGE).await, Err(EBUSY));
        assert_eq!(set_capacity(sys, write, 2 * PAGE).await, Err(EBUSY));
        assert_eq!(set_capacity(sys, write, 4 * PAGE).await, Ok(4 * PAGE as i64));
        assert_eq!(sys.write(write, b"x").await, Ok(1));
        let mut all = vec![0; 3 * PAGE as usize];
        assert_eq!(sys.read(read, &mut all).await, Ok(bytes.len() + 1));
        assert!(all[..bytes.len()] == bytes[..]);
        0
    })
    .succeeds();
}

#[test]
fn more_capacity_lets_a_blocked_writer_go_on() {
    program(&|sys, _| async move {
        let (_read, write) = sys.pipe().await.unwrap();
        set_capacity(sys, write, PAGE).await.unwrap();
        sys.write(write, &[0; PAGE as usize]).await.unwrap();
        let writer = fork(sys, async |sys| assert_eq!(sys.write(write, b"x").await, Ok(1))).await;
        until_state(sys, writer, 'S').await;
        set_capacity(sys, write, 2 * PAGE).await.unwrap();
        join(sys, writer).await;
        0
    })
    .succeeds();
}

#[test]
fn a_full_ring_that_is_written_and_read_in_odd_sizes_keeps_order() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        set_capacity(sys, write, PAGE).await.unwrap();
        let (mut written, mut taken) = (0u64, 0u64);
        for round in 1..400u64 {
            let bytes: Vec<u8> = (written..written + round * 37 % 4096).map(|index| (index % 251) as u8).collect();
            if let Ok(count) = sys.write(write, &bytes).await {
                written += count as u64;
            }
            let mut room = vec![0; (round * 53 % 3000) as usize + 1];
            if let Ok(count) = sys.read(read, &mut room).await {
                assert!(room[..count].iter().zip(taken..).all(|(byte, index)| *byte == (index % 251) as u8));
                taken += count as u64;
            }
        }
        assert!(taken > 200_000);
        0
    })
    .succeeds();
}

/// Writes and reads without waiting, and changes of the capacity in pages; each with its result.
#[derive(Clone, Copy)]
enum Step {
    Write(usize, Result<usize, abi::Errno>),
    Read(usize, Result<usize, abi::Errno>),
    Pages(u64, Result<i64, abi::Errno>),
}

/// As seen on Linux: bytes go behind others only if they are what a write has beyond whole pages, and only if they fit.
#[test]
fn room_is_counted_in_pages() {
    use Step::{Pages, Read, Write};
    const FULL: Result<usize, abi::Errno> = Err(EAGAIN);
    const TABLE: [(u64, &[Step]); 6] = [
        (1, &[Write(100, Ok(100)), Write(3997, FULL), Write(3996, Ok(3996)), Write(1, FULL), Read(100, Ok(100))]),
        (1, &[Write(100, Ok(100)), Read(99, Ok(99)), Write(3997, FULL), Read(9, Ok(1)), Write(4096, Ok(4096))]),
        (
            2,
            &[
                Write(4097, Ok(4097)),
                Write(4096, FULL),
                Write(4095, Ok(4095)),
                Write(1, FULL),
                Read(4096, Ok(4096)),
                Write(4096, Ok(4096)),
                Read(1, Ok(1)),
                Write(8192, FULL),
            ],
        ),
        // 904 bytes go behind the ten, a page into the second one.
        (2, &[Write(10, Ok(10)), Write(5000, Ok(5000)), Write(8000, FULL), Read(10, Ok(10)), Write(3000, FULL)]),
        (2, &[Write(10, Ok(10)), Write(4096 + 4090, Ok(4096)), Read(9000, Ok(4106)), Write(8192, Ok(8192))]),
        (
            4,
            &[
                Write(10, Ok(10)),
                Write(4096, Ok(4096)),
                Write(10, Ok(10)),
                Write(4096, Ok(4096)),
                Pages(2, Err(EBUSY)),
                Write(1, FULL),
                Read(4106, Ok(4106)),
                Pages(1, Err(EBUSY)),
                Pages(2, Ok(8192)),
                Write(1, FULL),
                Pages(4, Ok(16384)),
                Write(4097, Ok(4097)),
                Read(10000, Ok(8203)),
            ],
        ),
    ];
    program(&|sys, _| async move {
        for (number, (pages, steps)) in TABLE.into_iter().enumerate() {
            let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
            set_capacity(sys, write, pages * PAGE).await.unwrap();
            for (at, step) in steps.iter().enumerate() {
                match *step {
                    Write(count, result) => {
                        assert_eq!(sys.write(write, &vec![0; count]).await, result, "row {number}, step {at}");
                    }
                    Read(count, result) => {
                        assert_eq!(sys.read(read, &mut vec![0; count]).await, result, "row {number}, step {at}");
                    }
                    Pages(pages, result) => {
                        assert_eq!(set_capacity(sys, read, pages * PAGE).await, result, "row {number}, step {at}");
                    }
                }
            }
            sys.close(read).await.unwrap();
            sys.close(write).await.unwrap();
        }
        0
    })
    .succeeds();
}

/// As seen on Linux: whoever waits for a page takes one, though what it has would fit into the last by then.
#[test]
fn a_writer_that_has_waited_begins_a_page() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        set_capacity(sys, write, 2 * PAGE).await.unwrap();
        sys.write(write, &[0; 2 * PAGE as usize]).await.unwrap();
        let mut writers = Vec::new();
        for size in [100, 10, 20] {
            let writer = fork(sys, async |sys| assert_eq!(sys.write(write, &vec![1; size]).await, Ok(size))).await;
            until_state(sys, writer, 'S').await;
            writers.push(writer);
        }
        // Room for two, in two pages.
        assert_eq!(sys.read(read, &mut [0; 2 * PAGE as usize]).await, Ok(2 * PAGE as usize));
        join(sys, writers[0]).await;
        join(sys, writers[1]).await;
        until_state(sys, writers[2], 'S').await;
        assert_eq!(set_capacity(sys, write, PAGE).await, Err(EBUSY));
        // Whoever comes now needs none.
        assert_eq!(sys.write(write, &[2; 30]).await, Ok(30));
        assert_eq!(sys.read(read, &mut [0; 9000]).await, Ok(140));
        join(sys, writers[2]).await;
        0
    })
    .succeeds();
}

/// As seen on Linux: what lies in one page of the pipe, or is to, moves together or not at all.
#[test]
fn a_bad_address_cuts_a_transfer_only_between_pages() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        let good = map(sys, 2).await;
        let bad = good + PAGE;
        sys.munmap(bad, PAGE as usize).await.unwrap();
        let raw = sys.raw();
        let efault = Err(abi::Errno::EFAULT);
        assert_eq!(raw.write(write, abi::InBytes(bad - 100), abi::Length(200)).await, efault);
        assert_eq!(sys.read(read, &mut [0]).await, Err(EAGAIN));
        assert_eq!(raw.write(write, abi::InBytes(good), abi::Length(2 * PAGE)).await, Ok(PAGE as i64));
        assert_eq!(sys.read(read, &mut [0; 9000]).await, Ok(PAGE as usize));
        // Ten bytes in front, and what goes behind them is good.
        sys.write(write, &[1; 10]).await.unwrap();
        assert_eq!(raw.write(write, abi::InBytes(bad - 20), abi::Length(PAGE + 20)).await, Ok(20));
        assert_eq!(raw.write(write, abi::InBytes(bad - 10), abi::Length(PAGE + 20)).await, efault);
        assert_eq!(sys.read(read, &mut [0; 9000]).await, Ok(30));
        sys.write(write, &[1; 5000]).await.unwrap();
        assert_eq!(raw.read(read, abi::OutBytes(bad - 100), abi::Length(200)).await, efault);
        assert_eq!(sys.read(read, &mut [0; 9000]).await, Ok(5000));
        0
    })
    .succeeds();
}
