//! The session of the README is what really happens: its commands are run, and their output compared.
//!
//! After a change that is meant, `VITRINE_UPDATE=1 cargo test --test vitrine` writes the new output into the README.

use std::path::Path;
use std::process::Command;

use crate::common::Folder;

/// What a command of the session prints, diagnostics included.
fn output(command: &str, folder: &Folder) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_vitrine"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {command}")])
        .current_dir(folder.file("."))
        .env("PATH", path)
        .env_remove("RUST_LOG")
        .output()
        .expect("there is a shell");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The README with the output of its session as it is now.
fn renewed(readme: &str, folder: &Folder) -> String {
    let (before, rest) = readme.split_once("## A session\n").expect("there is a session");
    let (intro, rest) = rest.split_once("```console\n").expect("it is a block");
    let (session, after) = rest.split_once("```\n").expect("the block ends");
    let commands = session.lines().filter_map(|line| line.strip_prefix("$ "));
    let session: String = commands.map(|command| format!("$ {command}\n{}", output(command, folder))).collect();
    format!("{before}## A session\n{intro}```console\n{session}```\n{after}")
}

#[test]
fn the_session_is_what_really_happens() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let renewed = renewed(&readme, &Folder::new("readme"));
    if std::env::var_os("VITRINE_UPDATE").is_some() {
        std::fs::write(&file, renewed).unwrap();
    } else {
        assert!(readme == renewed, "the README's session isn't what happens; that is:\n{renewed}");
    }
}
