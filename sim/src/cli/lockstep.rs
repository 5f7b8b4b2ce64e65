//! `vitrine lockstep`: carries out scripts that real Linux processes have carried out, and compares after every operation.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sim::lockstep::{Agreement, run_script};

use super::list::print;
use super::status::{Failure, Status};

/// Differences that are shown in full; of the others it is said how many there are.
const SHOWN: usize = 3;

/// Compares the scripts of these files, a line each; of standard input if there are none.
pub(crate) fn lockstep(files: &[PathBuf]) -> Result<Status, Failure> {
    let mut report = Report::default();
    if files.is_empty() {
        report.add("standard input", io::stdin().lock())?;
    }
    for path in files {
        let file = File::open(path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
        let name = path.file_name().map_or(path.as_path(), Path::new);
        report.add(&name.display().to_string(), BufReader::new(file))?;
    }
    print(&report.text)?;
    Ok(if report.differences == 0 { Status(0) } else { Status::DIFFERS })
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::new(Status::IO, format_args!("{name}: {error}"))
}

#[derive(Default)]
struct Report {
    text: String,
    differences: usize,
}

impl Report {
    fn add(&mut self, name: &str, lines: impl BufRead) -> Result<(), Failure> {
        let (mut scripts, mut agreed, mut all) = (0, 0, Agreement::default());
        for (number, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| unreadable(name, &error))?;
            let script: Value = serde_json::from_str(&line).map_err(|error| {
                let what = format_args!("{name}, line {}: no script of a lock-step record: {error}", number + 1);
                Failure::new(Status::BAD_RECORD, what)
            })?;
            scripts += 1;
            match compare(&script) {
                Ok(agreement) => {
                    agreed += 1;
                    all.operations += agreement.operations;
                    all.by_choice += agreement.by_choice;
                }
                Err(difference) => self.differ(&difference),
            }
        }
        // Writing to a string can't fail.
        let _ = writeln!(
            self.text,
            "{name}: {agreed} of {scripts} scripts agree, {} operations, {} of them under another order of running",
            all.operations, all.by_choice
        );
        Ok(())
    }

    fn differ(&mut self, difference: &str) {
        self.differences += 1;
        if self.differences <= SHOWN {
            let _ = writeln!(self.text, "{difference}");
        } else if self.differences == SHOWN + 1 {
            self.text.push_str("more differences aren't shown\n");
        }
    }
}

/// Carries one script out. That the kernel finds a bug in itself is a difference too.
fn compare(script: &Value) -> Result<Agreement, String> {
    match catch_unwind(|| run_script(script, false)) {
        Ok(Ok(agreement)) => Ok(agreement),
        Ok(Err(difference)) => Err(difference.to_string()),
        Err(_) => Err(format!("{}: the kernel is wrong, as told above", script["id"].as_str().unwrap_or("?"))),
    }
}
