//! The signals of one process: which are pending, which handlers they run and in which order (signal(7), sigaction(2)).
//!
//! Several signals that can be delivered at once are taken one after the other, those for the thread first, the lowest first. Each
//! handler is put on top of the one before, so the last one runs first, unless a mask keeps it away.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::{Name, Run};

/// SIGHUP, SIGKILL ... by their numbers; sets have bit n - 1 for signal n.
pub const SIGKILL: u32 = 9;
/// An access behind the end of an object.
pub const SIGBUS: u32 = 7;
/// Bad access.
pub const SIGSEGV: u32 = 11;
/// A child changed.
pub const SIGCHLD: u32 = 17;
/// Go on.
pub const SIGCONT: u32 = 18;
/// Stop: this one can't be caught.
pub const SIGSTOP: u32 = 19;
/// The first real-time signal, from which on signals queue.
const SIGRTMIN: u32 = 32;
/// Signals that can neither be caught nor blocked.
pub const UNBLOCKABLE: u64 = bit(SIGKILL) | bit(SIGSTOP);
const STOPS: u64 = bit(SIGSTOP) | bit(20) | bit(21) | bit(22);
/// signal(7), "Standard signals", action Ign: SIGCHLD, SIGCONT, SIGURG, SIGWINCH.
const HARMLESS: u64 = bit(SIGCHLD) | bit(SIGCONT) | bit(23) | bit(28);
/// What faults raise: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS.
const OF_FAULTS: u64 = bit(4) | bit(5) | bit(SIGBUS) | bit(8) | bit(SIGSEGV) | bit(31);
/// Action Core: they end a process when they are delivered, and not earlier.
const CORES: u64 = bit(3) | bit(4) | bit(5) | bit(6) | bit(7) | bit(8) | bit(SIGSEGV) | bit(24) | bit(25) | bit(31);

/// The set of one signal.
pub const fn bit(signal: u32) -> u64 {
    1 << (signal - 1)
}

/// What is known of a signal besides its number.
#[derive(Clone, PartialEq, Debug)]
pub struct Info {
    /// Which.
    pub signal: u32,
    /// `USER`, `QUEUE`, ...; `?`: unknown.
    pub code: String,
    /// Who sent it, or whom it is about.
    pub sender: Option<Name>,
    /// A value, or a status.
    pub value: Value,
}

impl Info {
    /// Whether a handler that ran may have run for this.
    pub fn is_told_by(&self, run: &Run) -> bool {
        let known = self.code != "?";
        self.signal == run.signal
            && (!known || (&self.code, self.sender, &self.value) == (&run.code, run.sender, &run.value))
    }
}

/// What a process does about a signal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Disposition {
    /// What signal(7) says.
    #[default]
    Default,
    /// Nothing.
    Ignore,
    /// A handler.
    Catch,
}

/// An action as `sigaction` sets it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Action {
    /// What is done.
    pub disposition: Disposition,
    /// `RESTART`, `NODEFER` ...
    pub flags: Vec<String>,
    /// Signals that are blocked meanwhile.
    pub mask: u64,
}

impl Action {
    /// Whether a flag is set.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|other| other == flag)
    }
}

#[derive(Clone)]
struct Frame {
    info: Info,
    mask_after: u64,
}

/// Whether a process runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// It does.
    Running,
    /// A signal stopped it.
    Stopped,
    /// This signal ended it; 0: it ended by itself.
    Dead(u32),
}

/// What a blocked call has to do after a signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interruption {
    /// It wasn't interrupted.
    None,
    /// signal(7): "the call is automatically restarted after the signal handler returns if the SA_RESTART flag was used".
    Restart,
    /// "otherwise the call fails with the error EINTR".
    End,
}

/// The call that a process is blocked in.
#[derive(Clone)]
pub struct Call {
    /// Which.
    pub operation: String,
    /// The signals that `sigtimedwait` waits for.
    pub awaited: u64,
    /// What is to become of it.
    pub interruption: Interruption,
}

