//! Sets of semaphores (`semget(2)`): their life, and their queues.
//!
//! Who waits with a single operation stands at its semaphore; who waits with several stands at the set. As on Linux
//! (`ipc/sem.c`), as long as somebody waits with several, those who wait to change a value all stand at the set, so that they
//! are served in the order in which they came.

use abi::{Errno, IpcFlags, SemidDs};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{SemaphoreNo, SetNo, ThreadNo, UndoNo};
use crate::ipc::held::Held;
use crate::ipc::permissions::Permissions;
use crate::ipc::registry::{Registered, Registry};
use crate::ipc::undo::SemaphoreUndos;
use crate::kernel::Kernel;
use crate::limits::{SEM_SETS, SEMAPHORES, SEMAPHORES_IN_SET, words};
use crate::list::List;
use crate::radix::Tree;
use crate::sched::wait_index::WaitIndex;
use crate::sched::wait_queue::WaitQueue;
use crate::table::{Entry, Table};
use crate::thread::{QueueName, ThreadState, WaitsFor};

/// The sets.
pub type SemaphoreSets = Registry<SetNo, SemaphoreSet, SEM_SETS, { words(SEM_SETS) }>;
/// The semaphores of all sets.
pub type Semaphores = Table<SemaphoreNo, Semaphore, SEMAPHORES, { words(SEMAPHORES) }>;

/// One semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Semaphore {
    /// Whose it is.
    pub set: SetNo,
    /// Which of them it is.
    pub number: u16,
    /// Its value.
    pub value: u16,
    /// Who changed it last, or waited for it to be zero.
    pub last: u32,
    /// Who waits to change it, with this operation alone.
    pub changers: WaitQueue,
    /// By how much they take away.
    pub changer_index: WaitIndex,
    /// Who waits for it to be zero, with this operation alone.
    pub zero_waiters: WaitQueue,
    /// What has to be undone to it when processes end.
    pub undos: List<SemaphoreUndos, UndoNo>,
}

impl Entry for Semaphore {
    const VACANT: Semaphore = Semaphore {
        set: SetNo(u16::MAX),
        number: 0,
        value: 0,
        last: 0,
        changers: WaitQueue::EMPTY,
        changer_index: WaitIndex::EMPTY,
        zero_waiters: WaitQueue::EMPTY,
        undos: List::EMPTY,
    };
}

/// One set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SemaphoreSet {
    /// Key, owner and permissions.
    pub permissions: Permissions,
    /// How many semaphores it has.
    pub size: u16,
    /// Their slots (plus one) by number.
    pub semaphores: Tree<3>,
    /// Who waits with several operations that change a value; and as long as there are such waiters, all who would change one.
    pub changers: WaitQueue,
    /// Who waits with several operations that only wait for zero.
    pub zero_waiters: WaitQueue,
    /// How many wait with several operations.
    pub complex_waiters: u16,
    /// When the last `semop` was, in seconds since boot.
    pub operated_s: u64,
    /// When it was made or changed.
    pub changed_s: u64,
}

impl Entry for SemaphoreSet {
    const VACANT: SemaphoreSet = SemaphoreSet {
        permissions: Permissions::NONE,
        size: 0,
        semaphores: Tree::EMPTY,
        changers: WaitQueue::EMPTY,
        zero_waiters: WaitQueue::EMPTY,
        complex_waiters: 0,
        operated_s: 0,
        changed_s: 0,
    };
}

impl Registered for SemaphoreSet {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
    fn permissions_mut(&mut self) -> &mut Permissions {
        &mut self.permissions
    }
}

impl SemaphoreSet {
    /// As `IPC_STAT` shows it.
    pub(crate) fn to_abi(self) -> SemidDs {
        SemidDs {
            perm: self.permissions.to_abi(0),
            otime: self.operated_s as i64,
            ctime: self.changed_s as i64,
            nsems: self.size.into(),
            ..SemidDs::default()
        }
    }

    /// Turns it into what a behaviour hash covers.
    pub(crate) fn forget_accounting(&mut self) {
        (self.operated_s, self.changed_s) = (0, 0);
    }
}

impl Kernel {
    pub(crate) fn sys_semget<H>(&mut self, cx: &Cx<'_, H>, key: i32, count: i32, flags: IpcFlags) -> Outcome {
        let size = u16::try_from(count).map_err(|_| Errno::EINVAL)?;
        if usize::from(size) > SEMAPHORES_IN_SET {
            return Err(Errno::EINVAL);
        }
        let ids = self.processes.at(cx.process).credentials;
        let found = self.sets.get(&self.nodes, &ids, key, flags, |set| set.size >= size)?;
        if let Some(slot) = found {
            return Ok(Flow::Done(self.sets.id(slot).into()));
        }
        if size == 0 {
            return Err(Errno::EINVAL);
        }
        if usize::from(size) > self.semaphores.room() {
            return Err(Errno::ENOSPC);
        }
        self.sets.check_room(&self.nodes, key)?;
        let Some(semaphores) = self.new_semaphores(size) else { return Err(Errno::ENOMEM) };
        if let Err(errno) = self.sets.check_room(&self.nodes, key) {
            self.free_semaphores(semaphores);
            return Err(errno);
        }
        let permissions = Permissions::of_new(key, &ids, flags);
        let set = SemaphoreSet { permissions, size, semaphores, changed_s: self.now_s(), ..SemaphoreSet::VACANT };
        let slot = self.sets.add(&mut self.nodes, set);
        for number in 0..size {
            if let Some(semaphore) = self.semaphore(slot, number) {
                self.semaphores.at_mut(semaphore).set = slot;
            }
        }
        Ok(Flow::Done(self.sets.id(slot).into()))
    }

