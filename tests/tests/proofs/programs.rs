//! Test programs: small ones around each mechanism. Whatever becomes of one of their processes, the others must end; so a
//! failed call ends the process instead of being tried for ever.

use abi::{
    Errno, Fd, IdType, OpenFlags, Pid, SigActionFlags, SigInfo, Signal, StackDescription, Timespec, WaitOptions,
};
use harness::{PAGE, map, map_shared};
use userland::libc::raise;
use userland::sys::{Action, FileActions, Forked, JumpBuffer};
use userland::{Args, Program, Sys, handlers, statics};

use crate::{exchange, letters, script};

/// All of them.
pub(crate) const PROGRAMS: &[Program] = &[
    Program::new("tree", "", &tree),
    Program::new("relay", "", &relay),
    Program::new("counter", "", &counter),
    Program::new("sleepers", "", &sleepers),
    Program::new("spawner", "", &spawner),
    Program::new("groups", "", &groups),
    Program::new("memory", "", &memory),
    Program::new("orphanage", "", &orphanage),
    Program::new("stopped", "", &stopped),
    Program::new("commute", "", &commute),
    Program::new("letters", "", &letters::main),
    Program::new("exchange", "", &exchange::main),
    Program::new("catcher", "", &catcher).with_handlers(HANDLERS).with_statics(STATICS),
    Program::new("jumper", "", &jumper).with_handlers(HANDLERS).with_statics(STATICS),
    Program::new("script", "", &script::main),
];

fn number(args: &Args) -> usize {
    args.text(1).parse().unwrap_or(1)
}

async fn wait_for_all(sys: Sys) -> i32 {
    let mut statuses = 0;
    while let Ok((_, status)) = sys.wait().await {
        statuses = (statuses * 31 + status.shell_code()) % 251;
    }
    statuses
}

/// A full binary tree of processes.
async fn tree(sys: Sys, args: Args) -> i32 {
    let mut depth = number(&args);
    let mut forks = 0;
    while depth > 0 && forks < 2 {
        forks += 1;
        if sys.fork().await == Ok(Forked::Child) {
            (depth, forks) = (depth - 1, 0);
        }
    }
    sys.compute(300).await;
    wait_for_all(sys).await + depth as i32
}

/// A ring of three processes; more bytes go round than a pipe holds in pieces that don't fit its pages.
async fn relay(sys: Sys, args: Args) -> i32 {
    let total = number(&args);
    let (Ok(first), Ok(second), Ok(third)) = (sys.pipe().await, sys.pipe().await, sys.pipe().await) else { return 1 };
    let _ = sys.fcntl(second.1, abi::FcntlCommand::F_SETPIPE_SZ, PAGE).await;
    for (from, to) in [(first, second), (second, third)] {
        if sys.fork().await == Ok(Forked::Child) {
            let keep = [from.0, to.1];
            for fd in [first.0, first.1, second.0, second.1, third.0, third.1] {
                if !keep.contains(&fd) {
                    let _ = sys.close(fd).await;
                }
            }
            return pass_on(sys, from.0, to.1).await;
        }
    }
    for fd in [first.0, second.0, second.1, third.1] {
        let _ = sys.close(fd).await;
    }
    let (mut sent, mut received) = (0, 0);
    let mut buffer = vec![0; 3000];
    while sent < total {
        let piece = vec![sent as u8; 1777.min(total - sent)];
        let Ok(count) = sys.write(first.1, &piece).await else { return 2 };
        sent += count;
        let Ok(count) = sys.read(third.0, &mut buffer).await else { return 3 };
        received += count;
    }
    let _ = sys.close(first.1).await;
    while let Ok(count @ 1..) = sys.read(third.0, &mut buffer).await {
        received += count;
    }
    wait_for_all(sys).await + i32::from(received != total)
}

async fn pass_on(sys: Sys, from: Fd, to: Fd) -> i32 {
    let mut buffer = vec![0; 1000];
    while let Ok(count @ 1..) = sys.read(from, &mut buffer).await {
        if sys.write(to, &buffer[..count]).await.is_err() {
            return 1;
        }
    }
    0
}

/// Children count in shared memory, without a lock.
async fn counter(sys: Sys, args: Args) -> i32 {
    let shared = map_shared(sys, 2).await;
    for child in 0..number(&args) as u64 {
        if sys.fork().await == Ok(Forked::Child) {
            for _ in 0..5 {
                let count = sys.load::<u32>(shared).await;
                sys.store::<u32>(shared, count + 1).await;
                sys.store::<u8>(shared + PAGE + child, count as u8).await;
            }
            return 0;
        }
    }
    wait_for_all(sys).await;
    sys.load::<u32>(shared).await as i32
}

