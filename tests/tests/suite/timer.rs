//! POSIX timers: `timer_create(2) timer_settime(2) timer_gettime(2) timer_getoverrun(2) timer_delete(2)`. What isn't from POSIX
//! was seen on a real kernel.

use abi::{
    ClockId, Errno, In, Itimerspec, Layout, Out, SI_TIMER, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID,
    SigEvent, SigInfo, Signal, SignalSet, TimerFlags, Timespec,
};
use harness::{ends, fork, join, map, program, signaled};
use userland::Sys;
use userland::program::Args;
use userland::sys::{Action, Notification, TimerId};

const MONOTONIC: ClockId = ClockId::CLOCK_MONOTONIC;
const RELATIVE: TimerFlags = TimerFlags::empty();

pub(crate) async fn now(sys: Sys) -> u64 {
    sys.clock_gettime(MONOTONIC).await.unwrap().to_us().unwrap()
}

pub(crate) async fn block(sys: Sys, signal: Signal) {
    let page = map(sys, 1).await;
    sys.store::<u64>(page, SignalSet::of(signal).bits()).await;
    sys.raw().rt_sigprocmask(abi::MaskHow::SIG_BLOCK, In::at(page), Out::NULL, 8).await.unwrap();
    sys.munmap(page, abi::PAGE_SIZE).await.unwrap();
}

/// Takes a signal that is blocked, or waits for it at most so long.
pub(crate) async fn take(sys: Sys, signal: Signal, at_most_us: Option<u64>) -> Result<SigInfo, Errno> {
    let page = map(sys, 1).await;
    sys.store::<u64>(page, SignalSet::of(signal).bits()).await;
    let timeout = match at_most_us {
        None => In::NULL,
        Some(us) => {
            let mut bytes = [0; Timespec::SIZE];
            Timespec::from_us(us).store(&mut bytes);
            sys.store_bytes(page + 16, &bytes).await;
            In::at(page + 16)
        }
    };
    let taken = sys.raw().rt_sigtimedwait(In::at(page), Out::at(page + 64), timeout, 8).await;
    let mut bytes = [0; SigInfo::SIZE];
    sys.load_bytes(page + 64, &mut bytes).await;
    sys.munmap(page, abi::PAGE_SIZE).await.unwrap();
    taken.map(|_| SigInfo::load(&bytes))
}

fn setting(value_us: u64, interval_us: u64) -> Itimerspec {
    Itimerspec { value: Timespec::from_us(value_us), interval: Timespec::from_us(interval_us) }
}

async fn sleep(sys: Sys, us: u64) {
    sys.nanosleep(Timespec::from_us(us)).await.unwrap();
}

async fn left(sys: Sys, timer: TimerId) -> (u64, u64) {
    let setting = sys.timer_gettime(timer).await.unwrap();
    (setting.value.to_us().unwrap(), setting.interval.to_us().unwrap())
}

async fn usr1(sys: Sys, clock: ClockId) -> TimerId {
    block(sys, Signal::SIGUSR1).await;
    sys.timer_create(clock, Some(Notification::Signal(Signal::SIGUSR1, 0x77_0000_0042))).await.unwrap()
}

fn value(info: SigInfo) -> u64 {
    info.status as u32 as u64 | (info.value_high as u32 as u64) << 32
}

#[test]
fn a_timer_sends_its_signal_once_with_its_id_and_its_value() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        let started = now(sys).await;
        sys.timer_settime(timer, RELATIVE, setting(10_000, 0)).await.unwrap();
        let info = take(sys, Signal::SIGUSR1, None).await.unwrap();
        assert!((10_000..10_100).contains(&(now(sys).await - started)));
        assert_eq!((info.code, info.pid, info.uid, value(info)), (SI_TIMER, timer.0, 0, 0x77_0000_0042));
        assert_eq!(take(sys, Signal::SIGUSR1, Some(100_000)).await, Err(Errno::EAGAIN));
        assert_eq!(left(sys, timer).await, (0, 0));
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn without_an_event_it_is_sigalrm_with_the_timer_s_id() {
    program(&|sys, _| async move {
        block(sys, Signal::SIGALRM).await;
        let timer = sys.timer_create(ClockId::CLOCK_REALTIME, None).await.unwrap();
        sys.timer_settime(timer, RELATIVE, setting(1, 0)).await.unwrap();
        let info = take(sys, Signal::SIGALRM, None).await.unwrap();
        assert_eq!((info.signo, info.code, value(info)), (14, SI_TIMER, timer.0 as u64));
        0
    })
    .succeeds();
}

