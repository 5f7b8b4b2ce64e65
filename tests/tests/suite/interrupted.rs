//! What a call returns that a handler or a stop has interrupted (`signal(7)`, "Interruption of system calls"). That each
//! call is restarted or not, wherever the signal comes, is in `proofs/placement/blocked.rs`.

use abi::{
    Errno, FcntlCommand, SI_KERNEL, SigActionFlags, SigInfo, Signal, SignalSet, Timespec, WaitOptions, WaitStatus,
};
use harness::signals::{block, handled, note_signal, noted, set, set_note, share_notes};
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::Action;
use userland::{Sys, handlers};

handlers! { HANDLERS: NOTES = note_signal; CODE = notes_code; }

const ONE: Signal = Signal::SIGUSR1;

async fn notes_code(sys: Sys, info: SigInfo) {
    set_note(sys, 100, info.code as u64).await;
    note_signal(sys, info).await;
}

#[test]
fn a_write_that_has_moved_something_says_how_much() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let me = sys.getpid().await;
        for flags in [SigActionFlags::empty(), SigActionFlags::SA_RESTART] {
            sys.sigaction(ONE, Some(Action::catch(NOTES).with_flags(flags))).await.unwrap();
            let (read, write) = sys.pipe().await.unwrap();
            sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, 4096).await.unwrap();
            let child = fork(sys, async |sys| {
                until_state(sys, me, 'S').await;
                sys.kill(me, Some(ONE)).await.unwrap();
            })
            .await;
            assert_eq!(sys.write(write, &[1; 10_000]).await, Ok(4096));
            join(sys, child).await;
            assert_eq!(sys.read(read, &mut [0; 10_000]).await, Ok(4096));
        }
        assert_eq!(handled(sys, ONE).await, 2);
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

async fn stop_and_continue(sys: Sys, child: abi::Pid) {
    sys.kill(child, Some(Signal::SIGSTOP)).await.unwrap();
    let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGSTOP))));
    assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
    sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
}

/// As seen on Linux: it has returned by the time it stops. One that has moved nothing is made again.
#[test]
fn a_stop_ends_a_write_that_has_moved_something() {
    program(&|sys, _| async move {
        for (size, partly) in [(10_000, true), (4000, false)] {
            let (read, write) = sys.pipe().await.unwrap();
            sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, 4096).await.unwrap();
            if !partly {
                sys.write(write, &[0; 4096]).await.unwrap();
            }
            let writer = fork(sys, async |sys| {
                let expected = if partly { 4096 } else { size };
                assert_eq!(sys.write(write, &vec![1; size]).await, Ok(expected));
            })
            .await;
            until_state(sys, writer, 'S').await;
            stop_and_continue(sys, writer).await;
            if !partly {
                until_state(sys, writer, 'S').await;
                assert_eq!(sys.read(read, &mut [0; 4096]).await, Ok(4096));
            }
            join(sys, writer).await;
            assert_eq!(sys.read(read, &mut [0; 10_000]).await, Ok(size.min(4096)));
        }
        0
    })
    .succeeds();
}

#[test]
fn sigtimedwait_ends_with_eintr_after_a_stop_without_any_handler() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            block(sys, [ONE]).await;
            assert_eq!(sys.sigtimedwait(set([ONE]), None).await, Err(Errno::EINTR));
            let long = Timespec { sec: 1000, nsec: 0 };
            assert_eq!(sys.sigtimedwait(set([ONE]), Some(long)).await, Err(Errno::EINTR));
        })
        .await;
        for _ in 0..2 {
            until_state(sys, child, 'S').await;
            stop_and_continue(sys, child).await;
        }
        join(sys, child).await;
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn sigsuspend_goes_on_after_a_stop() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.sigsuspend(SignalSet::empty()).await;
            panic!("nobody caught anything");
        })
        .await;
        until_state(sys, child, 'S').await;
        stop_and_continue(sys, child).await;
        until_state(sys, child, 'S').await;
        sys.kill(child, Some(Signal::SIGTERM)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_sleep_says_what_is_left() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let me = sys.getpid().await;
        sys.sigaction(ONE, Some(Action::catch(NOTES).with_flags(SigActionFlags::SA_RESTART))).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.nanosleep(Timespec::from_us(300_000)).await.unwrap();
            sys.kill(me, Some(ONE)).await.unwrap();
        })
        .await;
        let (errno, left) = sys.nanosleep(Timespec::from_us(1_000_000)).await.unwrap_err();
        let left_us = left.to_us().unwrap();
        assert_eq!(errno, Errno::EINTR);
        assert!((690_000..700_100).contains(&left_us), "{left_us}");
        join(sys, child).await;
        0
    })
    .handlers(HANDLERS)
    .seeds(0)
    .succeeds();
}

/// As seen on Linux: SIGCONT's handler ends it though its time is over, and what was left is what was left when it was stopped.
#[test]
fn a_handler_ends_a_sleep_that_was_stopped_until_its_time_was_over() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGCONT, Some(Action::catch(NOTES).with_flags(SigActionFlags::SA_RESTART)))
            .await
            .unwrap();
        let child = fork(sys, async |sys| {
            let (errno, left) = sys.nanosleep(Timespec::from_us(1_000_000)).await.unwrap_err();
            let left_us = left.to_us().unwrap();
            assert_eq!(errno, Errno::EINTR);
            assert!((790_000..800_100).contains(&left_us), "{left_us}");
        })
        .await;
        sys.nanosleep(Timespec::from_us(200_000)).await.unwrap();
        sys.kill(child, Some(Signal::SIGSTOP)).await.unwrap();
        sys.nanosleep(Timespec::from_us(1_500_000)).await.unwrap();
        sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
        join(sys, child).await;
        assert_eq!(handled(sys, Signal::SIGCONT).await, 1);
        0
    })
    .handlers(HANDLERS)
    .seeds(0)
    .succeeds();
}

/// What the kernel itself sends says so: the hang-up of an orphaned group with a stopped member.
#[test]
fn a_signal_of_the_kernel_has_its_code() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.set_child_subreaper(true).await.unwrap();
        sys.sigaction(Signal::SIGHUP, Some(Action::catch(CODE))).await.unwrap();
        let session = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let child = fork(sys, async |sys| {
                sys.setpgid(abi::Pid(0), abi::Pid(0)).await.unwrap();
                let me = sys.getpid().await;
                sys.kill(me, Some(Signal::SIGSTOP)).await.unwrap();
                assert_eq!((handled(sys, Signal::SIGHUP).await, noted(sys, 100).await), (1, SI_KERNEL as u64));
            })
            .await;
            let stopped = Ok(Some((child, WaitStatus::Stopped(Signal::SIGSTOP))));
            assert_eq!(sys.waitpid(child, WaitOptions::WUNTRACED).await, stopped);
        })
        .await;
        join(sys, session).await;
        assert_eq!(sys.wait().await.unwrap().1, WaitStatus::Exited(0));
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}
