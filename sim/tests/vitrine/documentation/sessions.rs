//! Every block of a page that is marked `console` is run: what its commands print is what the page shows.

use std::path::Path;
use std::process::Command;

use super::{compare, pages, read, root};
use crate::common::Folder;

/// Their commands change the sources. A test in `tests/` follows them on a copy.
const FOLLOWED_ELSEWHERE: [&str; 2] = ["docs/adding-a-syscall.md", "docs/an-invariant.md"];

/// What a command of a session prints, diagnostics included.
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

/// The page with the output of its sessions as it is now. The commands of a page share a folder.
fn renewed(page: &str, folder: &Folder) -> String {
    let mut renewed = String::new();
    let mut in_session = false;
    for line in page.lines() {
        match (in_session, line) {
            (true, "```") => in_session = false,
            (true, _) => match line.strip_prefix("$ ") {
                Some(command) => {
                    renewed += &format!("{line}\n{}", output(command, folder));
                    continue;
                }
                // Output as it was.
                None => continue,
            },
            (false, _) => in_session = line == "```console",
        }
        renewed += line;
        renewed.push('\n');
    }
    renewed
}

#[test]
fn sessions_are_what_really_happens() {
    for page in pages().iter().filter_map(|page| page.to_str()).filter(|page| !FOLLOWED_ELSEWHERE.contains(page)) {
        compare(page, &renewed(&read(&root().join(page)), &Folder::new("session")));
    }
}
