//! Signals: generated, pending until delivered (`signal(7)`).
//!
//! | question | file |
//! | --- | --- |
//! | what does a process do on a signal? `rt_sigaction` | `action.rs` |
//! | how is a signal generated, and whom does it wake? | `generate.rs` |
//! | `kill` | `kill.rs` |
//! | how is a signal delivered, and what becomes of the call it interrupts? | `deliver.rs` |
//! | stopping and continuing | `stop.rs` |

pub mod action;
pub(crate) mod deliver;
mod generate;
mod kill;
mod stop;
