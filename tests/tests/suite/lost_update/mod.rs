//! Lost updates: what is found in a run, and what isn't one.
//!
//! | question | file |
//! | --- | --- |
//! | which programs lose updates, which must not be said to? | `found.rs` |
//! | `lost-update` and `lost-update-fixed` under many schedules | `schedules.rs` |
//! | every final value that can be reached is reached | `values.rs` |

mod found;
mod schedules;
mod values;

use sim::chooser::Chooser;
use sim::lost_updates::{LostUpdate, LostUpdates};
use sim::{Machine, Outcome, Output, Settings, Unobserved, World};
use userland::Program;

/// Steps that a run may take.
const STEPS: u64 = 100_000;

/// A world that has been booted, to be run from there as often as one likes.
struct Lab {
    machine: Machine,
    booted: World,
}

/// What came of a run.
struct Watched {
    finder: LostUpdates,
    lost: Vec<LostUpdate>,
    out: String,
}

impl Lab {
    /// A program as PID 1, which nothing else runs beside.
    fn new(programs: &'static [Program], argv: &[&str]) -> Lab {
        // What is tested here isn't the kernel: its invariants are checked by others at each step.
        let mut machine = Machine::new(programs, Settings { check_every: 0, ..Settings::default() });
        let argv: Vec<&[u8]> = argv.iter().map(|argument| argument.as_bytes()).collect();
        let booted = machine.boot(&argv, &[], &mut Unobserved).expect("the program boots");
        Lab { machine, booted }
    }

    /// Runs it to its end.
    fn run(&mut self, chooser: &mut impl Chooser) -> Watched {
        let mut observer = (Output::default(), LostUpdates::default());
        let mut world = self.booted.clone();
        let outcome = self.machine.run(&mut world, chooser, &mut observer, STEPS);
        Watched::of(outcome, observer)
    }
}

impl Watched {
    fn of(outcome: Option<Outcome>, (output, mut finder): (Output, LostUpdates)) -> Watched {
        let said = String::from_utf8_lossy(&output.err).into_owned();
        assert!(matches!(outcome, Some(Outcome::Halted(_))), "{outcome:?}\n{said}");
        assert_eq!(said, "");
        let lost = finder.take();
        assert_eq!(lost.len() as u64, finder.found());
        Watched { finder, lost, out: String::from_utf8_lossy(&output.out).into_owned() }
    }

    /// What the word that was incremented should be in the end, and what it is.
    fn values(&self) -> (u64, u64) {
        let numbers: Vec<u64> = self
            .out
            .lines()
            .next()
            .into_iter()
            .flat_map(|line| line.split([' ', ',', '.']))
            .filter_map(|word| word.parse().ok())
            .collect();
        match numbers[..] {
            [processes, increments, expected, found] if processes * increments == expected => (expected, found),
            _ => panic!("{}", self.out),
        }
    }

    /// What the word should be in the end if just what was found is missing. Where each store adds 1 to what was loaded, each
    /// that is found to lose something sets the word back by what it hadn't seen.
    fn explained(&self) -> i64 {
        let back = |lost: &LostUpdate| lost.found as i64 - lost.winner.load.value as i64;
        self.values().0 as i64 - self.lost.iter().map(back).sum::<i64>()
    }
}
