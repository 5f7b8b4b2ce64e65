//! Who runs on a CPU, and when a thread gives way. The clock and the timer live here too: they are per CPU.

use crate::entry::{Pick, Picked};
use crate::host::{Event, Host};
use crate::ids::{CpuNo, ThreadId, ThreadNo};
use crate::kernel::Kernel;
use crate::sched::policy::{Became, Scheduler};
use crate::thread::{ThreadState, Threads};

/// One CPU.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cpu {
    /// Its clock, in microseconds since boot.
    pub now_us: u64,
    /// When its timer ticks next.
    pub next_tick_us: u64,
    /// Who runs.
    pub current: Option<ThreadNo>,
    /// Whoever runs has used up its quantum.
    pub quantum_used: bool,
    /// Who could run.
    pub scheduler: Scheduler,
}

impl Cpu {
    pub(crate) const NEW: Cpu =
        Cpu { now_us: 0, next_tick_us: 0, current: None, quantum_used: false, scheduler: Scheduler::DEFAULT };
}

impl Kernel {
    /// Whether `pick` has to be asked before the CPU goes on: nobody runs, or the quantum is used up and others wait.
    #[inline]
    pub fn needs_pick(&self, cpu: CpuNo) -> bool {
        let cpu = self.cpu(cpu);
        cpu.current.is_none() || cpu.quantum_used
    }

    /// Who runs.
    #[inline]
    pub fn current(&self, cpu: CpuNo) -> Option<ThreadId> {
        self.cpu(cpu).current.map(|thread| self.thread_id(thread))
    }

    /// Who could run, in the policy's order; whoever runs isn't among them.
    pub fn runnable(&self, cpu: CpuNo) -> impl Iterator<Item = ThreadId> + '_ {
        self.cpu(cpu).scheduler.order(&self.threads).map(|thread| self.thread_id(thread))
    }

    /// How many could run, besides whoever runs.
    #[inline]
    pub fn runnable_count(&self, cpu: CpuNo) -> usize {
        self.cpu(cpu).scheduler.count()
    }

    /// Decides who runs: by the policy, or by an explicit choice from outside. A choice that isn't runnable counts as none.
    pub fn pick<H: Host>(&mut self, host: &mut H, cpu: CpuNo, pick: Pick) -> Picked {
        let before = self.cpu(cpu).current;
        let chosen = match pick {
            Pick::Policy => None,
            Pick::Thread(id) => self.resolve_thread(id).filter(|&thread| {
                Some(thread) == before || matches!(self.threads.at(thread).state, ThreadState::Ready)
            }),
        };
        if let Some(current) = before {
            if chosen == before {
                return Picked::Thread(self.thread_id(current));
            }
            let became = if self.cpu(cpu).quantum_used { Became::QuantumUsed } else { Became::Preempted };
            self.threads.at_mut(current).usage.involuntary_switches += 1;
            self.make_ready(current, became);
        }
        let Some(thread) = chosen.or_else(|| self.cpu(cpu).scheduler.first()) else { return Picked::Idle };
        self.run(cpu, thread);
        let id = self.thread_id(thread);
        if Some(thread) != before {
            host.event(Event::Switched { thread: id });
        }
        Picked::Thread(id)
    }

    /// The timer ticks: whoever runs has one tick less of its quantum.
    pub fn tick(&mut self, cpu: CpuNo) {
        let waiting = self.runnable_count(cpu) > 0;
        let Some(current) = self.cpu(cpu).current else { return };
        let thread = self.threads.at_mut(current);
        thread.quantum_ticks = thread.quantum_ticks.saturating_sub(1);
        if thread.quantum_ticks > 0 {
            return;
        }
        if waiting {
            self.cpu_mut(cpu).quantum_used = true;
        } else {
            let quantum = self.cpu(cpu).scheduler.quantum_ticks();
            self.threads.at_mut(current).quantum_ticks = quantum;
        }
    }

    /// Puts a thread that isn't queued into the run queue.
    pub(crate) fn make_ready(&mut self, thread: ThreadNo, became: Became) {
        let cpu = CpuNo(0);
        self.threads.at_mut(thread).state = ThreadState::Ready;
        if self.cpu(cpu).current == Some(thread) {
            self.cpu_mut(cpu).current = None;
            self.cpu_mut(cpu).quantum_used = false;
        }
        let (scheduler, threads) = self.scheduler_mut(cpu);
        scheduler.insert(threads, thread, became);
    }

    /// Takes a ready thread out of the run queue.
    pub(crate) fn unqueue(&mut self, thread: ThreadNo) {
        let (scheduler, threads) = self.scheduler_mut(CpuNo(0));
        scheduler.remove(threads, thread);
    }

    /// A CPU's scheduler, and the threads that its lists go through.
    fn scheduler_mut(&mut self, cpu: CpuNo) -> (&mut Scheduler, &mut Threads) {
        match self.cpus.get_mut(cpu.index()) {
            Some(cpu) => (&mut cpu.scheduler, &mut self.threads),
            None => crate::bug("there is no such CPU"),
        }
    }

    /// Takes the running thread from its CPU, into `state`.
    pub(crate) fn leave_cpu(&mut self, thread: ThreadNo, state: ThreadState) {
        let cpu = self.cpu_mut(CpuNo(0));
        if cpu.current == Some(thread) {
            cpu.current = None;
            cpu.quantum_used = false;
        }
        let thread = self.threads.at_mut(thread);
        thread.state = state;
        thread.usage.voluntary_switches += 1;
    }

    fn run(&mut self, cpu: CpuNo, thread: ThreadNo) {
        self.unqueue(thread);
        let quantum = self.cpu(cpu).scheduler.quantum_ticks();
        let entry = self.threads.at_mut(thread);
        entry.state = ThreadState::Running;
        entry.quantum_ticks = quantum;
        let cpu = self.cpu_mut(cpu);
        cpu.current = Some(thread);
        cpu.quantum_used = false;
    }
}
