//! Through a pipe: four bytes an item. The end is that nobody has the writing end open any more (`pipe(7)`), so each process
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

    async fn make(sys: Sys) -> Result<Pipe, Errno> {
        let (read_end, write_end) = sys.pipe().await?;
        Ok(Pipe { read_end, write_end })
    }

    async fn begin_producing(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.read_end).await
    }

    async fn put(&mut self, sys: Sys, item: u32) -> Result<(), Errno> {
        write_all(sys, self.write_end, &item.to_le_bytes()).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.write_end).await
    }

    async fn begin_consuming(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.write_end).await
    }

    async fn get(&mut self, sys: Sys) -> Result<Option<u32>, Errno> {
        let mut bytes = [0; 4];
        let mut filled = 0;
        // A pipe knows nothing of items: a read may give a part of one.
        while filled < bytes.len() {
            match sys.read(self.read_end, &mut bytes[filled..]).await? {
                0 => return Ok(None),
                count => filled += count,
            }
        }
        Ok(Some(u32::from_le_bytes(bytes)))
    }

    async fn leave(&mut self, sys: Sys) -> Result<(), Errno> {
        sys.close(self.read_end).await?;
        sys.close(self.write_end).await
    }

    async fn remove(self, _sys: Sys) {}
}
