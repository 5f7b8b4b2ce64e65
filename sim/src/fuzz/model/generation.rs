//! Who is sent which signal in one operation, and what follows from it: kill(2), _exit(2), "SIGCHLD" in sigaction(2), pipe(7), and what
//! POSIX says of orphaned process groups.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::delivery::{Disposition, Info, Interruption, Life, Process, SIGBUS, SIGCHLD, SIGCONT, SIGSEGV, bit};
use super::record::{Answer, Name, Outcome, Run, Seen, State, Step, Table};

const SIGHUP: u32 = 1;
const SIGPIPE: u32 = 13;

/// What happened so far in one operation.
pub struct Generation<'a> {
    /// All processes.
    pub processes: &'a mut BTreeMap<Name, Process>,
    step: &'a Step<'a>,
    /// Handlers that ran.
    pub runs: BTreeMap<Name, Vec<Run>>,
    /// How many causes sent a process something. Of several, the order is the scheduler's.
    pub causes: BTreeMap<Name, usize>,
    /// Signals that were sent.
    pub sent: Vec<(Name, u32)>,
    /// What `sigtimedwait` took.
    pub taken: BTreeMap<Name, Info>,
    /// News of children that their parents weren't told yet.
    news: Vec<(Name, Info)>,
    dead: Vec<Name>,
}

/// A signal with its details.
pub fn info(signal: u32, code: &str, sender: Option<Name>, value: impl Into<Value>) -> Info {
    Info { signal, code: code.to_owned(), sender, value: value.into() }
}

/// Whether a process group has no member whose parent is in another group of the same session (POSIX, "Orphaned Process Group").
fn is_orphaned(table: &Table, group: Name, dead: &[Name]) -> bool {
    !table.0.iter().any(|(name, seen)| {
        let counts = seen.group == group && seen.lives() && !dead.contains(name);
        let parent = table.get(seen.parent);
        counts && parent.is_some_and(|parent| parent.group != group && parent.session == seen.session)
    })
}

