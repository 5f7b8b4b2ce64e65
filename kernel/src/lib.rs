//! Vitrine's kernel: a value.
//!
//! [`Kernel`] is plain data in tables of fixed capacity. It never blocks, never loops waiting and never calls user code:
//! the machine that hosts it asks who runs ([`Kernel::pick`]), what that thread does now ([`Kernel::resume`]), and
//! reports why its user code stopped ([`Kernel::trap`]).
//!
//! | question | where |
//! | --- | --- |
//! | what state is there? how does it boot? | `kernel.rs` |
//! | what goes in and out? | `entry.rs`, `run.rs` |
//! | what does it ask of its host? | `host.rs` |
//! | what if it finds a bug in itself? | `bug.rs` |
//! | from call to handler | `dispatch.rs` |
//! | processes, fork, exec, exit, wait | `process/` |
//! | threads, run queue, wait queues, policies | `thread.rs`, `sched/` |
//! | address spaces, page faults, user memory | `mem/` |
//! | descriptors, pipes, console | `file/` |
//! | the tree of names: directories, FIFOs, devices | `name/` |
//! | System V IPC, POSIX message queues | `ipc/` |
//! | signals | `signal/` |
//! | the terminal | `tty/` |
//! | the clock and timers | `time/` |
//! | limits | `limits.rs` |
//! | looking inside from outside | `inspect.rs` |
//! | saving and loading | `save.rs` |
//! | what must always hold | `invariants/` |
//! | faults that a test build can plant, to see the checks find them | `planted.rs` |
//! | tables, lists, radix trees | `table.rs`, `list.rs`, `radix.rs` |
//! | how do entries name each other? | `ids.rs` |
//! | what has changed since a check | `touched.rs` |

#![no_std]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)
)]

mod bug;
mod dispatch;
mod entry;
pub mod file;
pub mod host;
pub mod ids;
mod inspect;
pub mod invariants;
pub mod ipc;
mod kernel;
pub mod limits;
pub mod list;
pub mod mem;
pub mod name;
#[cfg(feature = "planted-faults")]
pub mod planted;
#[cfg(not(feature = "planted-faults"))]
mod planted;
pub mod process;
pub mod radix;
mod run;
#[cfg(feature = "serde")]
mod save;
pub mod sched;
pub mod signal;
pub mod table;
#[cfg(test)]
mod testing;
pub mod thread;
pub mod time;
mod touched;
pub mod tty;

pub use bug::{bug, set_bug_hook};
pub use entry::{Boot, Pick, Picked, Resume, Trap, Trapped};
pub use host::{Event, Fate, Frame, Host, PhysMem, Programs, Trace, Waking};
pub use ids::{CpuNo, FrameNo, ImageNo, ProcessId, ProcessNo, ThreadId, ThreadNo};
pub use invariants::Violation;
pub use kernel::Kernel;
