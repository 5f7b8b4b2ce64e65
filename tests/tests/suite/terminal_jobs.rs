//! Sessions at a terminal: who has it, which group is in the foreground, and what the others may do (POSIX.1-2024 §11.1,
//! `credentials(7)`). What is expected here was seen on a real Linux pseudo-terminal.

use abi::{Errno, Fd, LocalModes, Pid, SI_KERNEL, SigInfo, Signal, TCIFLUSH, WaitOptions, WaitStatus, WindowSize};
use harness::{Scenario, ends, fork, join, program, signaled, until_state};
use userland::sys::{Action, SetWhen};
use userland::{Args, Sys, handlers, print};

handlers! { HANDLERS:
    SAYS = says;
}

/// Says which signal it was; one from the kernel with a star.
async fn says(sys: Sys, info: SigInfo) {
    let text = format!("[{}{}]", info.signo, if info.code == SI_KERNEL { "*" } else { "" });
    // A line that is hung up takes nothing.
    let _ = sys.write(Fd(1), text.as_bytes()).await;
}

const TERMINAL: Fd = Fd(0);

/// A program that leads a session which has the terminal, as a shell does; and the keys that are typed.
fn session<F, Fut>(main: &'static F, typed: &[&'static str]) -> Scenario
where
    F: Fn(Sys, Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    program(&|sys: Sys, _| async move {
        let shell = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            sys.set_controlling_terminal(TERMINAL).await.unwrap();
            sys.execve(b"shell", &[b"shell"], &[]).await;
        })
        .await;
        join(sys, shell).await;
        0
    })
    .with("shell", main)
    .with_handlers("shell", HANDLERS)
    .typed(typed.iter().copied())
}

/// A child in a group of its own, in the background.
async fn background(sys: Sys, child: impl AsyncFnOnce(Sys)) -> Pid {
    let job = fork(sys, async |sys| {
        sys.setpgid(Pid(0), Pid(0)).await.unwrap();
        child(sys).await;
    })
    .await;
    sys.setpgid(job, job).await.unwrap();
    job
}

async fn ignore(sys: Sys, signal: Signal) {
    sys.sigaction(signal, Some(Action::IGNORE)).await.unwrap();
}

/// Waits for a signal: at a pipe into which nobody writes.
async fn pause(sys: Sys) -> Errno {
    let (from, _) = sys.pipe().await.unwrap();
    sys.read(from, &mut [0]).await.unwrap_err()
}

/// The job is stopped by this signal; it is killed then.
async fn is_stopped(sys: Sys, job: Pid, signal: Signal) {
    let stopped = Ok(Some((job, WaitStatus::Stopped(signal))));
    assert_eq!(sys.waitpid(job, WaitOptions::WUNTRACED).await, stopped);
    sys.kill(job, Some(Signal::SIGKILL)).await.unwrap();
    ends(sys, job, signaled(Signal::SIGKILL)).await;
}

async fn read(sys: Sys) -> Result<usize, Errno> {
    sys.read(TERMINAL, &mut [0; 64]).await
}

async fn tostop(sys: Sys) {
    let mut settings = sys.tcgetattr(TERMINAL).await.unwrap();
    settings.local |= LocalModes::TOSTOP;
    sys.tcsetattr(TERMINAL, SetWhen::Now, settings).await.unwrap();
}

#[test]
fn a_background_process_that_reads_is_stopped() {
    session(
        &|sys, _| async move {
            let job = background(sys, async |sys| assert!(read(sys).await.is_err())).await;
            is_stopped(sys, job, Signal::SIGTTIN).await;
            // It can't be stopped, and is told so.
            let job = background(sys, async |sys| {
                ignore(sys, Signal::SIGTTIN).await;
                assert_eq!(read(sys).await, Err(Errno::EIO));
            })
            .await;
            join(sys, job).await;
            let job = background(sys, async |sys| {
                let set = abi::SignalSet::of(Signal::SIGTTIN);
                sys.sigprocmask(Some((abi::MaskHow::SIG_BLOCK, set))).await.unwrap();
                assert_eq!(read(sys).await, Err(Errno::EIO));
            })
            .await;
            join(sys, job).await;
            let job = background(sys, async |sys| {
                sys.sigaction(Signal::SIGTTIN, Some(Action::catch(SAYS))).await.unwrap();
                assert_eq!(read(sys).await, Err(Errno::EINTR));
            })
            .await;
            join(sys, job).await;
            0
        },
        &[],
    )
    .prints("[21*]");
}

