//! The terminal: what the console is when people type at it (`termios(3)`, POSIX.1-2024 chapter 11).
//!
//! A console that isn't fed by a terminal is a plain byte stream, and nothing in here concerns it: `file/console.rs`.
//!
//! | question | file |
//! | --- | --- |
//! | what state is there? | `terminal.rs` |
//! | what was typed and not read | `queue.rs` |
//! | what becomes of a byte that is typed | `receive.rs` |
//! | ERASE, WERASE, KILL, and how they look | `erase.rs` |
//! | what becomes of a byte that is written, echo | `output.rs` |
//! | input and output as the kernel's host and programs see them | `transfer.rs` |
//! | `read` without lines: `VMIN` and `VTIME` | `raw.rs` |
//! | may a background process do that? | `job.rs` |
//! | controlling terminal, foreground group, hang-up | `session.rs` |
//! | `ioctl` | `ioctl.rs` |

mod erase;
mod ioctl;
mod job;
mod output;
mod queue;
mod raw;
mod receive;
mod session;
mod terminal;
mod transfer;

#[cfg(test)]
mod tests;

pub use queue::InputQueue;
pub(crate) use raw::Progress;
pub use terminal::Terminal;
