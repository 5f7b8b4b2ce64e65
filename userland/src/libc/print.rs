//! `print!` and `println!`: format, then write at once. For programs that talk to a person; filters use `Output`.

use alloc::string::String;

use super::{STDOUT, complain, write_all};
use crate::sys::Sys;

/// Writes a text to standard output. If that fails, says so on standard error and ends the process with status 1, as
/// SIGPIPE ends it when the reader has gone: nothing that follows would be seen. Who has something to put in order first,
/// or another status to end with, uses `Output`.
#[track_caller]
pub fn print_text(sys: Sys, text: String) -> impl Future<Output = ()> {
    let sys = sys.here();
    async move {
        if let Err(errno) = write_all(sys, STDOUT, text.as_bytes()).await {
            let name = sys.get_name().await.unwrap_or_default();
            complain(sys, &name, format_args!("write error: {errno}")).await;
            match sys.exit(1).await {}
        }
    }
}

/// Prints to standard output; await it. A failed write ends the process.
///
/// ```
/// async fn greet(sys: userland::Sys) {
///     let me = sys.getpid().await;
///     userland::print!(sys, "I am {}", me.0).await;
///     userland::println!(sys, ".").await;
/// }
/// ```
#[macro_export]
macro_rules! print {
    ($sys:expr, $($format:tt)*) => {
        $crate::libc::print_text($sys, $crate::alloc::format!($($format)*))
    };
}

/// Prints a line to standard output; await it. A failed write ends the process.
#[macro_export]
macro_rules! println {
    ($sys:expr, $($format:tt)*) => {
        $crate::libc::print_text($sys, $crate::alloc::format!("{}\n", $crate::alloc::format!($($format)*)))
    };
}
