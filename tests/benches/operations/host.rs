//! The same operations of the host's kernel, in a process of their own: a small one with one thread, so that its forks
//! cost what a small program's forks cost.
//!
//! The one file of this package with `unsafe` in it: `fork` and `sigaction`.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_receive, mq_send, mq_unlink};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity, sched_yield};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::sys::stat::Mode;
use nix::sys::time::TimeValLike;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe, read, write};

/// In the environment of the process that does the work.
const ASKED: &str = "VITRINE_BENCH_HOST";

/// What a pipe is filled with at once.
const BULK: usize = 64 << 10;

/// An operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    /// `getpid`.
    Getpid,
    /// `sched_yield`, of two processes that do nothing else.
    Yield,
    /// A signal to oneself, its handler, and the way back.
    Signal,
    /// A byte to another process and back.
    RoundTrip,
    /// A message of 64 bytes to another process and back, by two message queues.
    QueueRoundTrip,
    /// 64 KiB to another process.
    Bulk,
    /// A child that exits, and is waited for.
    Fork,
}

impl Operation {
    const ALL: [Operation; 7] = [
        Operation::Getpid,
        Operation::Yield,
        Operation::Signal,
        Operation::RoundTrip,
        Operation::QueueRoundTrip,
        Operation::Bulk,
        Operation::Fork,
    ];

    /// How often it is done for one sample: a millisecond's worth.
    fn count(self) -> u32 {
        match self {
            Operation::Getpid => 5_000,
            Operation::Yield => 1_000,
            Operation::Signal => 500,
            Operation::RoundTrip | Operation::QueueRoundTrip => 250,
            Operation::Bulk => 80,
            Operation::Fork => 10,
        }
    }

    /// Nanoseconds of doing it once.
    fn time(self) -> nix::Result<f64> {
        let count = self.count();
        match self {
            Operation::Getpid => timed(count, || {
                getpid();
                Ok(())
            }),
            Operation::Yield => time_yields(count),
            Operation::Signal => time_signals(count),
            Operation::RoundTrip => time_round_trips(count),
            Operation::QueueRoundTrip => time_queue_round_trips(count),
            Operation::Bulk => time_bulk(count),
            Operation::Fork => timed(count, || waitpid(in_a_child(|| Ok(()))?, None).map(drop)),
        }
    }
}

/// Lets this process, and those it starts from now on, run on one CPU only: two would pass the byte of a round trip to
/// and fro between their caches, and wake each other from idling.
pub(crate) fn stay_on_one_cpu() {
    let mut one = CpuSet::new();
    let allowed = sched_getaffinity(Pid::this()).expect("the host says on which CPUs it may run");
    // The last one: the first has the most interrupts.
    let cpu = (0..CpuSet::count()).rev().find(|cpu| allowed.is_set(*cpu) == Ok(true)).expect("there is a CPU");
    one.set(cpu).expect("the host's CPUs fit into its set of them");
    sched_setaffinity(Pid::this(), &one).expect("a process may choose among its CPUs");
}

/// CPU time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the host says what a process has used");
    let time = usage.user_time() + usage.system_time();
    Duration::from_micros(time.num_microseconds().unsigned_abs())
}

/// The process that does the work.
pub(crate) struct Host {
    lines: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    // Ends by itself when its input does.
    _process: Child,
}

impl Host {
    /// Starts it.
    pub(crate) fn start() -> Host {
        let program = std::env::current_exe().expect("the benchmark knows where it lies");
        let mut command = Command::new(program);
        let command = command.env(ASKED, "").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the benchmark can be started a second time");
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            unreachable!("both are pipes")
        };
        Host { lines: RefCell::new((input, BufReader::new(output))), _process: process }
    }

    /// Nanoseconds of an operation.
    pub(crate) fn time(&self, operation: Operation) -> f64 {
        let (input, output) = &mut *self.lines.borrow_mut();
        let mut line = String::new();
        let asked = writeln!(input, "{operation:?}").and_then(|()| output.read_line(&mut line));
        asked.ok().and_then(|_| line.trim().parse().ok()).expect("the host's side answers with a number")
    }
}

/// Whether this is the process that does the work.
pub(crate) fn is_asked() -> bool {
    std::env::var_os(ASKED).is_some()
}

