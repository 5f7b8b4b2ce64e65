//! Every run of a scenario that differs from a usual one in a single choice.
//!
//! A usual run is made once, and every choice that comes up in it is noted: whom to run next, and at each step whether to
//! preempt, and for whom. Then each other option of each of them is taken, that one alone. So whatever another process does, a
//! signal that it sends say, happens once at every place at which it can. Usual are: as the policy schedules it, where most
//! of what a process does happens in one go; taking turns after every step; and some seeds.

use sim::World;
use sim::chooser::Deviation;

use crate::run::Run;
use crate::scenario::Scenario;
use crate::schedule::{Moving, Noting, Schedule};

const USUAL: [Schedule; 4] = [Schedule::Policy, Schedule::Turns, Schedule::Seed(1), Schedule::Seed(2)];

impl Scenario {
    /// Makes the usual runs, and each again for each other option of each of its choices, that one alone changed; `judge`
    /// looks at each run. Each is made a second time with all futures dropped before each step, which has to change no hash of
    /// any step. How many different runs there were.
    #[track_caller]
    pub fn placed_everywhere(&self, mut judge: impl FnMut(&Run)) -> usize {
        let mut count = 0;
        for usual in USUAL {
            let mut noting = Noting { usual: usual.chooser(), others: Vec::new() };
            self.run_with(usual, &mut noting, 0, &mut |_| ());
            for moved in [None].into_iter().chain(noting.others.into_iter().map(Some)) {
                let (run, kept) = self.hashed(usual, moved, 0);
                judge(&run);
                let (_, forgotten) = self.hashed(usual, moved, 1);
                if let Some(at) = (0..kept.len().max(forgotten.len())).find(|&at| kept.get(at) != forgotten.get(at)) {
                    run.fail(&format!("with its futures dropped before each step it differs after step {}", at + 1));
                }
                count += 1;
            }
        }
        count
    }

    /// A run, and the exact hash after each of its steps.
    #[track_caller]
    fn hashed(&self, usual: Schedule, moved: Option<Deviation>, forget_every: u64) -> (Run, Vec<u64>) {
        let mut chooser = Moving { usual: usual.chooser(), moved };
        let mut hashes = Vec::new();
        let mut watch = |world: &World| hashes.push(world.exact_hash());
        let run = self.run_with(usual, &mut chooser, forget_every, &mut watch);
        (run, hashes)
    }
}
