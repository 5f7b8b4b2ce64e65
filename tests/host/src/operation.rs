//! How an operation of a script becomes a real system call, and what the call gave becomes an observation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::puppet;
use crate::stage::{Command, Kind, Stage};

/// No process has this id, and none ever will: it is beyond the highest that the kernel gives.
pub(crate) const NOBODY: i32 = 4_194_303;
/// Where results of calls lie in a puppet's data; arguments behind them; then what is transferred.
const RESULTS: usize = 0;
const ARGUMENTS: usize = 4096;
const NAMES: usize = 8192;
const BYTES: usize = 12288;

/// The names of processes and System V objects, and what they stand for.
#[derive(Clone, Default, Debug)]
pub(crate) struct Names {
    /// Process ids by name.
    pub(crate) processes: BTreeMap<String, i32>,
    /// Object ids by name.
    pub(crate) objects: BTreeMap<String, i32>,
}

impl Names {
    /// The name of a process id; `?` if it has none.
    pub(crate) fn process(&self, pid: i32) -> String {
        let known = self.processes.iter().find(|(_, other)| **other == pid);
        known.map_or_else(|| if pid == 0 { "0".into() } else { "?".into() }, |(name, _)| name.clone())
    }

    fn pid(&self, argument: &Value) -> Result<i32, String> {
        match argument {
            Value::Number(number) => Ok(number.as_i64().unwrap_or(0) as i32),
            Value::String(text) => {
                let (sign, name) = text.strip_prefix('-').map_or((1, text.as_str()), |name| (-1, name));
                match name {
                    "none" => Ok(sign * NOBODY),
                    _ => self.processes.get(name).map(|pid| sign * pid).ok_or_else(|| format!("no process {name}")),
                }
            }
            _ => Err(format!("{argument} isn't a process")),
        }
    }

    fn object(&self, argument: &Value) -> Result<i64, String> {
        match argument {
            Value::Number(number) => Ok(number.as_i64().unwrap_or(0)),
            Value::String(name) => {
                self.objects.get(name).map(|id| i64::from(*id)).ok_or_else(|| format!("no object {name}"))
            }
            _ => Err(format!("{argument} isn't an object")),
        }
    }

    /// The name of a System V object, a new one if it has none.
    fn name_object(&mut self, kind: char, id: i32) -> String {
        if let Some((name, _)) = self.objects.iter().find(|(name, other)| **other == id && name.starts_with(kind)) {
            return name.clone();
        }
        let count = self.objects.keys().filter(|name| name.starts_with(kind)).count();
        let name = format!("{kind}{count}");
        self.objects.insert(name.clone(), id);
        name
    }
}

type Bits = &'static [(&'static str, i64)];

const WAIT_OPTIONS: Bits = &[("NOHANG", 1), ("UNTRACED", 2), ("CONTINUED", 8)];
const ACTION_FLAGS: Bits = &[
    ("NOCLDSTOP", 1),
    ("NOCLDWAIT", 2),
    ("NODEFER", 0x4000_0000),
    ("RESETHAND", 0x8000_0000),
    ("RESTART", 0x1000_0000),
];
const OPEN_FLAGS: Bits = &[
    ("RDONLY", 0),
    ("WRONLY", 1),
    ("RDWR", 2),
    ("CREAT", libc::O_CREAT as i64),
    ("EXCL", libc::O_EXCL as i64),
    ("NONBLOCK", libc::O_NONBLOCK as i64),
    ("CLOEXEC", libc::O_CLOEXEC as i64),
];
const IPC_FLAGS: Bits = &[("CREAT", 0o1000), ("EXCL", 0o2000), ("NOWAIT", 0o4000), ("NOERROR", 0o10000)];
const SEMAPHORE_FLAGS: Bits = &[("NOWAIT", 0o4000), ("UNDO", 0o10000)];
const SA_SIGINFO: i64 = 4;
const SA_RESTORER: i64 = 0x0400_0000;

