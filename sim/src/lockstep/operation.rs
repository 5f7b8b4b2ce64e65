//! How an operation of a script becomes a call of a scripted process, and its result an observation.

use std::collections::BTreeMap;

use crate::chooser::Chooser;
use crate::scripted::{Answer, Request, Scripted, fork, map_fixed};
use abi::*;
use kernel::ProcessId;
use serde_json::{Map, Value, json};

use super::observe::set;
use super::signature::{Named, mistake, named};
use super::subject::{Trouble, process_name, process_number};

/// Processes have one letter each.
const PROCESSES: usize = 26;
/// A process id that no process ever has.
const NONE: i32 = 32_000;
/// A handler's address: which one doesn't matter, scripted processes only log.
const HANDLER: u64 = 0x1000;
/// Where in its memory a process keeps the data of its calls: results, then arguments, then bytes.
const RESULTS: u64 = Scripted::SCRATCH;
const ARGUMENTS: u64 = Scripted::SCRATCH + 0x1000;
const BYTES: u64 = Scripted::SCRATCH + 0x2000;

/// The machine of a script, and the names of its processes.
#[derive(Clone)]
pub(super) struct World {
    /// The machine.
    pub(super) machine: Scripted,
    names: BTreeMap<u32, String>,
    processes: BTreeMap<String, ProcessId>,
    pending: BTreeMap<String, Value>,
    objects: Objects,
}

impl World {
    /// PID 1 is `R`, the recorder; its child `a` leads a session of its own, adopts orphans and has nothing open.
    pub(super) fn new() -> World {
        let (machine, first) = Scripted::boot(false).expect("a machine boots");
        let mut world = World {
            machine,
            names: BTreeMap::from([(1, "R".to_owned())]),
            processes: BTreeMap::from([("R".to_owned(), first)]),
            pending: BTreeMap::new(),
            objects: Objects::default(),
        };
        let mut chooser = crate::chooser::Default;
        world.set_up("R", fork(), &mut chooser);
        world.note_new_process("a");
        world.set_up("a", Syscall::Setsid {}, &mut chooser);
        let option = PrctlOption::PR_SET_CHILD_SUBREAPER;
        let subreaper = Syscall::Prctl { option, argument: 1, argument3: 0, argument4: 0, argument5: 0 };
        world.set_up("a", subreaper, &mut chooser);
        world.set_up("a", Syscall::Umask { mask: 0 }, &mut chooser);
        let a = world.processes["a"];
        world.put(a, ARGUMENTS, &Rlimit { cur: 16, max: 16 });
        let limit = Syscall::Prlimit64 {
            pid: Pid(0),
            resource: Resource::RLIMIT_NOFILE,
            new: In::at(ARGUMENTS),
            old: Out::NULL,
        };
        world.set_up("a", limit, &mut chooser);
        world
    }

    fn set_up(&mut self, name: &str, call: Syscall, chooser: &mut impl Chooser) {
        self.machine.ask(self.processes[name], Request::Call(call));
        self.machine.settle(chooser);
        let answers = self.machine.take_answers();
        assert!(matches!(answers[..], [(_, Answer::Returned(Ok(_)))]), "{call:?} gave {answers:?}");
    }

    /// The processes of the script, without the recorder.
    pub(super) fn names(&self) -> impl Iterator<Item = (ProcessId, &str)> {
        self.processes.iter().filter(|(name, _)| *name != "R").map(|(name, id)| (*id, name.as_str()))
    }

    /// How many System V objects of a kind have a name.
    pub(super) fn objects(&self, kind: char) -> usize {
        self.objects.names.keys().filter(|(other, _)| *other == kind).count()
    }

    /// The name of the process that had this process id.
    pub(super) fn name_of(&self, pid: u32) -> &str {
        self.names.get(&pid).map_or("?", String::as_str)
    }

    /// The operation that a process hasn't finished.
    pub(super) fn busy_with(&self, process: ProcessId) -> Option<&str> {
        let name = self.processes.iter().find(|(_, id)| **id == process)?.0;
        self.pending.get(name)?["o"].as_str()
    }

