//! Everything that may go one way or another in a run is a numbered choice, asked of one [`Chooser`].
//!
//! 0 is always the default: what the machine does when nobody interferes. A run is its boot configuration, its inputs
//! and its deviations from the defaults; so a [`Recording`] keeps deviations only, and a [`Replaying`] makes them again.

use std::collections::VecDeque;
use std::fmt;

/// What is to be chosen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Choice {
    /// Which runnable thread runs next. The options are those in the order of the run queue; 0 is the policy's own pick.
    Run,
    /// Whether the thread that runs goes on (0), or is put back for the runnable thread number `value - 1`.
    Preempt,
}

impl Choice {
    const ALL: [Choice; 2] = [Choice::Run, Choice::Preempt];

    /// Its name in a record.
    pub const fn name(self) -> &'static str {
        match self {
            Choice::Run => "run",
            Choice::Preempt => "preempt",
        }
    }

    /// The kind of choice with this name.
    pub fn from_name(name: &str) -> Option<Choice> {
        Choice::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Decides whatever may go one way or another.
///
/// ```
/// use sim::chooser::{Choice, Chooser, Deviation, Recording, Replaying, Seeded};
///
/// let mut first = Recording::new(Seeded::new(7));
/// let chosen: Vec<usize> = (0..100).map(|step| first.choose(step, Choice::Run, 3)).collect();
///
/// let mut again = Replaying::new(first.take());
/// assert!((0..100).all(|step| again.choose(step, Choice::Run, 3) == chosen[step as usize]));
/// assert!(again.departed().is_none());
/// ```
pub trait Chooser {
    /// Chooses one of `options` (at least 1) at `step`; 0 is the default.
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize;

    /// Whether it wants to be asked [`Choice::Preempt`] before the next step. Asking costs time at every step.
    fn wants_preempt(&self) -> bool {
        false
    }
}

impl<C: Chooser + ?Sized> Chooser for &mut C {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        (**self).choose(step, choice, options)
    }

    fn wants_preempt(&self) -> bool {
        (**self).wants_preempt()
    }
}

impl<C: Chooser + ?Sized> Chooser for Box<C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        (**self).choose(step, choice, options)
    }

    fn wants_preempt(&self) -> bool {
        (**self).wants_preempt()
    }
}

/// `None` never interferes.
impl<C: Chooser> Chooser for Option<C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        self.as_mut().map_or(0, |chooser| chooser.choose(step, choice, options))
    }

    fn wants_preempt(&self) -> bool {
        self.as_ref().is_some_and(Chooser::wants_preempt)
    }
}

/// Never interferes: the scheduling policy decides.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Default;

impl Chooser for Default {
    fn choose(&mut self, _: u64, _: Choice, _: usize) -> usize {
        0
    }
}

/// Picks at random, from a seed: the same seed makes the same choices on every host, in every version of Vitrine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seeded {
    state: u64,
}

impl Seeded {
    /// One step in so many is cut short by a preemption. Rare enough for a process to get something done between two,
    /// frequent enough for most windows of a few instructions to be hit within some seeds.
    const PREEMPT_ONE_IN: u64 = 32;

    /// The choices that belong to this seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded { state: seed }
    }

    /// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, all about equally likely: the high half of a product, which needs no division.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}

impl Chooser for Seeded {
    fn choose(&mut self, _: u64, choice: Choice, options: usize) -> usize {
        if options < 2 {
            return 0;
        }
        match choice {
            Choice::Run => self.below(options as u64) as usize,
            Choice::Preempt if self.below(Seeded::PREEMPT_ONE_IN) == 0 => 1 + self.below(options as u64 - 1) as usize,
            Choice::Preempt => 0,
        }
    }

    fn wants_preempt(&self) -> bool {
        true
    }
}

/// A choice that wasn't the default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Deviation {
    /// The step at which it was asked.
    pub step: u64,
    /// What was asked.
    pub choice: Choice,
    /// What was chosen; not 0.
    pub value: usize,
    /// Among how many options.
    pub options: usize,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}/{}", self.step, self.choice, self.value, self.options)
    }
}

/// Asks another chooser, and keeps what deviates from the default.
#[derive(Clone, Debug)]
pub struct Recording<C> {
    chooser: C,
    kept: Vec<Deviation>,
}

impl<C: Chooser> Recording<C> {
    /// Records what `chooser` chooses.
    pub fn new(chooser: C) -> Recording<C> {
        Recording { chooser, kept: Vec::new() }
    }

    /// The deviations since the last call of this.
    pub fn take(&mut self) -> Vec<Deviation> {
        std::mem::take(&mut self.kept)
    }

    /// The deviations since the last [`Recording::take`], left where they are.
    pub fn kept(&self) -> &[Deviation] {
        &self.kept
    }

    /// The chooser that is asked.
    pub fn inner(&self) -> &C {
        &self.chooser
    }
}

impl<C: Chooser> Chooser for Recording<C> {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        let value = self.chooser.choose(step, choice, options);
        if value != 0 {
            self.kept.push(Deviation { step, choice, value, options });
        }
        value
    }

    fn wants_preempt(&self) -> bool {
        self.chooser.wants_preempt()
    }
}

/// How a replay left its record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Departure {
    /// The step at which it did.
    pub step: u64,
    /// The recorded choice that doesn't fit.
    pub recorded: Deviation,
    /// Why not.
    pub why: Misfit,
}

