//! Reference models: small state machines, written from the manual pages and not from the kernel's code. Each follows a lock-step
//! script (`lockstep/`) and says of every operation whether what came of it is right. They are held against the records of
//! real Linux processes as well as against this kernel, so the models are judged too. `docs/models.md` says how to write one.
//!
//! | question | file |
//! | --- | --- |
//! | what is a model? how is a script held against it? | `judge.rs` |
//! | one operation, as a model reads it | `record.rs` |
//! | calls that wait for each other | `waiting.rs`; the frame of a model of such calls: `exchange.rs` |
//! | which descriptor stands for what | `opened.rs` |
//! | keys and identifiers of System V objects | `identifiers.rs` |
//! | every model, by name | `catalogue.rs` |
//! | a model as a property of a campaign | `property.rs` |
//! | operations as text | `text.rs` |
//! | scripts for tests of one's own, with proptest | `strategy.rs` |
//! | processes, and waiting for them | `tree.rs`, `waits.rs` |
//! | signals: the calls; who is sent what; what happens within a process | `signals.rs`, `generation.rs`, `delivery.rs` |
//! | descriptors | `descriptors.rs` |
//! | pipes and FIFOs | `pipes.rs` |
//! | POSIX message queues | `queues.rs` |
//! | System V messages | `messages.rs` |
//! | System V semaphores | `semaphores.rs` |
//! | memory, private and shared | `memory.rs`; POSIX shared memory objects: `objects.rs` |

pub mod catalogue;
pub mod delivery;
pub mod descriptors;
pub mod exchange;
pub mod generation;
pub mod identifiers;
pub mod judge;
pub mod memory;
pub mod messages;
pub mod objects;
pub mod opened;
pub mod pipes;
pub mod property;
pub mod queues;
pub mod record;
pub mod semaphores;
pub mod signals;
pub mod strategy;
pub mod text;
pub mod tree;
pub mod waiting;
mod waits;

pub use catalogue::{Entry, MODELS};
pub use judge::{Disagreement, Judge, Model, Objection, judge};
pub use property::Modelled;