    /// Why an operation can't be carried out, if it can't.
    pub(super) fn refusal(&self, asked: &Value) -> Option<Trouble> {
        if let Some(why) = mistake(asked) {
            return Some(Trouble::Bad(format!("{}: {why}", shown_operation(asked))));
        }
        let absent = |why: &str| Some(Trouble::NotNow(format!("{}: {why}", shown_operation(asked))));
        let exists = |index: usize| self.processes.contains_key(&process_name(index));
        if !process_number(&asked["p"]).is_some_and(|index| self.is_idle(&process_name(index))) {
            return absent("nobody idle has that name");
        }
        // `R` is among the processes too.
        if asked["o"] == "fork" && self.processes.len() > PROCESSES {
            return absent("there are no names left");
        }
        named(asked).find_map(|name| match name {
            Named::Process(index) if !exists(index) => absent("a process in it hasn't been made"),
            Named::Object(kind, number) if number >= self.objects(kind) => absent("an object in it hasn't been made"),
            _ => None,
        })
    }

    /// Whether a process can be given an operation.
    fn is_idle(&self, name: &str) -> bool {
        let process = self.processes.get(name).and_then(|id| self.machine.kernel().process(*id));
        process.is_some_and(|process| !process.is_zombie() && !process.stopped) && !self.pending.contains_key(name)
    }

    /// Carries out one operation that isn't refused, lets all settle, and says what came of it, without the table of states.
    pub(super) fn carry_out(&mut self, recorded: &Value, chooser: &mut impl Chooser) -> Map<String, Value> {
        let name = recorded["p"].as_str().expect("an operation has a process").to_owned();
        let process = self.processes[&name];
        let request = self.request(process, recorded);
        self.pending.insert(name.clone(), recorded.clone());
        self.machine.ask(process, request);
        self.machine.settle(chooser);
        if recorded["o"] == "fork" {
            let next = char::from(b'a' + u8::try_from(self.processes.len() - 1).expect("fewer than 26 processes"));
            self.note_new_process(&next.to_string());
        }

        let mut observed = Map::new();
        let mut done: Vec<(String, Value)> = Vec::new();
        for (id, answer) in self.machine.take_answers() {
            let who = self.processes.iter().find(|(_, other)| **other == id).expect("a known process").0.clone();
            let asked = self.pending.remove(&who).expect("an answer has a request");
            let mut result = self.result(id, &asked, answer);
            if who == name {
                observed.append(&mut result);
            } else {
                result.insert("p".into(), json!(who));
                result.insert("o".into(), asked["o"].clone());
                done.push((who, Value::Object(result)));
            }
        }
        let alive = |id: ProcessId| self.machine.kernel().process(id).is_some_and(|process| !process.is_zombie());
        let dead: Vec<String> =
            self.processes.iter().filter(|(_, id)| !alive(**id)).map(|(who, _)| who.clone()).collect();
        for who in dead {
            if self.pending.remove(&who).is_some() && who == name {
                observed.insert("out".into(), json!("died"));
            }
        }
        if self.pending.contains_key(&name) {
            let stopped = self.machine.kernel().process(process).is_some_and(|process| process.stopped);
            observed.insert("out".into(), json!(if stopped { "stop" } else { "blk" }));
        }
        done.sort_by(|a, b| a.0.cmp(&b.0));
        if !done.is_empty() {
            observed.insert("done".into(), json!(done.into_iter().map(|(_, result)| result).collect::<Vec<_>>()));
        }
        let runs = self.handler_runs();
        if !runs.is_empty() {
            observed.insert("h".into(), Value::Object(runs));
        }
        observed
    }

    fn note_new_process(&mut self, name: &str) {
        let known = |pid: u32| self.names.contains_key(&pid);
        let new = self.machine.kernel().processes().find(|(_, process)| !known(process.pid));
        if let Some((id, process)) = new {
            self.names.insert(process.pid, name.to_owned());
            self.processes.insert(name.to_owned(), id);
        }
    }