    /// So many semaphores, for which there is room, by number; `None` if there aren't enough nodes.
    fn new_semaphores(&mut self, size: u16) -> Option<Tree<3>> {
        let mut tree = Tree::EMPTY;
        for number in 0..size {
            let Ok(slot) = self.semaphores.insert(Semaphore { number, ..Semaphore::VACANT }) else {
                crate::bug("no slot for a semaphore that was counted")
            };
            if tree.set(&mut self.nodes, number.into(), u32::from(slot.0) + 1).is_err() {
                self.semaphores.free(slot);
                self.free_semaphores(tree);
                return None;
            }
        }
        Some(tree)
    }

    fn free_semaphores(&mut self, mut tree: Tree<3>) {
        let semaphores = &mut self.semaphores;
        tree.clear(&mut self.nodes, &mut |_, slot| semaphores.free(SemaphoreNo((slot - 1) as u16)));
    }

    /// The semaphore with this number in a set.
    pub(crate) fn semaphore(&self, set: SetNo, number: u16) -> Option<SemaphoreNo> {
        let found = self.sets.table.at(set).semaphores.get(&self.nodes, number.into());
        (found != 0).then(|| SemaphoreNo((found - 1) as u16))
    }

    /// The set is removed: who waits at it gets `EIDRM`, and nothing is left to undo.
    pub(crate) fn remove_set<H: Host>(&mut self, host: &mut H, slot: SetNo) {
        let set = *self.sets.table.at(slot);
        self.end_waiters(host, QueueName::SetZero(slot));
        self.end_waiters(host, QueueName::SetChange(slot));
        for number in 0..set.size {
            let Some(semaphore) = self.semaphore(slot, number) else { continue };
            self.end_waiters(host, QueueName::SemaphoreZero(semaphore));
            self.end_waiters(host, QueueName::SemaphoreChange(semaphore));
            self.forget_undos_of(semaphore);
        }
        self.free_semaphores(set.semaphores);
        self.sets.remove(&mut self.nodes, slot);
    }

    fn end_waiters<H: Host>(&mut self, host: &mut H, queue: QueueName) {
        while let Some(waiter) = self.queue(queue).first() {
            self.complete(host, waiter, Err(Errno::EIDRM));
        }
    }

    /// Somebody is about to wait with several operations: who waits to change a single semaphore goes to the set's queue. Linux
    /// puts those of each semaphore in front of what is there.
    pub(crate) fn merge_queues(&mut self, slot: SetNo) {
        let mut next = Some(0);
        while let Some((_, found)) =
            next.and_then(|number| self.sets.table.at(slot).semaphores.next(&self.nodes, number))
        {
            let semaphore = SemaphoreNo((found - 1) as u16);
            next = Some(u64::from(self.semaphores.at(semaphore).number) + 1);
            let mut behind = None;
            while let Some(waiter) = self.semaphores.at(semaphore).changers.first() {
                self.move_waiter(waiter, QueueName::SemaphoreChange(semaphore), QueueName::SetChange(slot), behind);
                behind = Some(waiter);
            }
        }
    }

    /// Nobody waits with several operations any more: who waits to change a semaphore stands there again.
    pub(crate) fn unmerge_queues(&mut self, slot: SetNo) {
        if self.sets.table.at(slot).complex_waiters > 0 {
            return;
        }
        while let Some(waiter) = self.sets.table.at(slot).changers.first() {
            let number = match self.threads.at(waiter).held {
                Held::Operations { first, .. } => self.operations.at(first).number,
                _ => crate::bug("a thread waits at a set without an operation"),
            };
            let Some(semaphore) = self.semaphore(slot, number) else { crate::bug("a thread waits at no semaphore") };
            let last = self.semaphores.at(semaphore).changers.last();
            self.move_waiter(waiter, QueueName::SetChange(slot), QueueName::SemaphoreChange(semaphore), last);
        }
    }

    /// A thread has left a queue of the set.
    pub(crate) fn note_leaving_set(&mut self, thread: ThreadNo, slot: SetNo) {
        if let Held::Operations { count: 2.., .. } = self.threads.at(thread).held {
            self.sets.table.at_mut(slot).complex_waiters -= 1;
        }
    }

    /// Moves a waiter to another queue, behind one that stands there.
    fn move_waiter(&mut self, waiter: ThreadNo, from: QueueName, to: QueueName, behind: Option<ThreadNo>) {
        self.leave_index(waiter, from);
        let (queue, threads) = self.queue_mut(from);
        queue.remove(threads, waiter);
        let (queue, threads) = self.queue_mut(to);
        queue.insert_behind(threads, behind, waiter);
        self.enter_index(waiter, to);
        let thread = self.threads.at_mut(waiter);
        thread.waiter.queue = Some(to);
        if let ThreadState::Blocked(WaitsFor::Semaphores { queue, .. }) = &mut thread.state {
            *queue = to;
        }
    }
}
