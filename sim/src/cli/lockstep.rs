//! `vitrine lockstep`: carries out scripts that real Linux processes have carried out, and compares after every operation.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sim::lockstep::{Agreement, Parted, run_script};
use sim::panics::catch;

use super::list::print;
use super::status::{Failure, Status};

/// Differences that are shown in full; of the others it is said how many there are.
const SHOWN: usize = 3;

/// Compares the scripts of these files, a line each; of standard input if there are none.
pub(crate) fn lockstep(files: &[PathBuf]) -> Result<Status, Failure> {
    let mut report = Report::default();
    if files.is_empty() {
        report.add("standard input", "standard input", io::stdin().lock())?;
    }
    for path in files {
        let whole = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&whole, &error))?;
        let name = path.file_name().map_or(path.as_path(), Path::new);
        report.add(&whole, &name.display().to_string(), BufReader::new(file))?;
    }
    print(&report.text)?;
    Ok(if report.differences == 0 { Status(0) } else { Status::DIFFERS })
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => {
            Failure::new(Status::BAD_RECORD, format_args!("{name}: no lock-step record: {error}"))
        }
        _ => Failure::new(Status::IO, format_args!("{name}: {error}")),
    }
}

#[derive(Default)]
struct Report {
    text: String,
    differences: usize,
}

impl Report {
    /// Adds what comes of these lines, of the file `path`, which the report calls by its name.
    fn add(&mut self, path: &str, name: &str, lines: impl BufRead) -> Result<(), Failure> {
        let (mut scripts, mut agreed, mut all) = (0, 0, Agreement::default());
        for (number, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| unreadable(path, &error))?;
            let unreadable = |why: String| {
                let what = format_args!("{path}, line {}: no script of a lock-step record: {why}", number + 1);
                Failure::new(Status::BAD_RECORD, what)
            };
            let script: Value = serde_json::from_str(&line).map_err(|error| unreadable(error.to_string()))?;
            scripts += 1;
            // That the kernel finds a bug in itself is a difference too.
            match catch(|| run_script(&script)) {
                Err(panic) => {
                    let name = script["id"].as_str().unwrap_or("?");
                    self.differ(&format!("{name}: the kernel is wrong: {} ({})", panic.message, panic.place));
                }
                Ok(Err(Parted::Unreadable(why))) => return Err(unreadable(why)),
                Ok(Ok(agreement)) => {
                    agreed += 1;
                    all.operations += agreement.operations;
                    all.by_choice += agreement.by_choice;
                }
                Ok(Err(Parted::Differs(difference))) => self.differ(&difference.to_string()),
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