    fn handler_runs(&mut self) -> Map<String, Value> {
        let mut runs: Map<String, Value> = Map::new();
        for run in self.machine.take_runs() {
            let who = self.processes.iter().find(|(_, id)| **id == run.process).expect("a known process").0;
            let signal = run.info.signal;
            let value = match run.info.code {
                SI_QUEUE => json!(run.info.value as i32),
                code if signal == Signal::SIGCHLD && code > 0 && code < SI_KERNEL => json!(run.info.to_abi().status),
                _ => Value::Null,
            };
            let sender = self.sender(run.info.signal, run.info.code, run.info.pid);
            let row = json!([signal.number(), code_name(signal, run.info.code), sender, value, set(run.mask)]);
            match runs.entry(who.clone()).or_insert_with(|| json!([])) {
                Value::Array(rows) => rows.push(row),
                _ => unreachable!("only arrays are put in"),
            }
        }
        runs
    }

    fn sender(&self, signal: Signal, code: i32, pid: u32) -> Value {
        let fault = SignalSet::SYNCHRONOUS.has(signal) && code > 0;
        if code == SI_KERNEL || fault { Value::Null } else { json!(self.name_of(pid)) }
    }

    fn put<T: Layout>(&mut self, process: ProcessId, address: u64, value: &T) {
        let mut bytes = vec![0; T::SIZE];
        value.store(&mut bytes);
        self.machine.put(process, address, &bytes).expect("the scratch area can be written");
    }

    /// Puts the path of a FIFO into the memory of a process.
    fn put_fifo_name(&mut self, process: ProcessId, number: i64) -> Path {
        let name = format!("/tmp/fifo{number}\0");
        self.machine.put(process, ARGUMENTS, name.as_bytes()).expect("the scratch area can be written");
        Path(ARGUMENTS)
    }

    /// Puts the path of a shared memory object into the memory of a process.
    fn put_memory_name(&mut self, process: ProcessId, number: i64) -> Path {
        let name = format!("/dev/shm/s{number}\0");
        self.machine.put(process, ARGUMENTS, name.as_bytes()).expect("the scratch area can be written");
        Path(ARGUMENTS)
    }

