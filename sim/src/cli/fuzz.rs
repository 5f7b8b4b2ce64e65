//! `vitrine fuzz`: campaigns over the properties, and scripts of failures.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Subcommand};

use super::list::{print, suggestion};
use super::status::{Failure, Status};
use sim::fuzz::campaign::{Campaign, Ended, Progress};
use sim::fuzz::model::catalogue::by_name;
use sim::fuzz::property::Stop;
use sim::fuzz::{Case, Coverage, Property, all, raw, report, shrink};

/// Cases of a campaign, unless something else is asked for.
const CASES: u64 = 500;
/// The line by which a script says what it is a script of.
const PROPERTY_LINE: &str = "# property: ";

/// What `vitrine fuzz --help` says behind the options.
pub(crate) fn help() -> String {
    let mut text = String::from("Properties:\n");
    for property in all::properties() {
        text += &format!("  {:<12} {}\n", property.name(), property.about());
    }
    text + "  models       every one but raw\n  all          every one\n\n" + HELP
}

const HELP: &str = "\
A property is tried on one random case after the other. The same seed gives the same cases,
whatever `--jobs` is. At the first failure the script of the case is shrunk, printed, and saved.

Examples:
  vitrine fuzz                                 the raw property: any process makes any call
  vitrine fuzz --seed 7 --steps 1000000 --coverage --demand
  vitrine fuzz --syscalls pipe2,read,write,close --time 60
  vitrine fuzz models --cases 100
  vitrine fuzz run fuzz-raw-7.script           the script of a failure again

Exit status: 0 if the property held, 1 if it didn't or --demand isn't met, 2 for a mistake in the
command line, 65 if a script can't be read, 74 if a file can't be read or written.";

/// Options of `fuzz`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct FuzzOptions {
    #[command(subcommand)]
    command: Option<FuzzCommand>,

    /// What to try: `raw`, the name of a model, `models`, or `all` [default: raw].
    #[arg(value_name = "PROPERTY")]
    properties: Vec<String>,

    /// What the cases are made from; without it one is drawn, and told at the beginning.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// How many cases [default: 500, or as many as the steps or the time make].
    #[arg(long, value_name = "N")]
    cases: Option<NonZeroU64>,

    /// How many steps altogether; whole cases are run.
    #[arg(long, value_name = "N", conflicts_with = "cases")]
    steps: Option<NonZeroU64>,

    /// Begin no further case after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    time: Option<NonZeroU64>,

    /// On how many threads.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// Make these calls only, besides those that make and end processes.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    syscalls: Vec<String>,

    /// Print which call gave which error how often, who waited for what and what ended that, and what invariants looked at.
    #[arg(long)]
    coverage: bool,

    /// Fail unless every call succeeds in 5% of its calls, every documented error occurs, no wait ends in a way that isn't
    /// known to be possible, and 16 processes are alive on average; list what is missing.
    #[arg(long, conflicts_with = "syscalls")]
    demand: bool,

    /// Measure instead: steps a second with all checks, with none, and with every invariant from scratch, beside a system call
    /// that does nothing.
    #[arg(
        long,
        conflicts_with_all = ["properties", "cases", "steps", "time", "jobs", "syscalls", "coverage", "demand", "save"]
    )]
    rate: bool,

    /// Where the script of a failure is saved [default: fuzz-PROPERTY-SEED.script].
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum FuzzCommand {
    /// Carry out a script, and check as the campaign did.
    Run {
        /// The script.
        file: PathBuf,
    },
}

