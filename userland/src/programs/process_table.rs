//! What `ps(1)`, `pstree(1)` and the demonstrations show of processes.

use alloc::format;
use alloc::string::String;

use abi::ProcessInfo;

/// The name of a process; a zombie's is marked as `ps` does.
pub(super) fn name(process: &ProcessInfo) -> String {
    let end = process.name.iter().position(|&byte| byte == 0).unwrap_or(process.name.len());
    String::from_utf8_lossy(&process.name[..end]).into_owned()
}

/// Its name as `ps` shows it.
pub(super) fn command(process: &ProcessInfo) -> String {
    let defunct = if state(process) == 'Z' { " <defunct>" } else { "" };
    format!("{}{defunct}", name(process))
}

/// Its state: `R` runs or could, `S` waits, `T` is stopped, `Z` has ended and isn't reaped.
pub(super) fn state(process: &ProcessInfo) -> char {
    char::from_u32(process.state).unwrap_or('?')
}

/// CPU time in user code and in the kernel, in microseconds.
pub(super) fn cpu_time_us(process: &ProcessInfo) -> u64 {
    process.utime_us + process.stime_us
}

/// A time as `seconds.milliseconds`: virtual times are short.
pub(super) fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1000 % 1000)
}
