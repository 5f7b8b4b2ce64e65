//! Processes: fork(2), _exit(2), wait4(2), waitid(2), setpgid(2), setsid(2), getpid(2).
//!
//! Every process but the first has a parent, which learns once what became of it. Whose parent dies goes to the nearest ancestor that
//! adopts (prctl(2), `PR_SET_CHILD_SUBREAPER`), which in a script is `a`. Which signal ended or stopped a process is the business of
//! another model; here it is one of those that can have been.

use std::collections::BTreeMap;

use serde_json::json;

use super::judge::{Disagreement, Model, expect, expect_answer};
use super::record::{Answer, Name, Seen, State, Step, name_of};
use super::waits::Wait;

/// The process that adopts.
pub(super) const ROOT: Name = 'a';
const SIGHUP: u64 = 1;
const SIGBUS: u64 = 1 << 6;
const SIGSEGV: u64 = 1 << 10;
const SIGPIPE: u64 = 1 << 12;
const SIGCHLD: u64 = 1 << 16;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Running,
    Zombie,
    Gone,
}

/// What there is to learn of a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    Exited(i64),
    /// One of these signals, as a set.
    Killed(u64),
    Stopped(u64),
    Continued,
}

pub(super) struct Process {
    pub(super) parent: Name,
    /// In the order in which they came.
    pub(super) children: Vec<Name>,
    pub(super) group: Name,
    pub(super) session: Name,
    pub(super) life: Life,
    pub(super) event: Option<Event>,
    /// It was adopted after that, and nobody tells its new parent: who waits already learns of it at the next event.
    pub(super) untold: bool,
    /// It has said that it doesn't want to wait for its children (sigaction(2), `SA_NOCLDWAIT`).
    pub(super) no_zombies: bool,
    pub(super) waits: Option<Wait>,
}

/// The model.
pub struct Tree {
    pub(super) processes: BTreeMap<Name, Process>,
    /// Two processes with children died at once: who of them was adopted first is unknown.
    pub(super) mixed: bool,
}

impl Default for Tree {
    fn default() -> Tree {
        let root = Process::new('R', ROOT, ROOT);
        Tree { processes: BTreeMap::from([(ROOT, root)]), mixed: false }
    }
}

impl Process {
    fn new(parent: Name, group: Name, session: Name) -> Process {
        let (children, life) = (Vec::new(), Life::Running);
        Process { parent, children, group, session, life, event: None, untold: false, no_zombies: false, waits: None }
    }
}

impl Tree {
    fn existing(&self, name: Name) -> Option<&Process> {
        self.processes.get(&name).filter(|process| process.life != Life::Gone)
    }

    /// A process argument of a call: 0 is the caller.
    pub(super) fn named(&self, step: &Step<'_>, index: usize) -> Name {
        match step.arguments.get(index) {
            Some(argument) if argument == &json!(0) => step.caller,
            Some(argument) if argument.as_str().is_some_and(|text| text.len() == 1) => name_of(argument),
            _ => '?',
        }
    }

    fn group_exists(&self, group: Name, session: Option<Name>) -> bool {
        let is_in = |it: &Process| it.group == group && session.is_none_or(|session| it.session == session);
        self.processes.values().any(|it| it.life != Life::Gone && is_in(it))
    }

    /// setpgid(2), in the order in which Linux looks for errors.
    fn set_group(&mut self, step: &Step<'_>) -> Answer {
        let pid = self.named(step, 0);
        let group = if step.arguments.get(1) == Some(&json!(0)) { pid } else { self.named(step, 1) };
        // EINVAL: "pgid is less than 0".
        let same = usize::from(step.arguments.get(1) != Some(&json!(0)));
        if step.word(same).starts_with('-') || step.int(same) < 0 {
            return Answer::error("EINVAL");
        }
        let caller = &self.processes[&step.caller];
        let Some(process) = self.existing(pid) else { return Answer::error("ESRCH") };
        // ESRCH: "pid is not the calling process and not a child of it". EPERM: in another session, or a session leader.
        if pid != step.caller && process.parent != step.caller {
            return Answer::error("ESRCH");
        }
        if process.session != caller.session || process.session == pid {
            return Answer::error("EPERM");
        }
        // "If pgid is used to move a process to another group, both must be part of the same session."
        if group != pid && !self.group_exists(group, Some(caller.session)) {
            return Answer::error("EPERM");
        }
        if let Some(process) = self.processes.get_mut(&pid) {
            process.group = group;
        }
        Answer::value(0)
    }

