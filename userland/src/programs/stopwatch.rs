//! `stopwatch`: shows the time that passes, at every tick of a POSIX timer. Stopped by Ctrl+Z it doesn't count; Ctrl+C ends
//! it, with the total (`timer_create(2)`, `sigwaitinfo(2)`).

use alloc::format;
use alloc::string::String;

use abi::{ClockId, Errno, Itimerspec, MaskHow, Signal, SignalSet, TimerFlags, Timespec};

use crate::libc::{Decimal, Manual, Opt, PLAIN, parse_number, perror, quote, raise};
use crate::sys::{Action, Notification, TimerId};
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "stopwatch",
    usage: "[-n LAPS] [SECONDS]",
    about: "Print the time that has passed every SECONDS (default 1), LAPS times or until SIGINT.\n\
            While it is stopped (SIGTSTP) no time passes; SIGTERM ends it too.",
    options: &[Opt::value("n", "laps", "LAPS", "end after so many")],
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let laps = match given.value("laps").map(|text| (text, parse_number(text))) {
        None => None,
        Some((_, Some(laps @ 1..))) => Some(laps as u64),
        Some((text, _)) => {
            return MANUAL.misuse(sys, format_args!("invalid number of laps {}", quote(text))).await;
        }
    };
    let every_us = match given.operands[..] {
        [] => 1_000_000,
        [text] => match microseconds(text) {
            Some(us) => us,
            None => return MANUAL.misuse(sys, format_args!("invalid time {}", quote(text))).await,
        },
        [_, extra, ..] => return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await,
    };
    match run(sys, every_us, laps).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

fn microseconds(text: &[u8]) -> Option<u64> {
    let us = Decimal::parse(text).filter(|seconds| seconds.mantissa > 0)?.scaled(6)?;
    u64::try_from(us).ok()
}

/// A watch: what it has counted up to when it was set going last.
struct Watch {
    sys: Sys,
    counted_us: u64,
    since_us: u64,
}

impl Watch {
    async fn now_us(&self) -> Result<u64, Errno> {
        Ok(self.sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?.to_us().unwrap_or(0))
    }

    async fn passed_us(&self) -> Result<u64, Errno> {
        Ok(self.counted_us + (self.now_us().await? - self.since_us))
    }

    /// Counts what has passed so far, and nothing until it is set going again.
    async fn stop(&mut self) -> Result<(), Errno> {
        self.counted_us = self.passed_us().await?;
        Ok(())
    }

    async fn go(&mut self) -> Result<(), Errno> {
        self.since_us = self.now_us().await?;
        Ok(())
    }
}

async fn run(sys: Sys, every_us: u64, laps: Option<u64>) -> Result<(), Errno> {
    let Some(tick) = Signal::new(34) else { return Err(Errno::EINVAL) };
    let signals = [tick, Signal::SIGINT, Signal::SIGTERM, Signal::SIGTSTP];
    let set = signals.iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(*signal));
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set))).await?;
    let timer = sys.timer_create(ClockId::CLOCK_MONOTONIC, Some(Notification::Signal(tick, 0))).await?;
    let mut watch = Watch { sys, counted_us: 0, since_us: 0 };
    watch.go().await?;
    set_timer(sys, timer, every_us, every_us).await?;
    let mut lap = 0;
    while laps != Some(lap) {
        let info = match sys.sigtimedwait(set, None).await {
            Ok(info) => info,
            // It was stopped by SIGSTOP, which nobody can wait for.
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        };
        match Signal::new(info.signo.into()) {
            Some(Signal::SIGTSTP) => {
                watch.stop().await?;
                set_timer(sys, timer, 0, 0).await?;
                stop_here(sys).await?;
                watch.go().await?;
                let left = every_us - watch.counted_us % every_us;
                set_timer(sys, timer, left, every_us).await?;
            }
            Some(signal) if signal == tick => {
                lap += 1;
                println!(sys, "{}", clock(watch.passed_us().await?)).await;
            }
            signal => {
                let name = signal.map_or("?", |signal| signal.name().unwrap_or("?"));
                println!(sys, "{} at {name}", clock(watch.passed_us().await?)).await;
                break;
            }
        }
    }
    sys.timer_delete(timer).await
}

async fn set_timer(sys: Sys, timer: TimerId, first_us: u64, every_us: u64) -> Result<(), Errno> {
    let new = Itimerspec { value: Timespec::from_us(first_us), interval: Timespec::from_us(every_us) };
    sys.timer_settime(timer, TimerFlags::empty(), new).await.map(drop)
}

/// Stops as SIGTSTP would have stopped it, had it not been waited for; returns when it has been continued.
async fn stop_here(sys: Sys) -> Result<(), Errno> {
    let stop = SignalSet::of(Signal::SIGTSTP);
    sys.sigaction(Signal::SIGTSTP, Some(Action::DEFAULT)).await?;
    raise(sys, Signal::SIGTSTP).await;
    sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, stop))).await?;
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, stop))).await.map(drop)
}

/// Minutes, seconds and milliseconds.
fn clock(us: u64) -> String {
    let ms = us / 1000;
    format!("{:02}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_on_a_watch() {
        assert_eq!(clock(0), "00:00.000");
        assert_eq!(clock(61_234_567), "01:01.234");
    }
}
