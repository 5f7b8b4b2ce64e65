//! How often what occurred in a run.

use std::collections::BTreeMap;

use serde_json::Value;
use sim::lockstep::generate::MAY_WAIT;

/// Kinds of operations: those that share a kind do the same in other words.
const KINDS: &[(&str, &[&str])] = &[
    ("fork", &["fork"]),
    ("exit", &["exit"]),
    ("wait4", &["wait4"]),
    ("waitid", &["waitid"]),
    ("setpgid, setsid", &["setpgid", "setsid"]),
    ("getpgid, getsid, getppid", &["getpgid", "getsid", "getppid"]),
    ("kill", &["kill"]),
    ("sigqueue", &["sigqueue"]),
    ("sigaction", &["sigaction"]),
    ("sigprocmask", &["sigprocmask"]),
    ("sigpending", &["sigpending"]),
    ("sigsuspend, pause", &["sigsuspend", "pause"]),
    ("sigtimedwait", &["sigtimedwait"]),
    ("pipe", &["pipe"]),
    ("mkfifo, unlink", &["mkfifo", "unlink"]),
    ("open", &["open"]),
    ("read", &["read"]),
    ("write", &["write"]),
    ("dup, dup2, dup3", &["dup", "dup2", "dup3"]),
    ("close", &["close"]),
    ("fcntl, ioctl", &["fcntl", "fionread"]),
    ("mq_open, mq_unlink", &["mq_open", "mq_unlink"]),
    ("mq_send", &["mq_send"]),
    ("mq_receive", &["mq_receive"]),
    ("mq_getattr, mq_setattr", &["mq_getattr", "mq_setattr"]),
    ("msgget, msgctl", &["msgget", "msgctl"]),
    ("msgsnd", &["msgsnd"]),
    ("msgrcv", &["msgrcv"]),
    ("semget, semctl", &["semget", "semctl"]),
    ("semop", &["semop"]),
    ("mmap, munmap, mprotect", &["mmap", "munmap", "mprotect", "mapfd"]),
    ("load", &["load"]),
    ("store", &["store"]),
    ("shmget, shmctl", &["shmget", "shmctl"]),
    ("shmat, shmdt", &["shmat", "shmdt"]),
    ("shm_open, shm_unlink, ftruncate", &["shm_open", "shm_unlink", "ftruncate"]),
];

/// What a run is to show: so many kinds, none rarer than this share of all operations, and of the calls that can block this
/// share really blocking.
const KINDS_LEAST: usize = 20;
const SHARE_LEAST: f64 = 0.01;
const BLOCKED_LEAST: f64 = 0.30;

/// The counts.
#[derive(Default)]
pub(crate) struct Counts {
    operations: BTreeMap<String, u64>,
    /// Of the calls that can block: how many did.
    blocked: BTreeMap<String, u64>,
    stopped: u64,
    errors: u64,
}

impl Counts {
    /// Counts an operation.
    pub(crate) fn note(&mut self, record: &Value) {
        let operation = record["o"].as_str().unwrap_or("");
        *self.operations.entry(operation.to_owned()).or_default() += 1;
        self.errors += u64::from(record.get("e").is_some());
        self.stopped += u64::from(record["out"] == "stop");
        if MAY_WAIT.contains(&operation) && record["out"] == "blk" {
            *self.blocked.entry(operation.to_owned()).or_default() += 1;
        }
    }

    /// All operations.
    pub(crate) fn total(&self) -> u64 {
        self.operations.values().sum()
    }

    fn of(&self, names: &[&str]) -> u64 {
        names.iter().filter_map(|name| self.operations.get(*name)).sum()
    }

    /// How many calls blocked, and how many could, whatever their flags were.
    fn blocked(&self) -> (u64, u64) {
        (self.blocked.values().sum(), self.of(MAY_WAIT))
    }

    fn blocked_share(&self) -> f64 {
        let (blocked, all) = self.blocked();
        blocked as f64 / all.max(1) as f64
    }

    /// A table of kinds, and the share of calls that blocked.
    pub(crate) fn show(&self) -> String {
        let total = self.total().max(1) as f64;
        let mut rows: Vec<(u64, &str)> = KINDS.iter().map(|(kind, names)| (self.of(names), *kind)).collect();
        rows.retain(|(count, _)| *count > 0);
        rows.sort_by(|a, b| b.cmp(a));
        let mut text = String::new();
        for (count, kind) in rows {
            text += &format!("{count:>9}  {:>5.2} %  {kind}\n", 100.0 * count as f64 / total);
        }
        let (blocked, all) = self.blocked();
        text += &format!("{blocked} of {all} calls that can block did ({:.1} %):", 100.0 * self.blocked_share());
        for name in MAY_WAIT.iter().filter(|name| self.of(&[name]) > 0) {
            let blocked = self.blocked.get(*name).copied().unwrap_or_default();
            text += &format!(" {name} {:.0} %", 100.0 * blocked as f64 / self.of(&[name]) as f64);
        }
        text + &format!(
            "\n{} operations failed, {} callers were stopped by their own call\n",
            self.errors, self.stopped
        )
    }

    /// What a run should have shown and didn't.
    pub(crate) fn shortcomings(&self) -> Vec<String> {
        let total = self.total() as f64;
        let mut missing = Vec::new();
        let mut kinds = 0;
        for (kind, names) in KINDS {
            let share = self.of(names) as f64 / total;
            match share < SHARE_LEAST {
                true => missing.push(format!("{kind} is {:.2} % of all operations, less than 1 %", 100.0 * share)),
                false => kinds += 1,
            }
        }
        if kinds < KINDS_LEAST {
            missing.push(format!("{kinds} kinds of operations are frequent enough, fewer than {KINDS_LEAST}"));
        }
        if self.blocked_share() < BLOCKED_LEAST {
            missing.push(format!(
                "{:.1} % of the calls that can block did, less than {:.0} %",
                100.0 * self.blocked_share(),
                100.0 * BLOCKED_LEAST
            ));
        }
        for name in self.operations.keys() {
            if !KINDS.iter().any(|(_, names)| names.contains(&name.as_str())) {
                missing.push(format!("{name} is of no kind"));
            }
        }
        missing
    }
}
