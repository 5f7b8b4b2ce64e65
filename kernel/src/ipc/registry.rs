//! Keys and identifiers: how the objects of one kind are found.
//!
//! An identifier holds the object's slot and a sequence number that grows whenever slots are used again, so that an old
//! identifier doesn't reach a new object (`svipc(7)`; the arithmetic is Linux's).

use abi::{Errno, IpcFlags};

use crate::ipc::names_an_object;
use crate::ipc::permissions::Permissions;
use crate::process::credentials::Credentials;
use crate::radix::{Nodes, Tree};
use crate::table::{Entry, Slot, Table};
use crate::touched::Touch;

/// Bits of an identifier that are the slot.
const SLOT_BITS: u32 = 15;

/// What a registry keeps.
pub(crate) trait Registered: Entry {
    /// Key, owner and permissions.
    fn permissions(&self) -> &Permissions;
    /// Key, owner and permissions, to be changed.
    fn permissions_mut(&mut self) -> &mut Permissions;
}

/// The objects of one kind, by slot, by identifier and by key.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(bound(serialize = "T: serde::Serialize")))]
pub struct Registry<I, T, const N: usize, const W: usize> {
    pub(crate) table: Table<I, T, N, W>,
    /// Slots (plus one) by key.
    pub(crate) keys: Tree<7>,
    /// The sequence number that was given last.
    pub(crate) sequence: u16,
    /// The slot (plus one) that was given last.
    pub(crate) last_slot: u16,
}

impl<I, T, const N: usize, const W: usize> Touch for Registry<I, T, N, W> {
    fn touch_everything(&mut self) {
        self.table.touch_everything();
    }
    fn is_untouched(&self) -> bool {
        self.table.is_untouched()
    }
}

impl<I, T: Clone, const N: usize, const W: usize> Clone for Registry<I, T, N, W> {
    fn clone(&self) -> Self {
        Registry { table: self.table.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        self.table.clone_from(&from.table);
        (self.keys, self.sequence, self.last_slot) = (from.keys, from.sequence, from.last_slot);
    }
}

#[allow(private_bounds)]
impl<I: Slot, T: Registered, const N: usize, const W: usize> Registry<I, T, N, W> {
    pub(crate) const fn new() -> Self {
        const { assert!(N <= 1 << SLOT_BITS, "an identifier has no room for so many slots") };
        Registry { table: Table::new(), keys: Tree::EMPTY, sequence: 0, last_slot: 0 }
    }

    /// The nodes that the keys take: a ledger for the invariants.
    pub(crate) fn nodes(&self) -> usize {
        self.keys.nodes()
    }

    /// Whether exactly those objects are found by a key that have one.
    pub(crate) fn is_sound(&self, nodes: &Nodes) -> bool {
        let found = |slot: I, entry: &T| {
            let key = entry.permissions().key;
            !names_an_object(key) || self.find(nodes, key).is_some_and(|found| found.to_index() == slot.to_index())
        };
        let with_key = self.table.iter().filter(|(_, entry)| names_an_object(entry.permissions().key)).count();
        self.keys.len() == with_key && self.table.iter().all(|(slot, entry)| found(slot, entry))
    }

    /// What a `get` call finds by its key: an object that exists, or `None` if a new one is to be made.
    ///
    /// `fits` says whether the object is as large as the caller asks for. The order of the checks is Linux's.
    ///
    /// # Errors
    /// `ENOENT`, `EEXIST`, `EINVAL`, `EACCES`, as the manual pages of the calls have it.
    pub(crate) fn get(
        &self,
        nodes: &Nodes,
        ids: &Credentials,
        key: i32,
        flags: IpcFlags,
        fits: impl FnOnce(&T) -> bool,
    ) -> Result<Option<I>, Errno> {
        let found = self.find(nodes, key);
        let Some(slot) = found else {
            let may_create = !names_an_object(key) || flags.contains(IpcFlags::IPC_CREAT);
            return if may_create { Ok(None) } else { Err(Errno::ENOENT) };
        };
        if flags.contains(IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL) {
            return Err(Errno::EEXIST);
        }
        let entry = self.table.at(slot);
        if !fits(entry) {
            return Err(Errno::EINVAL);
        }
        entry.permissions().check(ids, flags.bits())?;
        Ok(Some(slot))
    }

