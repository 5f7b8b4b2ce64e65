//! Which programs run, with what input, under whom.

use sim::World;
use sim::chooser::Chooser;
use userland::handler::Handler;
use userland::{Args, Program, Sys};

use crate::init;
use crate::run::{Plan, Run};
use crate::schedule::Schedule;
use crate::table::table;

/// The name of the program under test.
const TESTED: &str = "tested";
/// Steps that a test may take unless it says otherwise.
const STEPS: u64 = 2_000_000;
/// Random schedules under which a test runs unless it says otherwise.
const SEEDS: u64 = 10;

/// A program of a test and what it meets. See the crate's example.
#[must_use = "nothing happens until it is run"]
pub struct Scenario {
    programs: Vec<Program>,
    argv: Vec<Vec<u8>>,
    envp: Vec<Vec<u8>>,
    input: Vec<u8>,
    typed: Option<Vec<Vec<u8>>>,
    alone: bool,
    steps: u64,
    seeds: u64,
    check_every: u64,
}

/// A scenario for this program: an `async fn(Sys, Args) -> i32`, or a closure like one.
pub fn program<F, Fut>(main: &'static F) -> Scenario
where
    F: Fn(Sys, Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    Scenario {
        programs: Vec::new(),
        argv: vec![TESTED.into()],
        envp: Vec::new(),
        input: Vec::new(),
        typed: None,
        alone: false,
        steps: STEPS,
        seeds: SEEDS,
        check_every: 1,
    }
    .with(TESTED, main)
}

impl Scenario {
    /// A scenario for this command line of userland's own programs.
    pub fn command<'a>(argv: impl IntoIterator<Item = &'a str>) -> Scenario {
        let unused = program(&|_, _| async { 0 });
        Scenario { argv: argv.into_iter().map(Vec::from).collect(), ..unused }
    }

    /// There is this program too, to be executed by its name.
    pub fn with<F, Fut>(mut self, name: &'static str, main: &'static F) -> Scenario
    where
        F: Fn(Sys, Args) -> Fut + Sync,
        Fut: Future<Output = i32> + 'static,
    {
        self.programs.push(Program::new(name, "", main));
        self
    }

    /// The program under test has these signal handlers.
    pub fn handlers(mut self, handlers: &'static [Handler]) -> Scenario {
        if let Some(tested) = self.programs.first_mut() {
            tested.handlers = handlers;
        }
        self
    }

    /// The program under test has so many bytes of static variables.
    pub fn statics(mut self, bytes: u64) -> Scenario {
        if let Some(tested) = self.programs.first_mut() {
            tested.static_bytes = bytes;
        }
        self
    }

    /// This other program has these signal handlers.
    pub fn with_handlers(mut self, name: &str, handlers: &'static [Handler]) -> Scenario {
        for program in self.programs.iter_mut().filter(|program| program.name == name) {
            program.handlers = handlers;
        }
        self
    }

    /// There are these programs too.
    pub fn among(mut self, programs: &[Program]) -> Scenario {
        self.programs.extend(programs);
        self
    }

    /// The program is given one more argument.
    pub fn argument(mut self, argument: impl Into<Vec<u8>>) -> Scenario {
        self.argv.push(argument.into());
        self
    }

    /// The program has this in its environment (`NAME=value`).
    pub fn environment(mut self, variable: impl Into<Vec<u8>>) -> Scenario {
        self.envp.push(variable.into());
        self
    }

    /// The console gives this, and then its end.
    pub fn input(self, input: impl Into<Vec<u8>>) -> Scenario {
        Scenario { input: input.into(), ..self }
    }

    /// The console is a terminal, at which these are typed: each as soon as nobody can run, now or later, before something
    /// arrives. At last it is hung up.
    pub fn typed<T: Into<Vec<u8>>>(self, pieces: impl IntoIterator<Item = T>) -> Scenario {
        Scenario { typed: Some(pieces.into_iter().map(Into::into).collect()), ..self }
    }

    /// The program is PID 1 itself. Otherwise it is the child of a small init, which adopts what it leaves behind and waits
    /// for all of it; then everything must be back, or the run fails.
    pub fn as_pid_1(self) -> Scenario {
        Scenario { alone: true, ..self }
    }

    /// It may take so many steps.
    pub fn steps(self, steps: u64) -> Scenario {
        Scenario { steps, ..self }
    }

    /// Besides the policy's own, it runs under so many random schedules.
    pub fn seeds(self, seeds: u64) -> Scenario {
        Scenario { seeds, ..self }
    }

    /// Invariants are checked every so many steps only, because they take long when nearly all memory is in use.
    pub fn checked_every(self, check_every: u64) -> Scenario {
        Scenario { check_every, ..self }
    }

    /// Runs it as the scheduling policy decides.
    #[track_caller]
    pub fn run(&self) -> Run {
        self.run_by(Schedule::Policy, &mut |_| ())
    }

    /// Runs it by the choices of a seed.
    #[track_caller]
    pub fn run_seeded(&self, seed: u64) -> Run {
        self.run_by(Schedule::Seed(seed), &mut |_| ())
    }

    /// Runs it as the policy decides, and by a number of seeds; or by the one that `VITRINE_SEED` names.
    #[track_caller]
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        let only = std::env::var("VITRINE_SEED").ok().and_then(|seed| seed.parse().ok());
        let policy = only.is_none().then_some(Schedule::Policy);
        let seeds = only.map_or(0..self.seeds, |seed| seed..seed + 1);
        policy.into_iter().chain(seeds.map(Schedule::Seed)).map(|schedule| self.run_by(schedule, &mut |_| ()))
    }

    /// Under each schedule it must exit with 0.
    #[track_caller]
    pub fn succeeds(&self) {
        self.exits(0);
    }

    /// Under each schedule it must exit with this status; under init, 128 and the signal's number if a signal ended it.
    #[track_caller]
    pub fn exits(&self, code: u8) {
        for run in self.runs() {
            run.exits(code);
        }
    }

    /// Under each schedule it must exit with 0, and have written exactly this to standard output.
    #[track_caller]
    pub fn prints(&self, expected: impl AsRef<[u8]>) {
        for run in self.runs() {
            run.succeeds().prints(&expected);
        }
    }

    /// Runs it as the scheduling policy decides, and lets `watch` look at the world after each step.
    #[track_caller]
    pub fn run_watched(&self, watch: &mut dyn FnMut(&World)) -> Run {
        self.run_by(Schedule::Policy, watch)
    }

    /// The same by the choices of a seed.
    #[track_caller]
    pub fn run_seeded_watched(&self, seed: u64, watch: &mut dyn FnMut(&World)) -> Run {
        self.run_by(Schedule::Seed(seed), watch)
    }

    #[track_caller]
    fn run_by(&self, schedule: Schedule, watch: &mut dyn FnMut(&World)) -> Run {
        self.run_with(schedule, &mut *schedule.chooser(), 0, watch)
    }

    /// Runs it by this chooser, with futures dropped before every so many steps.
    #[track_caller]
    pub(crate) fn run_with(
        &self,
        schedule: Schedule,
        chooser: &mut dyn Chooser,
        forget_every: u64,
        watch: &mut dyn FnMut(&World),
    ) -> Run {
        let mut argv: Vec<&[u8]> = if self.alone { vec![] } else { vec![init::NAME.as_bytes()] };
        argv.extend(self.argv.iter().map(Vec::as_slice));
        let envp: Vec<&[u8]> = self.envp.iter().map(Vec::as_slice).collect();
        let (steps, check_every) = (self.steps, self.check_every);
        let plan = Plan {
            argv: &argv,
            envp: &envp,
            input: &self.input,
            typed: self.typed.as_deref(),
            schedule,
            steps,
            check_every,
            forget_every,
        };
        Run::make(table(&self.programs), plan, chooser, watch)
    }
}
