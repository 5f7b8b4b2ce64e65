//! System V message queues: `msgget(2) msgsnd(2) msgrcv(2) msgctl(2)`.

use alloc::vec::Vec;

use abi::*;

use super::{Sys, put};
use crate::hart::{Filled, OutRegion};

/// Bytes of a message's type, which lies before its text.
const TYPE_BYTES: usize = <i64 as Layout>::SIZE;

impl Sys {
    /// The identifier of the queue with a key, which is made if `IPC_CREAT` says so (`msgget(2)`); with `IPC_PRIVATE`, of a new
    /// one. The low nine bits of `flags` are the permissions of a new one.
    ///
    /// # Errors
    /// `ENOENT`: there is none, and no `IPC_CREAT`. `EEXIST`: there is one, and `IPC_CREAT | IPC_EXCL`. `EACCES`: its permissions
    /// don't allow it. `ENOSPC`: too many queues. `ENOMEM`: no memory for a new one.
    #[track_caller]
    pub fn msgget(self, key: i32, flags: IpcFlags) -> impl Future<Output = Result<i32, Errno>> {
        let line = self.caller();
        async move { self.call(move || Syscall::Msgget { key, flags }, line).await.map(|id| id as i32) }
    }

    /// Sends a message of a positive type (`msgsnd(2)`). Waits for room, unless `IPC_NOWAIT`.
    ///
    /// # Errors
    /// `EINVAL`: no such queue, a type that isn't positive, or too long a text. `EACCES`: the queue may not be written.
    /// `EAGAIN`: no room, and `IPC_NOWAIT`. `EIDRM`: the queue was removed meanwhile. `EINTR`: a handler ran; it is never
    /// restarted. `ENOMEM`: no memory for the message.
    #[track_caller]
    pub fn msgsnd<'a>(
        self,
        id: i32,
        kind: i64,
        text: &'a [u8],
        flags: MsgFlags,
    ) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let mut message = Vec::with_capacity(TYPE_BYTES + text.len());
            message.extend_from_slice(&kind.to_le_bytes());
            message.extend_from_slice(text);
            let (address, size) = (self.hart.stage().put(&message), Length(text.len() as u64));
            let call = move || Syscall::Msgsnd { id, message: In::at(address), size, flags };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// Receives a message (`msgrcv(2)`): its type, and how many bytes of `text` it fills. `kind` selects: 0 the first, a positive
    /// one the first of that type (with `MSG_EXCEPT`, of another), a negative one the first of the lowest type up to its
    /// absolute value.
    ///
    /// # Errors
    /// `EINVAL`: no such queue, or bad flags. `EACCES`: the queue may not be read. `E2BIG`: the message is longer than `text`, and
    /// no `MSG_NOERROR`; it stays. `ENOMSG`: there is none, and `IPC_NOWAIT`. `EIDRM`: the queue was removed meanwhile. `EINTR`: a
    /// handler ran; it is never restarted.
    #[track_caller]
    pub fn msgrcv<'a>(
        self,
        id: i32,
        text: &'a mut [u8],
        kind: i64,
        flags: MsgFlags,
    ) -> impl Future<Output = Result<(i64, usize), Errno>> + 'a {
        let line = self.caller();
        async move {
            let length = text.len();
            let address = self.hart.stage().room(TYPE_BYTES + length);
            let type_out = OutRegion { address, length: TYPE_BYTES as u32, filled: Filled::OnSuccess };
            let text_at = address + TYPE_BYTES as u64;
            let text_out = OutRegion { address: text_at, length: length as u32, filled: Filled::Returned };
            let size = Length(length as u64);
            let call = move || Syscall::Msgrcv { id, message: Out::at(address), size, kind, flags };
            let count = self.staged(call, [Some(type_out), Some(text_out)], line).await? as usize;
            text[..count].copy_from_slice(&self.hart.0.data.borrow()[TYPE_BYTES..TYPE_BYTES + count]);
            Ok((self.result_at(0), count))
        }
    }

    /// What is known of a queue (`msgctl(2)`, `IPC_STAT`).
    ///
    /// # Errors
    /// `EINVAL`: no such queue. `EACCES`: it may not be read.
    #[track_caller]
    pub fn msg_stat(self, id: i32) -> impl Future<Output = Result<MsqidDs, Errno>> {
        let sys = self.here();
        async move { sys.msgctl_out(id, MsgCommand::IPC_STAT).await.map(|(_, stat)| stat) }
    }

    /// The identifier of the queue in a slot, and what is known of it, whoever asks (`MSG_STAT_ANY`): for `ipcs`.
    ///
    /// # Errors
    /// `EINVAL`: the slot is free.
    #[track_caller]
    pub fn msg_stat_slot(self, slot: i32) -> impl Future<Output = Result<(i32, MsqidDs), Errno>> {
        self.here().msgctl_out(slot, MsgCommand::MSG_STAT_ANY)
    }

    /// The highest slot in use, and the limits (`IPC_INFO`), or what all queues together use (`MSG_INFO`).
    ///
    /// # Errors
    /// `EINVAL`: another command.
    #[track_caller]
    pub fn msg_info(self, command: MsgCommand) -> impl Future<Output = Result<(i32, MsgInfo), Errno>> {
        self.here().msgctl_out(0, command)
    }

    #[track_caller]
    fn msgctl_out<T: Layout>(self, id: i32, command: MsgCommand) -> impl Future<Output = Result<(i32, T), Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(T::SIZE);
            let out = OutRegion { address, length: T::SIZE as u32, filled: Filled::OnSuccess };
            let call = move || Syscall::Msgctl { id, command, buffer: Out::at(address) };
            let value = self.staged(call, [Some(out), None], line).await?;
            Ok((value as i32, self.result_at(0)))
        }
    }

    /// Sets owner, group, permissions and capacity of a queue (`IPC_SET`).
    ///
    /// # Errors
    /// `EINVAL`: no such queue, or no such owner. `EPERM`: it isn't the caller's, or only user 0 may have so large a queue.
    #[track_caller]
    pub fn msg_set(self, id: i32, perm: IpcPerm, qbytes: u64) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            let address = put(&mut self.hart.stage(), &MsqidDs { perm, qbytes, ..MsqidDs::default() });
            let call = move || Syscall::Msgctl { id, command: MsgCommand::IPC_SET, buffer: Out::at(address) };
            self.staged(call, [None; 2], line).await.map(drop)
        }
    }

    /// Removes a queue (`IPC_RMID`); who waits at it gets `EIDRM`.
    ///
    /// # Errors
    /// `EINVAL`: no such queue. `EPERM`: it isn't the caller's.
    #[track_caller]
    pub fn msg_remove(self, id: i32) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let call = move || Syscall::Msgctl { id, command: MsgCommand::IPC_RMID, buffer: Out::NULL };
        async move { self.call(call, line).await.map(drop) }
    }
}
