//! Which descriptor of which process stands for what. Models whose objects are used through descriptors follow it here; whether
//! the numbers themselves are right is the business of the model of descriptors.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Name, Step};

/// An open file description: what `open` makes, and what `dup` and `fork` share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description<T> {
    /// What it stands for.
    pub object: T,
    /// Whether one may read.
    pub reads: bool,
    /// Whether one may write.
    pub writes: bool,
    /// `O_NONBLOCK`, which all who share it share.
    pub nonblocking: bool,
}

/// The descriptors of all processes.
#[derive(Clone)]
pub struct Opened<T> {
    slots: BTreeMap<(Name, i64), usize>,
    descriptions: BTreeMap<usize, Description<T>>,
    made: usize,
}

impl<T> Default for Opened<T> {
    fn default() -> Opened<T> {
        Opened { slots: BTreeMap::new(), descriptions: BTreeMap::new(), made: 0 }
    }
}

impl<T> Opened<T> {
    /// A process got a descriptor for something new.
    pub fn open(&mut self, who: Name, fd: i64, description: Description<T>) {
        self.made += 1;
        self.descriptions.insert(self.made, description);
        self.put(who, fd, self.made);
    }

    /// What a descriptor stands for.
    pub fn get(&self, who: Name, fd: i64) -> Option<&Description<T>> {
        self.descriptions.get(self.slots.get(&(who, fd))?)
    }

    /// The lowest number that is free.
    pub fn lowest(&self, who: Name) -> i64 {
        (0..).find(|fd| !self.slots.contains_key(&(who, *fd))).unwrap_or(0)
    }

    /// What all descriptors stand for, each description once.
    pub fn descriptions(&self) -> impl Iterator<Item = &Description<T>> {
        self.descriptions.values()
    }

    /// The number of a descriptor's description, which tells it from others.
    pub fn number(&self, who: Name, fd: i64) -> Option<usize> {
        self.slots.get(&(who, fd)).copied()
    }

    /// A description by its number, while somebody has it open.
    pub fn described(&self, number: usize) -> Option<&Description<T>> {
        self.descriptions.get(&number)
    }

    fn put(&mut self, who: Name, fd: i64, description: usize) {
        self.slots.insert((who, fd), description);
        self.forget_unused();
    }

    fn forget_unused(&mut self) {
        let used: BTreeSet<usize> = self.slots.values().copied().collect();
        self.descriptions.retain(|number, _| used.contains(number));
    }

    /// Follows what an operation did to descriptors that exist: `dup`, `close`, `fork`, the end of a process, and the flags that
    /// `fcntl` and `mq_setattr` set.
    pub fn follow(&mut self, step: &Step<'_>) {
        let fd = step.int(0);
        let own = self.number(step.caller, fd);
        if step.succeeded() {
            match (step.operation, own) {
                ("dup" | "dup2" | "dup3", Some(description)) => {
                    let new = step.answer().and_then(|answer| answer.number()).unwrap_or(-1);
                    self.put(step.caller, new, description);
                }
                ("fcntl", Some(description)) if step.word(1) == "DUPFD" => {
                    let new = step.answer().and_then(|answer| answer.number()).unwrap_or(-1);
                    self.put(step.caller, new, description);
                }
                ("fcntl", Some(description)) if step.word(1) == "SETFL" => {
                    self.set_nonblocking(description, step.has(2, "NONBLOCK"));
                }
                ("mq_setattr", Some(description)) => self.set_nonblocking(description, step.int(1) != 0),
                // dup2(2) of something that this table doesn't follow replaces what was there.
                ("dup2" | "dup3", None) => {
                    self.slots.remove(&(step.caller, step.int(1)));
                }
                ("close", _) => {
                    self.slots.remove(&(step.caller, fd));
                }
                _ => {}
            }
        }
        if let Some(child) = step.child() {
            let own: Vec<(i64, usize)> = self.slots_of(step.caller).collect();
            self.slots.extend(own.into_iter().map(|(fd, description)| ((child, fd), description)));
        }
        let died = step.died();
        self.slots.retain(|(who, _), _| !died.contains(who));
        self.forget_unused();
    }

    fn set_nonblocking(&mut self, description: usize, nonblocking: bool) {
        if let Some(description) = self.descriptions.get_mut(&description) {
            description.nonblocking = nonblocking;
        }
    }

    fn slots_of(&self, who: Name) -> impl Iterator<Item = (i64, usize)> {
        self.slots.range((who, i64::MIN)..=(who, i64::MAX)).map(|((_, fd), description)| (*fd, *description))
    }
}
