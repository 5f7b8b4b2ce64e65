//! Scripts carried out on Vitrine alone: what is observed is a record of the same form as those of real processes.

use serde_json::{Map, Value, json};

use super::observe::Table;
use super::operation::World;
use super::subject::{Subject, Trouble, process_name};
use crate::chooser::Default as InOrder;

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
}

impl Subject for Simulated {
    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble> {
        if let Some(trouble) = self.world.refusal(asked) {
            return Err(trouble);
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
