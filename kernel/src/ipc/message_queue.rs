//! System V message queues (`msgget(2)`): their life, and who waits at them.
//!
//! A receiver that waits is *handed* its message by the sender, so that nobody can take it away again; a sender that waits is
//! told to try again when its own message fits. That is Linux's way (`ipc/msg.c`), and which of them goes first shows.

use abi::{Errno, IpcFlags, MsqidDs, Syscall};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{MessageNo, QueueNo, ThreadNo};
use crate::ipc::held::Held;
use crate::ipc::message::MessageList;
use crate::ipc::permissions::Permissions;
use crate::ipc::registry::{Registered, Registry};
use crate::ipc::selection::Selection;
use crate::kernel::Kernel;
use crate::limits::{MSG_QUEUES, QUEUE_BYTES, words};
use crate::list::List;
use crate::planted::planted;
use crate::sched::wait_index::WaitIndex;
use crate::sched::wait_queue::WaitQueue;
use crate::table::Entry;
use crate::thread::QueueName;

/// The queues.
pub type MessageQueues = Registry<QueueNo, MessageQueue, MSG_QUEUES, { words(MSG_QUEUES) }>;

/// One queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MessageQueue {
    /// Key, owner and permissions.
    pub permissions: Permissions,
    /// What was sent and not yet received, in order.
    pub messages: List<MessageList, MessageNo>,
    /// The bytes of these messages.
    pub bytes: u64,
    /// How many bytes, and how many messages, it may hold.
    pub capacity: u64,
    /// Who waits for a message.
    pub receivers: WaitQueue,
    /// By the types that they wait for.
    pub receiver_index: WaitIndex,
    /// Who waits for room.
    pub senders: WaitQueue,
    /// By how much they need.
    pub sender_index: WaitIndex,
    /// Who sent last.
    pub last_sender: u32,
    /// Who received last.
    pub last_receiver: u32,
    /// When a message was sent last, in seconds since boot.
    pub sent_s: u64,
    /// When a message was received last.
    pub received_s: u64,
    /// When it was made or changed.
    pub changed_s: u64,
}

impl Entry for MessageQueue {
    const VACANT: MessageQueue = MessageQueue {
        permissions: Permissions::NONE,
        messages: List::EMPTY,
        bytes: 0,
        capacity: 0,
        receivers: WaitQueue::EMPTY,
        receiver_index: WaitIndex::EMPTY,
        senders: WaitQueue::EMPTY,
        sender_index: WaitIndex::EMPTY,
        last_sender: 0,
        last_receiver: 0,
        sent_s: 0,
        received_s: 0,
        changed_s: 0,
    };
}

impl Registered for MessageQueue {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
    fn permissions_mut(&mut self) -> &mut Permissions {
        &mut self.permissions
    }
}

impl MessageQueue {
    /// Whether one more message of so many bytes fits. Each counts as one against the capacity too, so that messages without
    /// bytes don't go on for ever.
    pub fn fits(&self, bytes: u64) -> bool {
        self.room().is_some_and(|room| bytes <= room)
    }

    /// How many bytes one more message may have; `None` if it may be none at all.
    pub fn room(&self) -> Option<u64> {
        let holds_more = (self.messages.len() as u64) < self.capacity;
        self.capacity.checked_sub(self.bytes).filter(|_| holds_more)
    }

    /// As `IPC_STAT` shows it.
    pub(crate) fn to_abi(self) -> MsqidDs {
        MsqidDs {
            perm: self.permissions.to_abi(0),
            stime: self.sent_s as i64,
            rtime: self.received_s as i64,
            ctime: self.changed_s as i64,
            cbytes: self.bytes,
            qnum: self.messages.len() as u64,
            qbytes: self.capacity,
            lspid: self.last_sender as i32,
            lrpid: self.last_receiver as i32,
            ..MsqidDs::default()
        }
    }

    /// Turns it into what a behaviour hash covers.
    pub(crate) fn forget_accounting(&mut self) {
        (self.sent_s, self.received_s, self.changed_s) = (0, 0, 0);
    }
}

impl Kernel {
    pub(crate) fn sys_msgget<H>(&mut self, cx: &Cx<'_, H>, key: i32, flags: IpcFlags) -> Outcome {
        let ids = self.processes.at(cx.process).credentials;
        if let Some(slot) = self.queues.get(&self.nodes, &ids, key, flags, |_| true)? {
            return Ok(Flow::Done(self.queues.id(slot).into()));
        }
        self.queues.check_room(&self.nodes, key)?;
        let permissions = Permissions::of_new(key, &ids, flags);
        let (capacity, changed_s) = (QUEUE_BYTES as u64, self.now_s());
        let queue = MessageQueue { permissions, capacity, changed_s, ..MessageQueue::VACANT };
        let slot = self.queues.add(&mut self.nodes, queue);
        Ok(Flow::Done(self.queues.id(slot).into()))
    }

