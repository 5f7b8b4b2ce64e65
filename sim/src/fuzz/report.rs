//! What a campaign has seen, as text; and what it has not seen that it should have.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::fuzz::coverage::{Coverage, Row};
use crate::fuzz::edges::{Cause, Edge, End, KINDS, is_conceivable, possible};
use crate::fuzz::raw::COUNT_EVERY;

/// So many in 100 of the calls that can succeed are to succeed.
const SUCCESS_PERCENT: u64 = 5;

/// Processes that are to be alive on average.
const ALIVE: u64 = 16;

/// The coverage: results by call and error, who waited for what and what ended that, and invariants.
pub fn coverage(seen: &Coverage) -> String {
    let mut text = String::new();
    results(seen, &mut text);
    edges(seen, &mut text);
    invariants(seen, &mut text);
    text
}

/// How wide a line of the report is at most.
const WIDTH: usize = 100;

/// A list of words behind a label, in lines that are filled and not too wide.
fn list(text: &mut String, label: &str, indent: usize, words: impl IntoIterator<Item = String>) {
    let mut line = label.to_owned();
    for word in words {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(indent);
        }
        line = line + " " + &word;
    }
    let _ = writeln!(text, "{line}");
}

fn results(seen: &Coverage, text: &mut String) {
    let (pairs, all) = seen.pairs();
    let _ = writeln!(text, "Results by call ({pairs} of {all} seen; ! marks documented errors that weren't seen)");
    for row in Row::all().filter(|row| seen.calls(*row) > 0) {
        let (calls, successes) = (seen.calls(row), seen.successes(row));
        let share = match row.can_succeed() {
            true => format!("{:>5.1}% ok", 100.0 * successes as f64 / calls as f64),
            false => "never ok".into(),
        };
        let label = format!("{:<16} {calls:>8} calls  {share:>9} ", row.info().name);
        let errors = seen.errors(row).map(|(errno, count)| counted(&format!("{errno:?}"), count, true));
        list(text, &label, label.len(), errors);
    }
    let never: Vec<String> =
        Row::all().filter(|row| seen.calls(*row) == 0).map(|row| row.info().name.to_owned()).collect();
    if !never.is_empty() {
        list(text, "never called:", 13, never);
    }
    let _ =
        writeln!(text, "Numbers without a row of the table were called {} times: no row, so not above", seen.unknown);
}

/// A word with its count; one that wasn't seen is marked, and so is one that nobody expected.
fn counted(word: &str, count: u64, is_expected: bool) -> String {
    match (count, is_expected) {
        (0, _) => format!("!{word}"),
        (_, true) => format!("{word}={count}"),
        (_, false) => format!("?{word}={count}"),
    }
}

/// Every edge that is possible or was seen, with its count and whether it is possible.
fn all_edges(seen: &Coverage) -> BTreeMap<Edge, (u64, bool)> {
    let mut edges: BTreeMap<Edge, (u64, bool)> = possible().map(|edge| (edge, (0, true))).collect();
    for (edge, count) in seen.edges() {
        edges.entry(*edge).or_insert((0, is_conceivable(edge))).0 = *count;
    }
    edges
}

fn edges(seen: &Coverage, text: &mut String) {
    let edges = all_edges(seen);
    let was_seen = possible().filter(|edge| seen.edges().contains_key(edge)).count();
    let all = possible().count();
    let _ = writeln!(
        text,
        "\nEdges: who waited for what, and what ended the wait ({was_seen} of {all} seen; ! marks possible ones\n\
         that weren't; ? marks ones that the table of edges doesn't have). A wait may end several times,\n\
         or not at all"
    );
    let mut waits: Vec<(Row, u8)> = edges.keys().map(|edge| (edge.row, edge.kind)).collect();
    waits.dedup();
    for (row, kind) in waits {
        let what = KINDS.get(usize::from(kind)).map_or("?", |kind| kind.what);
        let _ = writeln!(text, "{}, for {what}: {} waits", row.info().name, seen.waits(row, kind));
        let from = Edge { row, kind, end: End::Condition(Cause::FIRST) };
        let mut ends = [Vec::new(), Vec::new(), Vec::new()];
        for (edge, (count, is_possible)) in
            edges.range(from..).take_while(|(edge, _)| (edge.row, edge.kind) == (row, kind))
        {
            let (place, name) = match edge.end {
                End::Condition(cause) => (0, cause.name()),
                End::Signal(cause) => (1, cause.name()),
                End::Time => (2, "limit"),
            };
            ends[place].push(counted(name, *count, *is_possible));
        }
        for (label, ends) in ["    by     ", "    signal ", "    time   "].into_iter().zip(ends) {
            if !ends.is_empty() {
                list(text, label, 11, ends);
            }
        }
    }
}

