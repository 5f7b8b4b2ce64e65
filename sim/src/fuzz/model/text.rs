//! Operations as text, one a line: `b write 4 10 200`, `a sigaction 13 IGN [] []`, `c semop s0 [[0,-1,[UNDO]]]`. The words are those
//! of the records (`tests/oracle/lockstep/README.md`), without their quotes.

use serde_json::{Number, Value, json};

/// Lists within lists: a list of semaphore operations with their flags has the most.
const DEEPEST: usize = 3;

/// An operation as a line.
///
/// ```
/// use serde_json::json;
/// use sim::fuzz::model::text::{line, parse};
///
/// let operation = json!({"p": "b", "o": "semop", "a": ["s0", [[0, -1, ["UNDO"]]]]});
/// assert_eq!(line(&operation), "b semop s0 [[0,-1,[UNDO]]]");
/// assert_eq!(parse("b semop s0 [[0,-1,[UNDO]]]"), Ok(operation));
/// ```
pub fn line(operation: &Value) -> String {
    let mut line = format!("{} {}", word(&operation["p"]), word(&operation["o"]));
    for argument in operation["a"].as_array().into_iter().flatten() {
        line.push(' ');
        line.push_str(&word(argument));
    }
    line
}

fn word(value: &Value) -> String {
    match value {
        // A number that isn't meant as one keeps its quotes.
        Value::String(text) if text.parse::<i64>().is_ok() || text == "null" => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(word).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it.
pub fn parse(line: &str) -> Result<Value, String> {
    let mut words = line.split_whitespace();
    let (process, operation) = words.next().zip(words.next()).ok_or("a process and an operation are expected")?;
    let mut arguments = Vec::new();
    for word in words {
        let (value, rest) = value(word, DEEPEST)?;
        if !rest.is_empty() {
            return Err(format!("'{rest}' is too much in '{word}'"));
        }
        arguments.push(value);
    }
    Ok(json!({"p": process, "o": operation, "a": arguments}))
}

/// Reads the first value of a text, with at most so many lists within each other; what is left behind it.
fn value(text: &str, deepest: usize) -> Result<(Value, &str), String> {
    if let Some(mut rest) = text.strip_prefix('[') {
        let deeper = deepest.checked_sub(1).ok_or("a list is in too many others")?;
        let mut list = Vec::new();
        loop {
            if let Some(rest) = rest.strip_prefix(']') {
                return Ok((Value::Array(list), rest));
            }
            if !list.is_empty() {
                rest = rest.strip_prefix(',').ok_or_else(|| format!("',' or ']' is expected before '{rest}'"))?;
            }
            let (element, after) = value(rest, deeper)?;
            list.push(element);
            rest = after;
        }
    }
    let end = text.find([',', ']']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let value = match (word, word.parse::<i64>()) {
        ("", _) => return Err("a value is expected".to_owned()),
        ("null", _) => Value::Null,
        (_, Ok(number)) => Value::Number(Number::from(number)),
        _ => json!(word.trim_matches('"')),
    };
    Ok((value, rest))
}
