//! What a process says about itself: its name, and whether it adopts orphans (`prctl(2)`).

use alloc::string::String;

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

/// Bytes of a name, its final zero byte included (`PR_SET_NAME`).
const NAME_SIZE: usize = 16;

impl Sys {
    /// Names the process, as `ps` shows it; at most 15 bytes are kept (`PR_SET_NAME`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn set_name<'a>(self, name: &'a str) -> impl Future<Output = Result<(), Errno>> + 'a {
        let line = self.caller();
        async move {
            let mut bytes = [0; NAME_SIZE];
            for (to, from) in bytes[..NAME_SIZE - 1].iter_mut().zip(name.bytes()) {
                *to = from;
            }
            let argument = self.hart.stage().put(&bytes);
            self.staged(move || prctl(PrctlOption::PR_SET_NAME, argument), [None; 2], line).await.map(drop)
        }
    }

    /// The name of the process (`PR_GET_NAME`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn get_name(self) -> impl Future<Output = Result<String, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(NAME_SIZE);
            let out = OutRegion { address, length: NAME_SIZE as u32, filled: Filled::OnSuccess };
            self.staged(move || prctl(PrctlOption::PR_GET_NAME, address), [Some(out), None], line).await?;
            let name: [u8; NAME_SIZE] = self.result_at(0);
            Ok(super::text_until_zero(&name))
        }
    }

    /// Becomes, or ceases to be, the one that adopts its descendants' orphans (`PR_SET_CHILD_SUBREAPER`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn set_child_subreaper(self, on: bool) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        async move { self.call(move || prctl(PrctlOption::PR_SET_CHILD_SUBREAPER, on.into()), line).await.map(drop) }
    }

    /// Whether the caller adopts its descendants' orphans (`PR_GET_CHILD_SUBREAPER`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn get_child_subreaper(self) -> impl Future<Output = Result<bool, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(i32::SIZE);
            let out = OutRegion { address, length: i32::SIZE as u32, filled: Filled::OnSuccess };
            self.staged(move || prctl(PrctlOption::PR_GET_CHILD_SUBREAPER, address), [Some(out), None], line).await?;
            Ok(self.result_at::<i32>(0) != 0)
        }
    }
}

/// A `prctl` with one argument; the others must be 0.
fn prctl(option: PrctlOption, argument: u64) -> Syscall {
    Syscall::Prctl { option, argument, argument3: 0, argument4: 0, argument5: 0 }
}
