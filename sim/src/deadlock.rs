//! When nothing can run, now or later: who waits for what, and on which line.

use std::fmt;

use userland::hart::SourceLine;

use crate::world::World;

/// Why a machine can't go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// Everybody who waits.
    pub waiting: Vec<Waiting>,
}

/// One thread that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The id of its process.
    pub pid: u32,
    /// The name of its process.
    pub name: String,
    /// What it waits for.
    pub reason: String,
    /// The line of its program that waits.
    pub line: Option<SourceLine>,
}

impl Deadlock {
    /// Who waits for what in this world.
    pub fn of(world: &World) -> Deadlock {
        let kernel = &*world.kernel;
        let waiting = kernel.threads().map(|(id, thread)| Waiting {
            pid: kernel.pid_of(id),
            name: kernel
                .process_of(id)
                .and_then(|process| kernel.process(process))
                .map_or_else(String::new, |process| process.name().into()),
            reason: thread.waits_for().map_or_else(|| "nothing that will come".into(), |what| what.to_string()),
            line: world.process(id).and_then(|process| process.line()),
        });
        Deadlock { waiting: waiting.collect() }
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadlock: nothing can run, no timer is set and no input will come")?;
        for Waiting { pid, name, reason, line } in &self.waiting {
            write!(f, "\n  {pid} {name} waits for {reason}")?;
            if let Some(line) = line {
                write!(f, " at {}:{}", line.file(), line.line())?;
            }
        }
        Ok(())
    }
}
