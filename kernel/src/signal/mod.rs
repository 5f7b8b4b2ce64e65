//! Signals: generated, pending until delivered (`signal(7)`).
//!
//! | question | file |
//! | --- | --- |
//! | what does a process do on a signal? `rt_sigaction` | `action.rs` |
//! | how is a signal generated, and whom does it wake? | `generate.rs` |
//! | `kill` | `kill.rs` |
//! | signals from outside of the world | `inject.rs` |
//! | how is a signal delivered, and what becomes of the call it interrupts? | `deliver.rs` |
//! | what does a signal bring along, and in what order? | `queue.rs` |
//! | masks, `rt_sigsuspend`, `rt_sigtimedwait` | `mask.rs` |
//! | `sigaltstack` | `alternate_stack.rs` |
//! | stopping and continuing | `stop.rs` |

pub mod action;
pub mod alternate_stack;
pub(crate) mod deliver;
mod generate;
mod inject;
mod kill;
mod mask;
pub mod queue;
mod stop;
