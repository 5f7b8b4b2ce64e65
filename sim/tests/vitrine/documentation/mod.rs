//! README and `docs/` say what is so: what can be generated is compared with what it is generated from, what is shown is
//! run, what is named exists.
//!
//! After a change that is meant, `VITRINE_UPDATE=1 cargo test --test vitrine documentation` writes the pages anew.
//!
//! | question | file |
//! | --- | --- |
//! | is what the pages show what really happens? | `sessions.rs` |
//! | are all limits there, with their defaults? | `limits.rs` |
//! | is every system call there, with its arguments and errors? | `syscalls.rs` |
//! | does every claim of the manual's pages have its test? | `manual.rs` |
//! | does every error of a call have its test? | `errors.rs` |
//! | does every file exist that a page names, and what it is said to hold? | `names.rs` |

mod errors;
mod limits;
mod manual;
mod names;
mod sessions;
mod syscalls;

use std::path::{Path, PathBuf};

/// Where the repository is.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README and every page of `docs/`, by their paths from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("there is documentation") {
            let entry = entry.expect("it can be listed");
            let path = folder.join(entry.file_name());
            match entry.file_type().expect("it has a type").is_dir() {
                true => folders.push(path),
                false => pages.push(path),
            }
        }
    }
    pages.sort();
    pages
}

/// Compares a page with what it should be, or writes it anew if that is asked for.
#[track_caller]
fn compare(page: &str, renewed: &str) {
    let path = root().join(page);
    let now = read(&path);
    if std::env::var_os("VITRINE_UPDATE").is_some() {
        if now != renewed {
            std::fs::write(&path, renewed).expect("the page can be written");
        }
        return;
    }
    if let Some((line, (is, should))) =
        (1..).zip(now.lines().zip(renewed.lines())).find(|(_, (is, should))| is != should)
    {
        panic!("{page}, line {line}: it says\n{is}\nbut it should be\n{should}\n{HOW_TO_UPDATE}");
    }
    assert!(now == renewed, "{page} is longer or shorter than it should be\n{HOW_TO_UPDATE}");
}

const HOW_TO_UPDATE: &str = "If that is meant: VITRINE_UPDATE=1 cargo test --test vitrine documentation";

/// The page with what stands between the marks `<!-- NAME -->` and `<!-- end -->` replaced.
fn with_part(page: &str, name: &str, part: &str) -> String {
    let (before, rest) = page.split_once(&format!("<!-- {name} -->\n")).expect("the page has the mark");
    let (_, after) = rest.split_once("<!-- end -->\n").expect("the part ends");
    format!("{before}<!-- {name} -->\n{part}<!-- end -->\n{after}")
}
