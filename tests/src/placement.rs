//! Every run of a scenario that differs from the usual one in a single choice.
//!
//! The usual run is made once, and every choice that comes up in it is noted: whom to run next, and at each step whether to
//! preempt, and for whom. Then each other option of each of them is taken, that one alone. So whatever another process does, a
//! signal that it sends say, happens once at every place at which it can.

use sim::World;
use sim::chooser::{Choice, Chooser, Deviation};

use crate::run::{Run, Schedule};
use crate::scenario::Scenario;

/// Takes the default, and notes every other option there was.
#[derive(Default)]
struct Noting(Vec<Deviation>);

impl Chooser for Noting {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        self.0.extend((1..options).map(|value| Deviation { step, choice, value, options }));
        0
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

impl Scenario {
    /// Runs it as the policy decides, and again for each other option of each choice, that one alone changed; `judge` looks at
    /// each run. Each is made a second time with all futures dropped before each step, which has to change no hash of any
    /// step. How many different runs there were.
    #[track_caller]
    pub fn placed_everywhere(&self, mut judge: impl FnMut(&Run)) -> usize {
        let mut noting = Noting::default();
        self.hashed(Schedule::Policy, &mut noting, 0);
        let mut schedules = vec![Schedule::Policy];
        schedules.extend(noting.0.into_iter().map(Schedule::Moved));
        for &schedule in &schedules {
            let (run, kept) = self.hashed(schedule, &mut *schedule.chooser(), 0);
            judge(&run);
            let (_, forgotten) = self.hashed(schedule, &mut *schedule.chooser(), 1);
            if let Some(at) = (0..kept.len().max(forgotten.len())).find(|&at| kept.get(at) != forgotten.get(at)) {
                run.fail(&format!("with its futures dropped before each step it differs after step {}", at + 1));
            }
        }
        schedules.len()
    }

    /// A run, and the exact hash after each of its steps.
    #[track_caller]
    fn hashed(&self, schedule: Schedule, chooser: &mut dyn Chooser, forget_every: u64) -> (Run, Vec<u64>) {
        let mut hashes = Vec::new();
        let run = self.run_with(schedule, chooser, forget_every, &mut |world: &World| hashes.push(world.exact_hash()));
        (run, hashes)
    }
}
