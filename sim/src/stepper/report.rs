//! What happened in a step, in the style of the trace.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Event, Fate, ProcessId, ThreadId};
use userland::hart::{Operation, SourceLine};

use crate::chooser::Deviation;
use crate::process::{Fault, Process};
use crate::trace::{View, Who, ending, finish, start};
use crate::views::{operation, with_result};
use crate::{Act, Observer, World};

/// What happened in a step.
///
/// Shown, it is a few lines in the columns of the trace: the step's number, virtual time in microseconds, process id, name,
/// what the process did, and the line of its source on which it did so. Below come results of calls that it was in before,
/// and what happened to others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How many steps were made, this one included.
    pub step: u64,
    /// When it happened, in microseconds since boot.
    pub time_us: u64,
    /// Who did it.
    pub who: Who,
    /// What it did: results of a call that it was in before, then its operation.
    pub did: Vec<String>,
    /// Where in its source it did so.
    pub place: Place,
    /// What happened besides, to it or to others.
    pub notes: Vec<Note>,
    /// What was chosen for this step, if it wasn't the default.
    pub choice: Option<Deviation>,
    /// What was written to the console, with its stream.
    pub output: Vec<(u8, Vec<u8>)>,
    /// Whether it was made for the first time in this run.
    pub new: bool,
}

/// A place in the source of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// This line.
    Line(SourceLine),
    /// Its main function has returned.
    EndOfMain,
    /// A signal handler has returned.
    EndOfHandler,
    /// Nowhere: it didn't get to run.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "{}:{}", line.file(), line.line()),
            Place::EndOfMain => f.write_str("end of main"),
            Place::EndOfHandler => f.write_str("end of handler"),
            Place::Nowhere => Ok(()),
        }
    }
}

/// Something that happened to a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// To whom.
    pub who: Who,
    /// What.
    pub text: String,
}

/// The column at which what a process did begins.
const DID_COLUMN: usize = 31;
/// Columns that what a process did takes, if it isn't longer.
const DID_WIDTH: usize = 50;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { step, time_us, who, did, .. } = self;
        write!(f, "{step:>6} {time_us:>9} {:>4} {:<8} ", who.pid, who.name)?;
        for (index, text) in did.iter().enumerate() {
            if index > 0 {
                write!(f, "\n{:DID_COLUMN$}", "")?;
            }
            f.write_str(text)?;
        }
        if self.place != Place::Nowhere {
            let width = did.last().map_or(0, |text| text.chars().count());
            match DID_WIDTH.checked_sub(width) {
                Some(left) => write!(f, "{:left$} {}", "", self.place)?,
                // On a line of its own, so that places stand below each other.
                None => write!(f, "\n{:DID_COLUMN$}{:DID_WIDTH$} {}", "", "", self.place)?,
            }
        }
        for Note { who, text } in &self.notes {
            write!(f, "\n{:16} {:>4} {:<8} {text}", "", who.pid, who.name)?;
        }
        if let Some(Deviation { choice, value, options, .. }) = self.choice {
            write!(f, "\n{:DID_COLUMN$}*** chosen: {choice} {value}/{options} ***", "")?;
        }
        Ok(())
    }
}

/// Watches one step.
pub(super) struct Reporter {
    /// As they were before: some may be gone when they are mentioned.
    threads: BTreeMap<ThreadId, Who>,
    processes: BTreeMap<ProcessId, Who>,
    /// Results of calls from earlier steps.
    resumed: Vec<String>,
    asked: Option<Asked>,
    /// The second part of the call that was made in this step.
    result: Option<String>,
    blocked: bool,
    fault: Option<String>,
    notes: Vec<Note>,
    output: Vec<(u8, Vec<u8>)>,
}

/// The operation of this step, as it looked before it was done.
struct Asked {
    thread: ThreadId,
    time_us: u64,
    place: Place,
    operation: Operation,
    /// The first part of a call, and how many arguments are in it.
    head: (String, usize),
}

impl Reporter {
    /// Watches a step that begins with this world.
    pub(super) fn new(world: &World) -> Reporter {
        let kernel = &world.kernel;
        Reporter {
            threads: kernel.threads().filter_map(|(id, _)| Some((id, world.who_runs(id)?))).collect(),
            processes: kernel.processes().filter_map(|(id, _)| Some((id, world.who_is(id)?))).collect(),
            resumed: Vec::new(),
            asked: None,
            result: None,
            blocked: false,
            fault: None,
            notes: Vec::new(),
            output: Vec::new(),
        }
    }

