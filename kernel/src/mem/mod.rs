//! Memory.
//!
//! | question | file |
//! | --- | --- |
//! | which frame is free, and how often is it used? | `frame.rs` |
//! | what is mapped where, and how is an address translated? | `space.rs`, `region.rs` |
//! | what happens on a page fault, copy-on-write included? | `fault.rs` |
//! | what do mappings share, and which processes map it? | `object.rs` |
//! | how does the kernel reach user memory? | `user.rs` |
//! | `mmap munmap mprotect madvise` | `map.rs` |
//! | `brk` | `heap.rs` |
//! | fork's copy of an address space, and its end | `duplicate.rs` |

mod duplicate;
pub mod fault;
pub mod frame;
mod heap;
mod map;
pub mod object;
pub mod region;
pub mod space;
pub(crate) mod user;