impl<'a> Generation<'a> {
    /// Nothing has happened yet.
    pub fn new(processes: &'a mut BTreeMap<Name, Process>, step: &'a Step<'a>) -> Generation<'a> {
        Generation {
            processes,
            step,
            runs: BTreeMap::new(),
            causes: BTreeMap::new(),
            sent: Vec::new(),
            taken: BTreeMap::new(),
            news: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// Another cause sends a process something.
    pub fn count_cause(&mut self, to: Name) {
        *self.causes.entry(to).or_default() += 1;
    }

    /// Sends a signal, and lets the process take it.
    pub fn send(&mut self, to: Name, info: Info, to_thread: bool) {
        let alive = |process: &&mut Process| !matches!(process.life, Life::Dead(_));
        let Some(process) = self.processes.get_mut(&to).filter(alive) else { return };
        self.sent.push((to, info.signal));
        if process.generate(info, to_thread) {
            self.tell_parent(to, "CONTINUED", SIGCONT);
        }
        self.run(to);
    }

    /// Lets a process take what it can take.
    pub fn run(&mut self, name: Name) {
        let group = self.step.before.get(name).or(self.step.after.get(name)).map_or('?', |seen| seen.group);
        let orphaned = is_orphaned(self.step.before, group, &[]);
        let Some(process) = self.processes.get_mut(&name) else { return };
        let waiting = process.call.as_ref().filter(|call| call.interruption == Interruption::None);
        let awaited = waiting.map_or(0, |call| call.awaited);
        if awaited & process.pending() != 0 && process.life == Life::Running {
            self.taken.extend(process.take(awaited).map(|info| (name, info)));
            process.call = None;
        }
        let (runs, stopped) = process.deliver(orphaned);
        let life = process.life;
        self.runs.entry(name).or_default().extend(runs);
        if let Some(signal) = stopped {
            self.tell_parent(name, "STOPPED", signal);
        }
        if let Life::Dead(signal @ 1..) = life {
            self.end(name, "KILLED", signal);
        }
    }

    /// sigaction(2): SIGCHLD is sent "when a child terminates, stops or resumes", but not of stops with `SA_NOCLDSTOP`. Whoever
    /// ignores it isn't sent it, even while it is blocked.
    fn tell_parent(&mut self, child: Name, code: &str, status: u32) {
        let parent = self.step.before.get(child).map_or('?', |seen| seen.parent);
        if !self.step.after.lives(parent) {
            // Who of the two died first, nobody knows: `a` may have adopted the child before.
            *self.causes.entry('a').or_default() += 2;
            self.sent.push(('a', SIGCHLD));
        }
        let Some(process) = self.processes.get(&parent) else { return };
        let action = process.action(SIGCHLD);
        let about_stop = ["STOPPED", "CONTINUED"].contains(&code);
        if action.disposition != Disposition::Ignore && !(about_stop && action.has("NOCLDSTOP")) {
            self.news.push((parent, info(SIGCHLD, code, Some(child), status)));
        }
    }

    /// A process ends.
    pub fn end(&mut self, name: Name, code: &str, status: u32) {
        if self.dead.contains(&name) {
            return;
        }
        self.dead.push(name);
        self.tell_parent(name, code, status);
        // Children that were dead already go to `a`, and are news to it.
        let ignores = self.processes.get(&'a').is_some_and(|it| it.action(SIGCHLD).disposition == Disposition::Ignore);
        let children = self.step.before.0.iter().filter(|(_, seen)| seen.parent == name);
        let zombies = children.filter(|(_, seen)| seen.state == State::Zombie && !ignores);
        self.news.extend(zombies.map(|(child, _)| ('a', info(SIGCHLD, "?", Some(*child), Value::Null))));
    }

    /// Signals that come of other calls: a bad access, and a write that nobody will read (pipe(7)).
    pub fn add_consequences(&mut self) {
        let step = self.step;
        let faulted = step.answer().and_then(Answer::errno) == Some("FAULT") || step.outcome == Outcome::Died;
        if ["load", "store"].contains(&step.operation) && faulted {
            let of_fault = |run: &&Run| [SIGSEGV, SIGBUS].contains(&run.signal) && run.code.ends_with("ERR");
            let run = step.runs.get(&step.caller).and_then(|runs| runs.iter().find(of_fault));
            // Which of the two it was is another model's business. Who died of it had no handler for it.
            let survives = |process: &Process, signal| {
                process.action(signal).disposition == Disposition::Catch && process.mask & bit(signal) == 0
            };
            let of_death = match self.processes.get(&step.caller) {
                Some(process) if survives(process, SIGSEGV) => SIGBUS,
                _ => SIGSEGV,
            };
            let (signal, code) = run.map_or((of_death, "MAPERR"), |run| (run.signal, run.code.as_str()));
            if let Some(process) = self.processes.get_mut(&step.caller) {
                process.fault(info(signal, code, None, Value::Null));
            }
            self.sent.push((step.caller, signal));
            self.run(step.caller);
        }
        let names: Vec<Name> = self.processes.keys().copied().filter(|name| self.writes_in_vain(*name)).collect();
        for name in names {
            self.count_cause(name);
            self.send(name, info(SIGPIPE, "USER", Some(name), Value::Null), true);
        }
    }

    /// Whether a process was writing, and there is a sign that it was sent SIGPIPE. That it had to be is another model's business.
    fn writes_in_vain(&self, name: Name) -> bool {
        let step = self.step;
        let was_writing = match step.before.get(name).map(|seen| &seen.state) {
            Some(State::Blocked(operation)) => operation == "write",
            _ => name == step.caller && step.operation == "write",
        };
        let answer = if name == step.caller { step.answer() } else { step.done.get(&name) };
        let fails = answer.and_then(Answer::errno) == Some("EPIPE");
        let mut runs = step.runs.get(&name).into_iter().flatten();
        let told = runs.any(|run| run.signal == SIGPIPE && run.sender == Some(name));
        let pending = |table: &Table| table.get(name).is_some_and(|seen| seen.own_pending & bit(SIGPIPE) != 0);
        let died = !step.after.lives(name) && step.before.lives(name) && !step.targets(name);
        was_writing && (fails || told || died || pending(step.after) && !pending(step.before))
    }

    /// Tells parents, and groups that have become orphaned, until there is nothing more to tell.
    pub fn spread(&mut self) {
        let mut told = 0;
        loop {
            while !self.news.is_empty() {
                let (parent, news) = self.news.remove(0);
                self.count_cause(parent);
                self.send(parent, news, false);
            }
            if told == self.dead.len() {
                return;
            }
            told = self.dead.len();
            self.continue_orphaned();
        }
    }

    /// Whether somebody who dies was the parent, from another group of the same session, of a zombie in this group. Linux asks then
    /// too whether the group becomes orphaned, though it was so when the zombie died (seen on the host).
    fn leaves_zombie(&self, group: Name) -> bool {
        let before = self.step.before;
        before.0.values().any(|seen| {
            let parent = before.get(seen.parent).filter(|_| self.dead.contains(&seen.parent));
            let is_zombie = seen.group == group && seen.state == State::Zombie;
            is_zombie && parent.is_some_and(|parent| parent.group != group && parent.session == seen.session)
        })
    }

    /// _exit(2): "If the exit causes a process group to become orphaned, and any member is stopped, then SIGHUP followed by SIGCONT is
    /// sent to each process in it."
    fn continue_orphaned(&mut self) {
        let before = self.step.before;
        let mut after = before.clone();
        for seen in after.0.values_mut().filter(|seen| self.dead.contains(&seen.parent)) {
            seen.parent = 'a';
        }
        let alive = |(name, seen): &(&Name, &Seen)| seen.lives() && !self.dead.contains(name);
        let members: Vec<(Name, Name)> =
            before.0.iter().filter(alive).map(|(name, seen)| (*name, seen.group)).collect();
        let is_stopped = |name: &Name| self.processes.get(name).is_some_and(|process| process.life == Life::Stopped);
        let is_due = |group: Name| {
            (!is_orphaned(before, group, &[]) || self.leaves_zombie(group))
                && is_orphaned(&after, group, &self.dead)
                && members.iter().any(|(name, of)| *of == group && is_stopped(name))
        };
        let due: Vec<Name> = members.iter().filter(|(_, group)| is_due(*group)).map(|(name, _)| *name).collect();
        for name in due {
            self.count_cause(name);
            self.sent.push((name, SIGHUP));
            if let Some(process) = self.processes.get_mut(&name) {
                process.generate(info(SIGHUP, "KERNEL", None, Value::Null), false);
                if let Life::Dead(_) = process.life {
                    self.run(name);
                    continue;
                }
            }
            self.send(name, info(SIGCONT, "KERNEL", None, Value::Null), false);
        }
    }
}

/// What `sigtimedwait` gives for a signal.
pub fn taken(info: &Info) -> Answer {
    let sender = info.sender.map_or(Value::Null, |name| json!(String::from(name)));
    Answer::value(info.signal).with("si", json!([info.code, sender, info.value]))
}
