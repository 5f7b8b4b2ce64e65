//! Scripts carried out on Vitrine alone: what is observed is a record of the same form as those of real processes.

use serde_json::{Map, Value, json};

use super::observe::Table;
use super::operation::{World, supported};
use super::subject::{Subject, Trouble, process_name, process_number};
use crate::chooser::Default as InOrder;

/// Processes have one letter each.
const PROCESSES: usize = 26;
/// The longest transfer, in bytes: what the processes have room for.
const LONGEST_BYTES: i64 = 500_000;
/// Every word that is an element of a list.
const WORDS: &[&str] = &[
    "NOHANG",
    "UNTRACED",
    "CONTINUED",
    "EXITED",
    "STOPPED",
    "RESTART",
    "NODEFER",
    "RESETHAND",
    "NOCLDWAIT",
    "NOCLDSTOP",
    "RDONLY",
    "WRONLY",
    "RDWR",
    "CREAT",
    "EXCL",
    "NONBLOCK",
    "CLOEXEC",
    "TRUNC",
    "NOWAIT",
    "NOERROR",
    "UNDO",
];

/// A machine with the processes of one script.
///
/// ```
/// use serde_json::json;
/// use sim::lockstep::simulated::Simulated;
/// use sim::lockstep::subject::Subject;
///
/// let mut machine = Simulated::new();
/// let record = machine.carry_out(&json!({"p": "a", "o": "getppid", "a": []})).unwrap();
/// assert_eq!(record["r"], "R");
/// ```
#[derive(Clone)]
pub struct Simulated {
    world: World,
    table: Table,
    fields: Vec<Map<String, Value>>,
}

impl Default for Simulated {
    fn default() -> Simulated {
        Simulated::new()
    }
}

impl Simulated {
    /// A machine with process `a`, which has done nothing yet.
    pub fn new() -> Simulated {
        let world = World::new();
        let table = Table::of(&world);
        let mut machine = Simulated { world, table: table.clone(), fields: Vec::new() };
        machine.note(&table);
        machine
    }

    /// Whether the invariants hold.
    ///
    /// # Errors
    /// The one that doesn't, in a sentence.
    pub fn check(&self) -> Result<(), String> {
        self.world.machine.kernel().check().map_err(|violation| violation.to_string())
    }

    fn note(&mut self, table: &Table) {
        self.fields = (0..).map_while(|index| table.fields(&process_name(index)).cloned()).collect();
    }

    /// Why an operation can't be carried out, if it can't.
    fn refusal(&self, asked: &Value) -> Option<&'static str> {
        let operation = asked["o"].as_str().unwrap_or("");
        let Some(arguments) = asked["a"].as_array() else { return Some("it has no list of arguments") };
        if !supported(operation) {
            return Some("there is no such operation");
        }
        if !process_number(&asked["p"]).is_some_and(|index| self.idle().contains(&index)) {
            return Some("nobody idle has that name");
        }
        if operation == "fork" && self.count() == PROCESSES {
            return Some("there are no names left");
        }
        let is_object =
            |text: &str| text.strip_prefix(['q', 's', 'm']).is_some_and(|rest| rest.parse::<usize>().is_ok());
        let made = |text: &str| {
            let (kind, number) = text.split_at(1);
            let kind = kind.chars().next().unwrap_or('?');
            number.parse().is_ok_and(|number: usize| number < self.objects(kind))
        };
        let names_object = operation.starts_with("msg") || operation.starts_with("sem") || operation.starts_with("shm");
        let first = arguments.first().and_then(Value::as_str).unwrap_or("");
        if names_object && (!first.is_empty() && !is_object(first) || is_object(first) && !made(first)) {
            return Some("no object has that name");
        }
        let transfers = ["read", "write", "mq_send", "mq_receive", "msgsnd", "msgrcv"].contains(&operation);
        let size = if operation == "msgsnd" { 2 } else { 1 };
        if transfers && arguments.get(size).and_then(Value::as_i64).is_some_and(|size| size > LONGEST_BYTES) {
            return Some("that is too much");
        }
        (!arguments.iter().all(has_known_words)).then_some("a word in a list isn't known")
    }
}

/// Whether all words in lists are known.
fn has_known_words(argument: &Value) -> bool {
    let known = |element: &Value| match element {
        Value::String(word) => WORDS.contains(&word.as_str()),
        Value::Array(_) => has_known_words(element),
        _ => true,
    };
    argument.as_array().is_none_or(|list| list.iter().all(known))
}

impl Subject for Simulated {
    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble> {
        if let Some(why) = self.refusal(asked) {
            return Err(Trouble::Bad(format!("{asked}: {why}")));
        }
        let mut record = json!({"p": asked["p"], "o": asked["o"], "a": asked["a"]});
        let observed = self.world.carry_out(asked, &mut InOrder);
        let after = Table::of(&self.world);
        let changes = after.changes_since(&self.table);
        self.note(&after);
        self.table = after;
        if self.fields(0).get("s").is_some_and(|state| state == "zomb" || state == "gone") {
            return Err(Trouble::RootDied);
        }
        if let Some(record) = record.as_object_mut() {
            record.extend(observed);
            if !changes.is_empty() {
                record.insert("st".into(), Value::Object(changes));
            }
        }
        Ok(record)
    }

    fn idle(&self) -> Vec<usize> {
        (0..self.count()).filter(|&index| self.fields[index].get("s").is_some_and(|state| state == "idle")).collect()
    }

    fn count(&self) -> usize {
        self.fields.len()
    }

    fn fields(&self, process: usize) -> &Map<String, Value> {
        &self.fields[process]
    }

    fn objects(&self, kind: char) -> usize {
        self.world.objects(kind)
    }
}
