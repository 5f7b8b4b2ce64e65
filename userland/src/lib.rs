//! The programs that run on Vitrine, and what they are written with.
//!
//! A program is an ordinary `async fn(Sys, Args) -> i32`. Every system call, load and store is awaited: that is where it
//! traps into its hart. Everything else is plain Rust.
//!
//! | question | file |
//! | --- | --- |
//! | how does a program trap, and how is it replayed? | `hart.rs` |
//! | what makes an `async fn` a program? | `program.rs` |
//! | what makes one a signal handler? | `handler.rs` |
//! | variables that a program and its handlers share | `statics.rs` |
//! | typed system calls | `sys/` |
//! | stdio, option parsing, `errno` texts and the like | `libc/` |
//! | the programs, one file each | `programs/` |

#![no_std]
#![forbid(unsafe_code)]

#[doc(hidden)]
pub extern crate alloc;

pub mod handler;
pub mod hart;
pub mod libc;
pub mod program;
pub mod programs;
pub mod statics;
pub mod sys;

pub use program::{Args, Program};
pub use sys::Sys;
