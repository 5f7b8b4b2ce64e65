//! What a process learnt from its operation.

use abi::*;
use kernel::ProcessId;
use serde_json::{Map, Value, json};

use super::super::observe::set;
use super::words::{ACTION_FLAGS, child_status, code_name, flag_names, shown};
use super::world::{BYTES, RESULTS, World};
use crate::scripted::{Answer, Request};

impl World {
    /// What a process learnt from its operation.
    pub(super) fn result(&mut self, process: ProcessId, asked: &Value, answer: Answer) -> Map<String, Value> {
        let value = match answer {
            Answer::Skipped => return Map::from_iter([("e".to_owned(), json!("FAULT"))]),
            Answer::Returned(Err(errno)) => return Map::from_iter([("e".to_owned(), json!(errno.name()))]),
            Answer::Returned(Ok(value)) => value,
        };
        let themes = [World::told_of_processes, World::told_of_signals, World::told_of_files, World::told_of_system_v];
        let told = themes.into_iter().find_map(|theme| theme(self, process, asked, value));
        told.unwrap_or_else(|| Map::from_iter([("r".to_owned(), json!(value))]))
    }

    /// Processes, and what became of them.
    fn told_of_processes(&mut self, process: ProcessId, asked: &Value, value: i64) -> Option<Map<String, Value>> {
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        let named = |world: &World| match value {
            0 => json!(0),
            pid => json!(world.name_of(pid as u32)),
        };
        let operation = asked["o"].as_str().unwrap_or("");
        match operation {
            "fork" | "getpgid" | "getsid" | "setsid" | "getppid" => put("r", named(self)),
            "wait4" => {
                put("r", named(self));
                if value != 0 {
                    let status = self.load::<i32>(process);
                    put(
                        "ws",
                        match WaitStatus::from_raw(status) {
                            WaitStatus::Exited(code) => json!(["exit", code]),
                            WaitStatus::Signaled { signal, .. } => json!(["sig", signal.number()]),
                            WaitStatus::Stopped(signal) => json!(["stop", signal.number()]),
                            WaitStatus::Continued => json!(["cont"]),
                        },
                    );
                }
            }
            "waitid" => {
                put("r", json!(value));
                let info: SigInfo = self.load(process);
                put("who", json!(self.name_or_none(info.pid)));
                if info.pid != 0 {
                    put("ws", child_status(info.code, info.status));
                }
            }
            _ => return None,
        }
        Some(result)
    }

    /// Signals.
    fn told_of_signals(&mut self, process: ProcessId, asked: &Value, value: i64) -> Option<Map<String, Value>> {
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        let operation = asked["o"].as_str().unwrap_or("");
        match operation {
            "sigaction" => {
                put("r", json!(value));
                let old: SigAction = self.load(process);
                let disposition = match old.handler {
                    0 => "DFL",
                    1 => "IGN",
                    _ => "CATCH",
                };
                put("old", json!([disposition, flag_names(old.flags, ACTION_FLAGS), set(old.mask)]));
            }
            "sigprocmask" => {
                put("r", json!(value));
                put("old", set(self.load(process)));
            }
            "sigpending" => {
                put("r", json!(value));
                put("set", set(self.load(process)));
            }
            "sigtimedwait" => {
                put("r", json!(value));
                let info: SigInfo = self.load(process);
                let signal = Signal::new(value).expect("a signal was taken");
                let detail = match info.code {
                    SI_QUEUE => json!(info.status),
                    code if signal == Signal::SIGCHLD && code > 0 && code < SI_KERNEL => json!(info.status),
                    _ => Value::Null,
                };
                let sender = self.sender(signal, info.code, info.pid as u32);
                put("si", json!([code_name(signal, info.code), sender, detail]));
            }
            _ => return None,
        }
        Some(result)
    }

