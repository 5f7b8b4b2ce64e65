//! Operations of a script, as calls of scripted processes.
//!
//! | question | file |
//! | --- | --- |
//! | the machine of a script, and one operation after the other on it | `world.rs` |
//! | which call is an operation? | `request.rs` |
//! | what did it give? | `result.rs` |
//! | the words of records: flags, codes, bytes | `words.rs` |
//! | the names of System V objects | `objects.rs` |

mod objects;
mod request;
mod result;
mod words;
mod world;

pub(super) use world::World;
