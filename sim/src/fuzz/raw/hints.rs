//! What is known of single arguments beyond their kind: for better hit rates. A call without any is fuzzed too, and nothing
//! here says what a call must do.

use abi::PAGE_SIZE;
use kernel::file::description::Open;
use kernel::mem::space::MAPPINGS_START;

use crate::fuzz::raw::draw::Draw;
use crate::fuzz::raw::moves::Value;

const PAGE: u64 = PAGE_SIZE as u64;
/// `AT_FDCWD`: the working directory.
const HERE: u64 = -100_i64 as u64;

/// An argument that makes sense, if something is known of it.
pub(super) fn value(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    let hint = match call {
        "clone" | "wait4" | "waitid" | "spawn" | "execve" | "prctl" | "setpgid" | "processes" => {
            process(draw, call, argument)
        }
        "rt_sigaction" | "rt_sigprocmask" | "rt_sigpending" | "rt_sigsuspend" | "rt_sigtimedwait" | "kill"
        | "tgkill" | "rt_sigqueueinfo" => signal(draw, call, argument),
        "mmap" | "munmap" | "mprotect" | "msync" | "madvise" | "brk" | "ftruncate" => memory(draw, call, argument),
        "read" | "write" | "fcntl" | "ioctl" | "lseek" | "getdents64" | "fchdir" | "dup3" | "pipe2" | "getcwd"
        | "close" => descriptor(draw, call, argument),
        _ if call.starts_with("mq_") => queue(draw, call, argument),
        _ if call.starts_with("sem") || call.starts_with("shm") || call.starts_with("msg") => ipc(draw, call, argument),
        _ if call.starts_with("timer_") || call.starts_with("clock_") => timer(draw, call, argument),
        _ if call.starts_with("set") => credentials(draw, argument),
        _ => None,
    };
    hint.or_else(|| name(draw, call, argument))
}

fn process(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        ("clone", "flags") => match draw.below(12) {
            0 => draw.number(&[0, 10, 64]),
            _ => Value::Number(17),
        },
        ("clone", "stack") => Value::Number(0),
        ("wait4", "pid") => match draw.below(3) {
            0 => draw.child()?,
            1 => draw.number(&[u64::MAX, u64::MAX, 0]),
            _ => return None,
        },
        ("wait4", "options") => draw.number(&[1, 1, 1, 3, 9, 0, 2]),
        ("waitid", "kind") => draw.number(&[0, 0, 1, 2]),
        ("waitid", "id") if draw.percent(60) => draw.child()?,
        ("waitid", "options") => draw.number(&[5, 5, 7, 13, 4, 6, 0x0100_0005]),
        ("spawn" | "execve", "path") if draw.percent(2) => Value::Long(5000),
        ("spawn" | "execve", "path") => draw.text(&["program", "program", "program", "nothing", "", "/dev/null"]),
        ("spawn", "count") => draw.number(&[0, 0, 1, 1, 2]),
        ("prctl", "argument") => match draw.below(3) {
            0 => draw.text(&["pear", "a rather long name"]),
            1 => Value::Room(64),
            _ => draw.number(&[0, 1]),
        },
        ("setpgid", _) => match draw.below(3) {
            0 => draw.child()?,
            1 => Value::Number(0),
            _ => Value::Pid { of: draw.somebody(), negative: false },
        },
        ("processes", "count") => draw.number(&[0, 1, 3, 16]),
        _ => return None,
    })
}

fn signal(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        (_, "size") => Value::Number(8),
        // Most signals end somebody.
        ("kill" | "tgkill" | "rt_sigqueueinfo", "signal") if draw.percent(70) => {
            draw.number(&[0, 10, 12, 17, 18, 18, 20, 23, 28, 34, 35])
        }
        ("tgkill", "tid") if draw.percent(80) => draw.last,
        ("tgkill", "pid" | "tid") => match draw.below(2) {
            0 => Value::Pid { of: draw.somebody(), negative: false },
            _ => Value::Pid { of: draw.who, negative: false },
        },
        ("rt_sigtimedwait", "timeout") if draw.percent(50) => draw.words(&[0, 0]),
        ("rt_sigsuspend", "mask") => draw.words(&[0]),
        _ => return None,
    })
}

