//! Random scripts, made while they are carried out: what is asked next depends on who is idle and on what exists.
//!
//! | question | file |
//! | --- | --- |
//! | what is a script about, and how often does each operation occur? | `theme.rs` |
//! | one operation after the other | `script.rs` |
//! | random arguments | `arguments.rs` |
//! | arguments with which a call waits, and operations that end a wait | `aim.rs` |
//! | situations to which chance hardly leads | `situation.rs` |
//! | what exists, as far as the records say | `ledger.rs` |

mod aim;
mod arguments;
mod ledger;
mod script;
mod situation;
mod theme;

pub use script::{script, script_of};
pub use theme::{MAY_WAIT, Operations, Theme};
