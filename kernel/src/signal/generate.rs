//! How a signal is generated: it becomes pending, unless it would be ignored, and wakes whoever can take it.

use abi::{DefaultAction, SI_KERNEL, SI_TIMER, SI_USER, SigActionFlags, Signal, SignalSet, WaitStatus};

use crate::host::{Event, Fate, Host, Waking};
use crate::ids::{ProcessNo, ThreadNo, TimerNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::process::child_code;
use crate::sched::policy::Became;
use crate::signal::action;
use crate::signal::queue::Info;
use crate::thread::{ThreadState, WaitsFor};
use crate::time::ticks;
use crate::time::timer::{Notify, Timer};

impl Kernel {
    /// Generates a signal for a process. A zombie takes none.
    pub(crate) fn send_signal<H: Host>(&mut self, host: &mut H, process: ProcessNo, info: Info) {
        if !self.prepare_signal(host, process, info.signal) {
            return self.generated(host, process, info.signal, Fate::Discarded);
        }
        let new = self.processes.at_mut(process).pending.add(&mut self.infos, info);
        self.announce(host, process, (info.signal, info.code), new);
    }

    /// Generates a signal for one thread.
    pub(crate) fn send_thread_signal<H: Host>(&mut self, host: &mut H, thread: ThreadNo, info: Info) {
        let process = self.threads.at(thread).process;
        if !self.prepare_signal(host, process, info.signal) {
            return self.generated(host, process, info.signal, Fate::Discarded);
        }
        let new = self.threads.at_mut(thread).pending.add(&mut self.infos, info);
        self.announce(host, process, (info.signal, info.code), new);
    }

    /// Generates the signal of a timer that has expired; whether it is pending now.
    pub(crate) fn send_timer_signal<H: Host>(&mut self, host: &mut H, timer: TimerNo) -> bool {
        let Timer { process, signal, notify, info, .. } = *self.posix_timers.at(timer);
        let Some(entry) = info else { return false };
        if !self.prepare_signal(host, process, signal) {
            self.generated(host, process, signal, Fate::Discarded);
            return false;
        }
        let thread = self.processes.at(process).thread;
        let pending = match notify {
            Notify::Thread => &mut self.threads.at_mut(thread).pending,
            _ => &mut self.processes.at_mut(process).pending,
        };
        let new = pending.add_entry(&mut self.infos, entry);
        self.announce(host, process, (signal, SI_TIMER), new);
        true
    }

    /// Takes the signal of a timer back, which is stopped or deleted.
    pub(crate) fn withdraw_timer_signal<H: Host>(&mut self, host: &mut H, timer: TimerNo) {
        let Timer { process, signal, .. } = *self.posix_timers.at(timer);
        let entry = self.processes.at_mut(process);
        let mut taken = entry.pending.take_entry(&mut self.infos, timer);
        if !taken && self.threads.holds(entry.thread) {
            taken = self.threads.at_mut(entry.thread).pending.take_entry(&mut self.infos, timer);
        }
        if taken {
            host.event(Event::Discarded { process: self.process_id(process), signal });
        }
    }

    /// SIGPIPE for the running thread, as if it had sent it to itself.
    pub(crate) fn send_sigpipe<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        let sender = self.sent_by(self.threads.at(thread).process, Signal::SIGPIPE, SI_USER, 0);
        self.send_thread_signal(host, thread, sender);
    }

    /// A fault of the running thread: a signal that can be neither blocked nor ignored. If it is, it kills.
    pub(crate) fn force_signal<H: Host>(&mut self, host: &mut H, thread: ThreadNo, info: Info) {
        let process = self.threads.at(thread).process;
        let refused = self.threads.at(thread).blocked.has(info.signal)
            || self.action(process, info.signal).handler == action::IGNORE;
        if refused {
            self.set_action(process, info.signal, action::Action::DEFAULT);
            self.threads.at_mut(thread).blocked.remove(SignalSet::of(info.signal));
        }
        let new = self.threads.at_mut(thread).pending.add(&mut self.infos, info);
        self.generated(host, process, info.signal, if new { Fate::Pending } else { Fate::Coalesced });
    }

    /// Tells a parent by SIGCHLD what happened to a child. `SA_NOCLDSTOP` keeps stops and continuations from it; and who
    /// ignores SIGCHLD explicitly isn't even sent it, blocked or not.
    pub(crate) fn send_child_signal<H: Host>(
        &mut self,
        host: &mut H,
        parent: ProcessNo,
        child: ProcessNo,
        status: WaitStatus,
    ) {
        let ended = matches!(status, WaitStatus::Exited(_) | WaitStatus::Signaled { .. });
        let action = self.action(parent, Signal::SIGCHLD);
        if action.handler != action::IGNORE && (ended || !action.flags.contains(SigActionFlags::SA_NOCLDSTOP)) {
            let (code, value) = child_code(status);
            let used = self.usage_of(child);
            let info = self.sent_by(child, Signal::SIGCHLD, code, 0);
            let info = info.of_child(value, ticks(used.utime_us), ticks(used.stime_us));
            self.send_signal(host, parent, info);
        }
    }

    /// A signal from the kernel to every member of a group.
    pub(crate) fn signal_group<H: Host>(&mut self, host: &mut H, group: crate::ids::NumberNo, signal: Signal) {
        let mut member = self.numbers.table.at(group).members.first();
        while let Some(process) = member {
            member = self.processes.at(process).group_link.next;
            self.send_signal(host, process, Info::kernel(signal, SI_KERNEL));
        }
    }

    /// Details that name a process.
    pub(crate) fn sent_by(&self, process: ProcessNo, signal: Signal, code: i32, value: u64) -> Info {
        let entry = self.processes.at(process);
        Info { signal, code, pid: entry.pid, uid: entry.credentials.real_uid, value }
    }

    /// Drops what is pending if the process ignores it now.
    pub(crate) fn discard_if_ignored<H: Host>(&mut self, host: &mut H, process: ProcessNo, signal: Signal) {
        if self.ignores(process, signal) && !planted!(IgnoredStaysPending) {
            self.discard_pending(host, process, SignalSet::of(signal));
        }
    }

    /// Whether a signal would have no effect if it were delivered.
    pub(crate) fn ignores(&self, process: ProcessNo, signal: Signal) -> bool {
        match self.action(process, signal).handler {
            action::IGNORE => true,
            action::DEFAULT => {
                matches!(signal.default_action(), DefaultAction::Ignore | DefaultAction::Continue)
            }
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
            self.discard_pending(host, process, SignalSet::of(Signal::SIGCONT));
        } else if signal == Signal::SIGCONT {
            if !planted!(ContinueKeepsStops) {
                self.discard_pending(host, process, SignalSet::STOPS);
            }
            self.continue_process(process);
        }
        // A blocked signal stays pending even if it is ignored: the action may change before it is unblocked.
        if self.threads.at(thread).blocked.has(signal) {
            return true;
        }
        // PID 1 takes only signals that it has a handler for (kill(2), NOTES).
        let first = self.processes.at(process).parent.is_none();
        let protected = first && self.action(process, signal).handler == action::DEFAULT;
        !protected && !self.ignores(process, signal)
    }

    /// Drops signals that are pending for a process or its thread.
    pub(crate) fn discard_pending<H: Host>(&mut self, host: &mut H, process: ProcessNo, signals: SignalSet) {
        let thread = self.processes.at(process).thread;
        loop {
            let pending = &mut self.processes.at_mut(process).pending;
            let mut taken = pending.take_lowest(&mut self.infos, signals);
            if taken.is_none() && self.threads.holds(thread) {
                taken = self.threads.at_mut(thread).pending.take_lowest(&mut self.infos, signals);
            }
            let Some((info, timer)) = taken else { return };
            host.event(Event::Discarded { process: self.process_id(process), signal: info.signal });
            if let Some(timer) = timer {
                self.timer_signal_dropped(timer);
            }
        }
    }

    fn generated<H: Host>(&self, host: &mut H, process: ProcessNo, signal: Signal, fate: Fate) {
        host.event(Event::Generated { process: self.process_id(process), signal, fate });
    }

    /// Whether a thread dies of this signal, which has been generated, before anything else: by SIGKILL, or if it isn't stopped
    /// and has no other signal to take.
    fn is_death_sentence(&self, thread: ThreadNo, signal: Signal) -> bool {
        let entry = self.threads.at(thread);
        let all = (entry.pending.set() | self.processes.at(entry.process).pending.set()) - entry.blocked;
        let next = entry.state != ThreadState::Stopped && all == SignalSet::of(signal);
        signal == Signal::SIGKILL || next && self.deadly_signals(thread).has(signal)
    }

    /// Wakes the thread if it can take the signal: one that waits, and for SIGKILL one that is stopped.
    fn announce<H: Host>(&mut self, host: &mut H, process: ProcessNo, (signal, code): (Signal, i32), new: bool) {
        self.generated(host, process, signal, if new { Fate::Pending } else { Fate::Coalesced });
        let thread = self.processes.at(process).thread;
        let entry = self.processes.at(process);
        if (entry.unreported.is_some() || entry.continued_untold) && self.is_death_sentence(thread, signal) {
            self.forget_change(process);
        }
        let entry = self.threads.at(thread);
        let awaited = matches!(entry.state, ThreadState::Blocked(WaitsFor::Signals { set, .. }) if set.has(signal))
            && !self.deadly_signals(thread).has(signal);
        if entry.blocked.has(signal) && !awaited {
            return;
        }
        match entry.state {
            ThreadState::Blocked(_) if !planted!(SignalWakesNobody) => {
                self.threads.at_mut(thread).interrupted = !awaited;
                self.make_ready(thread, Became::Woken);
                host.event(Event::Woken { thread: self.thread_id(thread), why: Waking::Signal { signal, code } });
            }
            ThreadState::Stopped if signal == Signal::SIGKILL && !planted!(KillLeavesStopped) => {
                self.processes.at_mut(process).stopped = false;
                // It dies at once: the call in which it was stopped isn't tried again, so it takes nothing any more.
                if self.threads.at(thread).call.is_some() {
                    self.release_held(host, thread);
                    self.abandon(host, thread);
                }
                self.make_ready(thread, Became::Continued);
            }
            _ => {}
        }
    }
}
