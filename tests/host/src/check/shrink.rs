//! Makes a script short that differs: operations are left out as long as both sides still differ, in pieces of half the
//! script first, then of a quarter, down to one.

use std::path::Path;

use serde_json::Value;
use sim::lockstep::Difference;

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

/// Carries a script out; what differs, if anything does.
///
/// # Errors
/// What the host refused.
pub(crate) fn differs(stage: &Stage, within: &Path, operations: &[Value]) -> Result<Option<Differing>, String> {
    let mut judge = Judge::new(stage, within, "script")?;
    judge.carry_out_all(operations);
    let records = std::mem::take(&mut judge.records);
    Ok(judge.difference.take().map(|difference| Differing { records, difference }))
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
    let (mut piece, mut attempts) = (shortest.records.len() / 2, 0);
    while piece > 0 {
        let (mut start, mut shorter) = (0, false);
        while start < shortest.records.len() && attempts < ATTEMPTS {
            attempts += 1;
            let end = (start + piece).min(shortest.records.len());
            let rest = [&shortest.records[..start], &shortest.records[end..]].concat();
            match differs(stage, within, &rest)? {
                Some(found) => (shortest, shorter) = (found, true),
                None => start = end,
            }
        }
        // What couldn't be left out before may be without what has been left out since.
        if piece > 1 || !shorter || attempts >= ATTEMPTS {
            piece /= 2;
        }
    }
    Ok(Some(shortest))
}