#[test]
fn a_background_process_that_writes_is_stopped_only_if_asked_for() {
    session(
        &|sys, _| async move {
            let job = background(sys, async |sys| print!(sys, "a").await).await;
            join(sys, job).await;
            tostop(sys).await;
            let job = background(sys, async |sys| print!(sys, "b").await).await;
            is_stopped(sys, job, Signal::SIGTTOU).await;
            let job = background(sys, async |sys| {
                ignore(sys, Signal::SIGTTOU).await;
                print!(sys, "c").await;
            })
            .await;
            join(sys, job).await;
            0
        },
        &[],
    )
    .prints("ac");
}

#[test]
fn a_background_process_that_changes_the_terminal_is_stopped() {
    session(
        &|sys, _| async move {
            let settings = sys.tcgetattr(TERMINAL).await.unwrap();
            let job = background(sys, async |sys| {
                let _ = sys.tcsetattr(TERMINAL, SetWhen::Now, settings).await;
            })
            .await;
            is_stopped(sys, job, Signal::SIGTTOU).await;
            let job = background(sys, async |sys| assert!(sys.tcflush(TERMINAL, TCIFLUSH).await.is_err())).await;
            is_stopped(sys, job, Signal::SIGTTOU).await;
            let job = background(sys, async |sys| {
                let own = sys.getpgid(Pid(0)).await.unwrap();
                let _ = sys.tcsetpgrp(TERMINAL, own).await;
            })
            .await;
            is_stopped(sys, job, Signal::SIGTTOU).await;
            // To look is free, and so is the window's size.
            let job = background(sys, async |sys| {
                assert_eq!(sys.tcgetattr(TERMINAL).await, Ok(settings));
                let window = WindowSize { rows: 1, columns: 2, ..WindowSize::default() };
                assert_eq!(sys.set_window_size(TERMINAL, window).await, Ok(()));
                ignore(sys, Signal::SIGTTOU).await;
                assert_eq!(sys.tcsetattr(TERMINAL, SetWhen::Now, settings).await, Ok(()));
                let own = sys.getpgid(Pid(0)).await.unwrap();
                assert_eq!(sys.tcsetpgrp(TERMINAL, own).await, Ok(()));
            })
            .await;
            join(sys, job).await;
            assert_eq!(sys.tcgetpgrp(TERMINAL).await, Ok(job), "the group that has become empty");
            assert_eq!(sys.kill(Pid(-job.0), None).await, Err(Errno::ESRCH));
            0
        },
        &[],
    )
    .succeeds();
}

#[test]
fn an_orphaned_group_is_refused_instead_of_stopped() {
    session(
        &|sys, _| async move {
            tostop(sys).await;
            let settings = sys.tcgetattr(TERMINAL).await.unwrap();
            let (from, to) = sys.pipe().await.unwrap();
            let job = background(sys, async |sys| {
                let parent = sys.getpid().await;
                fork(sys, async |sys| {
                    while sys.getppid().await == parent {
                        sys.sched_yield().await;
                    }
                    assert_eq!(read(sys).await, Err(Errno::EIO));
                    assert_eq!(sys.write(Fd(1), b"x").await, Err(Errno::EIO));
                    assert_eq!(sys.tcsetattr(TERMINAL, SetWhen::Now, settings).await, Err(Errno::EIO));
                    let own = sys.getpgid(Pid(0)).await.unwrap();
                    assert_eq!(sys.tcsetpgrp(TERMINAL, own).await, Err(Errno::ENOTTY));
                    sys.write(to, b"done").await.unwrap();
                })
                .await;
            })
            .await;
            join(sys, job).await;
            assert_eq!(sys.read(from, &mut [0; 9]).await, Ok(4));
            0
        },
        &[],
    )
    .succeeds();
}

