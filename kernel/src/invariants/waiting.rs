//! Invariants about states, queues and wake-ups.

use abi::{SignalSet, Syscall};

use crate::ids::{ActionsNo, CpuNo, InodeNo, MqueueNo, PipeNo, ProcessNo, QueueNo, SemaphoreNo, SetNo, ThreadNo};
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::name::inode::Kind;
use crate::sched::wait_queue::WaitQueue;
use crate::signal::action::DEFAULT;
use crate::thread::{Next, QueueName, Thread, ThreadState, WaitsFor};

impl Kernel {
    pub(super) fn thread_agrees(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let process = self.processes.get(thread.process).ok_or(slot.index())?;
        holds(process.thread == slot && !process.is_zombie(), slot.index())?;
        let running = self.cpu(CpuNo(0)).current == Some(slot);
        let in_call = thread.call.is_some() && matches!(thread.next, Next::Call);
        let agrees = match thread.state {
            ThreadState::Running => running && !process.stopped,
            ThreadState::Ready => !running && !process.stopped,
            ThreadState::Blocked(what) => !running && in_call && !process.stopped && self.waits(thread, what),
            ThreadState::Stopped => {
                !running && process.stopped && thread.waiter.queue.is_none() && thread.timer_us.is_none()
            }
        };
        holds(agrees, slot.index())?;
        let awake = matches!(thread.state, ThreadState::Ready | ThreadState::Running);
        holds(!thread.waiter.woken || awake, slot.index())?;
        holds(!process.continued_untold || awake, slot.index())?;
        holds(thread.next.is_call() == thread.call.is_some(), slot.index())
    }

    pub(super) fn stopped_thread_stands_still(&self, slot: ProcessNo) -> Result<(), Broken> {
        let process = self.processes.at(slot);
        if !process.stopped {
            return Ok(());
        }
        let thread = self.threads.get(process.thread).ok_or(slot.index())?;
        let runs = self.cpu(CpuNo(0)).current == Some(process.thread);
        let stands_still = thread.state == ThreadState::Stopped
            && thread.waiter.queue.is_none()
            && !thread.waiter.woken
            && thread.timer_us.is_none();
        holds(stands_still && !runs, slot.index())
    }

    /// Whether a blocked thread stands where those stand who wait for this.
    fn waits(&self, thread: &Thread, what: WaitsFor) -> bool {
        thread.waiter.queue == what.queue() && thread.timer_us == what.until_us()
    }

    pub(super) fn run_queue_is_sound(&self) -> Result<(), Broken> {
        let mut ready = 0;
        for thread in self.cpu(CpuNo(0)).scheduler.order(&self.threads) {
            ready += 1;
            holds(matches!(self.threads.at(thread).state, ThreadState::Ready), thread.index())?;
        }
        let saying_so = self.threads.iter().filter(|(_, thread)| matches!(thread.state, ThreadState::Ready)).count();
        holds(ready == saying_so && ready == self.runnable_count(CpuNo(0)), 0)
    }

    /// A queue is as long as it says, and who stands in it says so. That nobody else says so is a matter of counting.
    fn queue_is_sound(&self, queue: &WaitQueue, name: QueueName) -> Result<(), Broken> {
        let (mut first, mut standing) = (true, 0);
        // Several senders may be told at once that their messages would fit, and all receivers that their rights are
        // others now.
        let many = matches!(name, QueueName::Receivers(_) | QueueName::Senders(_));
        for thread in queue.iter(&self.threads) {
            standing += 1;
            let waiter = &self.threads.at(thread).waiter;
            holds(waiter.queue == Some(name) && (first || many || !waiter.woken), thread.index())?;
            first = false;
        }
        holds(standing == queue.len(), 0)
    }

    pub(super) fn pipe_queues_are_sound(&self, slot: PipeNo) -> Result<(), Broken> {
        let pipe = self.pipes.at(slot);
        self.queue_is_sound(&pipe.waiting_readers, QueueName::PipeReaders(slot))?;
        self.queue_is_sound(&pipe.waiting_writers, QueueName::PipeWriters(slot))
    }

    pub(super) fn mqueue_queues_are_sound(&self, slot: MqueueNo) -> Result<(), Broken> {
        let queue = self.mqueues.at(slot);
        self.queue_is_sound(&queue.waiting_receivers, QueueName::MqReceivers(slot))?;
        self.queue_is_sound(&queue.waiting_senders, QueueName::MqSenders(slot))
    }

    pub(super) fn message_queue_queues_are_sound(&self, slot: QueueNo) -> Result<(), Broken> {
        let queue = self.queues.table.at(slot);
        self.queue_is_sound(&queue.receivers, QueueName::Receivers(slot))?;
        self.queue_is_sound(&queue.senders, QueueName::Senders(slot))
    }

    pub(super) fn set_queues_are_sound(&self, slot: SetNo) -> Result<(), Broken> {
        let set = self.sets.table.at(slot);
        self.queue_is_sound(&set.changers, QueueName::SetChange(slot))?;
        self.queue_is_sound(&set.zero_waiters, QueueName::SetZero(slot))
    }

    pub(super) fn semaphore_queues_are_sound(&self, slot: SemaphoreNo) -> Result<(), Broken> {
        let semaphore = self.semaphores.at(slot);
        self.queue_is_sound(&semaphore.changers, QueueName::SemaphoreChange(slot))?;
        self.queue_is_sound(&semaphore.zero_waiters, QueueName::SemaphoreZero(slot))
    }

