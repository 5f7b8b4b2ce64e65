//! How the arguments of a call look, by what the table of calls says they are.

use std::fmt;

use abi::{
    AT_FDCWD, Argument, Errno, FcntlCommand, Fd, IoctlCommand, IpcFlags, Kind, Layout, OpenFlags, SigAction,
    SigActionFlags, Signal, Structure, Syscall, SyscallInfo, Timespec, WaitStatus, print_key, print_mode,
    print_permissions,
};

use super::command::by_command;
use crate::quote::Quoted;

/// Looks at user memory without changing it: fills the buffer from the address on, and says how many of its leading
/// bytes are mapped.
pub type Peek<'a> = &'a dyn Fn(u64, &mut [u8]) -> usize;

/// How many bytes of a buffer are shown, as in `strace`.
const SHOWN_BYTES: usize = 32;
/// How many elements of an array are shown.
const SHOWN_ELEMENTS: usize = 3;
/// How many arguments of a program are shown.
const SHOWN_STRINGS: usize = 32;
/// How much of a path is shown.
const SHOWN_PATH: usize = 256;

/// A call, and what is known of it.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    info: &'static SyscallInfo,
    registers: [u64; 6],
    /// Its result, once it has one.
    pub result: Option<Result<i64, Errno>>,
    peek: Peek<'a>,
}

impl<'a> Scene<'a> {
    /// This call, with this view of its caller's memory.
    pub fn new(call: &Syscall, result: Option<Result<i64, Errno>>, peek: Peek<'a>) -> Scene<'a> {
        Scene { info: call.info(), registers: call.encode().1, result, peek }
    }

    /// What the table says of it.
    pub fn info(&self) -> &'static SyscallInfo {
        self.info
    }

    /// What argument number `index` stands for. Where a command decides, that is known here better than in the table.
    pub fn kind(&self, index: usize) -> Kind {
        let Some(argument) = self.info.arguments.get(index) else { return Kind::Unsigned };
        let before = index.checked_sub(1).map_or(0, |before| self.registers[before]);
        by_command(self.info.name, argument.name, before).unwrap_or(argument.kind)
    }

    /// How many of its arguments are shown: `fcntl` takes its last one only for some commands, and a mode is of use only
    /// to what is created.
    pub fn argument_count(&self) -> usize {
        use FcntlCommand as F;
        match self.info.name {
            "ioctl" if IoctlCommand::decode(self.registers[1]) == IoctlCommand::TIOCNOTTY => 2,
            "fcntl" if [F::F_GETFD, F::F_GETFL, F::F_GETPIPE_SZ].contains(&F::decode(self.registers[1])) => 2,
            "openat" if !OpenFlags::decode(self.registers[2]).contains(OpenFlags::O_CREAT) => 3,
            "mq_open" if !OpenFlags::decode(self.registers[1]).contains(OpenFlags::O_CREAT) => 2,
            _ => self.info.arguments.len(),
        }
    }

