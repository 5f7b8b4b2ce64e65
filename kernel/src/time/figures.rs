//! Times and figures: `clock_gettime(2) clock_getres(2) times(2) getrusage(2) sysinfo(2)`.

use abi::{CLK_TCK, ClockId, Errno, Out, PAGE_SIZE, Rusage, RusageWho, Sysinfo, Timespec, Timeval, Tms};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::limits::FRAMES;
use crate::thread::Usage;

impl Usage {
    /// As `getrusage` reports it.
    pub(crate) fn to_rusage(self) -> Rusage {
        Rusage {
            utime: Timeval::from_us(self.utime_us),
            stime: Timeval::from_us(self.stime_us),
            minflt: self.page_faults as i64,
            nvcsw: self.voluntary_switches as i64,
            nivcsw: self.involuntary_switches as i64,
            ..Rusage::default()
        }
    }
}

impl Kernel {
    pub(crate) fn sys_clock_gettime<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        clock: ClockId,
        time: Out<Timespec>,
    ) -> Outcome {
        let us = self.clock_us(cx.process, clock).ok_or(Errno::EINVAL)?;
        self.put(cx.host, cx.process, time.address, &Timespec::from_us(us))?;
        Ok(Flow::Done(0))
    }

    /// Every clock counts whole microseconds.
    pub(crate) fn sys_clock_getres<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        clock: ClockId,
        resolution: Out<Timespec>,
    ) -> Outcome {
        self.clock_us(cx.process, clock).ok_or(Errno::EINVAL)?;
        if !resolution.is_null() {
            self.put(cx.host, cx.process, resolution.address, &Timespec::from_us(1))?;
        }
        Ok(Flow::Done(0))
    }

    /// What a clock shows to a process, in microseconds; `None` if there is no such clock.
    pub(crate) fn clock_us(&self, process: ProcessNo, clock: ClockId) -> Option<u64> {
        match clock {
            ClockId::CLOCK_REALTIME | ClockId::CLOCK_MONOTONIC => Some(self.now_us()),
            // Each process has one thread.
            ClockId::CLOCK_PROCESS_CPUTIME_ID | ClockId::CLOCK_THREAD_CPUTIME_ID => {
                Some(self.usage_of(process).cpu_us())
            }
            _ => None,
        }
    }

    pub(crate) fn sys_getrusage<H: Host>(&mut self, cx: &mut Cx<'_, H>, who: RusageWho, usage: Out<Rusage>) -> Outcome {
        let used = match who {
            RusageWho::RUSAGE_SELF => self.usage_of(cx.process),
            RusageWho::RUSAGE_CHILDREN => self.processes.at(cx.process).children_usage,
            RusageWho::RUSAGE_THREAD => self.threads.at(cx.thread).usage,
            _ => return Err(Errno::EINVAL),
        };
        self.put(cx.host, cx.process, usage.address, &used.to_rusage())?;
        Ok(Flow::Done(0))
    }

    /// Returns the clock ticks since boot.
    pub(crate) fn sys_times<H: Host>(&mut self, cx: &mut Cx<'_, H>, buffer: Out<Tms>) -> Outcome {
        let ticks = |us: u64| (us / (1_000_000 / CLK_TCK)) as i64;
        if !buffer.is_null() {
            let own = self.usage_of(cx.process);
            let children = self.processes.at(cx.process).children_usage;
            let times = Tms {
                utime: ticks(own.utime_us),
                stime: ticks(own.stime_us),
                cutime: ticks(children.utime_us),
                cstime: ticks(children.stime_us),
            };
            self.put(cx.host, cx.process, buffer.address, &times)?;
        }
        Ok(Flow::Done(ticks(self.now_us())))
    }

    pub(crate) fn sys_sysinfo<H: Host>(&mut self, cx: &mut Cx<'_, H>, info: Out<Sysinfo>) -> Outcome {
        let figures = Sysinfo {
            uptime: (self.now_us() / 1_000_000) as i64,
            totalram: (FRAMES * PAGE_SIZE) as u64,
            freeram: (self.frames.free() * PAGE_SIZE) as u64,
            procs: self.processes.len() as u16,
            mem_unit: 1,
            ..Sysinfo::default()
        };
        self.put(cx.host, cx.process, info.address, &figures)?;
        Ok(Flow::Done(0))
    }
}
