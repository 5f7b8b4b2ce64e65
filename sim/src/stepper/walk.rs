//! Forward and back through a run.

use std::collections::BTreeMap;

use crate::chooser::{Chooser, Deviation};
use crate::signal_counts::SignalCounts;
use crate::{Machine, Observer, Outcome, Unobserved, World};

use super::report::{Report, Reporter};
use super::snapshots::Snapshots;
use super::steered::Steered;

/// Walks through a run: a machine, where one stands in the run, and what is known of it.
///
/// A run is known up to the furthest step that was made. Within that, going forward repeats what happened; behind it the
/// chooser decides. An explicit choice ([`Stepper::choose`]) begins another run from where one stands.
///
/// ```
/// use sim::stepper::Stepper;
/// use sim::{Machine, Settings, Unobserved, chooser};
///
/// let settings = Settings { glass: true, ..Settings::default() };
/// let mut machine = Machine::new(userland::programs::PROGRAMS, settings);
/// let world = machine.boot(&[b"init", b"echo", b"hi"], &[], &mut Unobserved).unwrap();
/// let mut stepper = Stepper::new(machine, world, chooser::Default);
/// while let Ok(report) = stepper.step() {
///     println!("{report}");
/// }
/// let end = stepper.world().exact_hash();
/// stepper.go_to(5);
/// stepper.go_to(u64::MAX);
/// assert_eq!(stepper.world().exact_hash(), end);
/// ```
pub struct Stepper<C> {
    pub(super) machine: Machine,
    pub(super) world: World,
    /// What became of signals up to here.
    signal_counts: SignalCounts,
    /// Decides what nobody has chosen explicitly. It may have a state, which is part of a snapshot.
    chooser: C,
    /// Explicit choices of this run, by their steps.
    pub(super) explicit: BTreeMap<u64, Deviation>,
    /// What wasn't the default, up to the furthest step.
    taken: Vec<Deviation>,
    snapshots: Snapshots<(World, SignalCounts, C)>,
    furthest: u64,
    /// What comes behind the furthest step, once it is known that no step does.
    end: Option<Outcome>,
}

impl<C: Chooser + Clone> Stepper<C> {
    /// Walks through the run that begins with this world.
    ///
    /// The machine must keep the histories of all programs (`Settings::glass`), and have done so since this world's boot:
    /// else a leaf program can't be taken back.
    pub fn new(machine: Machine, world: World, chooser: C) -> Stepper<C> {
        let snapshots = Snapshots::new(world.steps(), (world.clone(), SignalCounts::default(), chooser.clone()));
        let furthest = world.steps();
        Stepper {
            machine,
            world,
            signal_counts: SignalCounts::default(),
            chooser,
            explicit: BTreeMap::new(),
            taken: Vec::new(),
            snapshots,
            furthest,
            end: None,
        }
    }

    /// The world where one stands.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What became of signals from the beginning to where one stands.
    pub fn signal_counts(&self) -> &SignalCounts {
        &self.signal_counts
    }

    /// The furthest step that was made in this run.
    pub fn furthest(&self) -> u64 {
        self.furthest
    }

    /// What was chosen in this run that wasn't the default, up to its furthest step: with its inputs, they are the run.
    pub fn choices(&self) -> &[Deviation] {
        &self.taken
    }

    /// What was chosen at this step, if it is known and wasn't the default.
    pub(super) fn taken_at(&self, step: u64) -> Option<Deviation> {
        let place = self.taken.binary_search_by_key(&step, |taken| taken.step).ok()?;
        self.taken.get(place).copied()
    }

    /// The choices that were made explicitly, those behind the furthest step included.
    pub fn explicit_choices(&self) -> impl Iterator<Item = &Deviation> {
        self.explicit.values()
    }

    /// Makes a step, and tells what happened.
    ///
    /// # Errors
    /// There is none to be made: the run has ended.
    pub fn step(&mut self) -> Result<Report, Outcome> {
        let mut reporter = Reporter::new(&self.world);
        let new = self.world.steps() == self.furthest;
        match self.advance(&mut reporter) {
            Outcome::Stepped { thread, act } => {
                let choice = self.taken_at(self.world.steps() - 1);
                Ok(Report { new, choice, ..reporter.finish(&self.world, thread, act) })
            }
            end => Err(end),
        }
    }

    /// Goes to where `step` steps have been made, as [`Stepper::go_to`], and tells what happened in the last of them; `None`
    /// at the beginning.
    pub fn arrive(&mut self, step: u64) -> Option<Report> {
        let step = step.min(self.furthest);
        self.go_to(step.saturating_sub(1));
        if self.world.steps() < step { self.step().ok() } else { None }
    }

    /// Goes to where `step` steps have been made, as far as the run is known; nothing new happens. How many steps that were,
    /// in either direction.
    pub fn go_to(&mut self, step: u64) -> u64 {
        let (now, first) = (self.world.steps(), self.snapshots.before(0).0);
        let target = step.clamp(first, self.furthest);
        let (kept, (world, counts, chooser)) = self.snapshots.before(target);
        if target < now || kept > now {
            (self.world, self.signal_counts, self.chooser) = (world.clone(), counts.clone(), chooser.clone());
        }
        while self.world.steps() < target
            && let Outcome::Stepped { .. } = self.advance(&mut Unobserved)
        {}
        now.abs_diff(self.world.steps())
    }

    /// Makes steps until the run ends, but at most `limit`; `None` if the limit was reached. The observer is told of what
    /// wasn't known before.
    pub fn run(&mut self, limit: u64, observer: &mut impl Observer) -> Option<Outcome> {
        let known = self.go_to(self.world.steps().saturating_add(limit).min(self.furthest));
        for _ in known..limit {
            match self.advance(observer) {
                Outcome::Stepped { .. } => {}
                end => return Some(end),
            }
        }
        None
    }

    fn advance(&mut self, observer: &mut impl Observer) -> Outcome {
        let step = self.world.steps();
        if step == self.furthest
            && let Some(end) = &self.end
        {
            return end.clone();
        }
        if self.snapshots.wants(step) {
            self.snapshots.keep(step, (self.world.clone(), self.signal_counts.clone(), self.chooser.clone()));
        }
        let explicit = self.explicit.get(&step).copied();
        let mut chooser = Steered { own: &mut self.chooser, explicit, taken: None };
        let mut observer = (&mut self.signal_counts, observer);
        let outcome = self.machine.step(&mut self.world, &mut chooser, &mut observer);
        let taken = chooser.taken;
        match outcome {
            Outcome::Stepped { .. } if step == self.furthest => {
                self.furthest += 1;
                self.taken.extend(taken);
            }
            Outcome::Stepped { .. } => {}
            _ => {
                self.end = Some(outcome.clone());
                // To find out that there is no step may have cost something (input may have been taken in): what one sees
                // at the end must not depend on whether one has tried.
                self.restore(step);
            }
        }
        outcome
    }

    /// Makes where one stands again, out of a snapshot.
    fn restore(&mut self, step: u64) {
        let (_, (world, counts, chooser)) = self.snapshots.before(step);
        (self.world, self.signal_counts, self.chooser) = (world.clone(), counts.clone(), chooser.clone());
        self.go_to(step);
    }

    /// The run goes another way from here.
    pub(super) fn forget_future(&mut self) {
        let step = self.world.steps();
        self.snapshots.forget_behind(step);
        self.explicit.retain(|&at, _| at <= step);
        self.taken.retain(|taken| taken.step < step);
        self.furthest = step;
        self.end = None;
    }
}
