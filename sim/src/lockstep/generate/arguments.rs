//! Random arguments of operations: right ones mostly, wrong ones now and then.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::subject::{Subject, process_name};
use super::aim::lives;
use super::ledger::{Description, Ledger, Thing};
use super::theme::Operations;

const SIGNAL_NUMBERS: &[i64] =
    &[1, 2, 3, 9, 10, 10, 10, 11, 12, 12, 12, 13, 14, 15, 17, 18, 18, 19, 20, 21, 23, 34, 35, 36, 64];

/// What arguments are made from.
pub(super) struct Making<'a, S> {
    /// Who carries the script out.
    pub(super) subject: &'a S,
    /// What exists.
    pub(super) ledger: &'a Ledger,
    /// Whose operation it is.
    pub(super) caller: usize,
    /// What may be asked.
    pub(super) operations: Operations,
}

/// Random arguments of an operation.
pub(super) fn arguments<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    match operation {
        "exit" | "wait4" | "waitid" | "setpgid" | "getpgid" | "getsid" => of_processes(random, making, operation),
        "kill" | "sigqueue" | "sigaction" | "sigprocmask" | "sigsuspend" | "sigtimedwait" => {
            of_signals(random, making, operation)
        }
        "pipe" | "read" | "write" | "dup" | "dup2" | "dup3" | "close" | "fcntl" | "fionread" | "mkfifo" | "unlink"
        | "open" => of_files(random, making, operation),
        "mq_open" | "mq_send" | "mq_receive" | "mq_unlink" | "mq_getattr" | "mq_setattr" => {
            of_queues(random, making, operation)
        }
        "msgget" | "msgsnd" | "msgrcv" | "msgctl" | "semget" | "semop" | "semctl" => {
            of_system_v(random, making, operation)
        }
        "mmap" | "munmap" | "mprotect" | "load" | "store" | "shmget" | "shmat" | "shmdt" | "shmctl" | "shm_open"
        | "shm_unlink" | "ftruncate" | "mapfd" => of_memory(random, making, operation),
        _ => json!([]),
    }
}

fn of_processes<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    match operation {
        "exit" => json!([one_of(random, &[0, 1, 7, 255, 256, 300])]),
        "wait4" => {
            let whom = match random.u32(..10) {
                0 => json!(0),
                1 => json!(format!("-{}", process(random, making).as_str().unwrap_or("none"))),
                2 | 3 => process(random, making),
                _ => json!(-1),
            };
            let mut options = some_of(random, &["NOHANG", "UNTRACED", "CONTINUED"], 5);
            if random.u32(..40) == 0 {
                options = json!([65536]);
            }
            json!([whom, options])
        }
        "waitid" => {
            let (kind, whom) = match random.u32(..10) {
                0 => ("PGID", json!(0)),
                1 => ("PGID", process(random, making)),
                2..5 => ("PID", process(random, making)),
                5 if random.u32(..4) == 0 => ("BAD", json!(0)),
                _ => ("ALL", json!(0)),
            };
            let mut options = some_of(random, &["EXITED", "STOPPED", "CONTINUED", "NOHANG", "NOWAIT"], 3);
            if let Value::Array(list) = &mut options
                && random.u32(..4) > 0
                && !list.contains(&json!("EXITED"))
            {
                list.push(json!("EXITED"));
            }
            json!([kind, whom, options])
        }
        "setpgid" => {
            let one = |random: &mut Rng| match random.u32(..3) {
                0 => json!(0),
                _ => process(random, making),
            };
            json!([one(random), one(random)])
        }
        _ => json!([process(random, making)]),
    }
}

