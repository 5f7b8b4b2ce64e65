//! What is undone to semaphores when a process ends (`semop(2)`, `SEM_UNDO`).
//!
//! There is an entry for each process and semaphore with something to undo; and one for each that a process waits to change,
//! so that there is room for it when that happens.

use abi::{SEM_UNDO, SEMVMX};

use crate::host::Host;
use crate::ids::{ProcessNo, SemaphoreNo, SetNo, UndoNo};
use crate::ipc::held::Held;
use crate::ipc::operation::{Changed, Operations};
use crate::ipc::semaphore::Semaphore;
use crate::kernel::Kernel;
use crate::limits::{SEM_UNDOS, words};
use crate::list::{Link, Linked};
use crate::planted::planted;
use crate::table::{Entry, Table};

/// The entries.
pub type Undos = Table<UndoNo, Undo, SEM_UNDOS, { words(SEM_UNDOS) }>;

/// What one process undoes to one semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Undo {
    /// Which process.
    pub process: ProcessNo,
    /// Which semaphore.
    pub semaphore: SemaphoreNo,
    /// What is added to its value at the end of the process.
    pub adjustment: i16,
    /// Its place among those of the process.
    pub process_link: Link<UndoNo>,
    /// Its place among those of the semaphore.
    pub semaphore_link: Link<UndoNo>,
}

impl Entry for Undo {
    const VACANT: Undo = Undo {
        process: ProcessNo(u16::MAX),
        semaphore: SemaphoreNo(u16::MAX),
        adjustment: 0,
        process_link: Link::NONE,
        semaphore_link: Link::NONE,
    };
}

/// The list of what a process undoes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProcessUndos;
/// The list of what is undone to a semaphore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SemaphoreUndos;

impl Linked<ProcessUndos, UndoNo> for Undo {
    fn link(&self) -> &Link<UndoNo> {
        &self.process_link
    }
    fn link_mut(&mut self) -> &mut Link<UndoNo> {
        &mut self.process_link
    }
}

impl Linked<SemaphoreUndos, UndoNo> for Undo {
    fn link(&self) -> &Link<UndoNo> {
        &self.semaphore_link
    }
    fn link_mut(&mut self) -> &mut Link<UndoNo> {
        &mut self.semaphore_link
    }
}

/// There is no room for another entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyUndos;

impl Kernel {
    /// What a process undoes to a semaphore. It looks through what that process undoes, and nobody else's.
    pub(crate) fn undo_of(&self, process: ProcessNo, semaphore: SemaphoreNo) -> Option<UndoNo> {
        let mut own = self.processes.at(process).undos.iter(&self.undos);
        own.find(|undo| self.undos.at(*undo).semaphore == semaphore)
    }

    /// Makes room for what these operations will have to undo. A failure leaves all as it was.
    pub(crate) fn reserve_undos(
        &mut self,
        process: ProcessNo,
        set: SetNo,
        operations: &Operations,
    ) -> Result<(), TooManyUndos> {
        for operation in operations.iter().filter(|operation| operation.flags & SEM_UNDO != 0) {
            let Some(semaphore) = self.semaphore(set, operation.number) else { continue };
            if self.undo_of(process, semaphore).is_some() {
                continue;
            }
            let Ok(slot) = self.undos.insert(Undo { process, semaphore, ..Undo::VACANT }) else {
                self.drop_empty_undos(process, set, operations);
                return Err(TooManyUndos);
            };
            self.processes.at_mut(process).undos.push(&mut self.undos, slot);
            self.semaphores.at_mut(semaphore).undos.push(&mut self.undos, slot);
        }
        Ok(())
    }

    /// The operations are over: entries that hold nothing to undo aren't needed any more.
    pub(crate) fn drop_empty_undos(&mut self, process: ProcessNo, set: SetNo, operations: &Operations) {
        for operation in operations.iter().filter(|operation| operation.flags & SEM_UNDO != 0) {
            let Some(semaphore) = self.semaphore(set, operation.number) else { continue };
            if let Some(undo) = self.undo_of(process, semaphore)
                && self.undos.at(undo).adjustment == 0
            {
                self.remove_undo(undo);
            }
        }
    }

    /// The value of a semaphore was set: whatever was to be undone to it isn't. Who waits to change it keeps its entry.
    pub(crate) fn clear_undos_of(&mut self, semaphore: SemaphoreNo) {
        let mut next = self.semaphores.at(semaphore).undos.first();
        while let Some(undo) = next {
            next = self.undos.at(undo).semaphore_link.next;
            if self.is_awaited(undo) {
                self.undos.at_mut(undo).adjustment = 0;
            } else {
                self.remove_undo(undo);
            }
        }
    }

    /// A semaphore is about to go: nothing is undone to it.
    pub(crate) fn forget_undos_of(&mut self, semaphore: SemaphoreNo) {
        while let Some(undo) = self.semaphores.at(semaphore).undos.first() {
            self.remove_undo(undo);
        }
    }

    /// Whether a process waits with an operation that will need this entry.
    pub(crate) fn is_awaited(&self, undo: UndoNo) -> bool {
        let Undo { process, semaphore, .. } = *self.undos.at(undo);
        let Some(thread) = self.threads.get(self.processes.at(process).thread) else { return false };
        let Held::Operations { set: waits_at, first, .. } = thread.held else { return false };
        let Semaphore { set, number, .. } = *self.semaphores.at(semaphore);
        waits_at == set
            && self
                .operation_chain(first)
                .any(|operation| operation.number == number && operation.flags & SEM_UNDO != 0)
    }

    fn remove_undo(&mut self, undo: UndoNo) {
        let Undo { process, semaphore, .. } = *self.undos.at(undo);
        self.processes.at_mut(process).undos.remove(&mut self.undos, undo);
        self.semaphores.at_mut(semaphore).undos.remove(&mut self.undos, undo);
        self.undos.free(undo);
    }

    /// A process ends: what it has to undo is undone, set by set, the one that it used last first. A value stays within its
    /// bounds, as on Linux, and those who can go on now do.
    pub(crate) fn undo_all<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let pid = self.processes.at(process).pid;
        while let Some(last) = self.processes.at(process).undos.last() {
            let set = self.semaphores.at(self.undos.at(last).semaphore).set;
            let mut next = self.processes.at(process).undos.first();
            while let Some(undo) = next {
                let Undo { semaphore, adjustment, process_link, .. } = *self.undos.at(undo);
                next = process_link.next;
                let entry = self.semaphores.at_mut(semaphore);
                if entry.set == set {
                    let adjustment = if planted!(UndoForgotten) { 0 } else { adjustment };
                    entry.value = (i32::from(entry.value) + i32::from(adjustment)).clamp(0, SEMVMX) as u16;
                    entry.last = pid;
                    self.remove_undo(undo);
                }
            }
            self.sets.table.at_mut(set).operated_s = self.now_s();
            self.update_set(host, set, Changed::All);
        }
    }
}
