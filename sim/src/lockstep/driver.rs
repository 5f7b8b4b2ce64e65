//! Carries a script out and compares after every operation.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use abi::FastHasher;
use kernel::Kernel;
use serde_json::{Map, Value, json};

use crate::chooser::{Choice, Chooser};
use crate::kernel_box::KernelBox;

use super::observe::Table;
use super::operation::World;
use super::subject::Trouble;

/// How far a script agreed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreement {
    /// Operations that were carried out and agreed.
    pub operations: usize,
    /// Operations that agreed only under another choice than the default.
    pub by_choice: usize,
}

/// The first operation that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The script's name.
    pub script: String,
    /// Which operation, from 0.
    pub operation: usize,
    /// What was recorded.
    pub recorded: Value,
    /// What Vitrine did; `violation`: the invariant that doesn't hold behind it.
    pub observed: Value,
    /// Not every order of running was tried in which it might have agreed: there are more than are tried.
    pub orders_left: bool,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Difference { script, operation, recorded, observed, orders_left } = self;
        write!(f, "{script}, operation {operation}\n  recorded {recorded}\n  observed {observed}")?;
        if *orders_left {
            write!(
                f,
                "\n  not every order of running was tried: of this operation at most {ORDERS}, of those before it {ORDERS_AGAIN} \
                 in {WORLDS} worlds"
            )?;
        }
        Ok(())
    }
}

/// How many orders of an operation are tried where Linux may have chosen: half of them one after the other, so that few are tried
/// completely, the rest drawn.
const ORDERS: usize = 2000;
/// The same for each operation before one that differs, when all of them are looked at again.
const ORDERS_AGAIN: usize = 200;
/// How many worlds are followed then, which agree so far and behave differently.
const WORLDS: usize = 64;

/// Vitrine's side of a script, one operation after the other.
pub struct LockStep {
    name: String,
    world: World,
    table: Table,
    /// The records that it has agreed with.
    records: Vec<Value>,
}

/// How an operation agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Agreed {
    /// By the default order of running.
    AtOnce,
    /// By another order, where the record says that it may rest on scheduling.
    ByChoice,
}

impl LockStep {
    /// The world of a script at its start.
    pub fn new(name: &str) -> LockStep {
        let world = World::new();
        let table = Table::of(&world);
        LockStep { name: name.into(), world, table, records: Vec::new() }
    }

    /// Why an operation can't be carried out, if it can't: what [`LockStep::compare`] mustn't be asked.
    pub fn refusal(&self, asked: &Value) -> Option<Trouble> {
        self.world.refusal(asked)
    }

    /// Carries out an operation of which a record says what came of it.
    ///
    /// # Errors
    /// The observation differs from the record, and nothing has been carried out. Where the record says that the outcome may rest on
    /// scheduling (`care`), it has to be among those of some order of running; or among those to which another order of an earlier
    /// operation leads, if that would have looked the same then (who stands before whom in a queue shows later). A broken
    /// invariant is a difference too.
    pub fn compare(&mut self, recorded: &Value) -> Result<Agreed, Box<Difference>> {
        let expected = expectation(recorded);
        let (after, seen, observed) = carry_out(&self.world, &self.table, recorded, &mut Order::default());
        let mut left = false;
        let (found, agreed) = match observed == expected {
            true => (Some((after, seen)), Agreed::AtOnce),
            false => {
                let here = match cares(recorded) {
                    true => other_order(&self.world, &self.table, recorded, &expected, &mut left),
                    false => None,
                };
                (here.or_else(|| self.reconsidered(recorded, &mut left)), Agreed::ByChoice)
            }
        };
        let Some((after, seen)) = found else { return Err(self.difference(recorded, observed, left)) };
        if let Err(violation) = after.machine.kernel().check() {
            return Err(self.difference(recorded, json!({"violation": violation.to_string()}), false));
        }
        (self.world, self.table) = (after, seen);
        self.records.push(recorded.clone());
        Ok(agreed)
    }

    /// A world that agrees with all records so far and with this one too, by other orders of running. `left`: some weren't tried.
    fn reconsidered(&self, recorded: &Value, left: &mut bool) -> Option<(World, Table)> {
        let world = World::new();
        let table = Table::of(&world);
        let mut worlds = vec![(world, table)];
        for record in self.records.iter().chain([recorded]) {
            let expected = expectation(record);
            let (mut agreeing, mut known) = (Vec::new(), BTreeSet::new());
            for (world, table) in &worlds {
                let (mut order, mut tried) = (Order::default(), 0);
                loop {
                    let (after, seen, observed) = carry_out(world, table, record, &mut order);
                    if observed == expected && known.insert(behaviour(&after)) {
                        if agreeing.len() < WORLDS {
                            agreeing.push((after, seen));
                        } else {
                            *left = true;
                        }
                    }
                    tried += 1;
                    // Not only where the record says so: a signal to a group wakes all who wait in it, and when it does nothing to them,
                    // they wait again in the order in which they ran.
                    if !order.next() {
                        break;
                    }
                    if tried == ORDERS_AGAIN {
                        *left = true;
                        break;
                    }
                    if tried == ORDERS_AGAIN / 2 {
                        order.scatter();
                    }
                }
            }
            worlds = agreeing;
        }
        worlds.into_iter().next()
    }

