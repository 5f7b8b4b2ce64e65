//! A campaign: one case after the other, on several threads, until there were enough, time is over, or one fails.
//!
//! Case `i` is made from the campaign's seed and `i`, whoever runs it, and of several failures the one with the lowest number
//! counts: so the same seed is the same campaign on any number of threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::fuzz::coverage::Coverage;
use crate::fuzz::property::{Case, Failure, Property};
use crate::panics;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// From what all cases are made.
    pub seed: u64,
    /// How many cases; the last one counts whole.
    pub cases: u64,
    /// How many steps a case has at most.
    pub steps_per_case: u64,
    /// After so much time of the host no further case is begun.
    pub time: Option<Duration>,
    /// On how many threads.
    pub jobs: usize,
    /// The system calls to be made, by name; empty: all.
    pub syscalls: Vec<String>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Cases run.
    pub cases: u64,
    /// Steps made.
    pub steps: u64,
    /// Pairs of call and result seen, and how many there are.
    pub pairs: (usize, usize),
    /// Time since it began.
    pub elapsed: Duration,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// How far it came.
    pub progress: Progress,
    /// What was seen.
    pub coverage: Coverage,
    /// The first failure: the number of its case, the case, and what happened.
    pub failure: Option<(u64, Case, Failure)>,
}

struct Shared {
    next: AtomicU64,
    cases: AtomicU64,
    steps: AtomicU64,
    /// The number of the first case that failed.
    stop: AtomicU64,
    at_work: AtomicUsize,
    is_over: AtomicBool,
    coverage: Mutex<Coverage>,
    failure: Mutex<Option<(u64, Case, Failure)>>,
}

impl Campaign {
    /// Case number `number` of the campaign.
    pub fn case(&self, number: u64) -> Case {
        // As splitmix64 does it: cases of neighbouring numbers and seeds have nothing in common.
        let mut mixed = self.seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(number);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Case { seed: mixed ^ mixed >> 31, steps: self.steps_per_case, syscalls: self.syscalls.clone() }
    }

    /// Runs it. `tell` is told now and then how far it has come.
    pub fn run(&self, property: &dyn Property, mut tell: impl FnMut(&Progress)) -> Ended {
        let began = Instant::now();
        let shared = Shared {
            next: AtomicU64::new(0),
            cases: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            stop: AtomicU64::new(u64::MAX),
            at_work: AtomicUsize::new(self.jobs.max(1)),
            is_over: AtomicBool::new(false),
            coverage: Mutex::new(Coverage::new()),
            failure: Mutex::new(None),
        };
        let progress = |shared: &Shared| {
            let coverage = shared.coverage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let (cases, steps) = (shared.cases.load(Relaxed), shared.steps.load(Relaxed));
            Progress { cases, steps, pairs: coverage.pairs(), elapsed: began.elapsed() }
        };
        std::thread::scope(|scope| {
            let teller = std::thread::current();
            for _ in 0..self.jobs.max(1) {
                let (shared, teller) = (&shared, teller.clone());
                scope.spawn(move || {
                    self.work(property, shared, began);
                    if shared.at_work.fetch_sub(1, Relaxed) == 1 {
                        shared.is_over.store(true, Relaxed);
                        teller.unpark();
                    }
                });
            }
            while !shared.is_over.load(Relaxed) {
                std::thread::park_timeout(Duration::from_millis(500));
                tell(&progress(&shared));
            }
        });
        let progress = progress(&shared);
        let coverage = shared.coverage.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let failure = shared.failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ended { progress, coverage, failure }
    }

    /// One thread's share.
    fn work(&self, property: &dyn Property, shared: &Shared, began: Instant) {
        let mut coverage = Coverage::new();
        loop {
            if self.time.is_some_and(|time| began.elapsed() >= time) {
                return;
            }
            // Numbers are given out in order: what comes before a failure has been begun by somebody.
            let number = shared.next.fetch_add(1, Relaxed);
            if number >= self.cases || number > shared.stop.load(Relaxed) {
                return;
            }
            let case = self.case(number);
            let run = panics::catch(|| property.run(&case, &mut coverage)).unwrap_or_else(|panic| {
                Err(Failure { reason: format!("{} ({})", panic.message, panic.place), script: String::new() })
            });
            shared.cases.fetch_add(1, Relaxed);
            let steps = match &run {
                Ok(steps) => *steps,
                // A line a step, up to the one that failed.
                Err(failure) => failure.script.lines().count() as u64,
            };
            shared.steps.fetch_add(steps, Relaxed);
            let mut all = shared.coverage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            all.merge(&coverage);
            drop(all);
            coverage.clear();
            if let Err(failure) = run {
                shared.stop.fetch_min(number, Relaxed);
                let mut first = shared.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if first.as_ref().is_none_or(|(before, ..)| number < *before) {
                    *first = Some((number, case, failure));
                }
            }
        }
    }
}
