//! Interval timers: `setitimer(2) getitimer(2)`, and `alarm(3p)` over them. What isn't from POSIX was seen on a real kernel.

use abi::{Errno, In, IntervalTimer, Itimerval, Out, SI_KERNEL, Signal, Timespec, Timeval};
use harness::{ends, fork, join, program, signaled};
use userland::Sys;
use userland::libc::{alarm, ualarm};
use userland::program::Args;

use crate::timer::{block, now, take};

const REAL: IntervalTimer = IntervalTimer::ITIMER_REAL;
const VIRTUAL: IntervalTimer = IntervalTimer::ITIMER_VIRTUAL;
const PROF: IntervalTimer = IntervalTimer::ITIMER_PROF;

fn timer(value_us: u64, interval_us: u64) -> Itimerval {
    Itimerval { value: Timeval::from_us(value_us), interval: Timeval::from_us(interval_us) }
}

async fn left(sys: Sys, which: IntervalTimer) -> (u64, u64) {
    let timer = sys.itimer(which, None).await.unwrap();
    (timer.value.to_us().unwrap(), timer.interval.to_us().unwrap())
}

#[test]
fn an_alarm_ends_a_process_at_its_time_whatever_it_waits_for() {
    program(&|sys, _| async move {
        let (read, _write) = sys.pipe().await.unwrap();
        for us in [1, 1_000_000] {
            let started = now(sys).await;
            let child = fork(sys, async |sys| {
                ualarm(sys, us, 0).await;
                sys.read(read, &mut [0]).await.unwrap();
            })
            .await;
            ends(sys, child, signaled(Signal::SIGALRM)).await;
            assert!(now(sys).await - started >= us);
        }
        0
    })
    .succeeds();
}

