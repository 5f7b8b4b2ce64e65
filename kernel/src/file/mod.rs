//! Files: descriptors, what they stand for, pipes and the console.
//!
//! | question | file |
//! | --- | --- |
//! | which number stands for what in a process? `dup`, `close`, `fcntl` | `descriptor.rs`, `fcntl.rs` |
//! | what do descriptors share after `dup` and fork? | `description.rs` |
//! | `read` and `write` | `transfer.rs` |
//! | the devices `/dev/null zero full` | `device.rs` |
//! | FIFOs: how they are opened | `fifo.rs` |
//! | `lseek` | `seek.rs` |
//! | pipes | `pipe.rs`, over the ring of pages of `ring.rs` |
//! | the console | `console.rs` |

pub mod console;
pub mod description;
pub mod descriptor;
pub mod device;
mod fcntl;
pub mod fifo;
pub mod pipe;
pub mod ring;
mod seek;
mod transfer;
