//! The `vitrine` binary as a user meets it.
//!
//! | question | file |
//! | --- | --- |
//! | what do the commands print, and what do they say when something is wrong? | `command_line.rs` |
//! | does a replay repeat every step, and is every change noticed? | `records.rs` |
//! | what is left of a process that a signal ended? | `core.rs` |
//! | does a debugging session step, go back, show and choose? | `debug.rs` |
//! | is the shell usable on a terminal, and the terminal behind it? | `shell.rs` |
//! | are jobs stopped, continued and interrupted there? | `job_control.rs` |
//! | what do the programs about signals show? | `signal_programs.rs` |
//! | what do the programs about communication show? | `ipc_programs.rs` |
//! | does `vitrine fuzz` repeat, tell, and refuse mistakes? | `fuzz.rs` |
//! | do README and `docs/` say what is so? | `documentation/` |

mod command_line;
mod common;
mod core;
mod debug;
mod documentation;
mod fuzz;
mod ipc_programs;
mod job_control;
mod name_programs;
mod records;
mod shell;
mod signal_programs;
