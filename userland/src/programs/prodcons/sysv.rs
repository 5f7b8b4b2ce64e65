//! Through a System V message queue (`sysvipc(7)`): a message an item. The end is a message of another type.

use abi::{Errno, IPC_PRIVATE, IpcFlags, MsgFlags, MsqidDs};

use super::way::Way;
use crate::Sys;

/// The types of messages. A receiver could ask for one of them only; this one takes what comes first.
const ITEM: i64 = 1;
const END: i64 = 2;

/// Few items fit, so that both have to wait for each other.
const PLACES: u64 = 4;

#[derive(Clone, Copy)]
pub(super) struct Queue(i32);

impl Queue {
    async fn shrink(&self, sys: Sys, size: usize) -> Result<(), Errno> {
        let MsqidDs { perm, .. } = sys.msg_stat(self.0).await?;
        sys.msg_set(self.0, perm, PLACES * size as u64).await
    }
}

impl Way for Queue {
    const NAME: &'static str = "sysv";

    async fn make(sys: Sys, size: usize) -> Result<Queue, Errno> {
        let flags = IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600);
        let queue = Queue(sys.msgget(IPC_PRIVATE, flags).await?);
        if let Err(errno) = queue.shrink(sys, size).await {
            queue.remove(sys).await;
            return Err(errno);
        }
        Ok(queue)
    }

    async fn put(&mut self, sys: Sys, item: &[u8]) -> Result<(), Errno> {
        sys.msgsnd(self.0, ITEM, item, MsgFlags::empty()).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.msgsnd(self.0, END, b"", MsgFlags::empty()).await
    }

    async fn get(&mut self, sys: Sys, item: &mut [u8]) -> Result<bool, Errno> {
        let (kind, _) = sys.msgrcv(self.0, item, 0, MsgFlags::empty()).await?;
        Ok(kind == ITEM)
    }

    /// Such a queue belongs to no process, so it has to be removed.
    async fn remove(self, sys: Sys) {
        let _ = sys.msg_remove(self.0).await;
    }
}
