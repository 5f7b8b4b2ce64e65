//! Both sides of a script: each operation is carried out by real processes, then by Vitrine, and compared.

use std::path::Path;

use serde_json::{Map, Value, json};
use sim::lockstep::subject::{Subject, Trouble};
use sim::lockstep::{Agreed, Difference, LockStep};
use sim::panics::catch;

use crate::recorder::Recorder;
use crate::stage::Stage;

/// A script that is being compared.
pub(crate) struct Judge<'a> {
    host: Recorder<'a>,
    vitrine: LockStep,
    /// What real processes did, up to and including the operation that differs.
    pub(crate) records: Vec<Value>,
    /// The first operation that differs. Nothing more is carried out then.
    pub(crate) difference: Option<Box<Difference>>,
    /// Operations that agreed only under another order than the usual one.
    pub(crate) by_choice: usize,
}

impl<'a> Judge<'a> {
    /// Both worlds at their start.
    ///
    /// # Errors
    /// What the host refused.
    pub(crate) fn new(stage: &'a Stage, within: &Path, name: &str) -> Result<Judge<'a>, String> {
        let host = Recorder::new(stage, within)?;
        Ok(Judge { host, vitrine: LockStep::new(name), records: Vec::new(), difference: None, by_choice: 0 })
    }

    /// Carries out given operations until one differs. One that can't be asked (its process is busy, or isn't there) is left
    /// out; those are returned, each with the reason.
    pub(crate) fn carry_out_all(&mut self, operations: &[Value]) -> Vec<String> {
        let mut left_out = Vec::new();
        for (number, asked) in operations.iter().enumerate() {
            match self.carry_out(&bare(asked)) {
                Ok(_) => {}
                Err(Trouble::Bad(why) | Trouble::NotNow(why)) if self.difference.is_none() => {
                    left_out.push(format!("operation {number} {why}"));
                }
                Err(Trouble::RootDied) => {
                    left_out.push(format!("operation {number} and those behind it: process a died"));
                    break;
                }
                Err(_) => break,
            }
        }
        left_out
    }

    fn compare(&mut self, record: &Value) -> Result<Agreed, Box<Difference>> {
        let vitrine = &mut self.vitrine;
        // A panic of the kernel is a difference as well; nothing is done with its world any more.
        catch(|| vitrine.compare(record)).unwrap_or_else(|panic| {
            let what = format!("{} ({})", panic.message, panic.place);
            Err(Box::new(Difference {
                script: String::new(),
                operation: self.records.len(),
                recorded: record.clone(),
                observed: json!({"panic": what}),
                orders_left: false,
            }))
        })
    }
}

/// An operation without what came of it.
pub(crate) fn bare(record: &Value) -> Value {
    json!({"p": record["p"], "o": record["o"], "a": record["a"]})
}

impl Subject for Judge<'_> {
    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble> {
        if let Some(trouble) = self.vitrine.refusal(asked) {
            return Err(trouble);
        }
        let record = self.host.carry_out(asked)?;
        let compared = self.compare(&record);
        self.records.push(record.clone());
        match compared {
            Ok(agreed) => {
                self.by_choice += usize::from(agreed == Agreed::ByChoice);
                Ok(record)
            }
            Err(difference) => {
                self.difference = Some(difference);
                Err(Trouble::Bad("it differs".into()))
            }
        }
    }

    fn idle(&self) -> Vec<usize> {
        self.host.idle()
    }

    fn count(&self) -> usize {
        self.host.count()
    }

    fn fields(&self, process: usize) -> &Map<String, Value> {
        self.host.fields(process)
    }

    fn objects(&self, kind: char) -> usize {
        self.host.objects(kind)
    }
}