    /// Descriptors, bytes and messages of POSIX queues.
    fn told_of_files(&mut self, process: ProcessId, asked: &Value, value: i64) -> Option<Map<String, Value>> {
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        let operation = asked["o"].as_str().unwrap_or("");
        match operation {
            "fionread" => {
                put("r", json!(value));
                put("n", json!(self.load::<i32>(process)));
            }
            "pipe" => {
                put("r", json!(value));
                let fds: [i32; 2] = self.load(process);
                put("fd", json!(fds));
                let capacity = asked["a"][1].as_u64().unwrap_or(0);
                if capacity != 0 {
                    let command = FcntlCommand::F_SETPIPE_SZ;
                    self.machine
                        .ask(process, Request::Call(Syscall::Fcntl { fd: Fd(fds[0]), command, argument: capacity }));
                    self.machine.settle(&mut crate::chooser::Default);
                    self.machine.take_answers();
                }
            }
            "mq_getattr" | "mq_setattr" => {
                put("r", json!(value));
                let MqAttr { flags, maxmsg, msgsize, curmsgs, .. } = self.load(process);
                put("attr", json!([i64::from(flags != 0), maxmsg, msgsize, curmsgs]));
            }
            "read" | "mq_receive" => {
                put("r", json!(value));
                if operation == "mq_receive" {
                    put("prio", json!(self.load::<u32>(process)));
                }
                let mut bytes = vec![0; value as usize];
                self.machine.get(process, BYTES, &mut bytes).expect("what was read can be loaded");
                put("d", shown(&bytes));
            }
            "fcntl" if asked["a"][1] == "GETFL" => {
                let flags = OpenFlags::from_bits_retain(value as u32);
                let mode = match (flags.readable(), flags.writable()) {
                    (true, true) => "RDWR",
                    (false, true) => "WRONLY",
                    _ => "RDONLY",
                };
                let mut names = vec![mode];
                if flags.contains(OpenFlags::O_NONBLOCK) {
                    names.push("NONBLOCK");
                }
                put("fl", json!(names));
            }
            "dup2" if asked["a"][0] == asked["a"][1] => put("r", asked["a"][1].clone()),
            _ => return None,
        }
        Some(result)
    }

    /// System V objects, and mappings.
    fn told_of_system_v(&mut self, process: ProcessId, asked: &Value, value: i64) -> Option<Map<String, Value>> {
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        let operation = asked["o"].as_str().unwrap_or("");
        match operation {
            "mmap" | "mapfd" | "shmat" => put("r", json!(0)),
            "shmget" => put("r", json!(self.objects.name('m', value as i32))),
            "msgget" => put("r", json!(self.objects.name('q', value as i32))),
            "semget" => put("r", json!(self.objects.name('s', value as i32))),
            "semctl" if asked["a"][2] == "GETPID" => put("r", json!(self.name_or_none(value as i32))),
            "msgrcv" => {
                put("r", json!(value));
                let mut bytes = vec![0; value as usize];
                self.machine.get(process, BYTES + 8, &mut bytes).expect("what was received can be loaded");
                put("d", shown(&bytes));
                put("type", json!(self.machine.load::<i64>(process, BYTES).expect("results can be loaded")));
            }
            "msgctl" => {
                put("r", json!(value));
                if asked["a"][1] == "STAT" {
                    let stat: MsqidDs = self.load(process);
                    let (sender, receiver) = (self.name_or_none(stat.lspid), self.name_or_none(stat.lrpid));
                    put("qst", json!([stat.qnum, stat.cbytes, stat.qbytes, sender, receiver]));
                }
            }
            "shmctl" => {
                put("r", json!(value));
                if asked["a"][1] == "STAT" {
                    let stat: ShmidDs = self.load(process);
                    let (cpid, lpid) = (self.name_or_none(stat.cpid), self.name_or_none(stat.lpid));
                    let removed = u32::from(stat.perm.mode & SHM_DEST != 0);
                    put("shm", json!([stat.nattch, stat.segsz, cpid, lpid, removed]));
                }
            }
            _ => return None,
        }
        Some(result)
    }

    /// The name of a process, or "0" for none.
    fn name_or_none(&self, pid: i32) -> &str {
        if pid == 0 { "0" } else { self.name_of(pid as u32) }
    }

    fn load<T: Layout>(&mut self, process: ProcessId) -> T {
        self.machine.load(process, RESULTS).expect("results can be loaded")
    }
}
