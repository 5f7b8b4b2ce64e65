//! Makes a script short that differs: operations are left out as long as both sides still differ in the same way, in pieces of half
//! the script first, then of a quarter, down to one.

use std::path::Path;

use serde_json::Value;
use sim::lockstep::Difference;

use super::matchers::matcher_of;
use crate::judge::Judge;
use crate::stage::Stage;

/// At most so often a script is carried out anew.
const ATTEMPTS: usize = 600;
/// A difference that rests on chance on the host shows again within so many attempts, or is left as it is.
const REPEATS: usize = 3;

/// A script that differs in its last operation.
pub(crate) struct Differing {
    /// What real processes did.
    pub(crate) records: Vec<Value>,
    /// In what it differs.
    pub(crate) difference: Box<Difference>,
}

/// A given script that was carried out, up to where it differs.
pub(crate) struct CarriedOut {
    /// What real processes did.
    pub(crate) records: Vec<Value>,
    /// In what the last operation differs.
    pub(crate) difference: Option<Box<Difference>>,
    /// The operations that couldn't be carried out, and why.
    pub(crate) left_out: Vec<String>,
}

/// Carries a script out.
///
/// # Errors
/// What the host refused.
pub(crate) fn carry_out(stage: &Stage, within: &Path, operations: &[Value]) -> Result<CarriedOut, String> {
    let mut judge = Judge::new(stage, within, "script")?;
    let left_out = judge.carry_out_all(operations);
    let records = std::mem::take(&mut judge.records);
    Ok(CarriedOut { records, difference: judge.difference.take(), left_out })
}

/// What differs in a script and isn't right, if anything does.
fn differs(stage: &Stage, within: &Path, operations: &[Value]) -> Result<Option<Differing>, String> {
    let CarriedOut { records, difference, .. } = carry_out(stage, within, operations)?;
    let wrong = difference.filter(|difference| matcher_of(difference).is_none());
    Ok(wrong.map(|difference| Differing { records, difference }))
}

/// What kind of difference it is: in which operation, and in which of the things that are observed. A script that differs in
/// another way shows another mistake.
fn kind(difference: &Difference) -> (String, Vec<String>) {
    let (recorded, observed) = (&difference.recorded, &difference.observed);
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect()
    };
    // Only in records: whose the operation is, and whether its outcome may rest on scheduling.
    let of_records = |key: &String| ["p", "o", "a", "care"].contains(&key.as_str());
    let mut differing: Vec<String> = keys(recorded).into_iter().filter(|key| !of_records(key)).collect();
    differing.extend(keys(observed));
    differing.retain(|key| recorded[key] != observed[key]);
    differing.sort();
    differing.dedup();
    (recorded["o"].to_string(), differing)
}

/// The shortest script that was found; nothing if the difference doesn't show again.
///
/// # Errors
/// What the host refused.
pub(crate) fn shrink(stage: &Stage, within: &Path, operations: &[Value]) -> Result<Option<Differing>, String> {
    let mut found = None;
    for _ in 0..REPEATS {
        found = differs(stage, within, operations)?;
        if found.is_some() {
            break;
        }
    }
    let Some(mut shortest) = found else { return Ok(None) };
    let sought = kind(&shortest.difference);
    let (mut piece, mut attempts) = (shortest.records.len() / 2, 0);
    while piece > 0 {
        let (mut start, mut shorter) = (0, false);
        while start < shortest.records.len() && attempts < ATTEMPTS {
            attempts += 1;
            let end = (start + piece).min(shortest.records.len());
            let rest = [&shortest.records[..start], &shortest.records[end..]].concat();
            match differs(stage, within, &rest)? {
                Some(found) if kind(&found.difference) == sought => (shortest, shorter) = (found, true),
                _ => start = end,
            }
        }
        // What couldn't be left out before may be without what has been left out since.
        if piece > 1 || !shorter || attempts >= ATTEMPTS {
            piece /= 2;
        }
    }
    Ok(Some(shortest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(recorded: Value, observed: Value) -> Difference {
        Difference { script: String::new(), operation: 0, recorded, observed, orders_left: false }
    }

    #[test]
    fn a_kind_is_the_operation_and_what_differs_in_it() {
        let read = |came: Value| json!({"p": "a", "o": "read", "a": [0, 1], "care": 1, "e": came});
        let errors = kind(&found(read(json!("EINTR")), json!({"e": "EBADF"})));
        assert_eq!(errors, (json!("read").to_string(), vec!["e".to_owned()]));
        assert_eq!(errors, kind(&found(read(json!("EAGAIN")), json!({"e": "EBADF"}))));
        assert_ne!(errors, kind(&found(read(json!("EINTR")), json!({"out": "blk"}))));
        assert_ne!(errors, kind(&found(json!({"o": "dup", "e": "EINTR"}), json!({"e": "EBADF"}))));
    }
}
