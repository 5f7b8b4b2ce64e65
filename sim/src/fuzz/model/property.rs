//! The property of a model: whatever script processes carry out, what comes of each operation is what the model says, and every
//! invariant holds.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::catalogue::{Entry, MODELS};
use super::judge::Judge;
use super::text;
use crate::fuzz::coverage::Coverage;
use crate::fuzz::property::{Case, Failure, Property, Stop};
use crate::lockstep::generate::{self, Operations};
use crate::lockstep::simulated::Simulated;
use crate::lockstep::subject::{Subject, Trouble};
use crate::panics;

/// A model as a property.
pub struct Modelled {
    entry: &'static Entry,
    booted: OnceLock<Simulated>,
}

impl Modelled {
    /// The property of this model.
    pub fn new(entry: &'static Entry) -> Modelled {
        Modelled { entry, booted: OnceLock::new() }
    }

    /// Those of every model.
    pub fn all() -> impl Iterator<Item = Modelled> {
        MODELS.iter().map(Modelled::new)
    }

    fn judged(&self) -> Judged {
        let machine = self.booted.get_or_init(Simulated::new).clone();
        Judged {
            machine,
            judge: Judge::new((self.entry.make)()),
            name: self.entry.name,
            script: Vec::new(),
            objection: None,
        }
    }
}

/// A machine with a model beside it that hears of every operation.
struct Judged {
    machine: Simulated,
    judge: Judge,
    name: &'static str,
    script: Vec<String>,
    objection: Option<String>,
}

impl Judged {
    /// What is wrong with an operation that was carried out.
    fn verdict(&mut self, record: &Value) -> Result<(), String> {
        let operation = record["o"].as_str().unwrap_or("");
        self.judge.hear(record).map_err(|objection| {
            let (why, page) = (&objection.disagreement.expected, objection.disagreement.page);
            format!("the model of {} disagrees about {operation}, after {page}\n  {why}\n  seen {record}", self.name)
        })?;
        self.machine.check()
    }
}

impl Subject for Judged {
    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble> {
        self.script.push(text::line(asked));
        let (verdict, outcome) = match self.machine.carry_out(asked) {
            Ok(record) => (self.verdict(&record), Ok(record)),
            // Models say nothing of a world without `a`, but the kernel has one.
            Err(Trouble::RootDied) => (self.machine.check(), Err(Trouble::RootDied)),
            Err(trouble) => {
                self.script.pop();
                return Err(trouble);
            }
        };
        if let Err(why) = verdict {
            self.objection = Some(why.clone());
            return Err(Trouble::Bad(why));
        }
        outcome
    }

    fn idle(&self) -> Vec<usize> {
        self.machine.idle()
    }

    fn count(&self) -> usize {
        self.machine.count()
    }

    fn fields(&self, process: usize) -> &Map<String, Value> {
        self.machine.fields(process)
    }

    fn objects(&self, kind: char) -> usize {
        self.machine.objects(kind)
    }
}

impl Property for Modelled {
    fn name(&self) -> &str {
        self.entry.name
    }

    fn about(&self) -> &str {
        self.entry.about
    }

    fn steps_per_case(&self) -> u64 {
        80
    }

    fn run(&self, case: &Case, _: &mut Coverage) -> Result<u64, Failure> {
        let mut judged = self.judged();
        let theme = self.entry.themes[(case.seed % self.entry.themes.len() as u64) as usize];
        let length = usize::try_from(case.steps).unwrap_or(usize::MAX);
        let run =
            panics::catch(|| generate::script_of(Operations::All, &mut judged, theme, case.seed, length, &mut |_| {}));
        let reason = match (run, judged.objection.take()) {
            (Err(panic), _) => format!("{} ({})", panic.message, panic.place),
            (_, Some(objection)) => objection,
            (Ok(Err(trouble)), None) => trouble,
            (Ok(Ok(_)), None) => return Ok(judged.script.len() as u64),
        };
        let script = judged.script.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        Err(Failure { reason, script })
    }

    fn replay(&self, script: &str, _: &mut Coverage) -> Result<u64, Stop> {
        let mut judged = self.judged();
        let mut steps = 0;
        for (number, line) in script.lines().enumerate() {
            let (line, number) = (line.trim(), number + 1);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let operation = text::parse(line).map_err(|message| Stop::Unreadable { line: number, message })?;
            let broken = |reason| Stop::Broken { line: number, reason };
            match panics::catch(|| judged.carry_out(&operation)) {
                Err(panic) => return Err(broken(format!("{} ({})", panic.message, panic.place))),
                Ok(Err(_)) if judged.objection.is_some() => return Err(broken(judged.objection.unwrap_or_default())),
                Ok(Err(Trouble::Bad(message))) => return Err(Stop::Unreadable { line: number, message }),
                // Without `a` nothing goes on.
                Ok(Err(Trouble::RootDied)) => {
                    steps += 1;
                    break;
                }
                Ok(Err(Trouble::NotNow(_))) => {}
                Ok(Ok(_)) => steps += 1,
            }
        }
        Ok(steps)
    }

    /// Smaller transfers, and lists with fewer elements.
    fn simpler(&self, line: &str) -> Vec<String> {
        let Ok(operation) = text::parse(line) else { return Vec::new() };
        let mut simpler = Vec::new();
        for (index, argument) in operation["a"].as_array().into_iter().flatten().enumerate() {
            let others: Vec<Value> = match argument {
                Value::Array(list) if !list.is_empty() => {
                    let without = |left: usize| list.iter().enumerate().filter(move |(at, _)| *at != left);
                    (0..list.len()).map(|left| without(left).map(|(_, it)| it.clone()).collect()).collect()
                }
                Value::Number(number) if number.as_i64().is_some_and(|number| number > 1) => {
                    let number = number.as_i64().unwrap_or(0);
                    [1, number / 2].into_iter().filter(|it| *it < number).map(Value::from).collect()
                }
                _ => Vec::new(),
            };
            for other in others {
                let mut changed = operation.clone();
                changed["a"][index] = other;
                simpler.push(text::line(&changed));
            }
        }
        simpler
    }
}