#[test]
fn unblocked_its_signal_acts_at_once() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let notification = Notification::Signal(Signal::SIGTERM, 0);
            let timer = sys.timer_create(MONOTONIC, Some(notification)).await.unwrap();
            sys.timer_settime(timer, RELATIVE, setting(20_000, 0)).await.unwrap();
            sys.compute(1_000_000).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGTERM)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_blocked_signal_is_queued_once_and_its_overrun_counts_the_rest() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        sys.timer_settime(timer, RELATIVE, setting(10_000, 10_000)).await.unwrap();
        sleep(sys, 55_000).await;
        assert_eq!(sys.timer_getoverrun(timer).await, Ok(0), "that of the last signal that was taken");
        assert!((4_000..5_000).contains(&left(sys, timer).await.0), "as if it ran");
        let info = take(sys, Signal::SIGUSR1, Some(0)).await.unwrap();
        assert_eq!((info.uid, sys.timer_getoverrun(timer).await), (4, Ok(4)));
        assert_eq!(take(sys, Signal::SIGUSR1, Some(0)).await, Err(Errno::EAGAIN));
        // It has kept its rhythm.
        let info = take(sys, Signal::SIGUSR1, Some(5_000)).await.unwrap();
        assert_eq!((info.uid, sys.timer_getoverrun(timer).await), (0, Ok(0)));
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn an_absolute_time_is_met_and_one_that_has_passed_expires_at_once() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        let at = now(sys).await + 50_000;
        sys.timer_settime(timer, TimerFlags::TIMER_ABSTIME, setting(at, 0)).await.unwrap();
        take(sys, Signal::SIGUSR1, None).await.unwrap();
        assert!((at..at + 100).contains(&now(sys).await));
        sys.timer_settime(timer, TimerFlags::TIMER_ABSTIME, setting(1, 0)).await.unwrap();
        take(sys, Signal::SIGUSR1, Some(0)).await.unwrap();
        // A periodic one has missed all the expiries in between.
        let periods = now(sys).await / 1000;
        sys.timer_settime(timer, TimerFlags::TIMER_ABSTIME, setting(1, 1000)).await.unwrap();
        let overrun = take(sys, Signal::SIGUSR1, Some(0)).await.unwrap().uid;
        assert!((periods - 1..=periods + 1).contains(&overrun.into()), "{overrun} {periods}");
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn timers_do_not_coalesce_with_one_another_or_with_what_was_there_before() {
    program(&|sys, _| async move {
        let one = usr1(sys, MONOTONIC).await;
        let other = usr1(sys, MONOTONIC).await;
        sys.kill(sys.getpid().await, Some(Signal::SIGUSR1)).await.unwrap();
        for timer in [one, other] {
            sys.timer_settime(timer, RELATIVE, setting(100, 0)).await.unwrap();
        }
        sleep(sys, 10_000).await;
        // But this one does.
        sys.kill(sys.getpid().await, Some(Signal::SIGUSR1)).await.unwrap();
        let mut codes = Vec::new();
        while let Ok(info) = take(sys, Signal::SIGUSR1, Some(0)).await {
            codes.push((info.code, if info.code == SI_TIMER { info.pid } else { 0 }));
        }
        assert_eq!(codes, [(0, 0), (SI_TIMER, one.0), (SI_TIMER, other.0)]);
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_timer_that_is_set_anew_or_deleted_takes_its_signal_back() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        sys.timer_settime(timer, RELATIVE, setting(1000, 0)).await.unwrap();
        sleep(sys, 5000).await;
        assert_eq!(sys.timer_settime(timer, RELATIVE, setting(0, 7)).await, Ok(setting(0, 0)));
        assert_eq!(take(sys, Signal::SIGUSR1, Some(10_000)).await, Err(Errno::EAGAIN));
        assert_eq!(left(sys, timer).await, (0, 0));
        sys.timer_settime(timer, RELATIVE, setting(1000, 1000)).await.unwrap();
        sleep(sys, 5000).await;
        sys.timer_delete(timer).await.unwrap();
        assert_eq!(take(sys, Signal::SIGUSR1, Some(10_000)).await, Err(Errno::EAGAIN));
        assert_eq!(sys.timer_delete(timer).await, Err(Errno::EINVAL));
        0
    })
    .succeeds();
}

