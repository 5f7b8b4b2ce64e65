//! What the basic operations cost, each beside the same operation of the host's kernel in the same run, on one CPU.
//!
//! `cargo bench`; `tests/bench.sh` adds the same in a build for thousands of processes. Criterion keeps Vitrine's figures
//! and compares them with those of the run before. The table at the end shows ratios: each sample is taken in turn with one
//! of its yardstick, and the median counts, so that whatever else the machine does bears on both alike.
//!
//! | question | file |
//! | --- | --- |
//! | which operations? what is their goal? | this one |
//! | the programs that Vitrine runs for it | `programs.rs` |
//! | how is a stretch of a run timed? | `lap.rs` |
//! | the same operations of the host | `host.rs` |
//! | samples beside their yardsticks | `compare.rs` |
//! | the table at the end | `report.rs` |

mod compare;
mod host;
mod lap;
mod programs;
mod report;

use std::hint::black_box;
use std::time::{Duration, Instant};

use abi::Syscall;
use criterion::Criterion;
use kernel::Event;
use kernel::limits::{MQUEUES, MSG_QUEUES, PROCESSES};

use compare::Comparison;
use host::{Host, Operation};
use lap::{Endless, Lap, Stretch};
use report::Goal;

/// Copies that are made for one sample: no more than are kept to be used again.
const COPIES: u64 = 50;

fn main() {
    if host::is_asked() {
        return host::serve();
    }
    host::stay_on_one_cpu();
    let host = Host::start();
    let mut criterion = Criterion::default()
        .sample_size(100)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .configure_from_args();
    let mut comparison = Comparison::new(&mut criterion);
    operations(&mut comparison, &host);
    shared_pages(&mut comparison);
    copies(&mut comparison);
    crowds(&mut comparison);
    bystanders(&mut comparison);
    mappers(&mut comparison);
    owners(&mut comparison);
    let mut report = comparison.finish();
    if compare::runs_all() {
        report.add_once("a loop of 10,000 forks", ten_thousand_forks(), Goal::Seconds(2.0));
    }
    println!("\n{report}");
    criterion.final_summary();
}

/// Operations that the host has, too.
fn operations(comparison: &mut Comparison<'_>, host: &Host) {
    let mut add = |name: &str, command: &str, stretch: Stretch, operation: Operation, goal: Goal| {
        let mut lap = Lap::new(command, stretch);
        comparison.beside_host(name, (lap.operations, move || lap.run()), (host, operation), goal);
    };
    let stretch = Stretch { counts: getpid, events: 1, before: 100, operations: 10_000 };
    add("null syscall", "getpid", stretch, Operation::Getpid, Goal::Faster(1.0));
    let stretch = Stretch { counts: yielded, events: 1, before: 100, operations: 10_000 };
    add("context switch (sched_yield)", "yields", stretch, Operation::Yield, Goal::None);
    let stretch = Stretch { counts: caught, events: 1, before: 100, operations: 5_000 };
    add("kill oneself, handler, return", "signals", stretch, Operation::Signal, Goal::Faster(5.0));
    let stretch = Stretch { counts: read, events: 2, before: 100, operations: 1_000 };
    add("pipe round trip, 1 byte", "ping", stretch, Operation::RoundTrip, Goal::Faster(8.0));
    let stretch = Stretch { counts: received, events: 2, before: 100, operations: 1_000 };
    for (name, command) in [
        ("message queue round trip, 64 bytes", "letters 0"),
        ("message queue round trip among 100 queues", "letters 100"),
    ] {
        add(name, command, stretch, Operation::QueueRoundTrip, Goal::Faster(8.0));
    }
    // A fork and a wait are two events, and one pair goes before: so the last begins with as many as its name says.
    for (events, goal) in [(10, Goal::Faster(50.0)), (50, Goal::Faster(50.0)), (1_000, Goal::None)] {
        let name = format!("fork+exit+wait, <= {events} events");
        let stretch = Stretch { counts: waited, events: 1, before: 1, operations: 5 };
        add(&name, &format!("forks {}", events - 10), stretch, Operation::Fork, goal);
    }
    let mut add = |name: &str, command: &str, stretch: Stretch, operation: Operation, goal: Goal| {
        let mut run = Endless::new(command, stretch);
        comparison.beside_host(name, (run.operations, move || run.run()), (host, operation), goal);
    };
    let stretch = Stretch { counts: getpid, events: 1, before: 100, operations: 10_000 };
    add("null syscall, leaf program", "leaf", stretch, Operation::Getpid, Goal::Faster(1.0));
    let stretch = Stretch { counts: read, events: 2, before: 100, operations: 1_000 };
    add("pipe round trip, 1 byte, leaf programs", "crowd 3 ping", stretch, Operation::RoundTrip, Goal::Faster(8.0));
    let stretch = Stretch { counts: read, events: 1, before: 10, operations: 20 };
    add("64 KiB through a pipe", "bulk", stretch, Operation::Bulk, Goal::None);
}