fn bits(list: &Value, names: Bits) -> Result<i64, String> {
    list.as_array().into_iter().flatten().try_fold(0, |all, flag| match flag.as_i64() {
        Some(number) => Ok(all | number),
        None => match names.iter().find(|(name, _)| flag == name) {
            Some((_, bit)) => Ok(all | bit),
            None => Err(format!("no flag {flag}")),
        },
    })
}

fn bit_names(value: i64, names: Bits) -> Vec<&'static str> {
    names.iter().filter(|(_, bit)| value & bit != 0).map(|(name, _)| *name).collect()
}

fn signal_set(list: &Value) -> u64 {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_i64).filter(|n| (1..65).contains(n));
    numbers.fold(0, |set, number| set | 1 << (number - 1))
}

/// A set of signals as a list of numbers.
pub(crate) fn signal_list(set: u64) -> Value {
    json!((1..65).filter(|number| set & (1 << (number - 1)) != 0).collect::<Vec<i64>>())
}

fn protection(name: &Value) -> i64 {
    match name.as_str() {
        Some("R") => libc::PROT_READ.into(),
        Some("RW") => (libc::PROT_READ | libc::PROT_WRITE).into(),
        _ => 0,
    }
}

fn place(slot: i64, page: i64) -> i64 {
    0x2_0000_0000 + slot * 0x10_0000 + page * 4096
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// The bytes of a transfer.
fn pattern(length: i64, seed: i64) -> Vec<u8> {
    (0..length).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect()
}

/// The command for an operation of `puppet`.
///
/// # Errors
/// What is wrong with the operation.
pub(crate) fn command(
    stage: &Stage,
    names: &Names,
    puppet: usize,
    own_pid: i32,
    blocked: u64,
    record: &Value,
) -> Result<Command, String> {
    let nothing = Vec::new();
    let arguments = record["a"].as_array().unwrap_or(&nothing);
    let argument = |index: usize| arguments.get(index).cloned().unwrap_or(Value::Null);
    let int = |index: usize| argument(index).as_i64().unwrap_or(0);
    let pid = |index: usize| names.pid(&argument(index)).map(i64::from);
    let object = |index: usize| names.object(&argument(index));
    let results = stage.address(puppet, RESULTS);
    let bytes = stage.address(puppet, BYTES);
    let put = |content: &[u8]| stage.put(puppet, ARGUMENTS, content);
    let name = |text: String| stage.put(puppet, NAMES, format!("{text}\0").as_bytes());
    let call = |number: i64, given: &[i64]| {
        let mut arguments = [0; 6];
        arguments[..given.len()].copy_from_slice(given);
        Ok(Command { kind: Kind::Call, number, arguments })
    };
    let operation = record["o"].as_str().unwrap_or("");
    match operation {
        "fork" => {
            let child = names.processes.len() as i64 - 1;
            Ok(Command { kind: Kind::Fork, number: libc::SYS_clone, arguments: [child, 0, 0, 0, 0, 0] })
        }
        "exit" => call(libc::SYS_exit_group, &[int(0)]),
        "wait4" => call(libc::SYS_wait4, &[pid(0)?, results, bits(&argument(1), WAIT_OPTIONS)?, 0]),
        "kill" => {
            let target = pid(0)?;
            if target == -1 {
                return Err("kill(-1) isn't done to real processes".into());
            }
            call(libc::SYS_kill, &[target, int(1)])
        }
        "sigqueue" => {
            let mut info = [0_i32; 32];
            info[..8].copy_from_slice(&[int(1) as i32, 0, libc::SI_QUEUE, 0, own_pid, 0, int(2) as i32, 0]);
            let info: Vec<u8> = info.iter().flat_map(|word| word.to_ne_bytes()).collect();
            call(libc::SYS_rt_sigqueueinfo, &[pid(0)?, int(1), put(&info)])
        }
        "sigaction" => {
            let (handler, restorer) = puppet::handler();
            let flags = bits(&argument(2), ACTION_FLAGS)? | SA_SIGINFO | SA_RESTORER;
            let disposition = match argument(1).as_str() {
                Some("DFL") => Some(0),
                Some("IGN") => Some(1),
                Some("CATCH") => Some(handler),
                _ => None,
            };
            let new = match disposition {
                Some(handler) => put(&words(&[handler, flags as u64, restorer, signal_set(&argument(3))])),
                None => 0,
            };
            call(libc::SYS_rt_sigaction, &[int(0), new, results, 8])
        }
        "sigprocmask" => {
            let how = match argument(0).as_str() {
                Some("BLOCK") => libc::SIG_BLOCK,
                Some("UNBLOCK") => libc::SIG_UNBLOCK,
                Some("SETMASK") => libc::SIG_SETMASK,
                _ => 99,
            };
            let set = if argument(1).is_null() { 0 } else { put(&words(&[signal_set(&argument(1))])) };
            call(libc::SYS_rt_sigprocmask, &[how.into(), set, results, 8])
        }
        "sigpending" => call(libc::SYS_rt_sigpending, &[results, 8]),
        "sigsuspend" => call(libc::SYS_rt_sigsuspend, &[put(&words(&[signal_set(&argument(0))])), 8]),
        "pause" => call(libc::SYS_rt_sigsuspend, &[put(&words(&[blocked])), 8]),
        "sigtimedwait" => {
            let set = put(&words(&[signal_set(&argument(0)), 0, 0]));
            let timeout = if int(1) == 0 { set + 8 } else { 0 };
            call(libc::SYS_rt_sigtimedwait, &[set, results, timeout, 8])
        }
        "setpgid" => call(libc::SYS_setpgid, &[pid(0)?, pid(1)?]),
        "getpgid" => call(libc::SYS_getpgid, &[pid(0)?]),
        "setsid" => call(libc::SYS_setsid, &[]),
        "getsid" => call(libc::SYS_getsid, &[pid(0)?]),
        "getppid" => call(libc::SYS_getppid, &[]),
        "pipe" => call(libc::SYS_pipe2, &[results, bits(&argument(0), OPEN_FLAGS)?]),
        "read" => call(libc::SYS_read, &[int(0), bytes, int(1)]),
        "write" => {
            stage.put(puppet, BYTES, &pattern(int(1), int(2)));
            call(libc::SYS_write, &[int(0), bytes, int(1)])
        }
        "dup" => call(libc::SYS_dup, &[int(0)]),
        "dup2" => call(libc::SYS_dup2, &[int(0), int(1)]),
        "dup3" => call(libc::SYS_dup3, &[int(0), int(1), bits(&argument(2), OPEN_FLAGS)?]),
        "close" | "mq_close" => call(libc::SYS_close, &[int(0)]),
        "fcntl" => {
            let (command, value) = match argument(1).as_str() {
                Some("DUPFD") => (libc::F_DUPFD, int(2)),
                Some("GETFD") => (libc::F_GETFD, 0),
                Some("SETFD") => (libc::F_SETFD, int(2)),
                Some("GETFL") => (libc::F_GETFL, 0),
                Some("SETFL") => (libc::F_SETFL, bits(&argument(2), OPEN_FLAGS)?),
                _ => (9999, 0),
            };
            call(libc::SYS_fcntl, &[int(0), command.into(), value])
        }
        "mkfifo" => call(libc::SYS_mknodat, &[libc::AT_FDCWD.into(), name(format!("f{}", int(0))), 0o10666, 0]),
        "unlink" => call(libc::SYS_unlinkat, &[libc::AT_FDCWD.into(), name(format!("f{}", int(0))), 0]),
        "open" => {
            let flags = bits(&argument(1), OPEN_FLAGS)?;
            call(libc::SYS_openat, &[libc::AT_FDCWD.into(), name(format!("f{}", int(0))), flags, 0])
        }
        "mq_open" => {
            let attributes = put(&words(&[0, int(2) as u64, int(3) as u64, 0, 0, 0, 0, 0]));
            let flags = bits(&argument(1), OPEN_FLAGS)?;
            call(libc::SYS_mq_open, &[name(format!("m{}", int(0))), flags, 0o666, attributes])
        }
        "mq_unlink" => call(libc::SYS_mq_unlink, &[name(format!("m{}", int(0)))]),
        "mq_send" => {
            stage.put(puppet, BYTES, &pattern(int(1), int(3)));
            call(libc::SYS_mq_timedsend, &[int(0), bytes, int(1), int(2), 0])
        }
        "mq_receive" => call(libc::SYS_mq_timedreceive, &[int(0), bytes, int(1), results, 0]),
        "mq_getattr" => call(libc::SYS_mq_getsetattr, &[int(0), 0, results]),
        "mq_setattr" => {
            let nonblock = if int(1) == 0 { 0 } else { libc::O_NONBLOCK as u64 };
            call(libc::SYS_mq_getsetattr, &[int(0), put(&words(&[nonblock, 0, 0, 0, 0, 0, 0, 0])), results])
        }
        "msgget" => call(libc::SYS_msgget, &[int(0), bits(&argument(1), IPC_FLAGS)? | 0o666]),
        "msgsnd" => {
            let mut message = words(&[int(1) as u64]);
            message.extend(pattern(int(2), int(4)));
            stage.put(puppet, BYTES, &message);
            call(libc::SYS_msgsnd, &[object(0)?, bytes, int(2), bits(&argument(3), IPC_FLAGS)?])
        }
        "msgrcv" => call(libc::SYS_msgrcv, &[object(0)?, bytes, int(1), int(2), bits(&argument(3), IPC_FLAGS)?]),
        "msgctl" => message_control(stage, puppet, object(0)?, &argument(1), int(2)),
        "semget" => call(libc::SYS_semget, &[int(0), int(1), bits(&argument(2), IPC_FLAGS)? | 0o666]),
        "semop" => {
            let mut operations = Vec::new();
            let list = argument(1);
            for one in list.as_array().into_iter().flatten() {
                let number = |index: usize| one[index].as_i64().unwrap_or(0) as i16;
                let flags = bits(&one[2], SEMAPHORE_FLAGS)? as i16;
                operations.extend([number(0), number(1), flags].iter().flat_map(|half| half.to_ne_bytes()));
            }
            let count = operations.len() / 6;
            call(libc::SYS_semop, &[object(0)?, put(&operations), count as i64])
        }
        "semctl" => {
            let command = match argument(2).as_str() {
                Some("GETVAL") => libc::GETVAL,
                Some("SETVAL") => libc::SETVAL,
                Some("GETPID") => libc::GETPID,
                Some("GETNCNT") => libc::GETNCNT,
                Some("GETZCNT") => libc::GETZCNT,
                Some("RMID") => libc::IPC_RMID,
                _ => return Err(format!("no command {}", argument(2))),
            };
            call(libc::SYS_semctl, &[object(0)?, int(1), command.into(), int(3)])
        }
        "shmget" => call(libc::SYS_shmget, &[int(0), int(1), bits(&argument(2), IPC_FLAGS)? | 0o666]),
        "shmat" => {
            let flags = if int(2) == 0 { 0 } else { libc::SHM_RDONLY };
            call(libc::SYS_shmat, &[object(0)?, place(int(1), 0), flags.into()])
        }
        "shmdt" => call(libc::SYS_shmdt, &[place(int(0), 0)]),
        "shmctl" => {
            let command = if argument(1) == "STAT" { libc::IPC_STAT } else { libc::IPC_RMID };
            call(libc::SYS_shmctl, &[object(0)?, command.into(), results])
        }
        "mmap" => {
            let kind = match argument(3).as_str() {
                Some("SHARED") => libc::MAP_SHARED,
                Some("PRIVATE") => libc::MAP_PRIVATE,
                _ => 0,
            };
            let flags = kind | libc::MAP_FIXED | libc::MAP_ANONYMOUS;
            let length = int(1) * 4096;
            call(libc::SYS_mmap, &[place(int(0), 0), length, protection(&argument(2)), flags.into(), -1, 0])
        }
        "munmap" => call(libc::SYS_munmap, &[place(int(0), int(1)), int(2) * 4096]),
        "mprotect" => call(libc::SYS_mprotect, &[place(int(0), int(1)), int(2) * 4096, protection(&argument(3))]),
        "load" | "store" => {
            let kind = if operation == "load" { Kind::Load } else { Kind::Store };
            Ok(Command { kind, number: 0, arguments: [place(int(0), int(1)) + int(2), int(3), 0, 0, 0, 0] })
        }
        _ => Err(format!("no operation `{operation}`")),
    }
}

/// `IPC_SET` needs the whole structure: the puppet's data holds what the last `IPC_STAT` gave, which the recorder asks for
/// first.
fn message_control(stage: &Stage, puppet: usize, id: i64, what: &Value, bytes: i64) -> Result<Command, String> {
    let results = stage.address(puppet, RESULTS);
    let command = match what.as_str() {
        Some("RMID") => libc::IPC_RMID,
        Some("STAT") => libc::IPC_STAT,
        Some("SET") => {
            stage.put(puppet, RESULTS + QBYTES, &(bytes as u64).to_ne_bytes());
            libc::IPC_SET
        }
        _ => return Err(format!("no command {what}")),
    };
    Ok(Command { kind: Kind::Call, number: libc::SYS_msgctl, arguments: [id, command.into(), results, 0, 0, 0] })
}

/// Offsets in `struct msqid64_ds`.
const CBYTES: usize = 72;
const QNUM: usize = 80;
const QBYTES: usize = 88;
const LSPID: usize = 96;
const LRPID: usize = 100;

/// What a call gave, in the words of the records. `result` is its value, or a negated error number.
pub(crate) fn observation(
    stage: &Stage,
    names: &mut Names,
    puppet: usize,
    record: &Value,
    (result, skipped): (i64, bool),
) -> Map<String, Value> {
    let operation = record["o"].as_str().unwrap_or("");
    let mut seen = Map::new();
    if skipped && matches!(operation, "load" | "store") {
        seen.insert("e".into(), json!("FAULT"));
        return seen;
    }
    if (-4095..0).contains(&result) {
        seen.insert("e".into(), json!(errno_name(-result as i32)));
        return seen;
    }
    let int = |offset: usize| {
        let bytes = stage.get(puppet, RESULTS + offset, 4);
        i64::from(i32::from_ne_bytes(bytes.try_into().expect("4 bytes")))
    };
    let long = |offset: usize| {
        let bytes = stage.get(puppet, RESULTS + offset, 8);
        u64::from_ne_bytes(bytes.try_into().expect("8 bytes"))
    };
    let mut put = |key: &str, value: Value| {
        seen.insert(key.to_owned(), value);
    };
    let mut value = json!(result);
    match operation {
        "fork" => {
            let name = char::from(b'a' + names.processes.len() as u8 - 1).to_string();
            names.processes.insert(name.clone(), result as i32);
            value = json!(name);
        }
        "getpgid" | "getsid" | "setsid" | "getppid" => value = json!(names.process(result as i32)),
        "semctl" if record["a"][2] == "GETPID" => value = json!(names.process(result as i32)),
        "wait4" if result != 0 => {
            value = json!(names.process(result as i32));
            put("ws", wait_status(int(0) as i32));
        }
        "sigaction" => {
            let disposition = match long(0) {
                0 => "DFL",
                1 => "IGN",
                _ => "CATCH",
            };
            put("old", json!([disposition, bit_names(long(8) as i64, ACTION_FLAGS), signal_list(long(24))]));
        }
        "sigprocmask" => put("old", signal_list(long(0))),
        "sigpending" => put("set", signal_list(long(0))),
        "sigtimedwait" => {
            let (signal, code) = (result as i32, int(8) as i32);
            put("si", handler_details(names, signal, code, int(16) as i32, int(24) as i32));
        }
        "pipe" => put("fd", json!([int(0), int(4)])),
        "read" => put("d", data(&stage.get(puppet, BYTES, result as usize))),
        "mq_receive" => {
            put("d", data(&stage.get(puppet, BYTES, result as usize)));
            put("prio", json!(int(0)));
        }
        "mq_getattr" | "mq_setattr" => {
            let nonblock = i64::from(long(0) as i32 & libc::O_NONBLOCK != 0);
            put("attr", json!([nonblock, long(8), long(16), long(24)]));
        }
        "msgrcv" => {
            let message = stage.get(puppet, BYTES, 8 + result as usize);
            put("d", data(&message[8..]));
            put("type", json!(i64::from_ne_bytes(message[..8].try_into().expect("8 bytes"))));
        }
        "msgctl" if record["a"][1] == "STAT" => {
            let who = |offset| names.process(int(offset) as i32);
            put("qst", json!([long(QNUM), long(CBYTES), long(QBYTES), who(LSPID), who(LRPID)]));
        }
        "shmctl" if record["a"][1] == "STAT" => {
            // `struct shmid64_ds`: permissions of 48 bytes, size, three times, two process ids, attachments.
            let who = |offset| names.process(int(offset) as i32);
            let removed = i64::from(int(20) & 0o1000 != 0);
            put("shm", json!([long(88), long(48), who(80), who(84), removed]));
        }
        "msgget" => value = json!(names.name_object('q', result as i32)),
        "semget" => value = json!(names.name_object('s', result as i32)),
        "shmget" => value = json!(names.name_object('m', result as i32)),
        "mmap" | "shmat" => value = json!(0),
        "fcntl" if record["a"][1] == "GETFL" => {
            let mode = match result & 3 {
                0 => "RDONLY",
                1 => "WRONLY",
                _ => "RDWR",
            };
            let mut list = vec![mode];
            if result & i64::from(libc::O_NONBLOCK) != 0 {
                list.push("NONBLOCK");
            }
            put("fl", json!(list));
            return seen;
        }
        _ => {}
    }
    seen.insert("r".into(), value);
    seen
}

fn data(bytes: &[u8]) -> Value {
    match bytes.len() {
        0..=24 => json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        _ => json!(format!("crc:{:08x}", crc32fast::hash(bytes))),
    }
}

fn wait_status(status: i32) -> Value {
    if libc::WIFEXITED(status) {
        json!(["exit", libc::WEXITSTATUS(status)])
    } else if libc::WIFSIGNALED(status) {
        json!(["sig", libc::WTERMSIG(status)])
    } else if libc::WIFSTOPPED(status) {
        json!(["stop", libc::WSTOPSIG(status)])
    } else {
        json!(["cont"])
    }
}

/// Code, sender and value of a signal.
pub(crate) fn handler_details(names: &Names, signal: i32, code: i32, sender: i32, value: i32) -> Value {
    const KERNEL: i32 = 0x80;
    let is_child = signal == libc::SIGCHLD && code > 0 && code < KERNEL;
    let is_fault = matches!(signal, libc::SIGSEGV | libc::SIGBUS) && code > 0 && code < KERNEL;
    let code_name = match code {
        libc::SI_USER => "USER",
        libc::SI_QUEUE => "QUEUE",
        KERNEL => "KERNEL",
        libc::CLD_EXITED if is_child => "EXITED",
        libc::CLD_KILLED | libc::CLD_DUMPED if is_child => "KILLED",
        libc::CLD_STOPPED if is_child => "STOPPED",
        libc::CLD_CONTINUED if is_child => "CONTINUED",
        1 if is_fault => "MAPERR",
        2 if is_fault => "ACCERR",
        _ => "?",
    };
    let sender = if code == KERNEL || is_fault { Value::Null } else { json!(names.process(sender)) };
    let value = if code == libc::SI_QUEUE || is_child { json!(value) } else { Value::Null };
    json!([code_name, sender, value])
}

fn errno_name(errno: i32) -> String {
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
    ];
    NAMES.iter().find(|(number, _)| *number == errno).map_or_else(|| format!("E{errno}"), |(_, name)| (*name).into())
}