/// One process.
#[derive(Clone)]
pub struct Process {
    /// What it does about each signal.
    pub actions: BTreeMap<u32, Action>,
    /// Pending for its thread.
    pub own: Vec<Info>,
    /// Pending for the process.
    pub shared: Vec<Info>,
    /// Its mask.
    pub mask: u64,
    /// The mask that comes back when `sigsuspend` ends.
    pub mask_after: Option<u64>,
    /// What it is blocked in.
    pub call: Option<Call>,
    /// Whether it runs.
    pub life: Life,
    frames: Vec<Frame>,
    /// It was woken from `sigsuspend` without a handler, so far.
    pub woken: bool,
}

impl Default for Process {
    fn default() -> Process {
        Process::new()
    }
}

impl Process {
    /// One that has no signals, and no handlers.
    pub fn new() -> Process {
        let (own, shared, frames) = (Vec::new(), Vec::new(), Vec::new());
        let (actions, life) = (BTreeMap::new(), Life::Running);
        Process { actions, own, shared, mask: 0, mask_after: None, call: None, life, frames, woken: false }
    }

    /// fork(2): "The child inherits ... signal dispositions and mask"; "the set of pending signals is initially empty".
    pub fn fork(&self) -> Process {
        Process { actions: self.actions.clone(), mask: self.mask, ..Process::new() }
    }

    /// What it does about a signal.
    pub fn action(&self, signal: u32) -> Action {
        self.actions.get(&signal).cloned().unwrap_or_default()
    }

    /// The signals with this disposition.
    pub fn with(&self, disposition: &Disposition) -> u64 {
        let those = self.actions.iter().filter(|(_, action)| action.disposition == *disposition);
        those.fold(0, |set, (signal, _)| set | bit(*signal))
    }

    /// Whether a signal is thrown away rather than delivered.
    pub fn ignores(&self, signal: u32) -> bool {
        match self.action(signal).disposition {
            Disposition::Ignore => true,
            Disposition::Default => HARMLESS & bit(signal) != 0,
            Disposition::Catch => false,
        }
    }

    /// Signals pending, for the thread or for the process.
    pub fn pending(&self) -> u64 {
        set_of(&self.own) | set_of(&self.shared)
    }

    fn end(&mut self, signal: u32) {
        self.life = Life::Dead(signal);
        self.frames.clear();
    }

    /// A signal is sent. Whether a stopped process goes on because of it.
    pub fn generate(&mut self, info: Info, to_thread: bool) -> bool {
        let signal = info.signal;
        if matches!(self.life, Life::Dead(_)) {
            return false;
        }
        // signal(7): SIGCONT and stop signals take each other out of the pending sets, whatever is done about them.
        let mut continued = false;
        let cancelled = match signal {
            SIGCONT => STOPS,
            _ if STOPS & bit(signal) != 0 => bit(SIGCONT),
            _ => 0,
        };
        self.discard(cancelled);
        if signal == SIGCONT && self.life == Life::Stopped {
            self.life = Life::Running;
            continued = true;
        }
        let blocked = self.mask & bit(signal) != 0;
        if self.ignores(signal) && !blocked {
            return continued;
        }
        let queue = if to_thread { &mut self.own } else { &mut self.shared };
        // A standard signal is pending once; the first keeps its details.
        if signal >= SIGRTMIN || set_of(queue) & bit(signal) == 0 {
            queue.push(info);
        }
        let ends =
            self.action(signal).disposition == Disposition::Default && (STOPS | HARMLESS | CORES) & bit(signal) == 0;
        if signal == SIGKILL || ends && !blocked && self.life == Life::Running {
            self.end(signal);
        }
        continued
    }

    /// A fault: it can't be blocked or ignored.
    pub fn fault(&mut self, info: Info) {
        let signal = info.signal;
        if self.mask & bit(signal) != 0 || self.action(signal).disposition != Disposition::Catch {
            return self.end(signal);
        }
        self.own.insert(0, info);
    }

    /// Throws pending signals away.
    pub fn discard(&mut self, signals: u64) {
        self.own.retain(|info| signals & bit(info.signal) == 0);
        self.shared.retain(|info| signals & bit(info.signal) == 0);
    }

    /// Takes the next of some signals: for the thread first, the lowest first; but before all others those that faults raise, even if
    /// somebody has sent them, as on Linux.
    pub fn take(&mut self, signals: u64) -> Option<Info> {
        for queue in [&mut self.own, &mut self.shared] {
            let fault = queue.iter().position(|info| info.code.ends_with("ERR") && signals & bit(info.signal) != 0);
            let wanted = set_of(queue) & signals;
            let first = if wanted & OF_FAULTS == 0 { wanted } else { wanted & OF_FAULTS };
            let place = fault.or_else(|| queue.iter().position(|info| info.signal == first.trailing_zeros() + 1));
            if let Some(place) = place {
                return Some(queue.remove(place));
            }
        }
        None
    }