fn of_signals<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    match operation {
        "kill" => {
            let whom = match random.u32(..12) {
                0 => json!(0),
                1 | 2 => json!(format!("-{}", process(random, making).as_str().unwrap_or("none"))),
                _ => process(random, making),
            };
            json!([whom, signal(random)])
        }
        "sigqueue" => json!([process(random, making), signal(random), random.i64(0..1000)]),
        "sigaction" => {
            let disposition = one_of(
                random,
                &[json!("CATCH"), json!("CATCH"), json!("CATCH"), json!("DFL"), json!("IGN"), Value::Null],
            );
            let flags = some_of(random, &["RESTART", "NODEFER", "RESETHAND", "NOCLDWAIT", "NOCLDSTOP"], 4);
            json!([signal(random), disposition, flags, signals(random, 3)])
        }
        "sigprocmask" => {
            let how = one_of(random, &["BLOCK", "BLOCK", "UNBLOCK", "UNBLOCK", "SETMASK", "SETMASK", "BAD"]);
            let set = if random.u32(..8) == 0 { Value::Null } else { signals(random, 4) };
            json!([how, set])
        }
        "sigsuspend" => json!([signals(random, 3)]),
        _ => json!([signals(random, 4), i64::from(random.u32(..3) > 0)]),
    }
}

fn of_files<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    let is_pipe = |found: &Description| matches!(found.thing, Thing::Pipe(_));
    let any = |random: &mut Rng| descriptor(random, making, |_| true);
    match operation {
        "pipe" => {
            let flags = if random.u32(..30) == 0 { json!([1]) } else { some_of(random, &["NONBLOCK"], 5) };
            json!([flags, one_of(random, &[0, 4096, 4096, 8192])])
        }
        "read" => {
            let count = one_of(random, &[0, 1, 2, 10, 24, 100, 1000, 4095, 4096, 4096, 5000, 8192, 70_000, 100_000]);
            json!([descriptor(random, making, |found| is_pipe(found) && found.readable), count])
        }
        "write" => {
            let count = match random.u32(..4) {
                0 => random.u32(..9000),
                _ => one_of(random, &[0, 1, 10, 24, 100, 3000, 4095, 4096, 4096, 4097, 8192, 65_536]),
            };
            json!([descriptor(random, making, |found| is_pipe(found) && found.writable), count, random.i64(0..256)])
        }
        "dup" | "close" | "fionread" => json!([any(random)]),
        "dup2" => json!([any(random), random.i64(-1..17)]),
        "dup3" => {
            let flags = if random.u32(..10) == 0 { json!([1]) } else { some_of(random, &["CLOEXEC"], 3) };
            json!([any(random), random.i64(-1..17), flags])
        }
        "fcntl" => {
            let all =
                ["DUPFD", "GETFD", "SETFD", "GETFL", "SETFL", "SETFL", "BAD", "SETPIPE_SZ", "SETPIPE_SZ", "GETPIPE_SZ"];
            let known = if making.operations == Operations::All { &all[..] } else { &all[..7] };
            let command = one_of(random, known);
            let value = match command {
                "SETFL" => some_of(random, &["NONBLOCK"], 2),
                "DUPFD" => json!(random.i64(0..18)),
                "SETFD" => json!(random.i64(0..2)),
                "SETPIPE_SZ" => json!(one_of(random, &[1, 4096, 4097, 8192, 16_384, 65_536, 65_537])),
                _ => json!(0),
            };
            json!([any(random), command, value])
        }
        "mkfifo" | "unlink" => json!([random.u32(..3)]),
        _ => {
            let mut flags = vec![one_of(random, &["RDONLY", "RDONLY", "WRONLY", "WRONLY", "RDWR"])];
            if random.u32(..4) == 0 {
                flags.push("NONBLOCK");
            }
            json!([random.u32(..3), flags])
        }
    }
}

fn of_queues<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    let any = |random: &mut Rng| descriptor(random, making, |found| matches!(found.thing, Thing::Queue(_)));
    match operation {
        "mq_open" => {
            let mut flags = vec![one_of(random, &["RDWR", "RDWR", "RDWR", "RDONLY", "WRONLY"])];
            let more = [("CREAT", 2), ("EXCL", 6), ("NONBLOCK", 5)];
            flags.extend(more.into_iter().filter(|(_, odds)| random.u32(..*odds) == 0).map(|(name, _)| name));
            json!([
                random.u32(..3),
                flags,
                one_of(random, &[1, 1, 2, 2, 4, 0, 11]),
                one_of(random, &[8, 16, 16, 32, 0])
            ])
        }
        "mq_send" => {
            let (size, priority) = (one_of(random, &[0, 1, 8, 10, 16, 17]), one_of(random, &[0, 1, 2, 3, 3, 32_768]));
            json!([any(random), size, priority, random.i64(0..256)])
        }
        "mq_receive" => json!([any(random), one_of(random, &[7, 16, 32, 32, 64])]),
        "mq_setattr" => json!([any(random), random.u32(..2)]),
        "mq_getattr" => json!([any(random)]),
        _ => json!([random.u32(..3)]),
    }
}

