//! Stopping and continuing (`signal(7)`, `setpgid(2)` on orphaned groups). A stopped process runs nothing; its blocked call
//! is tried again when it is continued.

use abi::{Errno, Signal, Syscall, WaitStatus};

use crate::host::Host;
use crate::ids::{NumberNo, ProcessNo, ThreadId, ThreadNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::sched::policy::Became;
use crate::thread::{Next, ThreadState};

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
        if let Some(Syscall::Wait4 { .. } | Syscall::Waitid { .. }) = self.threads.at(thread).call {
            // It is made again from its beginning: what is its group then may be another.
            self.threads.at_mut(thread).progress = 0;
        }
        let entry = self.threads.at_mut(thread);
        if let (Next::Call, Some(call)) = (entry.next, entry.call) {
            // Linux stops it among its signals: those that come meanwhile are dealt with before its call goes on.
            entry.next = Next::CallAfterSignals;
            self.report_remaining(host, thread, &call);
        }
        self.leave_cpu(thread, ThreadState::Stopped);
        self.processes.at_mut(process).stopped = true;
        let status = WaitStatus::Stopped(signal);
        self.set_report(process, status);
        self.tell_parent_of_change(host, process, status);
    }

    /// SIGCONT was generated: a stopped process goes on, whatever it does with the signal itself. Its parent can learn of it
    /// from `wait` at once, and is told when the process runs.
    pub(crate) fn continue_process(&mut self, process: ProcessNo) {
        let entry = self.processes.at_mut(process);
        if !entry.stopped {
            return;
        }
        (entry.stopped, entry.continued_untold) = (false, true);
        let thread = entry.thread;
        self.make_ready(thread, Became::Continued);
        self.set_report(process, WaitStatus::Continued);
    }

    /// Whether a thread's process has been continued and tells its parent so when it runs next.
    pub fn has_continuation_to_tell(&self, thread: ThreadId) -> bool {
        self.thread(thread).is_some_and(|thread| self.processes.at(thread.process).continued_untold)
    }

    /// A process runs that has been continued.
    pub(crate) fn tell_of_continuation<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let entry = self.processes.at_mut(process);
        (entry.continued_untold, entry.adopted_changed) = (false, false);
        self.tell_parent_of_change(host, process, WaitStatus::Continued);
    }

    /// A process is about to die: as on Linux, that it was stopped or continued is of no interest any more.
    pub(crate) fn forget_change(&mut self, process: ProcessNo) {
        self.processes.at_mut(process).continued_untold = false;
        self.clear_report(process);
    }

    fn tell_parent_of_change<H: Host>(&mut self, host: &mut H, process: ProcessNo, status: WaitStatus) {
        let Some(parent) = self.processes.at(process).parent else { return };
        self.send_child_signal(host, parent, process, status);
        self.wake_waiting_parent(host, parent, process);
    }

    /// Whether a process's group is orphaned: there is nobody to continue it, so it isn't stopped from the terminal.
    pub(crate) fn group_is_orphaned(&self, process: ProcessNo) -> bool {
        self.is_orphaned_without(self.processes.at(process).group, None)
    }

    /// Whether no member of a group, `leaving` left aside, has a parent in another group of the same session. PID 1 is no
    /// such parent.
    fn is_orphaned_without(&self, group: NumberNo, leaving: Option<ProcessNo>) -> bool {
        let mut members = self.numbers.table.at(group).members.iter(&self.processes);
        !members.any(|member| {
            let entry = self.processes.at(member);
            let Some(parent) = entry.parent.map(|parent| self.processes.at(parent)) else { return false };
            let anchored = parent.parent.is_some() && parent.group != group && parent.session == entry.session;
            anchored && Some(member) != leaving && !entry.is_zombie()
        })
    }

    /// A process ends: its group may have lost its last link to the rest of the session. If that leaves stopped members
    /// behind, nobody would continue them: they get SIGHUP and SIGCONT (POSIX.1-2024, `_exit`).
    pub(crate) fn hang_up_own_group<H: Host>(&mut self, host: &mut H, leaving: ProcessNo) {
        if let Some(parent) = self.processes.at(leaving).parent {
            self.hang_up_group(host, leaving, parent, Some(leaving));
        }
    }

    /// A child has lost its parent to another: the same for the child's group.
    pub(crate) fn hang_up_group_of_child<H: Host>(&mut self, host: &mut H, child: ProcessNo, lost: ProcessNo) {
        self.hang_up_group(host, child, lost, None);
    }

    fn hang_up_group<H: Host>(&mut self, host: &mut H, member: ProcessNo, link: ProcessNo, leaving: Option<ProcessNo>) {
        let (entry, link) = (self.processes.at(member), self.processes.at(link));
        let group = entry.group;
        let was_linked = link.group != group && link.session == entry.session && !planted!(NoHangUp);
        if !was_linked || !self.is_orphaned_without(group, leaving) {
            return;
        }
        let members = self.numbers.table.at(group).members;
        if members.iter(&self.processes).any(|member| self.processes.at(member).stopped) {
            self.signal_group(host, group, Signal::SIGHUP);
            self.signal_group(host, group, Signal::SIGCONT);
        }
    }
}