#[test]
fn a_job_in_the_foreground_reads_and_the_shell_takes_the_terminal_back() {
    session(
        &|sys, _| async move {
            ignore(sys, Signal::SIGTTOU).await;
            let shell = sys.getpgid(Pid(0)).await.unwrap();
            let job = background(sys, async |sys| {
                // Stopped until it is in the foreground; then its read is made again.
                assert_eq!(read(sys).await, Ok(5));
            })
            .await;
            let stopped = Ok(Some((job, WaitStatus::Stopped(Signal::SIGTTIN))));
            assert_eq!(sys.waitpid(job, WaitOptions::WUNTRACED).await, stopped);
            sys.tcsetpgrp(TERMINAL, job).await.unwrap();
            sys.kill(Pid(-job.0), Some(Signal::SIGCONT)).await.unwrap();
            join(sys, job).await;
            sys.tcsetpgrp(TERMINAL, shell).await.unwrap();
            assert_eq!(read(sys).await, Ok(4));
            0
        },
        &["pear\r", "fig\r"],
    )
    .succeeds();
}

#[test]
fn keys_signal_the_foreground_group_and_nobody_else() {
    session(
        &|sys, _| async move {
            for signal in [Signal::SIGINT, Signal::SIGQUIT] {
                sys.sigaction(signal, Some(Action::catch(SAYS))).await.unwrap();
            }
            // Whoever was forked has its parent's handlers.
            let job = fork(sys, async |sys| assert!(read(sys).await.is_err())).await;
            let aside = background(sys, async |sys| assert_eq!(pause(sys).await, Errno::EINTR)).await;
            // The key may be typed before the parent waits.
            match sys.wait().await {
                Err(Errno::EINTR) => join(sys, job).await,
                ended => assert_eq!(ended, Ok((job, WaitStatus::Exited(0)))),
            }
            sys.kill(aside, Some(Signal::SIGKILL)).await.unwrap();
            ends(sys, aside, signaled(Signal::SIGKILL)).await;
            0
        },
        // What was typed before it is forgotten.
        &["lost\x03"],
    )
    .prints("lost^C[2*][2*]");
}

#[test]
fn the_suspend_key_stops_a_job_and_the_quit_key_ends_it() {
    session(
        &|sys, _| async move {
            ignore(sys, Signal::SIGTTOU).await;
            let job = background(sys, async |sys| assert_eq!(pause(sys).await, Errno::EINTR)).await;
            sys.tcsetpgrp(TERMINAL, job).await.unwrap();
            let stopped = Ok(Some((job, WaitStatus::Stopped(Signal::SIGTSTP))));
            assert_eq!(sys.waitpid(job, WaitOptions::WUNTRACED).await, stopped);
            sys.kill(job, Some(Signal::SIGCONT)).await.unwrap();
            let ended = sys.waitpid(job, WaitOptions::empty()).await.unwrap();
            assert!(matches!(ended, Some((_, WaitStatus::Signaled { signal: Signal::SIGQUIT, .. }))), "{ended:?}");
            0
        },
        &["\x1a", "\x1c"],
    )
    .prints("^Z^\\");
}

#[test]
fn the_window_s_size_is_told_to_the_foreground_group() {
    session(
        &|sys, _| async move {
            sys.sigaction(Signal::SIGWINCH, Some(Action::catch(SAYS))).await.unwrap();
            let window = WindowSize { rows: 1, columns: 2, ..WindowSize::default() };
            sys.set_window_size(TERMINAL, window).await.unwrap();
            // The same again is nothing new.
            sys.set_window_size(TERMINAL, window).await.unwrap();
            0
        },
        &[],
    )
    .prints("[28*]");
}

