//! A signal that arrives while a call is blocked, before it, or when it is over: its handler runs once, and the call does
//! what it was made for, once.

use abi::{AT_FDCWD, Address, AtFlags, ClockId, Errno, FcntlCommand, Fd, IPC_PRIVATE, IdType, In, InArray, IpcFlags};
use abi::{Layout, Length, MapFlags, MsgCommand, MsgFlags, OpenFlags, Out, Path, Pid, Protection, S_IFIFO, SemCommand};
use abi::{SemOperation, SigActionFlags, Signal, SignalSet, TimerFlags, Timespec, WaitOptions, WaitStatus};
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
    /// A message queue, or a set of semaphores.
    id: i32,
}

/// Where the arguments of the calls lie that are made by address: the name of a FIFO, a message, what is done to a semaphore,
/// and room for what is received.
const ARGUMENTS: u64 = 0x7000_0000;
const NAME: Path = Path(ARGUMENTS);
const MESSAGE: u64 = ARGUMENTS + 64;
const DOWN: u64 = ARGUMENTS + 128;
const UP: u64 = ARGUMENTS + 192;
const ROOM: u64 = ARGUMENTS + 256;

/// Maps the page of arguments, and makes what the call is about.
async fn set_up(sys: Sys, kind: &str) -> i32 {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
    sys.mmap(ARGUMENTS, abi::PAGE_SIZE, protection, flags).await.unwrap();
    let raw = sys.raw();
    let flags = IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600);
    let made = match kind {
        "open" => {
            sys.store_bytes(NAME.0, b"/fifo\0").await;
            raw.mknodat(AT_FDCWD, NAME, S_IFIFO | 0o600, 0).await
        }
        "msgrcv" => {
            sys.store(MESSAGE, 1_u64).await;
            sys.store_bytes(MESSAGE + 8, b"data").await;
            raw.msgget(IPC_PRIVATE, flags).await
        }
        "semop" => {
            for (address, op) in [(DOWN, -1), (UP, 1)] {
                let mut bytes = [0; SemOperation::SIZE];
                SemOperation { number: 0, op, flags: 0 }.store(&mut bytes);
                sys.store_bytes(address, &bytes).await;
            }
            raw.semget(IPC_PRIVATE, 1, flags).await
        }
        _ => Ok(0),
    };
    made.unwrap() as i32
}

/// Removes it again.
async fn tear_down(sys: Sys, kind: &str, id: i32) {
    let raw = sys.raw();
    let removed = match kind {
        "open" => raw.unlinkat(AT_FDCWD, NAME, AtFlags::empty()).await,
        "msgrcv" => raw.msgctl(id, MsgCommand::IPC_RMID, Out::NULL).await,
        "semop" => raw.semctl(id, 0, SemCommand::IPC_RMID, Address(0)).await,
        _ => Ok(0),
    };
    assert_eq!(removed, Ok(0));
}

