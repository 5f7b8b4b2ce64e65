//! System V shared memory: `shmget(2) shmat(2) shmdt(2) shmctl(2)`.

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

impl Sys {
    /// The identifier of the segment with a key, which is made if `IPC_CREAT` says so (`shmget(2)`); with `IPC_PRIVATE`, of a
    /// new one. The low nine bits of `flags` are the permissions of a new one.
    ///
    /// # Errors
    /// `ENOENT`: there is none, and no `IPC_CREAT`. `EEXIST`: there is one, and `IPC_CREAT | IPC_EXCL`. `EINVAL`: it is smaller
    /// than `size`; a new one would be empty, or too large. `EACCES`: its permissions don't allow it. `ENOSPC`: too many
    /// segments, or pages in them. `ENOMEM`: no memory for a new one.
    #[track_caller]
    pub fn shmget(self, key: i32, size: usize, flags: IpcFlags) -> impl Future<Output = Result<i32, Errno>> {
        let line = self.caller();
        let call = move || Syscall::Shmget { key, size: Length(size as u64), flags };
        async move { self.call(call, line).await.map(|id| id as i32) }
    }

    /// Attaches a segment (`shmat(2)`), at this address or, if it is 0, where there is room; the address.
    ///
    /// # Errors
    /// `EINVAL`: no such segment, a bad address, or something is mapped there and no `SHM_REMAP`. `EACCES`: its permissions
    /// don't allow it. `EPERM`: below the lowest address that may be mapped. `ENOMEM`: no room, or too many regions.
    #[track_caller]
    pub fn shmat(self, id: i32, address: u64, flags: ShmFlags) -> impl Future<Output = Result<u64, Errno>> {
        let line = self.caller();
        let call = move || Syscall::Shmat { id, address: Address(address), flags };
        async move { self.call(call, line).await.map(|address| address as u64) }
    }

    /// Detaches the segment that was attached at an address (`shmdt(2)`).
    ///
    /// # Errors
    /// `EINVAL`: none was.
    #[track_caller]
    pub fn shmdt(self, address: u64) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Shmdt { address: Address(address) }, line).await.map(drop) }
    }

    /// What is known of a segment (`shmctl(2)`, `IPC_STAT`).
    ///
    /// # Errors
    /// `EINVAL`: no such segment. `EACCES`: it may not be read.
    #[track_caller]
    pub fn shm_stat(self, id: i32) -> impl Future<Output = Result<ShmidDs, Errno>> {
        let sys = self.here();
        async move { sys.shmctl_out(id, ShmCommand::IPC_STAT).await.map(|(_, stat)| stat) }
    }

    /// The identifier of the segment in a slot, and what is known of it, whoever asks (`SHM_STAT_ANY`): for `ipcs`.
    ///
    /// # Errors
    /// `EINVAL`: the slot is free.
    #[track_caller]
    pub fn shm_stat_slot(self, slot: i32) -> impl Future<Output = Result<(i32, ShmidDs), Errno>> {
        self.here().shmctl_out(slot, ShmCommand::SHM_STAT_ANY)
    }

    /// The highest slot in use, and what all segments together use (`SHM_INFO`).
    ///
    /// # Errors
    /// None that this stub can cause.
    #[track_caller]
    pub fn shm_info(self) -> impl Future<Output = Result<(i32, ShmUsage), Errno>> {
        self.here().shmctl_out(0, ShmCommand::SHM_INFO)
    }

    /// The limits of segments (`IPC_INFO`).
    ///
    /// # Errors
    /// None that this stub can cause.
    #[track_caller]
    pub fn shm_limits(self) -> impl Future<Output = Result<ShmLimits, Errno>> {
        let sys = self.here();
        async move { sys.shmctl_out(0, ShmCommand::IPC_INFO).await.map(|(_, limits)| limits) }
    }

    #[track_caller]
    fn shmctl_out<T: Layout>(self, id: i32, command: ShmCommand) -> impl Future<Output = Result<(i32, T), Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(T::SIZE);
            let out = OutRegion { address, length: T::SIZE as u32, filled: Filled::OnSuccess };
            let call = move || Syscall::Shmctl { id, command, buffer: Out::at(address) };
            let value = self.staged(call, [Some(out), None], line).await?;
            Ok((value as i32, self.result_at(0)))
        }
    }

    /// Sets owner, group and permissions of a segment (`IPC_SET`).
    ///
    /// # Errors
    /// `EINVAL`: no such segment, or no such owner. `EPERM`: it isn't the caller's.
    #[track_caller]
    pub fn shm_set(self, id: i32, perm: IpcPerm) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            let address = put(&mut self.hart.stage(), &ShmidDs { perm, ..ShmidDs::default() });
            let call = move || Syscall::Shmctl { id, command: ShmCommand::IPC_SET, buffer: Out::at(address) };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// A command of `shmctl` without a buffer: `IPC_RMID SHM_LOCK SHM_UNLOCK`.
    ///
    /// # Errors
    /// `EINVAL`: no such segment or command. `EPERM`: the segment isn't the caller's. `EFAULT`: the command needs a buffer.
    #[track_caller]
    pub fn shmctl(self, id: i32, command: ShmCommand) -> impl Future<Output = Result<i32, Errno>> {
        let line = self.caller();
        let call = move || Syscall::Shmctl { id, command, buffer: Out::NULL };
        async move { self.call(call, line).await.map(|value| value as i32) }
    }
}