    /// The step was made, by this thread.
    pub(super) fn finish(mut self, world: &World, thread: ThreadId, act: Act) -> Report {
        let who = self.thread(world, thread);
        let stands = world.process(thread).and_then(Process::line).map_or(Place::Nowhere, Place::Line);
        let place = self.asked.as_ref().map_or(stands, |asked| asked.place);
        let time_us = self.asked.as_ref().map_or(world.now_us(), |asked| asked.time_us);
        let mut did = std::mem::take(&mut self.resumed);
        if let Some(operation) = self.operation(world, thread, act) {
            did.push(operation);
        }
        did.extend(self.fault);
        if did.is_empty() {
            did.push("takes a signal".into());
        }
        let Reporter { notes, output, .. } = self;
        Report { step: world.steps(), time_us, who, did, place, notes, choice: None, output, new: false }
    }

    /// The operation with what became of it.
    fn operation(&self, world: &World, thread: ThreadId, act: Act) -> Option<String> {
        if let Some(Asked { operation: asked, head, .. }) = &self.asked {
            return Some(match asked {
                Operation::Syscall(call) => match &self.result {
                    Some(result) => format!("{}{result}", head.0),
                    None if self.blocked || act == Act::Computed => format!("{} <unfinished ...>", head.0.trim_end()),
                    None => format!("{}{}", head.0, finish(call, head.1, None, &|_, _| 0)),
                },
                asked if act == Act::Faulted => format!("{} faults", operation(asked, &|_, _| 0)),
                asked => with_result(asked, world.process(thread)),
            });
        }
        let kernel = &world.kernel;
        let call = kernel.thread(thread).and_then(|thread| thread.call).map(|call| call.info().name);
        match (act, call) {
            (Act::Continued, _) => Some("tells its parent that it is continued".into()),
            (Act::Computed, Some(call)) => Some(format!("<... {call} goes on>")),
            (Act::Waited, Some(call)) if self.resumed.is_empty() => {
                let what = kernel.thread(thread).and_then(|thread| thread.waits_for());
                what.map(|what| format!("<... {call} waits again> for {what}"))
            }
            (Act::Faulted, _) => Some("the page of its stack that a call needs faults".into()),
            _ => None,
        }
    }

    fn note(&mut self, who: Who, text: impl Into<String>) {
        self.notes.push(Note { who, text: text.into() });
    }

    /// The process of a thread, as it is, or as it was.
    fn thread(&self, world: &World, thread: ThreadId) -> Who {
        world.who_runs(thread).or_else(|| self.threads.get(&thread).cloned()).unwrap_or_default()
    }

    /// A process, as it is, or as it was.
    fn process(&self, world: &World, process: ProcessId) -> Who {
        world.who_is(process).or_else(|| self.processes.get(&process).cloned()).unwrap_or_default()
    }
}

