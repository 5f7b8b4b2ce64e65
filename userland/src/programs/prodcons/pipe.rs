//! Through a pipe: one item's bytes behind the other's. The end is that nobody has the writing end open any more (`pipe(7)`), so each process
//! must close what it doesn't use.

use abi::{Errno, Fd};

use super::way::Way;
use crate::Sys;
use crate::libc::write_all;

#[derive(Clone, Copy)]
pub(super) struct Pipe {
    read_end: Fd,
    write_end: Fd,
}

impl Way for Pipe {
    const NAME: &'static str = "pipe";

    async fn make(sys: Sys, _size: usize) -> Result<Pipe, Errno> {
        let (read_end, write_end) = sys.pipe().await?;
        Ok(Pipe { read_end, write_end })
    }

    async fn begin_producing(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.read_end).await
    }

    async fn put(&mut self, sys: Sys, item: &[u8]) -> Result<(), Errno> {
        write_all(sys, self.write_end, item).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.write_end).await
    }

    async fn begin_consuming(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.write_end).await
    }

    async fn get(&mut self, sys: Sys, item: &mut [u8]) -> Result<bool, Errno> {
        let mut filled = 0;
        // A pipe knows nothing of items: a read may give a part of one.
        while filled < item.len() {
            match sys.read(self.read_end, &mut item[filled..]).await? {
                0 => return Ok(false),
                count => filled += count,
            }
        }
        Ok(true)
    }

    async fn leave(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.read_end).await?;
        sys.close(self.write_end).await
    }

    async fn remove(self, _sys: Sys) {}
}