    /// The call that an operation stands for.
    fn request(&mut self, process: ProcessId, recorded: &Value) -> Request {
        let arguments = recorded["a"].as_array().cloned().unwrap_or_default();
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or(Value::Null);
        let int = |index: usize| argument(index).as_i64().unwrap_or(0);
        let pid = |index: usize| Pid(self.pid(&argument(index)));
        let fd = |index: usize| Fd(int(index) as i32);
        let call = match recorded["o"].as_str().unwrap_or("") {
            "fork" => fork(),
            "exit" => Syscall::ExitGroup { status: int(0) as i32 },
            "wait4" => Syscall::Wait4 {
                pid: pid(0),
                status: Out::at(RESULTS),
                options: WaitOptions::from_bits_retain(flags(&argument(1), WAIT_OPTIONS) as u32),
                rusage: Out::NULL,
            },
            "waitid" => Syscall::Waitid {
                kind: match argument(0).as_str() {
                    Some("ALL") => IdType::P_ALL,
                    Some("PID") => IdType::P_PID,
                    Some("PGID") => IdType::P_PGID,
                    _ => IdType(99),
                },
                id: pid(1),
                info: Out::at(RESULTS),
                options: WaitOptions::from_bits_retain(flags(&argument(2), WAIT_OPTIONS) as u32),
                rusage: Out::NULL,
            },
            "kill" => Syscall::Kill { pid: pid(0), signal: SignalNumber(int(1) as i32) },
            "sigqueue" => {
                let pid = pid(0);
                let own = self.machine.kernel().process(process).map_or(0, |process| process.pid);
                let info = SigInfo { code: SI_QUEUE, pid: own as i32, status: int(2) as i32, ..SigInfo::default() };
                self.put(process, ARGUMENTS, &info);
                Syscall::RtSigqueueinfo { pid, signal: SignalNumber(int(1) as i32), info: In::at(ARGUMENTS) }
            }
            "sigaction" => {
                let handler = match argument(1).as_str() {
                    Some("DFL") => Some(0),
                    Some("IGN") => Some(1),
                    Some(_) => Some(HANDLER),
                    None => None,
                };
                let flags = flags(&argument(2), ACTION_FLAGS) | SigActionFlags::SA_SIGINFO.bits();
                let mask = signals(&argument(3));
                self.put(process, ARGUMENTS, &SigAction { handler: handler.unwrap_or(0), flags, mask });
                let new = handler.map_or(In::NULL, |_| In::at(ARGUMENTS));
                Syscall::RtSigaction { signal: SignalNumber(int(0) as i32), new, old: Out::at(RESULTS), size: 8 }
            }
            "sigprocmask" => {
                let how = match argument(0).as_str() {
                    Some("BLOCK") => MaskHow::SIG_BLOCK,
                    Some("UNBLOCK") => MaskHow::SIG_UNBLOCK,
                    Some("SETMASK") => MaskHow::SIG_SETMASK,
                    _ => MaskHow(99),
                };
                self.put(process, ARGUMENTS, &signals(&argument(1)));
                let set = if argument(1).is_null() { In::NULL } else { In::at(ARGUMENTS) };
                Syscall::RtSigprocmask { how, set, old: Out::at(RESULTS), size: 8 }
            }
            "sigpending" => Syscall::RtSigpending { set: Out::at(RESULTS), size: 8 },
            "sigsuspend" => {
                self.put(process, ARGUMENTS, &signals(&argument(0)));
                Syscall::RtSigsuspend { mask: In::at(ARGUMENTS), size: 8 }
            }
            "pause" => {
                let kernel = self.machine.kernel();
                let thread = kernel.threads().find(|(thread, _)| kernel.process_of(*thread) == Some(process));
                let mask = thread.map_or(SignalSet::empty(), |(_, thread)| thread.blocked);
                self.put(process, ARGUMENTS, &mask);
                Syscall::RtSigsuspend { mask: In::at(ARGUMENTS), size: 8 }
            }
            "sigtimedwait" => {
                self.put(process, ARGUMENTS, &signals(&argument(0)));
                self.put(process, ARGUMENTS + 64, &Timespec::default());
                let timeout = if int(1) == 0 { In::at(ARGUMENTS + 64) } else { In::NULL };
                Syscall::RtSigtimedwait { set: In::at(ARGUMENTS), info: Out::at(RESULTS), timeout, size: 8 }
            }
            "setpgid" => Syscall::Setpgid { pid: pid(0), pgid: pid(1) },
            "getpgid" => Syscall::Getpgid { pid: pid(0) },
            "setsid" => Syscall::Setsid {},
            "getsid" => Syscall::Getsid { pid: pid(0) },
            "getppid" => Syscall::Getppid {},
            "pipe" => {
                let flags = OpenFlags::from_bits_retain(flags(&argument(0), OPEN_FLAGS) as u32);
                Syscall::Pipe2 { fds: Out::at(RESULTS), flags }
            }
            "mkfifo" => {
                let path = self.put_fifo_name(process, int(0));
                Syscall::Mknodat { directory: AT_FDCWD, path, mode: S_IFIFO | 0o600, device: 0 }
            }
            "unlink" => {
                let path = self.put_fifo_name(process, int(0));
                Syscall::Unlinkat { directory: AT_FDCWD, path, flags: AtFlags::empty() }
            }
            "open" => {
                let path = self.put_fifo_name(process, int(0));
                let flags = OpenFlags::from_bits_retain(flags(&argument(1), OPEN_FLAGS) as u32);
                Syscall::Openat { directory: AT_FDCWD, path, flags, mode: 0 }
            }
            "read" => Syscall::Read { fd: fd(0), buffer: OutBytes(BYTES), count: Length(int(1) as u64) },
            "write" => {
                let buffer = self.put_pattern(process, int(1), int(2));
                Syscall::Write { fd: fd(0), buffer, count: Length(int(1) as u64) }
            }
            "dup" => Syscall::Dup { fd: fd(0) },
            // dup2(2) onto itself only checks the descriptor, as the C library does over dup3.
            "dup2" if int(0) == int(1) => Syscall::Fcntl { fd: fd(0), command: FcntlCommand::F_GETFD, argument: 0 },
            "dup2" => Syscall::Dup3 { old: fd(0), new: fd(1), flags: OpenFlags::empty() },
            "dup3" => {
                let flags = OpenFlags::from_bits_retain(flags(&argument(2), OPEN_FLAGS) as u32);
                Syscall::Dup3 { old: fd(0), new: fd(1), flags }
            }
            "close" => Syscall::Close { fd: fd(0) },
            "fcntl" => {
                let (command, argument) = match argument(1).as_str() {
                    Some("DUPFD") => (FcntlCommand::F_DUPFD, int(2) as u64),
                    Some("GETFD") => (FcntlCommand::F_GETFD, 0),
                    Some("SETFD") => (FcntlCommand::F_SETFD, int(2) as u64),
                    Some("GETFL") => (FcntlCommand::F_GETFL, 0),
                    Some("SETFL") => (FcntlCommand::F_SETFL, flags(&argument(2), OPEN_FLAGS)),
                    Some("SETPIPE_SZ") => (FcntlCommand::F_SETPIPE_SZ, int(2) as u64),
                    Some("GETPIPE_SZ") => (FcntlCommand::F_GETPIPE_SZ, 0),
                    _ => (FcntlCommand(9999), 0),
                };
                Syscall::Fcntl { fd: fd(0), command, argument }
            }
            "fionread" => Syscall::Ioctl { fd: fd(0), command: IoctlCommand::FIONREAD, argument: Address(RESULTS) },
            "mq_open" => {
                self.put_queue_name(process, int(0));
                let attributes = MqAttr { maxmsg: int(2), msgsize: int(3), ..MqAttr::default() };
                self.put(process, ARGUMENTS + 64, &attributes);
                let flags = OpenFlags::from_bits_retain(flags(&argument(1), OPEN_FLAGS) as u32);
                let attributes = In::at(ARGUMENTS + 64);
                Syscall::MqOpen { name: Path(ARGUMENTS), flags, mode: 0o600, attributes }
            }
            "mq_unlink" => {
                self.put_queue_name(process, int(0));
                Syscall::MqUnlink { name: Path(ARGUMENTS) }
            }
            "mq_send" => {
                let (message, length) = (self.put_pattern(process, int(1), int(3)), Length(int(1) as u64));
                Syscall::MqTimedsend { queue: fd(0), message, length, priority: int(2) as u32, timeout: In::NULL }
            }
            "mq_receive" => {
                let (message, length) = (OutBytes(BYTES), Length(int(1) as u64));
                Syscall::MqTimedreceive { queue: fd(0), message, length, priority: Out::at(RESULTS), timeout: In::NULL }
            }
            "mq_getattr" => Syscall::MqGetsetattr { queue: fd(0), new: In::NULL, old: Out::at(RESULTS) },
            "mq_setattr" => {
                let flags = if int(1) == 0 { 0 } else { OpenFlags::O_NONBLOCK.bits().into() };
                self.put(process, ARGUMENTS, &MqAttr { flags, ..MqAttr::default() });
                Syscall::MqGetsetattr { queue: fd(0), new: In::at(ARGUMENTS), old: Out::at(RESULTS) }
            }
            "mmap" => {
                let (address, length) = (slot_address(int(0), 0), int(1) as u64 * 4096);
                map_fixed(address, length, protection(&argument(2)), map_kind(&argument(3)))
            }
            "mapfd" => Syscall::Mmap {
                address: Address(slot_address(int(0), 0)),
                length: Length(int(1) as u64 * 4096),
                protection: protection(&argument(2)),
                flags: map_kind(&argument(3)) | MapFlags::MAP_FIXED,
                fd: fd(4),
                offset: int(5) as u64 * 4096,
            },
            "shm_open" => {
                let path = self.put_memory_name(process, int(0));
                let flags = OpenFlags::from_bits_retain(flags(&argument(1), OPEN_FLAGS) as u32);
                let flags = flags | OpenFlags::O_CLOEXEC | OpenFlags::O_NOFOLLOW;
                Syscall::Openat { directory: AT_FDCWD, path, flags, mode: 0o600 }
            }
            "shm_unlink" => {
                let path = self.put_memory_name(process, int(0));
                Syscall::Unlinkat { directory: AT_FDCWD, path, flags: AtFlags::empty() }
            }
            "ftruncate" => Syscall::Ftruncate { fd: fd(0), length: int(1) },
            "munmap" => {
                Syscall::Munmap { address: Address(slot_address(int(0), int(1))), length: Length(int(2) as u64 * 4096) }
            }
            "mprotect" => Syscall::Mprotect {
                address: Address(slot_address(int(0), int(1))),
                length: Length(int(2) as u64 * 4096),
                protection: protection(&argument(3)),
            },
            "load" => return Request::Load { address: slot_address(int(0), int(1)) + int(2) as u64 },
            "store" => {
                let address = slot_address(int(0), int(1)) + int(2) as u64;
                return Request::Store { address, byte: int(3) as u8 };
            }
            "shmget" => Syscall::Shmget {
                key: int(0) as i32,
                size: Length(int(1) as u64),
                flags: IpcFlags::from_bits_retain(flags(&argument(2), IPC_FLAGS) as u32 | 0o600),
            },
            "shmat" => Syscall::Shmat {
                id: self.objects.id(&argument(0)),
                address: Address(slot_address(int(1), 0)),
                flags: if int(2) == 0 { ShmFlags::empty() } else { ShmFlags::SHM_RDONLY },
            },
            "shmdt" => Syscall::Shmdt { address: Address(slot_address(int(0), 0)) },
            "shmctl" => Syscall::Shmctl {
                id: self.objects.id(&argument(0)),
                command: if argument(1) == "RMID" { ShmCommand::IPC_RMID } else { ShmCommand::IPC_STAT },
                buffer: Out::at(RESULTS),
            },
            "msgget" => Syscall::Msgget {
                key: int(0) as i32,
                flags: IpcFlags::from_bits_retain(flags(&argument(1), IPC_FLAGS) as u32 | 0o600),
            },
            "msgsnd" => {
                self.put(process, BYTES, &int(1));
                let bytes = pattern(int(2), int(4));
                self.machine.put(process, BYTES + 8, &bytes).expect("the scratch area can be written");
                let flags = MsgFlags::from_bits_retain(flags(&argument(3), MSG_FLAGS) as u32);
                let size = Length(int(2) as u64);
                Syscall::Msgsnd { id: self.objects.id(&argument(0)), message: In::at(BYTES), size, flags }
            }
            "msgrcv" => {
                let flags = MsgFlags::from_bits_retain(flags(&argument(3), MSG_FLAGS) as u32);
                let (id, size) = (self.objects.id(&argument(0)), Length(int(1) as u64));
                Syscall::Msgrcv { id, message: Out::at(BYTES), size, kind: int(2), flags }
            }
            "msgctl" => {
                let command = match argument(1).as_str() {
                    Some("RMID") => MsgCommand::IPC_RMID,
                    Some("SET") => MsgCommand::IPC_SET,
                    _ => MsgCommand::IPC_STAT,
                };
                let perm = IpcPerm { mode: 0o600, ..IpcPerm::default() };
                self.put(process, RESULTS, &MsqidDs { perm, qbytes: int(2) as u64, ..MsqidDs::default() });
                Syscall::Msgctl { id: self.objects.id(&argument(0)), command, buffer: Out::at(RESULTS) }
            }
            "semget" => Syscall::Semget {
                key: int(0) as i32,
                count: int(1) as i32,
                flags: IpcFlags::from_bits_retain(flags(&argument(2), IPC_FLAGS) as u32 | 0o600),
            },
            "semop" => {
                let operations = argument(1).as_array().cloned().unwrap_or_default();
                for (index, operation) in operations.iter().enumerate() {
                    let (number, op) = (operation[0].as_u64().unwrap_or(0), operation[1].as_i64().unwrap_or(0));
                    let flags = flags(&operation[2], SEM_FLAGS) as i16;
                    let operation = SemOperation { number: number as u16, op: op as i16, flags };
                    self.put(process, ARGUMENTS + (index * SemOperation::SIZE) as u64, &operation);
                }
                let count = Length(operations.len() as u64);
                Syscall::Semop { id: self.objects.id(&argument(0)), operations: InArray::at(ARGUMENTS), count }
            }
            "semctl" => {
                let command = match argument(2).as_str() {
                    Some("GETVAL") => SemCommand::GETVAL,
                    Some("SETVAL") => SemCommand::SETVAL,
                    Some("GETPID") => SemCommand::GETPID,
                    Some("GETNCNT") => SemCommand::GETNCNT,
                    Some("GETZCNT") => SemCommand::GETZCNT,
                    _ => SemCommand::IPC_RMID,
                };
                let (id, argument) = (self.objects.id(&argument(0)), Address(int(3) as u64));
                Syscall::Semctl { id, number: int(1) as i32, command, argument }
            }
            other => panic!("no such operation: {other}"),
        };
        Request::Call(call)
    }