impl Observer for Reporter {
    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        let head = match operation {
            Operation::Syscall(call) => start(call, &|address, bytes| world.peek(thread, address, bytes)),
            _ => (String::new(), 0),
        };
        // When its main function returns, it still stands in what it did last.
        let process = world.process(thread);
        let parked = process.and_then(Process::parked).filter(|parked| parked.operation == *operation);
        let place = match parked {
            Some(parked) => Place::Line(parked.line),
            None if process.is_some_and(Process::is_in_handler) => Place::EndOfHandler,
            None => Place::EndOfMain,
        };
        self.asked = Some(Asked { thread, time_us: world.now_us(), place, operation: *operation, head });
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        match event {
            Event::Finished { thread, call, result } => {
                let peek = |address, bytes: &mut [u8]| world.peek(thread, address, bytes);
                match &self.asked {
                    Some(asked) if asked.thread == thread => {
                        self.result = Some(finish(call, asked.head.1, Some(result), &peek));
                    }
                    asked => {
                        let rest = finish(call, start(call, &peek).1, Some(result), &peek);
                        let text = format!("<... {} resumed>{rest}", call.info().name);
                        match asked {
                            None => self.resumed.push(text),
                            // Whoever woke it has done its call for it.
                            Some(_) => self.note(self.thread(world, thread), text),
                        }
                    }
                }
            }
            Event::Blocked { .. } => self.blocked = true,
            Event::Woken { thread, .. } => self.note(self.thread(world, thread), "+++ woken +++"),
            Event::Forked { parent, child } => {
                let parent = self.process(world, parent).pid;
                self.note(self.process(world, child), format!("+++ forked by {parent} +++"));
            }
            Event::Adopted { child, parent } => {
                let parent = self.process(world, parent).pid;
                self.note(self.process(world, child), format!("+++ adopted by {parent} +++"));
            }
            Event::Ended { process, status } => {
                self.note(self.process(world, process), format!("+++ {} +++", ending(status)));
            }
            Event::Reaped { process } => self.note(self.process(world, process), "+++ reaped +++"),
            Event::Generated { process, signal, fate } => {
                let note = match fate {
                    Fate::Pending => format!("--- {signal} ---"),
                    Fate::Coalesced => format!("--- {signal}, which is pending already ---"),
                    // SIGCHLD for instance, of which most never know.
                    Fate::Discarded => return,
                };
                self.note(self.process(world, process), note);
            }
            Event::Delivered { process, signal, handler: true } => {
                self.note(self.process(world, process), format!("--- {signal} enters its handler ---"));
            }
            Event::Accepted { process, signal } => {
                self.note(self.process(world, process), format!("--- {signal} is accepted ---"));
            }
            Event::Discarded { process, signal } => {
                self.note(self.process(world, process), format!("--- {signal} is discarded ---"));
            }
            Event::PageFault { thread, address, write } => {
                let what = if write { "store to" } else { "load from" };
                self.note(self.thread(world, thread), format!("--- page fault: {what} {address:#x} ---"));
            }
            Event::ConsoleOutput { stream, bytes } => match self.output.last_mut() {
                Some((last, text)) if *last == stream => text.extend_from_slice(bytes),
                _ => self.output.push((stream, bytes.to_vec())),
            },
            Event::Entered { .. } | Event::Switched { .. } | Event::Delivered { handler: false, .. } => {}
        }
    }

    fn fault(&mut self, _: &World, _: ThreadId, fault: &Fault) {
        self.fault = Some(format!("!!! {fault} !!!"));
    }
}

#[cfg(test)]
mod tests {
    use crate::stepper::Stepper;
    use crate::{Machine, Settings, Unobserved, chooser};

    /// What is told of a run, without the places: they move with every edit of a program.
    fn told(argv: &[&str]) -> Vec<String> {
        let settings = Settings { glass: true, ..Settings::default() };
        let mut machine = Machine::new(userland::programs::PROGRAMS, settings);
        let argv: Vec<&[u8]> = ["init"].iter().chain(argv).map(|argument| argument.as_bytes()).collect();
        let world = machine.boot(&argv, &[], &mut Unobserved).unwrap();
        let mut stepper = Stepper::new(machine, world, chooser::Default);
        let mut lines = Vec::new();
        while let Ok(report) = stepper.step() {
            let text = report.to_string();
            lines.extend(
                text.lines().map(|line| line.split("  userland/").next().unwrap_or(line).trim_end().to_owned()),
            );
        }
        lines
    }

    #[test]
    fn steps_and_what_they_cause_are_told_in_columns() {
        let lines = told(&["false"]);
        let expected = [
            "     1         0    1 init     clone(SIGCHLD, NULL, NULL, NULL, NULL) = 2",
            "                    2 init     +++ forked by 1 +++",
            "     2         1    1 init     wait4(-1, <unfinished ...>",
        ];
        assert_eq!(lines[..3], expected);
        let end = [
            "     4         3    2 false    exit_group(1) = ?                                  end of main",
            "                    2 false    +++ exited with 1 +++",
            "                    1 init     +++ woken +++",
            "     5         4    1 init     <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 1}], 0, NULL) = 2",
            "                               exit_group(1) = ?                                  end of main",
            "                    2 false    +++ reaped +++",
            "                    1 init     +++ exited with 1 +++",
        ];
        assert_eq!(lines[lines.len() - end.len()..], end, "{lines:#?}");
    }

    #[test]
    fn faults_loads_and_stores_are_told() {
        let lines = told(&["cow"]).join("\n");
        for part in [
            "cow      store(0x50000000, 8, 100) faults\n                    2 cow      --- page fault: store to 0x50000000 ---",
            "cow      store(0x50000000, 8, 100)\n",
            "cow      load(0x50000000, 8) = 999\n",
        ] {
            assert!(lines.contains(part), "{lines}");
        }
    }
}
