//! The kernel withstands any calls with any arguments from any of its processes: nothing panics, the invariants hold after
//! every step, every error is one that the table names, and when all have ended everything is back.
//!
//! The moves are those of `vitrine fuzz raw`, which makes many more of them (`docs/fuzzing.md`).

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use sim::fuzz::property::Stop;
use sim::fuzz::raw::{Checking, Raw, Stage, moves};
use sim::fuzz::{Campaign, Coverage, Property, report};

/// Cases in the ordinary test run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 60;

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}

#[test]
fn any_calls_with_any_arguments() {
    let booted = [false, true].map(|terminal| Stage::new(terminal, Checking::Full).expect("it boots"));
    let result = TestRunner::new(config()).run(&moves(400), |script| {
        let mut stage = booted[usize::from(script.terminal)].clone();
        for made in &script.moves {
            stage.make(made).map_err(TestCaseError::fail)?;
        }
        stage.end().map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, script)) => panic!("{reason}, by these moves at least:\n{script}"),
        Err(error) => panic!("{error}"),
    }
}

fn campaign(seed: u64, cases: u64, jobs: usize, syscalls: &[&str]) -> Campaign {
    let syscalls = syscalls.iter().map(|name| name.to_string()).collect();
    Campaign { seed, cases, steps_per_case: 1000, time: None, jobs, syscalls }
}

/// Among them are the full tables, which come up in few cases.
#[test]
fn a_campaign_sees_nearly_every_documented_error() {
    let ended = campaign(1, 60, 2, &[]).run(&Raw::default(), |_| {});
    assert!(ended.failure.is_none(), "{:?}", ended.failure);
    let coverage = &ended.coverage;
    assert!(coverage.steps > 50_000 && coverage.alive >= 14 * coverage.steps, "{:?}", ended.progress);
    let missing = report::missing(coverage);
    assert!(missing.len() < 60, "{missing:#?}");
    let (seen, all) = coverage.pairs();
    assert!(seen * 10 > all * 9, "{seen} of {all}");
}

#[test]
fn the_same_seed_is_the_same_campaign_on_any_number_of_threads() {
    let [one, three] = [1, 3].map(|jobs| campaign(7, 12, jobs, &[]).run(&Raw::default(), |_| {}).coverage);
    assert!(one == three);
    let other = campaign(8, 12, 1, &[]).run(&Raw::default(), |_| {}).coverage;
    assert!(one != other);
}

#[test]
fn only_the_calls_that_were_asked_for_are_made() {
    let ended = campaign(3, 6, 1, &["pipe2", "read", "write", "close"]).run(&Raw::default(), |_| {});
    assert!(ended.failure.is_none(), "{:?}", ended.failure);
    let made = |name| ended.coverage.calls(sim::fuzz::coverage::Row::by_name(name).expect("there is such a call"));
    assert!(made("write") > 500, "{}", made("write"));
    assert_eq!((made("getpid"), made("openat"), made("semget")), (0, 0, 0));
}

#[test]
fn a_script_says_on_which_line_it_is_no_script() {
    let raw = Raw::default();
    let replay = |script: &str| raw.replay(script, &mut Coverage::new());
    assert_eq!(replay("# twins\n\nb = a clone 17\nc = a clone 17\nb kill $c 9\nc run\n"), Ok(4));
    for (script, line, message) in [
        ("b = a clone 17\nb pip2\n", 2, "there is no system call `pip2`"),
        ("b kill 0 9\n", 1, "no line before this one makes `b`"),
        ("b = a clone 17\nb kill $c 9\n", 2, "no line before this one makes `c`"),
        ("a pipe2 &0 0\n", 1, "PID 1, `a`, does nothing but make children and wait for them"),
    ] {
        assert_eq!(replay(script), Err(Stop::Unreadable { line, message: message.into() }));
    }
}