/// Bulk data in shared memory, beside what the host's processor can do at best.
fn shared_pages(comparison: &mut Comparison<'_>) {
    let stretch = Stretch { counts: getpid, events: 1, before: 2, operations: 5 };
    let mut run = Endless::new("copies", stretch);
    let each = programs::COPIES as f64;
    let copies = stretch.operations * programs::COPIES as u64;
    let (from, mut to) = (vec![1_u8; programs::BULK], vec![0_u8; programs::BULK]);
    let memcpy = move || nanoseconds(copies, || black_box(&mut to[..]).copy_from_slice(black_box(&from)));
    let name = "64 KiB from shared pages to shared pages";
    comparison.beside(name, (copies, move || run.run() / each), ("memcpy", memcpy), Goal::AtMostTimes(2.0));
}

fn getpid(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Getpid {}, .. })
}

fn yielded(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::SchedYield {}, .. })
}

fn caught(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::RtSigreturn { .. }, .. })
}

/// Two make a round trip.
fn read(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Read { .. }, .. })
}

/// Two make a round trip.
fn received(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::MqTimedreceive { .. }, .. })
}

fn waited(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Wait4 { .. }, .. })
}

/// What only Vitrine has: copies of the whole world, and futures made from their past.
fn copies(comparison: &mut Comparison<'_>) {
    let (_, world) = lap::stopped("family", |event| matches!(event, Event::Blocked { .. }), 4);
    assert_eq!((world.processes().count(), world.frames.resident()), (4, 8));
    let clone = move || nanoseconds(COPIES, || drop(black_box(world.clone())));
    comparison.alone("clone of a world, 4 processes and 8 frames", (COPIES, clone));
    for events in [0, 50, 1_000] {
        let (mut machine, world) = lap::stopped("getpid", getpid, events);
        let rebuild = move || {
            let mut copies = vec![world.clone(); COPIES as usize];
            let mut each = copies.iter_mut();
            // The machine's future stands where the copy before has gone.
            nanoseconds(COPIES, || each.next().into_iter().for_each(|copy| lap::step(&mut machine, copy)))
        };
        comparison.alone(&format!("rebuild of a future and one step, {events} events"), (COPIES, rebuild));
    }
}