fn of_system_v<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    let queue = |random: &mut Rng| object(random, making, 'q');
    match operation {
        "msgget" => json!([key(random), creation(random)]),
        "semget" => json!([key(random), one_of(random, &[0, 1, 2, 3, 3]), creation(random)]),
        "msgsnd" => {
            let kind = one_of(random, &[1, 1, 2, 3, 3, 0, -1]);
            let size = one_of(random, &[0, 1, 2, 8, 16, 16, 100, 9000]);
            json!([queue(random), kind, size, some_of(random, &["NOWAIT"], 4), random.i64(0..256)])
        }
        "msgrcv" => {
            let kind = one_of(random, &[0, 0, 1, 2, 3, -1, -2, -3]);
            let flags = some_of(random, &["NOWAIT", "NOERROR"], 4);
            json!([queue(random), one_of(random, &[0, 4, 64, 64, 64]), kind, flags])
        }
        "msgctl" => match random.u32(..8) {
            0 => json!([queue(random), "RMID"]),
            1..5 => json!([queue(random), "SET", one_of(random, &[0, 16, 32, 48, 64])]),
            _ => json!([queue(random), "STAT"]),
        },
        "semop" => {
            let one = |random: &mut Rng| {
                let number = one_of(random, &[0, 0, 0, 1, 1, 2, 5]);
                let amount = one_of(random, &[1, 1, -1, -1, -1, -2, 0, 0, 3]);
                json!([number, amount, some_of(random, &["NOWAIT", "UNDO"], 5)])
            };
            let count = one_of(random, &[1, 1, 1, 2, 2, 3]);
            json!([object(random, making, 's'), (0..count).map(|_| one(random)).collect::<Vec<_>>()])
        }
        _ => {
            let command =
                one_of(random, &["GETVAL", "GETVAL", "SETVAL", "SETVAL", "GETPID", "GETNCNT", "GETZCNT", "RMID"]);
            let mut list = vec![object(random, making, 's'), json!(random.i64(0..3)), json!(command)];
            if command == "SETVAL" {
                list.push(json!(one_of(random, &[0, 0, 1, 2, 3, 32_768])));
            }
            Value::Array(list)
        }
    }
}

fn of_memory<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Value {
    let memory = |random: &mut Rng| descriptor(random, making, |found| found.thing == Thing::Memory);
    match operation {
        "shmget" => json!([key(random), one_of(random, &[0, 1, 4096, 8192, 8192]), creation(random)]),
        "shmat" => json!([object(random, making, 'm'), random.u32(..6), u32::from(random.u32(..4) == 0)]),
        "shmdt" => json!([random.u32(..6)]),
        "shmctl" => json!([object(random, making, 'm'), one_of(random, &["STAT", "STAT", "STAT", "RMID"])]),
        "shm_open" => {
            let mut flags = vec![one_of(random, &["RDWR", "RDWR", "RDWR", "RDONLY"])];
            let more = [("CREAT", 2), ("EXCL", 6), ("TRUNC", 8)];
            flags.extend(more.into_iter().filter(|(_, odds)| random.u32(..*odds) == 0).map(|(name, _)| name));
            json!([random.u32(..3), flags])
        }
        "shm_unlink" => json!([random.u32(..3)]),
        "ftruncate" => json!([memory(random), one_of(random, &[0, 1, 100, 4096, 4097, 8192, 12_288, -1])]),
        "mapfd" => {
            let rights = one_of(random, &["RW", "RW", "RW", "R", "NONE"]);
            let kind = one_of(random, &["SHARED", "SHARED", "SHARED", "PRIVATE", "0"]);
            json!([random.u32(..4), random.u32(1..4), rights, kind, memory(random), random.u32(..2)])
        }
        "mmap" => {
            let rights = one_of(random, &["RW", "RW", "RW", "R", "NONE"]);
            let kind = one_of(random, &["SHARED", "SHARED", "SHARED", "PRIVATE", "PRIVATE", "PRIVATE", "0"]);
            json!([random.u32(..4), random.u32(1..4), rights, kind])
        }
        "munmap" => json!([random.u32(..4), random.u32(..2), random.u32(..3)]),
        "mprotect" => {
            json!([random.u32(..4), random.u32(..2), random.u32(1..3), one_of(random, &["RW", "RW", "R", "NONE"])])
        }
        _ => {
            let place = [random.u32(..5), random.u32(..2), one_of(random, &[0, 0, 1, 7, 4095])];
            let mut list: Vec<Value> = place.into_iter().map(Value::from).collect();
            if operation == "store" {
                list.push(json!(random.i64(0..256)));
            }
            Value::Array(list)
        }
    }
}

