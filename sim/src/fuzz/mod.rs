//! Fuzzing: properties of the kernel, tried on random cases, with a failing case shrunk to a script that a person can read.
//!
//! | question | file |
//! | --- | --- |
//! | what is a property, a case, a failure? | `property.rs` |
//! | what was seen? | `coverage.rs` |
//! | independent models, written from the manual pages | `model/` |

pub mod coverage;
pub mod model;
pub mod property;

pub use coverage::Coverage;
pub use property::{Case, Failure, Property, Stop};
