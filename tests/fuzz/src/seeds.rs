//! Makes the first inputs and the dictionaries of the targets, from the table of system calls and the vocabulary of lock-step
//! scripts: `corpus/raw`, `corpus/models`, `raw.dict` and `models.dict` in the folder that is named, or in this package's.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use abi::Kind;
use fuzz::PROPERTY;
use sim::fuzz::coverage::Row;
use sim::fuzz::model::catalogue::MODELS;
use sim::fuzz::model::text;
use sim::fuzz::raw::{Checking, Generator, Stage};
use sim::lockstep::generate;
use sim::lockstep::simulated::Simulated;

/// Inputs for each call.
const SCRIPTS_A_CALL: u64 = 2;
/// Moves of one of them.
const MOVES: usize = 40;
/// Inputs for each model.
const SCRIPTS_A_MODEL: u64 = 12;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    match raw(&folder).and_then(|()| models(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seeds: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn raw(folder: &Path) -> io::Result<()> {
    let corpus = folder.join("corpus/raw");
    fs::create_dir_all(&corpus)?;
    let booted = [false, true].map(|terminal| Stage::new(terminal, Checking::Nothing).expect("a kernel boots"));
    let mut words = BTreeSet::new();
    for row in Row::all() {
        let info = row.info();
        words.insert(format!("a {} ", info.name));
        for argument in info.arguments {
            words.extend(values(argument.kind));
        }
        for seed in 0..SCRIPTS_A_CALL {
            let terminal = seed % 2 == 1;
            let mut stage = booted[usize::from(terminal)].clone();
            let mut generator = Generator::new(seed, &[row]);
            let mut script = String::from(if terminal { "terminal\n" } else { "" });
            for _ in 0..MOVES {
                let made = generator.next(&stage);
                // Writing to a string can't fail.
                let _ = writeln!(script, "{made}");
                if stage.make(&made).is_err() || stage.kernel().halted().is_some() {
                    break;
                }
            }
            fs::write(corpus.join(format!("{}-{seed}", info.name)), script)?;
        }
    }
    for word in [
        "b = a clone 17 0 0 0 0\n",
        "c = b clone 17 0 0 0 0\n",
        "b ",
        "c ",
        "$a ",
        "$b ",
        "-$b ",
        "signal b 9\n",
        "idle 1000\n",
    ] {
        words.insert(word.to_owned());
    }
    for word in [
        "b leave\n",
        "b run\n",
        "b load 0x50000000\n",
        "b store 0x50000000\n",
        "&0 ",
        "&100 ",
        "\"p\" ",
        "x*300 ",
        "input \"x\\n\"\n",
        "input-end\n",
    ] {
        words.insert(word.to_owned());
    }
    fs::write(folder.join("raw.dict"), dictionary(&words))
}

/// The values of an argument that have names.
fn values(kind: Kind) -> Vec<String> {
    match kind {
        Kind::Flags { known, .. } => {
            let bits = (0..64).map(|bit| 1_u64 << bit).filter(|bit| known & bit != 0);
            bits.map(|bit| format!("{bit:#x} ")).collect()
        }
        Kind::Choice { known, .. } => known.iter().map(|value| format!("{value} ")).collect(),
        _ => Vec::new(),
    }
}

fn models(folder: &Path) -> io::Result<()> {
    let corpus = folder.join("corpus/models");
    fs::create_dir_all(&corpus)?;
    let mut words = BTreeSet::new();
    let fresh = Simulated::new();
    for model in MODELS {
        words.insert(format!("{PROPERTY}{}\n", model.name));
        for seed in 0..SCRIPTS_A_MODEL {
            let theme = model.themes[seed as usize % model.themes.len()];
            let mut script = format!("{PROPERTY}{}\n", model.name);
            let mut note = |record: serde_json::Value| {
                let line = text::line(&record);
                words.extend(line.split_whitespace().skip(1).map(|word| format!("{word} ")));
                script += &line;
                script.push('\n');
            };
            // A script may end early, because everyone waits.
            let _ = generate::script(&mut fresh.clone(), theme, seed, MOVES, &mut note);
            fs::write(corpus.join(format!("{}-{seed}", model.name)), script)?;
        }
    }
    fs::write(folder.join("models.dict"), dictionary(&words))
}

/// In libFuzzer's form: a quoted string a line.
fn dictionary(words: &BTreeSet<String>) -> String {
    let mut text = String::from("# Made by `seeds` from the tables.\n");
    for word in words {
        text.push('"');
        for byte in word.bytes() {
            let _ = match byte {
                b'"' | b'\\' => write!(text, "\\{}", char::from(byte)),
                b' '..=b'~' => write!(text, "{}", char::from(byte)),
                _ => write!(text, "\\x{byte:02x}"),
            };
        }
        text.push_str("\"\n");
    }
    text
}
