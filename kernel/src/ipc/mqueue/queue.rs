//! A message queue, and the order of its messages: the highest priority first, and of those the oldest.
//!
//! The messages of one priority are a linked list. The lists stand in an array by ascending priority, so the most urgent is
//! its end. A queue never has more lists than messages, whose number is limited (`MQUEUE_MESSAGES`, 10): finding the place
//! of a priority is a binary search among those, in one or two cache lines, and needs no memory that could be missing. So a
//! message that was taken over from a waiting sender always finds its place, whatever is full. (A radix tree over all 32,768
//! priorities would need nodes at that moment, and more time.)

use crate::host::PhysMem;
use crate::ids::{MqMessageNo, MqUserNo, MqueueNo};
use crate::ipc::mqueue::message::{MqMessage, MqMessages};
use crate::ipc::mqueue::notify::Notification;
use crate::kernel::Kernel;
use crate::limits::{MQUEUE_MESSAGES, MQUEUES, words};
use crate::planted::planted;
use crate::sched::wait_queue::WaitQueue;
use crate::table::{Entry, Table};

/// The message queues.
pub type Mqueues = Table<MqueueNo, Mqueue, MQUEUES, { words(MQUEUES) }>;

/// The messages of one priority, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Rank {
    priority: u16,
    oldest: MqMessageNo,
    youngest: MqMessageNo,
}

/// One message queue.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mqueue {
    /// Its messages, by ascending priority.
    ranks: heapless::Vec<Rank, MQUEUE_MESSAGES>,
    /// How many messages are in it.
    count: u32,
    /// How many bytes they have.
    bytes: u32,
    /// How many messages it holds at most.
    pub max_messages: u32,
    /// How many bytes a message has at most.
    pub message_bytes: u32,
    /// Whose `RLIMIT_MSGQUEUE` it counts for.
    pub user: MqUserNo,
    /// Who waits for a message. Somebody does only while there is none.
    pub waiting_receivers: WaitQueue,
    /// Who waits for room. Somebody does only while there is none.
    pub waiting_senders: WaitQueue,
    /// Whom to tell of the next message.
    pub notification: Option<Notification>,
}

impl Clone for Mqueue {
    fn clone(&self) -> Self {
        Mqueue { ranks: self.ranks.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        let mut ranks = core::mem::take(&mut self.ranks);
        crate::table::clone_vec_from(&mut ranks, &from.ranks);
        *self = Mqueue { ranks, ..*from };
    }
}

impl Entry for Mqueue {
    const VACANT: Mqueue = Mqueue {
        ranks: heapless::Vec::new(),
        count: 0,
        bytes: 0,
        max_messages: 0,
        message_bytes: 0,
        user: MqUserNo(0),
        waiting_receivers: WaitQueue::EMPTY,
        waiting_senders: WaitQueue::EMPTY,
        notification: None,
    };
}

impl Mqueue {
    /// A queue without messages.
    pub(crate) fn new(max_messages: u32, message_bytes: u32, user: MqUserNo) -> Mqueue {
        Mqueue { max_messages, message_bytes, user, ..Mqueue::VACANT }
    }

    /// How many messages are in it.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there is no room for one more.
    pub fn is_full(&self) -> bool {
        self.count >= self.max_messages
    }

