//! Typed system calls: one stub each, `Result<_, Errno>`.
//!
//! Every stub is a plain function that captures its caller's line and returns a future, because `#[track_caller]` does
//! nothing on an `async fn`; so the debugger knows on which line of its source every process stands.
//!
//! | stubs | file |
//! | --- | --- |
//! | processes: `fork execve exit wait4 getpid` ... | `process.rs` |
//! | descriptors and pipes: `pipe read write close dup2 fcntl` ... | `descriptor.rs` |
//! | memory: `mmap munmap`, loads and stores | `memory.rs` |
//! | time: `nanosleep clock_gettime compute sched_yield` | `time.rs` |
//! | all of them by address, generated from the table | `raw.rs` |

mod descriptor;
mod memory;
mod process;
mod raw;
mod time;

pub use memory::Word;
pub use process::{Forked, Never};
pub use raw::Raw;

use core::panic::Location;

use abi::{Errno, Layout, Syscall};

use crate::hart::{Hart, HartRef, Operation, OutRegion, SourceLine, Stage};

/// A program's handle to the kernel. Copy it freely; every call goes through it.
#[derive(Clone, Copy)]
pub struct Sys {
    hart: HartRef,
    line: Option<SourceLine>,
}

impl Sys {
    /// A handle to this hart; for those who run programs, not for programs.
    pub fn new(hart: &'static Hart) -> Sys {
        Sys { hart: HartRef::new(hart), line: None }
    }

    /// A handle whose calls report the line of the caller of `here`: for library functions that want their own caller
    /// to be seen as the one that traps.
    #[track_caller]
    pub fn here(self) -> Sys {
        Sys { line: Some(self.caller()), ..self }
    }

    #[track_caller]
    fn caller(self) -> SourceLine {
        match self.line {
            Some(line) => line,
            None => Location::caller(),
        }
    }

    /// A call that takes no bytes along.
    async fn call(self, call: Syscall, line: SourceLine) -> Result<i64, Errno> {
        Errno::result(self.hart.trap(Operation::Syscall(call), line).await)
    }

    /// A call with staged bytes, whose results come back in `outs`.
    async fn staged(self, call: Syscall, outs: [Option<OutRegion>; 2], line: SourceLine) -> Result<i64, Errno> {
        Errno::result(self.hart.staged_trap(Operation::Syscall(call), outs, line).await)
    }

    /// The structure at the front of the result's bytes.
    fn result_at<T: Layout>(self, at: usize) -> T {
        T::load(self.hart.0.data.borrow().get(at..).unwrap_or_default())
    }
}

/// Stages a structure and returns its address.
fn put<T: Layout>(stage: &mut Stage, value: &T) -> u64 {
    let mut bytes = [0; 256];
    let bytes = &mut bytes[..T::SIZE];
    value.store(bytes);
    stage.put(bytes)
}