#[test]
fn alarm_returns_what_was_left_and_zero_calls_it_off() {
    program(&|sys, _| async move {
        assert_eq!(alarm(sys, 10).await, 0);
        sys.nanosleep(Timespec { sec: 3, nsec: 0 }).await.unwrap();
        assert_eq!(alarm(sys, 2).await, 7);
        sys.nanosleep(Timespec { sec: 1, nsec: 900_000_000 }).await.unwrap();
        assert_eq!(alarm(sys, 0).await, 1, "never rounded down to none");
        assert_eq!(alarm(sys, 0).await, 0);
        sys.nanosleep(Timespec { sec: 10, nsec: 0 }).await.unwrap();
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_periodic_timer_keeps_its_rhythm_and_stands_still_until_its_signal_is_taken() {
    program(&|sys, _| async move {
        block(sys, Signal::SIGALRM).await;
        let started = now(sys).await;
        sys.itimer(REAL, Some(timer(10_000, 10_000))).await.unwrap();
        for period in 1..4 {
            let info = take(sys, Signal::SIGALRM, None).await.unwrap();
            assert_eq!((info.code, info.pid), (SI_KERNEL, 0));
            assert!((0..200).contains(&(now(sys).await - started - period * 10_000)));
        }
        sys.nanosleep(Timespec::from_us(45_000)).await.unwrap();
        assert_eq!(left(sys, REAL).await, (0, 10_000), "it doesn't run");
        take(sys, Signal::SIGALRM, None).await.unwrap();
        assert!((4000..5000).contains(&left(sys, REAL).await.0));
        assert_eq!(take(sys, Signal::SIGALRM, Some(0)).await, Err(Errno::EAGAIN), "once is all");
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn setitimer_returns_what_was_set_and_a_value_of_zero_forgets_the_interval() {
    program(&|sys, _| async move {
        for which in [REAL, VIRTUAL, PROF] {
            assert_eq!(sys.itimer(which, Some(timer(5_000_000, 7))).await, Ok(timer(0, 0)));
            let before = sys.itimer(which, Some(timer(0, 9))).await.unwrap();
            assert!((4_999_000..=5_000_000).contains(&before.value.to_us().unwrap()), "{before:?}");
            assert_eq!(before.interval, Timeval::from_us(7));
            assert_eq!(left(sys, which).await, (0, 0));
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn what_makes_no_sense_is_refused_and_null_stops_the_timer() {
    program(&|sys, _| async move {
        let unknown = IntervalTimer(3);
        assert_eq!(sys.itimer(unknown, None).await, Err(Errno::EINVAL));
        assert_eq!(sys.itimer(unknown, Some(timer(1, 0))).await, Err(Errno::EINVAL));
        for (sec, usec) in [(-1, 0), (0, -1), (0, 1_000_000)] {
            let wrong = Timeval { sec, usec };
            for new in [Itimerval { value: wrong, ..timer(0, 0) }, Itimerval { interval: wrong, ..timer(0, 0) }] {
                assert_eq!(sys.itimer(REAL, Some(new)).await, Err(Errno::EINVAL));
            }
        }
        assert_eq!(sys.raw().getitimer(REAL, Out::at(8)).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().setitimer(REAL, In::at(8), Out::NULL).await, Err(Errno::EFAULT));
        sys.itimer(REAL, Some(timer(1_000_000, 0))).await.unwrap();
        assert_eq!(sys.raw().setitimer(REAL, In::NULL, Out::NULL).await, Ok(0));
        assert_eq!(left(sys, REAL).await, (0, 0));
        // A bad pointer for the old value is noticed when the new one is set.
        let page = harness::map(sys, 1).await;
        sys.store::<u64>(page + 16, 5).await;
        assert_eq!(sys.raw().setitimer(REAL, In::at(page), Out::at(8)).await, Err(Errno::EFAULT));
        assert!(left(sys, REAL).await.0 > 0);
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn the_virtual_timer_counts_user_time_and_the_profiling_timer_all_cpu_time() {
    program(&|sys, _| async move {
        block(sys, Signal::SIGVTALRM).await;
        block(sys, Signal::SIGPROF).await;
        sys.itimer(VIRTUAL, Some(timer(20_000, 0))).await.unwrap();
        sys.itimer(PROF, Some(timer(20_000, 5_000))).await.unwrap();
        sys.nanosleep(Timespec { sec: 1, nsec: 0 }).await.unwrap();
        sys.compute(18_000).await;
        for signal in [Signal::SIGVTALRM, Signal::SIGPROF] {
            assert_eq!(take(sys, signal, Some(0)).await, Err(Errno::EAGAIN));
        }
        sys.compute(3_500).await;
        assert_eq!(take(sys, Signal::SIGVTALRM, Some(0)).await.unwrap().code, SI_KERNEL);
        take(sys, Signal::SIGPROF, Some(0)).await.unwrap();
        sys.compute(30_000).await;
        assert_eq!(take(sys, Signal::SIGVTALRM, Some(0)).await, Err(Errno::EAGAIN), "it isn't periodic");
        take(sys, Signal::SIGPROF, Some(0)).await.unwrap();
        // Calls are system time.
        sys.itimer(VIRTUAL, Some(timer(2_000, 0))).await.unwrap();
        let started = now(sys).await;
        while now(sys).await - started < 10_000 {}
        assert_eq!(take(sys, Signal::SIGVTALRM, Some(0)).await, Err(Errno::EAGAIN));
        take(sys, Signal::SIGPROF, Some(0)).await.unwrap();
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_computing_process_is_ended_by_its_own_timers() {
    program(&|sys, _| async move {
        for (which, signal) in [(REAL, Signal::SIGALRM), (VIRTUAL, Signal::SIGVTALRM), (PROF, Signal::SIGPROF)] {
            let child = fork(sys, async |sys| {
                sys.itimer(which, Some(timer(30_000, 0))).await.unwrap();
                sys.compute(1_000_000_000).await;
            })
            .await;
            ends(sys, child, signaled(signal)).await;
        }
        0
    })
    .succeeds();
}

async fn what_is_left(sys: Sys, _: Args) -> i32 {
    for which in [REAL, VIRTUAL, PROF] {
        if left(sys, which).await.0 == 0 {
            return 1;
        }
    }
    0
}

#[test]
fn a_child_has_no_timers_and_a_new_program_keeps_them() {
    program(&|sys, _| async move {
        for which in [REAL, VIRTUAL, PROF] {
            sys.itimer(which, Some(timer(60_000_000, 1))).await.unwrap();
        }
        let child = fork(sys, async |sys| {
            for which in [REAL, VIRTUAL, PROF] {
                assert_eq!(left(sys, which).await, (0, 0));
                sys.itimer(which, Some(timer(60_000_000, 1))).await.unwrap();
            }
            sys.execve(b"what_is_left", &[b"what_is_left"], &[]).await;
        })
        .await;
        join(sys, child).await;
        assert!(left(sys, REAL).await.0 > 50_000_000);
        0
    })
    .with("what_is_left", &what_is_left)
    .succeeds();
}

#[test]
fn an_ignored_alarm_disturbs_nobody_and_a_stopped_process_gets_it_later() {
    program(&|sys, _| async move {
        use userland::sys::Action;
        sys.sigaction(Signal::SIGALRM, Some(Action::IGNORE)).await.unwrap();
        sys.itimer(REAL, Some(timer(1000, 1000))).await.unwrap();
        sys.nanosleep(Timespec { sec: 1, nsec: 0 }).await.unwrap();
        sys.sigaction(Signal::SIGALRM, Some(Action::DEFAULT)).await.unwrap();

        let child = fork(sys, async |sys| {
            ualarm(sys, 10_000, 0).await;
            sys.nanosleep(Timespec { sec: 100, nsec: 0 }).await.unwrap();
        })
        .await;
        harness::until_state(sys, child, 'S').await;
        sys.kill(child, Some(Signal::SIGSTOP)).await.unwrap();
        harness::until_state(sys, child, 'T').await;
        sys.nanosleep(Timespec { sec: 1, nsec: 0 }).await.unwrap();
        harness::until_state(sys, child, 'T').await;
        sys.kill(child, Some(Signal::SIGCONT)).await.unwrap();
        ends(sys, child, signaled(Signal::SIGALRM)).await;
        0
    })
    .seeds(3)
    .succeeds();
}
