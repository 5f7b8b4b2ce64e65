//! Keys and identifiers of System V objects, which message queues, semaphores and shared memory have in common: msgget(2),
//! semget(2), shmget(2), ftok(3). Scripts name the objects of a kind in the order of their making: `q0 q1 ...`.

use serde_json::Value;

use super::record::{Answer, Step};

/// All objects of a kind that ever were. Those that were removed keep their number, which is never used again.
#[derive(Clone)]
pub struct Objects<T> {
    kind: char,
    list: Vec<Entry<T>>,
}

#[derive(Clone)]
struct Entry<T> {
    key: i64,
    removed: bool,
    object: T,
}

/// What a `...get` call comes to.
pub enum Got {
    /// The object with this number exists already.
    Old(usize),
    /// A new one is to be made.
    New,
    /// It fails.
    Failed(&'static str),
}

impl<T> Objects<T> {
    /// None so far.
    pub fn new(kind: char) -> Objects<T> {
        Objects { kind, list: Vec::new() }
    }

    /// Looks for a key as the `...get` calls do. Key 0 (`IPC_PRIVATE`) always makes a new object.
    pub fn look_up(&self, key: i64, step: &Step<'_>, flags: usize) -> Got {
        match self.list.iter().position(|entry| entry.key == key && key != 0 && !entry.removed) {
            Some(_) if step.has(flags, "CREAT") && step.has(flags, "EXCL") => Got::Failed("EEXIST"),
            Some(number) => Got::Old(number),
            None if key == 0 || step.has(flags, "CREAT") => Got::New,
            None => Got::Failed("ENOENT"),
        }
    }

    /// Makes a new object. The answer is its name.
    pub fn add(&mut self, key: i64, object: T) -> Answer {
        self.list.push(Entry { key, removed: false, object });
        self.name(self.list.len() - 1)
    }

    /// The answer that is the name of an object.
    pub fn name(&self, number: usize) -> Answer {
        Answer::value(format!("{}{number}", self.kind))
    }

    /// The number of the object that an argument names, if it was ever made; it may have been removed.
    pub fn number(&self, argument: Option<&Value>) -> Option<usize> {
        let number = argument?.as_str()?.strip_prefix(self.kind)?.parse().ok()?;
        (number < self.list.len()).then_some(number)
    }

    /// An object that exists.
    pub fn get(&self, number: usize) -> Option<&T> {
        self.list.get(number).filter(|entry| !entry.removed).map(|entry| &entry.object)
    }

    /// An object that exists.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.list.get_mut(number).filter(|entry| !entry.removed).map(|entry| &mut entry.object)
    }

    /// Takes an object's identifier and key away.
    pub fn remove(&mut self, number: usize) {
        if let Some(entry) = self.list.get_mut(number) {
            entry.removed = true;
        }
    }

    /// Takes an object's key away: it can't be found any more, but by its identifier.
    pub fn forget_key(&mut self, number: usize) {
        if let Some(entry) = self.list.get_mut(number) {
            entry.key = 0;
        }
    }

    /// The objects that exist.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.list.iter_mut().filter(|entry| !entry.removed).map(|entry| &mut entry.object)
    }

    /// How many exist.
    pub fn count(&self) -> usize {
        self.list.iter().filter(|entry| !entry.removed).count()
    }
}
