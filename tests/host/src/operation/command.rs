//! Which system call an operation is, with which arguments.

use serde_json::Value;

use super::names::Names;
use super::observation::QBYTES;
use super::words::{
    ACTION_FLAGS, IPC_FLAGS, OPEN_FLAGS, SA_RESTORER, SA_SIGINFO, SEMAPHORE_FLAGS, WAIT_OPTIONS, bits, pattern, place,
    protection, signal_set, words,
};
use crate::puppet;
use crate::stage::{Command, Kind, Stage};

/// Where results of calls lie in a puppet's data; arguments behind them; then what is transferred.
pub(super) const RESULTS: usize = 0;
const ARGUMENTS: usize = 4096;
const NAMES: usize = 8192;
pub(super) const BYTES: usize = 12288;

/// Where a name is looked up.
const HERE: i64 = libc::AT_FDCWD as i64;

/// An operation, and what is needed to make a call of it.
pub(crate) struct Asked<'a> {
    /// Where its arguments are put.
    pub(crate) stage: &'a Stage,
    /// What the names in it stand for.
    pub(crate) names: &'a Names,
    /// Whose it is.
    pub(crate) puppet: usize,
    /// That one's process id.
    pub(crate) own_pid: i32,
    /// The signals that it blocks.
    pub(crate) blocked: u64,
    /// The operation, as records have it.
    pub(crate) record: &'a Value,
}

impl Asked<'_> {
    fn argument(&self, index: usize) -> &Value {
        &self.record["a"][index]
    }

    fn int(&self, index: usize) -> i64 {
        self.argument(index).as_i64().unwrap_or(0)
    }

    fn pid(&self, index: usize) -> Result<i64, String> {
        self.names.pid(self.argument(index)).map(i64::from)
    }

    fn object(&self) -> Result<i64, String> {
        self.names.object(self.argument(0))
    }

    fn results(&self) -> i64 {
        self.stage.address(self.puppet, RESULTS)
    }

    fn bytes(&self) -> i64 {
        self.stage.address(self.puppet, BYTES)
    }

    /// Puts what a call takes where it finds it.
    fn put(&self, content: &[u8]) -> i64 {
        self.stage.put(self.puppet, ARGUMENTS, content)
    }

    /// Puts what a call transfers.
    fn put_pattern(&self, length: i64, seed: i64) -> i64 {
        self.stage.put(self.puppet, BYTES, &pattern(length, seed))
    }

    /// Puts the name of the thing of a kind that the first argument numbers.
    fn name(&self, kind: char) -> i64 {
        self.stage.put(self.puppet, NAMES, format!("{kind}{}\0", self.int(0)).as_bytes())
    }
}

/// The command for an operation.
///
/// # Errors
/// What is wrong with the operation.
pub(crate) fn command(asked: &Asked<'_>) -> Result<Command, String> {
    let operation = asked.record["o"].as_str().unwrap_or("");
    let themes = [of_processes, of_signals, of_files, of_queues, of_system_v, of_memory];
    for theme in themes {
        if let Some(command) = theme(asked, operation)? {
            return Ok(command);
        }
    }
    Err(format!("no operation `{operation}`"))
}

type Made = Result<Option<Command>, String>;

fn call(number: i64, given: &[i64]) -> Made {
    let mut arguments = [0; 6];
    arguments[..given.len()].copy_from_slice(given);
    Ok(Some(Command { kind: Kind::Call, number, arguments }))
}

