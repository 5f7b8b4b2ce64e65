//! That process next: explicit choices.

use std::fmt;

use abi::WaitStatus;
use kernel::process::Life;

use crate::World;
use crate::chooser::{Chooser, Deviation};
use crate::machine::CPU;

use super::steered::Trial;
use super::walk::Stepper;

/// What became of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// Nobody else can run in the next step: there is nothing to choose.
    Only,
    /// It runs in the next step, by this choice, and that is known of the run already: the future stays as it is.
    Known(Deviation),
    /// It runs in the next step, by this choice. What was known of the future is forgotten.
    Changed {
        /// The choice; its value may be the default.
        choice: Deviation,
        /// How many steps were forgotten.
        forgotten: u64,
    },
}

/// Why a process can't run next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// There is no such process.
    NoProcess,
    /// It has ended.
    Zombie(WaitStatus),
    /// It waits for this.
    Waits(String),
    /// A signal has stopped it.
    Stopped,
    /// PID 1 has ended, and the machine stands still.
    Halted,
    /// It has used up its quantum, and others are ready: it is their turn.
    QuantumUsed,
    /// Something else is in its way.
    NotNow,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NoProcess => f.write_str("there is no such process"),
            Refused::Zombie(_) => f.write_str("it has ended"),
            Refused::Waits(what) => write!(f, "it waits for {what}"),
            Refused::Stopped => f.write_str("a signal has stopped it"),
            Refused::Halted => f.write_str("PID 1 has ended, and the machine stands still"),
            Refused::QuantumUsed => f.write_str("its quantum is used up, and others are ready"),
            Refused::NotNow => f.write_str("something else is in its way"),
        }
    }
}

impl<C: Chooser + Clone> Stepper<C> {
    /// Has this process run in the next step. Unless that is what happens anyway, the run goes another way from here, and
    /// what was known of its future is forgotten. The choice belongs to the run: going back and forth makes it again.
    ///
    /// # Errors
    /// It can't run then.
    pub fn choose(&mut self, pid: u32) -> Result<Chosen, Refused> {
        let choice = match self.way_to(pid) {
            Some(Some(choice)) => choice,
            Some(None) => return Ok(Chosen::Only),
            None => return Err(self.refusal(pid)),
        };
        let (step, furthest) = (self.world.steps(), self.furthest());
        let known = step < furthest && self.taken_at(step).map_or(0, |taken| taken.value) == choice.value;
        if !known {
            self.forget_future();
        }
        self.explicit.insert(step, choice);
        Ok(if known { Chosen::Known(choice) } else { Chosen::Changed { choice, forgotten: furthest - step } })
    }

    /// By which choice this process runs in the next step, `Some(None)` if there is nothing to choose; found by trying all.
    /// What the scheduler makes of a choice is its own business, and what it is asked may depend on a timer or on input
    /// that only now comes in.
    fn way_to(&mut self, pid: u32) -> Option<Option<Deviation>> {
        let mut value = 0;
        loop {
            let mut trial = Trial { value, asked: None };
            let mut world = self.world.clone();
            let next = self.machine.whose_turn(&mut world, &mut trial).ok();
            let (step, asked) = (self.world.steps(), trial.asked);
            if next.is_some_and(|thread| world.kernel.pid_of(thread) == pid) {
                return Some(asked.map(|(choice, options)| Deviation { step, choice, value, options }));
            }
            value += 1;
            if asked.is_none_or(|(_, options)| value >= options) {
                return None;
            }
        }
    }

    fn refusal(&self, pid: u32) -> Refused {
        let World { kernel, .. } = &self.world;
        let Some(process) = kernel.process_by_pid(pid).and_then(|id| kernel.process(id)) else {
            return Refused::NoProcess;
        };
        if kernel.halted().is_some() {
            return Refused::Halted;
        }
        let thread = kernel.threads().find(|(id, _)| kernel.pid_of(*id) == pid);
        match (process.life, thread.and_then(|(_, thread)| thread.waits_for())) {
            (Life::Zombie(status), _) => Refused::Zombie(status),
            _ if process.stopped => Refused::Stopped,
            (_, Some(what)) => Refused::Waits(what.to_string()),
            _ if kernel.current(CPU).is_some_and(|thread| kernel.pid_of(thread) == pid) => Refused::QuantumUsed,
            _ => Refused::NotNow,
        }
    }
}
