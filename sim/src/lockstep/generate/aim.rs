//! What blind chance does too rarely: calls that wait because what they want isn't there, and operations that end a wait.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::subject::{Subject, process_name, process_number};
use super::arguments::{Making, one_of, signals};
use super::ledger::{Description, Ledger, Thing};

/// Whether a process is there and no zombie.
pub(super) fn lives(subject: &impl Subject, index: usize) -> bool {
    subject.fields(index).contains_key("nfd")
}

/// Arguments with which a call should wait, if there are any.
pub(super) fn waiting<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Option<Value> {
    match operation {
        "read" | "write" | "mq_send" | "mq_receive" => of_descriptor(random, making, operation),
        "open" => of_fifo(random, making.ledger),
        "wait4" | "waitid" => {
            let children = children(making.subject, making.caller);
            let state = |child: &usize| making.subject.fields(*child).get("s").and_then(Value::as_str);
            let has_news = children.iter().any(|child| state(child) == Some("zomb"));
            let alive: Vec<usize> = children.into_iter().filter(|child| lives(making.subject, *child)).collect();
            if alive.is_empty() || (has_news && random.u32(..3) > 0) {
                return None;
            }
            let one = process_name(one_of(random, &alive));
            match (operation, has_news || random.u32(..3) == 0) {
                ("wait4", true) => Some(json!([one, []])),
                ("wait4", false) => Some(json!([-1, []])),
                (_, true) => Some(json!(["PID", one, ["EXITED"]])),
                (_, false) => Some(json!(["ALL", 0, [one_of(random, &["EXITED", "EXITED", "STOPPED"])]])),
            }
        }
        "sigsuspend" | "sigtimedwait" => {
            let fields = making.subject.fields(making.caller);
            let pending = |signal: &Value| {
                ["pnd", "shd"]
                    .iter()
                    .any(|set| fields.get(*set).and_then(Value::as_array).is_some_and(|list| list.contains(signal)))
            };
            let Value::Array(drawn) = signals(random, 4) else { return None };
            if operation == "sigtimedwait" {
                let set: Vec<Value> = drawn.into_iter().filter(|signal| !pending(signal)).collect();
                return Some(json!([set, 1]));
            }
            let mut mask: Vec<i64> = (1..65).filter(|signal| pending(&json!(signal))).collect();
            mask.extend(drawn.iter().take(2).filter_map(Value::as_i64));
            mask.sort_unstable();
            mask.dedup();
            Some(json!([mask]))
        }
        "msgrcv" => {
            let queues: Vec<_> = making.ledger.messages.iter().collect();
            let (name, queue) = queues.get(random.usize(..queues.len().max(1)))?;
            let absent: Vec<i64> = (1..5).filter(|kind| !queue.types.contains(kind)).collect();
            let below = queue.types.iter().min().is_none_or(|least| *least > 1);
            let kind = match (queue.types.is_empty(), below) {
                (true, _) => one_of(random, &[0, 0, 1, 2, -2, -3]),
                (_, true) => -1,
                _ => *absent.first()?,
            };
            Some(json!([name, 64, kind, []]))
        }
        "msgsnd" => {
            let small: Vec<_> = making.ledger.messages.iter().filter(|(_, queue)| queue.bytes_most <= 64).collect();
            let (name, queue) = small.get(random.usize(..small.len().max(1)))?;
            let size = queue.bytes_most + one_of(random, &[1, 4, 36]);
            Some(json!([name, one_of(random, &[1, 2, 3]), size, [], random.i64(0..256)]))
        }
        "semop" => {
            let sets: Vec<_> = making.ledger.semaphores.iter().collect();
            let (name, values) = sets.get(random.usize(..sets.len().max(1)))?;
            let number = random.usize(..values.len());
            let amount = match (values[number], random.u32(..2)) {
                (1.., 0) => 0,
                (value, _) => -(value + one_of(random, &[1, 1, 2])),
            };
            let flags: &[&str] = if random.u32(..4) == 0 { &["UNDO"] } else { &[] };
            let mut list = vec![json!([number, amount, flags])];
            if random.u32(..4) == 0 {
                list.insert(random.usize(..2), json!([random.usize(..values.len()), 1, []]));
            }
            Some(json!([name, list]))
        }
        _ => None,
    }
}

