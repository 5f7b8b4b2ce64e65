//! Time and the processor: `nanosleep(2) clock_nanosleep(2) clock_gettime(2) clock_getres(2) sched_yield(2)`, and `compute`, which burns CPU time.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// Gives way to other runnable processes (`sched_yield(2)`).
    #[track_caller]
    pub fn sched_yield(self) -> impl Future<Output = ()> {
        let line = self.caller();
        async move {
            let _ = self.call(move || Syscall::SchedYield {}, line).await;
        }
    }

    /// Sleeps (`nanosleep(2)`). If a caught signal ends it early, what was left of the time.
    #[track_caller]
    pub fn nanosleep(self, duration: Timespec) -> impl Future<Output = Result<(), (Errno, Timespec)>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let duration = In::at(put(stage, &duration));
                let address = stage.room(Timespec::SIZE);
                let out = OutRegion { address, length: Timespec::SIZE as u32, filled: Filled::Always };
                (move || Syscall::Nanosleep { duration, remaining: Out::at(address) }, out)
            };
            match self.staged(call, [Some(out), None], line).await {
                Ok(_) => Ok(()),
                Err(errno) => Err((errno, self.result_at(0))),
            }
        }
    }

    /// Sleeps for a time on a clock, or with `TIMER_ABSTIME` until a time (`clock_nanosleep(2)`). If a caught signal ends it
    /// early, what was left of a duration.
    #[track_caller]
    pub fn clock_nanosleep(
        self,
        clock: ClockId,
        flags: TimerFlags,
        time: Timespec,
    ) -> impl Future<Output = Result<(), (Errno, Timespec)>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let stage = &mut *self.hart.stage();
                let time = In::at(put(stage, &time));
                let address = stage.room(Timespec::SIZE);
                let out = OutRegion { address, length: Timespec::SIZE as u32, filled: Filled::Always };
                (move || Syscall::ClockNanosleep { clock, flags, time, remaining: Out::at(address) }, out)
            };
            match self.staged(call, [Some(out), None], line).await {
                Ok(_) => Ok(()),
                Err(errno) => Err((errno, self.result_at(0))),
            }
        }
    }

    /// The resolution of a clock (`clock_getres(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such clock.
    #[track_caller]
    pub fn clock_getres(self, clock: ClockId) -> impl Future<Output = Result<Timespec, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let address = self.hart.stage().room(Timespec::SIZE);
                let out = OutRegion { address, length: Timespec::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::ClockGetres { clock, resolution: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// The time of a clock (`clock_gettime(2)`).
    ///
    /// # Errors
    /// `EINVAL`: no such clock.
    #[track_caller]
    pub fn clock_gettime(self, clock: ClockId) -> impl Future<Output = Result<Timespec, Errno>> {
        let line = self.caller();
        async move {
            let (call, out) = {
                let address = self.hart.stage().room(Timespec::SIZE);
                let out = OutRegion { address, length: Timespec::SIZE as u32, filled: Filled::OnSuccess };
                (move || Syscall::ClockGettime { clock, time: Out::at(address) }, out)
            };
            self.staged(call, [Some(out), None], line).await?;
            Ok(self.result_at(0))
        }
    }

    /// Burns so many microseconds of CPU time; other processes may run in between.
    #[track_caller]
    pub fn compute(self, us: u64) -> impl Future<Output = ()> {
        let line = self.caller();
        async move {
            let mut left = us;
            while left > 0 {
                let duration = Microseconds(left);
                left = self.call(move || Syscall::Compute { duration }, line).await.map_or(0, |left| left as u64);
            }
        }
    }

    /// Hands over the program's state and starts it anew from there with an empty history: `Args::checkpoint` gives the
    /// bytes back. For programs that live long (init, a shell, servers): what must be replayed to fork them or to step
    /// backwards stays short. Descriptors, memory, children and signal actions stay as they are.
    #[track_caller]
    pub fn checkpoint<'a>(self, state: &'a [u8]) -> impl Future<Output = super::Never> + 'a {
        let line = self.caller();
        async move {
            loop {
                {
                    let stage = &mut *self.hart.stage();
                    stage.bytes.extend_from_slice(state);
                }
                self.hart.staged_trap(move || crate::hart::Operation::Checkpoint, [None; 2], line).await;
            }
        }
    }
}