/// Why a recorded choice doesn't fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// There are this many options now.
    Options(usize),
    /// Nobody asked at that step.
    NotAsked,
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Departure { step, recorded, why } = self;
        write!(f, "departed at step {step}: the record has `choice {recorded}`, but ")?;
        match why {
            Misfit::Options(options) => write!(f, "the replay has {options} options there"),
            Misfit::NotAsked => f.write_str("the replay didn't come to that choice"),
        }
    }
}

/// Makes recorded choices again. Where one doesn't fit it chooses the default, and remembers where it departed.
#[derive(Clone, Debug)]
pub struct Replaying {
    ahead: VecDeque<Deviation>,
    departed: Option<Departure>,
}

impl Replaying {
    /// Makes these choices, which are in the order in which they were made.
    pub fn new(deviations: impl IntoIterator<Item = Deviation>) -> Replaying {
        Replaying { ahead: deviations.into_iter().collect(), departed: None }
    }

    /// Where the run left the record, if it did.
    pub fn departed(&self) -> Option<&Departure> {
        self.departed.as_ref()
    }

    /// The run has ended: where it left the record, if it did. A recorded choice that was never come to counts.
    pub fn end(&self) -> Option<Departure> {
        let never =
            self.ahead.front().map(|&recorded| Departure { step: recorded.step, recorded, why: Misfit::NotAsked });
        self.departed.or(never)
    }

    fn depart(&mut self, departure: Departure) {
        self.departed.get_or_insert(departure);
        // What was recorded behind a departure belongs to another run.
        self.ahead.clear();
    }
}

impl Chooser for Replaying {
    fn choose(&mut self, step: u64, choice: Choice, options: usize) -> usize {
        let Some(&recorded) = self.ahead.front() else { return 0 };
        if recorded.step < step {
            self.depart(Departure { step: recorded.step, recorded, why: Misfit::NotAsked });
            return 0;
        }
        if recorded.step > step || recorded.choice != choice {
            return 0;
        }
        if recorded.options != options || recorded.value >= options {
            self.depart(Departure { step, recorded, why: Misfit::Options(options) });
            return 0;
        }
        self.ahead.pop_front();
        recorded.value
    }

    fn wants_preempt(&self) -> bool {
        self.ahead.front().is_some_and(|next| next.choice == Choice::Preempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up run: both kinds of questions, asked as the machine asks.
    fn run(chooser: &mut impl Chooser) -> Vec<usize> {
        let mut chosen = Vec::new();
        for step in 0..500 {
            if chooser.wants_preempt() {
                chosen.push(chooser.choose(step, Choice::Preempt, 1 + (step % 3) as usize));
            } else {
                chosen.push(0);
            }
            chosen.push(chooser.choose(step, Choice::Run, 1 + (step % 4) as usize));
        }
        chosen
    }

    #[test]
    fn a_seed_chooses_the_same_for_ever() {
        // The first outputs of SplitMix64 for seed 1234567, as its reference implementation prints them.
        let mut seeded = Seeded::new(1234567);
        assert_eq!([seeded.next(), seeded.next()], [6457827717110365317, 3203168211198807973]);
        assert_eq!(run(&mut Seeded::new(1)), run(&mut Seeded::new(1)));
        assert_ne!(run(&mut Seeded::new(1)), run(&mut Seeded::new(2)));
    }

    #[test]
    fn a_seed_stays_within_the_options_and_takes_them_all() {
        let mut seeded = Seeded::new(5);
        let mut seen = [0; 4];
        for step in 0..4000 {
            seen[seeded.choose(step, Choice::Run, 4)] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
        let preempted = (0..32_000).filter(|&step| seeded.choose(step, Choice::Preempt, 3) != 0).count();
        assert!((800..1200).contains(&preempted), "{preempted}");
        assert_eq!(seeded.choose(0, Choice::Preempt, 1), 0);
    }

    #[test]
    fn a_replay_makes_the_recorded_choices() {
        for seed in 0..20 {
            let mut recording = Recording::new(Seeded::new(seed));
            let chosen = run(&mut recording);
            let mut replaying = Replaying::new(recording.take());
            assert_eq!(run(&mut replaying), chosen);
            assert_eq!(replaying.end(), None);
        }
    }

    #[test]
    fn the_default_leaves_nothing_to_record() {
        let mut recording = Recording::new(Default);
        assert!(run(&mut recording).iter().all(|&value| value == 0));
        assert_eq!(recording.kept(), []);
    }

    #[test]
    fn a_choice_that_does_not_fit_is_a_departure() {
        let recorded = Deviation { step: 17, choice: Choice::Run, value: 2, options: 3 };
        let mut replaying = Replaying::new([recorded]);
        assert_eq!(replaying.choose(16, Choice::Run, 3), 0);
        assert_eq!(replaying.choose(17, Choice::Run, 2), 0);
        let message = replaying.departed().unwrap().to_string();
        assert_eq!(
            message,
            "departed at step 17: the record has `choice 17 run 2/3`, but the replay has 2 options there"
        );

        let mut replaying = Replaying::new([recorded]);
        assert_eq!(replaying.end().map(|departure| departure.why), Some(Misfit::NotAsked));
        assert_eq!(replaying.choose(18, Choice::Run, 3), 0);
        let departure = replaying.departed().unwrap();
        assert_eq!((departure.step, departure.why), (17, Misfit::NotAsked));
    }
}
