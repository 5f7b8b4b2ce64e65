//! The final values of T processes with N increments each: a model of loads and stores says which there are, and gives for each a
//! schedule by which the machine comes to it.

use std::collections::{BTreeMap, VecDeque};

use kernel::{CpuNo, Event, ThreadId};
use sim::chooser::{Choice, Chooser, Default as PolicyDecides};
use sim::lost_updates::LostUpdates;
use sim::{Act, Observer, Outcome, Output, World};
use userland::programs::PROGRAMS;

use super::{Lab, STEPS, Watched};

/// Per process: accesses made, and what it loaded last. Then the word.
type State = (Vec<(u64, u64)>, u64);

/// For each final value, whose access comes when.
fn model(processes: usize, increments: u64) -> BTreeMap<u64, Vec<usize>> {
    let start: State = (vec![(0, 0); processes], 0);
    let mut known = BTreeMap::from([(start.clone(), None)]);
    let mut queue = VecDeque::from([start]);
    let mut values = BTreeMap::new();
    while let Some(state) = queue.pop_front() {
        if state.0.iter().all(|(made, _)| *made == 2 * increments) {
            values.entry(state.1).or_insert_with(|| way_to(&known, &state));
        }
        for process in 0..processes {
            let (mut next, (made, loaded)) = (state.clone(), state.0[process]);
            if made == 2 * increments {
                continue;
            }
            match made % 2 {
                0 => next.0[process] = (made + 1, state.1),
                _ => {
                    next.1 = loaded + 1;
                    next.0[process] = (made + 1, 0);
                }
            }
            if !known.contains_key(&next) {
                known.insert(next.clone(), Some((state.clone(), process)));
                queue.push_back(next);
            }
        }
    }
    values
}

fn way_to(known: &BTreeMap<State, Option<(State, usize)>>, state: &State) -> Vec<usize> {
    let mut way = Vec::new();
    let mut state = state;
    while let Some(Some((before, process))) = known.get(state) {
        way.push(*process);
        state = before;
    }
    way.reverse();
    way
}

/// Has one thread make the next step.
struct Only {
    preempt: usize,
    run: usize,
}

impl Only {
    fn this(world: &World, thread: ThreadId) -> Only {
        let cpu = CpuNo(0);
        let place = world.kernel.runnable(cpu).position(|other| other == thread);
        let goes_on = world.kernel.current(cpu) == Some(thread);
        Only { preempt: if goes_on { 0 } else { 1 + place.expect("it can run") }, run: place.unwrap_or(0) }
    }
}

impl Chooser for Only {
    fn choose(&mut self, _: u64, choice: Choice, _: usize) -> usize {
        match choice {
            Choice::Run => self.run,
            Choice::Preempt => self.preempt,
        }
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

/// Sees when somebody waits.
#[derive(Default)]
struct Waits(bool);

impl Observer for Waits {
    fn event(&mut self, _: &World, event: Event<'_>) {
        self.0 |= matches!(event, Event::Blocked { .. });
    }
}

/// Runs `lost-update` with its accesses in this order.
fn run(lab: &mut Lab, way: &[usize]) -> Watched {
    let mut world = lab.booted.clone();
    let mut observer = (Output::default(), LostUpdates::default());
    let mut waits = Waits::default();
    while !waits.0 {
        let outcome = lab.machine.step(&mut world, &mut PolicyDecides, &mut (&mut observer, &mut waits));
        assert!(matches!(outcome, Outcome::Stepped { .. }), "{outcome:?}");
    }
    for process in way {
        let id = world.kernel.process_by_pid(2 + *process as u32).expect("the parent waits when all are there");
        let thread = world.processes().find(|side| side.id == id).expect("it isn't at its end").thread;
        loop {
            let mut only = Only::this(&world, thread);
            let outcome = lab.machine.step(&mut world, &mut only, &mut observer);
            match outcome {
                // The page comes with the first access to it, which is then made.
                Outcome::Stepped { thread: made, act: Act::Faulted } if made == thread => {}
                Outcome::Stepped { thread: made, act: Act::Accessed } if made == thread => break,
                other => panic!("{other:?} in {way:?}"),
            }
        }
    }
    let outcome = lab.machine.run(&mut world, &mut PolicyDecides, &mut observer, STEPS);
    Watched::of(outcome, observer)
}

#[test]
fn every_final_value_is_reached_and_explained() {
    for (processes, increments, expected) in [(2, 1, 1..=2), (2, 2, 2..=4), (3, 2, 2..=6), (3, 3, 2..=9)] {
        let values = model(processes, increments);
        assert!(values.keys().copied().eq(expected), "{processes} processes, {increments} increments: {values:?}");
        let argv = ["lost-update", &processes.to_string(), &increments.to_string()];
        let mut lab = Lab::new(PROGRAMS, &argv);
        for (value, way) in values {
            let run = run(&mut lab, &way);
            assert_eq!(run.values().1, value, "{way:?}: {}", run.out);
            assert_eq!(run.explained(), value as i64, "{way:?}: {}{:#?}", run.out, run.lost);
            assert_eq!(run.lost.is_empty(), value == processes as u64 * increments);
        }
    }
}

/// Chooses among all that can run, every time.
struct Restless(u64);

impl Chooser for Restless {
    fn choose(&mut self, _: u64, _: Choice, options: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % options
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

#[test]
fn no_other_final_value_is_reached() {
    for (processes, increments) in [("2", "1"), ("2", "2"), ("3", "2"), ("3", "3")] {
        let mut lab = Lab::new(PROGRAMS, &["lost-update", processes, increments]);
        let values = model(processes.parse().unwrap(), increments.parse().unwrap());
        for seed in 0..1_000 {
            let run = lab.run(&mut Restless(seed));
            let found = run.values().1;
            assert!(values.contains_key(&found), "{}", run.out);
            assert_eq!(run.explained(), found as i64, "{}{:#?}", run.out, run.lost);
        }
    }
}