/// Does what the options say.
pub(crate) fn fuzz(options: &FuzzOptions) -> Result<Status, Failure> {
    if let Some(FuzzCommand::Run { file }) = &options.command {
        return run_script(file);
    }
    for name in &options.syscalls {
        if abi::Syscall::by_name(name).is_none() {
            let near = suggestion(name, abi::Syscall::TABLE.iter().map(|info| info.name));
            return Err(Failure::new(Status::MISTAKE, format_args!("there is no system call `{name}`{near}")));
        }
    }
    let seed = options.seed.unwrap_or_else(any_seed);
    if options.rate {
        return rate(seed);
    }
    let chosen = choose(&options.properties)?;
    let about_calls =
        [("--syscalls", !options.syscalls.is_empty()), ("--coverage", options.coverage), ("--demand", options.demand)];
    if let Some(property) = chosen.iter().find(|property| !property.is_about_calls())
        && let Some((option, _)) = about_calls.iter().find(|(_, is_given)| *is_given)
    {
        let name = property.name();
        return Err(Failure::new(
            Status::MISTAKE,
            format_args!("{option} is for `raw`: `{name}` doesn't choose its calls"),
        ));
    }
    if options.seed.is_none() {
        // Who breaks it off can have it again. Nobody is there to be told if standard error is gone.
        let _ = writeln!(io::stderr(), "seed {seed}");
    }
    for property in &chosen {
        if campaign(options, seed, &**property)? != Status(0) {
            return Ok(Status(1));
        }
    }
    Ok(Status(0))
}

/// A seed that nobody asked for: from the host's clock.
fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_micros())
}

fn choose(names: &[String]) -> Result<Vec<Box<dyn Property>>, Failure> {
    let known = all::properties();
    let words: Vec<&str> = known.iter().map(|property| property.name()).chain(["models", "all"]).collect();
    if let Some(name) = names.iter().find(|name| !words.contains(&name.as_str())) {
        let near = suggestion(name, words.iter().copied());
        let all = words.join(", ");
        return Err(Failure::new(
            Status::MISTAKE,
            format_args!("there is no property `{name}`{near}; there are {all}"),
        ));
    }
    let is_named = |property: &dyn Property, name: &str| match name {
        "all" => true,
        "models" => by_name(property.name()).is_some(),
        name => name == property.name(),
    };
    let wanted = |property: &dyn Property| match names {
        [] => property.name() == "raw",
        names => names.iter().any(|name| is_named(property, name)),
    };
    Ok(known.into_iter().filter(|property| wanted(&**property)).collect())
}

/// Runs one campaign and tells how it went; whether the property held.
fn campaign(options: &FuzzOptions, seed: u64, property: &dyn Property) -> Result<Status, Failure> {
    let steps_per_case = property.steps_per_case();
    let cases = match (options.cases, options.steps, options.time) {
        (Some(cases), ..) => cases.get(),
        (None, Some(steps), _) => steps.get().div_ceil(steps_per_case),
        (None, None, Some(_)) => u64::MAX,
        (None, None, None) => CASES,
    };
    let time = options.time.map(|seconds| Duration::from_secs(seconds.get()));
    let jobs = options.jobs.into();
    let campaign = Campaign { seed, cases, steps_per_case, time, jobs, syscalls: options.syscalls.clone() };
    let mut teller = Teller::new(property.name());
    let ended = campaign.run(property, |progress| teller.tell(progress));
    teller.end();
    if options.coverage {
        print(&report::coverage(&ended.coverage))?;
    }
    print(&summary(property, seed, &ended))?;
    if let Some((number, case, failure)) = &ended.failure {
        return tell_failure(options, (seed, *number), case, property, failure);
    }
    let missing = if options.demand { report::missing(&ended.coverage) } else { Vec::new() };
    for line in &missing {
        print(&format!("missing: {line}\n"))?;
    }
    Ok(if missing.is_empty() { Status(0) } else { Status(1) })
}

/// So many of something, in words.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn summary(property: &dyn Property, seed: u64, ended: &Ended) -> String {
    let Progress { cases, steps, pairs, .. } = ended.progress;
    let held = if ended.failure.is_some() { "FAILED" } else { "held" };
    let (cases, steps) = (counted(cases, "case"), counted(steps, "step"));
    let mut text = format!("{}: {held} in {cases}, {steps}, seed {seed}", property.name());
    if ended.coverage.steps > 0 && pairs.0 > 0 {
        let alive = ended.coverage.alive as f64 / ended.coverage.steps as f64;
        text += &format!("; {alive:.1} processes alive, {} of {} results seen", pairs.0, pairs.1);
    }
    text + "\n"
}

