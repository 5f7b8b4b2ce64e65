//! Which operations there are, and which arguments each takes: `tests/oracle/lockstep/README.md` as a table. What it lets pass can be
//! carried out, and is defined; what a flag stands for is in `operation/words.rs`.

use std::fmt;

use serde_json::Value;

use super::subject::{process_name, process_number};

/// What an argument may be.
pub(super) enum Kind {
    /// A number of this range, both ends included.
    Number(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, or null.
    WordOrNull(&'static [&'static str]),
    /// A list of these words, each at most once, or of numbers that stand for bits that aren't allowed.
    Flags(&'static [&'static str], &'static [i64]),
    /// A list of flags that begins with an access mode.
    Access(&'static [&'static str]),
    /// A list of signals.
    Set,
    /// The same, or null.
    SetOrNull,
    /// `b`, `none`, or a number from this one to 0.
    Process(i64),
    /// The same, or a group: `-b`, `-none`.
    ProcessOrGroup(i64),
    /// `q0`, or a number that no object has as its identifier.
    Object(char),
    /// A list of semaphore operations.
    SemaphoreOperations,
}

use Kind::{
    Access, Flags, Number, Object, Process, ProcessOrGroup, SemaphoreOperations, Set, SetOrNull, Word, WordOrNull,
};

/// Identifiers that no System V object has.
const NO_OBJECTS: [i64; 2] = [-1, 999_999];
const ACCESS_MODES: [&str; 3] = ["RDONLY", "WRONLY", "RDWR"];
/// More operations than this aren't asked of semaphores at a time.
const SEMAPHORE_OPERATIONS: usize = 8;

const FD: Kind = Number(-1, 100_000);
const SIGNAL: Kind = Number(-1, 99);
/// The longest transfer, in bytes: what processes have room for.
const BYTES: Kind = Number(0, 500_000);
const MESSAGE_BYTES: Kind = Number(0, 65_536);
const MESSAGE_TYPE: Kind = Number(i32::MIN as i64, i32::MAX as i64);
const SEED: Kind = Number(0, 255);
/// The number in the name of a FIFO, a queue, a shared memory object.
const NUMBERED: Kind = Number(0, 9);
const KEY: Kind = Number(0, i32::MAX as i64);
const CREATION: Kind = Flags(&["CREAT", "EXCL"], &[]);
/// Slots and pages are few enough that memory never runs out, and no mapping reaches into the next slot.
const SLOT: Kind = Number(0, 7);
const PAGE: Kind = Number(0, 7);
const PAGES: Kind = Number(0, 8);
const OFFSET: Kind = Number(0, 4095);
const PROTECTION: Kind = Word(&["NONE", "R", "RW"]);
const SHARING: Kind = Word(&["SHARED", "PRIVATE", "0"]);
const YES_OR_NO: Kind = Number(0, 1);

