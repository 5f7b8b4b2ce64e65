//! A process that is killed at any step of any program leaves no leak, and no one stuck.
//!
//! Each case is run once; at each of its steps, and for each process that is alive there, the world is copied, the process is
//! killed in the copy, and the copy runs on to its end with the invariants checked at every step. Init waits for all that is
//! left, so it ends only if everyone does.

use abi::Signal;
use kernel::ProcessId;
use sim::chooser::{self, Chooser, Seeded};
use sim::{Machine, Outcome, Settings, Unobserved, World};

use crate::cases::{self, Case};
use crate::lab::{self, GLASS, LIMIT};

/// Random schedules besides the policy's own.
const SEEDS: u64 = 2;

/// Steps that all copies of a case may take together under one schedule, about. Where they would take more, only every n-th
/// step is tried.
const BUDGET: u64 = 60_000;

const CHECKED: Settings = Settings { check_every: 1, ..GLASS };

fn killed_at_any_step(cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        killed_under(&case, &chooser::Default);
        for seed in 0..SEEDS {
            killed_under(&case, &Seeded::new(seed));
        }
    }
}

fn killed_under<C: Chooser + Clone>(case: &Case, chooser: &C) {
    let unharmed = lab::run(case, &mut chooser.clone(), GLASS);
    assert!(matches!(unharmed.outcome, Outcome::Halted(_)), "{case:?}: {:?}", unharmed.outcome);
    // A copy takes half of the steps on average, and at each step there are a few processes.
    let every = (unharmed.steps * unharmed.steps * 2).div_ceil(BUDGET);
    let mut machine = lab::machine(case, GLASS);
    let mut other = lab::machine(case, CHECKED);
    let mut world = lab::boot(&mut machine, case);
    let mut chooser = chooser.clone();
    loop {
        if world.steps().is_multiple_of(every) {
            for victim in victims(&world, case) {
                let ended = kill_and_run_on(&mut other, world.clone(), victim, chooser.clone());
                let (who, step) = (name(&world, victim), world.steps());
                assert_eq!(lab::tables(&ended), unharmed.tables, "{case:?}: {who} was killed at step {step}");
            }
        }
        if !matches!(machine.step(&mut world, &mut chooser, &mut Unobserved), Outcome::Stepped { .. }) {
            return;
        }
    }
}

/// Everyone alive but PID 1, which can't be killed; and, where it alone could clean up, the program itself.
fn victims(world: &World, case: &Case) -> Vec<ProcessId> {
    // PID 2 was a program that init runs first.
    let spared = if cases::EXCHANGES.contains(case) { 3 } else { 1 };
    let alive = world.kernel.processes().filter(|(_, process)| !process.is_zombie() && process.pid > spared);
    alive.map(|(id, _)| id).collect()
}

fn name(world: &World, process: ProcessId) -> String {
    let process = world.kernel.process(process);
    process.map_or(String::new(), |process| format!("{} {}", process.pid, process.name()))
}

#[track_caller]
fn kill_and_run_on(machine: &mut Machine, mut world: World, victim: ProcessId, mut chooser: impl Chooser) -> World {
    let (step, name) = (world.steps(), name(&world, victim));
    assert!(machine.inject_signal(&mut world, victim, Signal::SIGKILL, &mut Unobserved));
    match machine.run(&mut world, &mut chooser, &mut Unobserved, LIMIT) {
        Some(Outcome::Halted(_)) => world,
        Some(Outcome::Deadlock(deadlock)) => {
            panic!("{name} was killed at step {step}, and someone is stuck: {deadlock}")
        }
        _ => panic!("{name} was killed at step {step}, and someone runs for ever"),
    }
}

#[test]
fn single_programs() {
    killed_at_any_step(cases::SINGLE.iter().copied());
}

#[test]
fn programs_with_a_story() {
    killed_at_any_step(cases::STORIES.iter().copied());
}

#[test]
fn scripts_of_the_shell() {
    killed_at_any_step(cases::SCRIPTS.iter().copied());
}

#[test]
fn test_programs() {
    killed_at_any_step(cases::PROGRAMS.iter().copied());
}

#[test]
fn exchanges() {
    killed_at_any_step(cases::EXCHANGES.iter().copied());
}

#[test]
fn random_scripts() {
    killed_at_any_step((100..110).map(cases::patient_script));
}
