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
const LOWER: [i64; 3] = [10, 12, 14];

/// What a script is led to.
#[derive(Clone, Copy)]
pub(super) enum Situation {
    /// A write that nobody will read.
    BrokenPipe,
    /// Several signals that are let through at once, one of them queued twice.
    SeveralSignals,
    /// A stop that is asked for twice.
    StopAgain,
    /// A group that becomes orphaned while a member is stopped.
    OrphanedGroup,
}

impl Situation {
    /// One that fits the theme.
    pub(super) fn of(random: &mut Rng, theme: Theme) -> Option<Situation> {
        use Situation::{BrokenPipe, OrphanedGroup, SeveralSignals, StopAgain};
        let fitting: &[Situation] = match theme {
            Theme::Proc => &[StopAgain, OrphanedGroup],
            Theme::Signals => &[SeveralSignals, SeveralSignals, OrphanedGroup],
            Theme::Pipes => &[BrokenPipe],
            Theme::Mixed => &[BrokenPipe, SeveralSignals, StopAgain, OrphanedGroup],
            _ => return None,
        };
        Some(one_of(random, fitting))
    }

    /// An operation on the way to it, if there is one.
    pub(super) fn toward<S: Subject>(
        self,
        random: &mut Rng,
        subject: &S,
        ledger: &Ledger,
        idle: &[usize],
    ) -> Option<Value> {
        let caller = one_of(random, idle);
        match self {
            Situation::BrokenPipe => broken_pipe(random, subject, ledger, caller),
            Situation::SeveralSignals => several_signals(random, subject, caller),
            Situation::StopAgain => stop_again(random, subject, caller),
            Situation::OrphanedGroup => orphaned_group(subject, idle),
        }
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

/// A real-time signal and a lower one are blocked, sent, the one perhaps again, and let through to handlers together.
fn several_signals(random: &mut Rng, subject: &impl Subject, caller: usize) -> Option<Value> {
    let name = process_name(caller);
    let blocked = |signals: &[i64]| signals.iter().copied().find(|signal| has(subject, caller, "blk", *signal));
    let (Some(high), Some(low)) = (blocked(&REALTIME), blocked(&LOWER)) else {
        return asks(caller, "sigprocmask", json!(["BLOCK", [one_of(random, &LOWER), one_of(random, &REALTIME)]]));
    };
    for signal in [high, low] {
        if !has(subject, caller, "cgt", signal) {
            return asks(caller, "sigaction", json!([signal, "CATCH", [], []]));
        }
        if !has(subject, caller, "shd", signal) {
            return asks(caller, "sigqueue", json!([name, signal, random.i64(0..1000)]));
        }
    }
    match random.bool() {
        true => asks(caller, "sigqueue", json!([name, high, random.i64(0..1000)])),
        false => asks(caller, "sigprocmask", json!(["UNBLOCK", [low, high]])),
    }
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
