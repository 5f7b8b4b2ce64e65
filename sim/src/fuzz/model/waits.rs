//! Waiting for children: wait4(2), waitid(2). Who there is to wait for is in `tree.rs`.

use serde_json::{Value, json};

use super::judge::{Disagreement, expect};
use super::record::{Answer, Name, Step};
use super::tree::{Event, Life, Process, ROOT, Tree};

#[derive(Clone, Copy)]
pub(super) struct Wait {
    whom: Whom,
    /// `WEXITED`, which `wait4` always has.
    exited: bool,
    /// `WNOWAIT`: there is as much to learn afterwards as before.
    keeps: bool,
    stopped: bool,
    continued: bool,
    no_hang: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Whom {
    Any,
    One(Name),
    Group(Name),
}

impl Tree {
    /// wait4(2): what a caller asks for.
    fn wait_of(&self, step: &Step<'_>) -> Option<Wait> {
        if step.operation == "waitid" {
            return self.waitid_of(step);
        }
        let flags = step.arguments.get(1).and_then(Value::as_array)?;
        if !flags.iter().all(|flag| ["NOHANG", "UNTRACED", "CONTINUED"].iter().any(|known| flag == known)) {
            return None;
        }
        let whom = match (step.int(0), step.word(0)) {
            (-1, _) => Whom::Any,
            (0, "") => Whom::Group(self.processes[&step.caller].group),
            (_, text) => match text.strip_prefix('-') {
                Some("none") => Whom::One('?'),
                Some(leader) => Whom::Group(leader.chars().next().unwrap_or('?')),
                None => Whom::One(self.named_child(step, 0)),
            },
        };
        let (stopped, continued) = (step.has(1, "UNTRACED"), step.has(1, "CONTINUED"));
        Some(Wait { whom, exited: true, keeps: false, stopped, continued, no_hang: step.has(1, "NOHANG") })
    }

    /// waitid(2). EINVAL: "the options argument was invalid", which it is too with none of WEXITED, WSTOPPED and WCONTINUED; an idtype
    /// that there isn't, and no process with that number.
    fn waitid_of(&self, step: &Step<'_>) -> Option<Wait> {
        let has = |flag| step.has(2, flag);
        let (exited, stopped, continued) = (has("EXITED"), has("STOPPED"), has("CONTINUED"));
        let is_number = step.arguments.get(1).is_some_and(Value::is_number);
        let whom = match step.word(0) {
            "ALL" => Whom::Any,
            "PID" if !is_number => Whom::One(self.named_child(step, 1)),
            // "If id is 0, wait for any child that is in the same process group as the caller's" (Linux 5.4).
            "PGID" if is_number => Whom::Group(self.processes[&step.caller].group),
            "PGID" => Whom::Group(self.named_child(step, 1)),
            _ => return None,
        };
        let wait = Wait { whom, exited, keeps: has("NOWAIT"), stopped, continued, no_hang: has("NOHANG") };
        (exited || stopped || continued).then_some(wait)
    }

    /// The process that an argument names; nobody for `none`.
    fn named_child(&self, step: &Step<'_>, index: usize) -> Name {
        if step.word(index) == "none" { '?' } else { self.named(step, index) }
    }

    /// The children that a wait of `waiter` is about.
    pub(super) fn eligible(&self, waiter: Name, wait: Wait) -> impl Iterator<Item = (Name, &Process)> {
        let children = self.processes[&waiter].children.iter();
        children.map(|child| (*child, &self.processes[child])).filter(move |(child, process)| match wait.whom {
            Whom::Any => true,
            Whom::One(name) => name == *child,
            Whom::Group(group) => group == process.group,
        })
    }

    /// The children of whom a waiter can learn something, in the order in which it would.
    fn ready(&self, waiter: Name, wait: Wait) -> Vec<Name> {
        let tells = |process: &Process| match process.event {
            Some(Event::Exited(_) | Event::Killed(_)) => wait.exited && process.life == Life::Zombie,
            Some(Event::Stopped(_)) => wait.stopped,
            Some(Event::Continued) => wait.continued,
            None => false,
        };
        self.eligible(waiter, wait).filter(|(_, process)| tells(process)).map(|(name, _)| name).collect()
    }

    /// Whether there is somebody of whom a waiter may learn something later: ECHILD says that there isn't.
    fn has_hope(&self, waiter: Name, wait: Wait) -> bool {
        self.eligible(waiter, wait).any(|(_, process)| process.life == Life::Running)
    }

