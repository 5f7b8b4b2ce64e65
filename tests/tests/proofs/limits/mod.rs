//! Every limit of `kernel/src/limits.rs` is filled by a program of its own: the caller gets the documented error, everyone else
//! goes on, and afterwards everything is back, which init and its leak counter see to.
//!
//! A limit that isn't in the table of `every.rs` fails the test. Two can't be reached in the default build, because another is met
//! first; then the program says so, and `.ci/run` runs these files in a build where they can.
//!
//! | question | file |
//! | --- | --- |
//! | who fills which limit? is each filled? | `every.rs` |
//! | who goes on meanwhile, and who helps to fill? | `bystander.rs` |
//! | processes, their numbers, what they are made with | `processes.rs` |
//! | open files, pipes, descriptors, names | `files.rs` |
//! | POSIX message queues | `queues.rs` |
//! | frames, page tables, regions, shared objects | `memory.rs` |
//! | System V objects | `system_v.rs` |
//! | sets of actions, queued signals, timers | `signals.rs` |

mod bystander;
mod every;
mod files;
mod memory;
mod processes;
mod queues;
mod signals;
mod system_v;