    /// Argument number `index`.
    pub fn argument(&self, index: usize) -> impl fmt::Display + '_ {
        fmt::from_fn(move |f| self.print(index, f))
    }

    fn print(&self, index: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(argument), Some(&raw)) = (self.info.arguments.get(index), self.registers.get(index)) else {
            return Ok(());
        };
        if let Some(printed) = self.print_special(argument.name, raw, f) {
            return printed;
        }
        let count = self.registers.get(index + 1).copied().unwrap_or(0);
        match self.kind(index) {
            Kind::Integer | Kind::Fd | Kind::Pid => write!(f, "{}", raw as i64),
            Kind::Unsigned | Kind::Length | Kind::Microseconds => write!(f, "{raw}"),
            Kind::Signal => match Signal::new(raw as i64) {
                Some(signal) => write!(f, "{signal}"),
                None => write!(f, "{}", raw as i64),
            },
            Kind::Flags { print, .. } => f.write_str(&flags(fmt::from_fn(|f| print(raw, f)))),
            Kind::Choice { print, .. } => print(raw, f),
            Kind::Address => print_address(raw, f),
            Kind::In(structure) => self.print_structure(structure, raw, f),
            Kind::Out(structure) if self.succeeded() => self.print_structure(structure, raw, f),
            Kind::InBytes => self.print_bytes(raw, count, f),
            Kind::OutBytes => match self.result {
                Some(Ok(read)) => self.print_bytes(raw, count.min(read as u64), f),
                _ => print_address(raw, f),
            },
            Kind::InArray(structure) => self.print_array(structure, raw, count, f),
            Kind::OutArray(structure) => match self.result {
                Some(Ok(filled)) => self.print_array(structure, raw, count.min(filled as u64), f),
                _ => print_address(raw, f),
            },
            Kind::Out(_) => print_address(raw, f),
            Kind::Path => match self.string(raw) {
                Some(path) => write!(f, "{}", Quoted::cut(&path, SHOWN_PATH)),
                None => print_address(raw, f),
            },
            Kind::Strings => self.print_strings(raw, f),
        }
    }

    /// What reads better than the kind alone would have it; `None` for everything else.
    fn print_special(&self, argument: &str, raw: u64, f: &mut fmt::Formatter<'_>) -> Option<fmt::Result> {
        match (self.info.name, argument) {
            // The low byte of the flags is a signal number.
            ("clone", "flags") => {
                let signal = Signal::new((raw & 0xff) as i64)?;
                let rest = raw & !0xff;
                Some(if rest == 0 { write!(f, "{signal}") } else { write!(f, "{rest:#x}|{signal}") })
            }
            ("wait4", "status") => {
                let Some(Ok(1..)) = self.result else { return Some(print_address(raw, f)) };
                let status = i32::load(&self.bytes(raw, 4)?);
                Some(print_status(WaitStatus::from_raw(status), f))
            }
            // Filled only when it was cut short.
            ("nanosleep", "remaining") if self.result != Some(Err(Errno::EINTR)) => Some(print_address(raw, f)),
            ("nanosleep", "remaining") => {
                let remaining = Timespec::load(&self.bytes(raw, Timespec::SIZE as u64)?);
                Some(remaining.print(f))
            }
            ("rt_sigaction", "new" | "old") if argument == "new" || self.succeeded() => {
                let action = SigAction::load(&self.bytes(raw, SigAction::SIZE as u64)?);
                Some(print_action(&action, f))
            }
            (_, "directory" | "old_directory" | "new_directory") if Fd::decode(raw) == AT_FDCWD => {
                Some(f.write_str("AT_FDCWD"))
            }
            ("mknodat", "mode") => Some(print_mode(u32::decode(raw), f)),
            ("openat" | "mq_open" | "mkdirat" | "fchmodat" | "fchmod", "mode") | ("umask", "mask") => {
                Some(print_permissions(u32::decode(raw), f))
            }
            ("openat" | "mq_open", "flags") => Some(print_open_flags(OpenFlags::decode(raw), f)),
            ("shmget" | "msgget" | "semget", "key") => Some(print_key(i32::decode(raw), f)),
            ("shmget" | "msgget" | "semget", "flags") => Some(print_ipc_flags(IpcFlags::decode(raw), f)),
            ("execve" | "spawn", "envp") if raw != 0 => {
                Some(write!(f, "{raw:#x} /* {} vars */", self.strings(raw).map_or(0, |strings| strings.len())))
            }
            _ => None,
        }
    }

    fn succeeded(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    /// So many bytes; `None` if they aren't all mapped.
    fn bytes(&self, address: u64, length: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length as usize];
        (address != 0 && (self.peek)(address, &mut bytes) == bytes.len()).then_some(bytes)
    }

    fn print_structure(&self, structure: Structure, address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bytes(address, structure.size as u64) {
            // A lone number in brackets: it is what the pointer points to.
            Some(bytes)
                if structure.size <= 8 && !structure.name.starts_with("struct") && structure.name != "sigset_t" =>
            {
                let text = structure.show(&bytes).to_string();
                if text.starts_with('[') { f.write_str(&text) } else { write!(f, "[{text}]") }
            }
            Some(bytes) => write!(f, "{}", structure.show(&bytes)),
            None => print_address(address, f),
        }
    }

    fn print_bytes(&self, address: u64, length: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One more than is shown, to see that there is more.
        match self.bytes(address, length.min(SHOWN_BYTES as u64 + 1)) {
            Some(bytes) => write!(f, "{}", Quoted::cut(&bytes, SHOWN_BYTES)),
            None => print_address(address, f),
        }
    }

    fn print_array(&self, structure: Structure, address: u64, count: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = count.min(SHOWN_ELEMENTS as u64);
        let Some(bytes) = self.bytes(address, shown * structure.size as u64) else { return print_address(address, f) };
        f.write_str("[")?;
        for (i, element) in bytes.chunks(structure.size.max(1)).enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, structure.show(element))?;
        }
        f.write_str(if count > shown { ", ...]" } else { "]" })
    }

    fn print_strings(&self, address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(strings) = self.strings(address) else { return print_address(address, f) };
        f.write_str("[")?;
        for (i, string) in strings.iter().enumerate().take(SHOWN_STRINGS) {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, Quoted::cut(string, SHOWN_BYTES))?;
        }
        f.write_str(if strings.len() > SHOWN_STRINGS { ", ...]" } else { "]" })
    }

    /// The strings of an array that a null ends; `None` if one of its addresses is bad.
    fn strings(&self, address: u64) -> Option<Vec<Vec<u8>>> {
        let mut strings = Vec::new();
        // More than this many are cut: what is shown is shorter still.
        while strings.len() < 4096 {
            let pointer = u64::load(&self.bytes(address.checked_add(8 * strings.len() as u64)?, 8)?);
            if pointer == 0 {
                break;
            }
            strings.push(self.string(pointer)?);
        }
        Some(strings)
    }

    /// The bytes up to a zero byte, or so many that they are cut anyway.
    fn string(&self, address: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; SHOWN_PATH + 1];
        let mapped = if address == 0 { 0 } else { (self.peek)(address, &mut bytes) };
        let length = bytes[..mapped].iter().position(|&byte| byte == 0).or((mapped == bytes.len()).then_some(mapped))?;
        bytes.truncate(length);
        Some(bytes)
    }
}

