//! What a model is, and how a script is held against one.

use std::fmt;

use serde_json::Value;

use super::record::{Answer, Step, Table};

/// A small state machine, written from the manual pages, that says of each operation of a script what has to come of it.
///
/// A model speaks of its own domain only, and passes over everything else. What it needs from another domain (that a process
/// died, that a handler ran) it takes from the record. Where the order of running is left to the scheduler, it accepts what
/// is possible in some order.
pub trait Model: Send {
    /// Looks at one operation, and follows it.
    ///
    /// # Errors
    /// What should have come of it.
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement>;
}

/// What a model says when something else happened than it expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disagreement {
    /// What was expected, and what was seen, in one sentence.
    pub expected: String,
    /// The page that says so: `wait(2)`, `pipe(7)`.
    pub page: &'static str,
}

impl Disagreement {
    /// Something was expected, according to a page.
    pub fn new(page: &'static str, expected: impl Into<String>) -> Disagreement {
        Disagreement { expected: expected.into(), page }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.expected, self.page)
    }
}

/// `Ok` if it is so.
///
/// # Errors
/// The disagreement, if it isn't.
pub fn expect(holds: bool, page: &'static str, expected: impl FnOnce() -> String) -> Result<(), Disagreement> {
    if holds { Ok(()) } else { Err(Disagreement::new(page, expected())) }
}

/// `Ok` if the caller's call has given this.
///
/// # Errors
/// The disagreement, if it gave something else, or isn't over.
pub fn expect_answer(step: &Step<'_>, expected: &Answer, page: &'static str) -> Result<(), Disagreement> {
    expect(step.answer() == Some(expected), page, || {
        let seen = step.answer().map_or("nothing yet".to_owned(), Answer::to_string);
        format!("{} gives {expected}, not {seen}", step.operation)
    })
}

/// The first operation of a script that a model disagrees with.
#[derive(Clone, Debug)]
pub struct Objection {
    /// Which operation, from 0.
    pub operation: usize,
    /// Its record.
    pub record: Value,
    /// What the model says.
    pub disagreement: Disagreement,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation {}: {}\n  seen {}", self.operation, self.disagreement, self.record)
    }
}

/// A model, and the processes that it has seen so far.
pub struct Judge {
    model: Box<dyn Model>,
    before: Table,
    operations: usize,
}

impl Judge {
    /// A model that has seen nothing.
    pub fn new(model: Box<dyn Model>) -> Judge {
        let mut before = Table::default();
        let root = serde_json::json!({"a": {"s": "idle", "pp": "R", "pg": "a", "sid": "a"}});
        before.change(&root);
        Judge { model, before, operations: 0 }
    }

    /// Holds the next record of a script against the model.
    ///
    /// # Errors
    /// The model's objection.
    pub fn hear(&mut self, record: &Value) -> Result<(), Box<Objection>> {
        let mut after = self.before.clone();
        after.change(&record["st"]);
        let verdict = match Step::read(record, &self.before, &after) {
            Some(step) => self.model.step(&step),
            None => Err(Disagreement::new("", "that is no record of an operation")),
        };
        let operation = self.operations;
        self.operations += 1;
        self.before = after;
        verdict.map_err(|disagreement| Box::new(Objection { operation, record: record.clone(), disagreement }))
    }
}

/// Holds a whole script against a model; how many operations that were.
///
/// ```
/// use sim::fuzz::model::{MODELS, judge};
/// use sim::lockstep::generate::{Theme, script};
/// use sim::lockstep::simulated::Simulated;
///
/// let mut records = Vec::new();
/// script(&mut Simulated::new(), Theme::Pipes, 7, 60, &mut |record| records.push(record)).unwrap();
/// for entry in MODELS {
///     assert_eq!(judge((entry.make)(), &records).unwrap(), records.len());
/// }
/// ```
///
/// # Errors
/// The first objection.
pub fn judge(model: Box<dyn Model>, records: &[Value]) -> Result<usize, Box<Objection>> {
    let mut judge = Judge::new(model);
    for record in records {
        judge.hear(record)?;
    }
    Ok(records.len())
}
