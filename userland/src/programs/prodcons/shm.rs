//! Through shared memory: a ring of items, and two semaphores that count the free places and the filled ones (`semop(2)`).
//! With one producer and one consumer that is enough; several of a kind would need a third one, to keep each other out.
//! The end is an item of zeros.

use alloc::vec;

use abi::{Errno, IPC_PRIVATE, IpcFlags, SemCommand, SemOperation, ShmCommand, ShmFlags};

use super::way::Way;
use crate::Sys;

/// Places in the ring.
const PLACES: u64 = 8;

/// The semaphores.
const FREE: u16 = 0;
const FILLED: u16 = 1;

#[derive(Clone, Copy)]
pub(super) struct Ring {
    base: u64,
    /// Bytes of an item.
    size: usize,
    semaphores: i32,
    /// Where this process is in the ring. Each has its own, since each goes round by itself.
    at: u64,
}

impl Ring {
    async fn change(&self, sys: Sys, number: u16, op: i16) -> Result<(), Errno> {
        sys.semop(self.semaphores, &[SemOperation { number, op, flags: 0 }]).await
    }

    /// The next place.
    fn next(&mut self) -> u64 {
        self.at += 1;
        self.base + (self.at - 1) % PLACES * self.size as u64
    }
}

impl Way for Ring {
    const NAME: &'static str = "shm";

    async fn make(sys: Sys, size: usize) -> Result<Ring, Errno> {
        let flags = IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600);
        let segment = sys.shmget(IPC_PRIVATE, PLACES as usize * size, flags).await?;
        let attached = sys.shmat(segment, 0, ShmFlags::empty()).await;
        // It lasts until nobody has it attached.
        sys.shmctl(segment, ShmCommand::IPC_RMID).await?;
        let base = attached?;
        let ring = Ring { base, size, semaphores: sys.semget(IPC_PRIVATE, 2, flags).await?, at: 0 };
        if let Err(errno) = sys.sem_set_values(ring.semaphores, &[PLACES as u16, 0]).await {
            ring.remove(sys).await;
            return Err(errno);
        }
        Ok(ring)
    }

    async fn put(&mut self, sys: Sys, item: &[u8]) -> Result<(), Errno> {
        self.change(sys, FREE, -1).await?;
        sys.store_bytes(self.next(), item).await;
        self.change(sys, FILLED, 1).await
    }

    async fn end(&mut self, sys: Sys) -> Result<(), Errno> {
        let zeros = vec![0; self.size];
        self.put(sys, &zeros).await
    }

    async fn get(&mut self, sys: Sys, item: &mut [u8]) -> Result<bool, Errno> {
        self.change(sys, FILLED, -1).await?;
        sys.load_bytes(self.next(), item).await;
        self.change(sys, FREE, 1).await?;
        Ok(item[..4] != [0; 4])
    }

    async fn remove(self, sys: Sys) {
        let _ = sys.semctl(self.semaphores, 0, SemCommand::IPC_RMID, 0).await;
        let _ = sys.shmdt(self.base).await;
    }
}
