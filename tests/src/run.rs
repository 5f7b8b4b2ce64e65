//! How a run is made and checked at each step, and what is known of it afterwards.

use abi::{WaitStatus, WindowSize};
use sim::chooser::{Chooser, Deviation, Recording};
use sim::input::Typist;
use sim::signal_counts::SignalCounts;
use sim::{CheckerBox, Machine, Outcome, Output, Settings, World};
use userland::Program;

use crate::init;
use crate::schedule::Schedule;

/// How many entries of each of the kernel's tables are in use.
pub type Tables = Vec<(&'static str, usize)>;

/// The window of a terminal.
pub const WINDOW: WindowSize = WindowSize { rows: 24, columns: 80, width: 0, height: 0 };

/// What is to be run.
pub(crate) struct Plan<'a> {
    pub(crate) argv: &'a [&'a [u8]],
    pub(crate) envp: &'a [&'a [u8]],
    pub(crate) input: &'a [u8],
    pub(crate) typed: Option<&'a [Vec<u8>]>,
    pub(crate) schedule: Schedule,
    pub(crate) steps: u64,
    pub(crate) check_every: u64,
    /// Before every so many steps all futures are dropped; 0: never.
    pub(crate) forget_every: u64,
}

/// A run that has ended.
pub struct Run {
    /// The world as it is at its end.
    pub world: World,
    /// How it ended; `None` if the steps that it was given didn't suffice.
    pub outcome: Option<Outcome>,
    /// What was written to the console's standard output.
    pub out: Vec<u8>,
    /// What was written to its standard error.
    pub err: Vec<u8>,
    /// What was in use right after the boot.
    pub at_boot: Tables,
    schedule: Schedule,
    choices: Vec<Deviation>,
}

impl Run {
    #[track_caller]
    pub(crate) fn make(
        programs: &'static [Program],
        plan: Plan<'_>,
        chooser: &mut dyn Chooser,
        watch: &mut dyn FnMut(&World),
    ) -> Run {
        let Plan { argv, envp, input, typed, schedule, steps, check_every, forget_every } = plan;
        // Invariants are checked here, so that a violation is reported with its schedule.
        let terminal = typed.map(|_| WINDOW);
        let settings = Settings { check_every: 0, terminal, forget_every, ..Settings::default() };
        let machine = Machine::new(programs, settings);
        let mut machine = match typed {
            Some(pieces) => machine.with_input(Typist::new(pieces.iter().cloned())),
            None => machine.with_input(input.to_vec()),
        };
        let mut observer = (Output::default(), SignalCounts::default());
        let world = machine.boot(argv, envp, &mut observer).expect("the test's program boots");
        let _told = TellOnPanic(schedule);
        let at_boot = world.kernel.tables_in_use().to_vec();
        let mut run = Run { world, outcome: None, out: vec![], err: vec![], at_boot, schedule, choices: Vec::new() };
        let mut chooser = Recording::new(chooser);
        let mut leaks = Leaks::default();
        let mut checker = CheckerBox::new();
        let mut violation = None;
        for _ in 0..steps {
            let outcome = machine.step(&mut run.world, &mut chooser, &mut observer);
            if run.world.steps().is_multiple_of(check_every) {
                let broken = checker.check(&mut run.world.kernel).err().map(|violation| violation.to_string());
                violation = broken.or_else(|| observer.1.check(&run.world.kernel).err().map(|lost| lost.to_string()));
            }
            leaks.look(&run.world);
            watch(&run.world);
            let ended = !matches!(outcome, Outcome::Stepped { .. });
            if ended {
                run.outcome = Some(outcome);
            }
            if ended || violation.is_some() {
                break;
            }
        }
        run.choices = chooser.take();
        (run.out, run.err) = (observer.0.out, observer.0.err);
        if let Some(violation) = violation {
            run.fail(&format!("after step {}: {violation}", run.world.steps()));
        }
        let under_init = argv.first() == Some(&init::NAME.as_bytes());
        if under_init && matches!(run.outcome, Some(Outcome::Halted(_))) {
            leaks.judge(&run);
        }
        run
    }

    /// How the program ended.
    #[track_caller]
    pub fn status(&self) -> WaitStatus {
        match &self.outcome {
            Some(Outcome::Halted(status)) => *status,
            Some(Outcome::Deadlock(deadlock)) => self.fail(&deadlock.to_string()),
            _ => self.fail("it didn't end within its steps"),
        }
    }

    /// It must have exited with this status; under init, 128 and the signal's number if a signal ended it.
    #[track_caller]
    pub fn exits(&self, code: u8) -> &Run {
        let status = self.status();
        if status != WaitStatus::Exited(code) {
            self.fail(&format!("{status:?} where {code} was expected"));
        }
        self
    }

    /// It must have exited with 0.
    #[track_caller]
    pub fn succeeds(&self) -> &Run {
        self.exits(0)
    }

    /// It must have written exactly this to standard output.
    #[track_caller]
    pub fn prints(&self, expected: impl AsRef<[u8]>) -> &Run {
        let (expected, found) = (expected.as_ref(), &self.out[..]);
        if expected != found {
            self.fail(&format!("printed {:?} where {:?} was expected", text(found), text(expected)));
        }
        self
    }

    /// What was written to standard output, as text.
    pub fn text(&self) -> String {
        text(&self.out)
    }

    /// Ends the test with a message and with what it takes to see the failure again.
    #[track_caller]
    pub fn fail(&self, message: &str) -> ! {
        let console = format!("{}{}", text(&self.out), text(&self.err));
        let choices: String = self.choices.iter().take(50).map(|choice| format!("\n  {choice}")).collect();
        let schedule = self.schedule.how_to_repeat();
        panic!("{message}\n{schedule}, choices (the first 50):{choices}\nconsole:\n{console}");
    }
}

/// Says which schedule it was if the kernel or the machine panics.
struct TellOnPanic(Schedule);

impl Drop for TellOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0.how_to_repeat());
        }
    }
}

/// What was in use when init was at its two marks.
#[derive(Default)]
struct Leaks {
    before: Option<Tables>,
    after: Option<Tables>,
}

impl Leaks {
    fn look(&mut self, world: &World) {
        if self.after.is_some() {
            return;
        }
        let kernel = &world.kernel;
        let first = kernel.process_by_pid(1).and_then(|first| kernel.process(first));
        match first.map(|first| first.name()) {
            Some(init::BEFORE) if self.before.is_none() => self.before = Some(kernel.tables_in_use().to_vec()),
            Some(init::AFTER) => self.after = Some(kernel.tables_in_use().to_vec()),
            _ => {}
        }
    }

    /// Both must be there, and the same.
    #[track_caller]
    fn judge(&self, run: &Run) {
        let Leaks { before: Some(before), after: Some(after) } = self else {
            run.fail("init didn't come to its marks")
        };
        if before != after {
            run.fail(&format!("not everything was given back\n  before: {before:?}\n  after:  {after:?}"));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
