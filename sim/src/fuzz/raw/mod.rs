//! The raw property: any process, any system call of the table, any arguments; ticks, input, faults and kills in between.
//!
//! | question | file |
//! | --- | --- |
//! | what is a move? | `moves.rs` |
//! | how is it written, and read? | `text.rs`, `script.rs` |
//! | how is it made, and what is checked then? | `stage.rs`, `check.rs` |
//! | what must be back at the end? | `clean.rs` |
//! | what listens to the kernel? | `host.rs` |
//! | who does what next? | `generate.rs` |
//! | which arguments does a call get? | `argument.rs`, `structure.rs`; with what is known of single ones: `hints.rs` |
//! | from what are they drawn? | `draw.rs` |
//! | what leads to what hardly happens by chance? | `scenario.rs`; full tables: `exhaust.rs`; waits that another ends: `wake.rs` |
//! | how does a line become simpler? | `simplify.rs` |
//! | how does a script need fewer processes? | `fewer.rs` |
//! | how do I use the moves in a property of my own? | `strategy.rs` |
//! | how is a case run, and a script? | `property.rs` |
//! | what is a rate to be compared with? | `rate.rs` |

mod argument;
mod check;
mod clean;
mod draw;
mod exhaust;
mod fewer;
pub mod generate;
mod hints;
mod host;
pub mod moves;
pub mod property;
pub mod rate;
mod scenario;
pub mod script;
mod simplify;
pub mod stage;
pub mod strategy;
mod structure;
pub mod text;
mod wake;

pub use check::COUNT_EVERY;
pub use generate::Generator;
pub use moves::{Move, Name, Value, What};
pub use property::Raw;
pub use script::Script;
pub use stage::{Checking, Made, Stage};
pub use strategy::moves;
