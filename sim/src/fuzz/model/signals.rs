//! Signals: signal(7), kill(2), sigqueue(3), sigaction(2), sigprocmask(2), sigpending(2), sigsuspend(2), sigwaitinfo(2), pause(2).
//!
//! A signal is generated (`generation.rs`), stays pending while it is blocked, and is delivered (`delivery.rs`). This file has the calls,
//! and compares. Where several causes send a process something in one operation, their order is the scheduler's, and only what holds
//! in every order is checked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::delivery::{Action, Call, Disposition, Info, Interruption, Life, Process, UNBLOCKABLE, bit, set_of};
use super::generation::{Generation, info, taken};
use super::judge::{Disagreement, Model, expect};
use super::record::{Answer, Name, Outcome, Run, Seen, State, Step, signals};

const PAGE: &str = "signal(7)";

/// The model.
pub struct Signals {
    processes: BTreeMap<Name, Process>,
}

impl Default for Signals {
    fn default() -> Signals {
        Signals { processes: BTreeMap::from([('a', Process::default())]) }
    }
}

/// A set of signals as records list it.
fn list_of(set: u64) -> Value {
    json!((1..65).filter(|signal| set & bit(*signal) != 0).collect::<Vec<u32>>())
}

/// Who is sent a `kill`, or why nobody is.
fn targets(step: &Step<'_>) -> Result<Vec<Name>, &'static str> {
    let there = step.before.0.iter().filter(|(_, seen)| seen.state != State::Gone);
    let targets: Vec<Name> = there.map(|(name, _)| *name).filter(|name| step.targets(*name)).collect();
    match step.int(1) {
        _ if targets.is_empty() => Err("ESRCH"),
        0..=64 => Ok(targets),
        _ => Err("EINVAL"),
    }
}

/// kill(2) and sigqueue(3).
fn send(step: &Step<'_>, generation: &mut Generation<'_>) -> Answer {
    let (code, value) = match step.operation {
        "kill" => ("USER", Value::Null),
        _ => ("QUEUE", json!(step.int(2))),
    };
    match (targets(step), u32::try_from(step.int(1))) {
        (Err(name), _) => return Answer::error(name),
        (Ok(targets), Ok(signal @ 1..)) => {
            for target in targets {
                generation.count_cause(target);
                generation.send(target, info(signal, code, Some(step.caller), value.clone()), false);
            }
        }
        _ => {}
    }
    Answer::value(0)
}

/// sigaction(2): it gives what was before.
fn set_action(step: &Step<'_>, process: &mut Process) -> Answer {
    let Some(signal) = u32::try_from(step.int(0)).ok().filter(|signal| (1..65).contains(signal)) else {
        return Answer::error("EINVAL");
    };
    let disposition = match step.word(1) {
        "" => None,
        "DFL" => Some(Disposition::Default),
        "IGN" => Some(Disposition::Ignore),
        _ => Some(Disposition::Catch),
    };
    if disposition.is_some() && UNBLOCKABLE & bit(signal) != 0 {
        return Answer::error("EINVAL");
    }
    let old = process.action(signal);
    if let Some(disposition) = disposition {
        let flags = step.arguments.get(2).and_then(Value::as_array);
        let flags = flags.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let mask = step.arguments.get(3).map_or(0, signals) & !UNBLOCKABLE;
        process.actions.insert(signal, Action { disposition, flags, mask });
        // POSIX, 2.4.3: "Setting a signal action to SIG_IGN for a signal that is pending shall cause the pending signal to be
        // discarded, whether or not it is blocked"; likewise SIG_DFL, where the default is to ignore.
        if process.ignores(signal) {
            process.discard(bit(signal));
        }
    }
    let name = match old.disposition {
        Disposition::Default => "DFL",
        Disposition::Ignore => "IGN",
        Disposition::Catch => "CATCH",
    };
    Answer::value(0).with("old", json!([name, old.flags, list_of(old.mask)]))
}

/// sigprocmask(2): it gives what was before.
fn set_mask(step: &Step<'_>, process: &mut Process) -> Answer {
    let old = process.mask;
    let set = step.arguments.get(1).filter(|set| !set.is_null()).map(|set| signals(set) & !UNBLOCKABLE);
    match (step.word(0), set) {
        (_, None) => {}
        ("BLOCK", Some(set)) => process.mask |= set,
        ("UNBLOCK", Some(set)) => process.mask &= !set,
        ("SETMASK", Some(set)) => process.mask = set,
        _ => return Answer::error("EINVAL"),
    }
    Answer::value(0).with("old", list_of(old))
}

/// The caller's call: what it sends, sets and gives. `None`: nothing that this model knows.
fn call(step: &Step<'_>, generation: &mut Generation<'_>) -> Option<Answer> {
    let caller = step.caller;
    let process = generation.processes.get_mut(&caller)?;
    match step.operation {
        "kill" | "sigqueue" => return Some(send(step, generation)),
        "sigaction" => return Some(set_action(step, process)),
        "sigprocmask" => return Some(set_mask(step, process)),
        "sigpending" => return Some(Answer::value(0).with("set", list_of(process.pending() & process.mask))),
        "sigtimedwait" if step.int(1) == 0 => {
            let wanted = step.arguments.first().map_or(0, signals) & !UNBLOCKABLE;
            return Some(process.take(wanted).map_or(Answer::error("EAGAIN"), |info| taken(&info)));
        }
        "exit" => {
            process.life = Life::Dead(0);
            generation.end(caller, "EXITED", (step.int(0) & 255) as u32);
        }
        "fork" => {
            let child = process.fork();
            generation.processes.insert(step.child()?, child);
        }
        _ => {}
    }
    None
}

/// The caller enters its call.
fn begin_call(step: &Step<'_>, process: &mut Process) {
    let (mut awaited, interruption) = (0, Interruption::None);
    match step.operation {
        // sigsuspend(2): "temporarily replaces the signal mask of the calling thread".
        "sigsuspend" => {
            let wanted = step.arguments.first().map_or(0, signals) & !UNBLOCKABLE;
            (process.mask_after, process.mask) = (Some(process.mask), wanted);
            process.woken = false;
        }
        "sigtimedwait" if step.int(1) != 0 => {
            awaited = step.arguments.first().map_or(0, signals) & !UNBLOCKABLE;
        }
        _ => {}
    }
    process.call = Some(Call { operation: step.operation.to_owned(), awaited, interruption });
}

/// Whether a call that is over, or isn't, may be so after what happened to its process.
fn check_call(
    step: &Step<'_>,
    name: Name,
    operation: &str,
    process: &Process,
    took: Option<&Info>,
) -> Result<(), Disagreement> {
    let answer = if name == step.caller { step.answer() } else { step.done.get(&name) };
    let interruption = process.call.as_ref().map_or(Interruption::None, |call| call.interruption);
    let waits_for_signals = ["sigsuspend", "pause", "sigtimedwait"].contains(&operation);
    let expected = match took {
        Some(info) => Some(taken(info)),
        None if interruption == Interruption::End && waits_for_signals => Some(Answer::error("EINTR")),
        None => None,
    };
    match (answer, expected) {
        (Some(answer), Some(expected)) => {
            let unknown = expected.0.get("si").is_some_and(|si| si[0] == "?") && answer.number() == expected.number();
            expect(*answer == expected || unknown, PAGE, || {
                format!("the {operation} of {name} gives {expected}, not {answer}")
            })
        }
        (Some(answer), None) => {
            let out_of_nowhere = waits_for_signals || answer.errno() == Some("EINTR");
            expect(!out_of_nowhere || interruption == Interruption::End, PAGE, || {
                format!("no signal ends the {operation} of {name}, which gives {answer}")
            })
        }
        (None, _) if process.life != Life::Running => Ok(()),
        (None, _) => expect(interruption != Interruption::End && took.is_none(), PAGE, || {
            format!("a signal ends the {operation} of {name}, which goes on waiting")
        }),
    }
}

/// Compares a process of whom everything is known.
fn compare(name: Name, process: &Process, seen: &Seen, ran: &[Run], predicted: &[Run]) -> Result<(), Disagreement> {
    let is_dead = matches!(process.life, Life::Dead(_));
    expect(is_dead != seen.lives(), PAGE, || format!("{name} is {:?}, not {:?}", process.life, seen.state))?;
    if is_dead {
        return Ok(());
    }
    let stopped = seen.state == State::Stopped;
    expect((process.life == Life::Stopped) == stopped, PAGE, || {
        format!("{name} is {:?}, not {:?}", process.life, seen.state)
    })?;
    let told = |(run, seen): (&Run, &Run)| {
        let Run { signal, code, sender, value, mask } = run.clone();
        mask == seen.mask && Info { signal, code, sender, value }.is_told_by(seen)
    };
    let same = ran.len() == predicted.len() && predicted.iter().zip(ran).all(told);
    let list =
        |runs: &[Run]| runs.iter().map(|run| format!("{} {}", run.signal, run.code)).collect::<Vec<_>>().join(", ");
    expect(same, PAGE, || {
        let masks = if list(ran) == list(predicted) { " with other masks or senders" } else { "" };
        format!("{name} runs handlers for [{}], not [{}]{masks}", list(predicted), list(ran))
    })?;
    let sets = [
        ("pending for its thread", set_of(&process.own), seen.own_pending),
        ("pending", set_of(&process.shared), seen.shared_pending),
        ("blocked", process.mask, seen.blocked),
        ("ignored", process.with(&Disposition::Ignore), seen.ignored),
        ("caught", process.with(&Disposition::Catch), seen.caught),
    ];
    for (what, expected, seen) in sets {
        expect(expected == seen, PAGE, || {
            format!("of {name} are {what} {}, not {}", list_of(expected), list_of(seen))
        })?;
    }
    Ok(())
}

/// Compares a process that several causes sent something at once: nothing that wasn't sent is handled, nothing twice, and nothing is
/// lost that can be delivered.
fn compare_loosely(name: Name, before: &Process, seen: &Seen, ran: &[Run], sent: &[u32]) -> Result<(), Disagreement> {
    for signal in 1..65 {
        let arrived = sent.iter().filter(|other| **other == signal).count();
        let waited = before.own.iter().chain(&before.shared).filter(|info| info.signal == signal).count();
        let handled = ran.iter().filter(|run| run.signal == signal).count();
        expect(handled <= arrived + waited, PAGE, || {
            format!("{name} handles signal {signal} {handled} times, of {}", arrived + waited)
        })?;
        let pending = (seen.own_pending | seen.shared_pending) & bit(signal) != 0;
        let deliverable = pending && seen.blocked & bit(signal) == 0 && seen.state == State::Idle;
        expect(!deliverable, PAGE, || {
            format!("signal {signal} doesn't stay pending for {name}, who doesn't block it")
        })?;
    }
    Ok(())
}

/// Takes over what was seen of a process about whom not everything is known.
fn take_over(process: &mut Process, seen: &Seen) {
    process.life = match seen.state {
        State::Stopped => Life::Stopped,
        State::Zombie | State::Gone => Life::Dead(0),
        _ => Life::Running,
    };
    for (queue, set) in [(&mut process.own, seen.own_pending), (&mut process.shared, seen.shared_pending)] {
        queue.retain(|info| set & bit(info.signal) != 0);
        let missing = (1..65).filter(|signal| set & bit(*signal) != 0 && set_of(queue) & bit(*signal) == 0);
        let missing: Vec<Info> = missing.map(|signal| info(signal, "?", None, Value::Null)).collect();
        queue.extend(missing);
    }
    process.mask = seen.blocked;
    for (signal, action) in &mut process.actions {
        if action.disposition == Disposition::Catch && seen.caught & bit(*signal) == 0 {
            action.disposition = Disposition::Default;
        }
    }
}

impl Signals {
    fn begin(&mut self, step: &Step<'_>) {
        for process in self.processes.values_mut().filter(|process| process.life == Life::Running) {
            if let Some(call) = process.call.as_mut() {
                call.interruption = Interruption::None;
            }
        }
        if let Some(process) = self.processes.get_mut(&step.caller) {
            begin_call(step, process);
        }
    }

    /// Calls that are over leave no trace.
    fn end_calls(&mut self, step: &Step<'_>) {
        for (name, process) in &mut self.processes {
            let over = step.done.contains_key(name) || *name == step.caller && step.answer().is_some();
            if over || !step.after.lives(*name) {
                (process.call, process.mask_after) = (None, None);
            }
        }
    }
}

impl Model for Signals {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let before = self.processes.clone();
        self.begin(step);
        let mut generation = Generation::new(&mut self.processes, step);
        let expected = call(step, &mut generation);
        generation.run(step.caller);
        generation.add_consequences();
        generation.spread();
        let Generation { runs, causes, sent, taken, .. } = generation;
        if let (Some(expected), Outcome::Returned(answer)) = (expected, &step.outcome) {
            let unknown = expected.0.get("si").is_some_and(|si| si[0] == "?") && answer.number() == expected.number();
            expect(sorted(answer) == sorted(&expected) || unknown, "sigaction(2)", || {
                format!("{} gives {expected}, not {answer}", step.operation)
            })?;
        }
        let mut uncertain: BTreeSet<Name> =
            causes.iter().filter(|(_, count)| **count > 1).map(|(name, _)| *name).collect();
        for name in uncertain.clone() {
            let dies = self.processes.get(&name).is_some_and(|process| matches!(process.life, Life::Dead(_)));
            if dies == step.after.lives(name) {
                uncertain.extend(step.before.get(name).map(|seen| seen.parent));
            }
        }
        for (name, process) in &mut self.processes {
            let (Some(seen), nothing) = (step.after.get(*name), Vec::new()) else { continue };
            let ran = step.runs.get(name).unwrap_or(&nothing);
            if let (true, Some(before)) = (uncertain.contains(name), before.get(name)) {
                let sent: Vec<u32> = sent.iter().filter(|(to, _)| to == name).map(|(_, signal)| *signal).collect();
                compare_loosely(*name, before, seen, ran, &sent)?;
                take_over(process, seen);
                continue;
            }
            compare(*name, process, seen, ran, runs.get(name).unwrap_or(&nothing))?;
            let operation = before.get(name).and_then(|it| it.call.as_ref()).map(|call| call.operation.as_str());
            let operation = operation.or((*name == step.caller).then_some(step.operation));
            // With a timeout of zero it doesn't wait.
            let polls = step.operation == "sigtimedwait" && step.int(1) == 0 && *name == step.caller;
            if let Some(operation) = operation.filter(|_| seen.lives() && !polls) {
                check_call(step, *name, operation, process, taken.get(name))?;
            }
        }
        self.end_calls(step);
        Ok(())
    }
}

/// The same answer, with the flags of an action in a fixed order.
fn sorted(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    if let Some(Value::Array(flags)) = answer.0.get_mut("old").and_then(|old| old.get_mut(1)) {
        flags.sort_by_key(ToString::to_string);
    }
    answer
}