fn invariants(seen: &Coverage, text: &mut String) {
    let all = seen.invariants().count();
    let looked = seen.invariants().filter(|(_, count)| *count > 0).count();
    let _ = writeln!(
        text,
        "\nInvariants, and how often there was something to look at: counted at each {COUNT_EVERY}th check only,\n\
         though all are checked at each step ({looked} of {all} seen; ! marks those that never had anything)"
    );
    for (name, count) in seen.invariants() {
        let mark = if count == 0 { "!" } else { "" };
        let _ = writeln!(text, "{:<24} {count}", format!("{mark}{name}"));
    }
}

/// What a thorough campaign must have seen and this one hasn't, a line each.
pub fn missing(seen: &Coverage) -> Vec<String> {
    let mut missing = Vec::new();
    if seen.alive < ALIVE * seen.steps {
        let average = seen.alive as f64 / seen.steps.max(1) as f64;
        missing.push(format!("on average {average:.1} processes were alive, not {ALIVE}"));
    }
    for row in Row::all() {
        let (info, calls) = (row.info(), seen.calls(row));
        if calls == 0 {
            missing.push(format!("{} was never called", info.name));
            continue;
        }
        let successes = seen.successes(row);
        if row.can_succeed() && successes * 100 < calls * SUCCESS_PERCENT {
            missing.push(format!("{} succeeded in {successes} of {calls} calls only", info.name));
        }
        for (errno, _) in seen.errors(row).filter(|(_, count)| *count == 0) {
            missing.push(format!("{} never gave {errno:?}", info.name));
        }
    }
    for (edge, _) in all_edges(seen).iter().filter(|(_, (_, is_possible))| !is_possible) {
        let what = KINDS.get(usize::from(edge.kind)).map_or("?", |kind| kind.what);
        let (row, end) = (edge.row.info().name, edge.end);
        missing.push(format!("the table of edges has no {row} that waits for {what} until {end}"));
    }
    for (name, _) in seen.invariants().filter(|(_, count)| *count == 0) {
        missing.push(format!("the invariant `{name}` never had anything to look at"));
    }
    missing
}

#[cfg(test)]
mod tests {
    use abi::Errno;

    use super::*;

    #[test]
    fn a_success_that_cannot_be_is_not_missed() {
        let mut seen = Coverage::new();
        let (_, all) = seen.pairs();
        let errors: usize = Row::all().map(|row| row.info().errors.len()).sum();
        assert_eq!(all, errors + Row::all().count() - 2);
        for (name, result) in [("rt_sigsuspend", Some(Errno::EINTR)), ("exit_group", None)] {
            let row = Row::by_name(name).expect("there is such a call");
            seen.entered(row);
            if let Some(errno) = result {
                assert!(seen.returned(row, Err(errno)));
            }
        }
        assert_eq!(seen.pairs(), (1, all));
        let text = coverage(&seen);
        assert!(text.contains("rt_sigsuspend           1 calls   never ok  !EFAULT EINTR=1 !EINVAL"), "{text}");
        assert!(text.contains("exit_group              1 calls   never ok \n"), "{text}");
        let missing = missing(&seen);
        assert!(
            !missing.iter().any(|line| line.starts_with("rt_sigsuspend succeeded") || line.starts_with("exit_group"))
        );
    }
}
