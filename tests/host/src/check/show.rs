//! How scripts and differences are shown, and saved.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use sim::lockstep::Difference;

/// A script with what real processes did, a line for each operation.
pub(crate) fn script(records: &[Value]) -> String {
    let mut text = String::new();
    for (number, record) in records.iter().enumerate() {
        let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let arguments: Vec<String> = record["a"].as_array().into_iter().flatten().map(plain).collect();
        let mut came = record.as_object().cloned().unwrap_or_default();
        for key in ["p", "o", "a", "st", "care"] {
            came.remove(key);
        }
        let call = format!("{} {}({})", word(&record["p"]), word(&record["o"]), arguments.join(", "));
        let _ = writeln!(text, "{number:>3}  {call:<44} {}", outcome(&came));
    }
    text
}

/// What came of an operation.
fn outcome(came: &Map<String, Value>) -> String {
    let words = came.iter().map(|(key, value)| match (key.as_str(), value) {
        ("r", value) => format!("= {}", plain(value)),
        ("e", value) => plain(value),
        ("out", value) if value == "blk" => "blocks".into(),
        ("out", value) if value == "died" => "dies".into(),
        ("out", _) => "is stopped".into(),
        (key, value) => format!("{key} {}", plain(value)),
    });
    words.collect::<Vec<_>>().join("  ")
}

/// JSON without quotes.
fn plain(value: &Value) -> String {
    value.to_string().replace('"', "")
}

/// What was recorded of the last operation and what was observed instead, without what is the same in both.
pub(crate) fn difference(found: &Difference) -> String {
    let mut recorded = found.recorded.as_object().cloned().unwrap_or_default();
    for key in ["p", "o", "a", "care"] {
        recorded.remove(key);
    }
    let empty = Map::new();
    let observed = found.observed.as_object().unwrap_or(&empty);
    let only = |one: &Map<String, Value>, other: &Map<String, Value>| -> String {
        let mut shown = Map::new();
        for (key, value) in one.iter().filter(|(key, value)| other.get(*key) != Some(value)) {
            let narrowed = match (value, other.get(key)) {
                (Value::Object(value), Some(Value::Object(other))) if key == "st" || key == "h" => {
                    let differs = value.iter().filter(|(name, fields)| other.get(*name) != Some(fields));
                    Value::Object(differs.map(|(name, fields)| (name.clone(), fields.clone())).collect())
                }
                _ => value.clone(),
            };
            shown.insert(key.clone(), narrowed);
        }
        plain(&Value::Object(shown))
    };
    let left = if found.orders_left { "     (there are more orders of running than were tried)\n" } else { "" };
    format!("     Linux    {}\n     Vitrine  {}\n{left}", only(&recorded, observed), only(observed, &recorded))
}

/// Saves a script as a line of JSON, in the format of the records; where.
///
/// # Errors
/// Those of the file system.
pub(crate) fn save(folder: &Path, id: &str, theme: &str, seed: u64, records: &[Value]) -> Result<PathBuf, String> {
    let script = json!({"id": id, "theme": theme, "seed": seed, "end": "len", "ops": records});
    let path = folder.join(format!("{id}.jsonl"));
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(&path, format!("{script}\n")).map_err(failed)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_can_be_read() {
        let records = [
            json!({"p": "a", "o": "pipe", "a": [[], 4096], "r": 0, "fd": [0, 1], "st": {"a": {"nfd": 2}}}),
            json!({"p": "a", "o": "read", "a": [0, 10], "out": "blk"}),
        ];
        let lines: Vec<String> = script(&records).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], format!("  0  {:<44} = 0  fd [0,1]", "a pipe([], 4096)"));
        assert_eq!(lines[1], format!("  1  {:<44} blocks", "a read(0, 10)"));
    }

    #[test]
    fn only_what_differs_is_shown() {
        let found = Difference {
            script: String::new(),
            operation: 0,
            recorded: json!({"p": "a", "o": "dup", "a": [0], "r": 1, "st": {"a": {"nfd": 2}, "b": {"s": "idle"}}}),
            observed: json!({"r": 1, "st": {"a": {"nfd": 3}, "b": {"s": "idle"}}}),
            orders_left: false,
        };
        let shown = difference(&found);
        assert_eq!(shown, "     Linux    {st:{a:{nfd:2}}}\n     Vitrine  {st:{a:{nfd:3}}}\n");
    }
}
