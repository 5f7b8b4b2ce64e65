//! `docs/syscalls.md`: every call as `vitrine syscalls NAME` shows it, with the file that handles it.

use std::path::{Path, PathBuf};

use abi::Syscall;

use super::{compare, read, root, with_part};
use crate::common::{run, text};

/// Every source file of the kernel, with its path from the root.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).expect("the kernel has sources") {
        let path = folder.join(entry.expect("it can be listed").file_name());
        match root().join(&path).is_dir() {
            true => found.extend(sources(&path)),
            false => found.push((path.clone(), read(&root().join(&path)))),
        }
    }
    found
}

fn reference() -> String {
    let sources = sources(Path::new("kernel/src"));
    let mut calls: Vec<_> = Syscall::TABLE.iter().collect();
    calls.sort_by_key(|call| call.name);
    let mut page = String::from("| call | number | what it does |\n| --- | --- | --- |\n");
    for call in &calls {
        page += &format!("| [`{0}`](#{0}) | {1} | {2} |\n", call.name, call.number, call.summary);
    }
    for call in &calls {
        let handler = format!("fn sys_{}<", call.name);
        let handler = sources.iter().find(|(_, source)| source.contains(&handler));
        // A call that is all in its row of the dispatch has no handler of its own.
        let file = handler.map_or(Path::new("kernel/src/dispatch.rs"), |(file, _)| file.as_path());
        let shown = text(&run(&["syscalls", call.name]));
        page += &format!("\n## {}\n```text\n{shown}```\nHandled in `{}`.\n", call.name, file.display());
    }
    page
}

#[test]
fn the_reference_is_the_table() {
    let page = read(&root().join("docs/syscalls.md"));
    compare("docs/syscalls.md", &with_part(&page, "reference", &reference()));
}
