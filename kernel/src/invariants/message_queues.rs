//! Invariants about message queues.

use crate::file::description::Open;
use crate::ids::MqueueNo;
use crate::invariants::references::Counts;
use crate::invariants::{Broken, holds};
use crate::ipc::mqueue::queue::Mqueue;
use crate::ipc::mqueue::transfer::Exchange;
use crate::ipc::mqueue::user::charge;
use crate::kernel::Kernel;
use crate::limits::{MQ_MESSAGES, MQUEUES};
use crate::name::inode::Kind;
use crate::thread::QueueName;

impl Kernel {
    pub(super) fn message_queues_are_sound(&self) -> Result<(), Broken> {
        let mut inodes = Counts::<MQUEUES>::new();
        for (slot, inode) in self.inodes.iter() {
            if let Kind::Mqueue(queue) = inode.kind {
                holds(self.mqueues.holds(queue), slot.index())?;
                inodes.add(queue.index());
            }
        }
        for (slot, file) in self.files.iter() {
            let Open::Mqueue(queue) = file.open else { continue };
            let named = file.inode.and_then(|inode| self.inodes.get(inode)).map(|inode| inode.kind);
            holds(named == Some(Kind::Mqueue(queue)), slot.index())?;
        }
        let (mut queues, mut bytes) = (0, 0);
        for (slot, queue) in self.mqueues.iter() {
            holds(queue.is_sound(&self.mq_messages), slot.index())?;
            holds(inodes.get(slot.index()) == 1, slot.index())?;
            holds(self.notification_is_right(slot, queue), slot.index())?;
            queues += 1;
            bytes += charge(queue.max_messages, queue.message_bytes);
            holds(self.mq_users.iter().any(|(_, user)| user.uid == queue.charged_uid), slot.index())?;
        }
        let charged = |(all, sum), user: &crate::ipc::mqueue::user::MqUser| (all + user.queues, sum + user.bytes);
        let charged = self.mq_users.iter().map(|(_, user)| user).fold((0, 0), charged);
        holds(charged == (queues, bytes), 0)?;
        holds(self.mq_users.iter().all(|(_, user)| user.queues > 0), 0)
    }

    /// Whoever is to be told of a message has the queue open.
    fn notification_is_right(&self, slot: MqueueNo, queue: &Mqueue) -> bool {
        let Some(notification) = queue.notification else { return true };
        let Some(process) = self.processes.get(notification.process) else { return false };
        process.descriptors.iter().any(|(_, descriptor)| self.files.at(descriptor.file).open == Open::Mqueue(slot))
    }

    pub(super) fn messages_are_somewhere(&self) -> Result<(), Broken> {
        let mut places = Counts::<MQ_MESSAGES>::new();
        for (_, queue) in self.mqueues.iter() {
            queue.iter(&self.mq_messages).for_each(|(message, _)| places.add(message.index()));
        }
        for (slot, thread) in self.threads.iter() {
            if let Some(message) = thread.exchange.message() {
                holds(self.mq_messages.holds(message), slot.index())?;
                places.add(message.index());
            }
            // Who stands among the senders offers something; who has been served stands nowhere.
            holds(
                match thread.waiter.queue {
                    Some(QueueName::MqSenders(_)) => matches!(thread.exchange, Exchange::Offers(_)),
                    Some(QueueName::MqReceivers(_)) => thread.exchange == Exchange::Nothing,
                    _ => true,
                },
                slot.index(),
            )?;
        }
        for (slot, message) in self.mq_messages.iter() {
            holds(places.get(slot.index()) == 1 && message.is_sound(), slot.index())?;
        }
        Ok(())
    }
}
