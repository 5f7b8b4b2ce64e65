//! One script after the other, and what is demanded of a run.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::builder::RangedU64ValueParser;
use serde_json::Value;
use sim::lockstep::generate::{Operations, Theme, script_of};

use super::counts::Counts;
use super::matchers::{MATCHERS, matcher_of};
use super::show;
use super::shrink::{CarriedOut, Differing, carry_out, shrink};
use crate::judge::Judge;
use crate::stage::Stage;

/// A run of so many operations has to show what is demanded of runs.
const ENOUGH: u64 = 20_000;
/// In a run of so many operations of all themes, each matcher has to match something.
const FULL: u64 = 100_000;

/// What is checked.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Seed of the first script; each further one adds 1
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many operations, about
    #[arg(long, default_value_t = FULL, value_parser = clap::value_parser!(u64).range(1..))]
    operations: u64,
    /// What the scripts are about [default: one theme after the other]
    #[arg(long, value_parser = crate::theme)]
    theme: Option<Theme>,
    /// Operations of a script, at most
    #[arg(long, default_value_t = 80, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    length: usize,
    /// Stop after so many scripts that differ
    #[arg(long, default_value_t = 1)]
    differences: usize,
    /// Where scripts are saved that differ
    #[arg(long, value_name = "DIR", default_value = "lockstep-failures")]
    save: PathBuf,
    /// Carry out the scripts of this file instead, a line of JSON each
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
}

/// What came of a run so far.
#[derive(Default)]
struct Progress {
    counts: Counts,
    scripts: u64,
    by_choice: usize,
    matched: Vec<u64>,
    differing: usize,
}

/// Checks.
///
/// # Errors
/// What the host refused.
pub(crate) fn run(check: &Check, stage: &Stage, within: &Path) -> Result<ExitCode, String> {
    match &check.script {
        Some(file) => given(file, stage, within),
        None => random(check, stage, within),
    }
}

fn random(check: &Check, stage: &Stage, within: &Path) -> Result<ExitCode, String> {
    let mut progress = Progress { matched: vec![0; MATCHERS.len()], ..Progress::default() };
    let begin = Instant::now();
    let mut meter = Meter::new();
    while progress.counts.total() < check.operations && progress.differing < check.differences.max(1) {
        let theme = check.theme.unwrap_or(Theme::ALL[(progress.scripts % Theme::ALL.len() as u64) as usize]);
        let seed = check.seed + progress.scripts;
        let mut judge = Judge::new(stage, within, &format!("{}-{seed}", theme.name()))?;
        let counts = &mut progress.counts;
        let end = script_of(Operations::All, &mut judge, theme, seed, check.length, &mut |record| counts.note(&record));
        progress.scripts += 1;
        progress.by_choice += judge.by_choice;
        let records = std::mem::take(&mut judge.records);
        let difference = judge.difference.take();
        drop(judge);
        match difference {
            Some(difference) => match matcher_of(&difference) {
                Some(matcher) => progress.matched[matcher] += 1,
                None => {
                    progress.differing += 1;
                    report(check, stage, within, theme, seed, Differing { records, difference })?;
                }
            },
            None => drop(end?),
        }
        meter.show(&progress, check.operations, begin);
    }
    Ok(conclude(check, &progress, begin.elapsed()))
}

/// Makes a script short that differs, shows and saves it.
fn report(
    check: &Check,
    stage: &Stage,
    within: &Path,
    theme: Theme,
    seed: u64,
    found: Differing,
) -> Result<(), String> {
    let id = format!("{}-{seed}", theme.name());
    eprintln!("vitrine-host: script {id} differs in operation {}; making it shorter", found.records.len() - 1);
    let (shown, again) = match shrink(stage, within, &found.records)? {
        Some(short) => (short, true),
        None => (found, false),
    };
    let path = show::save(&check.save, &id, theme.name(), seed, &shown.records)?;
    println!("{id} differs{}:", if again { "" } else { ", but not when it is carried out again" });
    print!("{}{}", show::script(&shown.records), show::difference(&shown.difference));
    println!("saved; to carry it out again:\n  vitrine-host check --script {}", path.display());
    Ok(())
}

/// Says what a run showed, and whether that is enough.
fn conclude(check: &Check, progress: &Progress, took: Duration) -> ExitCode {
    let total = progress.counts.total();
    print!("{}", progress.counts.show());
    println!(
        "{total} operations in {} scripts from seed {}, {:.0} s ({:.0}/s); {} agreed only under another order",
        progress.scripts,
        check.seed,
        took.as_secs_f64(),
        total as f64 / took.as_secs_f64().max(0.001),
        progress.by_choice,
    );
    for (matcher, count) in MATCHERS.iter().zip(&progress.matched) {
        match count {
            0 => {}
            1 => println!("1 difference is right: {} ({})", matcher.name, matcher.source),
            _ => println!("{count} differences are right: {} ({})", matcher.name, matcher.source),
        }
    }
    let mut wrong = Vec::new();
    if check.theme.is_none() && total >= ENOUGH {
        wrong.extend(progress.counts.shortcomings());
    }
    if check.theme.is_none() && total >= FULL {
        let unused = MATCHERS.iter().zip(&progress.matched).filter(|(_, count)| **count == 0);
        wrong.extend(unused.map(|(matcher, _)| format!("matcher `{}` matched nothing", matcher.name)));
    }
    match progress.differing {
        0 => println!("no difference"),
        1 => wrong.push("1 script differs".into()),
        count => wrong.push(format!("{count} scripts differ")),
    }
    wrong.iter().for_each(|what| println!("vitrine-host: {what}"));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Carries out the scripts of a file.
fn given(file: &Path, stage: &Stage, within: &Path) -> Result<ExitCode, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut agree = true;
    for (number, line) in text.lines().enumerate() {
        let script: Value =
            serde_json::from_str(line).map_err(|error| format!("{}, line {}: {error}", file.display(), number + 1))?;
        let operations = script["ops"].as_array().cloned().unwrap_or_default();
        let id = script["id"].as_str().unwrap_or("script");
        let CarriedOut { records, difference, left_out } = carry_out(stage, within, &operations)?;
        let count = format!("{} of {} operations were carried out", records.len(), operations.len());
        match difference.map(|difference| (matcher_of(&difference), difference)) {
            None => println!("{id}: {count}, no difference"),
            Some((Some(matcher), _)) => {
                println!("{id}: {count}, the last differs as it may: {}", MATCHERS[matcher].name);
            }
            Some((None, difference)) => {
                agree = false;
                println!("{id} differs ({count}):");
                print!("{}{}", show::script(&records), show::difference(&difference));
            }
        }
        left_out.iter().for_each(|what| println!("  left out: {what}"));
        if records.is_empty() {
            return Err(format!("{}, line {}: no operation could be carried out", file.display(), number + 1));
        }
    }
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows how far a run is, on standard error.
struct Meter {
    last: Instant,
    every: Duration,
}

impl Meter {
    fn new() -> Meter {
        let every = if std::io::stderr().is_terminal() { 1 } else { 10 };
        Meter { last: Instant::now(), every: Duration::from_secs(every) }
    }

    fn show(&mut self, progress: &Progress, wanted: u64, begin: Instant) {
        if self.last.elapsed() >= self.every {
            self.last = Instant::now();
            let total = progress.counts.total();
            let rate = total as f64 / begin.elapsed().as_secs_f64().max(0.001);
            eprintln!("{total} of {wanted} operations, {rate:.0}/s, {} scripts", progress.scripts);
        }
    }
}
