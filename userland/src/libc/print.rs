//! `print!` and `println!`: format, then write at once. For programs that talk to a person; filters use `Output`.

use alloc::string::String;

use super::{STDOUT, write_all};
use crate::sys::Sys;

/// Writes a text to standard output; a failed write is the reader's affair.
#[track_caller]
pub fn print_text(sys: Sys, text: String) -> impl Future<Output = ()> {
    let sys = sys.here();
    async move {
        let _ = write_all(sys, STDOUT, text.as_bytes()).await;
    }
}

/// Prints to standard output; await it.
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

/// Prints a line to standard output; await it.
#[macro_export]
macro_rules! println {
    ($sys:expr, $($format:tt)*) => {
        $crate::libc::print_text($sys, $crate::alloc::format!("{}\n", $crate::alloc::format!($($format)*)))
    };
}
