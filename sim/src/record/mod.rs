//! The record of a run: a small text file from which the run can be made again, bit for bit, on any host.
//!
//! ```text
//! vitrine record 1
//! build 3d1f0c9a7be25548                     the limits, calls and programs of the build that made it
//! program "init" "sh" "-c" "cat | sort"      what was booted; quoted, so that any bytes survive
//! environment "HOME=/"
//! seed 42                                    where the choices came from, or `none`
//! cores wanted                               only if processes left core images
//! hash-every default                         or a number of steps
//! terminal 24 80                             lines and columns; only if the console is a terminal
//! hash 0 0f6b2c1d88e3a945                    the exact hash of the world after that many steps
//! choice 17 run 2/3                          at step 17 thread 2 of 3 ran, where the default is 0
//! arrive 18 52311 typed 3                    after 18 steps, at that time in us, the next 3 bytes of the input were typed
//! input 5a0c44e19b7d2f36 15                  hash and length of the console's input, in the file `HASH.input` beside it
//! end 940 exited 0 hash 77aa01c9e4d2b853 output 6 1be0c55d20f7a694
//! check 6f3e0d92b1c7a845                     hash of everything above
//! ```
//!
//! No change to a record passes silently. One that breaks its form is refused with its line. One that keeps it (another
//! choice, another argument) is replayed, and the first step that differs is named. The `check` line catches the rest.
//!
//! | question | file |
//! | --- | --- |
//! | what does a record hold? | `content.rs` |
//! | how is it written while a run goes on? | `write.rs` |
//! | how is it read, and what is refused? | `read.rs`, `line.rs` |
//! | how is a replay compared with it? | `verify.rs` |
//! | where are the inputs? | `input.rs` |
//! | which build does it belong to? | `build.rs` |

mod build;
mod content;
mod input;
mod line;
mod read;
mod verify;
mod write;

pub use build::fingerprint;
pub use content::{End, Header, InputName, RecordedHash, Schedule, Totals};
pub use input::{ContentHash, InputKeeper, input_path, load_input};
pub use line::Refused;
pub use read::Record;
pub use verify::{Difference, Verifier};
pub use write::Recorder;
