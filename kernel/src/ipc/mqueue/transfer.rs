//! `mq_timedsend` and `mq_timedreceive` (`mq_send(3)`, `mq_receive(3)`), in Linux's order of checks.
//!
//! Who has to wait stands in a queue, first come, first served, and its part is done for it by whoever comes along: a sender
//! hands its message to the first receiver; a receiver that makes room puts the message of the first sender in. When such a
//! thread runs next it only finds that it is done, before it looks at signals and at its timeout.
//!
//! A message for a receiver that waits goes from memory to memory, where the pages of both are there. Otherwise it is in the
//! receiver's hand until that runs, and makes its pages itself.

use abi::{Errno, Fd, In, InBytes, Length, MQ_PRIO_MAX, OpenFlags, Out, OutBytes, PAGE_SIZE, Syscall, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::{Host, PhysMem};
use crate::ids::{FrameNo, MqMessageNo, MqueueNo, ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::mem::user::lies_in_one_page;
use crate::planted::planted;
use crate::thread::{QueueName, WaitsFor};
use crate::time::NEVER_US;

/// What a thread in a call gives to a message queue, or has got from one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Exchange {
    /// Nothing.
    #[default]
    Nothing,
    /// It waits to send this.
    Offers(MqMessageNo),
    /// What it offered is in the queue.
    Sent,
    /// It got this.
    Received(MqMessageNo),
}

impl Exchange {
    /// The message in the thread's hand.
    pub fn message(self) -> Option<MqMessageNo> {
        match self {
            Exchange::Offers(message) | Exchange::Received(message) => Some(message),
            Exchange::Nothing | Exchange::Sent => None,
        }
    }
}

impl Kernel {
    pub(crate) fn sys_mq_timedsend<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        message: InBytes,
        length: Length,
        priority: u32,
        timeout: In<Timespec>,
    ) -> Outcome {
        if let Exchange::Sent = self.threads.at(cx.thread).exchange {
            return Ok(Flow::Done(0));
        }
        if let Some(outcome) = self.waits_on(cx.thread) {
            return outcome;
        }
        let until_us = self.timeout(cx, timeout)?;
        if priority >= MQ_PRIO_MAX {
            return Err(Errno::EINVAL);
        }
        let (queue, flags) = self.mqueue_of(cx.process, fd)?;
        if !flags.writable() {
            return Err(Errno::EBADF);
        }
        if length.0 > self.mqueues.at(queue).message_bytes.into() {
            return Err(Errno::EMSGSIZE);
        }
        let receiver = self.mqueues.at(queue).waiting_receivers.first().filter(|_| !planted!(ReceiverPassedOver));
        if let Some(receiver) = receiver
            && self.pass_directly(cx, receiver, (message.0, length.0 as usize), priority)
        {
            return Ok(Flow::Done(0));
        }
        // As on Linux, the message is copied before anything else is looked at. Who is continued after a stop has it still.
        let message = match self.threads.at(cx.thread).exchange {
            Exchange::Offers(message) => message,
            _ => self.load_mq_message(cx.host, cx.process, message.0, length.0 as usize, priority as u16)?,
        };
        // From here on `finish` drops it, unless it has been given away.
        self.threads.at_mut(cx.thread).exchange = Exchange::Offers(message);
        if self.mqueues.at(queue).is_full() {
            self.may_wait(flags, until_us)?;
            return self.wait_in(cx.thread, QueueName::MqSenders(queue), until_us);
        }
        self.threads.at_mut(cx.thread).exchange = Exchange::Nothing;
        match receiver {
            Some(receiver) => {
                self.threads.at_mut(receiver).exchange = Exchange::Received(message);
                self.hand_over(cx.host, receiver);
            }
            None => {
                self.insert_mq_message(queue, message);
                self.notify_of_message(cx.host, cx.process, queue);
            }
        }
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_mq_timedreceive<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        buffer: OutBytes,
        length: Length,
        priority: Out<u32>,
        timeout: In<Timespec>,
    ) -> Outcome {
        if let Exchange::Received(message) = self.threads.at(cx.thread).exchange {
            return self.deliver_mq_message(cx, message, buffer, priority);
        }
        if let Some(outcome) = self.waits_on(cx.thread) {
            return outcome;
        }
        let until_us = self.timeout(cx, timeout)?;
        let (queue, flags) = self.mqueue_of(cx.process, fd)?;
        if !flags.readable() {
            return Err(Errno::EBADF);
        }
        // Even if the message is shorter.
        if length.0 < self.mqueues.at(queue).message_bytes.into() {
            return Err(Errno::EMSGSIZE);
        }
        let Some(message) = self.first_message(queue) else {
            self.may_wait(flags, until_us)?;
            return self.wait_in(cx.thread, QueueName::MqReceivers(queue), until_us);
        };
        self.take_offer(cx.host, queue);
        self.deliver_mq_message(cx, message, buffer, priority)
    }

    /// Copies a message from the caller's memory to that of a receiver that waits, and ends its call; whether that was done.
    /// Nothing is, unless all of it lies in pages that are there, and no two in one frame: the order of copies would matter.
    fn pass_directly<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        receiver: ThreadNo,
        (address, length): (u64, usize),
        priority: u32,
    ) -> bool {
        let entry = self.threads.at(receiver);
        let Some(Syscall::MqTimedreceive { message: buffer, priority: urgency, .. }) = entry.call else {
            crate::bug("a thread waits for a message that receives none");
        };
        let Some(from) = self.page_there(cx.process, address, length, false) else { return false };
        let Some(to) = self.page_there(entry.process, buffer.0, length, true) else { return false };
        let urgency_to = match urgency.address {
            _ if urgency.is_null() => None,
            // Mostly both lie on the receiver's stack.
            at if at / PAGE_SIZE as u64 == buffer.0 / PAGE_SIZE as u64 && lies_in_one_page(at, size_of::<u32>()) => {
                Some((to.0, at as usize % PAGE_SIZE))
            }
            at => match self.page_there(entry.process, at, size_of::<u32>(), true) {
                Some(place) if place.0 != from.0 => Some(place),
                _ => return false,
            },
        };
        if from.0 == to.0 {
            return false;
        }
        if let Some((frame, offset)) = urgency_to
            && let Some(place) = cx.host.frame_mut(frame).get_mut(offset..offset + size_of::<u32>())
        {
            place.copy_from_slice(&priority.to_le_bytes());
        }
        cx.host.copy_bytes(from, to, length);
        self.complete(cx.host, receiver, Ok(length as i64));
        true
    }

    /// Where a range lies, if it lies in one page, and that is there.
    fn page_there(&self, process: ProcessNo, address: u64, length: usize, write: bool) -> Option<(FrameNo, usize)> {
        let one = length > 0 && lies_in_one_page(address, length);
        if one { self.processes.at(process).space.translate(&self.nodes, address, write) } else { None }
    }

    /// When the waiting ends, in microseconds since boot.
    #[inline]
    fn timeout<H: Host>(&mut self, cx: &mut Cx<'_, H>, timeout: In<Timespec>) -> Result<u64, Errno> {
        match self.threads.at(cx.thread).progress {
            0 if timeout.is_null() => Ok(NEVER_US),
            0 => self.load_timeout(cx, timeout),
            // It waited before it was stopped.
            until_us => Ok(until_us),
        }
    }

    #[inline(never)]
    fn load_timeout<H: Host>(&mut self, cx: &mut Cx<'_, H>, timeout: In<Timespec>) -> Result<u64, Errno> {
        let time: Timespec = self.get(cx.host, cx.process, timeout.address)?;
        Ok(time.to_us().ok_or(Errno::EINVAL)?.min(NEVER_US))
    }

    /// Whether the caller may wait at all.
    fn may_wait(&self, flags: OpenFlags, until_us: u64) -> Result<(), Errno> {
        if flags.contains(OpenFlags::O_NONBLOCK) {
            return Err(Errno::EAGAIN);
        }
        if self.now_us() >= until_us { Err(Errno::ETIMEDOUT) } else { Ok(()) }
    }

    fn wait_in(&mut self, thread: ThreadNo, name: QueueName, until_us: u64) -> Outcome {
        self.threads.at_mut(thread).progress = until_us;
        let until_us = (until_us < NEVER_US).then_some(until_us);
        Ok(Flow::Wait(match name {
            QueueName::MqReceivers(queue) => WaitsFor::MqMessage { queue, until_us },
            QueueName::MqSenders(queue) => WaitsFor::MqRoom { queue, until_us },
            _ => crate::bug("a message is awaited in another queue"),
        }))
    }

    /// A thread that stands in its queue still is tried again, and nobody has done its part: a signal or its timer has woken
    /// it. A signal goes first; if that turns out to be nothing, the call is made anew from the queue's tail, as on Linux.
    fn waits_on(&mut self, thread: ThreadNo) -> Option<Outcome> {
        let entry = self.threads.at(thread);
        let (name, until_us) = (entry.waiter.queue?, entry.progress);
        if self.now_us() >= until_us && !self.has_deliverable(thread) {
            return Some(Err(Errno::ETIMEDOUT));
        }
        Some(self.wait_in(thread, name, until_us))
    }

    /// There is room: what the first sender offers goes in.
    fn take_offer<H: Host>(&mut self, host: &mut H, queue: MqueueNo) {
        let Some(sender) = self.mqueues.at(queue).waiting_senders.first() else { return };
        if planted!(OfferNotTaken) {
            return;
        }
        let Some(message) = self.threads.at(sender).exchange.message() else {
            crate::bug("a sender waits that has no message");
        };
        self.threads.at_mut(sender).exchange = Exchange::Sent;
        self.insert_mq_message(queue, message);
        self.hand_over(host, sender);
    }

    /// A message that is out of its queue goes to the caller. As on Linux it is gone even if that fails.
    fn deliver_mq_message<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        message: MqMessageNo,
        buffer: OutBytes,
        priority: Out<u32>,
    ) -> Outcome {
        self.threads.at_mut(cx.thread).exchange = Exchange::Nothing;
        let (length, urgency) = (self.mq_messages.at(message).length, self.mq_messages.at(message).priority);
        let stored = match priority.is_null() {
            true => Ok(()),
            false => self.put(cx.host, cx.process, priority.address, &u32::from(urgency)),
        };
        let stored = stored.and_then(|()| self.store_mq_message(cx.host, cx.process, message, buffer.0));
        self.drop_mq_message(cx.host, message);
        stored.map(|()| Flow::Done(length.into()))
    }

    /// What a thread has in hand when its call ends is dropped.
    pub(crate) fn drop_exchange<M: PhysMem>(&mut self, memory: &mut M, exchange: Exchange) {
        if let Some(message) = exchange.message() {
            self.drop_mq_message(memory, message);
        }
    }

    /// The queue behind a descriptor, and how it is open.
    pub(crate) fn mqueue_of(&self, process: ProcessNo, fd: Fd) -> Result<(MqueueNo, OpenFlags), Errno> {
        let description = self.files.at(self.descriptor(process, fd)?.file);
        match description.open {
            Open::Mqueue(queue) => Ok((queue, description.flags)),
            _ => Err(Errno::EBADF),
        }
    }
}