    /// Puts the bytes of a transfer where the process can name them.
    fn put_pattern(&mut self, process: ProcessId, length: i64, seed: i64) -> InBytes {
        let bytes: Vec<u8> = (0..length).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect();
        self.machine.put(process, BYTES, &bytes).expect("the scratch area can be written");
        InBytes(BYTES)
    }

    fn put_queue_name(&mut self, process: ProcessId, number: i64) {
        let name = format!("q{number}\0");
        self.machine.put(process, ARGUMENTS, name.as_bytes()).expect("the scratch area can be written");
    }

    fn pid(&self, argument: &Value) -> i32 {
        if let Some(number) = argument.as_i64() {
            return number as i32;
        }
        let text = argument.as_str().unwrap_or("none");
        let (sign, name) = text.strip_prefix('-').map_or((1, text), |name| (-1, name));
        let pid = self.names.iter().find(|(_, other)| *other == name).map_or(NONE, |(pid, _)| *pid as i32);
        sign * pid
    }

    /// What a process learnt from its operation.
    fn result(&mut self, process: ProcessId, asked: &Value, answer: Answer) -> Map<String, Value> {
        let value = match answer {
            Answer::Skipped => return Map::from_iter([("e".to_owned(), json!("FAULT"))]),
            Answer::Returned(Err(errno)) => return Map::from_iter([("e".to_owned(), json!(errno.name()))]),
            Answer::Returned(Ok(value)) => value,
        };
        let mut result = Map::new();
        let mut put = |key: &str, value: Value| {
            result.insert(key.to_owned(), value);
        };
        let operation = asked["o"].as_str().unwrap_or("");
        let named = |world: &World| match value {
            0 => json!(0),
            pid => json!(world.name_of(pid as u32)),
        };
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
            "fionread" => {
                put("r", json!(value));
                put("n", json!(self.load::<i32>(process)));
            }
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
            _ => put("r", json!(value)),
        }
        result
    }

    /// The name of a process, or "0" for none.
    fn name_or_none(&self, pid: i32) -> &str {
        if pid == 0 { "0" } else { self.name_of(pid as u32) }
    }

    fn load<T: Layout>(&mut self, process: ProcessId) -> T {
        self.machine.load(process, RESULTS).expect("results can be loaded")
    }
}

