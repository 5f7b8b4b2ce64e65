//! How a process ended, in words.

use std::fmt;

use abi::WaitStatus;

/// `exited with 3`, `killed by SIGPIPE`.
///
/// ```
/// assert_eq!(sim::trace::ending(abi::WaitStatus::Exited(3)).to_string(), "exited with 3");
/// ```
pub fn ending(status: WaitStatus) -> impl fmt::Display {
    fmt::from_fn(move |f| match status {
        WaitStatus::Signaled { signal, core: false } => write!(f, "killed by {signal}"),
        WaitStatus::Signaled { signal, core: true } => write!(f, "killed by {signal} (core dumped)"),
        ended => write!(f, "exited with {}", ended.shell_code()),
    })
}
