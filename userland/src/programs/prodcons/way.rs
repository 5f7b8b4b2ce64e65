//! What a way from a producer to a consumer has to offer. All items are as long, and none begins with four zeros.

use abi::Errno;

use crate::Sys;

/// A way from a producer to a consumer, which are children of whoever makes it.
pub(super) trait Way: Sized {
    /// What it is called.
    const NAME: &'static str;

    /// Makes what both need for items of `size` bytes, before they are forked. If it fails, nothing is left that outlives the process.
    async fn make(sys: Sys, size: usize) -> Result<Self, Errno>;

    /// In the producer, before the first item.
    async fn begin_producing(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Passes an item on, and waits as long as there is no room.
    async fn put(&mut self, sys: Sys, item: &[u8]) -> Result<(), Errno>;

    /// Lets the consumer know that there are no more.
    async fn end(&mut self, sys: Sys) -> Result<(), Errno>;

    /// In the consumer, before the first item.
    async fn begin_consuming(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Takes the next item, and waits for it; false after the last.
    async fn get(&mut self, sys: Sys, item: &mut [u8]) -> Result<bool, Errno>;

    /// In whoever made it, when both have been forked.
    async fn leave(&mut self, _sys: Sys) -> Result<(), Errno> {
        Ok(())
    }

    /// Removes what is left when both have ended.
    async fn remove(self, sys: Sys);
}
