//! Random scripts, made while they are carried out: what is asked next depends on who is idle and on what exists.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::subject::{Subject, Trouble, process_name};

/// What a script is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// Processes, waiting, groups and sessions.
    Proc,
    /// Signals.
    Signals,
    /// Pipes, FIFOs and descriptors.
    Pipes,
    /// POSIX message queues.
    Mqueue,
    /// System V messages and semaphores.
    Sysv,
    /// Mappings and System V shared memory.
    Memory,
    /// All of them.
    Mixed,
}

impl Theme {
    /// Every theme, in the order of the records.
    pub const ALL: [Theme; 7] =
        [Theme::Proc, Theme::Signals, Theme::Pipes, Theme::Mqueue, Theme::Sysv, Theme::Memory, Theme::Mixed];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Proc => "proc",
            Theme::Signals => "signals",
            Theme::Pipes => "pipes",
            Theme::Mqueue => "mqueue",
            Theme::Sysv => "sysv",
            Theme::Memory => "memory",
            Theme::Mixed => "mixed",
        }
    }

    /// The theme with this name.
    pub fn from_name(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// Operations by weight.
    fn weights(self) -> Vec<(&'static str, u32)> {
        let own: &[&[(&str, u32)]] = match self {
            Theme::Proc => &[PROCESSES, PROCESSES, SIGNALS],
            Theme::Signals => &[PROCESSES, SIGNALS, SIGNALS],
            Theme::Pipes => &[PROCESSES, PIPES, PIPES, PIPES],
            Theme::Mqueue => &[PROCESSES, QUEUES, QUEUES, QUEUES],
            Theme::Sysv => &[PROCESSES, SYSTEM_V, SYSTEM_V, SYSTEM_V],
            Theme::Memory => &[PROCESSES, MEMORY, MEMORY, MEMORY],
            Theme::Mixed => &[PROCESSES, SIGNALS, PIPES, QUEUES, SYSTEM_V, MEMORY],
        };
        own.iter().flat_map(|list| list.iter().copied()).collect()
    }
}

const PROCESSES: &[(&str, u32)] = &[
    ("fork", 16),
    ("exit", 8),
    ("wait4", 16),
    ("kill", 20),
    ("setpgid", 5),
    ("setsid", 2),
    ("getpgid", 1),
    ("getsid", 1),
    ("getppid", 1),
    ("sigaction", 12),
];
const SIGNALS: &[(&str, u32)] = &[
    ("kill", 20),
    ("sigqueue", 14),
    ("sigaction", 12),
    ("sigprocmask", 14),
    ("sigpending", 6),
    ("sigsuspend", 14),
    ("pause", 8),
    ("sigtimedwait", 14),
];
const PIPES: &[(&str, u32)] = &[
    ("pipe", 8),
    ("read", 30),
    ("write", 30),
    ("dup", 4),
    ("dup2", 4),
    ("dup3", 3),
    ("close", 14),
    ("fcntl", 8),
    ("mkfifo", 7),
    ("unlink", 2),
    ("open", 16),
];
const QUEUES: &[(&str, u32)] = &[
    ("mq_open", 12),
    ("mq_send", 30),
    ("mq_receive", 34),
    ("mq_unlink", 3),
    ("mq_getattr", 6),
    ("mq_setattr", 5),
    ("close", 5),
];
const SYSTEM_V: &[(&str, u32)] =
    &[("msgget", 6), ("msgsnd", 16), ("msgrcv", 24), ("msgctl", 7), ("semget", 6), ("semop", 34), ("semctl", 14)];
const MEMORY: &[(&str, u32)] = &[
    ("mmap", 14),
    ("munmap", 5),
    ("mprotect", 8),
    ("load", 26),
    ("store", 26),
    ("shmget", 8),
    ("shmat", 9),
    ("shmdt", 4),
    ("shmctl", 8),
];

/// Calls that may leave their caller waiting.
const MAY_WAIT: &[&str] = &[
    "read",
    "write",
    "open",
    "wait4",
    "sigsuspend",
    "pause",
    "sigtimedwait",
    "mq_send",
    "mq_receive",
    "msgsnd",
    "msgrcv",
    "semop",
];
/// At most so many processes live at a time.
const LIVING: usize = 7;
const SIGNAL_NUMBERS: &[i64] =
    &[1, 2, 3, 9, 10, 10, 10, 11, 12, 12, 12, 13, 14, 15, 17, 18, 18, 19, 20, 21, 23, 34, 35, 36, 64];

