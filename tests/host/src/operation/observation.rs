//! What a call gave, in the words of the records.

use serde_json::{Map, Value, json};

use super::command::{BYTES, RESULTS};
use super::names::Names;
use super::words::{ACTION_FLAGS, bit_names, errno_name, signal_list};
use crate::stage::Stage;

/// Offsets in `struct msqid64_ds`.
const CBYTES: usize = 72;
const QNUM: usize = 80;
pub(super) const QBYTES: usize = 88;
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
        "waitid" => {
            let who = int(16);
            put("who", json!(names.process(who as i32)));
            if who != 0 {
                put("ws", child_status(int(8) as i32, int(24)));
            }
        }
        "fionread" => put("n", json!(int(0))),
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
        "mmap" | "mapfd" | "shmat" => value = json!(0),
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

/// A status by the code and value of `siginfo_t`.
fn child_status(code: i32, status: i64) -> Value {
    match code {
        libc::CLD_EXITED => json!(["exit", status]),
        libc::CLD_KILLED | libc::CLD_DUMPED => json!(["sig", status]),
        libc::CLD_STOPPED => json!(["stop", status]),
        libc::CLD_CONTINUED => json!(["cont"]),
        _ => json!(["?", code, status]),
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
        libc::BUS_ADRERR if signal == libc::SIGBUS => "ADRERR",
        1 if is_fault => "MAPERR",
        2 if is_fault => "ACCERR",
        _ => "?",
    };
    let sender = if code == KERNEL || is_fault { Value::Null } else { json!(names.process(sender)) };
    let value = if code == libc::SI_QUEUE || is_child { json!(value) } else { Value::Null };
    json!([code_name, sender, value])
}
