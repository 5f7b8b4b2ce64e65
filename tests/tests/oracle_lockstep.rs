//! Records of random scripts that real Linux processes carried out (`tests/oracle/lockstep`): Vitrine has to show the same
//! after every operation.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sim::lockstep::run_script;

/// The folder of the records: the project's own, or another of the same form.
fn folder() -> PathBuf {
    match std::env::var_os("VITRINE_ORACLE") {
        Some(folder) => PathBuf::from(folder).join("lockstep"),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracle/lockstep"),
    }
}

fn compare(theme: &str) {
    compare_file(&folder().join(theme).with_extension("jsonl"), theme);
}

fn compare_file(path: &Path, theme: &str) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut scripts, mut whole, mut operations, mut by_choice) = (0, 0, 0, 0);
    let mut differences = Vec::new();
    for line in text.lines() {
        let script: Value = serde_json::from_str(line).expect("a script is a line of JSON");
        scripts += 1;
        match run_script(&script) {
            Ok(agreement) => {
                whole += 1;
                operations += agreement.operations;
                by_choice += agreement.by_choice;
            }
            Err(difference) => differences.push(difference),
        }
    }
    println!("{theme}: {whole} of {scripts} scripts agree, {operations} operations, {by_choice} under another order");
    let shown: Vec<String> = differences.iter().take(5).map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{} of {scripts} scripts differ:\n{}", differences.len(), shown.join("\n"));
    assert!(scripts > 0 && operations > 0, "{} holds no scripts", path.display());
}

/// Of operations that came later than the others.
#[test]
fn oracle_newer_operations() {
    let newer = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/newer");
    for theme in ["proc", "pipes", "memory", "mixed"] {
        compare_file(&newer.join(theme).with_extension("jsonl"), theme);
    }
}

#[test]
fn oracle_lockstep_proc() {
    compare("proc");
}

#[test]
fn oracle_lockstep_signals() {
    compare("signals");
}

#[test]
fn oracle_lockstep_memory() {
    compare("memory");
}

#[test]
fn oracle_lockstep_pipes() {
    compare("pipes");
}

#[test]
fn oracle_lockstep_mqueue() {
    compare("mqueue");
}

#[test]
fn oracle_lockstep_sysv() {
    compare("sysv");
}

#[test]
fn oracle_lockstep_mixed() {
    compare("mixed");
}

/// Scripts that `tests/host` made, and that Vitrine once differed in; each is named after what was wrong.
#[test]
fn oracle_lockstep_regressions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lockstep");
    compare_file(&folder.join("regressions.jsonl"), "regressions");
}
