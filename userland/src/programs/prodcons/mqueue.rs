//! Through a POSIX message queue (`mq_overview(7)`): a message an item. The end is an empty message.

use alloc::format;

use abi::{Errno, MqAttr, OpenFlags};

use super::way::Way;
use crate::Sys;
use crate::sys::Mqd;

/// Few items fit, so that both have to wait for each other.
const SHAPE: MqAttr = MqAttr { flags: 0, maxmsg: 4, msgsize: 4, curmsgs: 0, rest: [0; 4] };

#[derive(Clone, Copy)]
pub(super) struct Queue(Mqd);

impl Way for Queue {
    const NAME: &'static str = "mqueue";

    /// Both inherit the descriptor, so the name is given up at once: then nothing is left whatever becomes of them.
    async fn make(sys: Sys) -> Result<Queue, Errno> {
        let name = format!("/prodcons.{}", sys.getpid().await.0);
        let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
        let queue = sys.mq_open(name.as_bytes(), flags, 0o600, Some(SHAPE)).await?;
        sys.mq_unlink(name.as_bytes()).await?;
        Ok(Queue(queue))
    }

    async fn put(&mut self, sys: Sys, item: u32) -> Result<(), Errno> {
        sys.mq_send(self.0, &item.to_le_bytes(), 0).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.mq_send(self.0, b"", 0).await
    }

    async fn get(&mut self, sys: Sys) -> Result<Option<u32>, Errno> {
        let (message, _) = sys.mq_receive(self.0, SHAPE.msgsize as usize).await?;
        Ok(message.first_chunk().map(|bytes| u32::from_le_bytes(*bytes)))
    }

    async fn remove(self, sys: Sys) {
        let _ = sys.close(self.0).await;
    }
}
