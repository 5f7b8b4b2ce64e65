//! What a thread that waits in a call, or is about to return from one, keeps in the kernel meanwhile.

use crate::host::PhysMem;
use crate::ids::{MessageNo, OperationNo, SetNo, ThreadNo};
use crate::kernel::Kernel;

/// What a thread's call holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Held {
    /// Nothing.
    Nothing,
    /// `msgsnd`: the message that waits for room. `msgrcv`: the message that it was handed.
    Message(MessageNo),
    /// `semop`: its operations, copied in when it began to wait.
    Operations {
        /// On which set.
        set: SetNo,
        /// The first; the others follow it.
        first: OperationNo,
        /// How many there are.
        count: u16,
        /// Which of them it waits for.
        waits_at: u16,
    },
}

impl Kernel {
    /// The call is over, or its thread: gives back what it held.
    pub(crate) fn release_held<M: PhysMem>(&mut self, memory: &mut M, thread: ThreadNo) {
        match core::mem::replace(&mut self.threads.at_mut(thread).held, Held::Nothing) {
            Held::Nothing => {}
            Held::Message(message) => self.free_message(memory, message),
            Held::Operations { set, first, .. } => {
                let operations = self.take_operations(first);
                let process = self.threads.at(thread).process;
                self.drop_empty_undos(process, set, &operations);
            }
        }
    }
}
