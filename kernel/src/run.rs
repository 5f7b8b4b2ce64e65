//! The entry points of a running thread: `trap`, when its user code stops, and `resume`, to ask what it does next.
//!
//! Signals are delivered in `resume`, on the way back to user code, and nowhere else.

use abi::{
    BUS_ADRALN, BUS_ADRERR, Errno, FPE_INTDIV, ILL_ILLOPC, PAGE_SIZE, SEGV_ACCERR, SEGV_MAPERR, SI_KERNEL, Signal,
    Syscall,
};

use crate::dispatch::Carried;
use crate::entry::{Resume, Trap, Trapped};
use crate::host::{Event, Host};
use crate::ids::{CpuNo, ThreadNo};
use crate::kernel::Kernel;
use crate::limits::TRAP_US;
use crate::mem::fault::Fault;
use crate::signal::deliver::Delivered;
use crate::signal::queue::Info;
use crate::thread::{Next, ThreadState, Usage};

impl Kernel {
    /// The running thread's user code stopped, because of `trap`. Charges its time; ticks and timers that fall due happen.
    pub fn trap<H: Host>(&mut self, host: &mut H, cpu: CpuNo, trap: Trap) -> Trapped {
        let call = match &trap {
            Trap::Call(call) => Some(*call),
            Trap::Syscall { number, arguments } => Syscall::decode(*number, *arguments),
            _ => None,
        };
        if let Some(call) = call {
            return self.call(host, cpu, &call);
        }
        let Some(thread) = self.enter(host, cpu) else { return Trapped::Ended };
        match trap {
            Trap::Call(_) | Trap::Syscall { .. } => {
                self.threads.at_mut(thread).next = Next::Return(Errno::ENOSYS.to_return());
                Trapped::Ready
            }
            Trap::PageFault { address, write } => self.trapped_access(host, thread, address, write),
            Trap::Misaligned { address } => self.trapped_fault(host, thread, Signal::SIGBUS, BUS_ADRALN, address),
            Trap::Jump { address } => {
                let process = self.threads.at(thread).process;
                let regions = &self.processes.at(process).space.regions;
                let mapped = regions.find(address / PAGE_SIZE as u64).is_some();
                let code = if mapped { SEGV_ACCERR } else { SEGV_MAPERR };
                self.trapped_fault(host, thread, Signal::SIGSEGV, code, address)
            }
            Trap::IllegalInstruction => self.trapped_fault(host, thread, Signal::SIGILL, ILL_ILLOPC, 0),
            Trap::DivideByZero => self.trapped_fault(host, thread, Signal::SIGFPE, FPE_INTDIV, 0),
            Trap::Abort => {
                self.threads.at_mut(thread).next = Next::Access;
                self.terminate(host, thread, Info::kernel(Signal::SIGABRT, SI_KERNEL));
                Trapped::Ended
            }
        }
    }

    /// The same as [`Kernel::trap`] with [`Trap::Call`], without copying the call on its way: it is large, and on the path
    /// of everything.
    #[inline]
    pub fn call<H: Host>(&mut self, host: &mut H, cpu: CpuNo, call: &Syscall) -> Trapped {
        let Some(thread) = self.enter(host, cpu) else { return Trapped::Ended };
        if host.listens_to_calls() {
            host.event(Event::Entered { thread: self.thread_id(thread), call });
        }
        let entry = self.threads.at_mut(thread);
        entry.call = Some(*call);
        entry.next = Next::Call;
        match self.carry_out(host, thread, call) {
            Carried::Out | Carried::Busy => Trapped::Ready,
            Carried::Waiting if self.has_deliverable(thread) => {
                self.unblock(thread);
                Trapped::Ready
            }
            Carried::Waiting => {
                if host.listens_to_calls() {
                    host.event(Event::Blocked { thread: self.thread_id(thread), call });
                }
                Trapped::Blocked
            }
            Carried::Forked(child) => Trapped::Forked(child),
            Carried::Ended => Trapped::Ended,
        }
    }

    /// Who traps; charges the time of it.
    #[inline(always)]
    fn enter<H: Host>(&mut self, host: &mut H, cpu: CpuNo) -> Option<ThreadNo> {
        let thread = self.cpu(cpu).current?;
        self.threads.at_mut(thread).usage.stime_us += TRAP_US;
        self.advance(host, cpu, TRAP_US);
        Some(thread)
    }

    /// What the running thread does now. If it has been continued, it tells its parent. A call that waited is tried again,
    /// then signals are delivered.
    #[inline]
    pub fn resume<H: Host>(&mut self, host: &mut H, cpu: CpuNo) -> Resume {
        let Some(thread) = self.cpu(cpu).current else { return Resume::Blocked };
        let entry = self.threads.at(thread);
        // Mostly its call is over, and there is no signal.
        if !entry.next.is_call() && !self.has_deliverable(thread) && !self.processes.at(entry.process).continued_untold
        {
            return self.go_on(thread);
        }
        self.retry_and_deliver(host, thread)
    }

