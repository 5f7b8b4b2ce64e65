//! Invariants about System V IPC.

use abi::{PAGE_SIZE, SEMVMX};

use crate::ids::ThreadNo;
use crate::invariants::{Broken, holds};
use crate::ipc::held::Held;
use crate::ipc::operation::Stuck;
use crate::kernel::Kernel;
use crate::thread::{QueueName, ThreadState};

impl Kernel {
    pub(super) fn segments_are_right(&self) -> Result<(), Broken> {
        let mut pages = 0;
        for (slot, segment) in self.segments.table.iter() {
            let object = self.objects.get(segment.object);
            holds(object.is_some_and(|object| object.segment == Some(slot)), slot.index())?;
            pages += segment.pages();
        }
        holds(self.segments.is_sound(&self.nodes), 0)?;
        holds(pages == u64::from(self.segment_pages), 0)
    }

    pub(super) fn messages_are_right(&self) -> Result<(), Broken> {
        holds(self.queues.is_sound(&self.nodes), 0)?;
        let mut standing = 0;
        for (slot, queue) in self.queues.table.iter() {
            let mut bytes = 0;
            for message in queue.messages.iter(&self.messages) {
                holds(self.messages.holds(message), slot.index())?;
                bytes += u64::from(self.messages.at(message).bytes);
                standing += 1;
            }
            holds(bytes == queue.bytes, slot.index())?;
        }
        for (slot, thread) in self.threads.iter() {
            if let Held::Message(message) = thread.held {
                holds(thread.call.is_some() && self.messages.holds(message), slot.index())?;
                standing += 1;
            }
        }
        for (slot, message) in self.messages.iter() {
            let frames = message.frames.iter().flatten().count();
            holds(message.kind > 0 && frames == (message.bytes as usize).div_ceil(PAGE_SIZE), slot.index())?;
        }
        holds(standing == self.messages.len(), 0)
    }

    pub(super) fn semaphores_are_right(&self) -> Result<(), Broken> {
        holds(self.sets.is_sound(&self.nodes), 0)?;
        let mut semaphores = 0;
        for (slot, set) in self.sets.table.iter() {
            for number in 0..set.size {
                let semaphore = self.semaphore(slot, number).ok_or(slot.index())?;
                let entry = self.semaphores.get(semaphore).ok_or(slot.index())?;
                holds(entry.set == slot && entry.number == number, slot.index())?;
                holds(i32::from(entry.value) <= SEMVMX, slot.index())?;
                semaphores += 1;
            }
            let at_set = set.changers.iter(&self.threads).chain(set.zero_waiters.iter(&self.threads));
            let complex =
                |thread: &ThreadNo| matches!(self.threads.at(*thread).held, Held::Operations { count: 2.., .. });
            holds(usize::from(set.complex_waiters) == at_set.filter(complex).count(), slot.index())?;
            holds(set.complex_waiters > 0 || set.changers.is_empty(), slot.index())?;
        }
        holds(semaphores == self.semaphores.len(), 0)?;
        let mut operations = 0;
        for (slot, thread) in self.threads.iter() {
            if let Held::Operations { set, first, count, waits_at } = thread.held {
                holds(thread.call.is_some() && self.sets.table.holds(set) && waits_at < count, slot.index())?;
                holds(self.operation_chain(first).count() == usize::from(count), slot.index())?;
                operations += usize::from(count);
            }
        }
        holds(operations == self.operations.len(), 0)
    }

    pub(super) fn undos_are_right(&self) -> Result<(), Broken> {
        let mut entries = 0;
        for (slot, process) in self.processes.iter() {
            for undo in process.undos.iter(&self.undos) {
                let entry = self.undos.get(undo).ok_or(slot.index())?;
                holds(entry.process == slot && !process.is_zombie(), slot.index())?;
                holds(self.undo_of(slot, entry.semaphore) == Some(undo), slot.index())?;
                holds(entry.adjustment != 0 || self.is_awaited(undo), slot.index())?;
                entries += 1;
            }
        }
        for (slot, semaphore) in self.semaphores.iter() {
            for undo in semaphore.undos.iter(&self.undos) {
                holds(self.undos.get(undo).is_some_and(|entry| entry.semaphore == slot), slot.index())?;
                entries += 1;
            }
        }
        // Each stands in both lists.
        holds(entries == 2 * self.undos.len(), 0)
    }

    /// No one sleeps while there is work: a message that a receiver wants, room for what a sender has, values that let all
    /// operations of a waiter be carried out.
    pub(super) fn nobody_sleeps_over_ipc(&self) -> Result<(), Broken> {
        for (slot, queue) in self.queues.table.iter() {
            for receiver in self.asleep(QueueName::Receivers(slot)) {
                let (selection, _) = self.wish_of(receiver).ok_or(receiver.index())?;
                holds(selection.pick(&queue.messages, &self.messages).is_none(), receiver.index())?;
            }
            for sender in self.asleep(QueueName::Senders(slot)) {
                let bytes = self.held_bytes(sender).ok_or(sender.index())?;
                holds(!queue.fits(bytes), sender.index())?;
            }
        }
        for (slot, thread) in self.threads.iter() {
            if let (ThreadState::Blocked(_), Held::Operations { set, first, waits_at, .. }) =
                (thread.state, thread.held)
            {
                let operations = self.copy_operations(first);
                let stuck = self.try_operations(set, thread.process, &operations);
                // Who waits for several to be zero is looked at again when something is zero, as on Linux. Until then something
                // before what it waits for may have risen as well, for which it may not wait.
                let waits_for_zeros = operations.iter().all(|operation| operation.op == 0);
                let is_stuck = match stuck {
                    Err(Stuck::At(index)) if waits_for_zeros => index <= waits_at.into(),
                    Err(Stuck::Fails(abi::Errno::EAGAIN)) if waits_for_zeros => true,
                    stuck => stuck == Err(Stuck::At(waits_at.into())),
                };
                holds(is_stuck, slot.index())?;
            }
        }
        Ok(())
    }

    /// Those of a queue who haven't been woken.
    fn asleep(&self, queue: QueueName) -> impl Iterator<Item = ThreadNo> {
        let waiters = self.queue(queue).iter(&self.threads);
        waiters.filter(|waiter| matches!(self.threads.at(*waiter).state, ThreadState::Blocked(_)))
    }
}