/// Every operation, with its arguments; one that has several forms stands here several times.
pub(super) const SIGNATURES: &[(&str, &[Kind])] = &[
    ("fork", &[]),
    ("exit", &[Number(0, 65_535)]),
    ("wait4", &[ProcessOrGroup(-1), Flags(&["NOHANG", "UNTRACED", "CONTINUED"], &[65_536])]),
    (
        "waitid",
        &[
            Word(&["ALL", "PID", "PGID", "BAD"]),
            Process(0),
            Flags(&["EXITED", "STOPPED", "CONTINUED", "NOHANG", "NOWAIT"], &[]),
        ],
    ),
    ("kill", &[ProcessOrGroup(0), SIGNAL]),
    ("sigqueue", &[Process(1), SIGNAL, Number(0, i32::MAX as i64)]),
    (
        "sigaction",
        &[
            SIGNAL,
            WordOrNull(&["DFL", "IGN", "CATCH"]),
            Flags(&["RESTART", "NODEFER", "RESETHAND", "NOCLDWAIT", "NOCLDSTOP"], &[]),
            Set,
        ],
    ),
    ("sigprocmask", &[Word(&["BLOCK", "UNBLOCK", "SETMASK", "BAD"]), SetOrNull]),
    ("sigpending", &[]),
    ("sigsuspend", &[Set]),
    ("pause", &[]),
    ("sigtimedwait", &[Set, YES_OR_NO]),
    ("pipe", &[Flags(&["NONBLOCK"], &[1]), Number(0, 65_536)]),
    ("mkfifo", &[NUMBERED]),
    ("unlink", &[NUMBERED]),
    ("open", &[NUMBERED, Access(&["NONBLOCK"])]),
    ("read", &[FD, BYTES]),
    ("write", &[FD, BYTES, SEED]),
    ("dup", &[FD]),
    ("dup2", &[FD, FD]),
    ("dup3", &[FD, FD, Flags(&["CLOEXEC"], &[1])]),
    ("close", &[FD]),
    ("fcntl", &[FD, Word(&["SETFL"]), Flags(&["NONBLOCK"], &[])]),
    ("fcntl", &[FD, Word(&["DUPFD"]), FD]),
    ("fcntl", &[FD, Word(&["SETFD"]), YES_OR_NO]),
    ("fcntl", &[FD, Word(&["SETPIPE_SZ"]), Number(1, 65_537)]),
    ("fcntl", &[FD, Word(&["GETFD", "GETFL", "GETPIPE_SZ", "BAD"]), Number(0, 0)]),
    ("fionread", &[FD]),
    ("mq_open", &[NUMBERED, Access(&["CREAT", "EXCL", "NONBLOCK"]), Number(-1, 11), Number(-1, 64)]),
    ("mq_unlink", &[NUMBERED]),
    ("mq_send", &[FD, MESSAGE_BYTES, Number(0, 32_768), SEED]),
    ("mq_receive", &[FD, MESSAGE_BYTES]),
    ("mq_getattr", &[FD]),
    ("mq_setattr", &[FD, YES_OR_NO]),
    ("setpgid", &[ProcessOrGroup(-5), ProcessOrGroup(-5)]),
    ("getpgid", &[ProcessOrGroup(0)]),
    ("setsid", &[]),
    ("getsid", &[ProcessOrGroup(0)]),
    ("getppid", &[]),
    ("mmap", &[SLOT, PAGES, PROTECTION, SHARING]),
    ("munmap", &[SLOT, PAGE, PAGES]),
    ("mprotect", &[SLOT, PAGE, PAGES, PROTECTION]),
    ("load", &[SLOT, PAGE, OFFSET]),
    ("store", &[SLOT, PAGE, OFFSET, Number(0, 255)]),
    ("shmget", &[KEY, Number(0, 32_768), CREATION]),
    ("shmat", &[Object('m'), SLOT, YES_OR_NO]),
    ("shmdt", &[SLOT]),
    ("shmctl", &[Object('m'), Word(&["STAT", "RMID"])]),
    ("shm_open", &[NUMBERED, Access(&["CREAT", "EXCL", "TRUNC"])]),
    ("shm_unlink", &[NUMBERED]),
    ("ftruncate", &[FD, Number(-1, 32_768)]),
    ("mapfd", &[SLOT, PAGES, PROTECTION, SHARING, FD, PAGE]),
    ("msgget", &[KEY, CREATION]),
    ("msgsnd", &[Object('q'), MESSAGE_TYPE, MESSAGE_BYTES, Flags(&["NOWAIT"], &[]), SEED]),
    ("msgrcv", &[Object('q'), MESSAGE_BYTES, MESSAGE_TYPE, Flags(&["NOWAIT", "NOERROR"], &[])]),
    ("msgctl", &[Object('q'), Word(&["RMID", "STAT"])]),
    ("msgctl", &[Object('q'), Word(&["SET"]), Number(0, 16_384)]),
    // 40,000 are more than any set may have.
    ("semget", &[KEY, Number(-1, 8), CREATION]),
    ("semget", &[KEY, Number(40_000, 40_000), CREATION]),
    ("semop", &[Object('s'), SemaphoreOperations]),
    ("semctl", &[Object('s'), Number(-1, 1000), Word(&["SETVAL"]), Number(-1, 32_768)]),
    ("semctl", &[Object('s'), Number(-1, 1000), Word(&["GETVAL", "GETPID", "GETNCNT", "GETZCNT", "RMID"])]),
];

/// What in an operation isn't as the format has it, whatever the state of things, if anything is.
pub(super) fn mistake(asked: &Value) -> Option<String> {
    let operation = asked["o"].as_str().unwrap_or("");
    if process_number(&asked["p"]).is_none() {
        return Some("a process is named by one letter, from a to z".into());
    }
    let Some(arguments) = asked["a"].as_array() else { return Some("it has no list of arguments".into()) };
    let mut furthest: Option<(usize, String)> = None;
    for (_, kinds) in SIGNATURES.iter().filter(|(name, _)| *name == operation) {
        let (place, why) = match kinds.iter().zip(arguments).position(|(kind, argument)| !kind.fits(argument)) {
            Some(place) => (place, format!("argument {} isn't {}", place + 1, kinds[place])),
            None if kinds.len() == arguments.len() => return None,
            None => (kinds.len(), format!("it takes {} arguments, not {}", kinds.len(), arguments.len())),
        };
        if furthest.as_ref().is_none_or(|(other, _)| place >= *other) {
            furthest = Some((place, why));
        }
    }
    Some(furthest.map_or_else(|| "there is no such operation".into(), |(_, why)| why))
}

