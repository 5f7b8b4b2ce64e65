//! `docs/manual/` goes through pages of the manual claim by claim: each names a test that exists, or says why it has none.

use std::collections::BTreeMap;

use super::{read, root};

/// Words that a reason has at least.
const REASON_WORDS: usize = 3;

/// The sources that tables name, each read once.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<String, Option<String>>);

impl Sources {
    /// Whether the file of a test, `` `FILE::TEST` ``, says this word.
    pub(super) fn mention(&mut self, test: &str, word: &str) -> bool {
        let Some((file, test)) = test.trim_matches('`').split_once("::") else { return false };
        self.have(file, test) && self.0[file].as_ref().is_some_and(|source| source.contains(word))
    }

    /// Whether a file has a test of this name: a function under `#[test]`, or a row of a macro that makes such functions.
    fn have(&mut self, file: &str, test: &str) -> bool {
        let source = self.0.entry(file.into()).or_insert_with(|| std::fs::read_to_string(root().join(file)).ok());
        source.as_ref().is_some_and(|source| has_test(source, test))
    }
}

fn has_test(source: &str, test: &str) -> bool {
    let mut tested = false;
    for line in source.lines().map(str::trim) {
        let declares = |before: &str, after: &str| {
            line.strip_prefix(before)
                .and_then(|rest| rest.strip_prefix(test))
                .is_some_and(|rest| rest.starts_with(after))
        };
        if tested && (declares("fn ", "(") || declares("async fn ", "(")) {
            return true;
        }
        // Attributes and comments may stand between.
        tested = line == "#[test]" || tested && (line.starts_with("#[") || line.starts_with("//"));
    }
    source.contains("fn $test()") && source.lines().any(|line| is_row(line.trim(), test))
}

/// Whether a line is that of a test in a macro's list: its name, perhaps behind a name in quotes.
fn is_row(line: &str, test: &str) -> bool {
    let named = match line.strip_prefix('"') {
        Some(rest) => rest.split_once("\" ").map_or("", |(_, rest)| rest),
        None => line,
    };
    named.strip_prefix(test).is_some_and(|rest| rest.starts_with(": "))
}

/// What is wrong with a row, whose cells these are.
fn fault(cells: &[&str], sources: &mut Sources) -> Option<String> {
    let [claim, evidence] = cells else { return Some(format!("it has {} cells", cells.len())) };
    if claim.split_whitespace().count() < 2 {
        return Some("it claims nothing".into());
    }
    evidence_fault(evidence, "no test: ", sources)
}

/// What is wrong with what a row names: tests, or behind these words a reason.
pub(super) fn evidence_fault(evidence: &str, reason: &str, sources: &mut Sources) -> Option<String> {
    if let Some(reason) = evidence.strip_prefix(reason) {
        let short = reason.split_whitespace().count() < REASON_WORDS;
        return (short || reason.contains("::")).then(|| "its reason says too little, or names a test".into());
    }
    for named in evidence.split(", ") {
        let quoted = named.strip_prefix('`').and_then(|named| named.strip_suffix('`'));
        let Some((file, test)) = quoted.and_then(|named| named.split_once("::")) else {
            return Some(format!("neither a test nor a reason: {named}"));
        };
        if !sources.have(file, test) {
            return Some(format!("there is no test {test} in {file}"));
        }
    }
    None
}

/// The rows of a page's tables, with their lines; headings of tables aside.
pub(super) fn rows(page: &str) -> Vec<(usize, Vec<&str>)> {
    let lines: Vec<&str> = page.lines().collect();
    let is_rule = |line: &str| line.starts_with("| ---");
    let mut rows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let heads = lines.get(index + 1).is_some_and(|next| is_rule(next));
        if line.starts_with('|') && !is_rule(line) && !heads {
            rows.push((index + 1, line.trim_matches('|').split('|').map(str::trim).collect()));
        }
    }
    rows
}

#[test]
fn every_claim_has_its_test_or_a_reason() {
    let folder = root().join("docs/manual");
    let index = read(&folder.join("README.md"));
    let mut sources = Sources::default();
    let mut faults = Vec::new();
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        let name = entry.expect("it can be listed").file_name().into_string().expect("names are text");
        if name == "README.md" {
            continue;
        }
        let page = read(&folder.join(&name));
        let rows = rows(&page);
        assert!(rows.len() >= 10, "{name} has {} rows", rows.len());
        let wrong = rows.iter().filter_map(|(line, cells)| Some((line, fault(cells, &mut sources)?)));
        faults.extend(wrong.map(|(line, fault)| format!("docs/manual/{name}, line {line}: {fault}")));
        assert!(index.contains(&format!("({name})")), "the index doesn't name {name}");
        pages.push(name);
    }
    pages.sort();
    let expected = ["credentials.7", "kill.2", "setpgid.2", "sigaction.2", "signal.7", "termios.3", "wait.2"];
    assert_eq!(pages, expected.map(|page| format!("{page}.md")));
    assert!(faults.is_empty(), "{} rows are wrong:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn faults_of_rows_are_found() {
    let here = "sim/tests/vitrine/documentation/manual.rs";
    let mut sources = Sources::default();
    let mut is_wrong = |evidence: &str| fault(&["a claim", evidence], &mut sources).is_some();
    assert!(!is_wrong(&format!("`{here}::faults_of_rows_are_found`")));
    assert!(!is_wrong("no test: threads come later"));
    for wrong in ["", "soon", "no test: later", "no test: see `a.rs::b` for that", "`a.rs::b`"] {
        assert!(is_wrong(wrong), "{wrong}");
    }
    // A function that is no test, a beginning of a name, one of two.
    assert!(is_wrong(&format!("`{here}::has_test`")));
    assert!(is_wrong(&format!("`{here}::faults_of_rows`")));
    assert!(is_wrong(&format!("`{here}::faults_of_rows_are_found`, `{here}::none`")));
    let listed = "fn $test() {}\n  \"a.b\" oracle_a_b: &|sys|\n  flag_is_kept: 1, 2;";
    assert!(has_test(listed, "oracle_a_b") && has_test(listed, "flag_is_kept"));
    assert!(!has_test(listed, "oracle_a") && !has_test(listed, "flag_is"));
}
