//! `compute`: burns CPU time in user mode, tick by tick, so that the timer can fire and others can run in between. The
//! thread's `progress` is what it has burnt so far.

use abi::Microseconds;

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::CpuNo;
use crate::kernel::Kernel;

impl Kernel {
    pub(crate) fn sys_compute<H: Host>(&mut self, cx: &mut Cx<'_, H>, duration: Microseconds) -> Outcome {
        let cpu = CpuNo(0);
        let done = self.threads.at(cx.thread).progress;
        let to_tick = self.cpu(cpu).next_tick_us.saturating_sub(self.cpu(cpu).now_us);
        let slice = duration.0.saturating_sub(done).min(to_tick);
        let thread = self.threads.at_mut(cx.thread);
        thread.progress = done + slice;
        thread.usage.utime_us += slice;
        self.advance(cx.host, cpu, slice);
        if done + slice >= duration.0 { Ok(Flow::Done(0)) } else { Ok(Flow::Busy) }
    }
}
