//! What the queues of each user count as (`RLIMIT_MSGQUEUE`, `getrlimit(2)`): all their bytes if they were full, and what
//! Linux needs to keep them in order. Whose a queue is, is the real user id of who made it.

use abi::{Errno, Resource};

use crate::ids::{MqUserNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{MQUEUES, words};
use crate::radix::{Nodes, Tree};
use crate::table::{Entry, Table};
use crate::touched::Touch;

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

/// The users who have queues, by slot and by user id.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MqUsers {
    pub(crate) table: Table<MqUserNo, MqUser, MQUEUES, { words(MQUEUES) }>,
    /// Slots (plus one) by user id.
    pub(crate) by_uid: Tree<7>,
}

impl Touch for MqUsers {
    fn touch_everything(&mut self) {
        self.table.touch_everything();
    }
    fn is_untouched(&self) -> bool {
        self.table.is_untouched()
    }
}

impl Clone for MqUsers {
    fn clone(&self) -> Self {
        MqUsers { table: self.table.clone(), by_uid: self.by_uid }
    }

    fn clone_from(&mut self, from: &Self) {
        self.table.clone_from(&from.table);
        self.by_uid = from.by_uid;
    }
}

impl MqUsers {
    pub(crate) const fn new() -> MqUsers {
        MqUsers { table: Table::new(), by_uid: Tree::EMPTY }
    }

    /// A user who has queues.
    fn find(&self, nodes: &Nodes, uid: u32) -> Option<MqUserNo> {
        let found = self.by_uid.get(nodes, uid.into());
        (found != 0).then(|| MqUserNo((found - 1) as u16))
    }

    /// Notes a user who has none yet; `None` if there is no room.
    fn add(&mut self, nodes: &mut Nodes, uid: u32) -> Option<MqUserNo> {
        let user = self.table.lowest_free()?;
        self.by_uid.set(nodes, uid.into(), u32::from(user.0) + 1).ok()?;
        let _ = self.table.insert(MqUser { uid, ..MqUser::VACANT });
        Some(user)
    }

    /// Forgets a user who has none any more.
    fn remove(&mut self, nodes: &mut Nodes, user: MqUserNo) {
        let _ = self.by_uid.set(nodes, self.table.at(user).uid.into(), 0);
        self.table.free(user);
    }

    /// The nodes that the tree takes: a ledger for the invariants.
    pub(crate) fn nodes(&self) -> usize {
        self.by_uid.nodes()
    }

    /// Whether users are found by exactly their ids, and all have queues.
    pub(crate) fn is_sound(&self, nodes: &Nodes) -> bool {
        let mut users = self.table.iter();
        self.by_uid.len() == self.table.len()
            && users.all(|(slot, user)| self.find(nodes, user.uid) == Some(slot) && user.queues > 0)
    }
}

/// What a queue counts as: `msg_msg` and `posix_msg_tree_node` of Linux have 48 bytes each.
pub(crate) fn charge(max_messages: u32, message_bytes: u32) -> u64 {
    u64::from(max_messages) * (48 + 48 + u64::from(message_bytes))
}

impl Kernel {
    /// Counts a queue for the user of a process; that user.
    ///
    /// # Errors
    /// `EMFILE`: the limit of the process is reached. `ENOSPC`: no room to note one more user.
    pub(crate) fn charge_queue(&mut self, process: ProcessNo, bytes: u64) -> Result<MqUserNo, Errno> {
        let entry = self.processes.at(process);
        let (uid, limit) = (entry.credentials.real_uid, entry.limits.current(Resource::RLIMIT_MSGQUEUE));
        let known = self.mq_users.find(&self.nodes, uid);
        let before = known.map_or(0, |user| self.mq_users.table.at(user).bytes);
        if before + bytes > limit {
            return Err(Errno::EMFILE);
        }
        let user = match known {
            Some(user) => user,
            None => self.mq_users.add(&mut self.nodes, uid).ok_or(Errno::ENOSPC)?,
        };
        let entry = self.mq_users.table.at_mut(user);
        entry.queues += 1;
        entry.bytes += bytes;
        Ok(user)
    }

