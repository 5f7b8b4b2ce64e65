//! One operation of a script, as a model reads it: who asked for what, what came of it, and what could be seen of all processes
//! before and after. `tests/oracle/lockstep/README.md` has the format that it is read from.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The name of a process: `a`, `b`, ... in order of birth; `R` is the parent of `a`.
pub type Name = char;

/// What a call gave: `r` or `e`, and what else it handed out.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer(pub Map<String, Value>);

impl Answer {
    /// The call returned this.
    pub fn value(value: impl Into<Value>) -> Answer {
        Answer(Map::from_iter([("r".to_owned(), value.into())]))
    }

    /// The call failed.
    pub fn error(name: &str) -> Answer {
        Answer(Map::from_iter([("e".to_owned(), json!(name))]))
    }

    /// The same answer that hands out something more.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Answer {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// The name of its error.
    pub fn errno(&self) -> Option<&str> {
        self.0.get("e")?.as_str()
    }

    /// The number that it returned.
    pub fn number(&self) -> Option<i64> {
        self.0.get("r")?.as_i64()
    }

    /// The process, or the object, that it returned the name of.
    pub fn named(&self) -> Option<&str> {
        self.0.get("r")?.as_str()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", Value::Object(self.0.clone()))
    }
}

/// What became of the caller's call.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// It returned.
    Returned(Answer),
    /// It waits.
    Blocked,
    /// The caller was stopped before it could return.
    Stopped,
    /// The caller died of it.
    Died,
}

/// A handler that ran.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// For which signal.
    pub signal: u32,
    /// `USER`, `QUEUE`, `KERNEL`, `EXITED` ...
    pub code: String,
    /// Who sent it, or whom it is about.
    pub sender: Option<Name>,
    /// A value, or the status of a child.
    pub value: Value,
    /// The signals that were blocked meanwhile.
    pub mask: u64,
}

/// What a process is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Nothing: it can be given an operation.
    Idle,
    /// It waits in this operation.
    Blocked(String),
    /// Stopped by a signal.
    Stopped,
    /// Dead, and its parent hasn't asked.
    Zombie,
    /// Dead and forgotten.
    Gone,
}

/// What can be seen of a process from outside.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// What it does.
    pub state: State,
    /// Its parent.
    pub parent: Name,
    /// Its process group, by its leader's name.
    pub group: Name,
    /// Its session, likewise.
    pub session: Name,
    /// Signals pending for its thread alone.
    pub own_pending: u64,
    /// Signals pending for the process.
    pub shared_pending: u64,
    /// Its mask.
    pub blocked: u64,
    /// Signals that it ignores.
    pub ignored: u64,
    /// Signals that it handles.
    pub caught: u64,
    /// How many descriptors are open.
    pub open: usize,
}

impl Seen {
    /// Whether it isn't dead.
    pub fn lives(&self) -> bool {
        !matches!(self.state, State::Zombie | State::Gone)
    }
}

/// All processes that ever were, as they are at one moment.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Table(pub BTreeMap<Name, Seen>);

impl Table {
    /// One process.
    pub fn get(&self, name: Name) -> Option<&Seen> {
        self.0.get(&name)
    }

    /// Whether this process is there and isn't dead.
    pub fn lives(&self, name: Name) -> bool {
        self.get(name).is_some_and(Seen::lives)
    }

    /// Whether this process is stopped.
    pub fn is_stopped(&self, name: Name) -> bool {
        self.get(name).is_some_and(|seen| seen.state == State::Stopped)
    }

    /// What a process that was just born looks like before anything is known of it.
    fn unseen() -> Seen {
        Seen {
            state: State::Idle,
            parent: '?',
            group: '?',
            session: '?',
            own_pending: 0,
            shared_pending: 0,
            blocked: 0,
            ignored: 0,
            caught: 0,
            open: 0,
        }
    }

    /// Follows the changes that a record lists.
    pub fn change(&mut self, changes: &Value) {
        for (name, fields) in changes.as_object().into_iter().flatten() {
            let Some(name) = name.chars().next() else { continue };
            let seen = self.0.entry(name).or_insert_with(Table::unseen);
            for (key, value) in fields.as_object().into_iter().flatten() {
                match key.as_str() {
                    "s" => seen.state = state(value),
                    "pp" => seen.parent = name_of(value),
                    "pg" => seen.group = name_of(value),
                    "sid" => seen.session = name_of(value),
                    "pnd" => seen.own_pending = signals(value),
                    "shd" => seen.shared_pending = signals(value),
                    "blk" => seen.blocked = signals(value),
                    "ign" => seen.ignored = signals(value),
                    "cgt" => seen.caught = signals(value),
                    "nfd" => seen.open = value.as_u64().unwrap_or(0) as usize,
                    _ => {}
                }
            }
        }
    }
}

/// One operation with everything that came of it.
pub struct Step<'a> {
    /// Who made the call.
    pub caller: Name,
    /// Which.
    pub operation: &'a str,
    /// With what.
    pub arguments: &'a [Value],
    /// What became of it.
    pub outcome: Outcome,
    /// Calls of others that ended meanwhile: whose, and how.
    pub done: BTreeMap<Name, Answer>,
    /// Handlers that ran, in order.
    pub runs: BTreeMap<Name, Vec<Run>>,
    /// The processes before.
    pub before: &'a Table,
    /// The processes after.
    pub after: &'a Table,
}