/// The names of System V objects by their identifiers: `m0 m1 ...`, and likewise `q` and `s`, in the order of their making.
#[derive(Clone, Default)]
struct Objects {
    names: BTreeMap<(char, i32), String>,
}

impl Objects {
    /// The name of an object of a kind, which is new if its identifier hasn't been seen.
    fn name(&mut self, kind: char, id: i32) -> &str {
        let next = self.names.keys().filter(|(other, _)| *other == kind).count();
        self.names.entry((kind, id)).or_insert_with(|| format!("{kind}{next}"))
    }

    /// The identifier that an argument stands for: a name, or a number as it is.
    fn id(&self, argument: &Value) -> i32 {
        match argument.as_i64() {
            Some(id) => id as i32,
            None => {
                self.names.iter().find(|(_, name)| argument == *name).expect("an object is made before it is used").0.1
            }
        }
    }
}

/// An operation without what came of it.
fn shown_operation(asked: &Value) -> Value {
    json!({"p": asked["p"], "o": asked["o"], "a": asked["a"]})
}

type Names = &'static [(&'static str, u64)];

const WAIT_OPTIONS: Names = &[
    ("NOHANG", WaitOptions::WNOHANG.bits() as u64),
    ("UNTRACED", WaitOptions::WUNTRACED.bits() as u64),
    ("STOPPED", WaitOptions::WUNTRACED.bits() as u64),
    ("EXITED", WaitOptions::WEXITED.bits() as u64),
    ("CONTINUED", WaitOptions::WCONTINUED.bits() as u64),
    ("NOWAIT", WaitOptions::WNOWAIT.bits() as u64),
];
const ACTION_FLAGS: Names = &[
    ("NOCLDSTOP", SigActionFlags::SA_NOCLDSTOP.bits()),
    ("NOCLDWAIT", SigActionFlags::SA_NOCLDWAIT.bits()),
    ("NODEFER", SigActionFlags::SA_NODEFER.bits()),
    ("RESETHAND", SigActionFlags::SA_RESETHAND.bits()),
    ("RESTART", SigActionFlags::SA_RESTART.bits()),
];
const OPEN_FLAGS: Names = &[
    ("RDONLY", 0),
    ("WRONLY", OpenFlags::O_WRONLY.bits() as u64),
    ("RDWR", OpenFlags::O_RDWR.bits() as u64),
    ("CREAT", OpenFlags::O_CREAT.bits() as u64),
    ("EXCL", OpenFlags::O_EXCL.bits() as u64),
    ("NONBLOCK", OpenFlags::O_NONBLOCK.bits() as u64),
    ("CLOEXEC", OpenFlags::O_CLOEXEC.bits() as u64),
    ("TRUNC", OpenFlags::O_TRUNC.bits() as u64),
];

