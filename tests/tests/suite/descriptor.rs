//! Descriptors and open file descriptions: `dup(2) dup3(2) fcntl(2) close(2)`.

use abi::Errno::{EAGAIN, EBADF, EINVAL, EMFILE};
use abi::{FcntlCommand, Fd, OpenFlags};
use harness::{fork, join, program};
use kernel::limits::DESCRIPTORS;
use userland::Sys;

const F_DUPFD: FcntlCommand = FcntlCommand::F_DUPFD;
const F_DUPFD_CLOEXEC: FcntlCommand = FcntlCommand::F_DUPFD_CLOEXEC;
const F_GETFD: FcntlCommand = FcntlCommand::F_GETFD;
const F_SETFD: FcntlCommand = FcntlCommand::F_SETFD;
const F_GETFL: FcntlCommand = FcntlCommand::F_GETFL;
const F_SETFL: FcntlCommand = FcntlCommand::F_SETFL;
/// A number that isn't open in these tests.
const CLOSED: Fd = Fd(33);

async fn flags(sys: Sys, fd: Fd) -> OpenFlags {
    OpenFlags::from_bits_retain(sys.fcntl(fd, F_GETFL, 0).await.unwrap() as u32)
}

#[test]
fn the_lowest_free_number_is_taken() {
    program(&|sys, _| async move {
        assert_eq!(sys.pipe().await, Ok((Fd(3), Fd(4))));
        sys.close(Fd(1)).await.unwrap();
        assert_eq!(sys.pipe().await, Ok((Fd(1), Fd(5))));
        sys.close(Fd(0)).await.unwrap();
        sys.close(Fd(3)).await.unwrap();
        assert_eq!(sys.dup(Fd(5)).await, Ok(Fd(0)));
        assert_eq!(sys.dup(Fd(5)).await, Ok(Fd(3)));
        assert_eq!(sys.dup(Fd(5)).await, Ok(Fd(6)));
        0
    })
    .succeeds();
}

#[test]
fn numbers_that_are_not_open() {
    program(&|sys, _| async move {
        for fd in [CLOSED, Fd(-1), Fd(i32::MIN), Fd(i32::MAX), Fd(DESCRIPTORS as i32)] {
            assert_eq!(sys.close(fd).await, Err(EBADF));
            assert_eq!(sys.dup(fd).await, Err(EBADF));
            assert_eq!(sys.dup2(fd, Fd(5)).await, Err(EBADF));
            assert_eq!(sys.dup2(fd, fd).await, Err(EBADF));
            assert_eq!(sys.fcntl(fd, F_GETFD, 0).await, Err(EBADF));
            assert_eq!(sys.fcntl(fd, FcntlCommand(9999), 0).await, Err(EBADF));
            assert_eq!(sys.read(fd, &mut [0]).await, Err(EBADF));
            assert_eq!(sys.write(fd, b"x").await, Err(EBADF));
            assert_eq!(sys.read(fd, &mut []).await, Err(EBADF));
            assert_eq!(sys.write(fd, b"").await, Err(EBADF));
        }
        0
    })
    .succeeds();
}

#[test]
fn dup3_takes_the_number_it_is_given() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        assert_eq!(sys.dup3(write, Fd(20), OpenFlags::empty()).await, Ok(Fd(20)));
        assert_eq!(sys.write(Fd(20), b"a").await, Ok(1));
        // What it was is closed: this was the last write end.
        sys.close(write).await.unwrap();
        assert_eq!(sys.dup3(read, Fd(20), OpenFlags::empty()).await, Ok(Fd(20)));
        let mut byte = [0];
        assert_eq!((sys.read(Fd(20), &mut byte).await, byte), (Ok(1), *b"a"));
        assert_eq!(sys.read(Fd(20), &mut byte).await, Ok(0));
        0
    })
    .succeeds();
}

#[test]
fn what_dup3_and_dup2_refuse() {
    program(&|sys, _| async move {
        let none = OpenFlags::empty();
        assert_eq!(sys.dup3(Fd(0), Fd(0), none).await, Err(EINVAL));
        assert_eq!(sys.dup3(CLOSED, CLOSED, none).await, Err(EINVAL));
        assert_eq!(sys.dup3(Fd(0), Fd(30), OpenFlags::O_NONBLOCK).await, Err(EINVAL));
        assert_eq!(sys.dup3(CLOSED, Fd(30), none).await, Err(EBADF));
        for to in [-1, DESCRIPTORS as i32, i32::MAX] {
            assert_eq!(sys.dup3(Fd(0), Fd(to), none).await, Err(EBADF));
        }
        assert_eq!(sys.dup2(Fd(0), Fd(0)).await, Ok(Fd(0)));
        assert_eq!(sys.dup2(CLOSED, CLOSED).await, Err(EBADF));
        // A failed one leaves the target open.
        let kept = sys.dup(Fd(1)).await.unwrap();
        assert_eq!(sys.dup2(CLOSED, kept).await, Err(EBADF));
        assert_eq!(sys.close(kept).await, Ok(()));
        0
    })
    .succeeds();
}

