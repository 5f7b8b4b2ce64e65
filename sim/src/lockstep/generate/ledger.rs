//! What exists, as far as the records of a script say: whose descriptors stand for what, how full things are, who waits in
//! which call. It steers what is asked next and is no judge: where it is wrong, an operation just does something else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::subject::process_number;

/// What a descriptor may stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Thing {
    /// A pipe, with or without a name.
    Pipe(usize),
    /// A POSIX message queue.
    Queue(usize),
    /// A POSIX shared memory object.
    Memory,
}

/// An open file description.
#[derive(Clone, Copy, Debug)]
pub(super) struct Description {
    /// What it stands for.
    pub(super) thing: Thing,
    /// Whether it can be read.
    pub(super) readable: bool,
    /// Whether it can be written.
    pub(super) writable: bool,
    /// Whether its calls return at once.
    pub(super) nonblocking: bool,
}

/// How full something is, and how full it can be: bytes, or messages.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Level {
    /// What is in it.
    pub(super) now: i64,
    /// What fits in.
    pub(super) most: i64,
}

impl Level {
    fn change(&mut self, by: i64) {
        self.now = (self.now + by).clamp(0, self.most);
    }
}

/// A System V message queue.
#[derive(Clone, Debug)]
pub(super) struct Messages {
    /// The types in it.
    pub(super) types: Vec<i64>,
    /// Bytes that it holds at most.
    pub(super) bytes_most: i64,
}

/// All of it.
#[derive(Default)]
pub(super) struct Ledger {
    /// Descriptors by process.
    descriptors: Vec<BTreeMap<i64, usize>>,
    descriptions: Vec<Description>,
    /// Pipes.
    pub(super) pipes: Vec<Level>,
    /// FIFOs that have a name, and their pipes.
    pub(super) fifos: BTreeMap<i64, usize>,
    /// POSIX message queues.
    pub(super) queues: Vec<Level>,
    queue_names: BTreeMap<i64, usize>,
    /// System V message queues by name.
    pub(super) messages: BTreeMap<String, Messages>,
    /// Sets of semaphores by name: their values.
    pub(super) semaphores: BTreeMap<String, Vec<i64>>,
    /// The operation in which a process waits or was stopped.
    pending: Vec<Option<Value>>,
}

