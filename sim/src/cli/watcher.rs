//! What is told of a run while it goes on: the console's output, the trace, the context of log lines.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use kernel::{Event, ThreadId};
use sim::core_image::CoreImage;
use sim::lost_updates::LostUpdates;
use sim::trace::{Tracer, View};
use sim::{Observer, World};
use userland::hart::Operation;

use super::console::Console;
use super::core::CoreFolder;
use super::logging;
use super::status::{Failure, Status};

/// The observer of a run on the command line.
pub(crate) struct Watcher {
    console: Console,
    tracer: Option<Tracer<Box<dyn Write>>>,
    cores: Option<CoreFolder>,
    lost: Option<(LostUpdates, Box<dyn Write>)>,
    logs: bool,
}

impl Watcher {
    /// Shows console output only, and log lines.
    pub(crate) fn new(console: Console) -> Watcher {
        Watcher { console, tracer: None, cores: None, lost: None, logs: logging::enabled() }
    }

    /// Traces too: into this file, or on standard error.
    pub(crate) fn tracing(self, file: Option<&Path>) -> Result<Watcher, Failure> {
        Ok(Watcher { tracer: Some(Tracer::new(open(file, "trace")?)), ..self })
    }

    /// Finds lost updates too, and writes them into this file, or on standard error.
    pub(crate) fn finding_lost_updates(self, file: Option<&Path>) -> Result<Watcher, Failure> {
        Ok(Watcher { lost: Some((LostUpdates::default(), open(file, "lost updates")?)), ..self })
    }

    /// Writes core images into this folder.
    pub(crate) fn keeping_cores(self, folder: CoreFolder) -> Watcher {
        Watcher { cores: Some(folder), ..self }
    }

    /// The run has ended.
    pub(crate) fn finish(&mut self, world: &World) {
        let result = self.tracer.as_mut().map_or(Ok(()), |tracer| tracer.finish(world));
        self.check_trace(result);
        if let Some((finder, out)) = &mut self.lost {
            // Behind what the program has printed, if both go to the same place.
            self.console.flush();
            let result = writeln!(out, "{}", finder.summary()).and_then(|()| out.flush());
            self.check_lost(result);
        }
    }

    /// Writes what was lost since the last time.
    fn write_lost(&mut self) {
        if let Some((finder, out)) = &mut self.lost {
            let written = finder.take().iter().try_for_each(|lost| writeln!(out, "{lost}"));
            self.check_lost(written);
        }
    }

    fn check_lost(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.console.fail(Failure::new(Status::IO, format_args!("cannot write the lost updates: {error}")));
        }
    }

    fn check_trace(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.console.fail(Failure::new(Status::IO, format_args!("cannot write the trace: {error}")));
        }
    }
}

/// Opens a file to write to, or standard error.
fn open(file: Option<&Path>, what: &str) -> Result<Box<dyn Write>, Failure> {
    let Some(file) = file else { return Ok(Box::new(io::stderr())) };
    match std::fs::File::create(file) {
        Ok(created) => Ok(Box::new(BufWriter::new(created))),
        Err(error) => {
            let message = format!("cannot write the {what} to {}: {error}", file.display());
            Err(Failure::new(Status::IO, message))
        }
    }
}

impl Observer for Watcher {
    fn watches(&self) -> bool {
        self.logs || self.tracer.is_some() || self.lost.is_some()
    }

    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        if self.logs {
            logging::set_context(world.kernel.now_us(), world.kernel.pid_of(thread));
        }
        let call = match *operation {
            Operation::Syscall(call) => Some(call),
            _ => None,
        };
        if let (Some(tracer), Some(call)) = (&mut self.tracer, call) {
            let result = tracer.asks(world, thread, &call);
            self.check_trace(result);
        }
        if let Some((finder, _)) = &mut self.lost {
            finder.asks(world, thread, operation);
        }
    }

    fn accessed(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        if let Some((finder, _)) = &mut self.lost {
            finder.accessed(world, thread, operation);
            self.write_lost();
        }
    }

    fn wants_cores(&self) -> bool {
        self.cores.is_some()
    }

    fn core(&mut self, image: &CoreImage) {
        let written = self.cores.as_ref().map_or(Ok(()), |folder| folder.write(image));
        if let Err(failure) = written {
            // A status that says so without an image would be a lie: the run ends here.
            self.console.fail(failure);
        }
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        match event {
            Event::ConsoleOutput { stream, bytes } => self.console.write(stream, bytes),
            Event::Switched { thread } if self.logs => {
                logging::set_context(world.now_us(), world.kernel.pid_of(thread));
            }
            _ => {}
        }
        if let Some(tracer) = &mut self.tracer {
            let result = tracer.event(world, event);
            self.check_trace(result);
        }
        if let Some((finder, _)) = &mut self.lost {
            finder.event(world, event);
        }
    }
}