/// The blocked call: whether a handler interrupted it, and otherwise that it did what it should.
async fn call(kind: &str, stage: Stage) -> Result<(), Errno> {
    let Stage { sys, sender, read, write, id, .. } = stage;
    match kind {
        "open" => {
            let fd = sys.raw().openat(AT_FDCWD, NAME, OpenFlags::empty(), 0).await?;
            sys.close(Fd(fd as i32)).await.unwrap();
        }
        "msgrcv" => {
            let received = sys.raw().msgrcv(id, Out::at(ROOM), Length(4), 0, MsgFlags::empty()).await?;
            assert_eq!((received, sys.load::<u32>(ROOM + 8).await), (4, u32::from_le_bytes(*b"data")));
        }
        "semop" => assert_eq!(sys.raw().semop(id, InArray::at(DOWN), Length(1)).await?, 0),
        "clock_nanosleep" => {
            let now = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
            let sleep = sys.clock_nanosleep(ClockId::CLOCK_MONOTONIC, TimerFlags::empty(), Timespec::from_us(50_000));
            sleep.await.map_err(|(errno, _)| errno)?;
            let then = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
            assert!(then - now >= 50_000);
        }
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
    let Stage { sys, receiver, read, write, id, .. } = stage;
    match kind {
        "open" => {
            let fd = sys.raw().openat(AT_FDCWD, NAME, OpenFlags::O_WRONLY, 0).await.unwrap();
            sys.close(Fd(fd as i32)).await.unwrap();
        }
        "msgrcv" => {
            let sent = sys.raw().msgsnd(id, In::at(MESSAGE), Length(4), MsgFlags::empty()).await;
            assert_eq!(sent, Ok(0));
        }
        "semop" => assert_eq!(sys.raw().semop(id, InArray::at(UP), Length(1)).await, Ok(0)),
        "read" => assert_eq!(sys.write(write, b"data").await, Ok(4)),
        "write" => assert_eq!(sys.read(read, &mut [0; 4096]).await, Ok(4096)),
        "sigtimedwait" | "sigsuspend" => sys.kill(receiver, Some(AWAITED)).await.unwrap(),
        // Its exit, or the time.
        _ => {}
    }
}

/// Prints how often the call was interrupted.
async fn receiver(sys: Sys, args: Args) -> i32 {
    let kind = args.text(1);
    let kind = &*kind;
    let flags = if args.text(2) == "restart" { SigActionFlags::SA_RESTART } else { SigActionFlags::empty() };
    share_notes(sys).await;
    for signal in [SIGNAL, AWAITED] {
        sys.sigaction(signal, Some(Action::catch(NOTES).with_flags(flags))).await.unwrap();
    }
    block(sys, [AWAITED]).await;
    let receiver = sys.getpid().await;
    let (read, write) = sys.pipe().await.unwrap();
    let id = set_up(sys, kind).await;
    if kind == "write" {
        sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, 4096).await.unwrap();
        assert_eq!(sys.write(write, &[b'x'; 4096]).await, Ok(4096));
    }
    let sender = fork(sys, async |sys| {
        sys.kill(receiver, Some(SIGNAL)).await.unwrap();
        while handled(sys, SIGNAL).await == 0 {
            sys.sched_yield().await;
        }
        release(kind, Stage { sys, receiver, sender: Pid(0), read, write, id }).await;
    })
    .await;
    let mut interrupted = 0;
    while let Err(errno) = call(kind, Stage { sys, receiver, sender, read, write, id }).await {
        assert_eq!(errno, Errno::EINTR);
        interrupted += 1;
    }
    assert_eq!(handled(sys, SIGNAL).await, 1);
    if kind == "write" {
        let mut bytes = [0; 8];
        assert_eq!(sys.read(read, &mut bytes).await, Ok(4));
        assert_eq!(&bytes[..4], b"data");
    }
    let reaped = matches!(kind, "wait4" | "waitid");
    while !reaped && sys.waitpid(sender, WaitOptions::empty()).await == Err(Errno::EINTR) {}
    assert_eq!(sys.wait().await, Err(Errno::ECHILD));
    tear_down(sys, kind, id).await;
    print!(sys, "{interrupted}").await;
    0
}

fn scenario(kind: &str, flags: &str) -> Scenario {
    program(&receiver).handlers(HANDLERS).argument(kind).argument(flags)
}

/// `signal(7)`: made again after the handler with SA_RESTART, else EINTR.
#[test]
fn calls_that_restart() {
    for kind in ["read", "write", "wait4", "waitid", "open"] {
        println!("{kind}");
        outcomes(scenario(kind, "none"), ["0", "1"]);
        outcomes(scenario(kind, "restart"), ["0"]);
    }
}

/// `signal(7)`: EINTR whatever the flag says.
#[test]
fn calls_that_never_restart() {
    for kind in ["nanosleep", "clock_nanosleep", "sigtimedwait", "sigsuspend", "msgrcv", "semop"] {
        for flags in ["none", "restart"] {
            println!("{kind} {flags}");
            outcomes(scenario(kind, flags), ["0", "1"]);
        }
    }
}