/// Makes and carries out one script.
///
/// # Errors
/// What went wrong on the host.
pub fn script(
    subject: &mut impl Subject,
    theme: Theme,
    seed: u64,
    length: usize,
    each: &mut dyn FnMut(Value),
) -> Result<&'static str, String> {
    let mut random = Rng::with_seed(seed);
    let weights = theme.weights();
    // Otherwise `a` could neither write to pipes nor touch memory.
    for (signal, disposition) in [(13, "IGN"), (11, "CATCH")] {
        match subject.carry_out(&json!({"p": "a", "o": "sigaction", "a": [signal, disposition, [], []]})) {
            Ok(record) => each(record),
            Err(trouble) => return Err(format!("{trouble:?}")),
        }
    }
    for _ in 2..length {
        let idle = subject.idle();
        if idle.is_empty() {
            return Ok("noidle");
        }
        let operation = choose(&mut random, subject, &weights, &idle);
        match subject.carry_out(&operation) {
            Ok(record) => each(record),
            Err(Trouble::RootDied) => return Ok("a_died"),
            Err(Trouble::Bad(what)) => return Err(what),
        }
    }
    Ok("len")
}

fn choose(random: &mut Rng, subject: &impl Subject, weights: &[(&'static str, u32)], idle: &[usize]) -> Value {
    let caller = idle[random.usize(..idle.len())];
    let living = (0..subject.count()).filter(|&index| lives(subject, index)).count();
    loop {
        let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
        let mut draw = random.u32(..total);
        let (name, _) = weights
            .iter()
            .find(|(_, weight)| {
                let found = draw < *weight;
                draw = draw.wrapping_sub(if found { 0 } else { *weight });
                found
            })
            .expect("the draw is below the sum");
        // Somebody has to be left who can wake the others.
        let few_left = idle.len() < 2 && MAY_WAIT.contains(name) && random.u32(..10) > 0;
        let is_full = *name == "fork" && (living >= LIVING || subject.count() >= 26);
        let is_root = *name == "exit" && caller == 0;
        if few_left || is_full || is_root {
            continue;
        }
        let operation = json!({"p": process_name(caller), "o": name, "a": arguments(random, subject, caller, name)});
        // A script ends with `a`, so its death is to be rare.
        if !endangers_root(subject, &operation) || random.u32(..200) == 0 {
            return operation;
        }
    }
}

/// Whether an operation may well kill process `a`.
fn endangers_root(subject: &impl Subject, operation: &Value) -> bool {
    const HARMLESS: &[i64] = &[0, 17, 18, 19, 20, 21, 22, 23, 28];
    let root = subject.fields(0);
    let has = |field: &str, signal: i64| {
        root.get(field).and_then(Value::as_array).is_some_and(|list| list.contains(&json!(signal)))
    };
    let survives = |signal: i64| {
        signal != 9 && (HARMLESS.contains(&signal) || has("cgt", signal) || has("ign", signal) || has("blk", signal))
    };
    let (by_root, arguments) = (operation["p"] == "a", &operation["a"]);
    match operation["o"].as_str().unwrap_or("") {
        "kill" | "sigqueue" => {
            let target = arguments[0].as_str();
            // A group may be that of `a`, whoever it is named after.
            let group = arguments[0] == json!(0) || target.is_some_and(|target| target.starts_with('-'));
            (group || target == Some("a")) && !survives(arguments[1].as_i64().unwrap_or(0))
        }
        "sigprocmask" | "sigsuspend" => by_root && !(1..65).all(|signal| survives(signal) || !has("shd", signal)),
        "sigaction" => by_root && arguments[1] == "DFL" && root.get("shd").is_some_and(|set| set != &json!([])),
        "write" => by_root && !survives(13),
        "load" | "store" => by_root && (!has("cgt", 11) || has("blk", 11)),
        _ => false,
    }
}

fn lives(subject: &impl Subject, index: usize) -> bool {
    subject.fields(index).contains_key("nfd")
}

/// A process, as an argument; one that lives in most cases.
fn process(random: &mut Rng, subject: &impl Subject) -> Value {
    if random.u32(..40) == 0 {
        return json!("none");
    }
    let living: Vec<usize> = (0..subject.count()).filter(|&index| lives(subject, index)).collect();
    let index = match random.u32(..8) {
        0 => random.usize(..subject.count()),
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

fn signals(random: &mut Rng, most: usize) -> Value {
    let mut list: Vec<i64> = (0..random.usize(..=most)).map(|_| signal(random).clamp(1, 64)).collect();
    list.sort_unstable();
    list.dedup();
    json!(list)
}

/// Each of these, with a chance of one in `odds`.
fn some_of(random: &mut Rng, names: &[&'static str], odds: u32) -> Value {
    json!(names.iter().filter(|_| random.u32(..odds) == 0).collect::<Vec<_>>())
}

fn one_of<T: Clone>(random: &mut Rng, options: &[T]) -> T {
    options[random.usize(..options.len())].clone()
}

fn descriptor(random: &mut Rng, subject: &impl Subject, caller: usize) -> Value {
    let open = subject.fields(caller).get("nfd").and_then(Value::as_u64).unwrap_or(0);
    match random.u32(..25) {
        0 => json!(one_of(random, &[-1, 15, 16, 33, 300])),
        1 => json!(open),
        _ => json!(random.u64(..open.max(1))),
    }
}

fn object(random: &mut Rng, subject: &impl Subject, kind: char) -> Value {
    let count = subject.objects(kind);
    if count == 0 || random.u32(..40) == 0 { json!(999_999) } else { json!(format!("{kind}{}", random.usize(..count))) }
}

fn arguments(random: &mut Rng, subject: &impl Subject, caller: usize, operation: &str) -> Value {
    let seed = random.i64(0..256);
    match operation {
        "exit" => json!([one_of(random, &[0, 1, 7, 255, 256, 300])]),
        "wait4" => {
            let whom = match random.u32(..10) {
                0 => json!(0),
                1 => json!(format!("-{}", process(random, subject).as_str().unwrap_or("none"))),
                2 | 3 => process(random, subject),
                _ => json!(-1),
            };
            let mut options = some_of(random, &["NOHANG", "UNTRACED", "CONTINUED"], 5);
            if random.u32(..40) == 0 {
                options = json!([65536]);
            }
            json!([whom, options])
        }
        "kill" => {
            let whom = match random.u32(..12) {
                0 => json!(0),
                1 | 2 => json!(format!("-{}", process(random, subject).as_str().unwrap_or("none"))),
                _ => process(random, subject),
            };
            json!([whom, signal(random)])
        }
        "sigqueue" => json!([process(random, subject), signal(random), random.i64(0..1000)]),
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
        "sigtimedwait" => json!([signals(random, 4), i64::from(random.u32(..3) > 0)]),
        "setpgid" => {
            let one = |random: &mut Rng| match random.u32(..3) {
                0 => json!(0),
                _ => process(random, subject),
            };
            json!([one(random), one(random)])
        }
        "getpgid" | "getsid" => json!([process(random, subject)]),
        "pipe" => {
            let flags = if random.u32(..30) == 0 { json!([1]) } else { some_of(random, &["NONBLOCK"], 5) };
            json!([flags, one_of(random, &[0, 4096, 4096])])
        }
        "read" => {
            let count = one_of(random, &[0, 1, 2, 10, 24, 100, 4096, 4096, 8192, 70_000, 100_000]);
            json!([descriptor(random, subject, caller), count])
        }
        // Counts that fill whole pages, or little: what lies between shows Linux's accounting by pages.
        "write" => {
            let count = one_of(random, &[0, 1, 10, 24, 4096, 4096, 4096, 8192, 65_536]);
            json!([descriptor(random, subject, caller), count, seed])
        }
        "dup" | "close" | "mq_getattr" => json!([descriptor(random, subject, caller)]),
        "dup2" => json!([descriptor(random, subject, caller), random.i64(-1..17)]),
        "dup3" => {
            let flags = if random.u32(..10) == 0 { json!([1]) } else { some_of(random, &["CLOEXEC"], 3) };
            json!([descriptor(random, subject, caller), random.i64(-1..17), flags])
        }
        "fcntl" => {
            let command = one_of(random, &["DUPFD", "GETFD", "SETFD", "GETFL", "SETFL", "SETFL", "BAD"]);
            let value = match command {
                "SETFL" => some_of(random, &["NONBLOCK"], 2),
                "DUPFD" => json!(random.i64(0..18)),
                "SETFD" => json!(random.i64(0..2)),
                _ => json!(0),
            };
            json!([descriptor(random, subject, caller), command, value])
        }
        "mkfifo" | "unlink" | "mq_unlink" => json!([random.u32(..3)]),
        "open" => {
            let mut flags = vec![one_of(random, &["RDONLY", "RDONLY", "WRONLY", "WRONLY", "RDWR"])];
            if random.u32(..4) == 0 {
                flags.push("NONBLOCK");
            }
            json!([random.u32(..3), flags])
        }
        "mq_open" => {
            let mut flags = vec![one_of(random, &["RDWR", "RDWR", "RDWR", "RDONLY", "WRONLY"])];
            let more = [("CREAT", 2), ("EXCL", 6), ("NONBLOCK", 5)];
            flags.extend(more.into_iter().filter(|(_, odds)| random.u32(..*odds) == 0).map(|(name, _)| name));
            json!([random.u32(..3), flags, one_of(random, &[1, 2, 2, 4, 0, 11]), one_of(random, &[8, 16, 16, 32, 0])])
        }
        "mq_send" => {
            let (size, priority) = (one_of(random, &[0, 1, 8, 10, 16, 17]), one_of(random, &[0, 1, 2, 3, 3, 32_768]));
            json!([descriptor(random, subject, caller), size, priority, seed])
        }
        "mq_receive" => json!([descriptor(random, subject, caller), one_of(random, &[7, 16, 32, 32, 64])]),
        "mq_setattr" => json!([descriptor(random, subject, caller), random.u32(..2)]),
        "msgget" | "semget" | "shmget" => {
            let key = one_of(random, &[0, 4097, 4097, 4098, 4099]);
            let flags = some_of(random, &["CREAT", "CREAT", "EXCL"], 2);
            let flags = json!(unique(&flags));
            match operation {
                "msgget" => json!([key, flags]),
                "semget" => json!([key, one_of(random, &[0, 1, 2, 3, 3]), flags]),
                _ => json!([key, one_of(random, &[0, 1, 4096, 8192, 8192]), flags]),
            }
        }
        "msgsnd" => {
            let kind = one_of(random, &[1, 1, 2, 3, 3, 0, -1]);
            let size = one_of(random, &[0, 1, 2, 8, 16, 16, 100, 9000]);
            json!([object(random, subject, 'q'), kind, size, some_of(random, &["NOWAIT"], 4), seed])
        }
        "msgrcv" => {
            let kind = one_of(random, &[0, 0, 1, 2, 3, -1, -2, -3]);
            let flags = some_of(random, &["NOWAIT", "NOERROR"], 4);
            json!([object(random, subject, 'q'), one_of(random, &[0, 4, 64, 64, 64]), kind, flags])
        }
        "msgctl" => match random.u32(..8) {
            0 => json!([object(random, subject, 'q'), "RMID"]),
            1..4 => json!([object(random, subject, 'q'), "SET", one_of(random, &[0, 16, 32, 48, 64])]),
            _ => json!([object(random, subject, 'q'), "STAT"]),
        },
        "semop" => {
            let one = |random: &mut Rng| {
                let number = one_of(random, &[0, 0, 0, 1, 1, 2, 5]);
                let amount = one_of(random, &[1, 1, -1, -1, -1, -2, 0, 0, 3]);
                json!([number, amount, some_of(random, &["NOWAIT", "UNDO"], 5)])
            };
            let count = one_of(random, &[1, 1, 1, 2, 2, 3]);
            json!([object(random, subject, 's'), (0..count).map(|_| one(random)).collect::<Vec<_>>()])
        }
        "semctl" => {
            let command =
                one_of(random, &["GETVAL", "GETVAL", "SETVAL", "SETVAL", "GETPID", "GETNCNT", "GETZCNT", "RMID"]);
            let number = random.i64(0..3);
            match command {
                "SETVAL" => {
                    json!([object(random, subject, 's'), number, command, one_of(random, &[0, 0, 1, 2, 3, 32_768])])
                }
                _ => json!([object(random, subject, 's'), number, command]),
            }
        }
        "shmat" => json!([object(random, subject, 'm'), random.u32(..6), u32::from(random.u32(..4) == 0)]),
        "shmdt" => json!([random.u32(..6)]),
        "shmctl" => json!([object(random, subject, 'm'), one_of(random, &["STAT", "STAT", "STAT", "RMID"])]),
        "mmap" => {
            let rights = one_of(random, &["RW", "RW", "RW", "R", "NONE"]);
            let kind = one_of(random, &["SHARED", "SHARED", "SHARED", "PRIVATE", "PRIVATE", "PRIVATE", "0"]);
            json!([random.u32(..4), random.u32(1..4), rights, kind])
        }
        "munmap" => json!([random.u32(..4), random.u32(..2), random.u32(..3)]),
        "mprotect" => {
            json!([random.u32(..4), random.u32(..2), random.u32(1..3), one_of(random, &["RW", "RW", "R", "NONE"])])
        }
        "load" | "store" => {
            let mut list =
                vec![json!(random.u32(..5)), json!(random.u32(..2)), json!(one_of(random, &[0, 0, 1, 7, 4095]))];
            if operation == "store" {
                list.push(json!(seed));
            }
            Value::Array(list)
        }
        _ => json!([]),
    }
}

fn unique(list: &Value) -> Vec<Value> {
    let mut seen = Map::new();
    for name in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
        seen.insert(name.to_owned(), Value::Null);
    }
    seen.keys().map(|name| json!(name)).collect()
}
