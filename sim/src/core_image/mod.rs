//! Core images: what a process was when a signal ended it (`core(5)`), for whoever wants to know why.
//!
//! Linux writes an ELF file for a debugger; a process here is no machine code, so an image has a form of its own.
//!
//! | question | file |
//! | --- | --- |
//! | what does an image hold? | here |
//! | how is it taken from a process that ends? | `collect.rs` |
//! | how is it laid out in a file, and what is refused? | `file.rs` |
//! | how is it printed? | `show.rs` |

mod collect;
mod file;
mod show;

use serde::{Deserialize, Serialize};

pub use file::{BadImage, VERSION};

/// A process when a signal ended it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CoreImage {
    /// Its process id.
    pub pid: u32,
    /// That of its parent; 0 if it had none.
    pub ppid: u32,
    /// Its process group.
    pub pgid: u32,
    /// Its session.
    pub sid: u32,
    /// Its real and effective user id.
    pub uids: (u32, u32),
    /// Its real and effective group id.
    pub gids: (u32, u32),
    /// Its name.
    pub name: String,
    /// What it was started with.
    pub argv: Vec<Vec<u8>>,
    /// Why it ended.
    pub cause: Cause,
    /// Where its program stood.
    pub place: Stood,
    /// What it had mapped.
    pub regions: Vec<MappedRegion>,
    /// Pages that are missing because `RLIMIT_CORE` didn't allow more.
    pub pages_left_out: u64,
    /// What it had open.
    pub descriptors: Vec<OpenDescriptor>,
    /// Its signals.
    pub signals: SignalState,
}

/// Why a process ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// The signal's number.
    pub signal: u8,
    /// Its code: `SI_USER`, `SEGV_MAPERR` ...
    pub code: i32,
    /// Who sent it; 0: the kernel.
    pub sender: u32,
    /// The sender's real user id.
    pub sender_uid: u32,
    /// The address of a fault, or the value that was queued with it.
    pub value: u64,
    /// What the program did wrong, if it broke a rule of its hart or panicked.
    pub fault: Option<String>,
}

/// Where a program stood.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Stood {
    /// The line of its source, as `file:line`; `None` before it had begun.
    pub line: Option<String>,
    /// The operation it stood in.
    pub operation: Option<String>,
    /// How many results of calls and loads it had been told.
    pub history: u64,
    /// After how many steps of the run.
    pub step: u64,
    /// Microseconds since boot.
    pub time_us: u64,
}

/// A mapped region and its pages that were present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MappedRegion {
    /// Its first address.
    pub start: u64,
    /// The address behind its last.
    pub end: u64,
    /// Its rights, as in `rw-`.
    pub rights: String,
    /// What is behind it.
    pub backing: String,
    /// Each page that was present: its address and its bytes.
    pub pages: Vec<(u64, Vec<u8>)>,
}

/// An open descriptor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenDescriptor {
    /// Its number.
    pub fd: i32,
    /// Flags of its description (`O_` constants).
    pub flags: u32,
    /// Whether `execve` would have closed it.
    pub close_on_exec: bool,
    /// What it stood for.
    pub what: String,
}

/// The signals of a process, sets as the bits of a `sigset_t`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignalState {
    /// Pending for the thread.
    pub pending: u64,
    /// Pending for the process.
    pub shared_pending: u64,
    /// Blocked.
    pub blocked: u64,
    /// Ignored.
    pub ignored: u64,
    /// Caught.
    pub caught: u64,
    /// Delivered: their handlers ran.
    pub delivered: u64,
    /// What isn't the default: signal, handler's address (1: ignored), flags, mask.
    pub actions: Vec<(u8, u64, u64, u64)>,
}