#[test]
fn only_a_group_of_the_session_can_be_in_the_foreground() {
    session(
        &|sys, _| async move {
            assert_eq!(sys.tcgetsid(TERMINAL).await, sys.getsid(Pid(0)).await);
            assert_eq!(sys.tcgetpgrp(TERMINAL).await, sys.getpgid(Pid(0)).await);
            assert_eq!(sys.tcsetpgrp(TERMINAL, Pid(9999)).await, Err(Errno::ESRCH));
            assert_eq!(sys.tcsetpgrp(TERMINAL, Pid(-1)).await, Err(Errno::EINVAL));
            assert_eq!(sys.tcsetpgrp(TERMINAL, Pid(1)).await, Err(Errno::EPERM));
            assert_eq!(sys.ioctl(TERMINAL, abi::IoctlCommand::TIOCSPGRP, 8).await, Err(Errno::EFAULT));
            0
        },
        &[],
    )
    .succeeds();
}

#[test]
fn a_terminal_has_one_session() {
    session(
        &|sys, _| async move {
            assert_eq!(sys.set_controlling_terminal(TERMINAL).await, Ok(()), "it has it already");
            let child = fork(sys, async |sys| {
                assert_eq!(sys.set_controlling_terminal(TERMINAL).await, Err(Errno::EPERM), "it leads no session");
            })
            .await;
            join(sys, child).await;
            let other = fork(sys, async |sys| {
                sys.setsid().await.unwrap();
                assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::ENOTTY));
                assert_eq!(sys.tcgetsid(TERMINAL).await, Err(Errno::ENOTTY));
                assert_eq!(sys.set_controlling_terminal(TERMINAL).await, Err(Errno::EPERM), "it is taken");
                assert!(sys.isatty(TERMINAL).await);
                print!(sys, "seen").await;
            })
            .await;
            join(sys, other).await;
            let child = fork(sys, async |sys| {
                assert_eq!(sys.give_up_terminal(TERMINAL).await, Ok(()));
                assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::ENOTTY));
                assert_eq!(sys.give_up_terminal(TERMINAL).await, Err(Errno::ENOTTY));
            })
            .await;
            join(sys, child).await;
            assert_eq!(sys.tcgetpgrp(TERMINAL).await, sys.getpgid(Pid(0)).await, "a child gives up its own only");
            0
        },
        &[],
    )
    .prints("seen");
}

#[test]
fn a_leader_that_gives_the_terminal_up_hangs_up_the_foreground_group() {
    session(
        &|sys, _| async move {
            for signal in [Signal::SIGHUP, Signal::SIGCONT] {
                sys.sigaction(signal, Some(Action::catch(SAYS))).await.unwrap();
            }
            assert_eq!(sys.give_up_terminal(TERMINAL).await, Ok(()));
            assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::ENOTTY));
            assert_eq!(sys.set_controlling_terminal(TERMINAL).await, Ok(()), "and can have it again");
            0
        },
        &[],
    )
    .prints("[18*][1*]");
}

#[test]
fn the_end_of_the_leader_hangs_up_the_foreground_group() {
    program(&|sys, _| async move {
        let (from, to) = sys.pipe().await.unwrap();
        let shell = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            sys.set_controlling_terminal(TERMINAL).await.unwrap();
            ignore(sys, Signal::SIGTTOU).await;
            sys.sigaction(Signal::SIGHUP, Some(Action::catch(SAYS))).await.unwrap();
            let job = background(sys, async |sys| {
                assert_eq!(pause(sys).await, Errno::EINTR);
                sys.write(to, b"hung").await.unwrap();
                // The descriptor is as it was; only the controlling terminal is gone.
                assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::ENOTTY));
                assert_eq!(read(sys).await, Ok(5));
                sys.write(to, b" up").await.unwrap();
            })
            .await;
            sys.tcsetpgrp(TERMINAL, job).await.unwrap();
            until_state(sys, job, 'S').await;
        })
        .await;
        join(sys, shell).await;
        for expected in [&b"hung"[..], b" up"] {
            let mut bytes = [0; 9];
            let count = sys.read(from, &mut bytes).await.unwrap();
            assert_eq!(&bytes[..count], expected);
        }
        assert_eq!(sys.tcgetsid(TERMINAL).await, Err(Errno::ENOTTY));
        0
    })
    .handlers(HANDLERS)
    .typed(["line\r"])
    .prints("[1*]line\r\n");
}

