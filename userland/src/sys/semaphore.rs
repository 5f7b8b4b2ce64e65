//! System V semaphores: `semget(2) semop(2) semctl(2)`.

use alloc::vec::Vec;

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// The identifier of the set with a key, which is made with so many semaphores if `IPC_CREAT` says so (`semget(2)`); with
    /// `IPC_PRIVATE`, of a new one. The low nine bits of `flags` are the permissions of a new one.
    ///
    /// # Errors
    /// `ENOENT`: there is none, and no `IPC_CREAT`. `EEXIST`: there is one, and `IPC_CREAT | IPC_EXCL`. `EINVAL`: it has fewer
    /// semaphores; a new one would have none, or too many. `EACCES`: its permissions don't allow it. `ENOSPC`: too many sets, or
    /// semaphores in them. `ENOMEM`: no memory for a new one.
    #[track_caller]
    pub fn semget(self, key: i32, count: i32, flags: IpcFlags) -> impl Future<Output = Result<i32, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Semget { key, count, flags }, line).await.map(|id| id as i32) }
    }

    /// Carries operations out on a set, all at once (`semop(2)`); waits until all are possible, unless `IPC_NOWAIT`.
    ///
    /// # Errors
    /// `EINVAL`: no such set, or no operations. `E2BIG`: too many. `EFBIG`: no such semaphore in the set. `EACCES`: the set's
    /// permissions don't allow it. `EAGAIN`: it would wait, and `IPC_NOWAIT`. `ERANGE`: a value would be too large, or what is to
    /// be undone. `ENOMEM`: no memory to wait, or for `SEM_UNDO`. `EIDRM`: the set was removed meanwhile. `EINTR`: a signal came; it is never
    /// restarted.
    #[track_caller]
    pub fn semop<'a>(self, id: i32, operations: &'a [SemOperation]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let address = self.hart.stage().put(&bytes_of(operations));
            let count = Length(operations.len() as u64);
            let call = move || Syscall::Semop { id, operations: InArray::at(address), count };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// As [`Sys::semop`], for so long at most (`semtimedop(2)`).
    ///
    /// # Errors
    /// As [`Sys::semop`]. `EAGAIN`: the time is over. `EINVAL`: it isn't a valid time.
    #[track_caller]
    pub fn semtimedop<'a>(
        self,
        id: i32,
        operations: &'a [SemOperation],
        timeout: Timespec,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let call = {
                let stage = &mut *self.hart.stage();
                let timeout = In::at(put(stage, &timeout));
                let address = stage.put(&bytes_of(operations));
                let count = Length(operations.len() as u64);
                move || Syscall::Semtimedop { id, operations: InArray::at(address), count, timeout }
            };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// A command of `semctl(2)` whose argument, if it has one, is a number: `GETVAL SETVAL GETPID GETNCNT GETZCNT IPC_RMID`.
    ///
    /// # Errors
    /// `EINVAL`: no such set, semaphore or command. `EACCES`: the set's permissions don't allow it. `EPERM`: `IPC_RMID`, and the
    /// set isn't the caller's. `ERANGE`: `SETVAL` to a value that no semaphore can have. `EFAULT`: the command needs a buffer.
    #[track_caller]
    pub fn semctl(
        self,
        id: i32,
        number: i32,
        command: SemCommand,
        value: i32,
    ) -> impl Future<Output = Result<i32, Errno>> {
        let line = self.caller();
        let call = move || Syscall::Semctl { id, number, command, argument: Address(value as i64 as u64) };
        async move { self.call(call, line).await.map(|value| value as i32) }
    }

    /// The values of the first `count` semaphores of a set, which must be all of them (`GETALL`).
    ///
    /// # Errors
    /// `EINVAL`: no such set. `EACCES`: it may not be read.
    #[track_caller]
    pub fn sem_values(self, id: i32, count: usize) -> impl Future<Output = Result<Vec<u16>, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(count * 2);
            let out = OutRegion { address, length: count as u32 * 2, filled: Filled::OnSuccess };
            let call =
                move || Syscall::Semctl { id, number: 0, command: SemCommand::GETALL, argument: Address(address) };
            self.staged(call, [Some(out), None], line).await?;
            Ok((0..count).map(|number| self.result_at(number * 2)).collect())
        }
    }

    /// Sets the values of all semaphores of a set (`SETALL`); there must be one for each.
    ///
    /// # Errors
    /// `EINVAL`: no such set. `EACCES`: it may not be written. `ERANGE`: a value that no semaphore can have.
    #[track_caller]
    pub fn sem_set_values<'a>(self, id: i32, values: &'a [u16]) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let address = self.hart.stage().put(&bytes);
            let call =
                move || Syscall::Semctl { id, number: 0, command: SemCommand::SETALL, argument: Address(address) };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// What is known of a set (`IPC_STAT`).
    ///
    /// # Errors
    /// `EINVAL`: no such set. `EACCES`: it may not be read.
    #[track_caller]
    pub fn sem_stat(self, id: i32) -> impl Future<Output = Result<SemidDs, Errno>> {
        let sys = self.here();
        async move { sys.semctl_out(id, SemCommand::IPC_STAT).await.map(|(_, stat)| stat) }
    }

    /// The identifier of the set in a slot, and what is known of it, whoever asks (`SEM_STAT_ANY`): for `ipcs`.
    ///
    /// # Errors
    /// `EINVAL`: the slot is free.
    #[track_caller]
    pub fn sem_stat_slot(self, slot: i32) -> impl Future<Output = Result<(i32, SemidDs), Errno>> {
        self.here().semctl_out(slot, SemCommand::SEM_STAT_ANY)
    }

    /// The highest slot in use, and the limits (`IPC_INFO`), or what all sets together use (`SEM_INFO`).
    ///
    /// # Errors
    /// `EINVAL`: another command.
    #[track_caller]
    pub fn sem_info(self, command: SemCommand) -> impl Future<Output = Result<(i32, SemInfo), Errno>> {
        self.here().semctl_out(0, command)
    }

    #[track_caller]
    fn semctl_out<T: Layout>(self, id: i32, command: SemCommand) -> impl Future<Output = Result<(i32, T), Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(T::SIZE);
            let out = OutRegion { address, length: T::SIZE as u32, filled: Filled::OnSuccess };
            let call = move || Syscall::Semctl { id, number: 0, command, argument: Address(address) };
            let value = self.staged(call, [Some(out), None], line).await?;
            Ok((value as i32, self.result_at(0)))
        }
    }

    /// Sets owner, group and permissions of a set (`IPC_SET`).
    ///
    /// # Errors
    /// `EINVAL`: no such set, or no such owner. `EPERM`: it isn't the caller's.
    #[track_caller]
    pub fn sem_set(self, id: i32, perm: IpcPerm) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            let address = put(&mut self.hart.stage(), &SemidDs { perm, ..SemidDs::default() });
            let call =
                move || Syscall::Semctl { id, number: 0, command: SemCommand::IPC_SET, argument: Address(address) };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }
}

fn bytes_of(operations: &[SemOperation]) -> Vec<u8> {
    let mut bytes = alloc::vec![0; operations.len() * SemOperation::SIZE];
    for (operation, place) in operations.iter().zip(bytes.chunks_exact_mut(SemOperation::SIZE)) {
        operation.store(place);
    }
    bytes
}
