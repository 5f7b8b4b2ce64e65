//! Futures are nothing but a cache: to throw them all away before any step changes no hash.

use kernel::{Event, ThreadId};
use sim::chooser::{self, Chooser, Seeded};
use sim::trace::Tracer;
use sim::{Observer, Outcome, Settings, Unobserved, World};
use userland::hart::Operation;

use crate::cases::{self, Case};
use crate::lab::{self, GLASS, LIMIT};

/// Steps up to which each is hashed, and futures may be thrown away before each. Of a longer run every n-th is.
const DENSE: u64 = 1500;

/// The exact hash after every n steps, and at the end.
fn hashes(case: &Case, chooser: &mut dyn Chooser, settings: Settings, every: u64) -> Vec<u64> {
    let mut chooser = chooser;
    let mut machine = lab::machine(case, settings);
    let mut world = lab::boot(&mut machine, case);
    let mut hashes = Vec::new();
    for _ in 0..LIMIT {
        if !matches!(machine.step(&mut world, &mut chooser, &mut Unobserved), Outcome::Stepped { .. }) {
            hashes.push(world.exact_hash());
            return hashes;
        }
        if world.steps().is_multiple_of(every) {
            hashes.push(world.exact_hash());
        }
    }
    panic!("{case:?} doesn't end");
}

fn chooser(seed: Option<u64>) -> Box<dyn Chooser> {
    match seed {
        None => Box::new(chooser::Default),
        Some(seed) => Box::new(Seeded::new(seed)),
    }
}

fn is_a_cache(case: &Case, seeds: &[Option<u64>]) {
    for &seed in seeds {
        let of = |settings, every| hashes(case, &mut *chooser(seed), settings, every);
        let every = length(case, seed).div_ceil(DENSE);
        let kept = of(Settings { glass: false, ..GLASS }, every);
        for forget_every in [every, 3 * every] {
            let forgotten = of(Settings { forget_every, ..GLASS }, every);
            if let Some(at) = (0..kept.len().max(forgotten.len())).find(|&at| kept.get(at) != forgotten.get(at)) {
                let step = (at as u64 + 1) * every;
                panic!("{case:?}, seed {seed:?}: forgotten every {forget_every}, it differs at step {step}");
            }
        }
    }
}

/// How many steps it takes.
fn length(case: &Case, seed: Option<u64>) -> u64 {
    let mut machine = lab::machine(case, GLASS);
    let mut world = lab::boot(&mut machine, case);
    machine.run(&mut world, &mut chooser(seed), &mut Unobserved, LIMIT);
    world.steps()
}

const SEEDS: &[Option<u64>] = &[None, Some(1), Some(2)];

#[test]
fn single_programs() {
    cases::SINGLE.iter().for_each(|case| is_a_cache(case, SEEDS));
}

#[test]
fn programs_with_a_story() {
    cases::STORIES.iter().for_each(|case| is_a_cache(case, SEEDS));
}

#[test]
fn scripts_of_the_shell() {
    cases::SCRIPTS.iter().chain(cases::NAMES).for_each(|case| is_a_cache(case, SEEDS));
}

#[test]
fn test_programs() {
    cases::PROGRAMS
        .iter()
        .chain(cases::EXCHANGES)
        .chain(cases::CONVERSATIONS)
        .chain(cases::STOPPING)
        .for_each(|case| is_a_cache(case, SEEDS));
}

#[test]
fn the_tour() {
    is_a_cache(&Case { argv: &["tour"], input: "" }, &[None]);
}

#[test]
fn random_scripts() {
    for seed in 0..40_u64 {
        is_a_cache(&cases::script(seed), &[if seed.is_multiple_of(2) { None } else { Some(seed) }]);
    }
}

/// Writes down all that can be seen of a run.
struct Traced<'a>(Tracer<&'a mut Vec<u8>>);

impl Observer for Traced<'_> {
    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        if let Operation::Syscall(call) = operation {
            self.0.asks(world, thread, call).expect("a vector takes all");
        }
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        self.0.event(world, event).expect("a vector takes all");
    }
}

fn trace(case: &Case, seed: u64) -> String {
    let mut lines = Vec::new();
    let mut machine = lab::machine(case, Settings { glass: false, ..GLASS });
    let mut world = lab::boot(&mut machine, case);
    let mut traced = Traced(Tracer::new(&mut lines));
    machine.run(&mut world, &mut Seeded::new(seed), &mut traced, LIMIT);
    traced.0.finish(&world).expect("a vector takes all");
    String::from_utf8(lines).expect("a trace is text")
}

#[test]
fn the_same_program_seed_and_input_give_the_same_trace() {
    for case in cases::all().chain((0..10).map(cases::script)) {
        for seed in [3, 4] {
            let first = trace(&case, seed);
            assert!(first.lines().count() > 3, "{case:?}: {first}");
            assert_eq!(first, trace(&case, seed), "{case:?}, seed {seed}");
        }
    }
}
