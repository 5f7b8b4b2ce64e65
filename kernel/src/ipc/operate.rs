//! `semop` and `semtimedop` (`semop(2)`). The thread's `progress` is when the wait ends, if it does.

use abi::{Errno, In, InArray, Layout, Length, SemOperation, Timespec};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::SetNo;
use crate::ipc::held::Held;
use crate::ipc::operation::{Changed, Operations, Stuck};
use crate::ipc::permissions::{READ, WRITE};
use crate::kernel::Kernel;
use crate::limits::SEM_OPERATIONS_IN_CALL;
use crate::thread::{QueueName, WaitsFor};

impl Kernel {
    pub(crate) fn sys_semop<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        operations: InArray<SemOperation>,
        count: Length,
    ) -> Outcome {
        self.sys_semtimedop(cx, id, operations, count, In::NULL)
    }

    /// A call that waits is completed by whoever makes it possible. If it is tried again, its time is over or a signal has come:
    /// it returns then, even if no handler runs (`signal(7)`).
    pub(crate) fn sys_semtimedop<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        operations: InArray<SemOperation>,
        count: Length,
        timeout: In<Timespec>,
    ) -> Outcome {
        if let Held::Operations { .. } = self.threads.at(cx.thread).held {
            let is_over = !timeout.is_null() && self.now_us() >= self.threads.at(cx.thread).progress;
            return Err(if is_over { Errno::EAGAIN } else { Errno::EINTR });
        }
        let until_us = match timeout.is_null() {
            true => None,
            false => {
                let timeout: Timespec = self.get(cx.host, cx.process, timeout.address)?;
                // An invalid time is noticed behind an invalid count, as on Linux.
                Some(timeout.to_us())
            }
        };
        match count.0 {
            0 => return Err(Errno::EINVAL),
            many if many > SEM_OPERATIONS_IN_CALL as u64 => return Err(Errno::E2BIG),
            _ => {}
        }
        let operations = self.read_operations(cx, operations, count)?;
        let until_us = match until_us {
            Some(us) => Some(self.time_after(us.ok_or(Errno::EINVAL)?)),
            None => None,
        };
        let slot = self.sets.obtain(id)?;
        let set = self.sets.table.at(slot);
        if operations.iter().any(|operation| operation.number >= set.size) {
            return Err(Errno::EFBIG);
        }
        let changes = operations.iter().any(|operation| operation.op != 0);
        set.permissions.check(&self.processes.at(cx.process).credentials, if changes { WRITE } else { READ })?;
        self.reserve_undos(cx.process, slot, &operations).map_err(|_| Errno::ENOMEM)?;
        let stuck = self.try_operations(slot, cx.process, &operations);
        if stuck.is_ok() {
            self.perform(slot, cx.process, &operations);
        }
        match stuck {
            // No time to wait at all.
            Err(Stuck::At(_)) if until_us.is_some_and(|until_us| until_us <= self.now_us()) => {
                self.drop_empty_undos(cx.process, slot, &operations);
                Err(Errno::EAGAIN)
            }
            Err(Stuck::At(index)) => self.wait_with(cx, slot, &operations, index, until_us),
            Err(Stuck::Fails(errno)) => {
                self.drop_empty_undos(cx.process, slot, &operations);
                Err(errno)
            }
            Ok(()) => {
                self.drop_empty_undos(cx.process, slot, &operations);
                if changes {
                    self.update_set(cx.host, slot, Changed::By(&operations));
                }
                Ok(Flow::Done(0))
            }
        }
    }

    fn read_operations<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        operations: InArray<SemOperation>,
        count: Length,
    ) -> Result<Operations, Errno> {
        let mut list = Operations::new();
        for index in 0..count.0 {
            let address = operations.address.saturating_add(index * SemOperation::SIZE as u64);
            let operation: SemOperation = self.get(cx.host, cx.process, address)?;
            list.push(operation.into()).map_err(|_| Errno::E2BIG)?;
        }
        Ok(list)
    }

    /// The call waits for one of its operations.
    fn wait_with<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        set: SetNo,
        operations: &Operations,
        waits_at: usize,
        until_us: Option<u64>,
    ) -> Outcome {
        let Some(first) = self.keep_operations(operations) else {
            self.drop_empty_undos(cx.process, set, operations);
            return Err(Errno::ENOMEM);
        };
        let (count, waits_at) = (operations.len() as u16, waits_at as u16);
        let changes = operations.iter().any(|operation| operation.op != 0);
        let single = operations.first().filter(|_| count == 1);
        if single.is_none() {
            if self.sets.table.at(set).complex_waiters == 0 {
                self.merge_queues(set);
            }
            self.sets.table.at_mut(set).complex_waiters += 1;
        }
        let merged = self.sets.table.at(set).complex_waiters > 0;
        let queue = match single.and_then(|operation| self.semaphore(set, operation.number)) {
            Some(semaphore) if !changes => QueueName::SemaphoreZero(semaphore),
            Some(semaphore) if !merged => QueueName::SemaphoreChange(semaphore),
            _ if changes => QueueName::SetChange(set),
            _ => QueueName::SetZero(set),
        };
        let thread = self.threads.at_mut(cx.thread);
        thread.held = Held::Operations { set, first, count, waits_at };
        thread.progress = until_us.unwrap_or(0);
        Ok(Flow::Wait(WaitsFor::Semaphores { queue, until_us }))
    }
}
