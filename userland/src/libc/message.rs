//! Messages on standard error, in the form `program: what: why`, and pieces of messages.

use alloc::format;
use alloc::string::String;
use core::fmt::Display;

use abi::Errno;

use super::{STDERR, write_all};
use crate::sys::Sys;

/// Writes `program: message` to standard error.
#[track_caller]
pub fn complain(sys: Sys, program: &str, message: impl Display) -> impl Future<Output = ()> {
    write_message(sys.here(), format!("{program}: {message}\n"))
}

/// Writes `program: what: No such file or directory` (or whatever the error is) to standard error (`perror(3)`).
#[track_caller]
pub fn perror(sys: Sys, program: &str, what: impl Display, errno: Errno) -> impl Future<Output = ()> {
    write_message(sys.here(), format!("{program}: {what}: {errno}\n"))
}

async fn write_message(sys: Sys, text: String) {
    // Nobody is left to tell if even this fails.
    let _ = write_all(sys, STDERR, text.as_bytes()).await;
}

/// So many of something, whose name's plural is regular: `1 line`, `2 lines`, `3 processes`.
pub fn counted(count: u64, what: &str) -> String {
    let ending = match count {
        1 => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {what}{ending}")
}

/// A text between single quotes, as messages show what a user typed.
pub fn quote(text: &[u8]) -> String {
    format!("'{}'", String::from_utf8_lossy(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "line")), ["0 lines", "1 line", "2 lines"]);
        assert_eq!([1, 2].map(|count| counted(count, "process")), ["1 process", "2 processes"]);
    }
}
