//! Lock-step scripts: one process after the other makes one call, and after each everything that can be seen of all
//! processes is compared with what real Linux processes did (`tests/oracle/lockstep/README.md` has the format).
//!
//! | question | file |
//! | --- | --- |
//! | how does an operation become a call, and its result an observation? | `operation/mod.rs` |
//! | which operations are there, with which arguments? | `signature.rs` |
//! | what can be seen of a process? | `observe.rs` |
//! | how is a script carried out and compared, choices included? | `driver.rs` |
//! | who can carry out a script? | `subject.rs` |
//! | Vitrine as such a one | `simulated.rs` |
//! | random scripts | `generate/mod.rs` |

mod driver;
pub mod generate;
mod observe;
mod operation;
mod signature;
pub mod simulated;
pub mod subject;

pub use driver::{Agreed, Agreement, Difference, LockStep, Parted, run_script};
