//! `vitrine-host check`: makes scripts on the real kernel, and compares Vitrine with it after every operation.
//!
//! | question | file |
//! | --- | --- |
//! | one script after the other, and what is demanded of a run | `run.rs` |
//! | how often did what occur? | `counts.rs` |
//! | how is a script made short that differs? | `shrink.rs` |
//! | how are scripts and differences shown and saved? | `show.rs` |
//! | where is a difference right? | `matchers.rs` |

mod counts;
mod matchers;
mod run;
mod show;
mod shrink;

pub(crate) use run::{Check, run};
