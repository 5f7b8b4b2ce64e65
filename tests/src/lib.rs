//! What the tests across the system call boundary share.
//!
//! A test is a small userland program, written in the test and run by a [`Scenario`]:
//!
//! ```
//! use abi::WaitStatus;
//! use harness::{fork, program};
//!
//! program(&|sys, _| async move {
//!     let child = fork(sys, async |sys| sys.exit(7).await).await;
//!     assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(7))));
//!     0
//! })
//! .succeeds();
//! ```
//!
//! An assertion that fails inside a program ends its process with SIGABRT and a message with its line, as `assert(3)` does;
//! the message is shown. [`Scenario::succeeds`] runs it under several schedules; one that fails says which it was: `VITRINE_SEED` runs that one alone.
//!
//! | question | file |
//! | --- | --- |
//! | which programs run, with what input, under whom? | `scenario.rs` |
//! | how is a run made and checked at each step? | `run.rs` |
//! | who decides what may vary? | `schedule.rs` |
//! | every run that differs from a usual one in a single choice | `placement.rs` |
//! | under whom a program runs, so that leaks can be counted | `init.rs` |
//! | which programs are there? | `table.rs` |
//! | what test programs have in common | `helpers.rs` |
//! | what tests of signals have in common | `signals.rs` |

mod helpers;
mod init;
mod placement;
mod run;
mod scenario;
mod schedule;
pub mod signals;
mod table;

pub use helpers::*;
pub use init::{LETTERS, NAME as INIT};
pub use run::{Run, Tables, WINDOW};
pub use scenario::{Scenario, program};
pub use table::table;
