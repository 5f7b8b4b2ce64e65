//! How a stretch of a run is timed: a world is taken to its beginning and then stepped to its end. The steps are counted
//! beforehand, in a run that is watched; they are the same every time.

use std::time::Instant;

use kernel::Event;
use sim::chooser::Default as PolicyDecides;
use sim::{Machine, Observer, Outcome, Settings, Unobserved, World};

use crate::programs::PROGRAMS;

/// A stretch of a run.
#[derive(Clone, Copy)]
pub(crate) struct Stretch {
    /// What is counted.
    pub(crate) counts: fn(&Event<'_>) -> bool,
    /// How many of these make an operation.
    pub(crate) events: u64,
    /// Operations before the first that is timed, at least one.
    pub(crate) before: u64,
    /// Operations that are timed.
    pub(crate) operations: u64,
}

/// A stretch that is run again and again from its beginning: by programs whose past is kept.
pub(crate) struct Lap {
    machine: Machine,
    world: World,
    before: u64,
    steps: u64,
    pub(crate) operations: u64,
}

impl Lap {
    /// This stretch of a run of this command.
    pub(crate) fn new(command: &str, stretch: Stretch) -> Lap {
        let (mut machine, mut world) = booted(command);
        let mut run = |world: &mut World, operations: u64| {
            let before = world.steps();
            step_until(&mut machine, world, stretch.counts, operations * stretch.events);
            world.steps() - before
        };
        // The last operation before the first is made by each copy: so its futures and frames are its own.
        run(&mut world, stretch.before - 1);
        let start = world.clone();
        let before = run(&mut world, 1);
        let steps = run(&mut world, stretch.operations);
        Lap { machine, world: start, before, steps, operations: stretch.operations }
    }

    /// Nanoseconds of an operation.
    pub(crate) fn run(&mut self) -> f64 {
        let mut world = self.world.clone();
        run_steps(&mut self.machine, &mut world, self.before);
        let start = Instant::now();
        run_steps(&mut self.machine, &mut world, self.steps);
        start.elapsed().as_nanos() as f64 / self.operations as f64
    }
}

/// A run that is timed stretch by stretch, on and on: of leaf programs, whose past isn't kept, so that they run in constant
/// memory but can't be taken back to a beginning.
pub(crate) struct Endless {
    machine: Machine,
    pub(crate) world: World,
    steps: u64,
    pub(crate) operations: u64,
}

impl Endless {
    /// A run of this command from this stretch on.
    pub(crate) fn new(command: &str, stretch: Stretch) -> Endless {
        let (mut machine, mut world) = booted(command);
        step_until(&mut machine, &mut world, stretch.counts, stretch.before * stretch.events);
        let before = world.steps();
        step_until(&mut machine, &mut world, stretch.counts, stretch.operations * stretch.events);
        let steps = world.steps() - before;
        Endless { machine, world, steps, operations: stretch.operations }
    }

    /// Nanoseconds of an operation.
    pub(crate) fn run(&mut self) -> f64 {
        let start = Instant::now();
        run_steps(&mut self.machine, &mut self.world, self.steps);
        start.elapsed().as_nanos() as f64 / self.operations as f64
    }
}

/// A machine set up as `vitrine run` does.
fn machine() -> Machine {
    Machine::new(PROGRAMS, Settings { check_every: 0, ..Settings::default() })
}

fn boot(machine: &mut Machine, command: &str) -> World {
    let argv: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
    match machine.boot(&argv, &[], &mut Unobserved) {
        Ok(world) => world,
        Err(errno) => panic!("`{command}` can't be booted: {errno}"),
    }
}

/// A world that is about to begin this command.
pub(crate) fn booted(command: &str) -> (Machine, World) {
    let mut machine = machine();
    let world = boot(&mut machine, command);
    (machine, world)
}

/// A world that has been run until so many events were counted.
pub(crate) fn stopped(command: &str, counts: fn(&Event<'_>) -> bool, events: u64) -> (Machine, World) {
    let (mut machine, mut world) = booted(command);
    step_until(&mut machine, &mut world, counts, events);
    (machine, world)
}

/// Makes one step.
pub(crate) fn step(machine: &mut Machine, world: &mut World) {
    machine.step(world, &mut PolicyDecides, &mut Unobserved);
}

/// Makes steps, as many as there are to make.
pub(crate) fn run_steps(machine: &mut Machine, world: &mut World, steps: u64) {
    if let Some(end) = machine.run(world, &mut PolicyDecides, &mut Unobserved, steps) {
        panic!("the run ends too early: {end:?}");
    }
}

/// Runs to the end.
pub(crate) fn run_to_end(machine: &mut Machine, world: &mut World) {
    let end = machine.run(world, &mut PolicyDecides, &mut Unobserved, u64::MAX);
    assert!(matches!(end, Some(Outcome::Halted(_))), "the run ends with {end:?}");
}

/// Makes steps until so many more events were counted.
pub(crate) fn step_until(machine: &mut Machine, world: &mut World, counts: fn(&Event<'_>) -> bool, events: u64) {
    let mut counter = Counter { counts, seen: 0 };
    while counter.seen < events {
        match machine.step(world, &mut PolicyDecides, &mut counter) {
            Outcome::Stepped { .. } => {}
            end => panic!("the run ends after {} of {events} events: {end:?}", counter.seen),
        }
    }
}

struct Counter {
    counts: fn(&Event<'_>) -> bool,
    seen: u64,
}

impl Observer for Counter {
    fn event(&mut self, _: &World, event: Event<'_>) {
        self.seen += u64::from((self.counts)(&event));
    }
}