/// The children of a process, as far as their parent shows.
pub(super) fn children(subject: &impl Subject, parent: usize) -> Vec<usize> {
    let name = process_name(parent);
    let is_child = |index: &usize| subject.fields(*index).get("pp").is_some_and(|other| *other == name);
    (0..subject.count()).filter(is_child).collect()
}

/// A pipe or queue which is empty, or full.
fn of_descriptor<S: Subject>(random: &mut Rng, making: &Making<'_, S>, operation: &str) -> Option<Value> {
    let ledger = making.ledger;
    let fits = |description: &Description| {
        let right = match operation {
            "read" | "mq_receive" => description.readable,
            _ => description.writable,
        };
        right
            && !description.nonblocking
            && match (operation, description.thing) {
                ("read", thing @ Thing::Pipe(pipe)) => ledger.pipes[pipe].now == 0 && ledger.is_open(thing, true),
                ("write", thing @ Thing::Pipe(_)) => ledger.is_open(thing, false),
                ("mq_receive", Thing::Queue(queue)) => ledger.queues[queue].now == 0,
                ("mq_send", Thing::Queue(queue)) => ledger.queues[queue].now >= ledger.queues[queue].most,
                _ => false,
            }
    };
    let own: Vec<(i64, Description)> = ledger.descriptors(making.caller).filter(|(_, found)| fits(found)).collect();
    let (fd, description) = *own.get(random.usize(..own.len().max(1)))?;
    Some(match (operation, description.thing) {
        ("read", _) => json!([fd, one_of(random, &[1, 10, 100, 4096, 9000])]),
        ("write", Thing::Pipe(pipe)) => {
            let level = ledger.pipes[pipe];
            let more = one_of(random, &[1, 10, 3000, 4096, 4097, 9000]);
            json!([fd, level.most - level.now + more, random.i64(0..256)])
        }
        ("mq_receive", _) => json!([fd, 64]),
        _ => json!([fd, one_of(random, &[0, 1, 8]), one_of(random, &[0, 1, 2, 3]), random.i64(0..256)]),
    })
}

/// A FIFO whose other end nobody has.
fn of_fifo(random: &mut Rng, ledger: &Ledger) -> Option<Value> {
    let mut ways = Vec::new();
    for (&number, &pipe) in &ledger.fifos {
        let is_open = |write| ledger.is_open(Thing::Pipe(pipe), write);
        if !is_open(true) {
            ways.push(json!([number, ["RDONLY"]]));
        }
        if !is_open(false) {
            ways.push(json!([number, ["WRONLY"]]));
        }
    }
    (!ways.is_empty()).then(|| one_of(random, &ways))
}

/// An operation that lets somebody go on who waits or is stopped, if there is any.
pub(super) fn release<S: Subject>(random: &mut Rng, subject: &S, ledger: &Ledger, idle: &[usize]) -> Option<Value> {
    let held: Vec<usize> =
        (0..subject.count()).filter(|index| lives(subject, *index) && !idle.contains(index)).collect();
    let target = *held.get(random.usize(..held.len().max(1)))?;
    let caller = one_of(random, idle);
    let name = process_name(target);
    let fields = subject.fields(target);
    if fields.get("s").is_some_and(|state| state == "stop") {
        return Some(json!({"p": process_name(caller), "o": "kill", "a": [name, one_of(random, &[18, 18, 18, 9])]}));
    }
    let pending = ledger.pending(target)?;
    if random.u32(..3) > 0
        && let Some(operation) = counterpart(random, subject, ledger, idle, target, pending)
    {
        return Some(operation);
    }
    let numbers = |set: &str| -> Vec<i64> {
        fields.get(set).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64).collect()
    };
    let blocked = numbers("blk");
    let mut useful: Vec<i64> = numbers("cgt").into_iter().filter(|signal| !blocked.contains(signal)).collect();
    if target != 0 && (useful.is_empty() || random.u32(..4) == 0) {
        useful = vec![9, 15, 10];
    }
    let signal = *useful.get(random.usize(..useful.len().max(1)))?;
    Some(json!({"p": process_name(caller), "o": "kill", "a": [name, signal]}))
}

