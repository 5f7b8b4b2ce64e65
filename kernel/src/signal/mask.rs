//! Masks and waiting for signals: `rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait` (`sigprocmask(2)`,
//! `sigpending(2)`, `sigsuspend(2)`, `sigwaitinfo(2)`).

use abi::{DefaultAction, Errno, In, MaskHow, Out, SigInfo, Signal, SignalSet, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::{Event, Host};
use crate::ids::ThreadNo;
use crate::kernel::Kernel;
use crate::signal::queue::Info;
use crate::thread::WaitsFor;

/// Bytes of a signal set, which every call has to be told.
const SET_BYTES: u64 = 8;

impl Kernel {
    pub(crate) fn sys_rt_sigprocmask<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        how: MaskHow,
        set: In<SignalSet>,
        old: Out<SignalSet>,
        size: u64,
    ) -> Outcome {
        check_size(size)?;
        let before = self.threads.at(cx.thread).blocked;
        if !set.is_null() {
            let set: SignalSet = self.get(cx.host, cx.process, set.address)?;
            let set = set - SignalSet::UNBLOCKABLE;
            let after = match how {
                MaskHow::SIG_BLOCK => before | set,
                MaskHow::SIG_UNBLOCK => before - set,
                MaskHow::SIG_SETMASK => set,
                _ => return Err(Errno::EINVAL),
            };
            self.threads.at_mut(cx.thread).blocked = after;
        }
        // Linux has set when a bad pointer for the old mask is noticed (seen on the host); so have we.
        if !old.is_null() {
            self.put(cx.host, cx.process, old.address, &before)?;
        }
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_rt_sigpending<H: Host>(&mut self, cx: &mut Cx<'_, H>, set: Out<SignalSet>, size: u64) -> Outcome {
        if size > SET_BYTES {
            return Err(Errno::EINVAL);
        }
        let thread = self.threads.at(cx.thread);
        let pending = (thread.pending.set() | self.processes.at(cx.process).pending.set()) & thread.blocked;
        self.put(cx.host, cx.process, set.address, &pending)?;
        Ok(Flow::Done(0))
    }

    /// Waits with another mask until a handler has run; never returns anything but `EINTR`. As on Linux, it goes on waiting after a
    /// handler that ran with the thread's own mask (`leaves_suspension`).
    pub(crate) fn sys_rt_sigsuspend<H: Host>(&mut self, cx: &mut Cx<'_, H>, mask: In<SignalSet>, size: u64) -> Outcome {
        check_size(size)?;
        if self.threads.at(cx.thread).saved_mask.is_none() {
            let mask: SignalSet = self.get(cx.host, cx.process, mask.address)?;
            let thread = self.threads.at_mut(cx.thread);
            thread.saved_mask = Some(thread.blocked);
            thread.blocked = mask - SignalSet::UNBLOCKABLE;
        }
        Ok(Flow::Wait(WaitsFor::Signal))
    }

    /// A `rt_sigsuspend` whose signals have all been dealt with, without a handler that would end it, starts anew (after a
    /// stop, or for a signal that was discarded). In between the thread has its own mask, as on Linux: whether that lets a
    /// signal through.
    pub(crate) fn leaves_suspension(&mut self, thread: ThreadNo) -> bool {
        if self.threads.at(thread).saved_mask.is_none() || self.has_deliverable(thread) {
            return false;
        }
        let entry = self.threads.at_mut(thread);
        if let Some(mask) = entry.saved_mask.take() {
            entry.blocked = mask;
        }
        self.has_deliverable(thread)
    }

    /// Takes a pending signal of a set, or waits for one. The thread's `progress` is when the wait ends.
    pub(crate) fn sys_rt_sigtimedwait<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        set: In<SignalSet>,
        info: Out<SigInfo>,
        timeout: In<Timespec>,
        size: u64,
    ) -> Outcome {
        check_size(size)?;
        let set: SignalSet = self.get(cx.host, cx.process, set.address)?;
        let set = set - SignalSet::UNBLOCKABLE;
        let until_us = match (timeout.is_null(), self.threads.at(cx.thread).progress) {
            (true, _) => u64::MAX,
            (false, 0) => {
                let timeout: Timespec = self.get(cx.host, cx.process, timeout.address)?;
                self.time_after(timeout.to_us().ok_or(Errno::EINVAL)?)
            }
            (false, until_us) => until_us,
        };
        let deadly = self.deadly_signals(cx.thread);
        if let Some(taken) = self.take_signal(cx.thread, set - deadly) {
            let process = self.process_id(cx.process);
            cx.host.event(Event::Accepted { process, signal: taken.signal });
            // Linux has taken it when a bad pointer is noticed (seen on the host); so have we.
            if !info.is_null() {
                self.put(cx.host, cx.process, info.address, &taken.to_abi())?;
            }
            return Ok(Flow::Done(taken.signal.number().into()));
        }
        if self.threads.at(cx.thread).interrupted {
            return Err(Errno::EINTR);
        }
        if self.now_us() >= until_us {
            return Err(Errno::EAGAIN);
        }
        let until_us = (!timeout.is_null()).then_some(until_us);
        self.threads.at_mut(cx.thread).progress = until_us.unwrap_or(0);
        Ok(Flow::Wait(WaitsFor::Signals { set, until_us }))
    }

    /// The signals that end the process as soon as they are generated, whoever waits for them: unblocked ones that
    /// terminate by default, without a core image (as Linux's `complete_signal` has it).
    pub(crate) fn deadly_signals(&self, thread: ThreadNo) -> SignalSet {
        let entry = self.threads.at(thread);
        let (ignored, caught) = self.ignored_and_caught(entry.process);
        let terminating =
            SignalSet::all().signals().filter(|signal| signal.default_action() == DefaultAction::Terminate);
        let terminating = terminating.fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal));
        terminating - ignored - caught - entry.blocked
    }

    /// Takes the lowest pending signal of a set: the thread's own first, then those of its process.
    pub(crate) fn take_signal(&mut self, thread: ThreadNo, set: SignalSet) -> Option<Info> {
        let process = self.threads.at(thread).process;
        let own = self.threads.at_mut(thread).pending.take_lowest(&mut self.infos, set);
        let (mut info, timer) = match own {
            Some(taken) => taken,
            None => {
                let taken = self.processes.at_mut(process).pending.take_lowest(&mut self.infos, set)?;
                if taken.0.signal == Signal::SIGALRM {
                    self.rearm_real_timer(process);
                }
                taken
            }
        };
        if let Some(timer) = timer {
            info.uid = self.timer_signal_taken(timer);
        }
        Some(info)
    }
}

fn check_size(size: u64) -> Result<(), Errno> {
    if size == SET_BYTES { Ok(()) } else { Err(Errno::EINVAL) }
}
