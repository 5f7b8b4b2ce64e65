//! The raw property: whatever processes do, nothing panics, every invariant holds after every step, every error is one that the
//! table names, and when all have ended every resource is back.

use std::sync::OnceLock;

use crate::fuzz::coverage::{Coverage, Row};
use crate::fuzz::property::{Case, Failure, Property, Stop};
use crate::fuzz::raw::generate::Generator;
use crate::fuzz::raw::moves::{Move, Name, What};
use crate::fuzz::raw::stage::{Checking, Made, Stage};
use crate::fuzz::raw::text;
use crate::panics;

/// The line that makes the console a terminal.
const TERMINAL: &str = "terminal";

/// The raw property.
#[derive(Default)]
pub struct Raw {
    /// How thoroughly it checks.
    pub checking: Checking,
    booted: OnceLock<[Stage; 2]>,
}

impl Raw {
    /// With this way of checking.
    pub fn new(checking: Checking) -> Raw {
        Raw { checking, booted: OnceLock::new() }
    }

    /// A stage as it is after boot: made once, copied for each case.
    fn stage(&self, terminal: bool) -> Stage {
        let booted = self.booted.get_or_init(|| {
            [false, true]
                .map(|terminal| Stage::new(terminal, self.checking).expect("the limits suffice for one process"))
        });
        booted[usize::from(terminal)].clone()
    }
}

impl Property for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    fn about(&self) -> &str {
        "any process makes any call with any arguments: invariants hold, errors are documented, nothing leaks"
    }

    fn steps_per_case(&self) -> u64 {
        2000
    }

    fn run(&self, case: &Case, coverage: &mut Coverage) -> Result<u64, Failure> {
        let rows: Vec<Row> = case.syscalls.iter().filter_map(|name| Row::by_name(name)).collect();
        let terminal = case.seed % 2 == 1;
        let mut stage = self.stage(terminal);
        let mut generator = Generator::new(case.seed, &rows);
        let mut made: Vec<Move> = Vec::with_capacity(case.steps as usize);
        let mut steps = 0;
        let run = panics::catch(|| {
            // Moves of those who can't make them cost tries, not steps.
            for _ in 0..4 * case.steps {
                if steps >= case.steps || stage.kernel().halted().is_some() {
                    break;
                }
                made.push(generator.next(&stage));
                let Some(next) = made.last() else { break };
                match stage.make(next)? {
                    Made::Done => steps += 1,
                    Made::Skipped => drop(made.pop()),
                }
            }
            stage.end()
        });
        stage.take_coverage(coverage);
        match run {
            Ok(Ok(())) => Ok(steps),
            Ok(Err(reason)) => Err(Failure { reason, script: script(terminal, &made) }),
            Err(panic) => Err(Failure { reason: told(&panic), script: script(terminal, &made) }),
        }
    }

    fn replay(&self, script: &str, coverage: &mut Coverage) -> Result<u64, Stop> {
        let mut terminal = false;
        let mut moves = Vec::new();
        for (number, line) in script.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line == TERMINAL {
                terminal = true;
                continue;
            }
            let made = text::parse(line).and_then(allowed);
            let made = made.map_err(|message| Stop::Unreadable { line: number + 1, message })?;
            moves.push((number + 1, made));
        }
        let mut stage = self.stage(terminal);
        let (mut steps, mut line) = (0, 0);
        let run = panics::catch(|| {
            for (number, next) in &moves {
                line = *number;
                if stage.make(next)? == Made::Done {
                    steps += 1;
                }
            }
            stage.end()
        });
        stage.take_coverage(coverage);
        match run {
            Ok(Ok(())) => Ok(steps),
            Ok(Err(reason)) => Err(Stop::Broken { line, reason }),
            Err(panic) => Err(Stop::Broken { line, reason: told(&panic) }),
        }
    }

    fn simpler(&self, line: &str) -> Vec<String> {
        super::simplify::simpler(line)
    }
}

/// PID 1 is there at the end, to see whether all is back: what it makes for itself would look like a leak.
fn allowed(made: Move) -> Result<Move, String> {
    let restricted = made.who == Name::FIRST && !made.what.is_from_outside();
    let harmless = match made.what {
        What::Call { row, .. } => matches!(row.info().name, "clone" | "wait4" | "waitid"),
        What::Run | What::Signal(_) => true,
        _ => false,
    };
    match restricted && !harmless {
        true => Err("PID 1, `a`, does nothing but make children and wait for them".into()),
        false => Ok(made),
    }
}

fn told(panic: &panics::Panic) -> String {
    format!("{} ({})", panic.message, panic.place)
}

fn script(terminal: bool, moves: &[Move]) -> String {
    let mut script = String::new();
    if terminal {
        script.push_str(TERMINAL);
        script.push('\n');
    }
    for made in moves {
        script.push_str(&made.to_string());
        script.push('\n');
    }
    script
}
