//! The heap's end: `brk(2) sbrk(2)`.

use abi::*;

use super::Sys;

impl Sys {
    /// Sets the end of the heap (`brk(2)`).
    ///
    /// # Errors
    /// `ENOMEM`: there is no room up to there, or the data limit is reached.
    #[track_caller]
    pub fn brk(self, end: u64) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move {
            // The kernel's call never fails: it returns the end as it is then, and the library compares.
            let reached = self.call(move || Syscall::Brk { address: Address(end) }, line).await?;
            if reached as u64 == end { Ok(()) } else { Err(Errno::ENOMEM) }
        }
    }

    /// Moves the end of the heap by so many bytes, and returns where it was: the address of the new memory (`sbrk(3)`).
    ///
    /// # Errors
    /// `ENOMEM`: as for [`Sys::brk`], or the end would fall out of the address space.
    #[track_caller]
    pub fn sbrk(self, increment: i64) -> impl Future<Output = Result<u64, Errno>> {
        let line = self.caller();
        async move {
            let end = self.call(move || Syscall::Brk { address: Address(0) }, line).await? as u64;
            if increment == 0 {
                return Ok(end);
            }
            let wanted = end.checked_add_signed(increment).ok_or(Errno::ENOMEM)?;
            let reached = self.call(move || Syscall::Brk { address: Address(wanted) }, line).await?;
            if reached as u64 == wanted { Ok(end) } else { Err(Errno::ENOMEM) }
        }
    }
}
