//! What a program and the kernel agree on: system calls, error numbers, signal numbers, flags and structure layouts.
//!
//! Numbers and layouts are those of Linux's generic 64-bit ABI (the one riscv64 uses) wherever Linux has the call, so
//! that results compare one to one with a real kernel; calls of Vitrine's own start at 1000.
//!
//! | question | file |
//! | --- | --- |
//! | which system calls are there? | `table.rs` |
//! | how does a row become an enum, a decoder, a stub? | `syscall.rs` |
//! | what may an argument be? | `argument.rs` |
//! | what does a structure look like in user memory? | `layout.rs`, `structs.rs` |
//! | `errno` values and their texts | `errno.rs` |
//! | signal numbers, sets, actions | `signal.rs` |
//! | open flags, wait options, memory protection ... | `flags.rs` |
//! | types and modes of files, the working directory as a descriptor | `mode.rs` |
//! | System V IPC: flags, commands, structures | `ipc.rs` |
//! | settings of a terminal | `termios.rs` |
//! | the hash that is the same on every host | `hash.rs` |
//! | how is a wait status put together? | `status.rs` |

#![no_std]
#![forbid(unsafe_code)]

mod argument;
mod errno;
mod flags;
mod hash;
mod ipc;
mod layout;
mod mode;
mod signal;
mod speed;
mod status;
mod structs;
mod syscall;
mod table;
mod termios;

pub use argument::*;
pub use errno::*;
pub use flags::*;
pub use hash::*;
pub use ipc::*;
pub use layout::*;
pub use mode::*;
pub use signal::*;
pub use status::*;
pub use structs::*;
pub use syscall::*;
pub use termios::*;

/// Bytes in a page and in a frame.
pub const PAGE_SIZE: usize = 4096;
/// Where a program's code would begin. Nothing can be mapped there; a signal handler's address lies in it.
pub const TEXT_START: u64 = 0x1000;
/// Where a program's static variables begin.
pub const STATICS_START: u64 = 0x4800_0000;
/// How far apart the addresses of two signal handlers of a program are.
pub const HANDLER_BYTES: u64 = 16;