fn memory(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        ("mmap", "address") => match draw.below(4) {
            0 => Value::Number(MAPPINGS_START + PAGE * draw.random.u64(..64)),
            _ => Value::Number(0),
        },
        ("mmap", "flags") => draw.number(&[0x22, 0x22, 0x21, 0x21, 0x32, 0x31, 0x10_0022, 0x10_0022, 1, 2]),
        ("mmap", "fd") => {
            draw.descriptor(|open| matches!(open, Open::Memory(_) | Open::Device(_))).unwrap_or(Value::Number(u64::MAX))
        }
        ("mmap", "offset") => draw.number(&[0, 0, 0, PAGE]),
        ("mmap", "length") => draw.number(&[1, PAGE, 2 * PAGE, 3 * PAGE, 5 * PAGE]),
        ("mmap" | "mprotect", "protection") => draw.number(&[3, 3, 3, 1, 0, 2, 7]),
        ("munmap", "address") => match draw.below(3) {
            0 => draw.result("mmap"),
            _ => return None,
        },
        (_, "length") if call != "ftruncate" => draw.number(&[1, PAGE, PAGE, 2 * PAGE]),
        ("madvise", "advice") => draw.number(&[0, 1, 2, 3, 4, 4]),
        ("msync", "flags") => draw.number(&[1, 4, 0, 2, 6]),
        ("brk", _) => match draw.below(3) {
            0 => Value::Number(0),
            _ => Value::Number(kernel::mem::space::HEAP_START + PAGE * draw.random.u64(..40)),
        },
        ("ftruncate", "fd") => draw.descriptor(|open| matches!(open, Open::Memory(_)))?,
        ("ftruncate", "length") => draw.number(&[0, 1, PAGE, 3 * PAGE, 5000, 1 << 40]),
        _ => return None,
    })
}

fn descriptor(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        ("read" | "write", "fd") => match draw.below(4) {
            0 => return None,
            _ => draw.descriptor(|open| matches!(open, Open::Pipe(_) | Open::Device(_) | Open::Memory(_)))?,
        },
        ("read" | "write", "count") if draw.percent(3) => draw.number(&[65_536, 200_000]),
        ("read" | "write", "count") => draw.number(&[0, 1, 5, 100, 100, PAGE, 5000]),
        ("fcntl", "fd") if draw.percent(60) => draw.descriptor(|open| matches!(open, Open::Pipe(_)))?,
        ("fcntl", "command") => draw.number(&[0, 1, 2, 3, 4, 4, 1030, 1031, 1031, 1032]),
        ("fcntl", "argument") => draw.number(&[0, 1, 0o4000, PAGE, 4 * PAGE, 16 * PAGE, 64 * PAGE, 10, 63, 1 << 20]),
        ("ioctl", "fd") => draw.descriptor(|open| matches!(open, Open::Console { .. }))?,
        ("ioctl", "argument") => match draw.below(5) {
            0 => draw.number(&[0, 1, 2, 3]),
            1 => draw.halves(&[0, 0]),
            2 => {
                let group = draw.stage.pid(draw.who) as i32;
                draw.halves(&[group, 0])
            }
            _ => Value::Room(128),
        },
        ("lseek", "fd") => match draw.below(3) {
            0 => return None,
            _ => draw.descriptor(|open| matches!(open, Open::Directory | Open::Device(_) | Open::Memory(_)))?,
        },
        ("getdents64" | "fchdir", "fd") => draw.descriptor(|open| matches!(open, Open::Directory))?,
        ("getdents64", "count") => draw.number(&[512, 512, 64, 24, 8, 0]),
        ("getcwd", "size") => draw.number(&[PAGE, PAGE, 100, 2, 1, 0]),
        ("dup3", "new") => draw.number(&[0, 1, 2, 3, 4, 5, 9, 20]),
        ("dup3", "flags") => draw.number(&[0, 0o2000000]),
        ("pipe2", "flags") => draw.number(&[0, 0o4000, 0o4000, 0o2000000]),
        // Standard streams are worth keeping.
        ("close", "fd") if draw.percent(70) => draw.descriptor(|open| !matches!(open, Open::Console { .. }))?,
        _ => return None,
    })
}