    /// Delivers what can be delivered, until the process does what it did before, is stopped, or dead. The handlers that ran, and
    /// the signal that stopped it. `orphaned`: its group is, and stop signals of a terminal do nothing.
    pub fn deliver(&mut self, orphaned: bool) -> (Vec<Run>, Option<u32>) {
        let mut runs = Vec::new();
        let mut stopped = self.deliver_unblocked(orphaned, &mut runs);
        // Linux: `sigsuspend` that is woken without a handler gives the mask back before it is made again, and what that lets in is
        // delivered meanwhile.
        while let (Life::Running, true, Some(mask_after)) = (self.life, self.woken, self.mask_after) {
            self.woken = false;
            let (mask, call) = (std::mem::replace(&mut self.mask, mask_after), self.call.take());
            self.mask_after = None;
            stopped = stopped.or(self.deliver_unblocked(orphaned, &mut runs));
            (self.mask_after, self.mask, self.call) = (Some(self.mask), mask, call);
            stopped = stopped.or(self.deliver_unblocked(orphaned, &mut runs));
        }
        (runs, stopped)
    }

    fn deliver_unblocked(&mut self, orphaned: bool, runs: &mut Vec<Run>) -> Option<u32> {
        while self.life == Life::Running {
            if let Some(info) = self.take(!self.mask) {
                let stopped = self.obey(info, orphaned);
                if stopped.is_some() {
                    return stopped;
                }
                continue;
            }
            let Frame { info, mask_after } = self.frames.pop()?;
            let Info { signal, code, sender, value } = info;
            runs.push(Run { signal, code, sender, value, mask: self.mask });
            self.mask = mask_after;
        }
        None
    }

    /// Does what is to be done about a signal that was taken. The signal, if that stops the process.
    fn obey(&mut self, info: Info, orphaned: bool) -> Option<u32> {
        let (signal, action) = (info.signal, self.action(info.signal));
        self.woken = true;
        match action.disposition {
            Disposition::Ignore => {}
            Disposition::Default if HARMLESS & bit(signal) != 0 => {}
            Disposition::Default if STOPS & bit(signal) != 0 => {
                self.wake();
                if signal == SIGSTOP || !orphaned {
                    self.life = Life::Stopped;
                    return Some(signal);
                }
            }
            Disposition::Default => self.end(signal),
            Disposition::Catch => {
                self.interrupt(action.has("RESTART"));
                let mask_after = self.mask_after.take().unwrap_or(self.mask);
                self.frames.push(Frame { info, mask_after });
                let itself = if action.has("NODEFER") { 0 } else { bit(signal) };
                self.mask |= (action.mask | itself) & !UNBLOCKABLE;
                if action.has("RESETHAND") {
                    self.actions.entry(signal).or_default().disposition = Disposition::Default;
                }
            }
        }
        None
    }

    /// A handler interrupts the call. The first decides what becomes of it.
    fn interrupt(&mut self, restart: bool) {
        // signal(7), "never restarted": semaphores and System V messages, `pause`, `sigsuspend`, `sigtimedwait`.
        const NEVER: [&str; 6] = ["semop", "msgrcv", "msgsnd", "sigsuspend", "pause", "sigtimedwait"];
        if let Some(call) = self.call.as_mut().filter(|call| call.interruption == Interruption::None) {
            let restarts = restart && !NEVER.contains(&call.operation.as_str());
            call.interruption = if restarts { Interruption::Restart } else { Interruption::End };
        }
    }

    /// Something wakes the process that is no handler. signal(7), "Interruption by stop signals": on Linux some calls fail with
    /// EINTR even so.
    fn wake(&mut self) {
        if let Some(call) = &mut self.call
            && ["semop", "sigtimedwait"].contains(&call.operation.as_str())
        {
            call.interruption = Interruption::End;
        }
    }
}

/// The signals of a list, as a set.
pub fn set_of(list: &[Info]) -> u64 {
    list.iter().fold(0, |set, info| set | bit(info.signal))
}