/// Children sleep, the parent looks in between.
async fn sleepers(sys: Sys, args: Args) -> i32 {
    for child in 0..number(&args) as u64 {
        if sys.fork().await == Ok(Forked::Child) {
            let _ = sys.nanosleep(Timespec::from_us(1500 * (child % 3 + 1))).await;
            return child as i32;
        }
    }
    loop {
        match sys.waitpid(Pid(-1), WaitOptions::WNOHANG).await {
            Ok(Some(_)) => {}
            Ok(None) => {
                let _ = sys.nanosleep(Timespec::from_us(700)).await;
            }
            Err(_) => return 0,
        }
    }
}

/// Children made without fork, their output through a pipe.
async fn spawner(sys: Sys, args: Args) -> i32 {
    let Ok((read, write)) = sys.pipe2(OpenFlags::O_CLOEXEC).await else { return 1 };
    let actions = FileActions::new().dup2(write, Fd(1));
    for _ in 0..number(&args) {
        let _ = sys.posix_spawn(b"echo", &actions, &[b"echo", b"hello"], &[b"A=1"]).await;
    }
    let _ = sys.posix_spawn(b"nothing", &actions, &[b"nothing"], &[]).await;
    let _ = sys.close(write).await;
    let mut buffer = [0; 16];
    while let Ok(count @ 1..) = sys.read(read, &mut buffer).await {
        let _ = sys.write(Fd(1), &buffer[..count]).await;
    }
    wait_for_all(sys).await
}

/// A group of sleepers is ended together; a session of its own.
async fn groups(sys: Sys, _: Args) -> i32 {
    let mut group = Pid(0);
    for _ in 0..3 {
        match sys.fork().await {
            Ok(Forked::Child) => {
                let _ = sys.setpgid(Pid(0), group).await;
                let _ = sys.nanosleep(Timespec::from_us(50_000)).await;
                return 1;
            }
            Ok(Forked::Parent(child)) => {
                group = if group == Pid(0) { child } else { group };
                let _ = sys.setpgid(child, group).await;
            }
            Err(_) => return 2,
        }
    }
    if sys.fork().await == Ok(Forked::Child) {
        let _ = sys.setsid().await;
        sys.compute(2000).await;
        return 3;
    }
    let _ = sys.kill(Pid(-group.0), Some(Signal::SIGTERM)).await;
    wait_for_all(sys).await
}

/// Copy-on-write, guard pages, a child that faults.
async fn memory(sys: Sys, _: Args) -> i32 {
    let private = map(sys, 4).await;
    sys.store_bytes(private + PAGE - 10, b"text across two pages").await;
    if sys.fork().await == Ok(Forked::Child) {
        sys.store::<u64>(private, 1).await;
        let _ = sys.mprotect(private + PAGE, PAGE as usize, abi::Protection::empty()).await;
        return sys.load::<u8>(private + PAGE).await.into();
    }
    let _ = sys.munmap(private + 2 * PAGE, PAGE as usize).await;
    let _ = sys.madvise(private, PAGE as usize, abi::Advice::MADV_DONTNEED).await;
    let zero = sys.load::<u64>(private).await;
    wait_for_all(sys).await + zero as i32
}

/// Parents that end before their children, below a subreaper; zombies that are looked at and left.
async fn orphanage(sys: Sys, _: Args) -> i32 {
    let _ = sys.set_child_subreaper(true).await;
    for _ in 0..2 {
        if sys.fork().await == Ok(Forked::Child) {
            for _ in 0..2 {
                if sys.fork().await == Ok(Forked::Child) {
                    sys.compute(1500).await;
                    return 5;
                }
            }
            return 4;
        }
    }
    let _ = sys.waitid(IdType::P_ALL, Pid(0), WaitOptions::WEXITED | WaitOptions::WNOWAIT).await;
    wait_for_all(sys).await
}

/// A child is stopped and continued.
async fn stopped(sys: Sys, _: Args) -> i32 {
    let Ok(Forked::Parent(sleeper)) = sys.fork().await else {
        let _ = sys.nanosleep(Timespec::from_us(5000)).await;
        return 6;
    };
    for signal in [Signal::SIGSTOP, Signal::SIGCONT] {
        let _ = sys.kill(sleeper, Some(signal)).await;
        let _ = sys.waitpid(sleeper, WaitOptions::WUNTRACED | WaitOptions::WCONTINUED).await;
    }
    wait_for_all(sys).await
}

