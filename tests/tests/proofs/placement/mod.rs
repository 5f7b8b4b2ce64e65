//! A signal that arrives at any place: nothing is lost, nothing is delivered twice, data that was read survives, and to drop
//! futures changes nothing. Each test makes a usual run of its program, and then one for every other option of every choice in it
//! (`Scenario::placed_everywhere`).
//!
//! | the signal arrives ... | file |
//! | --- | --- |
//! | when a `read` has just succeeded with data | `read.rs` |
//! | while a call is blocked, each kind | `blocked.rs` |
//! | between `sigprocmask` and `sigsuspend` | `suspend.rs` |
//! | in a handler | `nested.rs` |
//! | during fork | `fork.rs` |
//! | during exec | `exec.rs` |
//! | at exit | `exit.rs` |
//! | at a stopped process | `stopped.rs` |

mod blocked;
mod exec;
mod exit;
mod fork;
mod nested;
mod read;
mod stopped;
mod suspend;

use std::collections::BTreeSet;

use harness::Scenario;

/// The program must succeed wherever the signal arrives; and what it prints, which says what happened, must be each of these
/// at some place, and nothing else.
#[track_caller]
fn outcomes<const N: usize>(scenario: Scenario, expected: [&str; N]) {
    let mut seen = BTreeSet::new();
    // None takes longer, unless somebody waits for ever.
    let scenario = scenario.steps(5000);
    let runs = scenario.placed_everywhere(|run| {
        let outcome = run.succeeds().text();
        if !expected.contains(&outcome.as_str()) {
            run.fail("it did something else");
        }
        seen.insert(outcome);
    });
    assert!(runs >= 15, "there were only {runs} placements");
    assert_eq!(seen, expected.map(String::from).into(), "in {runs} placements");
}
