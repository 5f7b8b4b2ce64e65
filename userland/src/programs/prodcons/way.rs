//! What a way from a producer to a consumer has to offer. Each item is a number that isn't 0.

use abi::Errno;

use crate::Sys;

/// A way from a producer to a consumer, which are children of whoever makes it.
pub(super) trait Way: Sized {
    /// What it is called.
    const NAME: &'static str;

    /// Makes what both need, before they are forked. If it fails, nothing is left that outlives the process.
    async fn make(sys: Sys) -> Result<Self, Errno>;

    /// In the producer, before the first item.
    async fn begin_producing(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Passes an item on, and waits as long as there is no room.
    async fn put(&mut self, sys: Sys, item: u32) -> Result<(), Errno>;

    /// Lets the consumer know that there are no more.
    async fn end(&mut self, sys: Sys) -> Result<(), Errno>;

    /// In the consumer, before the first item.
    async fn begin_consuming(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Takes the next item, and waits for it; `None` after the last.
    async fn get(&mut self, sys: Sys) -> Result<Option<u32>, Errno>;

    /// In whoever made it, when both have been forked.
    async fn leave(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Removes what is left when both have ended.
    async fn remove(self, sys: Sys);
}