/// What the target waits for, done by somebody who can.
fn counterpart<S: Subject>(
    random: &mut Rng,
    subject: &S,
    ledger: &Ledger,
    idle: &[usize],
    target: usize,
    pending: &Value,
) -> Option<Value> {
    let caller = one_of(random, idle);
    let seed = random.i64(0..256);
    let asked = &pending["a"];
    let by = |process: usize, operation: &str, arguments: Value| {
        Some(json!({"p": process_name(process), "o": operation, "a": arguments}))
    };
    let end = |write: bool| {
        let thing = ledger.thing(target, asked[0].as_i64()?)?;
        idle.iter().find_map(|&process| Some((process, ledger.end_of(process, thing, write)?)))
    };
    match pending["o"].as_str()? {
        "read" => {
            let (process, fd) = end(true)?;
            by(process, "write", json!([fd, one_of(random, &[1, 10, 100, 4096]), seed]))
        }
        "write" => {
            let (process, fd) = end(false)?;
            by(process, "read", json!([fd, one_of(random, &[1, 4096, 4096, 8192, 100_000])]))
        }
        "open" => {
            let waits_for_writer = asked[1][0] == "RDONLY";
            by(caller, "open", json!([asked[0], [if waits_for_writer { "WRONLY" } else { "RDONLY" }]]))
        }
        "wait4" | "waitid" => {
            let children: Vec<usize> =
                children(subject, target).into_iter().filter(|child| lives(subject, *child)).collect();
            let child = *children.get(random.usize(..children.len().max(1)))?;
            match idle.contains(&child) && child != 0 {
                true => by(child, "exit", json!([one_of(random, &[0, 3])])),
                false => by(caller, "kill", json!([process_name(child), one_of(random, &[9, 15, 19])])),
            }
        }
        "sigtimedwait" => {
            let signal = asked[0].as_array()?.first()?;
            by(caller, "kill", json!([process_name(target), signal]))
        }
        "mq_receive" => {
            let (process, fd) = end(true)?;
            by(process, "mq_send", json!([fd, one_of(random, &[0, 1, 8]), random.u32(..3), seed]))
        }
        "mq_send" => {
            let (process, fd) = end(false)?;
            by(process, "mq_receive", json!([fd, 64]))
        }
        "msgrcv" => {
            let kind = asked[2].as_i64()?.abs().max(1);
            by(caller, "msgsnd", json!([asked[0], kind, one_of(random, &[0, 4, 16]), ["NOWAIT"], seed]))
        }
        "msgsnd" => match random.u32(..3) {
            0 => by(caller, "msgctl", json!([asked[0], "SET", 16_384])),
            _ => by(caller, "msgrcv", json!([asked[0], 64, 0, ["NOWAIT"]])),
        },
        "semop" => {
            let first = asked[1].as_array()?.iter().find(|one| one[1].as_i64() <= Some(0))?;
            let value = if first[1] == 0 { 0 } else { random.i64(1..4) };
            by(caller, "semctl", json!([asked[0], first[0], "SETVAL", value]))
        }
        _ => None,
    }
}

/// Whether an operation may well kill process `a`.
pub(super) fn endangers_root(subject: &impl Subject, operation: &Value) -> bool {
    const HARMLESS: &[i64] = &[0, 17, 18, 19, 20, 21, 22, 23, 28];
    let root = subject.fields(0);
    let has = |field: &str, signal: i64| {
        root.get(field).and_then(Value::as_array).is_some_and(|list| list.contains(&json!(signal)))
    };
    let survives = |signal: i64| {
        signal != 9 && (HARMLESS.contains(&signal) || has("cgt", signal) || has("ign", signal) || has("blk", signal))
    };
    let (by_root, arguments) = (process_number(&operation["p"]) == Some(0), &operation["a"]);
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
        "load" | "store" => by_root && [7, 11].iter().any(|fault| !has("cgt", *fault) || has("blk", *fault)),
        _ => false,
    }
}