#[test]
fn settime_returns_what_was_left() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        assert_eq!(sys.timer_settime(timer, RELATIVE, setting(10_000, 300)).await, Ok(setting(0, 0)));
        sleep(sys, 4_000).await;
        let before = sys.timer_settime(timer, RELATIVE, setting(0, 0)).await.unwrap();
        assert!((5_900..=6_000).contains(&before.value.to_us().unwrap()), "{before:?}");
        assert_eq!(before.interval, Timespec::from_us(300));
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_periodic_timer_waits_while_its_signal_is_ignored() {
    program(&|sys, _| async move {
        let notification = Notification::Signal(Signal::SIGUSR1, 0);
        let timer = sys.timer_create(MONOTONIC, Some(notification)).await.unwrap();
        sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await.unwrap();
        sys.timer_settime(timer, RELATIVE, setting(10_000, 10_000)).await.unwrap();
        sleep(sys, 55_000).await;
        assert!((4_000..5_000).contains(&left(sys, timer).await.0));
        block(sys, Signal::SIGUSR1).await;
        assert_eq!(take(sys, Signal::SIGUSR1, Some(15_000)).await, Err(Errno::EAGAIN));
        sys.sigaction(Signal::SIGUSR1, Some(Action::DEFAULT)).await.unwrap();
        assert!(take(sys, Signal::SIGUSR1, Some(0)).await.unwrap().uid >= 6);
        // Pending when it becomes ignored: the same.
        sleep(sys, 25_000).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await.unwrap();
        assert_eq!(take(sys, Signal::SIGUSR1, Some(20_000)).await, Err(Errno::EAGAIN));
        sys.sigaction(Signal::SIGUSR1, Some(Action::DEFAULT)).await.unwrap();
        take(sys, Signal::SIGUSR1, Some(0)).await.unwrap();
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_timer_that_tells_nobody_is_asked() {
    program(&|sys, _| async move {
        let timer = sys.timer_create(MONOTONIC, Some(Notification::None)).await.unwrap();
        sys.timer_settime(timer, RELATIVE, setting(10_000, 10_000)).await.unwrap();
        sleep(sys, 35_000).await;
        assert!((4_000..5_000).contains(&left(sys, timer).await.0));
        sys.timer_settime(timer, RELATIVE, setting(10_000, 0)).await.unwrap();
        sleep(sys, 4_000).await;
        assert!((5_000..6_000).contains(&left(sys, timer).await.0));
        sleep(sys, 10_000).await;
        assert_eq!(left(sys, timer).await, (0, 0));
        assert_eq!(sys.timer_getoverrun(timer).await, Ok(0));
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn a_cpu_clock_s_timer_counts_what_the_process_uses() {
    program(&|sys, _| async move {
        for clock in [ClockId::CLOCK_PROCESS_CPUTIME_ID, ClockId::CLOCK_THREAD_CPUTIME_ID] {
            let timer = usr1(sys, clock).await;
            sys.timer_settime(timer, RELATIVE, setting(20_000, 10_000)).await.unwrap();
            sleep(sys, 1_000_000).await;
            sys.compute(18_000).await;
            assert_eq!(take(sys, Signal::SIGUSR1, Some(0)).await, Err(Errno::EAGAIN));
            assert!((1..2_000).contains(&left(sys, timer).await.0));
            sys.compute(37_000).await;
            assert_eq!(take(sys, Signal::SIGUSR1, Some(0)).await.unwrap().uid, 3);
            sys.timer_delete(timer).await.unwrap();
        }
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn events_are_checked() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let own = sys.getpid().await.0;
        let create = async |clock: ClockId, event: SigEvent| {
            let mut bytes = [0; SigEvent::SIZE];
            event.store(&mut bytes);
            sys.store_bytes(page, &bytes).await;
            sys.raw().timer_create(clock, In::at(page), Out::at(page + 512)).await
        };
        let event = |notify, signo, tid| SigEvent { notify, signo, tid, ..SigEvent::default() };
        for (wrong, errno) in [
            (event(SIGEV_SIGNAL, 0, 0), Errno::EINVAL),
            (event(SIGEV_SIGNAL, 65, 0), Errno::EINVAL),
            (event(3, 14, 0), Errno::EINVAL),
            (event(5, 14, 0), Errno::EINVAL),
            (event(SIGEV_THREAD_ID, 14, 1), Errno::EINVAL),
            (event(SIGEV_THREAD_ID, 0, own), Errno::EINVAL),
        ] {
            assert_eq!(create(MONOTONIC, wrong).await, Err(errno), "{wrong:?}");
        }
        for right in [
            event(SIGEV_SIGNAL, 9, 0),
            event(SIGEV_THREAD, 64, 0),
            event(SIGEV_THREAD_ID, 14, own),
            event(SIGEV_NONE, 0, 0),
        ] {
            assert_eq!(create(MONOTONIC, right).await, Ok(0), "{right:?}");
        }
        assert_eq!(create(ClockId(99), event(SIGEV_SIGNAL, 14, 0)).await, Err(Errno::EINVAL));
        assert_eq!(sys.raw().timer_create(MONOTONIC, In::at(8), Out::at(page)).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().timer_create(MONOTONIC, In::NULL, Out::at(8)).await, Err(Errno::EFAULT));
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn settings_and_ids_are_checked() {
    program(&|sys, _| async move {
        let timer = usr1(sys, MONOTONIC).await;
        for unknown in [TimerId(timer.0 + 1), TimerId(-1), TimerId(1 << 16), TimerId(i32::MAX)] {
            assert_eq!(sys.timer_settime(unknown, RELATIVE, setting(1, 0)).await, Err(Errno::EINVAL));
            assert_eq!(sys.timer_gettime(unknown).await, Err(Errno::EINVAL));
            assert_eq!(sys.timer_getoverrun(unknown).await, Err(Errno::EINVAL));
            assert_eq!(sys.timer_delete(unknown).await, Err(Errno::EINVAL));
        }
        for (sec, nsec) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
            let wrong = Timespec { sec, nsec };
            for new in [Itimerspec { value: wrong, ..setting(0, 0) }, Itimerspec { interval: wrong, ..setting(0, 0) }] {
                assert_eq!(sys.timer_settime(timer, RELATIVE, new).await, Err(Errno::EINVAL));
            }
        }
        assert_eq!(sys.raw().timer_settime(timer.0, RELATIVE, In::NULL, Out::NULL).await, Err(Errno::EINVAL));
        assert_eq!(sys.raw().timer_settime(timer.0, RELATIVE, In::at(8), Out::NULL).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().timer_gettime(timer.0, Out::at(8)).await, Err(Errno::EFAULT));
        // Flags without a name have no effect.
        let flags = TimerFlags::from_bits_retain(98);
        assert_eq!(sys.timer_settime(timer, flags, setting(0, 0)).await, Ok(setting(0, 0)));
        let child = fork(sys, async |sys| {
            assert_eq!(sys.timer_gettime(timer).await, Err(Errno::EINVAL), "a timer is its process's");
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}

async fn has_timer(sys: Sys, args: Args) -> i32 {
    let id = args.rest().next().map(|id| i32::from(id[0] - b'0')).unwrap();
    sleep(sys, 100_000).await;
    i32::from(sys.timer_gettime(TimerId(id)).await != Err(Errno::EINVAL))
}

#[test]
fn a_new_program_has_no_timers() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let notification = Notification::Signal(Signal::SIGTERM, 0);
            let timer = sys.timer_create(MONOTONIC, Some(notification)).await.unwrap();
            sys.timer_settime(timer, RELATIVE, setting(50_000, 0)).await.unwrap();
            let id = [b'0' + timer.0 as u8];
            sys.execve(b"has_timer", &[b"has_timer", &id], &[]).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .with("has_timer", &has_timer)
    .succeeds();
}

/// A timer whose signal nobody takes lets the machine find out that nobody can go on.
#[test]
fn a_periodic_timer_does_not_hide_a_deadlock() {
    let run = program(&|sys, _| async move {
        let (read, _write) = sys.pipe().await.unwrap();
        let timer = usr1(sys, MONOTONIC).await;
        sys.timer_settime(timer, RELATIVE, setting(1000, 1000)).await.unwrap();
        sys.read(read, &mut [0]).await.unwrap();
        0
    })
    .run();
    assert!(matches!(run.outcome, Some(sim::Outcome::Deadlock(_))), "{:?}", run.outcome);
}
