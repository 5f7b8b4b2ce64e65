//! One operation after the other.

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::subject::{Subject, Trouble, process_name};
use super::aim::{endangers_root, lives, release, waiting};
use super::arguments::{Making, arguments, one_of};
use super::ledger::Ledger;
use super::situation::Situation;
use super::theme::{MAY_WAIT, Operations, Theme};

/// At most so many processes live at a time.
const LIVING: usize = 7;
/// At most so many are made: there are no more names.
const NAMES: usize = 26;

/// Makes and carries out one script, of the operations that the kept records have.
///
/// # Errors
/// What went wrong on the host.
pub fn script(
    subject: &mut impl Subject,
    theme: Theme,
    seed: u64,
    length: usize,
    each: &mut dyn FnMut(Value),
) -> Result<&'static str, String> {
    script_of(Operations::Recorded, subject, theme, seed, length, each)
}

/// Makes and carries out one script, of these operations.
///
/// # Errors
/// What went wrong on the host.
pub fn script_of(
    operations: Operations,
    subject: &mut impl Subject,
    theme: Theme,
    seed: u64,
    length: usize,
    each: &mut dyn FnMut(Value),
) -> Result<&'static str, String> {
    // Otherwise `a` could neither write to pipes nor touch memory.
    let precautions = [(13, "IGN"), (11, "CATCH"), (7, "CATCH")];
    let mut random = Rng::with_seed(seed);
    let mut ledger = Ledger::default();
    let weights = theme.weights(operations);
    let situation = Situation::of(&mut random, theme);
    for number in 0..length {
        let operation = match precautions.get(number) {
            Some((signal, disposition)) => json!({"p": "a", "o": "sigaction", "a": [signal, disposition, [], []]}),
            None => match choose(&mut random, (situation, operations), subject, &ledger, &weights) {
                Some(operation) => operation,
                None => return Ok("noidle"),
            },
        };
        match subject.carry_out(&operation) {
            Ok(record) => {
                ledger.note(&record);
                each(record);
            }
            Err(Trouble::RootDied) => return Ok("a_died"),
            Err(Trouble::Bad(what) | Trouble::NotNow(what)) => return Err(what),
        }
    }
    Ok("len")
}

/// What is asked next; nothing if nobody is idle.
fn choose(
    random: &mut Rng,
    (situation, operations): (Option<Situation>, Operations),
    subject: &impl Subject,
    ledger: &Ledger,
    weights: &[(&'static str, u32)],
) -> Option<Value> {
    let idle = subject.idle();
    if idle.is_empty() {
        return None;
    }
    let living = (0..subject.count()).filter(|&index| lives(subject, index)).count();
    let held = living.saturating_sub(idle.len());
    let is_full = living >= LIVING || subject.count() >= NAMES;
    loop {
        // Those who wait are let go on the sooner, the fewer are left who could do it.
        let urgency = if idle.len() <= 2 { 6 } else { 1 };
        let aimed = held > 0 && random.u32(..10) < urgency;
        let led = !aimed && random.u32(..6) == 0;
        let given = match (aimed, led) {
            (true, _) => release(random, subject, ledger, &idle),
            (_, true) => situation.and_then(|situation| situation.toward(random, subject, ledger, &idle)),
            _ => None,
        };
        let operation = match given.filter(|given| given["o"] != "fork" || !is_full) {
            Some(operation) => operation,
            None => {
                let caller = one_of(random, &idle);
                let name = weighted(random, weights);
                // Somebody has to be left who can wake the others.
                let few_left = idle.len() < 2 && MAY_WAIT.contains(&name) && random.u32(..30) > 0;
                if few_left || (name == "fork" && is_full) || (name == "exit" && caller == 0) {
                    continue;
                }
                let making = Making { subject, ledger, caller, operations };
                let aimed = MAY_WAIT.contains(&name) && name != "pause" && random.u32(..10) < 8;
                let given = aimed.then(|| waiting(random, &making, name)).flatten();
                // Where there is nothing to wait for, something else may make it.
                if aimed && given.is_none() && random.u32(..3) == 0 {
                    continue;
                }
                let given = given.unwrap_or_else(|| arguments(random, &making, name));
                json!({"p": process_name(caller), "o": name, "a": given})
            }
        };
        // A script ends with `a`, so its death is to be rare.
        if !endangers_root(subject, &operation) || random.u32(..200) == 0 {
            return Some(operation);
        }
    }
}

fn weighted(random: &mut Rng, weights: &[(&'static str, u32)]) -> &'static str {
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    let mut draw = random.u32(..total);
    for (name, weight) in weights {
        if draw < *weight {
            return name;
        }
        draw -= weight;
    }
    unreachable!("the draw is below the sum")
}
