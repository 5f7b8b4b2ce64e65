//! Time: `nanosleep(2) clock_gettime(2)`, `compute`, and the figures of `getrusage(2)` and `times(2)`.

use abi::{ClockId, Errno, RusageWho, TimerFlags, Timespec};
use harness::{fork, join, program};
use userland::Sys;

async fn now(sys: Sys) -> u64 {
    sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await.unwrap().to_us().unwrap()
}

async fn cpu(sys: Sys) -> u64 {
    sys.clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).await.unwrap().to_us().unwrap()
}

#[test]
fn a_sleep_takes_its_time_and_no_cpu() {
    program(&|sys, _| async move {
        for us in [1, 999, 10_000, 3_600_000_000] {
            let (clock, used) = (now(sys).await, cpu(sys).await);
            sys.nanosleep(Timespec::from_us(us)).await.unwrap();
            let slept = now(sys).await - clock;
            assert!((us..us + 100).contains(&slept), "{us}: {slept}");
            assert!(cpu(sys).await - used < 100);
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_sleep_is_never_too_short() {
    program(&|sys, _| async move {
        let clock = now(sys).await;
        sys.nanosleep(Timespec { sec: 0, nsec: 1_500_001 }).await.unwrap();
        assert!(now(sys).await - clock > 1500);
        0
    })
    .succeeds();
}

#[test]
fn sleepers_wake_in_the_order_of_their_times() {
    program(&|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        for number in [5u8, 2, 9, 1, 7] {
            fork(sys, async |sys| {
                sys.nanosleep(Timespec::from_us(u64::from(number) * 100_000)).await.unwrap();
                sys.write(write, &[number]).await.unwrap();
            })
            .await;
        }
        for _ in 0..5 {
            sys.wait().await.unwrap();
        }
        let mut order = [0; 5];
        sys.read(read, &mut order).await.unwrap();
        assert_eq!(order, [1, 2, 5, 7, 9]);
        0
    })
    .succeeds();
}

#[test]
fn a_sleep_of_nothing_returns_and_a_bad_one_is_refused() {
    program(&|sys, _| async move {
        assert_eq!(sys.nanosleep(Timespec { sec: 0, nsec: 0 }).await, Ok(()));
        for (sec, nsec) in [(-1, 0), (0, -1), (0, 1_000_000_000), (i64::MIN, 0), (1, i64::MAX)] {
            let slept = sys.nanosleep(Timespec { sec, nsec }).await;
            assert!(matches!(slept, Err((Errno::EINVAL, _))), "{sec} {nsec} {slept:?}");
        }
        0
    })
    .succeeds();
}

#[test]
fn clocks_go_forward_and_unknown_ones_are_refused() {
    program(&|sys, _| async move {
        let clocks = [ClockId::CLOCK_REALTIME, ClockId::CLOCK_MONOTONIC, ClockId::CLOCK_THREAD_CPUTIME_ID];
        for clock in clocks {
            let before = sys.clock_gettime(clock).await.unwrap();
            sys.compute(1000).await;
            let after = sys.clock_gettime(clock).await.unwrap();
            assert!(after.to_us().unwrap() >= before.to_us().unwrap() + 1000, "{clock:?}");
        }
        for unknown in [99, -99, i32::MAX] {
            assert_eq!(sys.clock_gettime(ClockId(unknown)).await, Err(Errno::EINVAL));
        }
        0
    })
    .succeeds();
}

#[test]
fn compute_burns_exactly_what_it_is_told() {
    program(&|sys, _| async move {
        for us in [0, 1, 5000, 123_456] {
            let (clock, used) = (now(sys).await, cpu(sys).await);
            sys.compute(us).await;
            let (took, burnt) = (now(sys).await - clock, cpu(sys).await - used);
            assert!((us..us + 20).contains(&burnt), "{us}: {burnt}");
            assert!(took >= us && took < us + 20, "{us}: {took}");
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn others_run_while_one_computes_but_its_cpu_time_is_its_own() {
    program(&|sys, _| async move {
        let clock = now(sys).await;
        let other = fork(sys, async |sys| sys.compute(100_000).await).await;
        let used = cpu(sys).await;
        sys.compute(100_000).await;
        assert!((100_000..100_100).contains(&(cpu(sys).await - used)));
        join(sys, other).await;
        assert!(now(sys).await - clock >= 200_000);
        0
    })
    .succeeds();
}

#[test]
fn the_children_s_time_is_counted_when_they_are_reaped() {
    program(&|sys, _| async move {
        let children = async |sys: Sys| {
            let usage = sys.getrusage(RusageWho::RUSAGE_CHILDREN).await.unwrap();
            usage.utime.sec as u64 * 1_000_000 + usage.utime.usec as u64
        };
        assert_eq!(children(sys).await, 0);
        let child = fork(sys, async |sys| {
            let grandchild = fork(sys, async |sys| sys.compute(2_000_000).await).await;
            join(sys, grandchild).await;
            sys.compute(1_000_000).await;
        })
        .await;
        harness::until_state(sys, child, 'Z').await;
        assert_eq!(children(sys).await, 0);
        join(sys, child).await;
        let counted = children(sys).await;
        assert!((3_000_000..3_010_000).contains(&counted), "{counted}");
        let (times, _) = sys.times().await.unwrap();
        assert_eq!(times.cutime, (counted / 10_000) as i64);
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_sleep_until_a_time_ends_then() {
    program(&|sys, _| async move {
        for clock in [ClockId::CLOCK_REALTIME, ClockId::CLOCK_MONOTONIC] {
            let at = now(sys).await + 70_000;
            sys.compute(30_000).await;
            sys.clock_nanosleep(clock, TimerFlags::TIMER_ABSTIME, Timespec::from_us(at)).await.unwrap();
            assert!((at..at + 100).contains(&now(sys).await));
            // It has passed.
            sys.clock_nanosleep(clock, TimerFlags::TIMER_ABSTIME, Timespec::from_us(at)).await.unwrap();
            sys.clock_nanosleep(clock, TimerFlags::TIMER_ABSTIME, Timespec::default()).await.unwrap();
            assert!(now(sys).await < at + 200);
            sys.clock_nanosleep(clock, TimerFlags::empty(), Timespec::from_us(5_000)).await.unwrap();
            assert!(now(sys).await >= at + 5_000);
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_sleep_on_a_cpu_clock_waits_for_what_a_sleeper_does_not_use() {
    program(&|sys, _| async move {
        let clock = ClockId::CLOCK_PROCESS_CPUTIME_ID;
        sys.compute(5_000).await;
        sys.clock_nanosleep(clock, TimerFlags::TIMER_ABSTIME, Timespec::from_us(5_000)).await.unwrap();
        let child = fork(sys, async |sys| {
            let _ = sys.clock_nanosleep(clock, TimerFlags::empty(), Timespec::from_us(1)).await;
        })
        .await;
        sys.nanosleep(Timespec { sec: 1000, nsec: 0 }).await.unwrap();
        harness::until_state(sys, child, 'S').await;
        sys.kill(child, Some(abi::Signal::SIGTERM)).await.unwrap();
        harness::ends(sys, child, harness::signaled(abi::Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn sleeps_that_make_no_sense_are_refused() {
    program(&|sys, _| async move {
        let refused = async |clock: i32, flags: u32, (sec, nsec)| {
            let flags = TimerFlags::from_bits_retain(flags);
            let slept = sys.clock_nanosleep(ClockId(clock), flags, Timespec { sec, nsec }).await;
            slept.map_err(|(errno, _)| errno)
        };
        assert_eq!(refused(99, 0, (0, 1)).await, Err(Errno::EINVAL));
        assert_eq!(refused(3, 0, (0, 1)).await, Err(Errno::EOPNOTSUPP));
        assert_eq!(refused(1, 98, (0, 1)).await, Ok(()), "flags without a name have no effect");
        for flags in [0, 1] {
            for time in [(-5, 0), (0, -1), (0, 1_000_000_000)] {
                assert_eq!(refused(1, flags, time).await, Err(Errno::EINVAL));
            }
        }
        let null = abi::Out::NULL;
        let fault = sys.raw().clock_nanosleep(ClockId(1), TimerFlags::empty(), abi::In::at(8), null).await;
        assert_eq!(fault, Err(Errno::EFAULT));
        let unknown = sys.raw().clock_nanosleep(ClockId(99), TimerFlags::empty(), abi::In::at(8), null).await;
        assert_eq!(unknown, Err(Errno::EINVAL));
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_sleep_until_a_time_that_was_stopped_still_ends_then() {
    program(&|sys, _| async move {
        let at = now(sys).await + 100_000;
        let child = fork(sys, async |sys| {
            sys.clock_nanosleep(ClockId::CLOCK_MONOTONIC, TimerFlags::TIMER_ABSTIME, Timespec::from_us(at))
                .await
                .unwrap();
        })
        .await;
        harness::until_state(sys, child, 'S').await;
        sys.kill(child, Some(abi::Signal::SIGSTOP)).await.unwrap();
        harness::until_state(sys, child, 'T').await;
        sys.kill(child, Some(abi::Signal::SIGCONT)).await.unwrap();
        join(sys, child).await;
        assert!(now(sys).await >= at);
        0
    })
    .succeeds();
}

#[test]
fn every_clock_counts_microseconds() {
    program(&|sys, _| async move {
        for clock in 0..4 {
            assert_eq!(sys.clock_getres(ClockId(clock)).await, Ok(Timespec { sec: 0, nsec: 1000 }));
        }
        assert_eq!(sys.clock_getres(ClockId(99)).await, Err(Errno::EINVAL));
        assert_eq!(sys.raw().clock_getres(ClockId(1), abi::Out::NULL).await, Ok(0));
        assert_eq!(sys.raw().clock_getres(ClockId(1), abi::Out::at(8)).await, Err(Errno::EFAULT));
        0
    })
    .seeds(1)
    .succeeds();
}