    /// The queue is removed: its messages are gone, and who waits at it gets `EIDRM`.
    pub(crate) fn remove_queue<H: Host>(&mut self, host: &mut H, slot: QueueNo) {
        while let Some(receiver) = self.queues.table.at(slot).receivers.first() {
            self.complete(host, receiver, Err(Errno::EIDRM));
        }
        while let Some(sender) = self.queues.table.at(slot).senders.first() {
            self.complete(host, sender, Err(Errno::EIDRM));
        }
        while let Some(message) = self.queues.table.at(slot).messages.first() {
            self.take_message(slot, message);
            self.free_message(host, message);
        }
        self.queues.remove(&mut self.nodes, slot);
    }

    /// A message goes to the first receiver that waits for one like it, or into the queue. Receivers before that one whose
    /// room it doesn't fit into learn so (`E2BIG`).
    pub(crate) fn deliver_message<H: Host>(&mut self, host: &mut H, slot: QueueNo, message: MessageNo) {
        let (kind, bytes) = (self.messages.at(message).kind, self.messages.at(message).bytes);
        while let Some(receiver) = self.first_receiver(slot, kind) {
            let room = self.wish_of(receiver).map_or(0, |(_, room)| room);
            if room < u64::from(bytes) {
                self.complete(host, receiver, Err(Errno::E2BIG));
                continue;
            }
            self.note_received(slot, receiver);
            self.threads.at_mut(receiver).held = Held::Message(message);
            self.leave_queue(receiver);
            self.wake(host, receiver);
            return;
        }
        let queue = self.queues.table.at_mut(slot);
        queue.messages.push(&mut self.messages, message);
        if !planted!(BytesNotCounted) {
            queue.bytes += u64::from(bytes);
        }
    }

    /// Which message a receiver waits for, and how many bytes it has room for.
    pub(crate) fn wish_of(&self, receiver: ThreadNo) -> Option<(Selection, u64)> {
        match self.threads.at(receiver).call {
            Some(Syscall::Msgrcv { size, kind, flags, .. }) => {
                let cut = flags.contains(abi::MsgFlags::MSG_NOERROR);
                Some((Selection::new(kind, flags), if cut { u64::MAX } else { size.0 }))
            }
            _ => None,
        }
    }

    /// Takes a message out of its queue.
    pub(crate) fn take_message(&mut self, slot: QueueNo, message: MessageNo) {
        let bytes = self.messages.at(message).bytes;
        let queue = self.queues.table.at_mut(slot);
        queue.messages.remove(&mut self.messages, message);
        queue.bytes = queue.bytes.saturating_sub(bytes.into());
    }

    /// A thread receives a message of the queue now.
    pub(crate) fn note_received(&mut self, slot: QueueNo, receiver: ThreadNo) {
        let (pid, now_s) = (self.processes.at(self.threads.at(receiver).process).pid, self.now_s());
        let queue = self.queues.table.at_mut(slot);
        (queue.last_receiver, queue.received_s) = (pid, now_s);
    }

    /// There is more room: tells each sender to try again whose message would fit now. As on Linux, the others go to the tail:
    /// so those whose message fits come to the front, and who was told before and needs more than is left now isn't told
    /// any more.
    pub(crate) fn wake_senders<H: Host>(&mut self, host: &mut H, slot: QueueNo) {
        if self.queues.table.at(slot).senders.is_empty() {
            return;
        }
        let room = self.queues.table.at(slot).room();
        let mut front = None;
        let mut next = self.next_sender(slot, None, room);
        while let Some(sender) = next {
            next = self.next_sender(slot, Some(sender), room);
            if self.held_bytes(sender).is_some_and(|bytes| room.is_some_and(|room| bytes <= room)) {
                self.move_behind(sender, QueueName::Senders(slot), front);
                self.wake(host, sender);
                front = Some(sender);
            } else {
                self.set_woken(sender, false);
            }
        }
    }

    /// The bytes of the message that a thread holds.
    pub(crate) fn held_bytes(&self, thread: ThreadNo) -> Option<u64> {
        match self.threads.at(thread).held {
            Held::Message(message) => Some(self.messages.at(message).bytes.into()),
            _ => None,
        }
    }

    /// Tells every receiver to try again: who may receive has changed.
    pub(crate) fn wake_receivers<H: Host>(&mut self, host: &mut H, slot: QueueNo) {
        let mut next = self.queues.table.at(slot).receivers.first();
        while let Some(receiver) = next {
            next = self.threads.at(receiver).waiter.link.next;
            self.wake(host, receiver);
        }
    }
}
