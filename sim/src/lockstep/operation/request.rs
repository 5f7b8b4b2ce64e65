//! Which call of a scripted process an operation is, with which arguments.

use abi::*;
use kernel::ProcessId;
use serde_json::Value;

use super::words::{
    ACTION_FLAGS, IPC_FLAGS, MSG_FLAGS, OPEN_FLAGS, SEM_FLAGS, WAIT_OPTIONS, flags, map_kind, pattern, protection,
    signals, slot_address,
};
use super::world::{ARGUMENTS, BYTES, RESULTS, World};
use crate::scripted::{Request, fork, map_fixed};

/// A process id that no process ever has.
const NONE: i32 = 32_000;
/// A handler's address: which one doesn't matter, scripted processes only log.
const HANDLER: u64 = 0x1000;

/// An operation of a script.
struct Asked<'a>(&'a Value);

impl<'a> Asked<'a> {
    fn operation(&self) -> &'a str {
        self.0["o"].as_str().unwrap_or("")
    }

    fn argument(&self, index: usize) -> &'a Value {
        &self.0["a"][index]
    }

    fn int(&self, index: usize) -> i64 {
        self.argument(index).as_i64().unwrap_or(0)
    }

    fn fd(&self, index: usize) -> Fd {
        Fd(self.int(index) as i32)
    }
}

impl World {
    /// What a process is to do for an operation.
    pub(super) fn request(&mut self, process: ProcessId, recorded: &Value) -> Request {
        let asked = Asked(recorded);
        let themes = [
            World::of_processes,
            World::of_signals,
            World::of_files,
            World::of_queues,
            World::of_memory,
            World::of_system_v,
        ];
        let made = themes.into_iter().find_map(|theme| theme(self, process, &asked));
        made.unwrap_or_else(|| panic!("no such operation: {}", asked.operation()))
    }