/// What an argument names.
pub(super) enum Named {
    /// The process with this number.
    Process(usize),
    /// The object of a kind with this number.
    Object(char, usize),
}

/// What the arguments of an operation in which there is no mistake name.
pub(super) fn named(asked: &Value) -> impl Iterator<Item = Named> {
    let kinds = SIGNATURES.iter().find(|(name, _)| asked["o"] == *name).map_or(&[][..], |(_, kinds)| kinds);
    kinds.iter().zip(asked["a"].as_array().into_iter().flatten()).filter_map(|(kind, argument)| match kind {
        Process(_) | ProcessOrGroup(_) => {
            let name = argument.as_str()?;
            process_number(&name.strip_prefix('-').unwrap_or(name).into()).map(Named::Process)
        }
        Object(kind) => Some(Named::Object(*kind, number_of_object(*kind, argument.as_str()?)?)),
        _ => None,
    })
}

/// The number in the name of an object: 3 for `q3`.
fn number_of_object(kind: char, name: &str) -> Option<usize> {
    let digits = name.strip_prefix(kind)?;
    let number = digits.parse().ok()?;
    // One object has one name: neither `q+1` nor `q01`.
    (format!("{number}") == digits).then_some(number)
}

impl Kind {
    fn fits(&self, argument: &Value) -> bool {
        let is_word = |words: &[&str]| argument.as_str().is_some_and(|word| words.contains(&word));
        match self {
            Number(least, most) => argument.as_i64().is_some_and(|number| (*least..=*most).contains(&number)),
            Word(words) => is_word(words),
            WordOrNull(words) => argument.is_null() || is_word(words),
            Flags(words, bits) => are_flags(argument, words, bits),
            Access(words) => {
                let list = argument.as_array().map_or(&[][..], Vec::as_slice);
                let Some((mode, others)) = list.split_first() else { return false };
                ACCESS_MODES.iter().any(|other| mode == other) && are_flags(&others.into(), words, &[])
            }
            Set => is_set(argument),
            SetOrNull => argument.is_null() || is_set(argument),
            Process(least) => is_process(argument, *least),
            ProcessOrGroup(least) => {
                let group = argument.as_str().and_then(|name| name.strip_prefix('-'));
                is_process(argument, *least) || group.is_some_and(|name| is_process(&name.into(), 1))
            }
            Object(kind) => match argument.as_str() {
                Some(name) => number_of_object(*kind, name).is_some(),
                None => argument.as_i64().is_some_and(|number| NO_OBJECTS.contains(&number)),
            },
            SemaphoreOperations => {
                let list = argument.as_array();
                list.is_some_and(|list| list.len() <= SEMAPHORE_OPERATIONS && list.iter().all(is_semaphore_operation))
            }
        }
    }
}

fn are_flags(argument: &Value, words: &[&str], bits: &[i64]) -> bool {
    let Some(list) = argument.as_array() else { return false };
    let is_known = |flag: &Value| match flag.as_str() {
        Some(word) => words.contains(&word),
        None => flag.as_i64().is_some_and(|number| bits.contains(&number)),
    };
    list.iter().enumerate().all(|(place, flag)| is_known(flag) && !list[..place].contains(flag))
}

fn is_set(argument: &Value) -> bool {
    argument.as_array().is_some_and(|list| list.iter().all(|signal| Number(1, 64).fits(signal)))
}

fn is_process(argument: &Value, least: i64) -> bool {
    argument == "none" || process_number(argument).is_some() || Number(least, 0).fits(argument)
}

