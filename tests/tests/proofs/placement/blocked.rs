//! A signal that arrives while a call is blocked, before it, or when it is over: its handler runs once, and the call does
//! what it was made for, once.

use abi::{Errno, FcntlCommand, Fd, IdType, Pid, SigActionFlags, Signal, SignalSet, Timespec, WaitOptions, WaitStatus};
use harness::signals::{block, handled, note_signal, set, share_notes};
use harness::{Scenario, fork, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers, print};

use super::outcomes;

handlers! { HANDLERS: NOTES = note_signal; }

const SIGNAL: Signal = Signal::SIGUSR1;
/// What ends the calls that wait for signals.
const AWAITED: Signal = Signal::SIGUSR2;

/// What both sides of a scenario know.
#[derive(Clone, Copy)]
struct Stage {
    sys: Sys,
    receiver: Pid,
    sender: Pid,
    read: Fd,
    write: Fd,
}

/// The blocked call: whether a handler interrupted it, and otherwise that it did what it should.
async fn call(kind: &str, stage: Stage) -> Result<(), Errno> {
    let Stage { sys, sender, read, write, .. } = stage;
    match kind {
        "read" => {
            let mut bytes = [0; 8];
            assert_eq!(sys.read(read, &mut bytes).await?, 4);
            assert_eq!(&bytes[..4], b"data");
        }
        "write" => assert_eq!(sys.write(write, b"data").await?, 4),
        "wait4" => {
            let waited = sys.waitpid(sender, WaitOptions::empty()).await?;
            assert_eq!(waited, Some((sender, WaitStatus::Exited(0))));
        }
        "waitid" => {
            let waited = sys.waitid(IdType::P_PID, sender, WaitOptions::WEXITED).await?;
            assert_eq!(waited.map(|info| info.pid), Some(sender.0));
        }
        "nanosleep" => sys.nanosleep(Timespec::from_us(50_000)).await.map_err(|(errno, _)| errno)?,
        "sigtimedwait" => {
            let taken = sys.sigtimedwait(set([AWAITED]), None).await?;
            assert_eq!((taken.signo, taken.pid), (i32::from(AWAITED.number()), sender.0));
        }
        "sigsuspend" => {
            assert_eq!(sys.sigsuspend(SignalSet::empty()).await, Errno::EINTR);
            if handled(sys, AWAITED).await == 0 {
                return Err(Errno::EINTR);
            }
        }
        kind => panic!("there is no call {kind}"),
    }
    Ok(())
}

/// What lets the call go on.
async fn release(kind: &str, stage: Stage) {
    let Stage { sys, receiver, read, write, .. } = stage;
    match kind {
        "read" => assert_eq!(sys.write(write, b"data").await, Ok(4)),
        "write" => assert_eq!(sys.read(read, &mut [0; 4096]).await, Ok(4096)),
        "sigtimedwait" | "sigsuspend" => sys.kill(receiver, Some(AWAITED)).await.unwrap(),
        // Its exit, or the time.
        _ => {}
    }
}

/// Prints how often the call was interrupted.
async fn receiver(sys: Sys, args: Args) -> i32 {
    let kind = args.text(1).to_owned();
    let flags = if args.text(2) == "restart" { SigActionFlags::SA_RESTART } else { SigActionFlags::empty() };
    share_notes(sys).await;
    for signal in [SIGNAL, AWAITED] {
        sys.sigaction(signal, Some(Action::catch(NOTES).with_flags(flags))).await.unwrap();
    }
    block(sys, [AWAITED]).await;
    let receiver = sys.getpid().await;
    let (read, write) = sys.pipe().await.unwrap();
    if kind == "write" {
        sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, 4096).await.unwrap();
        assert_eq!(sys.write(write, &[b'x'; 4096]).await, Ok(4096));
    }
    let sender = fork(sys, async |sys| {
        sys.kill(receiver, Some(SIGNAL)).await.unwrap();
        while handled(sys, SIGNAL).await == 0 {
            sys.sched_yield().await;
        }
        release(&kind, Stage { sys, receiver, sender: Pid(0), read, write }).await;
    })
    .await;
    let mut interrupted = 0;
    while let Err(errno) = call(&kind, Stage { sys, receiver, sender, read, write }).await {
        assert_eq!(errno, Errno::EINTR);
        interrupted += 1;
    }
    assert_eq!(handled(sys, SIGNAL).await, 1);
    if kind == "write" {
        let mut bytes = [0; 8];
        assert_eq!(sys.read(read, &mut bytes).await, Ok(4));
        assert_eq!(&bytes[..4], b"data");
    }
    let reaped = matches!(&*kind, "wait4" | "waitid");
    while !reaped && sys.waitpid(sender, WaitOptions::empty()).await == Err(Errno::EINTR) {}
    assert_eq!(sys.wait().await, Err(Errno::ECHILD));
    print!(sys, "{interrupted}").await;
    0
}

fn scenario(kind: &str, flags: &str) -> Scenario {
    program(&receiver).handlers(HANDLERS).argument(kind).argument(flags)
}

/// `signal(7)`: made again after the handler with SA_RESTART, else EINTR.
#[test]
fn calls_that_restart() {
    for kind in ["read", "write", "wait4", "waitid"] {
        println!("{kind}");
        outcomes(scenario(kind, "none"), ["0", "1"]);
        outcomes(scenario(kind, "restart"), ["0"]);
    }
}

/// `signal(7)`: EINTR whatever the flag says.
#[test]
fn calls_that_never_restart() {
    for kind in ["nanosleep", "sigtimedwait", "sigsuspend"] {
        for flags in ["none", "restart"] {
            println!("{kind} {flags}");
            outcomes(scenario(kind, flags), ["0", "1"]);
        }
    }
}
