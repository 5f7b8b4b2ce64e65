//! Views: what a world looks like at one instant, as tables. They only look, and depend on nothing but the world.
//!
//! | question | file |
//! | --- | --- |
//! | how is a table laid out? | `table.rs` |
//! | which processes are there, and what are they doing? | `processes.rs` |
//! | on which line does each stand, in which operation? | `places.rs`, `operation.rs` |
//! | what has a process open? | `descriptors.rs` |
//! | what is in a pipe, and who holds its ends? | `pipes.rs` |
//! | what does a process have mapped, and whom does it share frames with? | `memory.rs` |
//! | which signals are pending, blocked, ignored, caught, delivered? what became of them? | `signals.rs` |

mod descriptors;
mod memory;
mod operation;
mod pipes;
mod places;
mod processes;
mod signals;
mod table;
#[cfg(test)]
mod testing;

pub use descriptors::descriptors;
pub(crate) use descriptors::what as descriptor_target;
pub use memory::memory;
pub(crate) use memory::{backing as region_backing, rights as region_rights};
pub use operation::{operation, with_result};
pub use pipes::pipes;
pub use places::places;
pub use processes::processes;
pub use signals::{delivered, signal_counts, signals};
pub use table::{Column, Table};
