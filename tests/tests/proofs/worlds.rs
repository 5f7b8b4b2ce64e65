//! A world is a value: it can be copied, hashed, compared, written to a file and gone on from, at any step of any program.

use sim::chooser::{Chooser, Seeded};
use sim::{Machine, Outcome, Unobserved, World};

use crate::cases::{self, Case};
use crate::lab::{self, GLASS, LIMIT, TABLE};
use crate::script::Random;

/// At how many steps of a case worlds are taken out.
const SAMPLES: u64 = 12;

/// The worlds of a run, at a number of steps from the first to the last, each with the chooser as it was there; and the
/// exact hash after every step.
fn sampled(case: &Case, seed: u64) -> (Vec<(World, Seeded)>, Vec<u64>) {
    let mut chooser = Seeded::new(seed);
    let steps = lab::run(case, &mut chooser.clone(), GLASS).steps;
    let mut machine = lab::machine(case, GLASS);
    let mut world = lab::boot(&mut machine, case);
    let (mut worlds, mut hashes) = (Vec::new(), vec![world.exact_hash()]);
    loop {
        if world.steps().is_multiple_of(steps.div_ceil(SAMPLES)) {
            worlds.push((world.clone(), chooser.clone()));
        }
        if !step(&mut machine, &mut world, &mut chooser) {
            return (worlds, hashes);
        }
        hashes.push(world.exact_hash());
    }
}

fn step(machine: &mut Machine, world: &mut World, chooser: &mut impl Chooser) -> bool {
    matches!(machine.step(world, chooser, &mut Unobserved), Outcome::Stepped { .. })
}

/// Runs a world on, and compares it with its original at every step.
fn goes_on_as_before(case: &Case, mut world: World, mut chooser: Seeded, hashes: &[u64]) {
    let mut machine = lab::machine(case, GLASS);
    while step(&mut machine, &mut world, &mut chooser) {
        let step = world.steps() as usize;
        assert_eq!(Some(&world.exact_hash()), hashes.get(step), "{case:?}: step {step}");
    }
    assert_eq!(world.steps() as usize + 1, hashes.len(), "{case:?}");
}

#[test]
fn a_copy_goes_its_own_way() {
    for case in cases::all().chain((200..205).map(cases::script)) {
        let (worlds, hashes) = sampled(&case, 1);
        for (world, chooser) in worlds {
            let (before, behaviour) = (world.exact_hash(), world.behaviour_hash());
            goes_on_as_before(&case, world.clone(), chooser, &hashes);
            // What the copy has done, the original doesn't know.
            assert_eq!((world.exact_hash(), world.behaviour_hash()), (before, behaviour), "{case:?}");
            assert!(world == world.clone(), "{case:?}");
        }
    }
}

#[test]
fn a_saved_world_is_the_same_and_goes_on_the_same() {
    for case in cases::all().chain((210..215).map(cases::script)) {
        let (worlds, hashes) = sampled(&case, 2);
        for (world, chooser) in worlds {
            let saved = lab::machine(&case, GLASS).save(&world).expect("its history is kept");
            let loaded = lab::machine(&case, GLASS).load(&saved).expect("it is whole");
            assert!(loaded == world, "{case:?}: step {}", world.steps());
            assert_eq!(lab::machine(&case, GLASS).save(&loaded).expect("as before"), saved, "{case:?}");
            goes_on_as_before(&case, loaded, chooser, &hashes);
        }
    }
}

#[test]
fn different_steps_are_different_worlds() {
    for case in cases::all() {
        let (worlds, mut hashes) = sampled(&case, 3);
        for pair in worlds.windows(2) {
            assert!(pair[0].0 != pair[1].0, "{case:?}");
        }
        let steps = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), steps, "{case:?}");
    }
}

/// However a file is damaged, it is refused, or is the world after all (where one number can be written in two ways).
#[test]
fn a_damaged_file_is_refused() {
    let case = &Case { argv: &["sh", "-c", "cat | sort | wc & sleep 1; wait"], input: "pear\napple\nfig\n" };
    let mut random = Random::new(5);
    for (world, _) in sampled(case, 4).0 {
        let mut machine = Machine::new(*TABLE, GLASS);
        let saved = machine.save(&world).expect("its history is kept");
        for _ in 0..150 {
            let mut damaged = saved.clone();
            let at = random.below(damaged.len());
            match random.below(5) {
                0 => damaged.truncate(at),
                1 => damaged[at] ^= 1 << random.below(8),
                2 => damaged[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
                3 => drop(damaged.remove(at)),
                _ => {
                    let end = (at + 1 + random.below(40)).min(damaged.len());
                    damaged[at..end].iter_mut().for_each(|byte| *byte = random.next() as u8);
                }
            }
            if let Ok(loaded) = machine.load(&damaged) {
                assert!(loaded == world, "step {}, byte {at}: another world was taken for it", world.steps());
            }
        }
    }
}

/// Who was first can't be seen any more once all have ended, but for how long it took them.
#[test]
fn equal_situations_are_equal_however_they_came_about() {
    let case = &Case { argv: &["commute"], input: "" };
    let mut behaviours = Vec::new();
    let mut exacts = Vec::new();
    for seed in 0..40 {
        let mut machine = lab::machine(case, GLASS);
        let mut world = lab::boot(&mut machine, case);
        let mut chooser = Seeded::new(seed);
        for _ in 0..LIMIT {
            // The parent calls itself so when all is over.
            if world.kernel.processes().any(|(_, process)| process.name() == "settled") {
                break;
            }
            assert!(step(&mut machine, &mut world, &mut chooser), "it ended too early");
        }
        behaviours.push(world.behaviour_hash());
        exacts.push(world.exact_hash());
    }
    for hashes in [&mut behaviours, &mut exacts] {
        hashes.sort_unstable();
        hashes.dedup();
    }
    assert_eq!(behaviours.len(), 1, "the same situation, reached in different orders");
    assert!(exacts.len() > 5, "and different pasts: {}", exacts.len());
}