fn of_processes(asked: &Asked<'_>, operation: &str) -> Made {
    match operation {
        "fork" => {
            let child = asked.names.processes.len() as i64 - 1;
            let arguments = [child, 0, 0, 0, 0, 0];
            Ok(Some(Command { kind: Kind::Fork, number: libc::SYS_clone, arguments }))
        }
        "exit" => call(libc::SYS_exit_group, &[asked.int(0)]),
        "wait4" => {
            let options = bits(asked.argument(1), WAIT_OPTIONS)?;
            call(libc::SYS_wait4, &[asked.pid(0)?, asked.results(), options, 0])
        }
        "waitid" => {
            let kind = match asked.argument(0).as_str() {
                Some("ALL") => libc::P_ALL.into(),
                Some("PID") => libc::P_PID.into(),
                Some("PGID") => libc::P_PGID.into(),
                _ => 99,
            };
            let options = bits(asked.argument(2), WAIT_OPTIONS)?;
            call(libc::SYS_waitid, &[kind, asked.pid(1)?, asked.results(), options, 0])
        }
        "setpgid" => call(libc::SYS_setpgid, &[asked.pid(0)?, asked.pid(1)?]),
        "getpgid" => call(libc::SYS_getpgid, &[asked.pid(0)?]),
        "setsid" => call(libc::SYS_setsid, &[]),
        "getsid" => call(libc::SYS_getsid, &[asked.pid(0)?]),
        "getppid" => call(libc::SYS_getppid, &[]),
        _ => Ok(None),
    }
}

fn of_signals(asked: &Asked<'_>, operation: &str) -> Made {
    match operation {
        "kill" => {
            let target = asked.pid(0)?;
            if target == -1 {
                return Err("kill(-1) isn't done to real processes".into());
            }
            call(libc::SYS_kill, &[target, asked.int(1)])
        }
        "sigqueue" => {
            let mut info = [0_i32; 32];
            let (signal, value) = (asked.int(1) as i32, asked.int(2) as i32);
            info[..8].copy_from_slice(&[signal, 0, libc::SI_QUEUE, 0, asked.own_pid, 0, value, 0]);
            let info: Vec<u8> = info.iter().flat_map(|word| word.to_ne_bytes()).collect();
            call(libc::SYS_rt_sigqueueinfo, &[asked.pid(0)?, asked.int(1), asked.put(&info)])
        }
        "sigaction" => {
            let (handler, restorer) = puppet::handler();
            let flags = bits(asked.argument(2), ACTION_FLAGS)? | SA_SIGINFO | SA_RESTORER;
            let disposition = match asked.argument(1).as_str() {
                Some("DFL") => Some(0),
                Some("IGN") => Some(1),
                Some("CATCH") => Some(handler),
                _ => None,
            };
            let new = match disposition {
                Some(handler) => asked.put(&words(&[handler, flags as u64, restorer, signal_set(asked.argument(3))])),
                None => 0,
            };
            call(libc::SYS_rt_sigaction, &[asked.int(0), new, asked.results(), 8])
        }
        "sigprocmask" => {
            let how = match asked.argument(0).as_str() {
                Some("BLOCK") => libc::SIG_BLOCK,
                Some("UNBLOCK") => libc::SIG_UNBLOCK,
                Some("SETMASK") => libc::SIG_SETMASK,
                _ => 99,
            };
            let given = asked.argument(1);
            let set = if given.is_null() { 0 } else { asked.put(&words(&[signal_set(given)])) };
            call(libc::SYS_rt_sigprocmask, &[how.into(), set, asked.results(), 8])
        }
        "sigpending" => call(libc::SYS_rt_sigpending, &[asked.results(), 8]),
        "sigsuspend" => {
            let mask = asked.put(&words(&[signal_set(asked.argument(0))]));
            call(libc::SYS_rt_sigsuspend, &[mask, 8])
        }
        "pause" => call(libc::SYS_rt_sigsuspend, &[asked.put(&words(&[asked.blocked])), 8]),
        "sigtimedwait" => {
            let set = asked.put(&words(&[signal_set(asked.argument(0)), 0, 0]));
            let timeout = if asked.int(1) == 0 { set + 8 } else { 0 };
            call(libc::SYS_rt_sigtimedwait, &[set, asked.results(), timeout, 8])
        }
        _ => Ok(None),
    }
}