/// Flags as C source has them.
fn flags(printed: impl fmt::Display) -> String {
    printed.to_string().replace(" | ", "|")
}

/// Flags of `open`, the way of access first: that neither is set means something too.
fn print_open_flags(opened: OpenFlags, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let access = OpenFlags::O_WRONLY | OpenFlags::O_RDWR;
    let rest = opened.difference(access);
    match opened.intersection(access) {
        none if none.is_empty() => f.write_str("O_RDONLY")?,
        // Both: for `ioctl` alone.
        both if both == access => f.write_str("O_ACCMODE")?,
        one => write!(f, "{one:?}")?,
    }
    if rest.is_empty() { Ok(()) } else { write!(f, "|{}", flags(format_args!("{rest:?}"))) }
}

/// Flags of the calls that get an object of System V IPC; the permissions are among them.
fn print_ipc_flags(given: IpcFlags, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let permissions = IpcFlags::from_bits_retain(0o777);
    let rest = given.difference(permissions);
    if !rest.is_empty() {
        write!(f, "{}|", flags(format_args!("{rest:?}")))?;
    }
    print_permissions(given.intersection(permissions).bits(), f)
}

fn print_address(address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if address == 0 { f.write_str("NULL") } else { write!(f, "{address:#x}") }
}

/// The status of `wait4`, taken apart with the macros of its manual page.
fn print_status(status: WaitStatus, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match status {
        WaitStatus::Exited(code) => write!(f, "[{{WIFEXITED(s) && WEXITSTATUS(s) == {code}}}]"),
        WaitStatus::Signaled { signal, core } => {
            let core = if core { " && WCOREDUMP(s)" } else { "" };
            write!(f, "[{{WIFSIGNALED(s) && WTERMSIG(s) == {signal}{core}}}]")
        }
        WaitStatus::Stopped(signal) => write!(f, "[{{WIFSTOPPED(s) && WSTOPSIG(s) == {signal}}}]"),
        WaitStatus::Continued => f.write_str("[{WIFCONTINUED(s)}]"),
    }
}

fn print_action(action: &SigAction, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match action.handler {
        0 => f.write_str("{handler=SIG_DFL")?,
        1 => f.write_str("{handler=SIG_IGN")?,
        handler => write!(f, "{{handler={handler:#x}")?,
    }
    f.write_str(", mask=")?;
    action.mask.print(f)?;
    write!(f, ", flags={:?}}}", SigActionFlags::decode(action.flags))
}