/// Children that do the same things in any order; the parent waits for each by name, and then is as if nothing had been.
async fn commute(sys: Sys, _: Args) -> i32 {
    let Ok((start, go)) = sys.pipe().await else { return 1 };
    let mut children = Vec::new();
    for _ in 0..3 {
        match sys.fork().await {
            Ok(Forked::Child) => {
                // Else nobody would see the end of the pipe if the parent were killed.
                let _ = sys.close(go).await;
                return go_to_work(sys, start).await;
            }
            Ok(Forked::Parent(child)) => children.push(child),
            Err(_) => return 1,
        }
    }
    // Until now nobody has stored anything, so it is the parent who gets the first free frame for its stack.
    let _ = sys.write(go, b"!!!").await;
    for child in children {
        let _ = sys.waitpid(child, WaitOptions::empty()).await;
    }
    let _ = sys.set_name("settled").await;
    0
}

async fn go_to_work(sys: Sys, start: Fd) -> i32 {
    let _ = sys.read(start, &mut [0]).await;
    let Ok((read, write)) = sys.pipe().await else { return 1 };
    let page = map(sys, 1).await;
    sys.store::<u32>(page, 7).await;
    let _ = sys.write(write, b"text").await;
    let _ = sys.read(read, &mut [0; 4]).await;
    0
}

statics! { STATICS: CAUGHT: u64; PLACE: JumpBuffer; }

handlers! { HANDLERS: COUNTS = counts; NESTS = nests; JUMPS = jumps; }

/// Makes calls of its own, which use the place of the stack that those which it interrupts use.
async fn counts(sys: Sys, info: SigInfo) {
    let Ok((read, write)) = sys.pipe().await else { return };
    let _ = sys.write(write, &[info.signo as u8; 24]).await;
    let _ = sys.read(read, &mut [0; 24]).await;
    let _ = sys.close(read).await;
    let _ = sys.close(write).await;
    CAUGHT.fetch_add(sys, 1).await;
}

async fn nests(sys: Sys, _: SigInfo) {
    CAUGHT.fetch_add(sys, 1).await;
    raise(sys, Signal::SIGUSR2).await;
}

async fn jumps(sys: Sys, info: SigInfo) {
    sys.siglongjmp(PLACE, info.signo).await;
}

/// A child sends signals to its parent while that reads from it; and the parent forks a child in the meantime.
async fn catcher(sys: Sys, _: Args) -> i32 {
    let Ok((read, write)) = sys.pipe().await else { return 1 };
    let me = sys.getpid().await;
    let restart = Action::catch(COUNTS).with_flags(SigActionFlags::SA_RESTART);
    let _ = sys.sigaction(Signal::SIGUSR1, Some(restart)).await;
    let _ = sys.sigaction(Signal::SIGUSR2, Some(Action::catch(COUNTS))).await;
    if sys.fork().await == Ok(Forked::Child) {
        let _ = sys.close(read).await;
        for signal in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGUSR1] {
            let _ = sys.write(write, b"some text").await;
            let _ = sys.kill(me, Some(signal)).await;
        }
        return 0;
    }
    let _ = sys.close(write).await;
    let mut bytes = [0; 24];
    let mut total = 0;
    loop {
        match sys.read(read, &mut bytes).await {
            Ok(0) => break,
            Ok(count) => total += count,
            Err(Errno::EINTR) => {}
            Err(_) => return 2,
        }
    }
    // A child of one whose handlers have run.
    if sys.fork().await == Ok(Forked::Child) {
        return CAUGHT.load(sys).await as i32;
    }
    wait_for_all(sys).await;
    total as i32
}

/// Leaves nested handlers by jumps, on its stack and on another; its child jumps to where its parent has been.
async fn jumper(sys: Sys, _: Args) -> i32 {
    let base = map(sys, 2).await;
    let _ = sys.sigaltstack(Some(StackDescription { base, size: 2 * PAGE, ..StackDescription::default() })).await;
    for flags in [SigActionFlags::empty(), SigActionFlags::SA_ONSTACK] {
        let _ = sys.sigaction(Signal::SIGUSR1, Some(Action::catch(NESTS).with_flags(flags))).await;
        let _ = sys.sigaction(Signal::SIGUSR2, Some(Action::catch(JUMPS).with_flags(flags))).await;
        let point = sys.sigsetjmp(PLACE, true).await;
        match point.value {
            0 => raise(sys, Signal::SIGUSR1).await,
            5 => return 5,
            _ => {}
        }
        if sys.fork().await == Ok(Forked::Child) {
            sys.longjmp(PLACE, 5).await;
        }
    }
    wait_for_all(sys).await;
    CAUGHT.load(sys).await as i32
}
