//! Sleeping the whole time, whatever signals come (`sleep(3)` in a loop).

use abi::Timespec;

use crate::sys::Sys;

/// Sleeps for all of `duration`: after an interruption, for what is left of it.
#[track_caller]
pub fn sleep_through(sys: Sys, duration: Timespec) -> impl Future<Output = ()> {
    let sys = sys.here();
    async move {
        let mut left = duration;
        while let Err((abi::Errno::EINTR, rest)) = sys.nanosleep(left).await {
            left = rest;
        }
    }
}

/// Sleeps so many microseconds.
#[track_caller]
pub fn sleep_us(sys: Sys, us: u64) -> impl Future<Output = ()> {
    sleep_through(sys, Timespec::from_us(us))
}