    #[inline(never)]
    fn retry_and_deliver<H: Host>(&mut self, host: &mut H, thread: ThreadNo) -> Resume {
        let process = self.threads.at(thread).process;
        if self.processes.at(process).continued_untold {
            self.tell_of_continuation(host, process);
            return Resume::Continued;
        }
        loop {
            if let Next::Call = self.threads.at(thread).next
                && !self.leaves_suspension(thread)
                && let Some(resume) = self.retry(host, thread)
            {
                return resume;
            }
            if !self.has_deliverable(thread) {
                if let Next::CallAfterSignals = self.threads.at(thread).next {
                    self.threads.at_mut(thread).next = Next::Call;
                    continue;
                }
                return self.go_on(thread);
            }
            match self.deliver(host, thread) {
                Delivered::Nothing => {
                    // A call that was woken for nothing goes to the tail of its queue, as on Linux.
                    if let Some(queue) = self.leave_queue(thread) {
                        self.settle(host, queue);
                    }
                }
                Delivered::Handler(resume) => return resume,
                Delivered::Stopped | Delivered::Ended => return Resume::Blocked,
            }
        }
    }

    /// Tries the call again that the thread is in. `None`: it is over, or signals have to be looked at first.
    fn retry<H: Host>(&mut self, host: &mut H, thread: ThreadNo) -> Option<Resume> {
        let call = self.threads.at(thread).call?;
        match self.carry_out(host, thread, &call) {
            Carried::Busy if !self.has_deliverable(thread) => Some(Resume::Busy),
            Carried::Out | Carried::Busy | Carried::Forked(_) => None,
            Carried::Waiting if self.has_deliverable(thread) => {
                // It would wait, but a signal is there: it doesn't get to sleep.
                self.unblock(thread);
                self.end_partial_transfer(host, thread);
                None
            }
            Carried::Waiting | Carried::Ended => Some(Resume::Blocked),
        }
    }

    /// Takes a thread that has just begun to wait back onto its CPU.
    fn unblock(&mut self, thread: ThreadNo) {
        let entry = self.threads.at_mut(thread);
        entry.state = ThreadState::Running;
        self.cpu_mut(CpuNo(0)).current = Some(thread);
    }

    #[inline(always)]
    fn go_on(&mut self, thread: ThreadNo) -> Resume {
        let entry = self.threads.at_mut(thread);
        let next = entry.next;
        if !next.is_call() {
            // It is told once. What it does then is its hart's business, until it traps: it may be in the middle of
            // accesses that the kernel doesn't see.
            entry.next = Next::Access;
        }
        match next {
            Next::Return(value) => Resume::Return(value),
            Next::Access => Resume::Retry,
            Next::Start { stack_pointer } => {
                Resume::Start { image: self.processes.at(entry.process).image, stack_pointer }
            }
            Next::Call | Next::CallAfterSignals => Resume::Busy,
        }
    }

    fn trapped_access<H: Host>(&mut self, host: &mut H, thread: ThreadNo, address: u64, write: bool) -> Trapped {
        self.threads.at_mut(thread).next = Next::Access;
        let process = self.threads.at(thread).process;
        match self.serve_fault(host, process, address, write) {
            Ok(()) => {
                self.threads.at_mut(thread).usage.page_faults += 1;
                host.event(Event::PageFault { thread: self.thread_id(thread), address, write });
                Trapped::Ready
            }
            Err(Fault::NotMapped) => self.trapped_fault(host, thread, Signal::SIGSEGV, SEGV_MAPERR, address),
            Err(Fault::BehindEnd) => self.trapped_fault(host, thread, Signal::SIGBUS, BUS_ADRERR, address),
            Err(Fault::NotAllowed) => self.trapped_fault(host, thread, Signal::SIGSEGV, SEGV_ACCERR, address),
            Err(Fault::OutOfMemory) => {
                // As Linux's out-of-memory killer: the access can neither succeed nor be blamed on the program.
                log::debug!("out of memory: process {} is killed", self.threads.at(thread).tid);
                self.terminate(host, thread, Info::kernel(Signal::SIGKILL, SI_KERNEL));
                Trapped::Ended
            }
        }
    }

    /// A fault of the running thread becomes a signal at that very instruction.
    fn trapped_fault<H: Host>(
        &mut self,
        host: &mut H,
        thread: ThreadNo,
        signal: Signal,
        code: i32,
        address: u64,
    ) -> Trapped {
        self.threads.at_mut(thread).next = Next::Access;
        self.force_signal(host, thread, Info { value: address, ..Info::kernel(signal, code) });
        Trapped::Ready
    }

    /// What a thread and its process have used so far.
    pub(crate) fn usage_of(&self, process: crate::ids::ProcessNo) -> Usage {
        let entry = self.processes.at(process);
        let mut usage = entry.usage;
        if let Some(thread) = self.threads.get(entry.thread) {
            usage.add(&thread.usage);
        }
        usage
    }
}
