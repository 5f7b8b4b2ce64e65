//! How a signal is generated: it becomes pending, unless it would be ignored, and wakes whoever can take it.

use abi::{DefaultAction, SigActionFlags, Signal, SignalSet, WaitStatus};

use crate::host::{Event, Host};
use crate::ids::{ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::sched::policy::Became;
use crate::signal::action;
use crate::thread::ThreadState;

impl Kernel {
    /// Generates a signal for a process. A zombie takes none.
    pub(crate) fn send_signal<H: Host>(&mut self, host: &mut H, process: ProcessNo, signal: Signal) {
        if !self.prepare_signal(host, process, signal) {
            return;
        }
        self.processes.at_mut(process).pending.insert(SignalSet::of(signal));
        self.announce(host, process, signal);
    }

    /// Generates a signal for the running thread itself, as SIGPIPE is.
    pub(crate) fn send_own_signal<H: Host>(&mut self, host: &mut H, thread: ThreadNo, signal: Signal) {
        let process = self.threads.at(thread).process;
        if self.prepare_signal(host, process, signal) {
            self.threads.at_mut(thread).pending.insert(SignalSet::of(signal));
            host.event(Event::Generated { process: self.process_id(process), signal });
        }
    }

    /// A fault of the running thread: a signal that can be neither blocked nor ignored. If it is, it kills.
    pub(crate) fn force_signal<H: Host>(&mut self, host: &mut H, thread: ThreadNo, signal: Signal) {
        let process = self.threads.at(thread).process;
        let refused =
            self.threads.at(thread).blocked.has(signal) || self.action(process, signal).handler == action::IGNORE;
        if refused {
            self.set_action(process, signal, action::Action::DEFAULT);
            self.threads.at_mut(thread).blocked.remove(SignalSet::of(signal));
        }
        self.threads.at_mut(thread).pending.insert(SignalSet::of(signal));
        host.event(Event::Generated { process: self.process_id(process), signal });
    }

    /// Tells a parent by SIGCHLD what happened to a child. `SA_NOCLDSTOP` keeps stops and continuations from it.
    pub(crate) fn send_child_signal<H: Host>(
        &mut self,
        host: &mut H,
        parent: ProcessNo,
        _child: ProcessNo,
        status: WaitStatus,
    ) {
        let ended = matches!(status, WaitStatus::Exited(_) | WaitStatus::Signaled { .. });
        let flags = self.action(parent, Signal::SIGCHLD).flags;
        if ended || !flags.contains(SigActionFlags::SA_NOCLDSTOP) {
            self.send_signal(host, parent, Signal::SIGCHLD);
        }
    }

    /// Drops what is pending if the process ignores it now.
    pub(crate) fn discard_if_ignored(&mut self, process: ProcessNo, signal: Signal) {
        if self.ignores(process, signal) {
            let thread = self.processes.at(process).thread;
            self.processes.at_mut(process).pending.remove(SignalSet::of(signal));
            self.threads.at_mut(thread).pending.remove(SignalSet::of(signal));
        }
    }

    /// Whether a signal would have no effect if it were delivered.
    pub(crate) fn ignores(&self, process: ProcessNo, signal: Signal) -> bool {
        match self.action(process, signal).handler {
            action::IGNORE => true,
            action::DEFAULT => signal.default_action() == DefaultAction::Ignore,
            _ => false,
        }
    }

    /// Does what generating has as side effects; whether the signal becomes pending.
    fn prepare_signal<H: Host>(&mut self, host: &mut H, process: ProcessNo, signal: Signal) -> bool {
        if self.processes.at(process).is_zombie() {
            return false;
        }
        let thread = self.processes.at(process).thread;
        if SignalSet::STOPS.has(signal) {
            self.discard_pending(process, thread, SignalSet::of(Signal::SIGCONT));
        } else if signal == Signal::SIGCONT {
            self.discard_pending(process, thread, SignalSet::STOPS);
            self.continue_process(host, process);
        }
        // PID 1 takes only signals that it has a handler for (kill(2), NOTES).
        let first = self.processes.at(process).parent.is_none();
        if first && self.action(process, signal).handler == action::DEFAULT {
            return false;
        }
        // A blocked signal stays pending even if it is ignored: the action may change before it is unblocked.
        let blocked = self.threads.at(thread).blocked.has(signal);
        let without_effect = self.ignores(process, signal)
            || (signal == Signal::SIGCONT && self.action(process, signal).handler == action::DEFAULT);
        blocked || !without_effect
    }

    fn discard_pending(&mut self, process: ProcessNo, thread: ThreadNo, signals: SignalSet) {
        self.processes.at_mut(process).pending.remove(signals);
        self.threads.at_mut(thread).pending.remove(signals);
    }

    /// Wakes the thread if it can take the signal: one that waits, and for SIGKILL one that is stopped.
    fn announce<H: Host>(&mut self, host: &mut H, process: ProcessNo, signal: Signal) {
        host.event(Event::Generated { process: self.process_id(process), signal });
        let thread = self.processes.at(process).thread;
        let entry = self.threads.at(thread);
        if entry.blocked.has(signal) {
            return;
        }
        match entry.state {
            ThreadState::Blocked(_) => {
                self.make_ready(thread, Became::Woken);
                host.event(Event::Woken { thread: self.thread_id(thread) });
            }
            ThreadState::Stopped if signal == Signal::SIGKILL => {
                self.processes.at_mut(process).stopped = false;
                self.make_ready(thread, Became::Continued);
            }
            _ => {}
        }
    }
}
