//! Messages: entries of one pool, their bytes in frames. A message is in a queue, or in the hand of one thread.

use abi::{Errno, PAGE_SIZE};

use crate::host::{Host, PhysMem};
use crate::ids::{FrameNo, MqMessageNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{MQ_MESSAGES, MQUEUE_MESSAGE_BYTES, words};
use crate::mem::user::lies_in_one_page;
use crate::table::{Entry, Table};

/// Pages of the longest message.
const PAGES: usize = MQUEUE_MESSAGE_BYTES.div_ceil(PAGE_SIZE);

/// The messages.
pub type MqMessages = Table<MqMessageNo, MqMessage, MQ_MESSAGES, { words(MQ_MESSAGES) }>;

/// One message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MqMessage {
    /// How urgent it is; the highest goes first.
    pub priority: u16,
    /// Its bytes.
    pub length: u32,
    /// Where they are.
    pages: heapless::Vec<FrameNo, PAGES>,
    /// The next younger one of the same priority in its queue.
    pub(crate) next: Option<MqMessageNo>,
}

impl Entry for MqMessage {
    const VACANT: MqMessage = MqMessage { priority: 0, length: 0, pages: heapless::Vec::new(), next: None };
}

impl MqMessage {
    /// The frames that hold its bytes.
    pub fn frames(&self) -> impl Iterator<Item = FrameNo> + '_ {
        self.pages.iter().copied()
    }

    /// Whether it has frames for its bytes, and no more.
    pub(crate) fn is_sound(&self) -> bool {
        self.pages.len() == (self.length as usize).div_ceil(PAGE_SIZE)
    }
}

impl Kernel {
    /// Makes a message of bytes in user memory; there are at most as many as a message can have.
    ///
    /// # Errors
    /// `EFAULT`: they can't be read. `ENOMEM`: there is no room for one more message, or for its bytes.
    pub(crate) fn load_mq_message<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        length: usize,
        priority: u16,
    ) -> Result<MqMessageNo, Errno> {
        // Pages are made before the frames are counted: making one takes a frame.
        let only_page = match lies_in_one_page(address, length) {
            true if length > 0 => Some(self.user_page(host, process, address, false)?),
            _ => {
                self.check_readable(host, process, address, length)?;
                None
            }
        };
        let pages = length.div_ceil(PAGE_SIZE);
        if self.frames.free() < pages {
            return Err(Errno::ENOMEM);
        }
        let mut message = MqMessage { priority, length: length as u32, ..MqMessage::VACANT };
        if self.mq_messages.room() == 0 {
            return Err(Errno::ENOMEM);
        }
        for _ in 0..pages {
            let frame = self.frames.take(host).ok_or(Errno::ENOMEM)?;
            if message.pages.push(frame).is_err() {
                crate::bug("a message is longer than messages can be");
            }
        }
        let mut done = 0;
        while done < length {
            let from = match only_page {
                Some(from) => from,
                None => self.user_page(host, process, address + done as u64, false)?,
            };
            done += copy_piece(host, &message, done, from, false);
        }
        self.mq_messages.insert(message).map_err(|_| Errno::ENOMEM)
    }

    /// Copies a message to user memory, as far as that can be written.
    pub(crate) fn store_mq_message<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        message: MqMessageNo,
        address: u64,
    ) -> Result<(), Errno> {
        let mut done = 0;
        while done < self.mq_messages.at(message).length as usize {
            let to = self.user_page(host, process, address.wrapping_add(done as u64), true)?;
            done += copy_piece(host, self.mq_messages.at(message), done, to, true);
        }
        Ok(())
    }

    /// Gives a message back that is in nobody's hand any more, and its frames.
    pub(crate) fn drop_mq_message<M: PhysMem>(&mut self, memory: &mut M, message: MqMessageNo) {
        if !self.mq_messages.holds(message) {
            crate::bug("a message that is referred to doesn't exist");
        }
        while let Some(frame) = self.mq_messages.at_mut(message).pages.pop() {
            self.frames.release(memory, frame);
        }
        self.mq_messages.free(message);
    }
}

/// Copies what lies in one page on both sides, from the message's byte `at` on; how many bytes.
fn copy_piece<M: PhysMem>(
    memory: &mut M,
    message: &MqMessage,
    at: usize,
    user: (FrameNo, usize),
    to_user: bool,
) -> usize {
    let Some(&frame) = message.pages.get(at / PAGE_SIZE) else { crate::bug("a message has fewer pages than bytes") };
    let own = (frame, at % PAGE_SIZE);
    let left = message.length as usize - at;
    let bytes = left.min(PAGE_SIZE - own.1).min(PAGE_SIZE - user.1);
    match to_user {
        true => memory.copy_bytes(own, user, bytes),
        false => memory.copy_bytes(user, own, bytes),
    }
    bytes
}