fn is_semaphore_operation(operation: &Value) -> bool {
    let parts = operation.as_array().map_or(&[][..], Vec::as_slice);
    let [number, amount, flags] = parts else { return false };
    // An amount is a 16-bit number, and so is what takes it back.
    Number(0, 1000).fits(number) && Number(-32_767, 32_767).fits(amount) && are_flags(flags, &["NOWAIT", "UNDO"], &[])
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number(least, most) => write!(f, "a number from {least} to {most}"),
            Word(words) => write!(f, "one of {}", words.join(" ")),
            WordOrNull(words) => write!(f, "null or one of {}", words.join(" ")),
            Flags(words, _) => write!(f, "a list of {}, each at most once", words.join(" ")),
            Access(words) => {
                write!(f, "a list that begins with one of {}, then {}", ACCESS_MODES.join(" "), words.join(" "))
            }
            Set => f.write_str("a list of signals from 1 to 64"),
            SetOrNull => f.write_str("null or a list of signals from 1 to 64"),
            Process(_) | ProcessOrGroup(_) => write!(f, "a process, as {} or none", process_name(1)),
            Object(kind) => write!(f, "an object, as {kind}0"),
            SemaphoreOperations => {
                write!(f, "a list of at most {SEMAPHORE_OPERATIONS} semaphore operations, as [0,-1,[UNDO]]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use serde_json::{Value, json};

    use super::super::simulated::Simulated;
    use super::super::subject::{Subject, Trouble, process_name};
    use super::*;

    /// An argument of a kind: near the ends of a range as often as in it.
    fn sample(random: &mut Rng, kind: &Kind, machine: &Simulated) -> Value {
        let one = |random: &mut Rng, words: &[&str]| words[random.usize(..words.len())].to_owned();
        let some = |random: &mut Rng, words: &[&'static str]| -> Vec<&str> {
            words.iter().filter(|_| random.u32(..3) == 0).copied().collect()
        };
        let number = |random: &mut Rng, least: i64, most: i64| match random.u32(..8) {
            0 => least,
            1 => most,
            2 => random.i64(least..=most),
            _ => random.i64(least..=most.min(least.max(0) + 6)),
        };
        let set = |random: &mut Rng| -> Vec<i64> { (0..random.u32(..4)).map(|_| number(random, 1, 64)).collect() };
        let process = |random: &mut Rng| match random.u32(..10) {
            0 => "none".to_owned(),
            _ => process_name(random.usize(..machine.count())),
        };
        match kind {
            Number(least, most) => json!(number(random, *least, *most)),
            Word(words) => json!(one(random, words)),
            WordOrNull(words) if random.bool() => json!(one(random, words)),
            WordOrNull(_) => Value::Null,
            Flags(_, [bit]) if random.u32(..10) == 0 => json!([bit]),
            Flags(words, _) => json!(some(random, words)),
            Access(words) => {
                let mut list = vec![one(random, &ACCESS_MODES)];
                list.extend(some(random, words).into_iter().map(str::to_owned));
                json!(list)
            }
            SetOrNull if random.u32(..5) == 0 => Value::Null,
            Set | SetOrNull => json!(set(random)),
            Process(least) | ProcessOrGroup(least) if *least <= 0 && random.u32(..5) == 0 => {
                json!(random.i64(*least..=0))
            }
            ProcessOrGroup(_) if random.u32(..5) == 0 => json!(format!("-{}", process(random))),
            Process(_) | ProcessOrGroup(_) => json!(process(random)),
            Object(kind) => match machine.objects(*kind) {
                count if count > 0 && random.u32(..10) > 0 => json!(format!("{kind}{}", random.usize(..count))),
                _ => json!(NO_OBJECTS[random.usize(..NO_OBJECTS.len())]),
            },
            SemaphoreOperations => {
                let operation = |random: &mut Rng| {
                    let (index, amount) = (number(random, 0, 1000), number(random, -32_767, 32_767));
                    let amount = if random.bool() { random.i64(-2..3) } else { amount };
                    json!([index, amount, some(random, &["NOWAIT", "UNDO"])])
                };
                let count = random.usize(..=SEMAPHORE_OPERATIONS);
                json!((0..count).map(|_| operation(random)).collect::<Vec<_>>())
            }
        }
    }

    #[test]
    fn what_the_table_lets_pass_is_carried_out() {
        let precautions = [(13, "IGN"), (11, "CATCH"), (7, "CATCH")];
        let mut carried_out = 0;
        for seed in 0..400 {
            let (mut random, mut machine) = (Rng::with_seed(seed), Simulated::new());
            for number in 0..120 {
                let Some(&caller) = machine.idle().get(random.usize(..machine.idle().len().max(1))) else { break };
                let (operation, kinds) = SIGNATURES[random.usize(..SIGNATURES.len())];
                let mut arguments: Vec<Value> = kinds.iter().map(|kind| sample(&mut random, kind, &machine)).collect();
                let mut name = operation;
                if let Some((signal, disposition)) = precautions.get(number) {
                    (name, arguments) = ("sigaction", vec![json!(signal), json!(disposition), json!([]), json!([])]);
                }
                let asked = json!({"p": process_name(caller), "o": name, "a": arguments});
                match machine.carry_out(&asked) {
                    Ok(_) => carried_out += 1,
                    Err(Trouble::RootDied | Trouble::NotNow(_)) => break,
                    Err(Trouble::Bad(why)) => panic!("{why}"),
                };
                machine.check().unwrap_or_else(|violation| panic!("{asked}: {violation}"));
            }
        }
        assert!(carried_out > 5_000, "only {carried_out} operations");
    }
}
