//! The page about planted faults says of each fault in the kernel's table who finds it.

use std::fs;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `Name "name" "what is wrong";`, a row a line.
fn faults() -> Vec<(String, String)> {
    let source = text("kernel/src/planted.rs");
    let rows = source.lines().filter(|line| line.starts_with("        ") && line.ends_with("\";"));
    let parts = rows.map(|row| row.split('"').map(str::to_owned).collect::<Vec<_>>());
    parts.filter(|parts| parts.len() == 5).map(|parts| (parts[1].clone(), parts[3].clone())).collect()
}

#[test]
fn the_page_says_who_finds_each_fault() {
    let (faults, page) = (faults(), text("docs/planted-faults.md"));
    assert!(faults.len() >= 25, "{}", faults.len());
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), faults.len(), "renew the table: tests/planted.sh --table");
    for (name, about) in faults {
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{name}` | {about} |")));
        let row = row.unwrap_or_else(|| panic!("no row for {name}; renew the table: tests/planted.sh --table"));
        let found_by: Vec<&str> = row.trim_matches('|').split('|').skip(2).map(str::trim).collect();
        assert!(found_by.iter().any(|check| !check.is_empty()), "nobody finds {name}");
    }
}