/// The same operations among thousands of processes that wait, as far as this build has room for them.
fn crowds(comparison: &mut Comparison<'_>) {
    for (name, kind, counts, events) in
        [("null syscall", "getpid", getpid as fn(&Event<'_>) -> bool, 1), ("pipe round trip", "ping", read, 2)]
    {
        for processes in [8, 64, 1_024, 4_096].into_iter().filter(|processes| *processes <= PROCESSES) {
            let crowd = |processes: usize| {
                let stretch = Stretch { counts, events, before: 25_000, operations: 2_000 };
                let crowd = Endless::new(&format!("crowd {processes} {kind}"), stretch);
                assert_eq!(crowd.world.kernel.processes().count(), processes);
                crowd
            };
            let (mut many, mut few) = (crowd(processes), crowd(8));
            let name = format!("{name} among {processes} processes");
            let goal = if processes == 4_096 { Goal::AtMostTimes(1.3) } else { Goal::None };
            comparison.beside(&name, (many.operations, || many.run()), ("8 processes", || few.run()), goal);
        }
    }
}

/// System V IPC among others that wait, and among other queues: it costs what it costs without them.
fn bystanders(comparison: &mut Comparison<'_>) {
    let others = 100.min(MSG_QUEUES - 1);
    let queues = (format!("System V round trip among {others} queues"), format!("post 0 {others}"));
    let waiters =
        |what: &str, command: &str| (format!("{what} round trip among 50 waiters"), format!("{command} 50 0"));
    for ((name, command), alone, counts, events) in [
        (queues, "post 0 0", received_by_type as fn(&Event<'_>) -> bool, 2),
        (waiters("System V", "post"), "post 0 0", received_by_type, 2),
        (waiters("semaphore", "posts"), "posts 0 0", operated, 4),
    ] {
        let stretch = Stretch { counts, events, before: 100, operations: 1_000 };
        let (mut among, mut alone) = (Lap::new(&command, stretch), Lap::new(alone, stretch));
        let operations = among.operations;
        comparison.beside(&name, (operations, || among.run()), ("alone", || alone.run()), Goal::AtMostTimes(1.3));
    }
}

/// Two make a round trip.
fn received_by_type(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Msgrcv { .. }, .. })
}

/// Shared memory that becomes shorter, among processes that don't map it, as far as this build has room for them: it costs what
/// it costs without them.
fn mappers(comparison: &mut Comparison<'_>) {
    for others in [60, 4_000].into_iter().filter(|others| others + 2 <= PROCESSES) {
        let stretch = Stretch { counts: truncated, events: 2, before: 100, operations: 1_000 };
        let cuts = |others: usize| {
            let (_, world) = lap::stopped(&format!("cuts {others}"), truncated, 1);
            assert_eq!(world.kernel.processes().count(), others + 2);
            Lap::new(&format!("cuts {others}"), stretch)
        };
        let (mut among, mut alone) = (cuts(others), cuts(0));
        let name = format!("shared memory made shorter among {others} others");
        let operations = among.operations;
        comparison.beside(&name, (operations, || among.run()), ("alone", || alone.run()), Goal::AtMostTimes(1.3));
    }
}

/// Once longer, once shorter.
fn truncated(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Ftruncate { .. }, .. })
}

/// A message queue that a user without another makes and ends, among users who have one each: it costs what it costs without
/// them.
fn owners(comparison: &mut Comparison<'_>) {
    let others = 250.min(MQUEUES - 1);
    let stretch = Stretch { counts: unlinked, events: 1, before: 100, operations: 1_000 };
    let queues = |others: usize| Lap::new(&format!("queues {others}"), stretch);
    let (mut among, mut alone) = (queues(others), queues(0));
    let name = format!("message queue made and ended among {others} users");
    let operations = among.operations;
    comparison.beside(&name, (operations, || among.run()), ("alone", || alone.run()), Goal::AtMostTimes(1.3));
}

/// Once for each queue.
fn unlinked(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::MqUnlink { .. }, .. })
}

/// Four make a round trip.
fn operated(event: &Event<'_>) -> bool {
    matches!(event, Event::Finished { call: Syscall::Semop { .. }, .. })
}

/// CPU time, because it runs too long for a sample among others.
fn ten_thousand_forks() -> Duration {
    let (mut machine, mut world) = lap::booted("fork-loop 10000");
    let start = host::cpu_time();
    lap::run_to_end(&mut machine, &mut world);
    host::cpu_time() - start
}

/// Nanoseconds of doing this once.
fn nanoseconds(count: u64, mut what: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| what());
    start.elapsed().as_nanos() as f64 / count as f64
}
