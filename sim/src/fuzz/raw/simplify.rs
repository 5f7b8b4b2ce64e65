//! Simpler forms of a line, for shrinking: arguments that are 0, or nothing, or small.

use crate::fuzz::raw::moves::{Move, Value, What};
use crate::fuzz::raw::text;

/// Lines to try in the place of this one, the simplest first.
pub(super) fn simpler(line: &str) -> Vec<String> {
    let Ok(made) = text::parse(line) else { return Vec::new() };
    let mut simpler = Vec::new();
    let mut offer = |candidate: Move| {
        let candidate = candidate.to_string();
        if candidate != line && !simpler.contains(&candidate) {
            simpler.push(candidate);
        }
    };
    match made.what {
        What::Call { row, arguments } => {
            offer(Move { what: What::Run, child: None, ..made.clone() });
            for (place, value) in arguments.iter().enumerate().take(row.info().arguments.len()) {
                for small in smaller(*value) {
                    let mut arguments = arguments;
                    arguments[place] = small;
                    offer(Move { what: What::Call { row, arguments }, ..made.clone() });
                }
            }
        }
        What::LongInput(bytes) if bytes > 0 => offer(Move { what: What::LongInput(bytes / 2), ..made.clone() }),
        What::Idle(us) if us > 0 => offer(Move { what: What::Idle(us / 2), ..made.clone() }),
        _ => {}
    }
    simpler
}

fn smaller(value: Value) -> Vec<Value> {
    match value {
        Value::Number(0) => Vec::new(),
        Value::Number(number) => {
            let mut all = vec![Value::Number(0)];
            if number > 1 {
                all.push(Value::Number(1));
            }
            // A single bit less, of few.
            if number.count_ones() > 1 && number.count_ones() < 8 {
                all.push(Value::Number(number & (number - 1)));
            }
            all
        }
        Value::Room(offset) if offset > 0 => vec![Value::Number(0), Value::Room(0)],
        Value::Room(_) | Value::Data { .. } => vec![Value::Number(0)],
        Value::Long(letters) if letters > 1 => vec![Value::Long(letters / 2)],
        Value::Strings { count, letters } if count > 0 => {
            vec![
                Value::Number(0),
                Value::Strings { count: count / 2, letters },
                Value::Strings { count, letters: letters / 2 },
            ]
        }
        Value::Pid { of, negative: true } => vec![Value::Pid { of, negative: false }],
        _ => Vec::new(),
    }
}