    /// The object with this key.
    pub(crate) fn find(&self, nodes: &Nodes, key: i32) -> Option<I> {
        let found = if names_an_object(key) { self.keys.get(nodes, key_index(key)) } else { 0 };
        (found != 0).then(|| I::at_index((found - 1) as usize))
    }

    /// The object with this identifier.
    ///
    /// # Errors
    /// `EINVAL`: there is none. Linux says `EIDRM` if the slot has another object by now, but uses a slot again so late that
    /// nobody sees that; only who waits when its object is removed gets `EIDRM`.
    pub(crate) fn obtain(&self, id: i32) -> Result<I, Errno> {
        let (slot, entry) = self.by_slot(id & ((1 << SLOT_BITS) - 1))?;
        let sequence = u32::from(entry.permissions().sequence);
        if id >= 0 && (id >> SLOT_BITS) as u32 == sequence { Ok(slot) } else { Err(Errno::EINVAL) }
    }

    /// The object in a slot, for lists of all.
    ///
    /// # Errors
    /// `EINVAL`: there is none.
    pub(crate) fn by_slot(&self, slot: i32) -> Result<(I, &T), Errno> {
        let slot = I::at_index(usize::try_from(slot).map_err(|_| Errno::EINVAL)?);
        Ok((slot, self.table.get(slot).ok_or(Errno::EINVAL)?))
    }

    /// The identifier of an object.
    pub(crate) fn id(&self, slot: I) -> i32 {
        let sequence = self.table.at(slot).permissions().sequence;
        i32::from(sequence) << SLOT_BITS | slot.to_index() as i32
    }

    /// The highest slot in use, or 0.
    pub(crate) fn highest(&self) -> i32 {
        self.table.slots.len().saturating_sub(1) as i32
    }

    /// Checks that one more object with this key has room.
    ///
    /// # Errors
    /// `ENOSPC`: there are too many objects. `ENOMEM`: no room to note the key.
    pub(crate) fn check_room(&self, nodes: &Nodes, key: i32) -> Result<(), Errno> {
        if self.table.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        let missing = if names_an_object(key) { self.keys.missing_nodes(nodes, key_index(key)) } else { 0 };
        if missing > nodes.room() { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Adds an object for which there is room; its slot.
    pub(crate) fn add(&mut self, nodes: &mut Nodes, entry: T) -> I {
        let key = entry.permissions().key;
        let Ok(slot) = self.table.insert(entry) else { crate::bug("no slot for an object that was counted") };
        let slot_plus_one = slot.to_index() as u16 + 1;
        if slot_plus_one <= self.last_slot {
            self.sequence = self.sequence.wrapping_add(1);
        }
        self.last_slot = slot_plus_one;
        self.table.at_mut(slot).permissions_mut().sequence = self.sequence;
        if names_an_object(key) && self.keys.set(nodes, key_index(key), slot_plus_one.into()).is_err() {
            crate::bug("a key needs more nodes than were counted");
        }
        slot
    }

    /// The object is found by its key no more.
    pub(crate) fn forget_key(&mut self, nodes: &mut Nodes, slot: I) {
        let permissions = self.table.at_mut(slot).permissions_mut();
        let key = core::mem::replace(&mut permissions.key, abi::IPC_PRIVATE);
        if names_an_object(key) {
            let _ = self.keys.set(nodes, key_index(key), 0);
        }
    }

    /// Takes an object out.
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: I) {
        self.forget_key(nodes, slot);
        self.table.free(slot);
    }
}

fn key_index(key: i32) -> u64 {
    u64::from(key as u32)
}
