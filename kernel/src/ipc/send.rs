//! Sending and receiving messages (`msgop(2)`).
//!
//! A message in user memory is a `long` with its type and the bytes behind it; the size counts these bytes alone.

use abi::{Errno, In, Layout, Length, MsgFlags, Out};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{MessageNo, QueueNo};
use crate::ipc::held::Held;
use crate::ipc::permissions::{READ, WRITE};
use crate::ipc::selection::Selection;
use crate::kernel::Kernel;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::thread::WaitsFor;

impl Kernel {
    /// The message is copied in before anything else is looked at, and kept while the call waits: what the caller's memory holds
    /// when there is room at last doesn't matter.
    pub(crate) fn sys_msgsnd<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        message: In<i64>,
        size: Length,
        flags: MsgFlags,
    ) -> Outcome {
        let message = match self.threads.at(cx.thread).held {
            Held::Message(message) => message,
            _ => {
                let kind: i64 = self.get(cx.host, cx.process, message.address)?;
                if size.0 > MESSAGE_BYTES_MAX as u64 || id < 0 || kind < 1 {
                    return Err(Errno::EINVAL);
                }
                let text = message.address.saturating_add(<i64 as Layout>::SIZE as u64);
                let message = self.new_message(cx.host, cx.process, kind, text, size.0 as usize)?;
                self.threads.at_mut(cx.thread).held = Held::Message(message);
                message
            }
        };
        // From here on the end of the call gives the message back, unless it has gone to the queue.
        let slot = self.queues.obtain(id)?;
        let queue = self.queues.table.at(slot);
        queue.permissions.check(&self.processes.at(cx.process).credentials, WRITE)?;
        if !queue.fits(size.0) {
            if flags.contains(MsgFlags::IPC_NOWAIT) {
                return Err(Errno::EAGAIN);
            }
            if self.threads.at(cx.thread).waiter.woken {
                // Somebody else was quicker: as on Linux, this one waits behind those that wait by now.
                self.requeue_last(cx.thread);
            }
            return Ok(Flow::Wait(WaitsFor::MessageRoom(slot)));
        }
        self.threads.at_mut(cx.thread).held = Held::Nothing;
        let (pid, now_s) = (self.processes.at(cx.process).pid, self.now_s());
        let queue = self.queues.table.at_mut(slot);
        (queue.last_sender, queue.sent_s) = (pid, now_s);
        self.deliver_message(cx.host, slot, message);
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_msgrcv<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        message: Out<i64>,
        size: Length,
        kind: i64,
        flags: MsgFlags,
    ) -> Outcome {
        if let Held::Message(handed) = self.threads.at(cx.thread).held {
            return self.give_message(cx, handed, message, size);
        }
        if id < 0 || size.0 > i64::MAX as u64 {
            return Err(Errno::EINVAL);
        }
        let copies = flags.contains(MsgFlags::MSG_COPY);
        if copies && (flags.contains(MsgFlags::MSG_EXCEPT) || !flags.contains(MsgFlags::IPC_NOWAIT)) {
            return Err(Errno::EINVAL);
        }
        let slot = self.queues.obtain(id)?;
        let queue = self.queues.table.at(slot);
        queue.permissions.check(&self.processes.at(cx.process).credentials, READ)?;
        let found = match copies {
            true => usize::try_from(kind).ok().and_then(|place| queue.messages.iter(&self.messages).nth(place)),
            false => Selection::new(kind, flags).pick(&queue.messages, &self.messages),
        };
        let Some(found) = found else {
            if flags.contains(MsgFlags::IPC_NOWAIT) {
                return Err(Errno::ENOMSG);
            }
            if self.threads.at(cx.thread).waiter.woken {
                // The queue's rights may have changed, and haven't for this one: as on Linux, it waits behind the others.
                self.requeue_last(cx.thread);
            }
            return Ok(Flow::Wait(WaitsFor::Message(slot)));
        };
        if u64::from(self.messages.at(found).bytes) > size.0 && !flags.contains(MsgFlags::MSG_NOERROR) {
            return Err(Errno::E2BIG);
        }
        if copies {
            if u64::from(self.messages.at(found).bytes) > size.0 {
                // MSG_NOERROR shortens no copy.
                return Err(Errno::EINVAL);
            }
            return self.give_message(cx, found, message, size);
        }
        self.receive(cx, slot, found);
        self.give_message(cx, found, message, size)
    }

    /// The message is the caller's now: the end of the call gives it back.
    fn receive<H: Host>(&mut self, cx: &mut Cx<'_, H>, slot: QueueNo, message: MessageNo) {
        self.take_message(slot, message);
        self.note_received(slot, cx.thread);
        self.threads.at_mut(cx.thread).held = Held::Message(message);
        self.wake_senders(cx.host, slot);
    }

    /// Copies a message out. As on Linux it has been received by then, so a bad pointer loses it.
    fn give_message<H: Host>(&mut self, cx: &mut Cx<'_, H>, message: MessageNo, to: Out<i64>, size: Length) -> Outcome {
        let (kind, bytes) = (self.messages.at(message).kind, self.messages.at(message).bytes);
        let bytes = size.0.min(bytes.into());
        self.put(cx.host, cx.process, to.address, &kind)?;
        let text = to.address.saturating_add(<i64 as Layout>::SIZE as u64);
        self.copy_message_out(cx.host, cx.process, message, text, bytes as usize)?;
        Ok(Flow::Done(bytes as i64))
    }
}
