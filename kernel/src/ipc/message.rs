//! Messages: a type and bytes, kept in frames of their own. A message stands in a queue, or a thread holds it: a sender that
//! waits for room, or a receiver that was handed it and hasn't run since.

use abi::{Errno, PAGE_SIZE};

use crate::host::{Host, PhysMem};
use crate::ids::{FrameNo, MessageNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{MESSAGE_BYTES_MAX, MESSAGES, words};
use crate::list::{Link, Linked};
use crate::table::{Entry, Table};

/// The messages.
pub type Messages = Table<MessageNo, Message, MESSAGES, { words(MESSAGES) }>;

/// Frames that the largest message takes.
const FRAMES_MAX: usize = MESSAGE_BYTES_MAX.div_ceil(PAGE_SIZE);

/// One message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Its type, positive.
    pub kind: i64,
    /// Its bytes.
    pub bytes: u32,
    /// Where they lie, from the front of each frame on.
    pub frames: [Option<FrameNo>; FRAMES_MAX],
    /// Its place in its queue.
    pub link: Link<MessageNo>,
}

impl Entry for Message {
    const VACANT: Message = Message { kind: 0, bytes: 0, frames: [None; FRAMES_MAX], link: Link::NONE };
}

/// The list of a queue's messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MessageList;

impl Linked<MessageList, MessageNo> for Message {
    fn link(&self) -> &Link<MessageNo> {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link<MessageNo> {
        &mut self.link
    }
}

impl Kernel {
    /// Makes a message of bytes in user memory; it stands nowhere yet. A failure takes nothing.
    ///
    /// # Errors
    /// `EFAULT`: they can't be read. `ENOMEM`: there are too many messages, or too few frames.
    pub(crate) fn new_message<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        kind: i64,
        address: u64,
        bytes: usize,
    ) -> Result<MessageNo, Errno> {
        // All of it is made readable before frames are counted: making a page takes one.
        let end = address.checked_add(bytes as u64).ok_or(Errno::EFAULT)?;
        let mut at = address;
        while at < end {
            self.user_page(host, process, at, false)?;
            at = (at / PAGE_SIZE as u64 + 1) * PAGE_SIZE as u64;
        }
        if self.messages.room() == 0 || self.frames.free() < bytes.div_ceil(PAGE_SIZE) {
            return Err(Errno::ENOMEM);
        }
        let mut message = Message { kind, bytes: bytes as u32, ..Message::VACANT };
        for (index, frame) in message.frames.iter_mut().enumerate().take(bytes.div_ceil(PAGE_SIZE)) {
            *frame = self.frames.take(host);
            let Some(to) = *frame else { crate::bug("no frame for a message that was counted") };
            let start = index * PAGE_SIZE;
            let mut done = 0;
            while done < PAGE_SIZE.min(bytes - start) {
                let at = address + (start + done) as u64;
                let Ok((from, offset)) = self.user_page(host, process, at, false) else {
                    crate::bug("a page that was readable isn't any more")
                };
                let piece = (PAGE_SIZE - offset).min(bytes - start - done).min(PAGE_SIZE - done);
                host.copy_bytes((from, offset), (to, done), piece);
                done += piece;
            }
        }
        match self.messages.insert(message) {
            Ok(slot) => Ok(slot),
            Err(_) => crate::bug("no slot for a message that was counted"),
        }
    }

    /// Copies the first bytes of a message to user memory.
    ///
    /// # Errors
    /// `EFAULT`: they can't be stored; what lies before has been.
    pub(crate) fn copy_message_out<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        message: MessageNo,
        address: u64,
        bytes: usize,
    ) -> Result<(), Errno> {
        let frames = self.messages.at(message).frames;
        let mut done = 0;
        while done < bytes {
            let at = address.checked_add(done as u64).ok_or(Errno::EFAULT)?;
            let (to, offset) = self.user_page(host, process, at, true)?;
            let Some(from) = frames.get(done / PAGE_SIZE).copied().flatten() else { break };
            let in_frame = done % PAGE_SIZE;
            let piece = (PAGE_SIZE - offset).min(bytes - done).min(PAGE_SIZE - in_frame);
            host.copy_bytes((from, in_frame), (to, offset), piece);
            done += piece;
        }
        Ok(())
    }

    /// Gives a message back that stands in no queue.
    pub(crate) fn free_message<M: PhysMem>(&mut self, memory: &mut M, message: MessageNo) {
        for frame in self.messages.at(message).frames.into_iter().flatten() {
            self.frames.release(memory, frame);
        }
        self.messages.free(message);
    }
}
