//! Small programs that use each mechanism of the machine, and ways to run them.

// Each test file uses some of this, and has it as a module of its own.
#![allow(dead_code, unreachable_pub)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use abi::{Errno, Fd, MapFlags, Pid, Protection, WaitOptions, WaitStatus};
use sim::chooser::Chooser;
use sim::{Machine, Outcome, Output, Settings, World};
use userland::sys::Forked;
use userland::{Args, Program, Sys};

async fn say(sys: Sys, text: &str) {
    let _ = sys.write(Fd(1), text.as_bytes()).await;
}

async fn page(sys: Sys) -> u64 {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    sys.mmap(0, 8192, protection, flags).await.unwrap_or(0)
}

async fn hello(sys: Sys, args: Args) -> i32 {
    say(sys, &format!("hello {}\n", args.text(1))).await;
    args.len() as i32
}

async fn fork(sys: Sys, _: Args) -> i32 {
    let mut lines = vec!["before"];
    match sys.fork().await {
        Ok(Forked::Child) => {
            lines.push("child");
            say(sys, &lines.join(" ")).await;
            7
        }
        Ok(Forked::Parent(child)) => {
            let waited = sys.waitpid(child, WaitOptions::empty()).await;
            lines.push("parent");
            say(sys, &lines.join(" ")).await;
            (waited != Ok(Some((child, WaitStatus::Exited(7))))) as i32
        }
        Err(_) => 1,
    }
}

async fn nested_forks(sys: Sys, _: Args) -> i32 {
    for depth in 0..4 {
        if sys.fork().await == Ok(Forked::Child) {
            sys.compute(1500).await;
            say(sys, &depth.to_string()).await;
        }
    }
    while sys.wait().await.is_ok() {}
    0
}

async fn pipe(sys: Sys, args: Args) -> i32 {
    let rounds: u32 = args.text(1).parse().unwrap_or(10);
    let (Ok((there_r, there_w)), Ok((back_r, back_w))) = (sys.pipe().await, sys.pipe().await) else { return 1 };
    let mut byte = [0];
    if sys.fork().await == Ok(Forked::Child) {
        let _ = (sys.close(there_w).await, sys.close(back_r).await);
        while sys.read(there_r, &mut byte).await == Ok(1) {
            let _ = sys.write(back_w, &[byte[0] + 1]).await;
        }
        return 0;
    }
    let _ = (sys.close(there_r).await, sys.close(back_w).await);
    for round in 0..rounds {
        let _ = sys.write(there_w, &[round as u8 % 100]).await;
        if sys.read(back_r, &mut byte).await != Ok(1) || byte[0] != round as u8 % 100 + 1 {
            return 2;
        }
    }
    let _ = sys.close(there_w).await;
    match sys.wait().await {
        Ok((_, WaitStatus::Exited(0))) => 0,
        _ => 3,
    }
}

async fn memory(sys: Sys, _: Args) -> i32 {
    let at = page(sys).await;
    sys.store::<u32>(at, 11).await;
    // Across the page boundary, and more than fits an event.
    sys.store_bytes(at + 4090, b"a piece of text that lies on two pages").await;
    if sys.fork().await == Ok(Forked::Child) {
        sys.store::<u32>(at, 22).await;
        return sys.load::<u32>(at).await as i32;
    }
    let child = sys.wait().await;
    let mut text = [0; 38];
    sys.load_bytes(at + 4090, &mut text).await;
    say(sys, &String::from_utf8_lossy(&text)).await;
    (sys.load::<u32>(at).await != 11) as i32 + 2 * !matches!(child, Ok((_, WaitStatus::Exited(22)))) as i32
}

async fn exec(sys: Sys, args: Args) -> i32 {
    let error = sys.execve(b"missing", &[b"missing"], &[]).await;
    if error != Errno::ENOENT {
        return 99;
    }
    sys.execve(b"hello", &[b"hello", args.get(1).unwrap_or_default()], &[b"A=1"]).await;
    98
}

async fn checkpoint(sys: Sys, args: Args) -> i32 {
    let round = args.checkpoint().map_or(0, |state| state[0]);
    say(sys, &round.to_string()).await;
    if round < 3 {
        sys.checkpoint(&[round + 1]).await;
    }
    if sys.fork().await == Ok(Forked::Child) {
        return round.into();
    }
    matches!(sys.wait().await, Ok((_, WaitStatus::Exited(3)))) as i32 - 1
}

async fn cat(sys: Sys, _: Args) -> i32 {
    let mut buffer = vec![0; 4096];
    loop {
        match sys.read(Fd(0), &mut buffer).await {
            Ok(0) => return 0,
            Ok(count) => {
                let mut rest = &buffer[..count];
                while let Ok(written @ 1..) = sys.write(Fd(1), rest).await {
                    rest = &rest[written..];
                }
            }
            Err(_) => return 1,
        }
    }
}

