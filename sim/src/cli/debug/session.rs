//! A debugging session: obeys commands, and says what they led to.

use std::io::{self, Write};

use abi::WaitStatus;
use kernel::ProcessId;
use sim::chooser::{Chooser, Deviation};
use sim::stepper::{Chosen, Refused, Report, Stepper};
use sim::trace::ending;
use sim::views::{self, Table};
use sim::{Outcome, World};

use super::command::Command;
use super::screen::Screen;

/// How many steps of a run are made before a look whether anybody still reads.
const STEPS_BETWEEN_LOOKS: u64 = 4096;

/// What became of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Obeyed {
    /// It was done.
    Done,
    /// It wasn't understood, or couldn't be done.
    Refused,
    /// The session is to end.
    Quit,
}

/// A session.
pub(crate) struct Session<W, C> {
    stepper: Stepper<C>,
    screen: Screen<W>,
    /// What an empty line repeats.
    last: Command,
}

impl<W: Write, C: Chooser + Clone> Session<W, C> {
    pub(crate) fn new(stepper: Stepper<C>, screen: Screen<W>) -> Session<W, C> {
        Session { stepper, screen, last: Command::Step(1) }
    }

    /// How many steps have been made where one stands.
    pub(crate) fn steps(&self) -> u64 {
        self.stepper.world().steps()
    }

    /// What a person should know first.
    pub(crate) fn greet(&mut self) -> io::Result<()> {
        self.screen.say("`step` or an empty line makes a step, `back` takes it back, `help` lists the commands.")?;
        self.screen.say("  step   time/us  pid name     what it did, and on which line of its source")
    }

    pub(crate) fn prompt(&mut self) -> io::Result<()> {
        let step = self.steps();
        self.screen.prompt(format_args!("{step}> "))
    }

    /// The input has ended.
    pub(crate) fn end(&mut self, person: bool) -> io::Result<Obeyed> {
        if person {
            // Behind the prompt.
            self.screen.say("")?;
        }
        self.screen.flush()?;
        Ok(Obeyed::Quit)
    }

    /// Does what a line says. For a person, an empty line goes on stepping in the direction of the last step.
    pub(crate) fn obey(&mut self, line: &str, person: bool) -> io::Result<Obeyed> {
        let command = match Command::read(line) {
            Ok(None) if person && line.is_empty() => Some(self.last),
            Ok(command) => command,
            Err(what) => return self.refuse(what),
        };
        let Some(command) = command else { return Ok(Obeyed::Done) };
        if let Command::Step(_) | Command::Back(_) = command {
            self.last = command;
        }
        let obeyed = self.perform(command)?;
        self.screen.flush()?;
        Ok(obeyed)
    }

    fn perform(&mut self, command: Command) -> io::Result<Obeyed> {
        match command {
            Command::Step(count) => self.step(count),
            Command::Back(count) => self.back(count),
            Command::Run(limit) => self.run(limit),
            Command::GoTo(step) => self.go_to(step),
            Command::Choose(pid) => self.choose(pid),
            Command::Choices => self.choices(),
            Command::Processes => self.show(views::processes(self.stepper.world())),
            Command::Where(None) => self.show(views::places(self.stepper.world(), None)),
            Command::Where(Some(pid)) => self.show_of(pid, |world, process| views::places(world, Some(process))),
            Command::Fds(pid) => self.show_of(pid, views::descriptors),
            Command::Memory(pid) => self.show_of(pid, views::memory),
            Command::Signals(pid) => self.signals(pid),
            Command::Pipes => self.show(views::pipes(self.stepper.world())),
            Command::Help => {
                self.screen.say(Command::help())?;
                Ok(Obeyed::Done)
            }
            Command::Quit => Ok(Obeyed::Quit),
        }
    }

    fn refuse(&mut self, what: impl std::fmt::Display) -> io::Result<Obeyed> {
        self.screen.say(what)?;
        self.screen.flush()?;
        Ok(Obeyed::Refused)
    }

    fn step(&mut self, count: u64) -> io::Result<Obeyed> {
        for _ in 0..count {
            match self.stepper.step() {
                Ok(report) => self.tell(&report)?,
                Err(end) => return self.tell_end(&end),
            }
        }
        Ok(Obeyed::Done)
    }

    fn back(&mut self, count: u64) -> io::Result<Obeyed> {
        self.arrive(self.steps().saturating_sub(count))
    }

    fn go_to(&mut self, step: u64) -> io::Result<Obeyed> {
        let furthest = self.stepper.furthest();
        if step <= furthest {
            return self.arrive(step);
        }
        self.stepper.go_to(furthest);
        self.run(Some(step - furthest))
    }