fn tell_failure(
    options: &FuzzOptions,
    (seed, number): (u64, u64),
    case: &Case,
    property: &dyn Property,
    failure: &sim::fuzz::Failure,
) -> Result<Status, Failure> {
    let name = property.name();
    let small = shrink::shrink(property, failure);
    let script = format!(
        "{PROPERTY_LINE}{name}\n# {}\n# case {number} of seed {seed}, which is seed {} by itself\n{}",
        small.reason.replace('\n', " "),
        case.seed,
        small.script
    );
    let file = options.save.clone().unwrap_or_else(|| format!("fuzz-{name}-{seed}.script").into());
    fs::write(&file, &script)
        .map_err(|error| Failure::new(Status::IO, format_args!("cannot write {}: {error}", file.display())))?;
    print(&format!("\n{script}\nagain with: vitrine fuzz run {}\n", file.display()))?;
    Ok(Status(1))
}

fn run_script(file: &Path) -> Result<Status, Failure> {
    let script = fs::read_to_string(file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => {
            Failure::new(Status::BAD_RECORD, format_args!("{}: no script: {error}", file.display()))
        }
        _ => Failure::new(Status::IO, format_args!("cannot read {}: {error}", file.display())),
    })?;
    let name = script.lines().find_map(|line| line.strip_prefix(PROPERTY_LINE)).unwrap_or("raw").trim();
    let known = all::properties();
    let Some(property) = known.iter().find(|property| property.name() == name) else {
        return Err(Failure::new(
            Status::BAD_RECORD,
            format_args!("{}: there is no property `{name}`", file.display()),
        ));
    };
    match property.replay(&script, &mut Coverage::new()) {
        Ok(steps) => {
            print(&format!("{name}: held in {}\n", counted(steps, "step")))?;
            Ok(Status(0))
        }
        Err(Stop::Unreadable { line, message }) => {
            Err(Failure::new(Status::BAD_RECORD, format_args!("{}:{line}: {message}", file.display())))
        }
        Err(Stop::Broken { line, reason }) => {
            print(&format!("{name}: FAILED after line {line}: {reason}\n"))?;
            Ok(Status(1))
        }
    }
}

/// Steps a second, by how thoroughly each is checked.
fn rate(seed: u64) -> Result<Status, Failure> {
    let null_ns = raw::rate::null_syscall_ns();
    let ways = [
        ("all invariants", raw::Checking::Touched, 300),
        ("no invariants", raw::Checking::Nothing, 300),
        ("every invariant from scratch", raw::Checking::Full, 20),
    ];
    for (name, checking, cases) in ways {
        let property = raw::Raw::new(checking);
        let steps_per_case = property.steps_per_case();
        let campaign = Campaign { seed, cases, steps_per_case, time: None, jobs: 1, syscalls: Vec::new() };
        let began = Instant::now();
        let ended = campaign.run(&property, |_| {});
        let rate = ended.progress.steps as f64 / began.elapsed().as_secs_f64();
        print(&format!("{rate:.0} raw steps/s, {name}; null syscall {null_ns:.0} ns in the same run\n"))?;
    }
    Ok(Status(0))
}

/// Tells on standard error how far the campaign has come: at a terminal in one line, else a line every ten seconds.
struct Teller<'a> {
    name: &'a str,
    at_terminal: bool,
    told: Option<Instant>,
}

impl<'a> Teller<'a> {
    fn new(name: &'a str) -> Teller<'a> {
        Teller { name, at_terminal: io::stderr().is_terminal(), told: None }
    }

    fn tell(&mut self, progress: &Progress) {
        let now = Instant::now();
        let since = self.told.get_or_insert(now);
        if !self.at_terminal && now.duration_since(*since) < Duration::from_secs(10) {
            return;
        }
        self.told = Some(now);
        let Progress { cases, steps, pairs, elapsed } = *progress;
        let rate = steps as f64 / elapsed.as_secs_f64().max(0.001);
        let (cases, steps) = (counted(cases, "case"), counted(steps, "step"));
        let mut line = format!("{}: {cases}, {steps}, {rate:.0} steps/s", self.name);
        if pairs.0 > 0 {
            line += &format!(", {} of {} results seen", pairs.0, pairs.1);
        }
        // Nobody is there to be told if standard error is gone.
        let _ = match self.at_terminal {
            true => write!(io::stderr(), "\r{line:<78}"),
            false => writeln!(io::stderr(), "{line}"),
        };
    }

    fn end(&self) {
        if self.at_terminal && self.told.is_some() {
            let _ = write!(io::stderr(), "\r{:<78}\r", "");
        }
    }
}
