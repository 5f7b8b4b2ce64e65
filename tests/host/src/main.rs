//! `vitrine-host`: carries lock-step scripts out with real processes of the host, one operation at a time, and writes down
//! everything that can be observed after each, in the format of `tests/oracle/lockstep/README.md`.
//!
//! | question | file |
//! | --- | --- |
//! | how does Vitrine compare? | `check/mod.rs`, `judge.rs` |
//! | where do the processes live? | `isolation.rs` |
//! | what do recorder and processes share? | `stage.rs` |
//! | what does a real process do? | `puppet.rs` |
//! | which system call is an operation, and what did it give? | `operation/mod.rs` |
//! | what can be seen from outside? | `observe.rs` |
//! | one operation after the other | `recorder.rs` |

mod check;
mod isolation;
mod judge;
mod observe;
mod operation;
mod puppet;
mod recorder;
mod stage;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use sim::lockstep::generate::{Operations, Theme, script_of};
use sim::lockstep::subject::{Subject, Trouble};

use recorder::Recorder;
use stage::Stage;

#[derive(Parser)]
#[command(
    version,
    about = "Carry lock-step scripts out with real processes, and compare Vitrine or record what can be observed"
)]
struct Options {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make random scripts, and compare Vitrine with the real kernel after every operation
    Check(check::Check),
    /// Make random scripts, and print their records, a line each
    Record {
        /// What they are about [default: one after the other]
        #[arg(long, value_parser = theme)]
        theme: Option<Theme>,
        /// Seed of the first script; each further one adds 1
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How many
        #[arg(long, default_value_t = 10)]
        scripts: u64,
        /// Operations of a script, at most
        #[arg(long, default_value_t = 60)]
        operations: usize,
    },
    /// Carry out the scripts on standard input, a line each, and print their records
    Replay,
}

fn theme(name: &str) -> Result<Theme, String> {
    let all: Vec<&str> = Theme::ALL.iter().map(|theme| theme.name()).collect();
    Theme::from_name(name).ok_or_else(|| format!("the themes are {}", all.join(", ")))
}

fn main() -> ExitCode {
    let options = Options::parse();
    isolation::isolated(|within| run(&options.command, within))
}

fn run(action: &Action, within: &Path) -> Result<ExitCode, String> {
    let stage = Stage::map().map_err(|error| format!("shared memory: {error}"))?;
    match action {
        Action::Check(check) => return check::run(check, &stage, within),
        Action::Record { theme, seed, scripts, operations } => {
            for number in 0..*scripts {
                let seed = seed + number;
                let theme = theme.unwrap_or(Theme::ALL[(number % Theme::ALL.len() as u64) as usize]);
                let mut records = Vec::new();
                let mut recorder = Recorder::new(&stage, within)?;
                let end = script_of(Operations::All, &mut recorder, theme, seed, *operations, &mut |record| {
                    records.push(record)
                })?;
                drop(recorder);
                print(theme.name(), &json!(format!("{}-{seed}", theme.name())), seed, end, records)?;
            }
        }
        Action::Replay => {
            for (number, line) in std::io::stdin().lock().lines().enumerate() {
                let line = line.map_err(|error| format!("standard input: {error}"))?;
                let script: Value = serde_json::from_str(&line)
                    .map_err(|error| format!("standard input, line {}: {error}", number + 1))?;
                replay(&stage, within, &script)
                    .map_err(|what| format!("standard input, line {}: {what}", number + 1))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Carries a given script out. An operation that can't be (its process is busy, or isn't there) is left out.
fn replay(stage: &Stage, within: &Path, script: &Value) -> Result<(), String> {
    let mut records = Vec::new();
    let mut recorder = Recorder::new(stage, within)?;
    let mut end = "len";
    for asked in script["ops"].as_array().into_iter().flatten() {
        match recorder.carry_out(&json!({"p": asked["p"], "o": asked["o"], "a": asked["a"]})) {
            Ok(record) => records.push(record),
            Err(Trouble::RootDied) => {
                end = "a_died";
                break;
            }
            Err(Trouble::Bad(_) | Trouble::NotNow(_)) => {}
        }
    }
    drop(recorder);
    let seed = script["seed"].as_u64().unwrap_or(0);
    print(script["theme"].as_str().unwrap_or("mixed"), &script["id"], seed, end, records)
}

fn print(theme: &str, id: &Value, seed: u64, end: &str, records: Vec<Value>) -> Result<(), String> {
    let script = json!({"id": id, "theme": theme, "seed": seed, "end": end, "ops": records});
    // A child of this process must not inherit lines that aren't written yet.
    let mut output = std::io::stdout().lock();
    writeln!(output, "{script}").and_then(|()| output.flush()).map_err(|error| format!("standard output: {error}"))
}