    fn run(&mut self, limit: Option<u64>) -> io::Result<Obeyed> {
        let mut left = limit.unwrap_or(u64::MAX);
        while left > 0 && !self.screen.has_failed() {
            let now = left.min(STEPS_BETWEEN_LOOKS);
            if let Some(end) = self.stepper.run(now, &mut self.screen) {
                self.arrive(self.steps())?;
                return self.tell_end(&end);
            }
            self.screen.flush()?;
            left -= now;
        }
        self.arrive(self.steps())
    }

    fn choose(&mut self, pid: u32) -> io::Result<Obeyed> {
        let chosen = self.stepper.choose(pid);
        let next = self.steps() + 1;
        match chosen {
            Ok(Chosen::Only) => self.screen.say(format_args!("{pid} runs in step {next}: nobody else can"))?,
            Ok(Chosen::Known(_)) => self.screen.say(format_args!("{pid} runs in step {next}, as it did"))?,
            Ok(Chosen::Changed { choice, forgotten: 0 }) => {
                self.screen.say(format_args!("{pid} runs in step {next}: {}", in_words(&choice)))?;
            }
            Ok(Chosen::Changed { choice, forgotten }) => self.screen.say(format_args!(
                "{pid} runs in step {next}: {}; {forgotten} step{} of another future forgotten",
                in_words(&choice),
                if forgotten == 1 { "" } else { "s" }
            ))?,
            Err(Refused::NoProcess) => return self.no_process(pid),
            Err(why) => return self.refuse(format_args!("{pid} can't run in step {next}: {why}")),
        }
        Ok(Obeyed::Done)
    }

    fn choices(&mut self) -> io::Result<Obeyed> {
        let mut all: Vec<_> = self.stepper.choices().to_vec();
        let ahead = self.stepper.furthest();
        all.extend(self.stepper.explicit_choices().filter(|choice| choice.step >= ahead));
        if all.is_empty() {
            self.screen.say("nothing was chosen against the default")?;
        }
        for choice in &all {
            let explicit = self.stepper.explicit_choices().any(|explicit| explicit == choice);
            let whose = if explicit { ", by you" } else { "" };
            self.screen.say(format_args!("step {}: {}{whose}", choice.step + 1, in_words(choice)))?;
        }
        Ok(Obeyed::Done)
    }

    fn show(&mut self, table: Table) -> io::Result<Obeyed> {
        match table.is_empty() {
            true => self.screen.say("none")?,
            false => self.screen.say(table)?,
        }
        Ok(Obeyed::Done)
    }

    fn show_of(&mut self, pid: u32, view: impl Fn(&World, ProcessId) -> Table) -> io::Result<Obeyed> {
        let world = self.stepper.world();
        match world.kernel.process_by_pid(pid) {
            Some(process) => self.show(view(world, process)),
            None => self.no_process(pid),
        }
    }

    fn signals(&mut self, pid: u32) -> io::Result<Obeyed> {
        let world = self.stepper.world();
        let Some(process) = world.kernel.process_by_pid(pid) else { return self.no_process(pid) };
        let counts = views::signal_counts(world, process, self.stepper.signal_counts());
        let sets = views::signals(world, process);
        self.screen.say(sets)?;
        if !counts.is_empty() {
            self.screen.say(counts)?;
        }
        Ok(Obeyed::Done)
    }

    fn no_process(&mut self, pid: u32) -> io::Result<Obeyed> {
        self.refuse(format_args!("no process {pid}; `processes` lists them"))
    }

    /// Goes to a step that is known, and says what it was.
    fn arrive(&mut self, step: u64) -> io::Result<Obeyed> {
        match self.stepper.arrive(step) {
            Some(report) => self.tell(&report)?,
            None => self.screen.say("at the beginning: no step has been made")?,
        }
        Ok(Obeyed::Done)
    }

    fn tell(&mut self, report: &Report) -> io::Result<()> {
        self.screen.say(report)?;
        // What is stepped over again was shown before.
        for (stream, bytes) in report.output.iter().filter(|_| report.new) {
            self.screen.console(*stream, bytes)?;
        }
        Ok(())
    }

    fn tell_end(&mut self, end: &Outcome) -> io::Result<Obeyed> {
        match end {
            Outcome::Halted(status) => self.screen.say(format_args!("halted: 1 init {}", how(*status)))?,
            Outcome::Deadlock(deadlock) => self.screen.say(deadlock)?,
            Outcome::Stepped { .. } => {}
        }
        Ok(Obeyed::Done)
    }
}

fn how(status: WaitStatus) -> String {
    ending(status).to_string()
}

/// `run 2/3`, as a record has it.
fn in_words(choice: &Deviation) -> String {
    format!("{} {}/{}", choice.choice, choice.value, choice.options)
}
