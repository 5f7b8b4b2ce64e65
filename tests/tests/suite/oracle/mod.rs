//! Comparison with recordings of real systems. `tests/oracle/README.md` says what they are and where they come from.

mod behaviour;
mod tree;
mod usertests;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The project's own copy of the recordings.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oracle");

/// The lines of a recording, each a JSON value, from the folder that `VITRINE_ORACLE` names if it does.
fn lines(file: &str) -> Vec<Value> {
    let other = std::env::var_os("VITRINE_ORACLE").map(PathBuf::from);
    parse(&text(&other.unwrap_or_else(|| OWN.into()).join(file)))
}

/// The same, always from the project's own copy: what must be tested here doesn't depend on what others record.
fn own_lines(file: &str) -> Vec<Value> {
    parse(&text(&Path::new(OWN).join(file)))
}

fn text(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!text.is_empty(), "{} is empty", path.display());
    text
}

fn parse(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is a JSON value")).collect()
}