fn of_files(asked: &Asked<'_>, operation: &str) -> Made {
    let (first, second) = (asked.int(0), asked.int(1));
    match operation {
        "pipe" => call(libc::SYS_pipe2, &[asked.results(), bits(asked.argument(0), OPEN_FLAGS)?]),
        "read" => call(libc::SYS_read, &[first, asked.bytes(), second]),
        "write" => call(libc::SYS_write, &[first, asked.put_pattern(second, asked.int(2)), second]),
        "dup" => call(libc::SYS_dup, &[first]),
        "dup2" => call(libc::SYS_dup2, &[first, second]),
        "dup3" => call(libc::SYS_dup3, &[first, second, bits(asked.argument(2), OPEN_FLAGS)?]),
        "close" | "mq_close" => call(libc::SYS_close, &[first]),
        "fcntl" => {
            let (command, value) = match asked.argument(1).as_str() {
                Some("DUPFD") => (libc::F_DUPFD, asked.int(2)),
                Some("GETFD") => (libc::F_GETFD, 0),
                Some("SETFD") => (libc::F_SETFD, asked.int(2)),
                Some("GETFL") => (libc::F_GETFL, 0),
                Some("SETFL") => (libc::F_SETFL, bits(asked.argument(2), OPEN_FLAGS)?),
                Some("SETPIPE_SZ") => (libc::F_SETPIPE_SZ, asked.int(2)),
                Some("GETPIPE_SZ") => (libc::F_GETPIPE_SZ, 0),
                _ => (9999, 0),
            };
            call(libc::SYS_fcntl, &[first, command.into(), value])
        }
        "fionread" => call(libc::SYS_ioctl, &[first, libc::FIONREAD as i64, asked.results()]),
        "mkfifo" => call(libc::SYS_mknodat, &[HERE, asked.name('f'), 0o10666, 0]),
        "unlink" => call(libc::SYS_unlinkat, &[HERE, asked.name('f'), 0]),
        "open" => call(libc::SYS_openat, &[HERE, asked.name('f'), bits(asked.argument(1), OPEN_FLAGS)?, 0]),
        _ => Ok(None),
    }
}

fn of_queues(asked: &Asked<'_>, operation: &str) -> Made {
    let (first, second) = (asked.int(0), asked.int(1));
    match operation {
        "mq_open" => {
            let attributes = asked.put(&words(&[0, asked.int(2) as u64, asked.int(3) as u64, 0, 0, 0, 0, 0]));
            let flags = bits(asked.argument(1), OPEN_FLAGS)?;
            call(libc::SYS_mq_open, &[asked.name('m'), flags, 0o666, attributes])
        }
        "mq_unlink" => call(libc::SYS_mq_unlink, &[asked.name('m')]),
        "mq_send" => {
            let bytes = asked.put_pattern(second, asked.int(3));
            call(libc::SYS_mq_timedsend, &[first, bytes, second, asked.int(2), 0])
        }
        "mq_receive" => call(libc::SYS_mq_timedreceive, &[first, asked.bytes(), second, asked.results(), 0]),
        "mq_getattr" => call(libc::SYS_mq_getsetattr, &[first, 0, asked.results()]),
        "mq_setattr" => {
            let nonblock = if second == 0 { 0 } else { libc::O_NONBLOCK as u64 };
            let new = asked.put(&words(&[nonblock, 0, 0, 0, 0, 0, 0, 0]));
            call(libc::SYS_mq_getsetattr, &[first, new, asked.results()])
        }
        _ => Ok(None),
    }
}