    fn difference(&self, recorded: &Value, observed: Value, orders_left: bool) -> Box<Difference> {
        let (script, recorded) = (self.name.clone(), recorded.clone());
        Box::new(Difference { script, operation: self.records.len(), recorded, observed, orders_left })
    }
}

/// Why a script wasn't carried out to its end.
#[derive(Clone, Debug)]
pub enum Parted {
    /// It is no script, or has an operation that can't be carried out.
    Unreadable(String),
    /// Vitrine did something else than what was recorded.
    Differs(Box<Difference>),
}

impl std::fmt::Display for Parted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Parted::Unreadable(why) => f.write_str(why),
            Parted::Differs(difference) => difference.fmt(f),
        }
    }
}

/// Carries out a script of the format of the records.
///
/// # Errors
/// It has no operations, or one of them can't be carried out; the first operation whose observation differs from the record, as
/// [`LockStep::compare`] has it.
pub fn run_script(script: &Value) -> Result<Agreement, Parted> {
    let name = script["id"].as_str().unwrap_or("?");
    let mut vitrine = LockStep::new(name);
    let mut agreement = Agreement::default();
    let operations = script["ops"].as_array().filter(|list| !list.is_empty());
    let operations = operations.ok_or_else(|| Parted::Unreadable(format!("script {name} has no operations")))?;
    for (number, recorded) in operations.iter().enumerate() {
        if let Some(Trouble::Bad(why) | Trouble::NotNow(why)) = vitrine.refusal(recorded) {
            return Err(Parted::Unreadable(format!("script {name}, operation {number}: {why}")));
        }
        let agreed = vitrine.compare(recorded).map_err(Parted::Differs)?;
        agreement.by_choice += usize::from(agreed == Agreed::ByChoice);
        agreement.operations += 1;
    }
    Ok(agreement)
}

/// Whether a record says that what came of its operation may rest on scheduling.
fn cares(record: &Value) -> bool {
    record["care"] == json!(1)
}

/// A hash of how a world will behave.
fn behaviour(world: &World) -> u64 {
    let mut kernel = KernelBox::new();
    Kernel::clone_from(&mut kernel, world.machine.kernel());
    kernel.forget_accounting();
    let mut hasher = FastHasher::default();
    kernel.hash(&mut hasher);
    hasher.finish()
}

/// The part of a record that is an observation.
fn expectation(recorded: &Value) -> Value {
    let mut expected = recorded.as_object().cloned().unwrap_or_default();
    for key in ["p", "o", "a", "care"] {
        expected.remove(key);
    }
    Value::Object(expected)
}

fn carry_out(world: &World, before: &Table, recorded: &Value, order: &mut Order) -> (World, Table, Value) {
    let mut world = world.clone();
    let mut observed: Map<String, Value> = world.carry_out(recorded, order);
    let after = Table::of(&world);
    let changes = after.changes_since(before);
    if !changes.is_empty() {
        observed.insert("st".into(), Value::Object(changes));
    }
    (world, after, Value::Object(observed))
}

/// Another order that agrees. `left`: some weren't tried.
fn other_order(
    world: &World,
    table: &Table,
    recorded: &Value,
    expected: &Value,
    left: &mut bool,
) -> Option<(World, Table)> {
    let mut order = Order::default();
    for tried in 0..ORDERS {
        let (after, seen, observed) = carry_out(world, table, recorded, &mut order);
        if observed == *expected {
            return Some((after, seen));
        }
        if !order.next() {
            return None;
        }
        if tried == ORDERS / 2 {
            order.scatter();
        }
    }
    *left = true;
    None
}

/// One order of running after the other: each is a list of choices, and the next one differs in the last choice that has
/// another option. Where there are too many of those, the first choices would always be the same: then others are drawn.
#[derive(Default)]
struct Order {
    choices: Vec<(usize, usize)>,
    position: usize,
    /// From where choices are drawn.
    drawn: Option<u64>,
}

impl Order {
    /// Draws all further choices, from one fixed seed.
    fn scatter(&mut self) {
        self.drawn = Some(1);
    }

    /// Goes to the next order; whether there is one.
    fn next(&mut self) -> bool {
        if self.drawn.is_some() {
            return true;
        }
        self.position = 0;
        while let Some((choice, options)) = self.choices.pop() {
            if choice + 1 < options {
                self.choices.push((choice + 1, options));
                return true;
            }
        }
        false
    }
}

impl Chooser for Order {
    fn choose(&mut self, _: u64, _: Choice, options: usize) -> usize {
        if let Some(state) = &mut self.drawn {
            // Knuth's linear congruential generator; its high bits are good.
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            return (*state >> 33) as usize % options.max(1);
        }
        if self.position == self.choices.len() {
            self.choices.push((0, options));
        }
        let (choice, _) = self.choices[self.position];
        self.position += 1;
        choice
    }
}
