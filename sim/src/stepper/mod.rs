//! The stepper: walks through a run in both directions, and into other runs by choosing who goes on.
//!
//! The command line's `debug` is one face of it; it knows nothing of how it is shown.
//!
//! | question | file |
//! | --- | --- |
//! | one step forward, many back, to the end | `walk.rs` |
//! | that process next: what does it take, and what becomes of the future? | `choose.rs` |
//! | how do explicit choices go before the chooser's own? | `steered.rs` |
//! | which worlds are kept, so that going back is quick? | `snapshots.rs` |
//! | what happened in a step? | `report.rs` |

mod choose;
mod report;
mod snapshots;
mod steered;
mod walk;

pub use choose::{Chosen, Refused};
pub use report::{Note, Place, Report};
pub use walk::Stepper;
