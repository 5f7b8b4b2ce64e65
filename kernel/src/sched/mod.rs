//! Scheduling.
//!
//! | question | file |
//! | --- | --- |
//! | what is a policy, and which are there? | `policy.rs` |
//! | round robin | `round_robin.rs` |
//! | who runs next, and when does a thread give way? | `cpu.rs` |
//! | how does a thread wait, and how is it woken? | `wait_queue.rs` |
//! | which waiter can be served, where they wait for different things? | `wait_index.rs` |

pub mod cpu;
pub mod policy;
mod round_robin;
pub mod wait_index;
pub(crate) mod wait_queue;
