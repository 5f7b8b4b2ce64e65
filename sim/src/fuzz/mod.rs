//! Fuzzing: properties of the kernel, tried on random cases, with a failing case shrunk to a script that a person can read.
//!
//! | question | file |
//! | --- | --- |
//! | what is a property, a case, a failure? | `property.rs` |
//! | which properties are there? | `all.rs` |
//! | how are many cases run? | `campaign.rs` |
//! | how does a failing script become short? | `shrink.rs` |
//! | what was seen? | `coverage.rs`; as text, and what is missing: `report.rs` |
//! | who waited for what, and what ends that? | `edges.rs` |
//! | any call with any arguments | `raw/` |
//! | independent models, written from the manual pages | `model/` |

pub mod all;
pub mod campaign;
pub mod coverage;
pub mod edges;
pub mod model;
pub mod property;
pub mod raw;
pub mod report;
pub mod shrink;

pub use campaign::Campaign;
pub use coverage::Coverage;
pub use property::{Case, Failure, Property, Stop};