fn queue(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        ("mq_open" | "mq_unlink", "name") => draw.text(&["m", "m", "n", "o", "m/n"]),
        ("mq_open", "flags") => draw.number(&[0, 2, 0o102, 0o102, 0o4102, 0o4102, 0o302, 0o101, 1]),
        (_, "queue") => draw.descriptor(|open| matches!(open, Open::Mqueue(_)))?,
        ("mq_timedsend", "length") => draw.number(&[0, 1, 1, 8, 64, 9000]),
        ("mq_timedreceive", "length") => draw.number(&[8192, 8192, 64, 8]),
        ("mq_timedreceive" | "mq_timedsend", "timeout") => match draw.below(3) {
            0 => Value::Number(0),
            1 => draw.words(&[0, 0]),
            _ => {
                let later = draw.stage.kernel.now_us() + draw.random.u64(..5000);
                draw.words(&[later / 1_000_000, later % 1_000_000 * 1000])
            }
        },
        ("mq_timedsend", "priority") => draw.number(&[0, 0, 1, 2, 32_767]),
        ("mq_notify", "event") => match draw.below(4) {
            0 => Value::Number(0),
            1 => draw.halves(&[7, 0, 0, 1]),
            _ => draw.halves(&[7, 0, 10, 0]),
        },
        _ => return None,
    })
}

fn ipc(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    let creator = match &call[..3] {
        "sem" => "semget",
        "shm" => "shmget",
        _ => "msgget",
    };
    Some(match (call, argument) {
        (_, "key") => draw.number(&[0, 1, 2, 3, 4]),
        ("shmget" | "msgget" | "semget", "flags") => {
            draw.number(&[0o1666, 0o1600, 0o1666, 0o3666, 0o666, 0o600, 0, 0o1000])
        }
        ("shmget", "size") => draw.number(&[1, PAGE, PAGE, 2 * PAGE, 3 * PAGE + 1]),
        ("semget", "count") => draw.number(&[1, 2, 3, 3, 0]),
        (_, "id") => draw.result(creator),
        ("shmat", "address") => match draw.below(8) {
            0 => Value::Number(PAGE),
            1 => Value::Number(MAPPINGS_START + PAGE * draw.random.u64(..64)),
            _ => Value::Number(0),
        },
        ("shmat", "flags") => draw.number(&[0, 0, 0o10000, 0o40000, 0o20000]),
        ("shmdt", "address") => draw.result("shmat"),
        ("msgsnd", "size") => draw.number(&[0, 1, 8, 8, 100, 4000]),
        ("msgsnd", "flags") => draw.number(&[0, 0o4000, 0o4000]),
        ("msgrcv", "size") => draw.number(&[8, 100, 5000, 0]),
        ("msgrcv", "kind") => draw.number(&[0, 0, 0, 1, 2, u64::MAX - 1]),
        ("msgrcv", "flags") => draw.number(&[0, 0o4000, 0o14000, 0o20000, 0o44000]),
        // Objects that are removed at once are of no use to anybody.
        ("shmctl" | "msgctl", "command") if draw.percent(80) => draw.number(&[2, 2, 1, 3, 11, 12, 13, 14, 15]),
        ("semctl", "command") if draw.percent(85) => {
            draw.number(&[2, 1, 3, 11, 12, 12, 13, 14, 15, 16, 16, 16, 17, 18, 19, 20])
        }
        ("semctl", "number") => draw.number(&[0, 0, 1, 2]),
        ("semctl", "argument") => match draw.below(3) {
            0 => draw.number(&[0, 1, 2, 3, 32_767]),
            1 => draw.quarters(&[1, 0, 2, 1]),
            _ => Value::Room(256),
        },
        ("semop" | "semtimedop", "count") => draw.number(&[1, 1, 1, 2, 3]),
        ("semtimedop", "timeout") if draw.percent(60) => draw.words(&[0, 1_000_000]),
        // Owner, group and mode; what else is in the structure doesn't count.
        ("shmctl" | "msgctl", "buffer") => match draw.below(3) {
            0 => draw.halves(&[0, 0, 0, 0, 0, 0o666, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4000, 0, 0, 0]),
            _ => Value::Room(256),
        },
        _ => return None,
    })
}

