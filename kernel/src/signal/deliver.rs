//! How a signal is delivered: on the way back to user code, one after the other, the lowest number first, those that a
//! fault raised before all others, those of the thread before those of the process.

use abi::{DefaultAction, Errno, Layout, SigActionFlags, Signal, SignalSet, Syscall, Timespec};

use crate::entry::Resume;
use crate::host::Host;
use crate::ids::ThreadNo;
use crate::kernel::Kernel;
use crate::signal::action::{self, Action};
use crate::thread::Next;

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
        !((entry.pending | self.processes.at(entry.process).pending) - entry.blocked).is_empty()
    }

    /// Delivers to the running thread what is deliverable, until something changes what it does.
    pub(crate) fn deliver<H: Host>(&mut self, host: &mut H, thread: ThreadNo) -> Delivered {
        while let Some(signal) = self.take_deliverable(thread) {
            let process = self.threads.at(thread).process;
            let action = self.action(process, signal);
            match (action.handler, signal.default_action()) {
                (action::IGNORE, _) => {}
                (action::DEFAULT, DefaultAction::Ignore | DefaultAction::Continue) => {}
                (action::DEFAULT, DefaultAction::Stop) => {
                    // Only SIGSTOP stops a group that nobody could continue.
                    if signal == Signal::SIGSTOP || !self.group_is_orphaned(process) {
                        self.stop_process(host, thread, signal);
                        return Delivered::Stopped;
                    }
                }
                (action::DEFAULT, DefaultAction::Terminate | DefaultAction::Core) => {
                    self.terminate(host, thread, signal);
                    return Delivered::Ended;
                }
                _ => return Delivered::Handler(self.enter_handler(host, thread, signal, action)),
            }
        }
        Delivered::Nothing
    }

    fn take_deliverable(&mut self, thread: ThreadNo) -> Option<Signal> {
        let entry = self.threads.at(thread);
        let own = entry.pending - entry.blocked;
        let shared = self.processes.at(entry.process).pending - entry.blocked;
        let process = entry.process;
        let urgent = (own & SignalSet::SYNCHRONOUS).lowest();
        if let Some(signal) = urgent.or(own.lowest()) {
            self.threads.at_mut(thread).pending.remove(SignalSet::of(signal));
            return Some(signal);
        }
        let signal = shared.lowest()?;
        self.processes.at_mut(process).pending.remove(SignalSet::of(signal));
        Some(signal)
    }

    fn enter_handler<H: Host>(&mut self, host: &mut H, thread: ThreadNo, signal: Signal, action: Action) -> Resume {
        let returns = self.interrupt(host, thread, action);
        let process = self.threads.at(thread).process;
        if action.flags.contains(SigActionFlags::SA_RESETHAND) {
            self.set_action(process, signal, Action { handler: action::DEFAULT, ..action });
        }
        let entry = self.threads.at_mut(thread);
        let mask = entry.blocked;
        entry.blocked |= action.mask;
        if !action.flags.contains(SigActionFlags::SA_NODEFER) {
            entry.blocked |= SignalSet::of(signal);
        }
        Resume::Handler { signal, handler: action.handler, mask, returns }
    }

    /// Ends the call that the thread is in, or arranges for it to be made again; what it returns after the handler, if it
    /// isn't made again.
    fn interrupt<H: Host>(&mut self, host: &mut H, thread: ThreadNo, action: Action) -> Option<i64> {
        let entry = self.threads.at(thread);
        let (next, progress, process) = (entry.next, entry.progress, entry.process);
        match (next, entry.call) {
            (Next::Return(value), _) => Some(value),
            (Next::Call, Some(call)) => {
                let restart = action.flags.contains(SigActionFlags::SA_RESTART);
                let result = match call {
                    Syscall::Write { .. } if progress > 0 => Ok(progress as i64),
                    Syscall::Compute { duration } => Ok(duration.0.saturating_sub(progress) as i64),
                    Syscall::Nanosleep { remaining, .. } => {
                        if !remaining.is_null() {
                            let left = Timespec::from_us(progress.saturating_sub(self.now_us()));
                            let mut bytes = [0; Timespec::SIZE];
                            left.store(&mut bytes);
                            let _ = self.copy_to_user(host, process, remaining.address, &bytes);
                        }
                        Err(Errno::EINTR)
                    }
                    _ if restart => {
                        self.abandon(host, thread);
                        return None;
                    }
                    _ => Err(Errno::EINTR),
                };
                let value = result.unwrap_or_else(Errno::to_return);
                self.finish(host, thread, &call, Next::Return(value), result);
                Some(value)
            }
            _ => None,
        }
    }

    /// The call will be made again from the start, after the handler.
    fn abandon<H: Host>(&mut self, host: &mut H, thread: ThreadNo) {
        if let Some(queue) = self.leave_queue(thread) {
            self.settle(host, queue);
        }
        let entry = self.threads.at_mut(thread);
        entry.call = None;
        entry.progress = 0;
        entry.next = Next::Access;
    }
}
