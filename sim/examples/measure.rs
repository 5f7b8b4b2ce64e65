//! Quick figures: what the basic operations cost on this machine.

use std::hint::black_box;
use std::time::Instant;

use sim::chooser::Default as Policy;
use sim::{CheckerBox, Machine, Outcome, Settings, Unobserved, World};
use userland::sys::Forked;
use userland::{Args, Program, Sys};

fn number(args: &Args, index: usize) -> u64 {
    args.text(index).parse().unwrap_or(0)
}

async fn getpid(sys: Sys, args: Args) -> i32 {
    for _ in 0..number(&args, 1) {
        sys.getpid().await;
    }
    0
}

async fn load(sys: Sys, args: Args) -> i32 {
    let flags = abi::MapFlags::MAP_PRIVATE | abi::MapFlags::MAP_ANONYMOUS;
    let protection = abi::Protection::PROT_READ | abi::Protection::PROT_WRITE;
    let at = sys.mmap(0, 4096, protection, flags).await.unwrap();
    for _ in 0..number(&args, 1) {
        sys.load::<u32>(at).await;
    }
    0
}

async fn ping(sys: Sys, args: Args) -> i32 {
    let (ar, aw) = sys.pipe().await.unwrap();
    let (br, bw) = sys.pipe().await.unwrap();
    let mut byte = [1];
    if sys.fork().await == Ok(Forked::Child) {
        let _ = (sys.close(aw).await, sys.close(br).await);
        while sys.read(ar, &mut byte).await == Ok(1) {
            let _ = sys.write(bw, &byte).await;
        }
        return 0;
    }
    for _ in 0..number(&args, 1) {
        let _ = sys.write(aw, &byte).await;
        let _ = sys.read(br, &mut byte).await;
    }
    let _ = sys.close(aw).await;
    let _ = sys.wait().await;
    0
}

/// A letter goes to and fro over two queues.
async fn letters(sys: Sys, args: Args) -> i32 {
    let attributes = Some(abi::MqAttr { maxmsg: 8, msgsize: 64, ..abi::MqAttr::default() });
    let flags = abi::OpenFlags::O_CREAT | abi::OpenFlags::O_RDWR;
    let there = sys.mq_open(b"/there", flags, 0o600, attributes).await.unwrap();
    let back = sys.mq_open(b"/back", flags, 0o600, attributes).await.unwrap();
    if sys.fork().await == Ok(Forked::Child) {
        while let Ok((message, 0)) = sys.mq_receive(there, 64).await {
            let _ = sys.mq_send(back, &message, 0).await;
        }
        return 0;
    }
    for _ in 0..number(&args, 1) {
        let _ = sys.mq_send(there, &[1; 64], 0).await;
        let _ = sys.mq_receive(back, 64).await;
    }
    let _ = sys.mq_send(there, &[1; 64], 1).await;
    let _ = sys.wait().await;
    0
}

async fn fork(sys: Sys, args: Args) -> i32 {
    for _ in 0..number(&args, 2) {
        sys.getpid().await;
    }
    for _ in 0..number(&args, 1) {
        if sys.fork().await == Ok(Forked::Child) {
            sys.exit(0).await;
        }
        let _ = sys.wait().await;
    }
    0
}

async fn spin(sys: Sys, _: Args) -> i32 {
    for _ in 0..3 {
        let _ = sys.fork().await;
    }
    loop {
        sys.getpid().await;
    }
}

/// Thirteen processes that wait to read from pipes, with 52 descriptions and a shared mapping between them.
async fn crowd(sys: &Sys) {
    let flags = abi::MapFlags::MAP_SHARED | abi::MapFlags::MAP_ANONYMOUS;
    let protection = abi::Protection::PROT_READ | abi::Protection::PROT_WRITE;
    let at = sys.mmap(0, 16384, protection, flags).await.unwrap();
    sys.store::<u32>(at, 1).await;
    let mut readers = Vec::new();
    for _ in 0..26 {
        readers.push(sys.pipe().await.unwrap().0);
    }
    for reader in readers.into_iter().take(13) {
        if sys.fork().await == Ok(Forked::Child) {
            sys.store::<u32>(at + 4096, 2).await;
            let _ = sys.read(reader, &mut [0]).await;
            sys.exit(0).await;
        }
    }
}

async fn crowded_getpid(sys: Sys, _: Args) -> i32 {
    crowd(&sys).await;
    loop {
        sys.getpid().await;
    }
}

async fn crowded_ping(sys: Sys, _: Args) -> i32 {
    let (ar, aw) = sys.pipe().await.unwrap();
    let (br, bw) = sys.pipe().await.unwrap();
    crowd(&sys).await;
    let child = sys.fork().await == Ok(Forked::Child);
    let (from, to) = if child { (ar, bw) } else { (br, aw) };
    let mut byte = [1];
    loop {
        if child {
            let _ = sys.read(from, &mut byte).await;
        }
        let _ = sys.write(to, &byte).await;
        if !child {
            let _ = sys.read(from, &mut byte).await;
        }
    }
}