    /// A queue of this user is gone.
    pub(crate) fn uncharge_queue(&mut self, user: MqUserNo, bytes: u64) {
        let entry = self.mq_users.table.at_mut(user);
        entry.queues = entry.queues.saturating_sub(1);
        entry.bytes = entry.bytes.saturating_sub(bytes);
        if entry.queues == 0 {
            self.mq_users.remove(&mut self.nodes, user);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use abi::{Address, Fd, Length, MapFlags, PAGE_SIZE, Path, Protection, Syscall};

    use super::*;
    use crate::limits::NODES;
    use crate::testing::{Machine, SCRATCH};

    #[test]
    fn users_are_found_by_exactly_their_ids() {
        let (mut nodes, mut users) = (Nodes::new(), MqUsers::new());
        // Far apart, and some next to each other; each takes a node of each level at most.
        let count = MQUEUES.min(NODES / 7) as u32;
        let mut uids: Vec<u32> = (0..count / 2).map(|number| number.wrapping_mul(0x0707_0707)).collect();
        uids.extend((0..count - count / 2).map(|number| u32::MAX - number));
        for (index, uid) in uids.iter().enumerate() {
            assert_eq!(users.find(&nodes, *uid), None);
            let user = users.add(&mut nodes, *uid).unwrap();
            users.table.at_mut(user).queues = 1;
            assert_eq!(users.find(&nodes, *uid), Some(user));
            assert_eq!((users.table.len(), nodes.len()), (index + 1, users.nodes()));
        }
        assert!(users.is_sound(&nodes));
        for (slot, user) in users.table.iter() {
            assert_eq!(user.uid, uids[slot.index()]);
        }
        assert_eq!(users.find(&nodes, 0x0707_0708), None);
        // The last ones first, and then the others.
        for uid in uids.iter().rev().step_by(2).chain(uids.iter().rev().skip(1).step_by(2)) {
            let user = users.find(&nodes, *uid).unwrap();
            users.remove(&mut nodes, user);
            assert_eq!(users.find(&nodes, *uid), None);
            assert!(users.is_sound(&nodes));
        }
        assert_eq!(users, MqUsers::new());
        assert!(nodes.is_empty());
    }

    /// Its name goes, and its last descriptor.
    fn end_queue(machine: &mut Machine, name: &[u8], queue: i64) {
        machine.put(name);
        assert_eq!(machine.call(Syscall::MqUnlink { name: Path(SCRATCH) }), 0);
        assert_eq!(machine.call(Syscall::Close { fd: Fd(queue as i32) }), 0);
    }

    #[test]
    fn the_last_queue_of_a_user_takes_the_note_along() {
        let mut machine = Machine::new();
        let inits = machine.make_queue(b"init's\0");
        let without = machine.kernel.tables_in_use();
        let nodes = |machine: &Machine| machine.kernel.nodes.len();
        let before = nodes(&machine);
        machine.set_real_uid(1 << 31);
        let one = machine.make_queue(b"one\0");
        let with = nodes(&machine);
        assert_eq!(with, before + 6, "all but the root are nodes of its own");
        let other = machine.make_queue(b"other\0");
        assert_eq!(nodes(&machine), with);
        // Who ends it doesn't matter.
        machine.set_real_uid(7);
        end_queue(&mut machine, b"one\0", one);
        let users = &machine.kernel.mq_users;
        let left: Vec<_> = users.table.iter().map(|(_, user)| (user.uid, user.queues)).collect();
        assert_eq!((left, nodes(&machine)), (Vec::from([(0, 1), (1 << 31, 1)]), with));
        end_queue(&mut machine, b"other\0", other);
        assert_eq!(machine.kernel.tables_in_use(), without);
        assert_eq!(nodes(&machine), before);
        end_queue(&mut machine, b"init's\0", inits);
        assert_eq!(machine.kernel.mq_users, MqUsers::new());
    }

    #[test]
    fn a_user_for_whom_there_is_no_node_makes_no_queue_and_nothing_changes() {
        let mut machine = Machine::new();
        assert!(machine.make_queue(b"init's\0") >= 0);
        fill_nodes(&mut machine, 5);
        // One node too few: all but the root would be its own.
        machine.set_real_uid(1 << 31);
        let before = machine.kernel.clone();
        assert_eq!(machine.make_queue(b"one\0"), Errno::ENOSPC.to_return());
        let (now, before) = (&machine.kernel, &before);
        assert_eq!(now.tables_in_use(), before.tables_in_use());
        assert!(now.mq_users == before.mq_users && now.nodes == before.nodes && now.processes == before.processes);
        // The neighbour of somebody who has queues needs none.
        machine.set_real_uid(1);
        assert!(machine.make_queue(b"one\0") >= 0);
        assert_eq!(machine.kernel.nodes.room(), 5);
    }

    /// So many nodes are left: a page far from the others takes one.
    fn fill_nodes(machine: &mut Machine, left: usize) {
        // More than there are frames may be mapped only while it isn't accessible.
        let (none, protection) = (Protection::empty(), Protection::PROT_READ | Protection::PROT_WRITE);
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
        let length = Length(NODES as u64 * 32 * PAGE_SIZE as u64);
        let map = Syscall::Mmap { address: Address(0), length, protection: none, flags, fd: Fd(-1), offset: 0 };
        let start = machine.call(map) as u64;
        assert_eq!(machine.call(Syscall::Mprotect { address: Address(start), length, protection }), 0);
        let thread = machine.current();
        for page in (start..).step_by(32 * PAGE_SIZE) {
            if machine.kernel.nodes.room() <= left {
                break;
            }
            machine.kernel.copy_out(&mut machine.host, thread, page, b"x").unwrap();
        }
        assert_eq!(machine.kernel.nodes.room(), left);
    }
}
