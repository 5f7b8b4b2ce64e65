//! Job control: what a process may do at its controlling terminal while its group is in the background.

use abi::{Errno, Signal};

use crate::dispatch::{Cx, Flow};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::signal::action;
use crate::thread::WaitsFor;

impl Kernel {
    /// Whether the console is the controlling terminal of a process.
    pub(crate) fn has_terminal(&self, process: ProcessNo) -> bool {
        self.processes.at(process).has_terminal
    }

    /// Before a call that is the foreground's: a process in the background has its whole group sent `signal` (SIGTTIN or
    /// SIGTTOU), and makes the call again once it has come of it. `None`: go on.
    ///
    /// # Errors
    /// `EIO`: it can't be stopped. Nobody would continue it, or it wants to read and blocks or ignores SIGTTIN. To write
    /// is allowed then.
    pub(crate) fn refuse_background<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        signal: Signal,
    ) -> Result<Option<Flow>, Errno> {
        let group = self.processes.at(cx.process).group;
        let foreground = match self.tty.foreground {
            Some(foreground) if self.has_terminal(cx.process) => foreground,
            _ => return Ok(None),
        };
        if foreground == group {
            return Ok(None);
        }
        let blocked = self.threads.at(cx.thread).blocked.has(signal);
        if blocked || self.action(cx.process, signal).handler == action::IGNORE {
            return if signal == Signal::SIGTTIN { Err(Errno::EIO) } else { Ok(None) };
        }
        if self.group_is_orphaned(cx.process) {
            return Err(Errno::EIO);
        }
        // Tried again before the signal was delivered: its group has been sent it.
        if !self.processes.at(cx.process).pending.set().has(signal) {
            self.signal_group(cx.host, group, signal);
        }
        if !self.has_deliverable(cx.thread) {
            // PID 1, whom the signal doesn't reach.
            return Err(Errno::EIO);
        }
        // It waits no longer for what it may not have; whoever stands behind it might.
        if let Some(queue) = self.leave_queue(cx.thread) {
            self.settle(cx.host, queue);
        }
        Ok(Some(Flow::Wait(WaitsFor::Signal)))
    }
}
