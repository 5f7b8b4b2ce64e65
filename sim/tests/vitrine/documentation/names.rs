//! Files that a page names in backquotes, and pages that it links to, exist. A file is named by its path from the root;
//! names behind it (`` `kernel/src/run.rs`: `trap`, `resume` ``) are names that it contains.

use std::path::Path;

use super::{pages, read, root};

/// The text of a page without its blocks.
fn prose(page: &str) -> String {
    let mut in_block = false;
    let mut prose = String::new();
    for line in page.lines() {
        let fence = line.trim_start().starts_with("```");
        if !in_block && !fence {
            prose += line;
            prose.push('\n');
        }
        in_block ^= fence;
    }
    prose
}

/// Whether a piece of text is meant to be a file or a folder of the repository.
fn is_path(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let named = [".rs", ".md", ".toml", ".yml", "/"].iter().any(|end| text.ends_with(end));
    plain && named && text.contains('/') && !text.starts_with('/')
}

/// The files that a page makes its reader write: they exist in the reader's copy.
fn made_by(page: &str) -> Vec<&str> {
    page.lines().filter_map(|line| line.strip_prefix("Make the file `")?.split('`').next()).collect()
}

fn check(page: &Path) -> Result<(), String> {
    let whole = read(&root().join(page));
    let (text, made) = (prose(&whole), made_by(&whole));
    let mut file: Option<String> = None;
    let mut between = "";
    for (index, piece) in text.split('`').enumerate() {
        if index % 2 == 0 {
            between = piece;
            continue;
        }
        if is_path(piece) {
            if !made.contains(&piece) && !root().join(piece).exists() {
                return Err(format!("{}: there is no `{piece}`", page.display()));
            }
            file = piece.ends_with(".rs").then(|| piece.to_owned());
        } else if let Some(named) = &file
            && matches!(between, ": " | ", ")
        {
            if !made.contains(&named.as_str()) && !contains_name(&read(&root().join(named)), piece) {
                return Err(format!("{}: `{named}` has no `{piece}`", page.display()));
            }
        } else {
            file = None;
        }
    }
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let target = link.split('#').next().unwrap_or_default();
        let folder = root().join(page.parent().unwrap_or(Path::new("")));
        if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
            return Err(format!("{}: the link to {link} leads nowhere", page.display()));
        }
    }
    Ok(())
}

/// Whether a name stands in a source, as a whole word.
fn contains_name(source: &str, name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    source.match_indices(name).any(|(at, _)| {
        let before = source.as_bytes()[..at].last().is_some_and(|byte| is_word(*byte));
        let after = source.as_bytes().get(at + name.len()).is_some_and(|byte| is_word(*byte));
        !before && !after
    })
}

#[test]
fn every_file_that_is_named_exists() {
    let wrong: Vec<String> = pages().iter().filter_map(|page| check(page).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_whole_words() {
    assert!(contains_name("fn trap(", "trap") && !contains_name("fn trapped(", "trap"));
    assert!(is_path("kernel/src/run.rs") && is_path("docs/") && !is_path("/dev/null") && !is_path("mod.rs"));
}
