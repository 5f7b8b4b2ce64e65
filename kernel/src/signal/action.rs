//! What a process does on each signal (`sigaction(2)`). Sets of actions are shared by fork until one changes; a process
//! that has the defaults for all has no set at all.

use abi::{Errno, In, Out, SigAction, SigActionFlags, Signal, SignalNumber, SignalSet};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::{ActionsNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{ACTION_SETS, words};
use crate::table::{Entry, Table};

/// Sets of actions.
pub type ActionSets = Table<ActionsNo, ActionSet, ACTION_SETS, { words(ACTION_SETS) }>;

/// `SIG_DFL`, as a handler's address.
pub const DEFAULT: u64 = 0;
/// `SIG_IGN`, as a handler's address.
pub const IGNORE: u64 = 1;

/// What is done on one signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Action {
    /// `SIG_DFL`, `SIG_IGN` or a handler's address.
    pub handler: u64,
    /// Its flags.
    pub flags: SigActionFlags,
    /// Signals blocked while the handler runs.
    pub mask: SignalSet,
}

impl Action {
    /// The default, without flags.
    pub const DEFAULT: Action = Action { handler: DEFAULT, flags: SigActionFlags::empty(), mask: SignalSet::empty() };
}

/// The actions of a process for all signals, and who shares them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ActionSet {
    references: u32,
    #[cfg_attr(feature = "serde", serde(with = "crate::save::halves"))]
    actions: [Action; Signal::MAX as usize],
}

impl Entry for ActionSet {
    const VACANT: ActionSet = ActionSet { references: 0, actions: [Action::DEFAULT; Signal::MAX as usize] };
}

impl ActionSet {
    /// How many processes have this set.
    pub fn references(&self) -> u32 {
        self.references
    }

    /// What is done on a signal.
    pub fn get(&self, signal: Signal) -> Action {
        self.actions.get(usize::from(signal.number()) - 1).copied().unwrap_or(Action::DEFAULT)
    }

    fn set(&mut self, signal: Signal, action: Action) {
        if let Some(place) = self.actions.get_mut(usize::from(signal.number()) - 1) {
            *place = action;
        }
    }

    fn is_default(&self) -> bool {
        self.actions.iter().all(|action| *action == Action::DEFAULT)
    }

    /// The signals whose handler satisfies `test`.
    pub(crate) fn having(&self, test: impl Fn(u64) -> bool) -> SignalSet {
        let signals = SignalSet::all().signals().filter(|signal| test(self.get(*signal).handler));
        signals.fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal))
    }
}

impl Kernel {
    pub(crate) fn sys_rt_sigaction<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        signal: SignalNumber,
        new: In<SigAction>,
        old: Out<SigAction>,
        size: u64,
    ) -> Outcome {
        if size != 8 {
            return Err(Errno::EINVAL);
        }
        let wanted: Option<SigAction> = match new.is_null() {
            true => None,
            false => Some(self.get(cx.host, cx.process, new.address)?),
        };
        let signal = signal.signal().ok_or(Errno::EINVAL)?;
        if wanted.is_some() && SignalSet::UNBLOCKABLE.has(signal) {
            return Err(Errno::EINVAL);
        }
        let before = self.action(cx.process, signal);
        if let Some(wanted) = wanted {
            let action = Action {
                handler: wanted.handler,
                flags: SigActionFlags::from_bits_truncate(wanted.flags),
                mask: wanted.mask - SignalSet::UNBLOCKABLE,
            };
            self.set_action(cx.process, signal, action);
            self.discard_if_ignored(cx.host, cx.process, signal);
            if !self.ignores(cx.process, signal) {
                self.wake_ignored_timers(cx.host, cx.process, signal);
            }
        }
        // Linux has set when a bad pointer for the old action is noticed (seen on the host); so have we.
        if !old.is_null() {
            let before = SigAction { handler: before.handler, flags: before.flags.bits(), mask: before.mask };
            self.put(cx.host, cx.process, old.address, &before)?;
        }
        Ok(Flow::Done(0))
    }

    /// What a process does on a signal.
    pub(crate) fn action(&self, process: ProcessNo, signal: Signal) -> Action {
        match self.processes.at(process).actions {
            Some(set) => self.actions.at(set).get(signal),
            None => Action::DEFAULT,
        }
    }

    /// The signals that a process ignores explicitly, and those it catches.
    pub(crate) fn ignored_and_caught(&self, process: ProcessNo) -> (SignalSet, SignalSet) {
        match self.processes.at(process).actions {
            Some(set) => {
                let set = self.actions.at(set);
                (set.having(|handler| handler == IGNORE), set.having(|handler| handler > IGNORE))
            }
            None => (SignalSet::empty(), SignalSet::empty()),
        }
    }

    /// Whether its children shall not become zombies (`wait(2)`, NOTES).
    pub(crate) fn refuses_zombies(&self, process: ProcessNo) -> bool {
        let action = self.action(process, Signal::SIGCHLD);
        action.handler == IGNORE || action.flags.contains(SigActionFlags::SA_NOCLDWAIT)
    }

    pub(crate) fn set_action(&mut self, process: ProcessNo, signal: Signal, action: Action) {
        if self.action(process, signal) == action {
            return;
        }
        let mut actions = match self.processes.at(process).actions {
            Some(set) => self.actions.at(set).clone(),
            None => ActionSet::VACANT,
        };
        actions.set(signal, action);
        self.replace_actions(process, actions);
    }

    /// Caught signals go back to their defaults: the process executes a program.
    pub(crate) fn reset_caught_signals(&mut self, process: ProcessNo) {
        let Some(set) = self.processes.at(process).actions else { return };
        let mut actions = self.actions.at(set).clone();
        for action in &mut actions.actions {
            *action = Action { handler: if action.handler == IGNORE { IGNORE } else { DEFAULT }, ..Action::DEFAULT };
        }
        self.replace_actions(process, actions);
    }

    fn replace_actions(&mut self, process: ProcessNo, mut actions: ActionSet) {
        self.release_actions(process);
        if actions.is_default() {
            return;
        }
        actions.references = 1;
        match self.actions.insert(actions) {
            Ok(set) => self.processes.at_mut(process).actions = Some(set),
            Err(_) => crate::bug("there are more sets of signal actions than processes"),
        }
    }

    /// One more process has this set: a child was made.
    pub(crate) fn share_actions(&mut self, set: Option<ActionsNo>) {
        if let Some(set) = set {
            self.actions.at_mut(set).references += 1;
        }
    }

    /// The process has no set any more.
    pub(crate) fn release_actions(&mut self, process: ProcessNo) {
        let Some(set) = self.processes.at_mut(process).actions.take() else { return };
        let entry = self.actions.at_mut(set);
        entry.references = entry.references.saturating_sub(1);
        if entry.references == 0 {
            self.actions.remove(set);
        }
    }
}
