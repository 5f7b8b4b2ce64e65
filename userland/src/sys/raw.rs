//! Stubs generated from the table of calls: arguments as they are, addresses in simulated memory.
//!
//! For programs that test the edge (bad pointers, unknown numbers) and for those that keep their data in simulated memory.

use abi::*;

use super::Sys;
use crate::hart::Operation;

/// The raw stubs, as [`Sys::raw`] gives them.
#[derive(Clone, Copy)]
pub struct Raw(Sys);

impl Sys {
    /// The stubs that take addresses.
    pub fn raw(self) -> Raw {
        Raw(self)
    }
}

impl Raw {
    /// Any call by number, known or not.
    #[track_caller]
    pub fn syscall(self, number: u64, arguments: [u64; 6]) -> impl Future<Output = Result<i64, Errno>> {
        let operation = match Syscall::decode(number, arguments) {
            Some(call) => Operation::Syscall(call),
            None => Operation::UnknownSyscall { number },
        };
        let trap = self.0.hart.trap(move || operation, self.0.caller());
        async move { Errno::result(trap.await) }
    }
}

macro_rules! raw_stubs {
    ($($number:literal $name:ident $variant:ident ($($argument:ident: $type:ty),*) -> $result:ident [$($errno:ident)*] $summary:literal;)*) => {
        #[allow(clippy::too_many_arguments)]
        impl Raw {
            $(
                #[doc = $summary]
                #[track_caller]
                pub fn $name(self, $($argument: $type),*) -> impl Future<Output = Result<i64, Errno>> {
                    let line = self.0.caller();
                    self.0.call(move || Syscall::$variant { $($argument),* }, line)
                }
            )*
        }
    };
}
for_each_syscall!(raw_stubs);
