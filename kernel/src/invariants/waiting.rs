//! Invariants about states, queues and wake-ups.

use abi::{SignalSet, Syscall};

use crate::ids::{CpuNo, ThreadNo};
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::name::inode::Kind;
use crate::sched::wait_queue::WaitQueue;
use crate::thread::{Next, QueueName, Thread, ThreadState, WaitsFor};

impl Kernel {
    pub(super) fn threads_agree(&self) -> Result<(), Broken> {
        for (slot, thread) in self.threads.iter() {
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
            holds(
                !thread.waiter.woken || matches!(thread.state, ThreadState::Ready | ThreadState::Running),
                slot.index(),
            )?;
            holds(matches!(thread.next, Next::Call) == thread.call.is_some(), slot.index())?;
        }
        Ok(())
    }

    pub(super) fn stopped_threads_stand_still(&self) -> Result<(), Broken> {
        for (slot, process) in self.processes.iter().filter(|(_, process)| process.stopped) {
            let thread = self.threads.get(process.thread).ok_or(slot.index())?;
            let runs = self.cpu(CpuNo(0)).current == Some(process.thread);
            let stands_still = thread.state == ThreadState::Stopped
                && thread.waiter.queue.is_none()
                && !thread.waiter.woken
                && thread.timer_us.is_none();
            holds(stands_still && !runs, slot.index())?;
        }
        Ok(())
    }

    /// Whether a blocked thread stands where those stand who wait for this.
    fn waits(&self, thread: &Thread, what: WaitsFor) -> bool {
        thread.waiter.queue == what.queue() && thread.timer_us == what.until_us()
    }

    pub(super) fn queues_are_sound(&self) -> Result<(), Broken> {
        let mut ready = 0;
        for thread in self.cpu(CpuNo(0)).scheduler.order(&self.threads) {
            ready += 1;
            holds(matches!(self.threads.at(thread).state, ThreadState::Ready), thread.index())?;
        }
        let saying_so = self.threads.iter().filter(|(_, thread)| matches!(thread.state, ThreadState::Ready)).count();
        holds(ready == saying_so && ready == self.runnable_count(CpuNo(0)), 0)?;

        let mut standing = 0;
        let mut sound = |queue: &WaitQueue, name: QueueName| -> Result<(), Broken> {
            let mut first = true;
            for thread in queue.iter(&self.threads) {
                standing += 1;
                let waiter = &self.threads.at(thread).waiter;
                // Several senders may be told at once that their messages would fit, and all receivers that their rights are
                // others now.
                let many = matches!(name, QueueName::Receivers(_) | QueueName::Senders(_));
                holds(waiter.queue == Some(name) && (first || many || !waiter.woken), thread.index())?;
                first = false;
            }
            Ok(())
        };
        for (slot, pipe) in self.pipes.iter() {
            sound(&pipe.waiting_readers, QueueName::PipeReaders(slot))?;
            sound(&pipe.waiting_writers, QueueName::PipeWriters(slot))?;
        }
        for (slot, queue) in self.mqueues.iter() {
            sound(&queue.waiting_receivers, QueueName::MqReceivers(slot))?;
            sound(&queue.waiting_senders, QueueName::MqSenders(slot))?;
        }
        for (slot, queue) in self.queues.table.iter() {
            sound(&queue.receivers, QueueName::Receivers(slot))?;
            sound(&queue.senders, QueueName::Senders(slot))?;
        }
        for (slot, set) in self.sets.table.iter() {
            sound(&set.changers, QueueName::SetChange(slot))?;
            sound(&set.zero_waiters, QueueName::SetZero(slot))?;
        }
        for (slot, semaphore) in self.semaphores.iter() {
            sound(&semaphore.changers, QueueName::SemaphoreChange(slot))?;
            sound(&semaphore.zero_waiters, QueueName::SemaphoreZero(slot))?;
        }
        for (slot, process) in self.processes.iter() {
            sound(&process.waiting_for_children, QueueName::Children(slot))?;
        }
        for (slot, inode) in self.inodes.iter() {
            if let Kind::Fifo(fifo) = &inode.kind {
                sound(&fifo.opening_readers, QueueName::FifoReaders(slot))?;
                sound(&fifo.opening_writers, QueueName::FifoWriters(slot))?;
            }
        }
        sound(&self.console.waiting_readers, QueueName::Console)?;
        sound(&self.tty.waiting_writers, QueueName::TerminalWriters)?;
        let saying_so = self.threads.iter().filter(|(_, thread)| thread.waiter.queue.is_some()).count();
        holds(standing == saying_so, 0)
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

    pub(super) fn no_wakeup_is_lost(&self) -> Result<(), Broken> {
        for (slot, thread) in self.threads.iter() {
            if let ThreadState::Blocked(_) = thread.state {
                holds(!self.has_deliverable(slot), slot.index())?;
            }
            if let ThreadState::Blocked(WaitsFor::Signals { set, .. }) = thread.state {
                let pending = thread.pending.set() | self.processes.at(thread.process).pending.set();
                holds(!pending.intersects(set), slot.index())?;
            }
            if let ThreadState::Blocked(WaitsFor::Child(_)) = thread.state {
                holds(!self.wait_would_end(slot, thread), slot.index())?;
            }
        }
        for (slot, pipe) in self.pipes.iter() {
            if let Some(reader) = self.asleep_first(&pipe.waiting_readers) {
                holds(!self.pipe_is_readable(slot), reader.index())?;
            }
            if let Some(writer) = self.asleep_first(&pipe.waiting_writers) {
                holds(!self.writer_can_go_on(slot, writer), writer.index())?;
            }
        }
        for (_, queue) in self.mqueues.iter() {
            // Not even those who are about to leave stand there: what they wait for would have been given to them.
            if let Some(receiver) = queue.waiting_receivers.first() {
                holds(queue.is_empty(), receiver.index())?;
            }
            if let Some(sender) = queue.waiting_senders.first() {
                holds(queue.is_full(), sender.index())?;
            }
        }
        if let Some(reader) = self.asleep_first(&self.console.waiting_readers) {
            let readable = if self.tty.present { self.tty.is_readable() } else { !self.console.input.is_empty() };
            holds(!readable && !self.console.ended, reader.index())?;
        }
        if let Some(writer) = self.asleep_first(&self.tty.waiting_writers) {
            holds(self.tty.output_waits() && !self.console.ended, writer.index())?;
        }
        match self.timers.iter().next() {
            Some((due_us, _)) => holds(due_us > self.now_us(), 0),
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

    pub(super) fn unblockable_signals_are_free(&self) -> Result<(), Broken> {
        for (slot, thread) in self.threads.iter() {
            let masks = thread.blocked | thread.saved_mask.unwrap_or_default();
            holds(!masks.intersects(SignalSet::UNBLOCKABLE), slot.index())?;
        }
        for (slot, _) in self.processes.iter() {
            let (ignored, caught) = self.ignored_and_caught(slot);
            holds(!(ignored | caught).intersects(SignalSet::UNBLOCKABLE), slot.index())?;
        }
        Ok(())
    }
}