    /// Calls that only ask or set, and their answers.
    fn simple(&mut self, step: &Step<'_>) -> Option<Answer> {
        let caller = step.caller;
        let whom = self.existing(self.named(step, 0));
        Some(match step.operation {
            "setpgid" => self.set_group(step),
            "getpgid" => whom.map_or(Answer::error("ESRCH"), |it| Answer::value(String::from(it.group))),
            "getsid" => whom.map_or(Answer::error("ESRCH"), |it| Answer::value(String::from(it.session))),
            "getppid" => Answer::value(String::from(self.processes[&caller].parent)),
            // setsid(2), EPERM: "the process group ID of any process equals the PID of the calling process".
            "setsid" if self.group_exists(caller, None) => Answer::error("EPERM"),
            "setsid" => {
                let process = self.processes.get_mut(&caller)?;
                (process.group, process.session) = (caller, caller);
                Answer::value(String::from(caller))
            }
            "fork" => {
                let child = char::from(b'a' + self.processes.len() as u8);
                let parent = self.processes.get_mut(&caller)?;
                parent.children.push(child);
                let mut process = Process::new(caller, parent.group, parent.session);
                process.no_zombies = parent.no_zombies;
                self.processes.insert(child, process);
                Answer::value(String::from(child))
            }
            _ => return None,
        })
    }

    /// A process is dead: its children go to `a`, and it waits for its parent to ask.
    fn die(&mut self, name: Name, event: Event, step: &Step<'_>) {
        let Some(process) = self.processes.get_mut(&name) else { return };
        (process.life, process.event, process.waits) = (Life::Zombie, Some(event), None);
        process.untold = false;
        let children = std::mem::take(&mut process.children);
        let parent = process.parent;
        for child in &children {
            if let Some(process) = self.processes.get_mut(child) {
                process.parent = ROOT;
                process.untold = process.life == Life::Running;
            }
            self.processes.entry(ROOT).and_modify(|root| root.children.push(*child));
            self.forget_if_unwanted(*child, ROOT, step);
        }
        self.forget_if_unwanted(name, parent, step);
        // It may have died before its parent did, in the same operation.
        if let Some(seen) = step.before.get(name).filter(|seen| seen.parent != parent) {
            self.forget_if_unwanted(name, seen.parent, step);
        }
    }

    /// wait(2), "Notes": "If the action of SIGCHLD is SIG_IGN or SA_NOCLDWAIT is set, then children that terminate don't become
    /// zombies".
    fn forget_if_unwanted(&mut self, name: Name, parent: Name, step: &Step<'_>) {
        let ignores = step.before.get(parent).is_some_and(|seen| seen.ignored & SIGCHLD != 0);
        let unwanted = ignores || self.processes.get(&parent).is_some_and(|process| process.no_zombies);
        // Of a parent that dies at the same time nobody knows whether it was first.
        let uncertain =
            self.processes.get(&parent).is_some_and(|it| it.life != Life::Running) || step.died().contains(&parent);
        let is_gone = step.after.get(name).is_some_and(|seen| seen.state == State::Gone);
        if self.processes[&name].life == Life::Zombie && unwanted && (!uncertain || is_gone) {
            self.forget(name);
        }
    }

    pub(super) fn forget(&mut self, name: Name) {
        let Some(process) = self.processes.get_mut(&name) else { return };
        (process.life, process.event) = (Life::Gone, None);
        let parent = process.parent;
        if let Some(parent) = self.processes.get_mut(&parent) {
            parent.children.retain(|child| *child != name);
        }
    }