    /// Bytes of all its messages.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Its messages in the order in which they will be received.
    pub fn iter<'a>(&'a self, messages: &'a MqMessages) -> impl Iterator<Item = (MqMessageNo, &'a MqMessage)> + 'a {
        let lists = self.ranks.iter().rev().map(|rank| rank.oldest);
        let list = |oldest| core::iter::successors(Some(oldest), |message| messages.get(*message)?.next);
        // As many as the pool can hold, so that even a broken list ends.
        let numbers = lists.flat_map(list).take(crate::limits::MQ_MESSAGES);
        numbers.filter_map(|number| Some((number, messages.get(number)?)))
    }

    /// Whether the lists are what they should be.
    pub(crate) fn is_sound(&self, messages: &MqMessages) -> bool {
        let ascending = self.ranks.windows(2).all(|pair| matches!(pair, [low, high] if low.priority < high.priority));
        let ends = self.ranks.iter().all(|rank| messages.get(rank.youngest).is_some_and(|last| last.next.is_none()));
        let (mut count, mut bytes) = (0, 0);
        for (_, message) in self.iter(messages) {
            count += 1;
            bytes += message.length;
        }
        let ranked = self.ranks.iter().all(|rank| {
            let list = core::iter::successors(Some(rank.oldest), |message| messages.get(*message)?.next);
            let mut list = list.take(crate::limits::MQ_MESSAGES);
            list.all(|message| messages.get(message).is_some_and(|message| message.priority == rank.priority))
        });
        ascending && ends && ranked && count == self.count && bytes == self.bytes && self.count <= self.max_messages
    }

    /// Puts a message of the pool in, behind those of its priority. There is room for it.
    pub(crate) fn insert(&mut self, messages: &mut MqMessages, message: MqMessageNo) {
        let entry = messages.at_mut(message);
        entry.next = None;
        let priority = entry.priority;
        self.count += 1;
        self.bytes += entry.length;
        let place = self
            .ranks
            .partition_point(|rank| rank.priority < priority || planted!(YoungestFirst) && rank.priority == priority);
        if let Some(rank) = self.ranks.get_mut(place)
            && rank.priority == priority
        {
            messages.at_mut(rank.youngest).next = Some(message);
            rank.youngest = message;
        } else if self.ranks.insert(place, Rank { priority, oldest: message, youngest: message }).is_err() {
            crate::bug("a message queue has more priorities than messages");
        }
    }

    /// Takes the message out that is to be received first; it stays in the pool.
    pub(crate) fn take(&mut self, messages: &mut MqMessages) -> Option<MqMessageNo> {
        let rank = self.ranks.last_mut()?;
        let message = rank.oldest;
        let entry = messages.at_mut(message);
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(entry.length);
        match entry.next.take() {
            Some(next) => rank.oldest = next,
            None => {
                self.ranks.pop();
            }
        }
        Some(message)
    }
}

impl Kernel {
    /// Puts a message into a queue that has room for it.
    pub(crate) fn insert_mq_message(&mut self, queue: MqueueNo, message: MqMessageNo) {
        self.mqueues.at_mut(queue).insert(&mut self.mq_messages, message);
    }

    /// Takes the most urgent message out of a queue.
    pub(crate) fn first_message(&mut self, queue: MqueueNo) -> Option<MqMessageNo> {
        self.mqueues.at_mut(queue).take(&mut self.mq_messages)
    }

    /// Gives all messages of a queue back.
    pub(crate) fn drop_mq_messages<M: PhysMem>(&mut self, memory: &mut M, queue: MqueueNo) {
        while let Some(message) = self.first_message(queue) {
            self.drop_mq_message(memory, message);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn message(messages: &mut MqMessages, priority: u16) -> MqMessageNo {
        let mut message = MqMessage::VACANT;
        message.priority = priority;
        messages.insert(message).unwrap()
    }

    #[test]
    fn the_highest_priority_goes_first_and_of_those_the_oldest() {
        let mut messages = MqMessages::new();
        let mut queue = Mqueue { max_messages: 6, ..Mqueue::VACANT };
        let order = [3, 0, 32_767, 3, 0, 3];
        let numbers: Vec<_> = order.iter().map(|priority| message(&mut messages, *priority)).collect();
        for number in &numbers {
            queue.insert(&mut messages, *number);
            assert!(queue.is_sound(&messages));
        }
        assert!(queue.is_full());
        let listed: Vec<_> = queue.iter(&messages).map(|(number, _)| number).collect();
        let mut taken = Vec::new();
        while let Some(number) = queue.take(&mut messages) {
            assert!(queue.is_sound(&messages));
            taken.push(number);
        }
        assert_eq!(taken, [2, 0, 3, 5, 1, 4].map(|index: usize| numbers[index]));
        assert_eq!(listed, taken);
        assert_eq!(queue, Mqueue { max_messages: 6, ..Mqueue::VACANT });
    }

    #[test]
    fn a_copy_into_a_used_place_is_equal() {
        let mut messages = MqMessages::new();
        let mut one = Mqueue { max_messages: 4, ..Mqueue::VACANT };
        let mut other = Mqueue { max_messages: 9, message_bytes: 2, ..Mqueue::VACANT };
        for priority in [1, 2] {
            let number = message(&mut messages, priority);
            one.insert(&mut messages, number);
        }
        let number = message(&mut messages, 7);
        other.insert(&mut messages, number);
        other.clone_from(&one);
        assert_eq!(other, one);
    }
}
