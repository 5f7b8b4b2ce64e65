//! Who decides what may vary in a run.

use sim::chooser::{self, Choice, Chooser, Deviation, Seeded};

/// Who decides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Schedule {
    /// The scheduling policy.
    Policy,
    /// The processes take turns: each is preempted after every step.
    Turns,
    /// A seed.
    Seed(u64),
}

impl Schedule {
    /// The chooser that chooses so.
    pub(crate) fn chooser(self) -> Box<dyn Chooser> {
        match self {
            Schedule::Policy => Box::new(chooser::Default),
            Schedule::Turns => Box::new(Turns),
            Schedule::Seed(seed) => Box::new(Seeded::new(seed)),
        }
    }

    /// In words for whoever has to see a run again.
    pub(crate) fn how_to_repeat(self) -> String {
        match self {
            Schedule::Policy => "as the policy schedules it".into(),
            Schedule::Turns => "taking turns after every step".into(),
            Schedule::Seed(seed) => format!("by seed {seed} (VITRINE_SEED={seed} runs it alone)"),
        }
    }
}

/// Preempts whoever runs for the first of the others, after every step.
struct Turns;

impl Chooser for Turns {
    fn choose(&mut self, _: u64, choice: Choice, options: usize) -> usize {
        usize::from(choice == Choice::Preempt && options > 1)
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

/// Chooses as another, and notes every other option there was.
pub(crate) struct Noting<C> {
    pub(crate) usual: C,
    pub(crate) others: Vec<Deviation>,
}

impl<C: Chooser> Chooser for Noting<C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        let chosen = self.usual.choose(step, choice, options);
        let others = (0..options).filter(|value| *value != chosen);
        self.others.extend(others.map(|value| Deviation { step, choice, value, options }));
        chosen
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

/// Chooses as another, but for one choice.
pub(crate) struct Moving<C> {
    pub(crate) usual: C,
    pub(crate) moved: Option<Deviation>,
}

impl<C: Chooser> Chooser for Moving<C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        let usual = self.usual.choose(step, choice, options);
        match self.moved {
            Some(moved) if (moved.step, moved.choice) == (step, choice) => {
                assert_eq!(moved.options, options, "the run was the same up to this choice");
                moved.value
            }
            _ => usual,
        }
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}
