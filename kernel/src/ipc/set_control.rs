//! `semctl(2)`. Its last argument is a value or an address, as the command has it.

use abi::{Address, Errno, SEMVMX, SemCommand, SemInfo, SemidDs};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{SemaphoreNo, SetNo};
use crate::ipc::operation::{Changed, Operation};
use crate::ipc::permissions::{READ, WRITE};
use crate::kernel::Kernel;
use crate::limits::{SEM_OPERATIONS_IN_CALL, SEM_SETS, SEM_UNDOS, SEMAPHORES, SEMAPHORES_IN_SET};
use crate::table::Entry;

impl Kernel {
    pub(crate) fn sys_semctl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        number: i32,
        command: SemCommand,
        argument: Address,
    ) -> Outcome {
        if id < 0 {
            return Err(Errno::EINVAL);
        }
        match command {
            SemCommand::IPC_INFO | SemCommand::SEM_INFO => {
                let info = self.set_info(command == SemCommand::SEM_INFO);
                self.put(cx.host, cx.process, argument.0, &info)?;
                Ok(Flow::Done(self.sets.highest().into()))
            }
            SemCommand::IPC_STAT => {
                let slot = self.sets.obtain(id)?;
                self.stat_set(cx, slot, true, argument)?;
                Ok(Flow::Done(0))
            }
            SemCommand::SEM_STAT | SemCommand::SEM_STAT_ANY => {
                let (slot, _) = self.sets.by_slot(id)?;
                self.stat_set(cx, slot, command == SemCommand::SEM_STAT, argument)?;
                Ok(Flow::Done(self.sets.id(slot).into()))
            }
            SemCommand::IPC_SET => {
                let new: SemidDs = self.get(cx.host, cx.process, argument.0)?;
                let slot = self.own_set(cx, id)?;
                let now_s = self.now_s();
                let set = self.sets.table.at_mut(slot);
                set.permissions.set(&new.perm)?;
                set.changed_s = now_s;
                Ok(Flow::Done(0))
            }
            SemCommand::IPC_RMID => {
                let slot = self.own_set(cx, id)?;
                self.remove_set(cx.host, slot);
                Ok(Flow::Done(0))
            }
            SemCommand::GETALL => self.get_all_values(cx, id, argument),
            SemCommand::SETALL => self.set_all_values(cx, id, argument),
            SemCommand::SETVAL => self.set_value(cx, id, number, argument.0 as i32),
            SemCommand::GETVAL | SemCommand::GETPID | SemCommand::GETNCNT | SemCommand::GETZCNT => {
                self.ask_semaphore(cx, id, number, command)
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// A set that the caller may use so.
    fn usable_set<H>(&self, cx: &Cx<'_, H>, id: i32, wanted: u32) -> Result<SetNo, Errno> {
        let slot = self.sets.obtain(id)?;
        self.sets.table.at(slot).permissions.check(&self.processes.at(cx.process).credentials, wanted)?;
        Ok(slot)
    }

    fn numbered(&self, set: SetNo, number: i32) -> Result<SemaphoreNo, Errno> {
        let number = u16::try_from(number).map_err(|_| Errno::EINVAL)?;
        self.semaphore(set, number).ok_or(Errno::EINVAL)
    }

    fn ask_semaphore<H>(&mut self, cx: &Cx<'_, H>, id: i32, number: i32, command: SemCommand) -> Outcome {
        let set = self.usable_set(cx, id, READ)?;
        let slot = self.numbered(set, number)?;
        let semaphore = self.semaphores.at(slot);
        Ok(Flow::Done(match command {
            SemCommand::GETVAL => semaphore.value.into(),
            SemCommand::GETPID => semaphore.last.into(),
            _ => self.waiting_for(slot, command == SemCommand::GETZCNT) as i64,
        }))
    }

    /// `SETVAL`: nobody undoes to it what was done before.
    fn set_value<H: Host>(&mut self, cx: &mut Cx<'_, H>, id: i32, number: i32, value: i32) -> Outcome {
        if !(0..=SEMVMX).contains(&value) {
            return Err(Errno::ERANGE);
        }
        let set = self.sets.obtain(id)?;
        let slot = self.numbered(set, number)?;
        self.usable_set(cx, id, WRITE)?;
        let now_s = self.now_s();
        self.overwrite(cx, slot, value as u16);
        self.sets.table.at_mut(set).changed_s = now_s;
        let changed = [Operation { number: number as u16, op: 1, ..Operation::VACANT }];
        // As Linux does it, whoever waits for several semaphores is looked at if any of the set is zero.
        let all = self.sets.table.at(set).complex_waiters > 0;
        self.update_set(cx.host, set, if all { Changed::All } else { Changed::By(&changed) });
        Ok(Flow::Done(0))
    }

    fn overwrite<H>(&mut self, cx: &Cx<'_, H>, slot: SemaphoreNo, value: u16) {
        self.clear_undos_of(slot);
        let pid = self.processes.at(cx.process).pid;
        let semaphore = self.semaphores.at_mut(slot);
        (semaphore.value, semaphore.last) = (value, pid);
    }

    /// `SETALL`: the values are read and checked before any is set.
    fn set_all_values<H: Host>(&mut self, cx: &mut Cx<'_, H>, id: i32, values: Address) -> Outcome {
        let set = self.usable_set(cx, id, WRITE)?;
        let size = self.sets.table.at(set).size;
        for number in 0..size {
            if i32::from(self.get::<u16, H>(cx.host, cx.process, element(values, number))?) > SEMVMX {
                return Err(Errno::ERANGE);
            }
        }
        let now_s = self.now_s();
        for number in 0..size {
            let value: u16 = self.get(cx.host, cx.process, element(values, number))?;
            if let Some(slot) = self.semaphore(set, number) {
                self.overwrite(cx, slot, value);
            }
        }
        self.sets.table.at_mut(set).changed_s = now_s;
        self.update_set(cx.host, set, Changed::All);
        Ok(Flow::Done(0))
    }

    fn get_all_values<H: Host>(&mut self, cx: &mut Cx<'_, H>, id: i32, values: Address) -> Outcome {
        let set = self.usable_set(cx, id, READ)?;
        let size = self.sets.table.at(set).size;
        self.check_writable(cx.host, cx.process, values.0, usize::from(size) * 2)?;
        for number in 0..size {
            let value = self.semaphore(set, number).map_or(0, |slot| self.semaphores.at(slot).value);
            self.put(cx.host, cx.process, element(values, number), &value)?;
        }
        Ok(Flow::Done(0))
    }

    fn stat_set<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        slot: SetNo,
        checked: bool,
        buffer: Address,
    ) -> Result<(), Errno> {
        let set = *self.sets.table.at(slot);
        if checked {
            set.permissions.check(&self.processes.at(cx.process).credentials, READ)?;
        }
        self.put(cx.host, cx.process, buffer.0, &set.to_abi())
    }

    /// A set that the caller may change or remove.
    fn own_set<H>(&self, cx: &Cx<'_, H>, id: i32) -> Result<SetNo, Errno> {
        let slot = self.sets.obtain(id)?;
        self.sets.table.at(slot).permissions.check_owner(&self.processes.at(cx.process).credentials)?;
        Ok(slot)
    }

    fn set_info(&self, usage: bool) -> SemInfo {
        let mut info = SemInfo {
            semmap: SEMAPHORES as i32,
            semmni: SEM_SETS as i32,
            semmns: SEMAPHORES as i32,
            semmnu: SEM_UNDOS as i32,
            semmsl: SEMAPHORES_IN_SET as i32,
            semopm: SEM_OPERATIONS_IN_CALL as i32,
            semume: SEM_OPERATIONS_IN_CALL as i32,
            semusz: size_of::<crate::ipc::undo::Undo>() as i32,
            semvmx: SEMVMX,
            semaem: SEMVMX,
        };
        if usage {
            info.semusz = self.sets.table.len() as i32;
            info.semaem = self.semaphores.len() as i32;
        }
        info
    }
}

/// The place of a value in an array of them.
fn element(values: Address, number: u16) -> u64 {
    values.0.saturating_add(u64::from(number) * 2)
}