impl<'a> Step<'a> {
    /// Reads a record. `None`: it isn't one.
    pub fn read(record: &'a Value, before: &'a Table, after: &'a Table) -> Option<Step<'a>> {
        let answer = |of: &Value| {
            let mut fields = of.as_object().cloned().unwrap_or_default();
            fields.retain(|key, _| !["p", "o", "a", "out", "done", "h", "st", "care", "end"].contains(&key.as_str()));
            Answer(fields)
        };
        let outcome = match record["out"].as_str() {
            Some("blk") => Outcome::Blocked,
            Some("stop") => Outcome::Stopped,
            Some(_) => Outcome::Died,
            None => Outcome::Returned(answer(record)),
        };
        let list = record["done"].as_array();
        let done = list.into_iter().flatten().map(|entry| (name_of(&entry["p"]), answer(entry))).collect();
        let runs = record["h"].as_object().into_iter().flatten();
        let runs = runs.map(|(name, list)| (name.chars().next().unwrap_or('?'), runs_of(list))).collect();
        Some(Step {
            caller: record["p"].as_str()?.chars().next()?,
            operation: record["o"].as_str()?,
            arguments: record["a"].as_array()?,
            outcome,
            done,
            runs,
            before,
            after,
        })
    }

    /// An argument that is a number; 0 if it isn't there.
    pub fn int(&self, index: usize) -> i64 {
        self.arguments.get(index).and_then(Value::as_i64).unwrap_or(0)
    }

    /// An argument that is a word; empty if it isn't.
    pub fn word(&self, index: usize) -> &'a str {
        self.arguments.get(index).and_then(Value::as_str).unwrap_or("")
    }

    /// Whether an argument is a list that has this flag.
    pub fn has(&self, index: usize, flag: &str) -> bool {
        self.arguments.get(index).and_then(Value::as_array).is_some_and(|list| list.iter().any(|it| it == flag))
    }

    /// What the caller's call gave, if it is over.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Returned(answer) => Some(answer),
            _ => None,
        }
    }

    /// Whether the caller's call is over and succeeded.
    pub fn succeeded(&self) -> bool {
        self.answer().is_some_and(|answer| answer.errno().is_none())
    }

    /// All calls that ended, the caller's too.
    pub fn answers(&self) -> BTreeMap<Name, Answer> {
        let own = self.answer().map(|answer| (self.caller, answer.clone()));
        self.done.clone().into_iter().chain(own).collect()
    }

    /// The child that a `fork` made.
    pub fn child(&self) -> Option<Name> {
        match self.operation {
            "fork" => self.answer()?.named()?.chars().next(),
            _ => None,
        }
    }

    /// Those that died of it.
    pub fn died(&self) -> Vec<Name> {
        let lived = self.before.0.iter().filter(|(_, seen)| seen.lives());
        lived.map(|(name, _)| *name).filter(|name| !self.after.lives(*name)).collect()
    }

    /// Whether a process was taken out of its waiting: a handler ran, it was continued, or a stop signal reached it that is thrown
    /// away because its group is orphaned (`setpgid(2)`).
    pub fn disturbed(&self, name: Name) -> bool {
        self.runs.get(&name).is_some_and(|runs| !runs.is_empty())
            || self.before.is_stopped(name) != self.after.is_stopped(name)
            || self.throws_away_stop(name)
    }

    fn throws_away_stop(&self, name: Name) -> bool {
        let signal = self.int(1);
        let Some(seen) = self.before.get(name) else { return false };
        let arrives = ["kill", "sigqueue"].contains(&self.operation)
            && (20..=22).contains(&signal)
            && (seen.blocked | seen.ignored | seen.caught) & 1 << (signal - 1) == 0;
        arrives && !self.after.is_stopped(name) && self.targets(name)
    }

    /// Whether this is a `kill` or `sigqueue` whose first argument means this process.
    pub fn targets(&self, name: Name) -> bool {
        if !matches!(self.operation, "kill" | "sigqueue") {
            return false;
        }
        let (whom, group) = (self.word(0), self.before.get(name).map_or('?', |seen| seen.group));
        match (whom, self.before.get(self.caller)) {
            ("", Some(caller)) => self.int(0) == 0 && caller.group == group,
            _ => match whom.strip_prefix('-') {
                Some(leader) => leader == group.to_string(),
                None => whom == name.to_string(),
            },
        }
    }
}

fn state(value: &Value) -> State {
    match value.as_str().unwrap_or("") {
        "idle" => State::Idle,
        "stop" => State::Stopped,
        "zomb" => State::Zombie,
        "gone" => State::Gone,
        text => State::Blocked(text.strip_prefix("blk:").unwrap_or(text).to_owned()),
    }
}

/// The name that a value is; `?` if it is none.
pub fn name_of(value: &Value) -> Name {
    value.as_str().and_then(|text| text.chars().next()).unwrap_or('?')
}

/// A list of signal numbers as a set: bit n - 1 is signal n.
pub fn signals(list: &Value) -> u64 {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_u64);
    numbers.filter(|number| (1..65).contains(number)).fold(0, |set, number| set | 1 << (number - 1))
}

fn runs_of(list: &Value) -> Vec<Run> {
    let one = |run: &Value| Run {
        signal: run[0].as_u64().unwrap_or(0) as u32,
        code: run[1].as_str().unwrap_or("").to_owned(),
        sender: run[2].as_str().and_then(|name| name.chars().next()),
        value: run[3].clone(),
        mask: signals(&run[4]),
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

/// So many bytes of the pattern that transfers carry.
pub fn pattern(count: i64, seed: i64) -> Vec<u8> {
    (0..count).map(|i| (seed + 7 * i + (i >> 8)) as u8).collect()
}

/// Bytes as records show them: few in full, of many their checksum.
pub fn shown(bytes: &[u8]) -> Value {
    json!(match bytes.len() {
        0..=24 => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        _ => format!("crc:{:08x}", crc32fast::hash(bytes)),
    })
}