const IPC_FLAGS: Names = &[("CREAT", IpcFlags::IPC_CREAT.bits() as u64), ("EXCL", IpcFlags::IPC_EXCL.bits() as u64)];

const MSG_FLAGS: Names =
    &[("NOWAIT", MsgFlags::IPC_NOWAIT.bits() as u64), ("NOERROR", MsgFlags::MSG_NOERROR.bits() as u64)];
const SEM_FLAGS: Names = &[("NOWAIT", IPC_NOWAIT as u64), ("UNDO", SEM_UNDO as u64)];

/// So many bytes of the pattern with this seed.
fn pattern(count: i64, seed: i64) -> Vec<u8> {
    (0..count).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect()
}

/// Bytes as the records show them: few in full, of many their checksum.
fn shown(bytes: &[u8]) -> Value {
    json!(match bytes.len() {
        0..=24 => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        _ => format!("crc:{:08x}", crc32fast::hash(bytes)),
    })
}

/// The bits of a list of flags; a number in it stands for itself.
fn flags(list: &Value, names: Names) -> u64 {
    let bits = list.as_array().into_iter().flatten().map(|flag| match flag.as_u64() {
        Some(bits) => bits,
        None => names.iter().find(|(name, _)| flag == name).map_or_else(|| panic!("flag {flag}"), |(_, bits)| *bits),
    });
    bits.fold(0, |all, bits| all | bits)
}