async fn crowded_fork(sys: Sys, _: Args) -> i32 {
    crowd(&sys).await;
    loop {
        if sys.fork().await == Ok(Forked::Child) {
            sys.exit(0).await;
        }
        let _ = sys.wait().await;
    }
}

static PROGRAMS: &[Program] = &[
    Program::new("getpid", "", &getpid),
    Program::leaf("leaf", "", &getpid),
    Program::new("load", "", &load),
    Program::new("ping", "", &ping),
    Program::new("letters", "", &letters),
    Program::new("fork", "", &fork),
    Program::new("spin", "", &spin),
    Program::new("crowded-getpid", "", &crowded_getpid),
    Program::new("crowded-ping", "", &crowded_ping),
    Program::new("crowded-fork", "", &crowded_fork),
];

fn machine() -> Machine {
    Machine::new(PROGRAMS, Settings { check_every: 0, ..Settings::default() })
}

fn boot(machine: &mut Machine, command: &str) -> World {
    let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
    machine.boot(&argv, &[], &mut Unobserved).unwrap()
}

/// Nanoseconds of running a command line, best of several.
fn run(command: &str) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..15 {
        let mut machine = machine();
        let mut world = boot(&mut machine, command);
        let start = Instant::now();
        let end = machine.run(&mut world, &mut Policy, &mut Unobserved, u64::MAX);
        best = best.min(start.elapsed().as_nanos() as f64);
        assert!(matches!(end, Some(Outcome::Halted(_))), "{end:?}");
    }
    best
}

fn per(name: &str, count: f64, command: &str, base: &str) {
    println!("{name:<44} {:>10.1} ns", (run(command) - run(base)) / count);
}

fn time(name: &str, count: usize, mut what: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..21 {
        let start = Instant::now();
        for _ in 0..count {
            what();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / count as f64);
    }
    println!("{name:<44} {best:>10.1} ns");
}

/// Steps until all wait who are going to, and steps that are measured.
const STEPS: (u64, u64) = (600, 8000);

/// Nanoseconds of a step with a check behind it, best of several.
fn step_and(command: &str, mut check: impl FnMut(&mut World)) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..9 {
        let mut machine = machine();
        let mut world = boot(&mut machine, command);
        machine.run(&mut world, &mut Policy, &mut Unobserved, STEPS.0);
        check(&mut world);
        let start = Instant::now();
        for _ in 0..STEPS.1 {
            machine.step(&mut world, &mut Policy, &mut Unobserved);
            check(&mut world);
        }
        best = best.min(start.elapsed().as_nanos() as f64 / STEPS.1 as f64);
    }
    best
}

/// What it costs to check all invariants after each step of a command.
fn checks(command: &str) {
    let mut checker = CheckerBox::new();
    let bare = step_and(command, |_| ());
    let everything = step_and(command, |world| world.kernel.check().unwrap()) - bare;
    let touched = step_and(command, |world| checker.check(&mut world.kernel).unwrap()) - bare;
    println!(
        "check after a step of {command:<21} {touched:>10.1} ns; of everything {everything:.1} ns; step {bare:.1} ns"
    );
    println!("  looked at everything {} times", checker.full_checks());
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("checks") {
        ["crowded-getpid", "crowded-ping", "crowded-fork"].into_iter().for_each(checks);
        return;
    }
    if let Some(command) = std::env::args().nth(1) {
        println!("{command}: {:.0} ns", run(&command));
        return;
    }
    per("getpid, history kept", 200_000.0, "getpid 200000", "getpid 0");
    per("getpid, leaf", 200_000.0, "leaf 200000", "leaf 0");
    per("load", 200_000.0, "load 200000", "load 0");
    per("pipe round trip", 50_000.0, "ping 50000", "ping 0");
    per("message queue round trip", 50_000.0, "letters 50000", "letters 0");
    for before in [0, 50, 1000] {
        per(
            &format!("fork+exit+wait, {before} events before"),
            1000.0,
            &format!("fork 1000 {before}"),
            &format!("fork 0 {before}"),
        );
    }
    per("fork+exit+wait, in a loop of 10,000", 10_000.0, "fork 10000 0", "fork 0 0");
    let mut machine = machine();
    let mut world = boot(&mut machine, "spin");
    machine.run(&mut world, &mut Policy, &mut Unobserved, 1000);
    println!("{} processes, {} frames", world.processes().count(), world.frames.resident());
    time("clone of that world", 1000, || drop(black_box(world.clone())));
    time("  of its kernel", 1000, || drop(black_box(world.kernel.clone())));
    time("  of its frames", 1000, || drop(black_box(world.frames.clone())));
    time("exact hash", 1000, || _ = black_box(world.exact_hash()));
    time("behaviour hash", 1000, || _ = black_box(world.behaviour_hash()));
    time("clone, one step (rebuilt or cached)", 1000, || {
        let mut copy = world.clone();
        machine.step(&mut copy, &mut Policy, &mut Unobserved);
    });
    println!("kernel: {} bytes", size_of::<kernel::Kernel>());
}
