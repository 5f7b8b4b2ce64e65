//! What a campaign has seen, as text; and what it has not seen that it should have.

use std::fmt::Write;

use crate::fuzz::coverage::{Coverage, Row};

/// So many in 100 of the calls that can succeed are to succeed.
const SUCCESS_PERCENT: u64 = 5;

/// Processes that are to be alive on average.
const ALIVE: u64 = 16;

/// The coverage: results by call and error, who waited for what and who woke it, and invariants.
pub fn coverage(seen: &Coverage) -> String {
    let mut text = String::new();
    results(seen, &mut text);
    edges(seen, &mut text);
    invariants(seen, &mut text);
    text
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
        let _ = write!(text, "{:<16} {calls:>8} calls  {share:>9} ", row.info().name);
        for (errno, count) in seen.errors(row) {
            let _ = match count {
                0 => write!(text, " !{errno:?}"),
                count => write!(text, " {errno:?}={count}"),
            };
        }
        text.push('\n');
    }
}

fn edges(seen: &Coverage, text: &mut String) {
    text.push_str("\nWaits: call, what it waited for, and who woke it\n");
    for row in Row::all() {
        let waits: Vec<_> = seen.waits(row).map(|(what, count)| format!("{what}={count}")).collect();
        let wakes: Vec<_> = seen.wakes(row).map(|(who, count)| format!("{who}={count}")).collect();
        if !waits.is_empty() {
            let _ = writeln!(text, "{:<16} {} <- {}", row.info().name, waits.join(" "), wakes.join(" "));
        }
    }
}

fn invariants(seen: &Coverage, text: &mut String) {
    text.push_str("\nInvariants, and how often there was something to look at: counted at each 64th check\n");
    for (name, count) in seen.invariants() {
        let _ = writeln!(text, "{name:<24} {count}");
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