fn of_system_v(asked: &Asked<'_>, operation: &str) -> Made {
    let flags = |index: usize| bits(asked.argument(index), IPC_FLAGS);
    match operation {
        "msgget" => call(libc::SYS_msgget, &[asked.int(0), flags(1)? | 0o666]),
        "msgsnd" => {
            let mut message = words(&[asked.int(1) as u64]);
            message.extend(pattern(asked.int(2), asked.int(4)));
            asked.stage.put(asked.puppet, BYTES, &message);
            call(libc::SYS_msgsnd, &[asked.object()?, asked.bytes(), asked.int(2), flags(3)?])
        }
        "msgrcv" => call(libc::SYS_msgrcv, &[asked.object()?, asked.bytes(), asked.int(1), asked.int(2), flags(3)?]),
        "msgctl" => {
            let command = match asked.argument(1).as_str() {
                Some("RMID") => libc::IPC_RMID,
                Some("STAT") => libc::IPC_STAT,
                // It needs the whole structure: the data hold what the last `IPC_STAT` gave, which the recorder asks for
                // first.
                Some("SET") => {
                    asked.stage.put(asked.puppet, RESULTS + QBYTES, &asked.int(2).to_ne_bytes());
                    libc::IPC_SET
                }
                _ => return Err(format!("no command {}", asked.argument(1))),
            };
            call(libc::SYS_msgctl, &[asked.object()?, command.into(), asked.results()])
        }
        "semget" => call(libc::SYS_semget, &[asked.int(0), asked.int(1), flags(2)? | 0o666]),
        "semop" => {
            let mut operations = Vec::new();
            for one in asked.argument(1).as_array().into_iter().flatten() {
                let number = |index: usize| one[index].as_i64().unwrap_or(0) as i16;
                let flags = bits(&one[2], SEMAPHORE_FLAGS)? as i16;
                operations.extend([number(0), number(1), flags].iter().flat_map(|half| half.to_ne_bytes()));
            }
            let count = operations.len() / 6;
            call(libc::SYS_semop, &[asked.object()?, asked.put(&operations), count as i64])
        }
        "semctl" => {
            let command = match asked.argument(2).as_str() {
                Some("GETVAL") => libc::GETVAL,
                Some("SETVAL") => libc::SETVAL,
                Some("GETPID") => libc::GETPID,
                Some("GETNCNT") => libc::GETNCNT,
                Some("GETZCNT") => libc::GETZCNT,
                Some("RMID") => libc::IPC_RMID,
                _ => return Err(format!("no command {}", asked.argument(2))),
            };
            call(libc::SYS_semctl, &[asked.object()?, asked.int(1), command.into(), asked.int(3)])
        }
        _ => Ok(None),
    }
}

fn of_memory(asked: &Asked<'_>, operation: &str) -> Made {
    let [first, second, third] = [0, 1, 2].map(|index| asked.int(index));
    let map = |descriptor: i64, flags: i32, page: i64| {
        let kind = match asked.argument(3).as_str() {
            Some("SHARED") => libc::MAP_SHARED,
            Some("PRIVATE") => libc::MAP_PRIVATE,
            _ => 0,
        };
        let flags = kind | libc::MAP_FIXED | flags;
        let rights = protection(asked.argument(2));
        call(libc::SYS_mmap, &[place(first, 0), second * 4096, rights, flags.into(), descriptor, page * 4096])
    };
    match operation {
        "shmget" => call(libc::SYS_shmget, &[first, second, bits(asked.argument(2), IPC_FLAGS)? | 0o666]),
        "shmat" => {
            let flags = if third == 0 { 0 } else { libc::SHM_RDONLY };
            call(libc::SYS_shmat, &[asked.object()?, place(second, 0), flags.into()])
        }
        "shmdt" => call(libc::SYS_shmdt, &[place(first, 0)]),
        "shmctl" => {
            let command = if asked.argument(1) == "STAT" { libc::IPC_STAT } else { libc::IPC_RMID };
            call(libc::SYS_shmctl, &[asked.object()?, command.into(), asked.results()])
        }
        // As the C library's, but that the name is looked up where the FIFOs are.
        "shm_open" => {
            let flags = bits(asked.argument(1), OPEN_FLAGS)? | i64::from(libc::O_CLOEXEC | libc::O_NOFOLLOW);
            call(libc::SYS_openat, &[HERE, asked.name('s'), flags, 0o600])
        }
        "shm_unlink" => call(libc::SYS_unlinkat, &[HERE, asked.name('s'), 0]),
        "ftruncate" => call(libc::SYS_ftruncate, &[first, second]),
        "mmap" => map(-1, libc::MAP_ANONYMOUS, 0),
        "mapfd" => map(asked.int(4), 0, asked.int(5)),
        "munmap" => call(libc::SYS_munmap, &[place(first, second), third * 4096]),
        "mprotect" => call(libc::SYS_mprotect, &[place(first, second), third * 4096, protection(asked.argument(3))]),
        "load" | "store" => {
            let kind = if operation == "load" { Kind::Load } else { Kind::Store };
            let arguments = [place(first, second) + third, asked.int(3), 0, 0, 0, 0];
            Ok(Some(Command { kind, number: 0, arguments }))
        }
        _ => Ok(None),
    }
}
