//! A process that is killed at any step of any program leaves no leak, and no one stuck.
//!
//! Each case is run once; at each of its steps, and for each process that is alive there, the world is copied, the process is
//! killed in the copy, and the copy runs on to its end with the invariants checked at every step. Init waits for all that is
//! left, so it ends only if everyone does. What becomes of an exchange whose player is killed, its referee judges
//! (`exchange/`).

use abi::{Signal, WaitStatus};
use kernel::ProcessId;
use sim::chooser::{self, Chooser, Seeded};
use sim::{Machine, Outcome, Output, Settings, Unobserved, World};

use crate::cases::{self, Case};
use crate::lab::{self, GLASS, LIMIT};

/// Random schedules besides the policy's own.
const SEEDS: u64 = 2;

/// Steps that all copies of a case may take together under one schedule, about. Where they would take more, only every n-th
/// step is tried.
const BUDGET: u64 = 60_000;
/// The same for exchanges, which are what this is about: enough for each of their steps.
const EXCHANGE_BUDGET: u64 = 600_000;

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
    let Outcome::Halted(status) = unharmed.outcome else { panic!("{case:?}: {:?}", unharmed.outcome) };
    assert!(status == WaitStatus::Exited(0) || !has_referee(case), "{case:?}: {status:?}");
    // A copy takes half of the steps on average, and at each step there are a few processes.
    let every =
        (unharmed.steps * unharmed.steps * 2).div_ceil(if has_referee(case) { EXCHANGE_BUDGET } else { BUDGET });
    let mut machine = lab::machine(case, GLASS);
    let mut other = lab::machine(case, CHECKED);
    let mut world = lab::boot(&mut machine, case);
    let mut chooser = chooser.clone();
    loop {
        if world.steps().is_multiple_of(every) {
            for victim in victims(&world, case) {
                let (who, step) = (name(&world, victim), world.steps());
                let ended = kill_and_run_on(&mut other, world.clone(), victim, chooser.clone());
                assert!(
                    ended.status == WaitStatus::Exited(0) || !has_referee(case),
                    "{case:?}: {who} was killed at step {step}: {:?}: {}",
                    ended.status,
                    ended.said
                );
                assert_eq!(lab::tables(&ended.world), unharmed.tables, "{case:?}: {who} was killed at step {step}");
            }
        }
        if !matches!(machine.step(&mut world, &mut chooser, &mut Unobserved), Outcome::Stepped { .. }) {
            return;
        }
    }
}

/// Whether the case has a referee: it alone can clean up, so it isn't killed, and its status is its judgement.
fn has_referee(case: &Case) -> bool {
    case.argv.first() == Some(&"exchange")
}

/// Everyone alive but PID 1, which can't be killed, and whoever alone could clean up.
fn victims(world: &World, case: &Case) -> Vec<ProcessId> {
    // PID 2 was a program that init runs first.
    let spared = if has_referee(case) || cases::CONVERSATIONS.contains(case) { 3 } else { 1 };
    let alive = world.kernel.processes().filter(|(_, process)| !process.is_zombie() && process.pid > spared);
    alive.map(|(id, _)| id).collect()
}

fn name(world: &World, process: ProcessId) -> String {
    let process = world.kernel.process(process);
    process.map_or(String::new(), |process| format!("{} {}", process.pid, process.name()))
}

/// What became of a world in which somebody was killed.
struct Survivors {
    world: World,
    status: WaitStatus,
    /// What was written to standard error.
    said: String,
}

#[track_caller]
fn kill_and_run_on(machine: &mut Machine, mut world: World, victim: ProcessId, mut chooser: impl Chooser) -> Survivors {
    let (step, name) = (world.steps(), name(&world, victim));
    assert!(machine.inject_signal(&mut world, victim, Signal::SIGKILL, &mut Unobserved));
    let mut output = Output::default();
    match machine.run(&mut world, &mut chooser, &mut output, LIMIT) {
        Some(Outcome::Halted(status)) => {
            Survivors { world, status, said: String::from_utf8_lossy(&output.err).into_owned() }
        }
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
fn players_of_exchanges() {
    killed_at_any_step(cases::EXCHANGES.iter().copied());
}

#[test]
fn programs_that_exchange_something() {
    killed_at_any_step(cases::CONVERSATIONS.iter().copied());
}

#[test]
fn random_scripts() {
    killed_at_any_step((100..110).map(cases::patient_script));
}
