//! Preemption and fairness of round robin: whoever computes for long makes way, and everyone gets the same share.

use abi::Timespec;
use harness::{fork, join, map_shared, program};
use kernel::limits::{QUANTUM_TICKS, TICK_US};

/// Microseconds that a thread may run while others wait.
const QUANTUM_US: u64 = QUANTUM_TICKS as u64 * TICK_US;

#[test]
fn those_who_compute_share_the_cpu_equally() {
    program(&|sys, _| async move {
        const CHILDREN: u64 = 5;
        let page = map_shared(sys, 1).await;
        let mut children = Vec::new();
        for number in 0..CHILDREN {
            children.push(
                fork(sys, async |sys| {
                    for step in 1..=1000u64 {
                        sys.compute(1000).await;
                        sys.store(page + 8 * number, step).await;
                    }
                })
                .await,
            );
        }
        // While all compute, none is ahead of another by more than two quanta.
        for _ in 0..20 {
            sys.nanosleep(Timespec::from_us(100_000)).await.unwrap();
            let mut steps = Vec::new();
            for number in 0..CHILDREN {
                steps.push(sys.load::<u64>(page + 8 * number).await);
            }
            let (least, most) = (steps.iter().min().unwrap(), steps.iter().max().unwrap());
            assert!((most - least) * 1000 <= 2 * QUANTUM_US, "{steps:?}");
        }
        for child in children {
            join(sys, child).await;
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn one_that_wakes_waits_for_no_more_than_a_quantum_of_each_other() {
    program(&|sys, _| async move {
        const OTHERS: u64 = 4;
        for _ in 0..OTHERS {
            fork(sys, async |sys| sys.compute(3_000_000).await).await;
        }
        for _ in 0..10 {
            let before = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
            sys.nanosleep(Timespec::from_us(50_000)).await.unwrap();
            let after = sys.clock_gettime(abi::ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap();
            assert!(after - before <= 50_000 + OTHERS * (QUANTUM_US + TICK_US), "{}", after - before);
        }
        while sys.wait().await.is_ok() {}
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn accesses_and_calls_are_preempted_too() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        let looping = fork(sys, async |sys| while sys.load::<u8>(page).await == 0 {}).await;
        let calling = fork(sys, async |sys| {
            while sys.load::<u8>(page).await == 0 {
                sys.getpid().await;
            }
        })
        .await;
        sys.compute(3 * QUANTUM_US).await;
        sys.store(page, 1u8).await;
        join(sys, looping).await;
        join(sys, calling).await;
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn sched_yield_gives_way_to_each_of_the_others_in_turn() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let gate = map_shared(sys, 1).await;
        let mut children = Vec::new();
        for letter in *b"abc" {
            children.push(
                fork(sys, async |sys| {
                    while sys.load::<u8>(gate).await == 0 {
                        sys.sched_yield().await;
                    }
                    for _ in 0..4 {
                        sys.write(write, &[letter]).await.unwrap();
                        sys.sched_yield().await;
                    }
                })
                .await,
            );
        }
        sys.store(gate, 1u8).await;
        for child in children {
            join(sys, child).await;
        }
        let mut order = [0; 12];
        sys.read(read, &mut order).await.unwrap();
        for round in order.chunks(3) {
            let mut letters = [round[0], round[1], round[2]];
            letters.sort();
            assert_eq!(&letters, b"abc");
        }
        0
    })
    .seeds(0)
    .succeeds();
}