fn flag_names(bits: u64, names: Names) -> Vec<&'static str> {
    names.iter().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| *name).collect()
}

fn signals(list: &Value) -> SignalSet {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_i64);
    numbers.filter_map(Signal::new).fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal))
}

fn protection(name: &Value) -> Protection {
    match name.as_str() {
        Some("R") => Protection::PROT_READ,
        Some("RW") => Protection::PROT_READ | Protection::PROT_WRITE,
        _ => Protection::empty(),
    }
}

/// Whether a mapping is shared, private, or neither.
fn map_kind(name: &Value) -> MapFlags {
    match name.as_str() {
        Some("SHARED") => MapFlags::MAP_SHARED,
        Some("PRIVATE") => MapFlags::MAP_PRIVATE,
        _ => MapFlags::empty(),
    }
}

fn slot_address(slot: i64, page: i64) -> u64 {
    (0x2_0000_0000 + slot * 0x10_0000 + page * 4096) as u64
}

/// A wait status by the code and value that `waitid` gives.
fn child_status(code: i32, status: i32) -> Value {
    match code {
        CLD_EXITED => json!(["exit", status]),
        CLD_KILLED | CLD_DUMPED => json!(["sig", status]),
        CLD_STOPPED => json!(["stop", status]),
        CLD_CONTINUED => json!(["cont"]),
        _ => json!(["?", code, status]),
    }
}

fn code_name(signal: Signal, code: i32) -> &'static str {
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