    /// A call that waits has ended like this.
    fn end_wait(&mut self, waiter: Name, wait: Wait, answer: &Answer, step: &Step<'_>) -> Result<(), String> {
        let ready = self.ready(waiter, wait);
        let first = ready.first().copied();
        let expected = match (first, self.has_hope(waiter, wait)) {
            (Some(child), _) => format!("the state of {child}"),
            (None, false) => "ECHILD".to_owned(),
            (None, true) if wait.no_hang => "0".to_owned(),
            (None, true) => "nothing yet".to_owned(),
        };
        let Some(child) = child_in(answer) else {
            let given = answer.errno().map_or_else(|| answer.to_string(), str::to_owned);
            let is_none = first.is_none() && (given == expected || answer.number() == Some(0) && expected == "0");
            let interrupted = given == "EINTR" && waiter != step.caller && step.disturbed(waiter);
            return if is_none || interrupted { Ok(()) } else { Err(format!("{expected}, not {answer}")) };
        };
        // Several things may have happened at once, in an order of which only one is that of the list.
        let any_order = waiter != step.caller || self.mixed && waiter == ROOT;
        if !(first == Some(child) || any_order && ready.contains(&child)) {
            return Err(format!("{expected}, not {answer}"));
        }
        let event = self.processes[&child].event;
        let status = &answer.0.get("ws").cloned().unwrap_or_default();
        let number = status[1].as_i64().unwrap_or(0);
        let is_one_of = |set: u64| (1..65).contains(&number) && set & 1 << (number - 1) != 0;
        let (is_right, is_over) = match event {
            Some(Event::Exited(code)) => (status == &json!(["exit", code]), true),
            Some(Event::Killed(set)) => (status[0] == "sig" && is_one_of(set), true),
            Some(Event::Stopped(set)) => (status[0] == "stop" && is_one_of(set), false),
            Some(Event::Continued) => (status == &json!(["cont"]), false),
            None => (false, false),
        };
        if wait.keeps {
            // It is as if nobody had asked.
        } else if is_over {
            self.forget(child);
        } else if let Some(process) = self.processes.get_mut(&child) {
            process.event = None;
        }
        if is_right { Ok(()) } else { Err(format!("{event:?} of {child}, not {answer}")) }
    }

    /// Calls of `wait4` and `waitid`: those that ended, and those that can't go on waiting.
    pub(super) fn follow_waits(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let page = "wait(2)";
        if ["wait4", "waitid"].contains(&step.operation) {
            match (self.wait_of(step), step.answer()) {
                (None, answer) => {
                    expect(answer.and_then(Answer::errno) == Some("EINVAL"), page, || "EINVAL for the options".into())?;
                }
                (Some(wait), Some(answer)) => self
                    .end_wait(step.caller, wait, answer, step)
                    .map_err(|why| Disagreement::new(page, format!("{} gives {why}", step.operation)))?,
                (wait, None) => {
                    self.processes.entry(step.caller).and_modify(|process| process.waits = wait);
                }
            }
        }
        for (waiter, answer) in &step.done {
            let wait = self.processes.get_mut(waiter).and_then(|process| process.waits.take());
            if let Some(wait) = wait {
                self.end_wait(*waiter, wait, answer, step)
                    .map_err(|why| Disagreement::new(page, format!("what {waiter} waits in gives {why}")))?;
            }
        }
        for (waiter, process) in &self.processes {
            let Some(wait) = process.waits.filter(|_| !step.after.is_stopped(*waiter)) else { continue };
            // Who changes his group wakes nobody: whoever waits for a group notices at the next event.
            let is_new =
                |name: &Name| step.before.get(*name).map(|it| &it.state) != step.after.get(*name).map(|it| &it.state);
            let by_group = matches!(wait.whom, Whom::Group(_));
            let ready = self.ready(*waiter, wait);
            let can_end = match by_group {
                true => ready.iter().any(is_new),
                false => ready.iter().any(|child| !self.processes[child].untold) || !self.has_hope(*waiter, wait),
            };
            expect(!can_end || wait.no_hang, page, || format!("what {waiter} waits in ends, and doesn't go on"))?;
        }
        Ok(())
    }
}

/// The child of which an answer tells: `wait4` returns it, `waitid` says who it was.
fn child_in(answer: &Answer) -> Option<Name> {
    let name = answer.named().or_else(|| answer.0.get("who")?.as_str());
    name.and_then(|name| name.chars().next()).filter(|name| *name != '0')
}
