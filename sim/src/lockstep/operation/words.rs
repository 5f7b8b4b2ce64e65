//! The words of records: flags and their bits, bytes as they are shown, codes.

use abi::*;
use serde_json::{Value, json};

pub(super) type Names = &'static [(&'static str, u64)];

pub(super) const WAIT_OPTIONS: Names = &[
    ("NOHANG", WaitOptions::WNOHANG.bits() as u64),
    ("UNTRACED", WaitOptions::WUNTRACED.bits() as u64),
    ("STOPPED", WaitOptions::WUNTRACED.bits() as u64),
    ("EXITED", WaitOptions::WEXITED.bits() as u64),
    ("CONTINUED", WaitOptions::WCONTINUED.bits() as u64),
    ("NOWAIT", WaitOptions::WNOWAIT.bits() as u64),
];
pub(super) const ACTION_FLAGS: Names = &[
    ("NOCLDSTOP", SigActionFlags::SA_NOCLDSTOP.bits()),
    ("NOCLDWAIT", SigActionFlags::SA_NOCLDWAIT.bits()),
    ("NODEFER", SigActionFlags::SA_NODEFER.bits()),
    ("RESETHAND", SigActionFlags::SA_RESETHAND.bits()),
    ("RESTART", SigActionFlags::SA_RESTART.bits()),
];
pub(super) const OPEN_FLAGS: Names = &[
    ("RDONLY", 0),
    ("WRONLY", OpenFlags::O_WRONLY.bits() as u64),
    ("RDWR", OpenFlags::O_RDWR.bits() as u64),
    ("CREAT", OpenFlags::O_CREAT.bits() as u64),
    ("EXCL", OpenFlags::O_EXCL.bits() as u64),
    ("NONBLOCK", OpenFlags::O_NONBLOCK.bits() as u64),
    ("CLOEXEC", OpenFlags::O_CLOEXEC.bits() as u64),
    ("TRUNC", OpenFlags::O_TRUNC.bits() as u64),
];

pub(super) const IPC_FLAGS: Names =
    &[("CREAT", IpcFlags::IPC_CREAT.bits() as u64), ("EXCL", IpcFlags::IPC_EXCL.bits() as u64)];

pub(super) const MSG_FLAGS: Names =
    &[("NOWAIT", MsgFlags::IPC_NOWAIT.bits() as u64), ("NOERROR", MsgFlags::MSG_NOERROR.bits() as u64)];
pub(super) const SEM_FLAGS: Names = &[("NOWAIT", IPC_NOWAIT as u64), ("UNDO", SEM_UNDO as u64)];

/// So many bytes of the pattern with this seed.
pub(super) fn pattern(count: i64, seed: i64) -> Vec<u8> {
    (0..count).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect()
}

/// Bytes as the records show them: few in full, of many their checksum.
pub(super) fn shown(bytes: &[u8]) -> Value {
    json!(match bytes.len() {
        0..=24 => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        _ => format!("crc:{:08x}", crc32fast::hash(bytes)),
    })
}

/// The bits of a list of flags; a number in it stands for itself.
pub(super) fn flags(list: &Value, names: Names) -> u64 {
    let bits = list.as_array().into_iter().flatten().map(|flag| match flag.as_u64() {
        Some(bits) => bits,
        None => names.iter().find(|(name, _)| flag == name).map_or_else(|| panic!("flag {flag}"), |(_, bits)| *bits),
    });
    bits.fold(0, |all, bits| all | bits)
}

pub(super) fn flag_names(bits: u64, names: Names) -> Vec<&'static str> {
    names.iter().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| *name).collect()
}

pub(super) fn signals(list: &Value) -> SignalSet {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_i64);
    numbers.filter_map(Signal::new).fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal))
}

pub(super) fn protection(name: &Value) -> Protection {
    match name.as_str() {
        Some("R") => Protection::PROT_READ,
        Some("RW") => Protection::PROT_READ | Protection::PROT_WRITE,
        _ => Protection::empty(),
    }
}

/// Whether a mapping is shared, private, or neither.
pub(super) fn map_kind(name: &Value) -> MapFlags {
    match name.as_str() {
        Some("SHARED") => MapFlags::MAP_SHARED,
        Some("PRIVATE") => MapFlags::MAP_PRIVATE,
        _ => MapFlags::empty(),
    }
}

pub(super) fn slot_address(slot: i64, page: i64) -> u64 {
    (0x2_0000_0000 + slot * 0x10_0000 + page * 4096) as u64
}

/// A wait status by the code and value that `waitid` gives.
pub(super) fn child_status(code: i32, status: i32) -> Value {
    match code {
        CLD_EXITED => json!(["exit", status]),
        CLD_KILLED | CLD_DUMPED => json!(["sig", status]),
        CLD_STOPPED => json!(["stop", status]),
        CLD_CONTINUED => json!(["cont"]),
        _ => json!(["?", code, status]),
    }
}

pub(super) fn code_name(signal: Signal, code: i32) -> &'static str {
    match (signal, code) {
        (_, SI_USER) => "USER",
        (_, SI_QUEUE) => "QUEUE",
        (_, SI_KERNEL) => "KERNEL",
        (Signal::SIGCHLD, CLD_EXITED) => "EXITED",
        (Signal::SIGCHLD, CLD_KILLED | CLD_DUMPED) => "KILLED",
        (Signal::SIGCHLD, CLD_STOPPED) => "STOPPED",
        (Signal::SIGCHLD, CLD_CONTINUED) => "CONTINUED",
        (Signal::SIGSEGV, SEGV_MAPERR) => "MAPERR",
        (Signal::SIGSEGV, SEGV_ACCERR) => "ACCERR",
        (Signal::SIGBUS, BUS_ADRERR) => "ADRERR",
        _ => "?",
    }
}