async fn deadlock(sys: Sys, _: Args) -> i32 {
    let Ok((reader, _writer)) = sys.pipe().await else { return 1 };
    let mut byte = [0];
    sys.read(reader, &mut byte).await.is_ok().into() // the line that the report names
}

/// The line in this file on which `deadlock` waits.
pub const DEADLOCK_LINE: u32 = line!() - 4;

async fn panics(sys: Sys, args: Args) -> i32 {
    sys.getpid().await;
    assert!(args.is_empty(), "a bug of the program");
    0
}

struct PanicsWhenDropped;
impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("a bug in a destructor");
    }
}

async fn panics_in_drop(sys: Sys, _: Args) -> i32 {
    let _local = PanicsWhenDropped;
    if sys.getpid().await != Pid(0) {
        sys.exit(5).await;
    }
    0
}

async fn two_traps(sys: Sys, _: Args) -> i32 {
    let (mut a, mut b) = (Box::pin(sys.getpid()), Box::pin(sys.getpid()));
    std::future::poll_fn(|context| {
        let both = (a.as_mut().poll(context), b.as_mut().poll(context));
        both.0.map(drop)
    })
    .await;
    0
}

async fn foreign_future(sys: Sys, _: Args) -> i32 {
    sys.getpid().await;
    std::future::pending().await
}

static TIMES: AtomicU32 = AtomicU32::new(0);
async fn moody(sys: Sys, _: Args) -> i32 {
    match TIMES.fetch_add(1, Relaxed) {
        0 => sys.getpid().await,
        _ => sys.getppid().await,
    };
    let _ = sys.fork().await;
    let _ = sys.wait().await;
    0
}

async fn forking_leaf(sys: Sys, _: Args) -> i32 {
    sys.fork().await.is_ok().into()
}

async fn bad_store(sys: Sys, _: Args) -> i32 {
    sys.store::<u8>(8, 1).await;
    0
}

/// Runs each program after the other, as PID 1 would be tedious to be each time.
async fn parent_of(sys: Sys, args: Args) -> i32 {
    if sys.fork().await == Ok(Forked::Child) {
        let argv: Vec<&[u8]> = args.rest().collect();
        sys.execve(argv[0], &argv, &[]).await;
        return 127;
    }
    match sys.waitpid(Pid(-1), WaitOptions::empty()).await {
        Ok(Some((_, status))) => status.shell_code(),
        _ => 126,
    }
}

pub static PROGRAMS: &[Program] = &[
    Program::new("hello", "", &hello),
    Program::new("fork", "", &fork),
    Program::new("nested_forks", "", &nested_forks),
    Program::new("pipe", "", &pipe),
    Program::new("memory", "", &memory),
    Program::new("exec", "", &exec),
    Program::new("checkpoint", "", &checkpoint),
    Program::leaf("cat", "", &cat),
    Program::new("deadlock", "", &deadlock),
    Program::new("panics", "", &panics),
    Program::new("panics_in_drop", "", &panics_in_drop),
    Program::new("two_traps", "", &two_traps),
    Program::new("foreign_future", "", &foreign_future),
    Program::new("moody", "", &moody),
    Program::leaf("forking_leaf", "", &forking_leaf),
    Program::new("bad_store", "", &bad_store),
    Program::new("parent_of", "", &parent_of),
];

/// Programs that end by themselves, each a command line.
pub const ENDING: &[&str] = &[
    "hello world",
    "fork",
    "nested_forks",
    "pipe 20",
    "memory",
    "exec you",
    "checkpoint",
    "cat",
    "parent_of memory",
    "parent_of cat",
    "parent_of bad_store",
    "parent_of panics",
];

/// Input of the console in these tests.
pub const INPUT: &[u8] = b"pear\napple\nfig without a newline";

/// A machine, and a world in which this command line is PID 1.
pub fn boot(command: &str, settings: Settings) -> (Machine, World, Output) {
    let mut machine = Machine::new(PROGRAMS, settings).with_input(INPUT.to_vec());
    let mut output = Output::default();
    let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
    let world = machine.boot(&argv, &[b"HOME=/"], &mut output).unwrap();
    (machine, world, output)
}

/// Runs a command line to its end: its outcome, its output, its diagnostics.
pub fn run(command: &str, chooser: &mut impl Chooser, settings: Settings) -> (Outcome, String, String) {
    let (mut machine, mut world, mut output) = boot(command, settings);
    let outcome = machine.run(&mut world, chooser, &mut output, 1_000_000).expect("it ends");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (outcome, text(output.out), text(output.err))
}
