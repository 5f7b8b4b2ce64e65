//! What the queues of each user count as (`RLIMIT_MSGQUEUE`, `getrlimit(2)`): all their bytes if they were full, and what
//! Linux needs to keep them in order. Whose a queue is, is the real user id of who made it.

use abi::{Errno, Resource};

use crate::ids::{MqUserNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{MQUEUES, words};
use crate::table::{Entry, Table};

/// The users who have queues.
pub type MqUsers = Table<MqUserNo, MqUser, MQUEUES, { words(MQUEUES) }>;

/// What one user's queues count as.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MqUser {
    /// Whose.
    pub uid: u32,
    /// How many queues.
    pub queues: u32,
    /// What they count as together.
    pub bytes: u64,
}

impl Entry for MqUser {
    const VACANT: MqUser = MqUser { uid: 0, queues: 0, bytes: 0 };
}

/// What a queue counts as: `msg_msg` and `posix_msg_tree_node` of Linux have 48 bytes each.
pub(crate) fn charge(max_messages: u32, message_bytes: u32) -> u64 {
    u64::from(max_messages) * (48 + 48 + u64::from(message_bytes))
}

impl Kernel {
    /// Counts a queue for a user.
    ///
    /// # Errors
    /// `EMFILE`: the limit of the process is reached. `ENOSPC`: no more users can have queues; so there is no more queue.
    pub(crate) fn charge_queue(&mut self, process: ProcessNo, bytes: u64) -> Result<(), Errno> {
        let entry = self.processes.at(process);
        let (uid, limit) = (entry.credentials.real_uid, entry.limits.current(Resource::RLIMIT_MSGQUEUE));
        let known = self.user_of_queues(uid);
        let before = known.map_or(0, |user| self.mq_users.at(user).bytes);
        if before + bytes > limit {
            return Err(Errno::EMFILE);
        }
        let user = match known {
            Some(user) => user,
            None => self.mq_users.insert(MqUser { uid, ..MqUser::VACANT }).map_err(|_| Errno::ENOSPC)?,
        };
        let user = self.mq_users.at_mut(user);
        user.queues += 1;
        user.bytes += bytes;
        Ok(())
    }

    /// A queue is gone.
    pub(crate) fn uncharge_queue(&mut self, uid: u32, bytes: u64) {
        let Some(number) = self.user_of_queues(uid) else { return };
        let user = self.mq_users.at_mut(number);
        user.queues = user.queues.saturating_sub(1);
        user.bytes = user.bytes.saturating_sub(bytes);
        if user.queues == 0 {
            self.mq_users.free(number);
        }
    }

    /// Few users have queues at all: they are looked through.
    fn user_of_queues(&self, uid: u32) -> Option<MqUserNo> {
        self.mq_users.iter().find(|(_, user)| user.uid == uid).map(|(number, _)| number)
    }
}
