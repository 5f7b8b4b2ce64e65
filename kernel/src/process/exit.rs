//! The end of a process (`_exit(2)`): it gives everything back but its status, which waits for its parent as a zombie.

use abi::{DefaultAction, Resource, SI_KERNEL, Signal, SignalSet, WaitStatus};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::{Event, Host};
use crate::ids::{CpuNo, ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::process::{Life, Process};
use crate::signal::queue::Info;
use crate::table::Entry;
use crate::thread::ThreadState;

impl Kernel {
    /// `exit_group`: never fails, never returns.
    pub(crate) fn sys_exit_group<H: Host>(&mut self, cx: &mut Cx<'_, H>, status: i32) -> Outcome {
        let status = if planted!(StatusOf7Bits) { status as u8 & 0x7f } else { status as u8 };
        self.end_process(cx.host, cx.thread, WaitStatus::Exited(status));
        Ok(Flow::Ended)
    }

    /// A signal ends the process of this thread: with a core image if that is the signal's default action, images are
    /// wanted, and `RLIMIT_CORE` isn't 0.
    pub(crate) fn terminate<H: Host>(&mut self, host: &mut H, thread: ThreadNo, cause: Info) {
        let signal = cause.signal;
        let process = self.threads.at(thread).process;
        let limit = self.processes.at(process).limits.current(Resource::RLIMIT_CORE);
        let core = self.cores && limit > 0 && signal.default_action() == DefaultAction::Core;
        if core {
            host.core_image(self, self.process_id(process), &cause);
        }
        self.end_process(host, thread, WaitStatus::Signaled { signal, core });
    }

    /// Ends the process of this thread, which is the one that runs.
    pub(crate) fn end_process<H: Host>(&mut self, host: &mut H, thread: ThreadNo, status: WaitStatus) {
        let process = self.threads.at(thread).process;
        log::debug!("process {} ends: {status:?}", self.processes.at(process).pid);
        if self.processes.at(process).parent.is_none() {
            self.end_all_others(host, process);
        }
        // While it has a thread: signals may be pending for that.
        self.discard_pending(host, process, SignalSet::all());
        self.end_thread(host, thread);
        self.delete_all_timers(host, process);
        self.clear_intervals(process);
        self.close_all(host, process);
        self.leave_working_directory(process);
        self.release_space(host, process);
        self.undo_all(host, process);
        self.release_actions(process);
        self.set_subreaper(process, false);
        self.clear_report(process);
        let entry = self.processes.at_mut(process);
        (entry.stopped, entry.continued_untold) = (false, false);
        entry.life = Life::Zombie(status);
        host.event(Event::Ended { process: self.process_id(process), status });
        self.leave_terminal(host, process);
        self.give_children_away(host, process);
        self.hang_up_own_group(host, process);
        match self.processes.at(process).parent {
            Some(parent) => {
                self.add_zombie(parent, process);
                self.tell_parent_of_end(host, process, status);
            }
            None => {
                self.end_ipc(host);
                self.halted = Some(status.to_raw());
            }
        }
    }

    /// A parent learns that its child is a zombie: by SIGCHLD and by `wait`. One that ignores SIGCHLD, or has
    /// `SA_NOCLDWAIT`, never sees zombies (`wait(2)`, NOTES).
    pub(crate) fn tell_parent_of_end<H: Host>(&mut self, host: &mut H, child: ProcessNo, status: WaitStatus) {
        let Some(parent) = self.processes.at(child).parent else { return };
        let unwanted = self.refuses_zombies(parent);
        self.send_child_signal(host, parent, child, status);
        if !planted!(WaitingParentNotWoken) {
            self.wake_waiting_parent(host, parent, child);
        }
        if unwanted {
            self.reap(host, child);
        }
    }

    /// Frees a zombie's slot: it has been waited for.
    pub(crate) fn reap<H: Host>(&mut self, host: &mut H, zombie: ProcessNo) {
        let Some(parent) = self.processes.at(zombie).parent else { return };
        self.remove_zombie(parent, zombie);
        self.remove_child(parent, zombie);
        self.numbers.leave_group(&mut self.nodes, &mut self.processes, zombie);
        self.forget_process(host, zombie);
    }

    /// Frees the slot of a process that stands in no list any more.
    pub(crate) fn forget_process<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        host.event(Event::Reaped { process: self.process_id(process) });
        let Process { number, session, .. } = *self.processes.at(process);
        self.processes.free(process);
        if !planted!(StalePid) {
            self.numbers.table.at_mut(number).process = None;
        }
        self.numbers.leave_session(&mut self.nodes, session);
        if self.numbers.table.holds(number) {
            self.numbers.release_if_unused(&mut self.nodes, number);
        }
    }

    fn end_thread<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        if let Some(queue) = self.leave_queue(thread) {
            self.settle(host, queue);
        }
        if let ThreadState::Ready = self.threads.at(thread).state {
            self.unqueue(thread);
        }
        let cpu = self.cpu_mut(CpuNo(0));
        if cpu.current == Some(thread) {
            cpu.current = None;
            cpu.quantum_used = false;
        }
        let exchanged = core::mem::take(&mut self.threads.at_mut(thread).exchange);
        self.drop_exchange(host, exchanged);
        self.release_held(host, thread);
        let usage = self.threads.at(thread).usage;
        let process = self.threads.at(thread).process;
        self.processes.at_mut(process).usage.add(&usage);
        self.processes.at_mut(process).thread = Process::VACANT.thread;
        self.threads.remove(thread);
    }

    /// PID 1 ends, and all others with it, as in a Linux PID namespace.
    fn end_all_others<H: Host>(&mut self, host: &mut H, first: ProcessNo) {
        let own = self.processes.at(first).thread;
        let mut from = 0;
        while let Some(thread) = self.threads.next_slot(from) {
            from = thread.index() + 1;
            if thread != own {
                self.terminate(host, thread, Info::kernel(Signal::SIGKILL, SI_KERNEL));
            }
        }
        while let Some(zombie) = self.processes.at(first).zombies.first() {
            self.reap(host, zombie);
        }
    }
}