#[test]
fn f_dupfd_starts_from_its_argument() {
    program(&|sys, _| async move {
        assert_eq!(sys.fcntl(Fd(0), F_DUPFD, 10).await, Ok(10));
        assert_eq!(sys.fcntl(Fd(0), F_DUPFD, 10).await, Ok(11));
        assert_eq!(sys.fcntl(Fd(0), F_DUPFD, 0).await, Ok(3));
        assert_eq!(sys.fcntl(Fd(0), F_DUPFD, DESCRIPTORS as u64 - 1).await, Ok(DESCRIPTORS as i64 - 1));
        assert_eq!(sys.fcntl(Fd(0), F_DUPFD, DESCRIPTORS as u64 - 1).await, Err(EMFILE));
        for from in [u64::MAX, DESCRIPTORS as u64, 1 << 30] {
            assert_eq!(sys.fcntl(Fd(0), F_DUPFD, from).await, Err(EINVAL));
        }
        assert_eq!(sys.fcntl(Fd(0), FcntlCommand(9999), 0).await, Err(EINVAL));
        0
    })
    .succeeds();
}

#[test]
fn close_on_exec_belongs_to_the_descriptor() {
    program(&|sys, _| async move {
        let get = async |fd| sys.fcntl(Fd(fd), F_GETFD, 0).await.unwrap();
        assert_eq!(sys.pipe2(OpenFlags::O_CLOEXEC).await, Ok((Fd(3), Fd(4))));
        assert_eq!((get(3).await, get(4).await), (1, 1));
        // A duplicate doesn't have it, unless asked for.
        sys.dup(Fd(3)).await.unwrap();
        assert_eq!(get(5).await, 0);
        assert_eq!(sys.fcntl(Fd(5), F_DUPFD_CLOEXEC, 0).await, Ok(6));
        assert_eq!(get(6).await, 1);
        sys.dup3(Fd(5), Fd(7), OpenFlags::O_CLOEXEC).await.unwrap();
        assert_eq!(get(7).await, 1);
        sys.dup2(Fd(5), Fd(7)).await.unwrap();
        assert_eq!(get(7).await, 0);
        // Only one bit counts.
        sys.fcntl(Fd(5), F_SETFD, 0xff).await.unwrap();
        assert_eq!(get(5).await, 1);
        sys.fcntl(Fd(5), F_SETFD, 0xfe).await.unwrap();
        assert_eq!(get(5).await, 0);
        // It survives fork.
        let child = fork(sys, async |_| assert_eq!(get(3).await, 1)).await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn status_flags_belong_to_the_description_and_are_shared() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        assert_eq!(flags(sys, read).await, OpenFlags::empty());
        assert_eq!(flags(sys, write).await, OpenFlags::O_WRONLY);
        let copy = sys.dup(read).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.fcntl(read, F_SETFL, OpenFlags::O_NONBLOCK.bits().into()).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.read(copy, &mut [0]).await, Err(EAGAIN));
        assert_eq!(flags(sys, copy).await, OpenFlags::O_NONBLOCK);
        // The other end is another description.
        assert_eq!(flags(sys, write).await, OpenFlags::O_WRONLY);
        0
    })
    .succeeds();
}

#[test]
fn f_setfl_changes_neither_the_access_mode_nor_creation_flags() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        sys.fcntl(read, F_SETFL, (OpenFlags::O_RDWR | OpenFlags::O_CREAT | OpenFlags::O_TRUNC).bits().into())
            .await
            .unwrap();
        assert_eq!(flags(sys, read).await, OpenFlags::empty());
        assert_eq!(sys.write(read, b"x").await, Err(EBADF));
        assert_eq!(sys.read(write, &mut [0]).await, Err(EBADF));
        0
    })
    .succeeds();
}

#[test]
fn a_description_lives_until_its_last_descriptor_is_closed() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let copy = sys.dup(write).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.compute(20_000).await;
            sys.write(copy, b"late").await.unwrap();
        })
        .await;
        sys.close(write).await.unwrap();
        sys.close(copy).await.unwrap();
        let mut bytes = [0; 10];
        assert_eq!(sys.read(read, &mut bytes).await, Ok(4));
        assert_eq!(sys.read(read, &mut bytes).await, Ok(0));
        join(sys, child).await;
        0
    })
    .succeeds();
}

#[test]
fn the_console_is_not_a_pipe() {
    program(&|sys, _| async move {
        for command in [FcntlCommand::F_GETPIPE_SZ, FcntlCommand::F_SETPIPE_SZ] {
            assert_eq!(sys.fcntl(Fd(1), command, 4096).await, Err(EBADF));
        }
        0
    })
    .succeeds();
}

#[test]
fn the_console_gives_its_input_and_then_its_end() {
    program(&|sys, _| async move {
        let mut text = Vec::new();
        let mut piece = [0; 5];
        loop {
            let count = sys.read(Fd(0), &mut piece).await.unwrap();
            if count == 0 {
                break;
            }
            text.extend_from_slice(&piece[..count]);
        }
        sys.write(Fd(1), &text).await.unwrap();
        assert_eq!(sys.read(Fd(0), &mut piece).await, Ok(0));
        0
    })
    .input("two\nlines, the last without an end \0 \u{ff}")
    .prints("two\nlines, the last without an end \0 \u{ff}");
}
