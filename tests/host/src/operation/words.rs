//! The words of the records, and the numbers that they stand for on the host.

use serde_json::{Value, json};

/// Names of flags, and their bits.
pub(super) type Bits = &'static [(&'static str, i64)];

pub(super) const WAIT_OPTIONS: Bits =
    &[("NOHANG", 1), ("UNTRACED", 2), ("STOPPED", 2), ("EXITED", 4), ("CONTINUED", 8), ("NOWAIT", 0x0100_0000)];
pub(super) const ACTION_FLAGS: Bits = &[
    ("NOCLDSTOP", 1),
    ("NOCLDWAIT", 2),
    ("NODEFER", 0x4000_0000),
    ("RESETHAND", 0x8000_0000),
    ("RESTART", 0x1000_0000),
];
pub(super) const OPEN_FLAGS: Bits = &[
    ("RDONLY", 0),
    ("WRONLY", 1),
    ("RDWR", 2),
    ("CREAT", libc::O_CREAT as i64),
    ("EXCL", libc::O_EXCL as i64),
    ("NONBLOCK", libc::O_NONBLOCK as i64),
    ("CLOEXEC", libc::O_CLOEXEC as i64),
    ("TRUNC", libc::O_TRUNC as i64),
];
pub(super) const IPC_FLAGS: Bits = &[("CREAT", 0o1000), ("EXCL", 0o2000), ("NOWAIT", 0o4000), ("NOERROR", 0o10000)];
pub(super) const SEMAPHORE_FLAGS: Bits = &[("NOWAIT", 0o4000), ("UNDO", 0o10000)];
pub(super) const SA_SIGINFO: i64 = 4;
pub(super) const SA_RESTORER: i64 = 0x0400_0000;

pub(super) fn bits(list: &Value, names: Bits) -> Result<i64, String> {
    list.as_array().into_iter().flatten().try_fold(0, |all, flag| match flag.as_i64() {
        Some(number) => Ok(all | number),
        None => match names.iter().find(|(name, _)| flag == name) {
            Some((_, bit)) => Ok(all | bit),
            None => Err(format!("no flag {flag}")),
        },
    })
}

pub(super) fn bit_names(value: i64, names: Bits) -> Vec<&'static str> {
    names.iter().filter(|(_, bit)| value & bit != 0).map(|(name, _)| *name).collect()
}

pub(super) fn signal_set(list: &Value) -> u64 {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_i64).filter(|n| (1..65).contains(n));
    numbers.fold(0, |set, number| set | 1 << (number - 1))
}

/// A set of signals as a list of numbers.
pub(crate) fn signal_list(set: u64) -> Value {
    json!((1..65).filter(|number| set & (1 << (number - 1)) != 0).collect::<Vec<i64>>())
}

pub(super) fn protection(name: &Value) -> i64 {
    match name.as_str() {
        Some("R") => libc::PROT_READ.into(),
        Some("RW") => (libc::PROT_READ | libc::PROT_WRITE).into(),
        _ => 0,
    }
}

pub(super) fn place(slot: i64, page: i64) -> i64 {
    0x2_0000_0000 + slot * 0x10_0000 + page * 4096
}

pub(super) fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// The bytes of a transfer.
pub(super) fn pattern(length: i64, seed: i64) -> Vec<u8> {
    (0..length).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect()
}

/// The name of an error number.
pub(super) fn errno_name(errno: i32) -> String {
    const NAMES: &[(i32, &str)] = &[
        (libc::EPERM, "EPERM"),
        (libc::ENOENT, "ENOENT"),
        (libc::ESRCH, "ESRCH"),
        (libc::EINTR, "EINTR"),
        (libc::ENXIO, "ENXIO"),
        (libc::E2BIG, "E2BIG"),
        (libc::EBADF, "EBADF"),
        (libc::ECHILD, "ECHILD"),
        (libc::EAGAIN, "EAGAIN"),
        (libc::ENOMEM, "ENOMEM"),
        (libc::EACCES, "EACCES"),
        (libc::EFAULT, "EFAULT"),
        (libc::EEXIST, "EEXIST"),
        (libc::EINVAL, "EINVAL"),
        (libc::EMFILE, "EMFILE"),
        (libc::ENFILE, "ENFILE"),
        (libc::EFBIG, "EFBIG"),
        (libc::ENOSPC, "ENOSPC"),
        (libc::ESPIPE, "ESPIPE"),
        (libc::EPIPE, "EPIPE"),
        (libc::ERANGE, "ERANGE"),
        (libc::EIDRM, "EIDRM"),
        (libc::ENOMSG, "ENOMSG"),
        (libc::EMSGSIZE, "EMSGSIZE"),
        (libc::ENOSYS, "ENOSYS"),
        (libc::EBUSY, "EBUSY"),
        (libc::ENODEV, "ENODEV"),
        (libc::EISDIR, "EISDIR"),
        (libc::ENOTTY, "ENOTTY"),
        (libc::EOVERFLOW, "EOVERFLOW"),
    ];
    NAMES.iter().find(|(number, _)| *number == errno).map_or_else(|| format!("E{errno}"), |(_, name)| (*name).into())
}
