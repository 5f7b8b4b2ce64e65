//! How an operation of a script becomes a real system call, and what the call gave becomes an observation.
//!
//! | question | file |
//! | --- | --- |
//! | which call is it, with which arguments? | `command.rs` |
//! | what did it give? | `observation.rs` |
//! | what do names of processes and objects stand for? | `names.rs` |
//! | the words of the records, and the numbers of the host | `words.rs` |

mod command;
mod names;
mod observation;
mod words;

pub(crate) use command::{Asked, command};
pub(crate) use names::Names;
pub(crate) use observation::{handler_details, observation};
pub(crate) use words::signal_list;