    pub(super) fn process_queue_is_sound(&self, slot: ProcessNo) -> Result<(), Broken> {
        self.queue_is_sound(&self.processes.at(slot).waiting_for_children, QueueName::Children(slot))
    }

    pub(super) fn fifo_queues_are_sound(&self, slot: InodeNo) -> Result<(), Broken> {
        let Kind::Fifo(fifo) = &self.inodes.at(slot).kind else { return Ok(()) };
        self.queue_is_sound(&fifo.opening_readers, QueueName::FifoReaders(slot))?;
        self.queue_is_sound(&fifo.opening_writers, QueueName::FifoWriters(slot))
    }

    pub(super) fn console_queues_are_sound(&self) -> Result<(), Broken> {
        self.queue_is_sound(&self.console.waiting_readers, QueueName::Console)?;
        self.queue_is_sound(&self.tty.waiting_writers, QueueName::TerminalWriters)
    }

    pub(super) fn wait_indexes_are_sound(&self) -> Result<(), Broken> {
        let mut places = 0;
        for (slot, _) in self.queues.table.iter() {
            places += self.index_is_sound(QueueName::Receivers(slot))?;
            places += self.index_is_sound(QueueName::Senders(slot))?;
        }
        for (slot, _) in self.semaphores.iter() {
            places += self.index_is_sound(QueueName::SemaphoreChange(slot))?;
        }
        let having = self.threads.iter().filter(|(_, thread)| thread.waiter.place.is_some()).count();
        holds(places == self.places.len() && places == having, 0)
    }

    pub(super) fn thread_has_no_signal_to_take(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let ThreadState::Blocked(what) = thread.state else { return Ok(()) };
        holds(!self.has_deliverable(slot), slot.index())?;
        let WaitsFor::Signals { set, .. } = what else { return Ok(()) };
        let pending = thread.pending.set() | self.processes.at(thread.process).pending.set();
        holds(!pending.intersects(set), slot.index())
    }

    pub(super) fn waits_for_children_rightly(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let waits = matches!(thread.state, ThreadState::Blocked(WaitsFor::Child(_)));
        holds(!waits || !self.wait_would_end(slot, thread), slot.index())
    }

    pub(super) fn nobody_sleeps_over_a_pipe(&self, slot: PipeNo) -> Result<(), Broken> {
        let pipe = self.pipes.at(slot);
        if let Some(reader) = self.asleep_first(&pipe.waiting_readers) {
            holds(!self.pipe_is_readable(slot), reader.index())?;
        }
        match self.asleep_first(&pipe.waiting_writers) {
            Some(writer) => holds(!self.pipe_is_writable(slot), writer.index()),
            None => Ok(()),
        }
    }

    /// Not even those who are about to leave stand there: what they wait for would have been given to them.
    pub(super) fn nobody_sleeps_over_a_queue(&self, slot: MqueueNo) -> Result<(), Broken> {
        let queue = self.mqueues.at(slot);
        if let Some(receiver) = queue.waiting_receivers.first() {
            holds(queue.is_empty(), receiver.index())?;
        }
        match queue.waiting_senders.first() {
            Some(sender) => holds(queue.is_full(), sender.index()),
            None => Ok(()),
        }
    }

    pub(super) fn nobody_sleeps_over_the_console(&self) -> Result<(), Broken> {
        if let Some(reader) = self.asleep_first(&self.console.waiting_readers) {
            let readable = if self.tty.present { self.tty.is_readable() } else { !self.console.input.is_empty() };
            holds(!readable && !self.console.ended, reader.index())?;
        }
        match self.asleep_first(&self.tty.waiting_writers) {
            Some(writer) => holds(self.tty.output_waits() && !self.console.ended, writer.index()),
            None => Ok(()),
        }
    }

    pub(super) fn nothing_is_overdue(&self) -> Result<(), Broken> {
        match self.next_timer_us() {
            Some(due_us) => holds(due_us > self.now_us(), 0),
            None => Ok(()),
        }
    }

    /// The first of a queue, if it hasn't been woken.
    fn asleep_first(&self, queue: &WaitQueue) -> Option<ThreadNo> {
        queue.first().filter(|thread| !self.threads.at(*thread).waiter.woken && self.is_blocked(*thread))
    }

    /// Whether the `wait4` or `waitid` that a thread is blocked in would find a child to report, or none to wait for.
    fn wait_would_end(&self, _: ThreadNo, thread: &Thread) -> bool {
        match thread.call {
            Some(Syscall::Wait4 { pid, options, .. }) => self.wait4_would_end(thread.process, pid, options),
            Some(Syscall::Waitid { kind, id, options, .. }) => self.waitid_would_end(thread.process, kind, id, options),
            _ => true,
        }
    }

    pub(super) fn unblockable_signals_are_not_blocked(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let masks = thread.blocked | thread.saved_mask.unwrap_or_default();
        holds(!masks.intersects(SignalSet::UNBLOCKABLE), slot.index())
    }

    pub(super) fn unblockable_signals_have_no_action(&self, slot: ActionsNo) -> Result<(), Broken> {
        let acted_on = self.actions.at(slot).having(|handler| handler != DEFAULT);
        holds(!acted_on.intersects(SignalSet::UNBLOCKABLE), slot.index())
    }
}
