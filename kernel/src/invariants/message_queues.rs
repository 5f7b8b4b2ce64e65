//! Invariants about message queues.

use crate::file::description::Open;
use crate::ids::{FileNo, MqueueNo, ThreadNo};
use crate::invariants::references::Counts;
use crate::invariants::{Broken, holds};
use crate::ipc::mqueue::transfer::Exchange;
use crate::kernel::Kernel;
use crate::limits::MQ_MESSAGES;
use crate::name::inode::Kind;
use crate::thread::QueueName;

impl Kernel {
    pub(super) fn open_queue_is_that_of_its_inode(&self, slot: FileNo) -> Result<(), Broken> {
        let file = self.files.at(slot);
        let Open::Mqueue(queue) = file.open else { return Ok(()) };
        let named = file.inode.and_then(|inode| self.inodes.get(inode)).map(|inode| inode.kind);
        holds(named == Some(Kind::Mqueue(queue)), slot.index())
    }

    pub(super) fn message_queue_is_sound(&self, slot: MqueueNo) -> Result<(), Broken> {
        holds(self.mqueues.at(slot).is_sound(&self.mq_messages), slot.index())
    }

    pub(super) fn users_of_queues_are_found(&self) -> Result<(), Broken> {
        holds(self.mq_users.is_sound(&self.nodes), 0)
    }

    /// Whoever is to be told of a message has the queue open.
    pub(super) fn notification_is_right(&self, slot: MqueueNo) -> Result<(), Broken> {
        let Some(notification) = &self.mqueues.at(slot).notification else { return Ok(()) };
        let process = self.processes.get(notification.process).ok_or(slot.index())?;
        let open = |file| self.files.get(file).is_some_and(|file| file.open == Open::Mqueue(slot));
        holds(process.descriptors.iter().any(|(_, descriptor)| open(descriptor.file)), slot.index())
    }

    /// Who stands among the senders offers something; who has been served stands nowhere.
    pub(super) fn exchange_is_right(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let right = match thread.waiter.queue {
            Some(QueueName::MqSenders(_)) => matches!(thread.exchange, Exchange::Offers(_)),
            Some(QueueName::MqReceivers(_)) => thread.exchange == Exchange::Nothing,
            _ => true,
        };
        holds(right, slot.index())
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
        }
        for (slot, message) in self.mq_messages.iter() {
            holds(places.get(slot.index()) == 1 && message.is_sound(), slot.index())?;
        }
        Ok(())
    }
}
