//! Lost updates: who stored over what another had stored and it had not seen.
//!
//! | question | file |
//! | --- | --- |
//! | what counts as a lost update? how is one shown? | `lost_update.rs` |
//! | which loads are remembered, and when is a store one that loses something? | `words.rs` |
//! | how do a run's accesses come there? | `detector.rs` |

mod detector;
mod lost_update;
mod words;

pub use detector::LostUpdates;
pub use lost_update::{Access, LostUpdate, Seen, Update, Who};
