//! How a signal is delivered: on the way back to user code, one after the other, the lowest number first, those that a
//! fault raised before all others, those of the thread before those of the process; and SIGKILL before any of them.
//!
//! Each handler's frame is put on top of the one before, and only then does user code run: so of several signals that are
//! deliverable at once, the one delivered last is handled first, as on Linux.

use abi::{DefaultAction, Errno, SI_TKILL, SI_USER, SigActionFlags, Signal, SignalSet, Syscall};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::entry::Resume;
use crate::host::{Event, Host};
use crate::ids::{ProcessNo, ThreadId, ThreadNo};
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::signal::action::{self, Action};
use crate::signal::queue::Info;
use crate::thread::Next;
use crate::tty::Progress;

/// What delivering came to.
pub(crate) enum Delivered {
    /// Nothing that changes what the thread does.
    Nothing,
    /// A handler begins.
    Handler(Resume),
    /// The process stopped.
    Stopped,
    /// The process ended.
    Ended,
}

impl Kernel {
    /// Whether a signal waits that the thread doesn't block.
    #[inline]
    pub(crate) fn has_deliverable(&self, thread: ThreadNo) -> bool {
        let entry = self.threads.at(thread);
        !((entry.pending.set() | self.processes.at(entry.process).pending.set()) - entry.blocked).is_empty()
    }

    /// Whether a signal waits that the thread doesn't block: it would take it if it ran.
    pub fn has_signal_to_take(&self, thread: crate::ids::ThreadId) -> bool {
        self.thread(thread).is_some() && self.has_deliverable(thread.slot)
    }

    /// Delivers to the running thread what is deliverable, until something changes what it does.
    pub(crate) fn deliver<H: Host>(&mut self, host: &mut H, thread: ThreadNo) -> Delivered {
        while let Some(info) = self.take_deliverable(thread) {
            let signal = info.signal;
            let process = self.threads.at(thread).process;
            let action = self.action(process, signal);
            let id = self.process_id(process);
            match (action.handler, signal.default_action()) {
                (action::IGNORE, _) => {}
                (action::DEFAULT, DefaultAction::Ignore | DefaultAction::Continue) => {}
                // The action may have become the default after the signal was generated.
                (action::DEFAULT, _) if self.is_protected(process, &info) => {}
                (action::DEFAULT, DefaultAction::Stop) => {
                    // Only SIGSTOP stops a group that nobody could continue.
                    if signal == Signal::SIGSTOP || !self.group_is_orphaned(process) {
                        host.event(Event::Delivered { process: id, signal, handler: false });
                        self.stop_process(host, thread, signal);
                        return Delivered::Stopped;
                    }
                }
                (action::DEFAULT, DefaultAction::Terminate | DefaultAction::Core) => {
                    host.event(Event::Delivered { process: id, signal, handler: false });
                    self.terminate(host, thread, info);
                    return Delivered::Ended;
                }
                _ => {
                    host.event(Event::Delivered { process: id, signal, handler: true });
                    if planted!(DeliveredTwice) && info.code == SI_USER {
                        let again = Info { code: SI_TKILL, ..info };
                        self.threads.at_mut(thread).pending.add(&mut self.infos, again);
                    }
                    return Delivered::Handler(self.enter_handler(host, thread, info, action));
                }
            }
            host.event(Event::Discarded { process: id, signal });
        }
        Delivered::Nothing
    }

    /// Whether a signal leaves a process alone because it is PID 1, which only its own faults can end.
    fn is_protected(&self, process: ProcessNo, info: &Info) -> bool {
        let fault = SignalSet::SYNCHRONOUS.has(info.signal) && info.code > 0;
        self.processes.at(process).parent.is_none() && !fault
    }

    fn take_deliverable(&mut self, thread: ThreadNo) -> Option<Info> {
        // Before all others: a stop would leave nobody to take it.
        let kill = SignalSet::of(Signal::SIGKILL);
        if let Some(info) = self.take_signal(thread, kill) {
            return Some(info);
        }
        self.take_signal(thread, !self.threads.at(thread).blocked)
    }

    fn enter_handler<H: Host>(&mut self, host: &mut H, thread: ThreadNo, info: Info, action: Action) -> Resume {
        let returns = self.interrupt(host, thread, action);
        let process = self.threads.at(thread).process;
        if action.flags.contains(SigActionFlags::SA_RESETHAND) && !planted!(HandlerNotReset) {
            self.set_action(process, info.signal, Action { handler: action::DEFAULT, ..action });
        }
        let entry = self.threads.at_mut(thread);
        // After a rt_sigsuspend the mask from before it comes back.
        let saved = entry.saved_mask.take().filter(|_| !planted!(SuspendKeepsMask));
        let mask = saved.unwrap_or(entry.blocked);
        entry.blocked |= action.mask;
        if !action.flags.contains(SigActionFlags::SA_NODEFER) && !planted!(OwnSignalNotMasked) {
            entry.blocked |= SignalSet::of(info.signal);
        }
        entry.next = Next::Access;
        let mut stack_pointer = None;
        let stack = &mut entry.alternate_stack;
        let asked_for = action.flags.contains(SigActionFlags::SA_ONSTACK) && stack.bytes > 0;
        // A handler that interrupts one on the alternate stack runs there too.
        let on_alternate_stack = asked_for || stack.handlers > 0;
        if on_alternate_stack {
            if stack.handlers == 0 {
                stack_pointer = Some(stack.base.saturating_add(stack.bytes) & !15);
            }
            stack.handlers += 1;
        }
        Resume::Handler { info, handler: action.handler, mask, returns, stack_pointer, on_alternate_stack }
    }

