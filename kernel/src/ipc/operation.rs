//! Operations on semaphores (`semop(2)`): all of them or none, and whom they let go on.
//!
//! A thread that waits leaves its operations with the kernel. Whoever changes a value carries them out for it as soon as all
//! of them are possible, so nobody can come in between. Order and fine points are those of Linux (`ipc/sem.c`).

use abi::{Errno, IPC_NOWAIT, SEM_UNDO, SEMVMX, SemOperation};

use crate::host::Host;
use crate::ids::{OperationNo, ProcessNo, SemaphoreNo, SetNo, ThreadNo};
use crate::ipc::held::Held;
use crate::ipc::semaphore::Semaphore;
use crate::kernel::Kernel;
use crate::limits::{SEM_OPERATIONS, SEM_OPERATIONS_IN_CALL, words};
use crate::planted::planted;
use crate::table::{Entry, Table};
use crate::thread::QueueName;

/// The operations of those who wait.
pub type WaitingOperations = Table<OperationNo, Operation, SEM_OPERATIONS, { words(SEM_OPERATIONS) }>;

/// The operations of one call.
pub(crate) type Operations = heapless::Vec<Operation, SEM_OPERATIONS_IN_CALL>;

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Operation {
    /// On which semaphore of the set.
    pub number: u16,
    /// What is added; 0 waits for zero.
    pub op: i16,
    /// `IPC_NOWAIT`, `SEM_UNDO`.
    pub flags: i16,
    /// The next of the same call.
    pub next: Option<OperationNo>,
}

impl Entry for Operation {
    const VACANT: Operation = Operation { number: 0, op: 0, flags: 0, next: None };
}

impl From<SemOperation> for Operation {
    fn from(from: SemOperation) -> Operation {
        Operation { number: from.number, op: from.op, flags: from.flags, next: None }
    }
}

/// Why operations aren't carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stuck {
    /// This one has to wait.
    At(usize),
    /// They fail.
    Fails(Errno),
}

/// Which semaphores of a set may have changed.
#[derive(Clone, Copy)]
pub(crate) enum Changed<'a> {
    /// Those of these operations.
    By(&'a [Operation]),
    /// Any.
    All,
}

impl Kernel {
    /// Whether operations of a process on a set could all be carried out now. Changes nothing.
    pub(crate) fn try_operations(&self, set: SetNo, process: ProcessNo, operations: &[Operation]) -> Result<(), Stuck> {
        for (index, operation) in operations.iter().enumerate() {
            let Some(semaphore) = self.semaphore(set, operation.number) else { return Err(Stuck::Fails(Errno::EFBIG)) };
            // Each sees what those before it have done.
            let before = operations.get(..index).unwrap_or_default();
            let same = || before.iter().filter(|other| other.number == operation.number);
            let added: i32 = same().map(|other| i32::from(other.op)).sum();
            let value = i32::from(self.semaphores.at(semaphore).value) + added;
            let op = i32::from(operation.op);
            if (op == 0 && value != 0) || value + op < 0 {
                let nonblocking = operation.flags & IPC_NOWAIT != 0;
                return Err(if nonblocking { Stuck::Fails(Errno::EAGAIN) } else { Stuck::At(index) });
            }
            if value + op > SEMVMX {
                return Err(Stuck::Fails(Errno::ERANGE));
            }
            if operation.flags & SEM_UNDO != 0 {
                let undone = same().filter(|other| other.flags & SEM_UNDO != 0);
                let undone: i32 = undone.map(|other| i32::from(other.op)).sum();
                let kept = self.undo_of(process, semaphore).map_or(0, |undo| i32::from(self.undos.at(undo).adjustment));
                if i16::try_from(kept - undone - op).is_err() {
                    return Err(Stuck::Fails(Errno::ERANGE));
                }
            }
        }
        Ok(())
    }

    /// Carries operations out that `try_operations` found possible and for which there is room to undo.
    pub(crate) fn perform(&mut self, set: SetNo, process: ProcessNo, operations: &[Operation]) {
        let (pid, now_s) = (self.processes.at(process).pid, self.now_s());
        for operation in operations {
            let Some(slot) = self.semaphore(set, operation.number) else { continue };
            let semaphore = self.semaphores.at_mut(slot);
            semaphore.value = (i32::from(semaphore.value) + i32::from(operation.op)) as u16;
            semaphore.last = pid;
            if operation.flags & SEM_UNDO != 0
                && let Some(undo) = self.undo_of(process, slot)
            {
                let entry = self.undos.at_mut(undo);
                entry.adjustment = entry.adjustment.wrapping_sub(operation.op);
            }
        }
        self.sets.table.at_mut(set).operated_s = now_s;
    }

    /// Values have changed: lets everyone go on who can.
    pub(crate) fn update_set<H: Host>(&mut self, host: &mut H, set: SetNo, changed: Changed<'_>) {
        self.wake_zero_waiters(host, set, changed);
        if !self.sets.table.at(set).changers.is_empty() {
            self.wake_changers(host, set);
        } else {
            match changed {
                Changed::All => {
                    for number in 0..self.sets.table.at(set).size {
                        self.wake_changers_of(host, set, number);
                    }
                }
                Changed::By(operations) => {
                    // Nobody waits for a smaller value here.
                    for operation in operations.iter().filter(|operation| operation.op > 0) {
                        self.wake_changers_of(host, set, operation.number);
                    }
                }
            }
        }
        self.unmerge_queues(set);
    }

