//! Through a POSIX message queue (`mq_overview(7)`): a message an item. The end is an empty message.

use alloc::format;

use abi::{Errno, MqAttr, OpenFlags};

use super::way::Way;
use crate::Sys;
use crate::sys::Mqd;

/// Few items fit, so that both have to wait for each other.
const PLACES: i64 = 4;

#[derive(Clone, Copy)]
pub(super) struct Queue(Mqd);

impl Way for Queue {
    const NAME: &'static str = "mqueue";

    /// Both inherit the descriptor, so the name is given up at once: then nothing is left whatever becomes of them.
    async fn make(sys: Sys, size: usize) -> Result<Queue, Errno> {
        let name = format!("/prodcons.{}", sys.getpid().await.0);
        let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
        let shape = MqAttr { maxmsg: PLACES, msgsize: size as i64, ..MqAttr::default() };
        let queue = sys.mq_open(name.as_bytes(), flags, 0o600, Some(shape)).await?;
        sys.mq_unlink(name.as_bytes()).await?;
        Ok(Queue(queue))
    }

    async fn put(&mut self, sys: Sys, item: &[u8]) -> Result<(), Errno> {
        sys.mq_send(self.0, item, 0).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.mq_send(self.0, b"", 0).await
    }

    async fn get(&mut self, sys: Sys, item: &mut [u8]) -> Result<bool, Errno> {
        let (message, _) = sys.mq_receive(self.0, item.len()).await?;
        if message.is_empty() {
            return Ok(false);
        }
        item.copy_from_slice(&message);
        Ok(true)
    }

    async fn remove(self, sys: Sys) {
        let _ = sys.close(self.0).await;
    }
}
