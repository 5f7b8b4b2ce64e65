//! What every call was, and what became of it, in the style of `strace -f`.
//!
//! ```text
//!         52    2 cat      read(0,  <unfinished ...>
//!         71    3 sort     write(1, "apple\nfig\npear\n", 15) = 15
//!         73    2 cat      <... read resumed>"", 4096) = 0
//!         80    2 cat      +++ exited with 0 +++
//! ```
//!
//! Virtual time in microseconds, process id, name, call.
//!
//! | question | file |
//! | --- | --- |
//! | how does an argument or a result look? | `argument.rs` |
//! | what does an argument stand for that a command decides? | `command.rs` |
//! | which part of a call is shown when it is entered, which when it has its result? | `call.rs` |
//! | how do calls that overlap become lines? | `tracer.rs` |
//! | how a process ended, in words | `ending.rs` |
//! | what does a tracer see of a world? | `view.rs` |

mod argument;
mod call;
mod command;
mod ending;
mod tracer;
mod view;

pub use argument::{Peek, Scene};
pub use call::{finish, start};
pub use ending::ending;
pub use tracer::Tracer;
pub use view::{View, Who};