    /// Children of whom a parent learnt that dies of the same: it waited, and its `wait4` looks at its children before it looks at its
    /// signals (seen on the host: of a group that is sent a signal). Each such parent learns of one at most.
    fn reaped_by_dying(&self, died: &[Name], step: &Step<'_>) -> Vec<Name> {
        let is_gone = |child: &Name| step.after.get(*child).is_some_and(|seen| seen.state == State::Gone);
        let reaped = died.iter().filter_map(|parent| {
            let wait = self.processes[parent].waits?;
            self.eligible(*parent, wait).map(|(child, _)| child).find(|child| died.contains(child) && is_gone(child))
        });
        reaped.collect()
    }

    /// Follows who died, stopped and went on in this operation.
    fn follow(&mut self, step: &Step<'_>) {
        let died = step.died();
        self.mixed |= died.iter().filter(|name| !self.processes[name].children.is_empty()).count() > 1;
        let reaped = self.reaped_by_dying(&died, step);
        for name in died {
            let event = match step.operation {
                "exit" if name == step.caller => Event::Exited(step.int(0) & 255),
                _ => Event::Killed(possible_signals(step, name)),
            };
            self.die(name, event, step);
        }
        reaped.into_iter().for_each(|child| self.forget(child));
        for (name, process) in &mut self.processes {
            let (before, after) = (step.before.is_stopped(*name), step.after.is_stopped(*name));
            if !before && after {
                (process.event, process.untold) = (Some(Event::Stopped(possible_signals(step, *name))), false);
            } else if before && !after && process.life == Life::Running {
                (process.event, process.untold) = (Some(Event::Continued), false);
            }
        }
        if step.operation == "sigaction" && step.succeeded() && step.int(0) == 17 && !step.word(1).is_empty() {
            let no_zombies = step.has(2, "NOCLDWAIT");
            self.processes.entry(step.caller).and_modify(|process| process.no_zombies = no_zombies);
        }
    }

    /// What can be seen of a process is what is known of it.
    fn compare(&self, name: Name, seen: &Seen) -> Result<(), Disagreement> {
        let Some(process) = self.processes.get(&name) else {
            return Err(Disagreement::new("fork(2)", format!("there is no process {name}")));
        };
        let life = match seen.state {
            State::Zombie => Life::Zombie,
            State::Gone => Life::Gone,
            _ => Life::Running,
        };
        expect(life == process.life, "wait(2)", || format!("{name} is {:?}, not {:?}", process.life, seen.state))?;
        let (expected, seen) =
            ((process.parent, process.group, process.session), (seen.parent, seen.group, seen.session));
        expect(life == Life::Gone || expected == seen, "credentials(7)", || {
            format!("{name} has parent, group and session {expected:?}, not {seen:?}")
        })
    }
}

/// The signals that can have ended or stopped a process in this operation: one that was sent, one that waited, a fault.
fn possible_signals(step: &Step<'_>, name: Name) -> u64 {
    let seen = step.before.get(name);
    let pending = seen.map_or(0, |seen| seen.own_pending | seen.shared_pending);
    let sent = match (step.operation, step.int(1)) {
        ("kill" | "sigqueue", signal @ 1..=64) => 1 << (signal - 1),
        ("load" | "store", _) => SIGSEGV | SIGBUS,
        ("write", _) => SIGPIPE,
        _ => 0,
    };
    // Of an orphaned group in which somebody is stopped: setpgid(2), "SIGHUP followed by SIGCONT" to each. Of a pipe without readers:
    // pipe(7).
    let mut group = step.before.0.iter().filter(|(_, other)| seen.is_some_and(|seen| seen.group == other.group));
    let orphaned = if group.any(|(other, _)| step.before.is_stopped(*other)) { SIGHUP } else { 0 };
    let broken = if seen.is_some_and(|seen| seen.state == State::Blocked("write".into())) { SIGPIPE } else { 0 };
    pending | sent | orphaned | broken
}

impl Model for Tree {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        if let Some(expected) = self.simple(step) {
            expect_answer(step, &expected, "setpgid(2)")?;
        }
        expect(step.operation != "exit" || !step.after.lives(step.caller), "_exit(2)", || "exit ends it".to_owned())?;
        self.follow(step);
        self.follow_waits(step)?;
        step.after.0.iter().try_for_each(|(name, seen)| self.compare(*name, seen))
    }
}
