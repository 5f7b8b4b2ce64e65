//! `nanosleep(2)`. The thread's `progress` is the point in time at which it ends, so that trying again doesn't sleep anew.

use abi::{Errno, In, Out, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::kernel::Kernel;
use crate::thread::WaitsFor;

impl Kernel {
    pub(crate) fn sys_nanosleep<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        duration: In<Timespec>,
        _: Out<Timespec>,
    ) -> Outcome {
        let until_us = match self.threads.at(cx.thread).progress {
            0 => {
                let duration: Timespec = self.get(cx.host, cx.process, duration.address)?;
                self.time_after(duration.to_us().ok_or(Errno::EINVAL)?)
            }
            until_us => until_us,
        };
        if self.now_us() >= until_us {
            return Ok(Flow::Done(0));
        }
        self.threads.at_mut(cx.thread).progress = until_us;
        Ok(Flow::Wait(WaitsFor::Time { until_us }))
    }
}
