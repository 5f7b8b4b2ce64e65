//! What the targets have in common: how an input becomes a script, and what is done with it.
//!
//! An input is a script as `vitrine fuzz` writes it, a line a step. Lines that can't be read are left out, so whatever
//! libFuzzer makes of an input is a script too, and a finding can be read. `seeds` makes the first inputs and a dictionary.

use std::sync::OnceLock;

use sim::fuzz::model::property::Modelled;
use sim::fuzz::model::text;
use sim::fuzz::raw::{Raw, Script};
use sim::fuzz::{Coverage, Property, Stop};

/// Lines of an input that count. Longer scripts find nothing that two shorter ones wouldn't, and take their time.
pub const LINES: usize = 200;

/// The beginning of the line that names the property which a script is for.
pub const PROPERTY: &str = "# property: ";

/// One input of the target `raw`.
///
/// # Panics
/// The property doesn't hold: that is what libFuzzer looks for.
pub fn raw(data: &[u8]) {
    static RAW: OnceLock<Raw> = OnceLock::new();
    let mut before = Script::default();
    let readable = |line: &str| before.add(line).is_ok();
    carry_out(RAW.get_or_init(Raw::default), &script(data, readable));
}

/// One input of the target `models`. The model is the one that its first line names, else the first there is.
///
/// # Panics
/// As [`raw`].
pub fn models(data: &[u8]) {
    static MODELS: OnceLock<Vec<Modelled>> = OnceLock::new();
    let models = MODELS.get_or_init(|| Modelled::all().collect());
    let input = String::from_utf8_lossy(data);
    let name = input.lines().next().and_then(|line| line.strip_prefix(PROPERTY)).unwrap_or_default();
    let Some(model) = models.iter().find(|model| model.name() == name).or(models.first()) else { return };
    carry_out(model, &script(data, |line| text::parse(line).is_ok()));
}

fn script(data: &[u8], mut readable: impl FnMut(&str) -> bool) -> String {
    let input = String::from_utf8_lossy(data);
    let lines = input.lines().map(str::trim).filter(|line| !line.is_empty() && readable(line));
    lines.take(LINES).flat_map(|line| [line, "\n"]).collect()
}

fn carry_out(property: &dyn Property, script: &str) {
    match property.replay(script, &mut Coverage::new()) {
        // What can be read by one line can be read by all; but for what only the whole shows, nothing was found.
        Ok(_) | Err(Stop::Unreadable { .. }) => {}
        Err(Stop::Broken { line, reason }) => {
            let name = property.name();
            panic!(
                "after line {line}: {reason}\nSave this as a file, and carry it out with `vitrine fuzz run FILE`:\n{PROPERTY}{name}\n{script}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_bytes_are_they_are_a_script() {
        for data in [
            &b""[..],
            b"\xff\xfe\n\n",
            b"a clone 17 0 0 0 0\nnonsense\n\xc3\na getpid",
            b"# property: pipes\na pipe [] 0\n",
        ] {
            raw(data);
            models(data);
        }
        assert_eq!(script(b" b getpid \n??\n\nterminal", |line| line != "??"), "b getpid\nterminal\n");
    }
}
