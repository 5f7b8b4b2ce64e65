//! Time: the virtual clock, what happens when it moves, and the calls about it.
//!
//! | question | file |
//! | --- | --- |
//! | how does the clock move, and what falls due? | `clock.rs` |
//! | what is due when? | `timer_queue.rs` |
//! | `nanosleep`, `clock_nanosleep` | `sleep.rs` |
//! | interval timers: `setitimer`, `getitimer` | `interval.rs` |
//! | POSIX timers: `timer_create` ... | `timer.rs` |
//! | `clock_gettime`, `clock_getres`, `times`, `getrusage` | `figures.rs` |
//! | `compute`, `sched_yield` | `compute.rs` |

mod clock;
mod compute;
mod figures;
pub mod interval;
mod sleep;
pub mod timer;
pub mod timer_queue;

pub use clock::NEVER_US;
pub(crate) use clock::{distance_us, left_us};