fn timer(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        (_, "timer") if call != "timer_create" => draw.number(&[0, 0, 0, 1, 1, 2, 3]),
        ("clock_nanosleep" | "timer_settime", "flags") => draw.number(&[0, 0, 0, 1]),
        ("clock_nanosleep", "time") => draw.words(&[0, 100_000]),
        ("timer_create", "clock") => draw.number(&[0, 1, 1, 2, 3]),
        _ => return None,
    })
}

/// User and group ids. User 0 may do all; others get their errors.
fn credentials(draw: &mut Draw<'_>, argument: &str) -> Option<Value> {
    Some(match argument {
        "uid" | "gid" | "real" | "effective" | "saved" => draw.number(&[0, 0, 1, 1, 2, 0xffff_ffff]),
        _ => return None,
    })
}

fn name(draw: &mut Draw<'_>, call: &str, argument: &str) -> Option<Value> {
    Some(match (call, argument) {
        (_, "directory" | "old_directory" | "new_directory") => match draw.below(5) {
            0 => draw.descriptor(|open| matches!(open, Open::Directory))?,
            1 => return None,
            _ => Value::Number(HERE),
        },
        ("openat", "path") => match draw.below(3) {
            0 => draw.text(&[
                "/",
                "/tmp",
                "/dev/null",
                "/dev/full",
                "/dev/zero",
                "/dev/tty",
                "/dev/shm/m",
                "/dev/shm/n",
                "d",
            ]),
            _ => return None,
        },
        ("openat", "flags") => draw
            .number(&[0, 1, 2, 2, 0o4000, 0o4001, 0o102, 0o102, 0o302, 0o4002, 0o200000, 0o200000, 0o2000000, 0o1002]),
        ("mknodat", "mode") => draw.number(&[0o10644, 0o10666, 0o10600, 0o10000]),
        ("mknodat" | "mkdirat" | "linkat" | "renameat2" | "unlinkat", "path" | "new" | "old") => draw.text(&[
            "p",
            "q",
            "d",
            "d/p",
            "d/q",
            "/tmp/p",
            "/tmp/q",
            "/tmp/d",
            "/tmp/d/p",
            "e",
            "d/e",
            "/dev/mqueue/n",
        ]),
        ("unlinkat", "flags") => draw.number(&[0, 0, 0x200, 0x200]),
        ("linkat", "flags") => draw.number(&[0, 0, 0x400]),
        ("renameat2", "flags") => draw.number(&[0, 0, 0, 1, 2]),
        ("newfstatat" | "fchownat" | "utimensat" | "faccessat2", "flags") => draw.number(&[0, 0, 0x100, 0x1000]),
        ("faccessat" | "faccessat2", "mode") => draw.number(&[0, 1, 2, 4, 6, 7]),
        (_, "mode") => draw.number(&[0o644, 0o666, 0o600, 0o700, 0o755, 0o777, 0, 0o1777]),
        (_, "uid" | "gid") => draw.number(&[0, 1, 2, 0xffff_ffff]),
        (_, "mask") if call == "umask" => draw.number(&[0, 0o22, 0o77]),
        _ => return None,
    })
}
