//! Through a System V message queue (`sysvipc(7)`): a message an item. The end is a message of another type.

use abi::{Errno, IPC_PRIVATE, IpcFlags, MsgFlags};

use super::way::Way;
use crate::Sys;

/// The types of messages. A receiver could ask for one of them only; this one takes what comes first.
const ITEM: i64 = 1;
const END: i64 = 2;

#[derive(Clone, Copy)]
pub(super) struct Queue(i32);

impl Way for Queue {
    const NAME: &'static str = "sysv";

    async fn make(sys: Sys) -> Result<Queue, Errno> {
        sys.msgget(IPC_PRIVATE, IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600)).await.map(Queue)
    }

    async fn put(&mut self, sys: Sys, item: u32) -> Result<(), Errno> {
        sys.msgsnd(self.0, ITEM, &item.to_le_bytes(), MsgFlags::empty()).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.msgsnd(self.0, END, b"", MsgFlags::empty()).await
    }

    async fn get(&mut self, sys: Sys) -> Result<Option<u32>, Errno> {
        let mut bytes = [0; 4];
        let (kind, _) = sys.msgrcv(self.0, &mut bytes, 0, MsgFlags::empty()).await?;
        Ok((kind == ITEM).then_some(u32::from_le_bytes(bytes)))
    }

    /// Such a queue belongs to no process, so it has to be removed.
    async fn remove(self, sys: Sys) {
        let _ = sys.msg_remove(self.0).await;
    }
}
