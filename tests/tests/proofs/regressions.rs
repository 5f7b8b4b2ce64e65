//! Bugs that the other tests of this folder have found, each with the shortest program that showed it.

use abi::Timespec;
use harness::{fork, program};
use sim::Outcome;

/// The clock jumped to the end of time, and the kernel's arithmetic overflowed. Found by `storm.rs`.
#[test]
fn a_sleep_without_end_is_one() {
    let run = program(&|sys, _| async move {
        for (sec, nsec) in [(i64::MAX, 999_999_999), (1 << 44, 0)] {
            fork(sys, async move |sys| assert!(sys.nanosleep(Timespec { sec, nsec }).await.is_err())).await;
        }
        // Who wakes up after a year, or ten thousand, isn't held up by them.
        for years in [1, 10_000] {
            let sleep = sys.nanosleep(Timespec { sec: years * 31_557_600, nsec: 0 });
            assert_eq!(sleep.await, Ok(()));
        }
        0
    })
    .run();
    assert!(matches!(run.outcome, Some(Outcome::Deadlock(_))), "{:?}", run.outcome);
    assert_eq!(run.world.kernel.now_us() / 31_557_600_000_000, 10_001);
}
