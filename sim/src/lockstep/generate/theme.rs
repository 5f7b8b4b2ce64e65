//! What scripts are about, and how often each operation occurs in them.

use serde_json::Value;

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
    /// Mappings, System V and POSIX shared memory.
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
    pub(super) fn weights(self, operations: Operations) -> Vec<(&'static str, u32)> {
        let own: &[&[(&str, u32)]] = match self {
            Theme::Proc => &[PROCESSES, PROCESSES, SIGNALS],
            Theme::Signals => &[PROCESSES, SIGNALS, SIGNALS],
            Theme::Pipes => &[PROCESSES, PIPES, PIPES, PIPES],
            Theme::Mqueue => &[PROCESSES, QUEUES, QUEUES, QUEUES],
            Theme::Sysv => &[PROCESSES, SYSTEM_V, SYSTEM_V, SYSTEM_V],
            Theme::Memory => &[PROCESSES, MEMORY, MEMORY, MEMORY],
            Theme::Mixed => &[PROCESSES, SIGNALS, PIPES, QUEUES, SYSTEM_V, MEMORY],
        };
        let all = own.iter().flat_map(|list| list.iter().copied());
        all.filter(|(name, _)| operations == Operations::All || !NEWER.contains(name)).collect()
    }
}

/// Which operations occur in a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operations {
    /// Those of the records that the project keeps.
    Recorded,
    /// Those that came later too.
    All,
}

impl Operations {
    /// Whether an operation is one of these.
    pub fn have(self, asked: &Value) -> bool {
        let newer = |name: &str| NEWER.contains(&name) || NEWER_COMMANDS.contains(&name);
        let is_newer = |word: &Value| word.as_str().is_some_and(newer);
        self == Operations::All || !(is_newer(&asked["o"]) || asked["o"] == "fcntl" && is_newer(&asked["a"][1]))
    }
}

/// Commands of `fcntl` that came later.
const NEWER_COMMANDS: &[&str] = &["SETPIPE_SZ", "GETPIPE_SZ"];
const NEWER: &[&str] = &["waitid", "fionread", "shm_open", "shm_unlink", "ftruncate", "mapfd"];

const PROCESSES: &[(&str, u32)] = &[
    ("fork", 18),
    ("exit", 10),
    ("wait4", 12),
    ("waitid", 10),
    ("kill", 16),
    ("setpgid", 5),
    ("setsid", 3),
    ("getpgid", 2),
    ("getsid", 2),
    ("getppid", 2),
    ("sigaction", 9),
];
const SIGNALS: &[(&str, u32)] = &[
    ("kill", 16),
    ("sigqueue", 14),
    ("sigaction", 10),
    ("sigprocmask", 14),
    ("sigpending", 9),
    ("sigsuspend", 14),
    ("pause", 8),
    ("sigtimedwait", 18),
];
const PIPES: &[(&str, u32)] = &[
    ("pipe", 9),
    ("read", 30),
    ("write", 30),
    ("dup", 4),
    ("dup2", 4),
    ("dup3", 3),
    ("close", 12),
    ("fcntl", 10),
    ("fionread", 3),
    ("mkfifo", 10),
    ("unlink", 2),
    ("open", 20),
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
    &[("msgget", 6), ("msgsnd", 16), ("msgrcv", 24), ("msgctl", 9), ("semget", 6), ("semop", 34), ("semctl", 14)];
const MEMORY: &[(&str, u32)] = &[
    ("mmap", 12),
    ("munmap", 5),
    ("mprotect", 8),
    ("load", 26),
    ("store", 26),
    ("shmget", 8),
    ("shmat", 9),
    ("shmdt", 4),
    ("shmctl", 8),
    ("shm_open", 8),
    ("shm_unlink", 2),
    ("ftruncate", 7),
    ("mapfd", 10),
    ("close", 2),
];

/// Calls that may leave their caller waiting.
pub const MAY_WAIT: &[&str] = &[
    "read",
    "write",
    "open",
    "wait4",
    "waitid",
    "sigsuspend",
    "pause",
    "sigtimedwait",
    "mq_send",
    "mq_receive",
    "msgsnd",
    "msgrcv",
    "semop",
];
