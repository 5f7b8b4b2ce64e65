//! The machine that runs Vitrine: it steps a world, records, replays and shows it.
//!
//! | question | file |
//! | --- | --- |
//! | what is a world? what do its hashes cover? | `world.rs` |
//! | what is one step? who runs next? | `machine.rs` |
//! | what does a step of user code do? | `perform.rs`, `access.rs` |
//! | how does a program jump back to where it was? | `jump.rs` |
//! | how does a signal handler begin and end? | `handler.rs` |
//! | how is a future made again from its history? | `hart.rs` |
//! | what does a process consist of? how can it fault? | `process.rs` |
//! | how does an image get its arguments? | `startup.rs` |
//! | how are results logged, shared by forks, cut? | `history.rs` |
//! | where are the bytes of memory? | `frames.rs` |
//! | what does the kernel see of the machine, and report to it? | `host.rs` |
//! | how is a big kernel made and copied? | `kernel_box.rs` |
//! | a checker of invariants for it? | `checker_box.rs` |
//! | what can vary between two runs? | `chooser.rs` |
//! | where does console input come from? | `input.rs` |
//! | what arrives at a terminal, and when? | `arrival.rs` |
//! | who is told what happens? | `observer.rs` |
//! | what became of signals? | `signal_counts.rs` |
//! | who stored over what he hadn't seen? | `lost_updates/` |
//! | how is a world written to a file? | `save.rs` |
//! | how is a run recorded, and compared with its record? | `record/` |
//! | how are calls printed? | `trace/` |
//! | how are bytes and words written, so that they can be read back? | `quote.rs` |
//! | how does one go through a run step by step, forward and back? | `stepper/` |
//! | what do processes, descriptors, memory look like at one instant? | `views/` |
//! | how does a whole run go, recorded or replayed? | `drive.rs` |
//! | how is a process driven from outside, call by call? | `scripted.rs` |
//! | how are scripts of real processes carried out and compared? | `lockstep/` |
//! | which fault of the kernel is planted, in a build for that? | `planted.rs` |
//! | how is the kernel fuzzed? | `fuzz/` |
//! | who waits for what when nothing can run? | `deadlock.rs` |
//! | what is left of a process that a signal ended? | `core_image/` |
//! | how is a panic caught, and told? | `panics.rs` |
//! | what if the kernel finds a bug in itself? | `bug.rs` |

mod access;
pub mod arrival;
mod bug;
mod checker_box;
pub mod chooser;
pub mod core_image;
pub mod deadlock;
pub mod drive;
pub mod frames;
pub mod fuzz;
pub mod handler;
mod hart;
pub mod history;
mod host;
pub mod input;
mod jump;
pub mod kernel_box;
pub mod lockstep;
pub mod lost_updates;
pub mod machine;
pub mod observer;
pub mod panics;
mod perform;
pub mod planted;
pub mod process;
pub mod quote;
pub mod record;
pub mod save;
pub mod scripted;
pub mod signal_counts;
mod startup;
pub mod stepper;
pub mod trace;
pub mod views;
pub mod world;

pub use checker_box::CheckerBox;
pub use frames::Frames;
pub use hart::is_rebuilding;
pub use input::Input;
pub use kernel_box::KernelBox;
pub use machine::{Act, Machine, Outcome, Settings};
pub use observer::{Observer, Output, Unobserved};
pub use panics::Panic;
pub use process::{Fault, Process};
pub use world::World;