    /// Calls about processes.
    fn of_processes(&mut self, _: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "fork" => fork(),
            "exit" => Syscall::ExitGroup { status: asked.int(0) as i32 },
            "wait4" => Syscall::Wait4 {
                pid: self.pid(asked.argument(0)),
                status: Out::at(RESULTS),
                options: WaitOptions::from_bits_retain(flags(asked.argument(1), WAIT_OPTIONS) as u32),
                rusage: Out::NULL,
            },
            "waitid" => Syscall::Waitid {
                kind: match asked.argument(0).as_str() {
                    Some("ALL") => IdType::P_ALL,
                    Some("PID") => IdType::P_PID,
                    Some("PGID") => IdType::P_PGID,
                    _ => IdType(99),
                },
                id: self.pid(asked.argument(1)),
                info: Out::at(RESULTS),
                options: WaitOptions::from_bits_retain(flags(asked.argument(2), WAIT_OPTIONS) as u32),
                rusage: Out::NULL,
            },
            "setpgid" => Syscall::Setpgid { pid: self.pid(asked.argument(0)), pgid: self.pid(asked.argument(1)) },
            "getpgid" => Syscall::Getpgid { pid: self.pid(asked.argument(0)) },
            "setsid" => Syscall::Setsid {},
            "getsid" => Syscall::Getsid { pid: self.pid(asked.argument(0)) },
            "getppid" => Syscall::Getppid {},
            _ => return None,
        };
        Some(Request::Call(call))
    }

    /// Calls about signals.
    fn of_signals(&mut self, process: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "kill" => Syscall::Kill { pid: self.pid(asked.argument(0)), signal: SignalNumber(asked.int(1) as i32) },
            "sigqueue" => {
                let pid = self.pid(asked.argument(0));
                let own = self.machine.kernel().process(process).map_or(0, |process| process.pid);
                let info =
                    SigInfo { code: SI_QUEUE, pid: own as i32, status: asked.int(2) as i32, ..SigInfo::default() };
                self.put(process, ARGUMENTS, &info);
                Syscall::RtSigqueueinfo { pid, signal: SignalNumber(asked.int(1) as i32), info: In::at(ARGUMENTS) }
            }
            "sigaction" => {
                let handler = match asked.argument(1).as_str() {
                    Some("DFL") => Some(0),
                    Some("IGN") => Some(1),
                    Some(_) => Some(HANDLER),
                    None => None,
                };
                let flags = flags(asked.argument(2), ACTION_FLAGS) | SigActionFlags::SA_SIGINFO.bits();
                let mask = signals(asked.argument(3));
                self.put(process, ARGUMENTS, &SigAction { handler: handler.unwrap_or(0), flags, mask });
                let new = handler.map_or(In::NULL, |_| In::at(ARGUMENTS));
                Syscall::RtSigaction { signal: SignalNumber(asked.int(0) as i32), new, old: Out::at(RESULTS), size: 8 }
            }
            "sigprocmask" => {
                let how = match asked.argument(0).as_str() {
                    Some("BLOCK") => MaskHow::SIG_BLOCK,
                    Some("UNBLOCK") => MaskHow::SIG_UNBLOCK,
                    Some("SETMASK") => MaskHow::SIG_SETMASK,
                    _ => MaskHow(99),
                };
                self.put(process, ARGUMENTS, &signals(asked.argument(1)));
                let set = if asked.argument(1).is_null() { In::NULL } else { In::at(ARGUMENTS) };
                Syscall::RtSigprocmask { how, set, old: Out::at(RESULTS), size: 8 }
            }
            "sigpending" => Syscall::RtSigpending { set: Out::at(RESULTS), size: 8 },
            "sigsuspend" => {
                self.put(process, ARGUMENTS, &signals(asked.argument(0)));
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
                self.put(process, ARGUMENTS, &signals(asked.argument(0)));
                self.put(process, ARGUMENTS + 64, &Timespec::default());
                let timeout = if asked.int(1) == 0 { In::at(ARGUMENTS + 64) } else { In::NULL };
                Syscall::RtSigtimedwait { set: In::at(ARGUMENTS), info: Out::at(RESULTS), timeout, size: 8 }
            }
            _ => return None,
        };
        Some(Request::Call(call))
    }

    /// Calls about pipes, FIFOs and descriptors.
    fn of_files(&mut self, process: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "pipe" => {
                let flags = OpenFlags::from_bits_retain(flags(asked.argument(0), OPEN_FLAGS) as u32);
                Syscall::Pipe2 { fds: Out::at(RESULTS), flags }
            }
            "mkfifo" => {
                let path = self.put_fifo_name(process, asked.int(0));
                Syscall::Mknodat { directory: AT_FDCWD, path, mode: S_IFIFO | 0o600, device: 0 }
            }
            "unlink" => {
                let path = self.put_fifo_name(process, asked.int(0));
                Syscall::Unlinkat { directory: AT_FDCWD, path, flags: AtFlags::empty() }
            }
            "open" => {
                let path = self.put_fifo_name(process, asked.int(0));
                let flags = OpenFlags::from_bits_retain(flags(asked.argument(1), OPEN_FLAGS) as u32);
                Syscall::Openat { directory: AT_FDCWD, path, flags, mode: 0 }
            }
            "read" => Syscall::Read { fd: asked.fd(0), buffer: OutBytes(BYTES), count: Length(asked.int(1) as u64) },
            "write" => {
                let buffer = self.put_pattern(process, asked.int(1), asked.int(2));
                Syscall::Write { fd: asked.fd(0), buffer, count: Length(asked.int(1) as u64) }
            }
            "dup" => Syscall::Dup { fd: asked.fd(0) },
            // dup2(2) onto itself only checks the descriptor, as the C library does over dup3.
            "dup2" if asked.int(0) == asked.int(1) => {
                Syscall::Fcntl { fd: asked.fd(0), command: FcntlCommand::F_GETFD, argument: 0 }
            }
            "dup2" => Syscall::Dup3 { old: asked.fd(0), new: asked.fd(1), flags: OpenFlags::empty() },
            "dup3" => {
                let flags = OpenFlags::from_bits_retain(flags(asked.argument(2), OPEN_FLAGS) as u32);
                Syscall::Dup3 { old: asked.fd(0), new: asked.fd(1), flags }
            }
            "close" => Syscall::Close { fd: asked.fd(0) },
            "fcntl" => {
                let (command, argument) = match asked.argument(1).as_str() {
                    Some("DUPFD") => (FcntlCommand::F_DUPFD, asked.int(2) as u64),
                    Some("GETFD") => (FcntlCommand::F_GETFD, 0),
                    Some("SETFD") => (FcntlCommand::F_SETFD, asked.int(2) as u64),
                    Some("GETFL") => (FcntlCommand::F_GETFL, 0),
                    Some("SETFL") => (FcntlCommand::F_SETFL, flags(asked.argument(2), OPEN_FLAGS)),
                    Some("SETPIPE_SZ") => (FcntlCommand::F_SETPIPE_SZ, asked.int(2) as u64),
                    Some("GETPIPE_SZ") => (FcntlCommand::F_GETPIPE_SZ, 0),
                    _ => (FcntlCommand(9999), 0),
                };
                Syscall::Fcntl { fd: asked.fd(0), command, argument }
            }
            "fionread" => {
                Syscall::Ioctl { fd: asked.fd(0), command: IoctlCommand::FIONREAD, argument: Address(RESULTS) }
            }
            _ => return None,
        };
        Some(Request::Call(call))
    }

    /// Calls about POSIX message queues.
    fn of_queues(&mut self, process: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "mq_open" => {
                self.put_queue_name(process, asked.int(0));
                let attributes = MqAttr { maxmsg: asked.int(2), msgsize: asked.int(3), ..MqAttr::default() };
                self.put(process, ARGUMENTS + 64, &attributes);
                let flags = OpenFlags::from_bits_retain(flags(asked.argument(1), OPEN_FLAGS) as u32);
                let attributes = In::at(ARGUMENTS + 64);
                Syscall::MqOpen { name: Path(ARGUMENTS), flags, mode: 0o600, attributes }
            }
            "mq_unlink" => {
                self.put_queue_name(process, asked.int(0));
                Syscall::MqUnlink { name: Path(ARGUMENTS) }
            }
            "mq_send" => {
                let (message, length) =
                    (self.put_pattern(process, asked.int(1), asked.int(3)), Length(asked.int(1) as u64));
                Syscall::MqTimedsend {
                    queue: asked.fd(0),
                    message,
                    length,
                    priority: asked.int(2) as u32,
                    timeout: In::NULL,
                }
            }
            "mq_receive" => {
                let (message, length) = (OutBytes(BYTES), Length(asked.int(1) as u64));
                Syscall::MqTimedreceive {
                    queue: asked.fd(0),
                    message,
                    length,
                    priority: Out::at(RESULTS),
                    timeout: In::NULL,
                }
            }
            "mq_getattr" => Syscall::MqGetsetattr { queue: asked.fd(0), new: In::NULL, old: Out::at(RESULTS) },
            "mq_setattr" => {
                let flags = if asked.int(1) == 0 { 0 } else { OpenFlags::O_NONBLOCK.bits().into() };
                self.put(process, ARGUMENTS, &MqAttr { flags, ..MqAttr::default() });
                Syscall::MqGetsetattr { queue: asked.fd(0), new: In::at(ARGUMENTS), old: Out::at(RESULTS) }
            }
            _ => return None,
        };
        Some(Request::Call(call))
    }

    /// Calls and accesses about memory.
    fn of_memory(&mut self, process: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "mmap" => {
                let (address, length) = (slot_address(asked.int(0), 0), asked.int(1) as u64 * 4096);
                map_fixed(address, length, protection(asked.argument(2)), map_kind(asked.argument(3)))
            }
            "mapfd" => Syscall::Mmap {
                address: Address(slot_address(asked.int(0), 0)),
                length: Length(asked.int(1) as u64 * 4096),
                protection: protection(asked.argument(2)),
                flags: map_kind(asked.argument(3)) | MapFlags::MAP_FIXED,
                fd: asked.fd(4),
                offset: asked.int(5) as u64 * 4096,
            },
            "shm_open" => {
                let path = self.put_memory_name(process, asked.int(0));
                let flags = OpenFlags::from_bits_retain(flags(asked.argument(1), OPEN_FLAGS) as u32);
                let flags = flags | OpenFlags::O_CLOEXEC | OpenFlags::O_NOFOLLOW;
                Syscall::Openat { directory: AT_FDCWD, path, flags, mode: 0o600 }
            }
            "shm_unlink" => {
                let path = self.put_memory_name(process, asked.int(0));
                Syscall::Unlinkat { directory: AT_FDCWD, path, flags: AtFlags::empty() }
            }
            "ftruncate" => Syscall::Ftruncate { fd: asked.fd(0), length: asked.int(1) },
            "munmap" => Syscall::Munmap {
                address: Address(slot_address(asked.int(0), asked.int(1))),
                length: Length(asked.int(2) as u64 * 4096),
            },
            "mprotect" => Syscall::Mprotect {
                address: Address(slot_address(asked.int(0), asked.int(1))),
                length: Length(asked.int(2) as u64 * 4096),
                protection: protection(asked.argument(3)),
            },
            "load" => {
                return Some(Request::Load { address: slot_address(asked.int(0), asked.int(1)) + asked.int(2) as u64 });
            }
            "store" => {
                let address = slot_address(asked.int(0), asked.int(1)) + asked.int(2) as u64;
                return Some(Request::Store { address, byte: asked.int(3) as u8 });
            }
            "shmget" => Syscall::Shmget {
                key: asked.int(0) as i32,
                size: Length(asked.int(1) as u64),
                flags: IpcFlags::from_bits_retain(flags(asked.argument(2), IPC_FLAGS) as u32 | 0o600),
            },
            "shmat" => Syscall::Shmat {
                id: self.objects.id(asked.argument(0)),
                address: Address(slot_address(asked.int(1), 0)),
                flags: if asked.int(2) == 0 { ShmFlags::empty() } else { ShmFlags::SHM_RDONLY },
            },
            "shmdt" => Syscall::Shmdt { address: Address(slot_address(asked.int(0), 0)) },
            "shmctl" => Syscall::Shmctl {
                id: self.objects.id(asked.argument(0)),
                command: if asked.argument(1) == "RMID" { ShmCommand::IPC_RMID } else { ShmCommand::IPC_STAT },
                buffer: Out::at(RESULTS),
            },
            _ => return None,
        };
        Some(Request::Call(call))
    }

    /// Calls about System V messages and semaphores.
    fn of_system_v(&mut self, process: ProcessId, asked: &Asked<'_>) -> Option<Request> {
        let call = match asked.operation() {
            "msgget" => Syscall::Msgget {
                key: asked.int(0) as i32,
                flags: IpcFlags::from_bits_retain(flags(asked.argument(1), IPC_FLAGS) as u32 | 0o600),
            },
            "msgsnd" => {
                self.put(process, BYTES, &asked.int(1));
                let bytes = pattern(asked.int(2), asked.int(4));
                self.machine.put(process, BYTES + 8, &bytes).expect("the scratch area can be written");
                let flags = MsgFlags::from_bits_retain(flags(asked.argument(3), MSG_FLAGS) as u32);
                let size = Length(asked.int(2) as u64);
                Syscall::Msgsnd { id: self.objects.id(asked.argument(0)), message: In::at(BYTES), size, flags }
            }
            "msgrcv" => {
                let flags = MsgFlags::from_bits_retain(flags(asked.argument(3), MSG_FLAGS) as u32);
                let (id, size) = (self.objects.id(asked.argument(0)), Length(asked.int(1) as u64));
                Syscall::Msgrcv { id, message: Out::at(BYTES), size, kind: asked.int(2), flags }
            }
            "msgctl" => {
                let command = match asked.argument(1).as_str() {
                    Some("RMID") => MsgCommand::IPC_RMID,
                    Some("SET") => MsgCommand::IPC_SET,
                    _ => MsgCommand::IPC_STAT,
                };
                let perm = IpcPerm { mode: 0o600, ..IpcPerm::default() };
                self.put(process, RESULTS, &MsqidDs { perm, qbytes: asked.int(2) as u64, ..MsqidDs::default() });
                Syscall::Msgctl { id: self.objects.id(asked.argument(0)), command, buffer: Out::at(RESULTS) }
            }
            "semget" => Syscall::Semget {
                key: asked.int(0) as i32,
                count: asked.int(1) as i32,
                flags: IpcFlags::from_bits_retain(flags(asked.argument(2), IPC_FLAGS) as u32 | 0o600),
            },
            "semop" => {
                let operations = asked.argument(1).as_array().cloned().unwrap_or_default();
                for (index, operation) in operations.iter().enumerate() {
                    let (number, op) = (operation[0].as_u64().unwrap_or(0), operation[1].as_i64().unwrap_or(0));
                    let flags = flags(&operation[2], SEM_FLAGS) as i16;
                    let operation = SemOperation { number: number as u16, op: op as i16, flags };
                    self.put(process, ARGUMENTS + (index * SemOperation::SIZE) as u64, &operation);
                }
                let count = Length(operations.len() as u64);
                Syscall::Semop { id: self.objects.id(asked.argument(0)), operations: InArray::at(ARGUMENTS), count }
            }
            "semctl" => {
                let command = match asked.argument(2).as_str() {
                    Some("GETVAL") => SemCommand::GETVAL,
                    Some("SETVAL") => SemCommand::SETVAL,
                    Some("GETPID") => SemCommand::GETPID,
                    Some("GETNCNT") => SemCommand::GETNCNT,
                    Some("GETZCNT") => SemCommand::GETZCNT,
                    _ => SemCommand::IPC_RMID,
                };
                let (id, argument) = (self.objects.id(asked.argument(0)), Address(asked.int(3) as u64));
                Syscall::Semctl { id, number: asked.int(1) as i32, command, argument }
            }
            _ => return None,
        };
        Some(Request::Call(call))
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
    /// Puts the bytes of a transfer where the process can name them.
    fn put_pattern(&mut self, process: ProcessId, length: i64, seed: i64) -> InBytes {
        let bytes = pattern(length, seed);
        self.machine.put(process, BYTES, &bytes).expect("the scratch area can be written");
        InBytes(BYTES)
    }

    fn put_queue_name(&mut self, process: ProcessId, number: i64) {
        let name = format!("q{number}\0");
        self.machine.put(process, ARGUMENTS, name.as_bytes()).expect("the scratch area can be written");
    }

    fn pid(&self, argument: &Value) -> Pid {
        if let Some(number) = argument.as_i64() {
            return Pid(number as i32);
        }
        let text = argument.as_str().unwrap_or("none");
        let (sign, name) = text.strip_prefix('-').map_or((1, text), |name| (-1, name));
        let pid = self.names.iter().find(|(_, other)| *other == name).map_or(NONE, |(pid, _)| *pid as i32);
        Pid(sign * pid)
    }
}
