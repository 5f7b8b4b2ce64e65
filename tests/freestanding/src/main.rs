//! The kernel on nothing: no operating system's library, no heap, no standard library; a static kernel behind a lock, and
//! a static array of frames. It boots, runs a scripted exchange, is given every call and every entry point there is, and
//! exits with status 0 if all went as it should.
//!
//! That it links says more: the panic handler calls a function that nobody defines, so linking fails exactly if some panic
//! can be reached from `_start`. Inputs go through `black_box`, so that the compiler can't leave out what it knows not to
//! happen. `check.sh` builds it and looks at the result.
//!
//! | question | file |
//! | --- | --- |
//! | start, exit, `memcpy`, the panic handler | `runtime.rs` |
//! | memory and programs for the kernel | `board.rs` |
//! | a kernel that runs, and its calls | `computer.rs` |
//! | fork, pipe, write, read, exit, wait | `exchange.rs` |
//! | every call and every trap, and a kernel as a value | `everything.rs` |
//! | every other entry point | `outside.rs` |

#![no_std]
#![no_main]

mod board;
mod computer;
mod everything;
mod exchange;
mod outside;
mod runtime;

use board::Board;
use computer::{Computer, Wrong};
use kernel::Kernel;
use spin::Mutex;

static KERNEL: Mutex<Kernel> = Mutex::new(Kernel::new());
static BOARD: Mutex<Board> = Mutex::new(Board::new());

/// What `_start` calls.
fn run() -> Result<(), Wrong> {
    kernel::set_bug_hook(|what| runtime::fail(what));
    let (mut kernel, mut board) = (KERNEL.lock(), BOARD.lock());
    let mut computer = Computer::switch_on(&mut kernel, &mut board)?;
    exchange::run(&mut computer)?;
    everything::run(&mut computer)?;
    #[cfg(feature = "planted-panic")]
    plant();
    computer.switch_off()
}

/// Indexes out of bounds, if it were called with the wrong number; which isn't known here.
#[cfg(feature = "planted-panic")]
fn plant() {
    let names = ["pear", "apple", "fig"];
    core::hint::black_box(names[core::hint::black_box(1)]);
}
