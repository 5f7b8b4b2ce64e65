//! Situations to which chance hardly ever leads: a write that nobody will read by somebody whom SIGPIPE reaches, a real-time signal that
//! is pending twice, a stop that is asked for twice, a group that becomes orphaned while a member is stopped. Each is led to one operation
//! at a time, by whoever stands where the next one can be made.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::subject::{Subject, process_name};
use super::aim::{children, lives};
use super::arguments::one_of;
use super::ledger::{Ledger, Thing};
use super::theme::Theme;

const SIGPIPE: i64 = 13;
const SIGSTOP: i64 = 19;
const REALTIME: [i64; 3] = [34, 35, 36];

/// An operation on the way to a situation that fits the theme, if there is one.
pub(super) fn toward<S: Subject>(
    random: &mut Rng,
    subject: &S,
    ledger: &Ledger,
    idle: &[usize],
    theme: Theme,
) -> Option<Value> {
    let caller = one_of(random, idle);
    match (theme, random.u32(..4)) {
        (Theme::Pipes, _) | (Theme::Mixed, 0) => broken_pipe(random, subject, ledger, caller),
        (Theme::Proc | Theme::Signals | Theme::Mixed, 1) => orphaned_group(subject, idle),
        (Theme::Proc | Theme::Mixed, 2) | (Theme::Proc, 0) => stop_again(random, subject, caller),
        (Theme::Signals | Theme::Mixed, 3) | (Theme::Signals, _) => queued_twice(random, subject, caller),
        _ => None,
    }
}

fn asks(process: usize, operation: &str, arguments: Value) -> Option<Value> {
    Some(json!({"p": process_name(process), "o": operation, "a": arguments}))
}

fn has(subject: &impl Subject, process: usize, set: &str, signal: i64) -> bool {
    let list = subject.fields(process).get(set).and_then(Value::as_array);
    list.is_some_and(|list| list.contains(&json!(signal)))
}

fn is(subject: &impl Subject, process: usize, field: &str, value: &str) -> bool {
    subject.fields(process).get(field).is_some_and(|other| other == value)
}

/// Whoever can write to a pipe without readers does, once SIGPIPE would reach it. All begin with ignoring it, as `a` does.
fn broken_pipe(random: &mut Rng, subject: &impl Subject, ledger: &Ledger, caller: usize) -> Option<Value> {
    let in_vain = |thing: Thing| matches!(thing, Thing::Pipe(_)) && !ledger.is_open(thing, false);
    let mut own = ledger.descriptors(caller).filter(|(_, found)| found.writable);
    let (fd, _) = own.find(|(_, found)| in_vain(found.thing))?;
    if caller != 0 && has(subject, caller, "ign", SIGPIPE) {
        return asks(caller, "sigaction", json!([SIGPIPE, one_of(random, &["CATCH", "DFL"]), [], []]));
    }
    asks(caller, "write", json!([fd, one_of(random, &[1, 10, 5000]), random.i64(0..256)]))
}

/// A real-time signal that is blocked is sent, sent again, and let through to a handler.
fn queued_twice(random: &mut Rng, subject: &impl Subject, caller: usize) -> Option<Value> {
    let name = process_name(caller);
    let blocked: Vec<i64> = REALTIME.into_iter().filter(|signal| has(subject, caller, "blk", *signal)).collect();
    let Some(signal) = blocked.first().copied() else {
        return asks(caller, "sigprocmask", json!(["BLOCK", [one_of(random, &REALTIME)]]));
    };
    if !has(subject, caller, "cgt", signal) {
        return asks(caller, "sigaction", json!([signal, "CATCH", [], []]));
    }
    if !has(subject, caller, "shd", signal) || random.u32(..2) == 0 {
        return asks(caller, "sigqueue", json!([name, signal, random.i64(0..1000)]));
    }
    asks(caller, "sigprocmask", json!(["UNBLOCK", blocked]))
}

/// A parent asks for the stop of a child, perhaps again.
fn stop_again(random: &mut Rng, subject: &impl Subject, caller: usize) -> Option<Value> {
    let alive: Vec<usize> = children(subject, caller).into_iter().filter(|child| lives(subject, *child)).collect();
    let stopped: Vec<usize> = alive.iter().copied().filter(|child| is(subject, *child, "s", "stop")).collect();
    match stopped.first() {
        Some(child) => asks(caller, "wait4", json!([process_name(*child), ["NOHANG", "UNTRACED"]])),
        None => asks(caller, "kill", json!([process_name(one_of(random, alive.get(..1)?)), SIGSTOP])),
    }
}

/// In a session of its own a leader has a child in another group, which is stopped; and the leader ends.
fn orphaned_group(subject: &impl Subject, idle: &[usize]) -> Option<Value> {
    let leads = |process: usize| process != 0 && is(subject, process, "sid", &process_name(process));
    let Some(leader) = idle.iter().copied().find(|process| leads(*process)) else {
        let follower = idle.iter().copied().find(|process| !is(subject, *process, "pg", &process_name(*process)))?;
        return asks(follower, "setsid", json!([]));
    };
    let own = |child: &usize| lives(subject, *child) && is(subject, *child, "sid", &process_name(leader));
    let Some(child) = children(subject, leader).into_iter().find(own) else {
        return asks(leader, "fork", json!([]));
    };
    let name = process_name(child);
    if is(subject, child, "s", "stop") {
        return match is(subject, child, "pg", &name) {
            true => asks(leader, "exit", json!([0])),
            false => asks(leader, "setpgid", json!([name, name])),
        };
    }
    match is(subject, child, "pg", &name) {
        true => asks(leader, "kill", json!([name, SIGSTOP])),
        false => asks(leader, "setpgid", json!([name, name])),
    }
}
