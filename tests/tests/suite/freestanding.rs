//! The freestanding program shows that no panic can be reached from the kernel's entry points. It can show that only of
//! those that it calls: so it has to call each.

use std::fs;
use std::path::{Path, PathBuf};

/// Loading a saved kernel takes a format's crate, and isn't in a build without `std`.
const NOT_IN_IT: &[&str] = &["deserialize_into"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut all = Vec::new();
    for path in entries.map(|entry| entry.expect("a folder can be read").path()) {
        match path.is_dir() {
            true => all.extend(sources(&path)),
            false => all.push(path),
        }
    }
    all
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public methods of `Kernel`: functions in a block that begins with `impl Kernel {`, up to its closing brace.
fn entry_points(source: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in source.lines() {
        match line {
            "impl Kernel {" => inside = true,
            "}" => inside = false,
            _ if inside => {
                let name = line.strip_prefix("    pub fn ").and_then(|rest| rest.split(['(', '<']).next());
                found.extend(name.map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_entry_point_is_called_by_the_freestanding_program() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program: String = sources(&top.join("tests/freestanding/src")).iter().map(|path| text(path)).collect();
    let kernel = sources(&top.join("kernel/src"));
    let all: Vec<String> = kernel.iter().flat_map(|path| entry_points(&text(path))).collect();
    assert!(["trap", "resume", "pick", "boot"].iter().all(|known| all.iter().any(|name| name == known)), "{all:?}");
    let missing: Vec<&String> = all
        .iter()
        .filter(|name| !NOT_IN_IT.contains(&name.as_str()) && !program.contains(&format!(".{name}(")))
        .collect();
    assert!(missing.is_empty(), "not called by tests/freestanding: {missing:?}");
}