/// Does the work: for each line with an operation, one with nanoseconds.
pub(crate) fn serve() {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let operation = Operation::ALL.into_iter().find(|operation| format!("{operation:?}") == line);
        let operation = operation.expect("operations are asked for by their names");
        println!("{}", operation.time().expect("the host can do it"));
    }
}

/// Nanoseconds of doing this once.
fn timed(count: u32, mut what: impl FnMut() -> nix::Result<()>) -> nix::Result<f64> {
    let start = Instant::now();
    (0..count).try_for_each(|_| what())?;
    Ok(start.elapsed().as_nanos() as f64 / f64::from(count))
}

/// Yielding doesn't always switch: time is divided by the switches that were made.
fn time_yields(count: u32) -> nix::Result<f64> {
    let switches = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF);
        usage.map(|usage| usage.voluntary_context_switches() + usage.involuntary_context_switches())
    };
    let child = in_a_child(|| {
        loop {
            sched_yield()?;
        }
    })?;
    let before = switches()?;
    let time = timed(count, sched_yield)?;
    let switched = switches()? - before;
    end(child)?;
    // Each switch away comes with one back.
    Ok(time * f64::from(count) / (2 * switched.max(1)) as f64)
}

fn time_signals(count: u32) -> nix::Result<f64> {
    extern "C" fn returns(_: i32) {}
    let action = SigAction::new(SigHandler::Handler(returns), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler does nothing at all.
    unsafe { sigaction(Signal::SIGUSR1, &action)? };
    let me = getpid();
    timed(count, || kill(me, Signal::SIGUSR1))
}

fn time_round_trips(count: u32) -> nix::Result<f64> {
    let ((to_read, to_write), (from_read, from_write)) = (pipe()?, pipe()?);
    let mut byte = [1];
    let child = in_a_child(|| {
        loop {
            read(&to_read, &mut [0])?;
            write(&from_write, &[1])?;
        }
    })?;
    let time = timed(count, || {
        write(&to_write, &byte)?;
        read(&from_read, &mut byte).map(drop)
    })?;
    end(child)?;
    Ok(time)
}

fn time_queue_round_trips(count: u32) -> nix::Result<f64> {
    let queue = |direction: &str| -> nix::Result<MqdT> {
        let name = format!("/vitrine-{}-{direction}", getpid());
        let attributes = MqAttr::new(0, 8, 64, 0);
        let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_RDWR;
        let queue = mq_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR, Some(&attributes))?;
        mq_unlink(name.as_str())?;
        Ok(queue)
    };
    let (there, back) = (queue("there")?, queue("back")?);
    let (mut message, mut priority) = ([1; 64], 0);
    let child = in_a_child(|| {
        let (mut message, mut priority) = ([1; 64], 0);
        loop {
            mq_receive(&there, &mut message, &mut priority)?;
            mq_send(&back, &message, priority)?;
        }
    })?;
    let time = timed(count, || {
        mq_send(&there, &message, priority)?;
        mq_receive(&back, &mut message, &mut priority).map(drop)
    })?;
    end(child)?;
    mq_close(there)?;
    mq_close(back)?;
    Ok(time)
}

fn time_bulk(count: u32) -> nix::Result<f64> {
    let (from, to) = pipe()?;
    let child = in_a_child(|| {
        let bytes = vec![1; BULK];
        loop {
            write(&to, &bytes)?;
        }
    })?;
    let mut bytes = vec![0; BULK];
    let time = timed(count, || {
        let mut left = BULK;
        while left > 0 {
            left -= read(&from, &mut bytes[..left])?;
        }
        Ok(())
    })?;
    end(child)?;
    Ok(time)
}

/// A child that does this and exits.
fn in_a_child(what: impl FnOnce() -> nix::Result<()>) -> nix::Result<Pid> {
    // SAFETY: this process has one thread, so the child may do whatever its parent may.
    match unsafe { fork()? } {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let status = i32::from(what().is_err());
            // SAFETY: ends the process. Nothing that the parent registered to be done at exit is to be done twice.
            unsafe { nix::libc::_exit(status) }
        }
    }
}

fn end(child: Pid) -> nix::Result<()> {
    kill(child, Signal::SIGKILL)?;
    waitpid(child, None).map(drop)
}
