//! Time: the virtual clock, what happens when it moves, and the calls about it.
//!
//! | question | file |
//! | --- | --- |
//! | how does the clock move, and what falls due? | `clock.rs` |
//! | who sleeps until when? | `timer_queue.rs` |
//! | `nanosleep` | `sleep.rs` |
//! | `clock_gettime`, `times`, `getrusage` | `figures.rs` |
//! | `compute`, `sched_yield` | `compute.rs` |

mod clock;
mod compute;
mod figures;
mod sleep;
pub mod timer_queue;

pub use clock::NEVER_US;
pub(crate) use clock::left_us;
