//! `alarm(3p)` and `ualarm(3)`, over `setitimer`.

use abi::{IntervalTimer, Itimerval, Timeval};

use crate::Sys;

/// Has SIGALRM sent after so many seconds; 0 calls an alarm off. The seconds that were left of the one before, rounded, but
/// not down to 0.
#[track_caller]
pub fn alarm(sys: Sys, seconds: u32) -> impl Future<Output = u32> {
    let value = Timeval { sec: seconds.into(), usec: 0 };
    let set = sys.here().itimer(IntervalTimer::ITIMER_REAL, Some(Itimerval { value, ..Itimerval::default() }));
    async move {
        let Timeval { sec, usec } = set.await.unwrap_or_default().value;
        (sec + i64::from(usec >= 500_000 || (sec == 0 && usec > 0))) as u32
    }
}

/// Has SIGALRM sent after so many microseconds, and each `every_us` then unless that is 0. The microseconds that were left of
/// the alarm before.
#[track_caller]
pub fn ualarm(sys: Sys, us: u64, every_us: u64) -> impl Future<Output = u64> {
    let (value, interval) = (Timeval::from_us(us), Timeval::from_us(every_us));
    let set = sys.here().itimer(IntervalTimer::ITIMER_REAL, Some(Itimerval { value, interval }));
    async move { set.await.unwrap_or_default().value.to_us().unwrap_or(0) }
}