    /// Ends the call that the thread is in, or arranges for it to be made again; what it returns after the handler, if it
    /// isn't made again.
    fn interrupt<H: Host>(&mut self, host: &mut H, thread: ThreadNo, action: Action) -> Option<i64> {
        let entry = self.threads.at(thread);
        match (entry.next, entry.call) {
            (Next::Return(value), _) => Some(value),
            (Next::Call | Next::CallAfterSignals, Some(call)) => {
                let restart = action.flags.contains(SigActionFlags::SA_RESTART) || planted!(InterruptionSwallowed);
                // `leaves_suspension` has given the mask back: the wait is over already, and another begins after the handler.
                let begins_anew = matches!(call, Syscall::RtSigsuspend { .. }) && entry.saved_mask.is_none();
                let result = match self.partial_result(host, thread, &call) {
                    Some(value) => Ok(value),
                    None if begins_anew || restart && restarts(&call) => {
                        self.abandon(host, thread);
                        return None;
                    }
                    None => Err(Errno::EINTR),
                };
                let value = result.unwrap_or_else(Errno::to_return);
                self.finish(host, thread, &call, Next::Return(value), result);
                Some(value)
            }
            _ => None,
        }
    }

    /// A transfer that waits and has done part of its work ends with that when a signal comes, whatever the signal does: as on
    /// Linux even if it only stops the process for a while, or is discarded.
    pub(crate) fn end_partial_transfer<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        let entry = self.threads.at(thread);
        if let (Next::Call, Some(call @ (Syscall::Read { .. } | Syscall::Write { .. }))) = (entry.next, entry.call)
            && let Some(value) = self.partial_result(host, thread, &call)
        {
            self.finish(host, thread, &call, Next::Return(value), Ok(value));
        }
    }

    /// What a call returns that has done part of its work; and what it leaves behind if it hasn't.
    fn partial_result<H: Host>(&mut self, host: &mut H, thread: ThreadNo, call: &Syscall) -> Option<i64> {
        let progress = self.threads.at(thread).progress;
        match *call {
            Syscall::Write { .. } if progress > 0 => Some(progress as i64),
            // Bytes from the terminal in raw mode, fewer than it wants.
            Syscall::Read { .. } if Progress::unpack(progress).taken > 0 => {
                Some(Progress::unpack(progress).taken as i64)
            }
            Syscall::Compute { duration } => Some(duration.0.saturating_sub(progress) as i64),
            _ => {
                // When it was stopped it was said already, and that stays.
                if let Next::Call = self.threads.at(thread).next {
                    self.report_remaining(host, thread, call);
                }
                None
            }
        }
    }

    /// The call will be made again from the start, after the handler; or never.
    pub(super) fn abandon<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        if let Some(queue) = self.leave_queue(thread) {
            self.settle(host, queue);
        }
        let entry = self.threads.at_mut(thread);
        entry.call = None;
        entry.progress = 0;
        entry.interrupted = false;
        entry.next = Next::Access;
        let exchanged = core::mem::take(&mut entry.exchange);
        self.drop_exchange(host, exchanged);
    }

    /// So many handlers of a thread that ran on the alternate stack will never return: its user code jumped out of them.
    pub fn left_alternate_stack(&mut self, thread: ThreadId, handlers: u32) {
        if self.thread(thread).is_some() {
            let stack = &mut self.threads.at_mut(thread.slot).alternate_stack;
            stack.handlers = stack.handlers.saturating_sub(handlers);
        }
    }

    /// A handler has returned: the mask and the interrupted context come back, as its hart kept them.
    pub(crate) fn sys_rt_sigreturn<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        mask: u64,
        retry: i32,
        value: i64,
        on_alternate_stack: i32,
    ) -> Outcome {
        let thread = self.threads.at_mut(cx.thread);
        thread.blocked = SignalSet::from_bits_retain(mask) - SignalSet::UNBLOCKABLE;
        if on_alternate_stack != 0 {
            thread.alternate_stack.handlers = thread.alternate_stack.handlers.saturating_sub(1);
        }
        match retry {
            0 => Ok(Flow::Done(value)),
            _ => Ok(Flow::Again),
        }
    }
}

/// Whether a call is made again after a handler with `SA_RESTART` (`signal(7)`, "Interruption of system calls").
fn restarts(call: &Syscall) -> bool {
    !matches!(
        call,
        Syscall::Nanosleep { .. }
            | Syscall::ClockNanosleep { .. }
            | Syscall::RtSigsuspend { .. }
            | Syscall::RtSigtimedwait { .. }
            | Syscall::Msgsnd { .. }
            | Syscall::Msgrcv { .. }
            | Syscall::Semop { .. }
            | Syscall::Semtimedop { .. }
    )
}
