//! The list of all processes, from which `ps` and `pstree` are made. A call of Vitrine's own: there is no `/proc` to read.

use alloc::vec::Vec;

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

/// How many processes are asked for at first.
const FIRST_GUESS: usize = 64;

impl Sys {
    /// All processes, zombies included, by ascending process id.
    ///
    /// # Errors
    /// `EFAULT`: the list doesn't fit onto the stack.
    #[track_caller]
    pub fn processes(self) -> impl Future<Output = Result<Vec<ProcessInfo>, Errno>> {
        let sys = self.here();
        async move {
            let mut capacity = FIRST_GUESS;
            loop {
                let (list, count) = sys.processes_up_to(capacity).await?;
                if count <= capacity {
                    return Ok(list);
                }
                capacity = count;
            }
        }
    }

    /// At most so many processes, and how many there are.
    async fn processes_up_to(self, capacity: usize) -> Result<(Vec<ProcessInfo>, usize), Errno> {
        let length = capacity * ProcessInfo::SIZE;
        let address = self.hart.stage().room(length);
        let out = OutRegion { address, length: length as u32, filled: Filled::OnSuccess };
        let call = Syscall::Processes { list: OutArray::at(address), count: Length(capacity as u64) };
        let count = self.staged(call, [Some(out), None], self.caller()).await? as usize;
        let infos = (0..count.min(capacity)).map(|index| self.result_at(index * ProcessInfo::SIZE));
        Ok((infos.collect(), count))
    }
}
