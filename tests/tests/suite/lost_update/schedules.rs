//! `lost-update` loses updates under some of 10,000 random schedules, and each loss is explained; `lost-update-fixed` loses
//! none, and nothing is found.

use sim::chooser::Seeded;
use userland::programs::PROGRAMS;

use super::Lab;

const SEEDS: u64 = 10_000;

#[test]
fn some_schedules_lose_updates_and_each_loss_is_explained() {
    let mut lab = Lab::new(PROGRAMS, &["lost-update"]);
    let mut losing = 0;
    for seed in 0..SEEDS {
        let run = lab.run(&mut Seeded::new(seed));
        let (expected, found) = run.values();
        assert_eq!(run.explained(), found as i64, "seed {seed}: {}{:#?}", run.out, run.lost);
        assert_eq!(run.lost.is_empty(), expected == found, "seed {seed}: {}", run.out);
        losing += u64::from(expected != found);
        for lost in &run.lost {
            let steps = [&lost.winner.load, &lost.lost.store, &lost.winner.store].map(|seen| seen.access.step);
            assert!(
                steps.is_sorted() && lost.lost.load.access.step < lost.lost.store.access.step,
                "seed {seed}: {lost}"
            );
            assert_ne!(lost.winner.who().pid, lost.lost.who().pid, "seed {seed}: {lost}");
            assert_eq!(lost.winner.store.value, lost.winner.load.value + 1, "seed {seed}: {lost}");
        }
    }
    assert!((SEEDS / 100..SEEDS / 2).contains(&losing), "{losing} of {SEEDS} schedules lose updates");
}

/// Under each seed the sum is right, and nothing is found; what was watched was something.
#[track_caller]
fn loses_nothing(option: &[&str]) {
    let mut lab = Lab::new(PROGRAMS, &[&["lost-update-fixed"], option].concat());
    for seed in 0..SEEDS {
        let run = lab.run(&mut Seeded::new(seed));
        let (expected, found) = run.values();
        assert_eq!(found, expected, "seed {seed}: {}", run.out);
        assert!(run.lost.is_empty(), "seed {seed}: {:?}", run.lost);
        let summary = run.finder.summary();
        assert!(summary.starts_with("no update was lost: ") && !summary.contains(" 0 "), "seed {seed}: {summary}");
    }
}

#[test]
fn an_atomic_addition_loses_nothing() {
    loses_nothing(&[]);
}

#[test]
fn a_loop_of_compare_and_exchange_loses_nothing() {
    loses_nothing(&["-c"]);
}

#[test]
fn a_semaphore_loses_nothing() {
    loses_nothing(&["-s"]);
}