    fn wake_changers_of<H: Host>(&mut self, host: &mut H, set: SetNo, number: u16) {
        let Some(semaphore) = self.semaphore(set, number) else { return };
        if planted!(LastSemaphoreWaiterFirst)
            && let Some(last) = self.queue(QueueName::SemaphoreChange(semaphore)).last()
        {
            self.try_waiter(host, last);
        }
        // Whoever waits here waits to take something away: once passed over, it has to wait on.
        while let Some(waiter) = self.first_changer(semaphore) {
            let done = self.try_waiter(host, waiter);
            if self.threads.at(waiter).waiter.queue == Some(QueueName::SemaphoreChange(semaphore)) {
                crate::bug("an operation that is possible is neither carried out nor fails");
            }
            if let Some(done) = done {
                self.wake_zero_waiters(host, set, Changed::By(&done));
            }
        }
    }

    /// Lets those go on who wait for one of these semaphores to be zero, if it is.
    fn wake_zero_waiters<H: Host>(&mut self, host: &mut H, set: SetNo, changed: Changed<'_>) {
        if planted!(ZeroWaitersNotWoken) {
            return;
        }
        let mut any_is_zero = false;
        let mut look_at = |kernel: &mut Kernel, number: u16| {
            if let Some(semaphore) = kernel.semaphore(set, number)
                && kernel.semaphores.at(semaphore).value == 0
            {
                any_is_zero = true;
                kernel.try_zero_waiters(host, QueueName::SemaphoreZero(semaphore));
            }
        };
        match changed {
            Changed::All => (0..self.sets.table.at(set).size).for_each(|number| look_at(self, number)),
            Changed::By(operations) => operations.iter().for_each(|operation| look_at(self, operation.number)),
        }
        if any_is_zero {
            self.try_zero_waiters(host, QueueName::SetZero(set));
        }
    }

    fn try_zero_waiters<H: Host>(&mut self, host: &mut H, queue: QueueName) {
        let mut next = self.queue(queue).first();
        while let Some(waiter) = next {
            next = self.threads.at(waiter).waiter.link.next;
            self.try_waiter(host, waiter);
        }
    }

    /// Lets those of a set's queue go on who can change values now, first come, first served; and those whom that lets go on.
    fn wake_changers<H: Host>(&mut self, host: &mut H, set: SetNo) {
        let queue = QueueName::SetChange(set);
        let mut next = self.queue(queue).first();
        if planted!(LastSemaphoreWaiterFirst) {
            next = self.queue(queue).last();
        }
        while let Some(waiter) = next {
            next = self.threads.at(waiter).waiter.link.next;
            let Some(done) = self.try_waiter(host, waiter) else { continue };
            self.wake_zero_waiters(host, set, Changed::By(&done));
            // Whoever came before may be able to go on now.
            next = self.queue(queue).first();
        }
    }

    /// Carries out what a waiter waits to do, if that is possible or fails now; what was done.
    fn try_waiter<H: Host>(&mut self, host: &mut H, waiter: ThreadNo) -> Option<Operations> {
        let Held::Operations { set, first, count, .. } = self.threads.at(waiter).held else { return None };
        let operations = self.copy_operations(first);
        let process = self.threads.at(waiter).process;
        match self.try_operations(set, process, &operations) {
            Ok(()) => {
                self.perform(set, process, &operations);
                self.complete(host, waiter, Ok(0));
                Some(operations)
            }
            Err(Stuck::Fails(errno)) => {
                self.complete(host, waiter, Err(errno));
                None
            }
            Err(Stuck::At(index)) => {
                self.threads.at_mut(waiter).held = Held::Operations { set, first, count, waits_at: index as u16 };
                None
            }
        }
    }

    /// Leaves operations with the kernel while their thread waits; the first. `None` if there is no room.
    pub(crate) fn keep_operations(&mut self, operations: &[Operation]) -> Option<OperationNo> {
        if self.operations.room() < operations.len() {
            return None;
        }
        let mut next = None;
        for operation in operations.iter().rev() {
            next = self.operations.insert(Operation { next, ..*operation }).ok();
        }
        next
    }

    /// The operations that follow one, itself included.
    pub(crate) fn operation_chain(&self, first: OperationNo) -> impl Iterator<Item = &Operation> {
        core::iter::successors(Some(self.operations.at(first)), |operation| {
            operation.next.map(|next| self.operations.at(next))
        })
        .take(SEM_OPERATIONS_IN_CALL)
    }

    pub(crate) fn copy_operations(&self, first: OperationNo) -> Operations {
        self.operation_chain(first).map(|operation| Operation { next: None, ..*operation }).collect()
    }

    /// Takes operations back out.
    pub(crate) fn take_operations(&mut self, first: OperationNo) -> Operations {
        let operations = self.copy_operations(first);
        let mut next = Some(first);
        while let Some(slot) = next {
            next = self.operations.at(slot).next;
            self.operations.free(slot);
        }
        operations
    }

    /// How many wait for a semaphore to grow, or to become zero: those whose next operation is on it.
    pub(crate) fn waiting_for(&self, slot: SemaphoreNo, zero: bool) -> usize {
        let Semaphore { set, number, .. } = *self.semaphores.at(slot);
        let at_it = if zero { QueueName::SemaphoreZero(slot) } else { QueueName::SemaphoreChange(slot) };
        let mut count = self.queue(at_it).len();
        for queue in [QueueName::SetChange(set), QueueName::SetZero(set)] {
            count += self
                .queue(queue)
                .iter(&self.threads)
                .filter(|waiter| {
                    let Held::Operations { first, waits_at, .. } = self.threads.at(*waiter).held else { return false };
                    let operation = self.operation_chain(first).nth(waits_at.into());
                    operation.is_some_and(|operation| operation.number == number && (operation.op == 0) == zero)
                })
                .count();
        }
        count
    }
}