#[test]
fn a_line_that_is_hung_up_gives_nothing_more() {
    program(&|sys, _| async move {
        let shell = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            sys.set_controlling_terminal(TERMINAL).await.unwrap();
            let (from, to) = sys.pipe().await.unwrap();
            for signal in [Signal::SIGHUP, Signal::SIGCONT] {
                sys.sigaction(signal, Some(Action::catch(SAYS))).await.unwrap();
            }
            let reader = fork(sys, async |sys| {
                assert_eq!(read(sys).await, Ok(0), "it was waiting");
                assert_eq!(read(sys).await, Ok(0));
                assert_eq!(sys.write(Fd(1), b"x").await, Err(Errno::EIO));
                assert_eq!(sys.tcgetattr(TERMINAL).await, Err(Errno::EIO));
                assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::EIO));
                assert_eq!(sys.tcsetpgrp(TERMINAL, Pid(1)).await, Err(Errno::ENOTTY));
                assert_eq!(sys.readable_bytes(TERMINAL).await, Err(Errno::EIO));
                sys.write(to, b"ok").await.unwrap();
            })
            .await;
            // The leader is told, and it alone.
            while sys.wait().await == Err(Errno::EINTR) {}
            assert_eq!(sys.read(from, &mut [0; 9]).await, Ok(2));
            let _ = reader;
        })
        .await;
        join(sys, shell).await;
        0
    })
    .handlers(HANDLERS)
    .typed([""; 0])
    .succeeds();
}

#[test]
fn the_foreground_group_of_a_hung_up_line_hears_of_it_when_the_leader_ends() {
    program(&|sys, _| async move {
        let (from, to) = sys.pipe().await.unwrap();
        let shell = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            sys.set_controlling_terminal(TERMINAL).await.unwrap();
            ignore(sys, Signal::SIGTTOU).await;
            let job = background(sys, async |sys| {
                sys.sigaction(Signal::SIGHUP, Some(Action::catch(SAYS))).await.unwrap();
                assert_eq!(pause(sys).await, Errno::EINTR);
                sys.write(to, b"ok").await.unwrap();
            })
            .await;
            sys.tcsetpgrp(TERMINAL, job).await.unwrap();
            pause(sys).await;
        })
        .await;
        ends(sys, shell, signaled(Signal::SIGHUP)).await;
        sys.close(to).await.unwrap();
        assert_eq!(sys.read(from, &mut [0; 9]).await, Ok(2));
        0
    })
    .handlers(HANDLERS)
    .typed([""; 0])
    .succeeds();
}

#[test]
fn a_child_from_before_has_no_terminal() {
    program(&|sys, _| async move {
        let shell = fork(sys, async |sys| {
            sys.setsid().await.unwrap();
            let (from, to) = sys.pipe().await.unwrap();
            let before = fork(sys, async |sys| {
                sys.read(from, &mut [0]).await.unwrap();
                assert_eq!(sys.tcgetpgrp(TERMINAL).await, Err(Errno::ENOTTY));
            })
            .await;
            sys.set_controlling_terminal(TERMINAL).await.unwrap();
            sys.write(to, b"x").await.unwrap();
            join(sys, before).await;
        })
        .await;
        join(sys, shell).await;
        0
    })
    .typed([""; 0])
    .succeeds();
}