impl Ledger {
    /// The descriptors of a process.
    pub(super) fn descriptors(&self, process: usize) -> impl Iterator<Item = (i64, Description)> + '_ {
        let own = self.descriptors.get(process).into_iter().flatten();
        own.map(|(fd, description)| (*fd, self.descriptions[*description]))
    }

    /// Whether anybody can read a thing, or write it.
    pub(super) fn is_open(&self, thing: Thing, write: bool) -> bool {
        (0..self.descriptors.len()).any(|process| self.end_of(process, thing, write).is_some())
    }

    /// A descriptor with which a process reads a thing, or writes it.
    pub(super) fn end_of(&self, process: usize, thing: Thing, write: bool) -> Option<i64> {
        let fits = |found: &Description| found.thing == thing && if write { found.writable } else { found.readable };
        self.descriptors(process).find(|(_, description)| fits(description)).map(|(fd, _)| fd)
    }

    /// What a descriptor of a process stands for.
    pub(super) fn thing(&self, process: usize, fd: i64) -> Option<Thing> {
        self.descriptors(process).find(|(other, _)| *other == fd).map(|(_, description)| description.thing)
    }

    /// The operation in which a process waits.
    pub(super) fn pending(&self, process: usize) -> Option<&Value> {
        self.pending.get(process)?.as_ref()
    }

    /// Takes in a record.
    pub(super) fn note(&mut self, record: &Value) {
        let Some(caller) = process_number(&record["p"]) else { return };
        self.make_room(caller);
        for done in record["done"].as_array().into_iter().flatten() {
            let Some(process) = process_number(&done["p"]) else { continue };
            if let Some(asked) = self.pending.get_mut(process).and_then(Option::take) {
                self.completed(process, &asked, done, true);
            }
        }
        if record.get("out").is_some() {
            self.pending[caller] = Some(record.clone());
            if record["o"] == "write"
                && let Some(Thing::Pipe(pipe)) = self.thing(caller, int(&record["a"][0]))
            {
                self.pipes[pipe].now = self.pipes[pipe].most;
            }
        } else {
            self.completed(caller, record, record, false);
        }
        for (name, fields) in record["st"].as_object().into_iter().flatten() {
            let ended = matches!(fields["s"].as_str(), Some("zomb" | "gone"));
            if let Some(process) = process_number(&Value::from(name.as_str())).filter(|_| ended) {
                self.make_room(process);
                self.descriptors[process].clear();
                self.pending[process] = None;
            }
        }
    }

    fn make_room(&mut self, process: usize) {
        while self.descriptors.len() <= process {
            self.descriptors.push(BTreeMap::new());
            self.pending.push(None);
        }
    }

    /// A call has returned, at once or after it waited.
    fn completed(&mut self, process: usize, asked: &Value, result: &Value, waited: bool) {
        let Some(value) = result.get("r") else { return };
        let arguments = &asked["a"];
        match asked["o"].as_str().unwrap_or("") {
            "fork" => {
                let Some(child) = process_number(value) else { return };
                self.make_room(child);
                self.descriptors[child] = self.descriptors[process].clone();
            }
            "pipe" => {
                let most = if int(&arguments[1]) == 0 { 65_536 } else { int(&arguments[1]) };
                self.pipes.push(Level { now: 0, most });
                let (thing, nonblocking) = (Thing::Pipe(self.pipes.len() - 1), has(&arguments[0], "NONBLOCK"));
                for (index, writable) in [(0, false), (1, true)] {
                    let description = Description { thing, readable: !writable, writable, nonblocking };
                    self.open(process, int(&result["fd"][index]), description);
                }
            }
            "mkfifo" => {
                self.pipes.push(Level { now: 0, most: 65_536 });
                self.fifos.insert(int(&arguments[0]), self.pipes.len() - 1);
            }
            "unlink" => drop(self.fifos.remove(&int(&arguments[0]))),
            "open" => {
                let Some(&pipe) = self.fifos.get(&int(&arguments[0])) else { return };
                self.open(process, int(value), described(Thing::Pipe(pipe), &arguments[1]));
            }
            "shm_open" => self.open(process, int(value), described(Thing::Memory, &arguments[1])),
            "dup" | "dup2" | "dup3" => self.duplicate(process, int(&arguments[0]), int(value)),
            "fcntl" if arguments[1] == "DUPFD" => self.duplicate(process, int(&arguments[0]), int(value)),
            "fcntl" if arguments[1] == "SETFL" => {
                self.set_nonblocking(process, int(&arguments[0]), has(&arguments[2], "NONBLOCK"));
            }
            "close" => drop(self.descriptors[process].remove(&int(&arguments[0]))),
            "mq_setattr" => self.set_nonblocking(process, int(&arguments[0]), int(&arguments[1]) != 0),
            "read" | "write" | "mq_send" | "mq_receive" => self.transferred(process, asked, int(value), waited),
            "mq_open" => {
                let name = int(&arguments[0]);
                let queue = *self.queue_names.entry(name).or_insert_with(|| {
                    self.queues.push(Level { now: 0, most: int(&arguments[2]) });
                    self.queues.len() - 1
                });
                self.open(process, int(value), described(Thing::Queue(queue), &arguments[1]));
            }
            "mq_unlink" => drop(self.queue_names.remove(&int(&arguments[0]))),
            operation => self.system_v(operation, arguments, value, result),
        }
    }

    fn transferred(&mut self, process: usize, asked: &Value, value: i64, waited: bool) {
        let level = match self.thing(process, int(&asked["a"][0])) {
            Some(Thing::Pipe(pipe)) => &mut self.pipes[pipe],
            Some(Thing::Queue(queue)) => &mut self.queues[queue],
            _ => return,
        };
        match asked["o"].as_str().unwrap_or("") {
            "read" => level.change(-value),
            // What it had put in before it waited has been counted.
            "write" => level.change(if waited { value.min(4096) } else { value }),
            "mq_send" => level.change(1),
            _ => level.change(-1),
        }
    }

    fn system_v(&mut self, operation: &str, arguments: &Value, value: &Value, result: &Value) {
        let name = arguments[0].as_str().unwrap_or("");
        match operation {
            "msgget" | "semget" => {
                let Some(new) = value.as_str() else { return };
                if operation == "msgget" {
                    let nothing = Messages { types: Vec::new(), bytes_most: 16_384 };
                    self.messages.entry(new.into()).or_insert(nothing);
                } else {
                    let count = int(&arguments[1]).max(1) as usize;
                    self.semaphores.entry(new.into()).or_insert_with(|| vec![0; count]);
                }
            }
            "msgsnd" => {
                let Some(queue) = self.messages.get_mut(name) else { return };
                queue.types.push(int(&arguments[1]));
            }
            "msgrcv" => {
                let Some(queue) = self.messages.get_mut(name) else { return };
                if let Some(place) = queue.types.iter().position(|kind| *kind == int(&result["type"])) {
                    queue.types.remove(place);
                }
            }
            "msgctl" if arguments[1] == "SET" => {
                let Some(queue) = self.messages.get_mut(name) else { return };
                queue.bytes_most = int(&arguments[2]);
            }
            "msgctl" if arguments[1] == "RMID" => drop(self.messages.remove(name)),
            "semctl" if arguments[2] == "RMID" => drop(self.semaphores.remove(name)),
            "semctl" if arguments[2] == "SETVAL" => {
                self.change_semaphore(name, int(&arguments[1]), |_| int(&arguments[3]))
            }
            "semop" => {
                for one in arguments[1].as_array().into_iter().flatten() {
                    self.change_semaphore(name, int(&one[0]), |old| old + int(&one[1]));
                }
            }
            _ => {}
        }
    }

    fn change_semaphore(&mut self, name: &str, number: i64, change: impl Fn(i64) -> i64) {
        let set = self.semaphores.get_mut(name);
        if let Some(value) = set.and_then(|values| values.get_mut(number as usize)) {
            *value = change(*value).max(0);
        }
    }

    fn open(&mut self, process: usize, fd: i64, description: Description) {
        self.descriptions.push(description);
        self.descriptors[process].insert(fd, self.descriptions.len() - 1);
    }

    fn duplicate(&mut self, process: usize, old: i64, new: i64) {
        match self.descriptors[process].get(&old).copied() {
            Some(description) => self.descriptors[process].insert(new, description),
            None => self.descriptors[process].remove(&new),
        };
    }

    fn set_nonblocking(&mut self, process: usize, fd: i64, nonblocking: bool) {
        if let Some(&description) = self.descriptors[process].get(&fd) {
            self.descriptions[description].nonblocking = nonblocking;
        }
    }
}

/// What flags of `open` say.
fn described(thing: Thing, flags: &Value) -> Description {
    let [write, both] = ["WRONLY", "RDWR"].map(|name| has(flags, name));
    Description { thing, readable: !write, writable: write || both, nonblocking: has(flags, "NONBLOCK") }
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|flag| flag == name))
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}
