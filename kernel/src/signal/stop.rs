//! Stopping and continuing (`signal(7)`, `setpgid(2)` on orphaned groups). A stopped process runs nothing; its blocked call
//! is tried again when it is continued.

use abi::{Errno, Signal, Syscall, WaitStatus};

use crate::host::Host;
use crate::ids::{ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::sched::policy::Became;
use crate::thread::{Next, QueueName, ThreadState};

impl Kernel {
    /// The running thread's process stops.
    pub(crate) fn stop_process<H: Host>(&mut self, host: &mut H, thread: ThreadNo, signal: Signal) {
        let process = self.threads.at(thread).process;
        if let Some(queue) = self.leave_queue(thread) {
            self.settle(host, queue);
        }
        if let Some(call @ Syscall::RtSigtimedwait { .. }) = self.threads.at(thread).call {
            // Ends with EINTR after a stop, even without a handler (signal(7)).
            self.finish(host, thread, &call, Next::Return(Errno::EINTR.to_return()), Err(Errno::EINTR));
        }
        self.leave_cpu(thread, ThreadState::Stopped);
        self.processes.at_mut(process).stopped = true;
        self.report_change(host, process, WaitStatus::Stopped(signal));
    }

    /// SIGCONT was generated: a stopped process goes on, whatever it does with the signal itself.
    pub(crate) fn continue_process<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        if !self.processes.at(process).stopped {
            return;
        }
        self.processes.at_mut(process).stopped = false;
        let thread = self.processes.at(process).thread;
        self.make_ready(thread, Became::Continued);
        self.report_change(host, process, WaitStatus::Continued);
    }

    fn report_change<H: Host>(&mut self, host: &mut H, process: ProcessNo, status: WaitStatus) {
        self.set_report(process, status);
        let Some(parent) = self.processes.at(process).parent else { return };
        self.send_child_signal(host, parent, process, status);
        self.wake_first(host, QueueName::Children(parent));
    }

    /// Whether no member of a process's group has a parent in another group of the same session: then there is nobody to
    /// continue it, and it isn't stopped from the terminal.
    pub(crate) fn group_is_orphaned(&self, process: ProcessNo) -> bool {
        let group = self.processes.at(process).group;
        let members = self.numbers.table.at(group).members.iter(&self.processes);
        !members
            .filter_map(|member| {
                let entry = self.processes.at(member);
                let parent = self.processes.at(entry.parent?);
                Some(!entry.is_zombie() && parent.group != group && parent.session == entry.session)
            })
            .any(|anchored| anchored)
    }
}
