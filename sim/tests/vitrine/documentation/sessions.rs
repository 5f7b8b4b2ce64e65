//! Every block of a page that is marked `console` is run: what its commands print is what the page shows.

use std::path::Path;
use std::process::Command;

use super::{compare, pages, read, root};
use crate::common::Folder;

/// Their commands change the sources. A test in `tests/` follows them on a copy.
const FOLLOWED_ELSEWHERE: [&str; 2] = ["docs/adding-a-syscall.md", "docs/an-invariant.md"];

/// What a command contains that goes on in a here-document, and the line that ends it.
const DOCUMENT: &str = "<<'END'";
const END: &str = "END";

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

/// A command, and the lines of the page that belong to it: those of a here-document.
fn with_document<'a>(command: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut whole = String::from(command);
    if command.contains(DOCUMENT) {
        for line in lines {
            whole += "\n";
            whole += line;
            if line == END {
                break;
            }
        }
    }
    whole
}

/// The page with the output of its sessions as it is now. The commands of a page share a folder.
fn renewed(page: &str, folder: &Folder) -> String {
    let mut renewed = String::new();
    let mut in_session = false;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        match (in_session, line) {
            (true, "```") => in_session = false,
            (true, _) => match line.strip_prefix("$ ") {
                Some(command) => {
                    let command = with_document(command, &mut lines);
                    renewed += &format!("$ {command}\n{}", output(&command, folder));
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
fn a_here_document_belongs_to_its_command() {
    let page = "```console\n$ cat <<'END' | tr 'a$' 'b-'\na\n$ a\nEND\nb\n- b\n$ echo c\nc\n```\na\n";
    assert_eq!(renewed(page, &Folder::new("document")), page);
}

#[test]
fn sessions_are_what_really_happens() {
    for page in pages().iter().filter_map(|page| page.to_str()).filter(|page| !FOLLOWED_ELSEWHERE.contains(page)) {
        compare(page, &renewed(&read(&root().join(page)), &Folder::new("session")));
    }
}