/// A process, as an argument; one that lives in most cases.
fn process<S: Subject>(random: &mut Rng, making: &Making<'_, S>) -> Value {
    if random.u32(..40) == 0 {
        return json!("none");
    }
    let count = making.subject.count();
    let living: Vec<usize> = (0..count).filter(|&index| lives(making.subject, index)).collect();
    let index = match random.u32(..8) {
        0 => random.usize(..count),
        _ => living[random.usize(..living.len())],
    };
    json!(process_name(index))
}

fn signal(random: &mut Rng) -> i64 {
    match random.u32(..60) {
        0 => 0,
        1 => 65,
        2 => random.i64(1..65),
        _ => SIGNAL_NUMBERS[random.usize(..SIGNAL_NUMBERS.len())],
    }
}

/// A set of signals.
pub(super) fn signals(random: &mut Rng, most: usize) -> Value {
    let mut list: Vec<i64> = (0..random.usize(..=most)).map(|_| signal(random).clamp(1, 64)).collect();
    list.sort_unstable();
    list.dedup();
    json!(list)
}

/// Each of these, with a chance of one in `odds`.
fn some_of(random: &mut Rng, names: &[&'static str], odds: u32) -> Value {
    json!(names.iter().filter(|_| random.u32(..odds) == 0).collect::<Vec<_>>())
}

/// One of these.
pub(super) fn one_of<T: Clone>(random: &mut Rng, options: &[T]) -> T {
    options[random.usize(..options.len())].clone()
}

fn key(random: &mut Rng) -> i64 {
    one_of(random, &[0, 4097, 4097, 4098, 4099])
}

fn creation(random: &mut Rng) -> Value {
    let mut flags = Vec::new();
    if random.u32(..4) > 0 {
        flags.push("CREAT");
    }
    if random.u32(..3) == 0 {
        flags.push("EXCL");
    }
    json!(flags)
}

/// A descriptor of the caller: one that fits if there is one, in most cases.
fn descriptor<S: Subject>(random: &mut Rng, making: &Making<'_, S>, fits: impl Fn(&Description) -> bool) -> Value {
    let fitting: Vec<i64> =
        making.ledger.descriptors(making.caller).filter(|(_, found)| fits(found)).map(|(fd, _)| fd).collect();
    if !fitting.is_empty() && random.u32(..5) > 0 {
        return json!(one_of(random, &fitting));
    }
    let open = making.subject.fields(making.caller).get("nfd").and_then(Value::as_u64).unwrap_or(0);
    match random.u32(..25) {
        0 => json!(one_of(random, &[-1, 15, 16, 33, 300])),
        1 => json!(open),
        _ => json!(random.u64(..open.max(1))),
    }
}

/// A System V object of a kind.
fn object<S: Subject>(random: &mut Rng, making: &Making<'_, S>, kind: char) -> Value {
    let count = making.subject.objects(kind);
    if count == 0 || random.u32(..40) == 0 { json!(999_999) } else { json!(format!("{kind}{}", random.usize(..count))) }
}
