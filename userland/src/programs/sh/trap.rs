//! Traps: what the shell does when a signal comes, and when it ends (POSIX.1-2024, Shell & Utilities, 2.12 and `trap`).
//!
//! A handler only notes its signal (`pending.rs`); the action runs when the command that is running has ended.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::pin::Pin;

use abi::{Signal, SignalSet};

use super::builtin::print;
use super::checkpoint::{Decoder, Encoder};
use super::parser::Parsed;
use super::pending;
use super::run::{Flow, run_list};
use super::source::{Command, Source};
use super::state::Shell;
use crate::libc::{display_name, parse_number};
use crate::sys::{Action, Disposition, Never};

/// When an action is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Condition {
    /// The shell ends.
    Exit,
    /// A signal comes.
    Signal(Signal),
}

impl Condition {
    /// By name, with or without `SIG`, or by number; 0 is `EXIT`.
    fn parse(text: &[u8]) -> Option<Condition> {
        match parse_number(text) {
            Some(0) => Some(Condition::Exit),
            Some(number) => Signal::new(number).map(Condition::Signal),
            None if text.eq_ignore_ascii_case(b"EXIT") => Some(Condition::Exit),
            None => Signal::from_name(&display_name(text).to_ascii_uppercase()).map(Condition::Signal),
        }
    }

    /// As `trap` shows it.
    fn name(self) -> String {
        match self {
            Condition::Exit => "EXIT".into(),
            Condition::Signal(signal) => super::super::kill::short_name(signal),
        }
    }

    fn number(self) -> u8 {
        match self {
            Condition::Exit => 0,
            Condition::Signal(signal) => signal.number(),
        }
    }
}

/// What is done when, and what has been told to the kernel.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Traps {
    /// An empty action ignores the signal.
    actions: BTreeMap<Condition, Vec<u8>>,
    /// In a subshell that has set none of its own, those of its parent: `(trap)` shows them.
    inherited: Option<BTreeMap<Condition, Vec<u8>>>,
    /// Signals whose disposition the shell has changed, or looked at.
    known: SignalSet,
    /// Those of them that were ignored when the shell began.
    ignored_at_first: SignalSet,
    /// Those that are caught now.
    caught: SignalSet,
}

impl Traps {
    /// Sets an action, or takes it back.
    pub(super) fn set(&mut self, condition: Condition, action: Option<&[u8]>) {
        self.inherited = None;
        match action {
            Some(action) => self.actions.insert(condition, action.into()),
            None => self.actions.remove(&condition),
        };
    }

    /// Whether no signal is caught.
    pub(super) fn catches_none(&self) -> bool {
        self.caught.is_empty()
    }

    /// The action for a signal that isn't just ignored.
    fn action(&self, condition: Condition) -> Option<&[u8]> {
        self.actions.get(&condition).map(|action| &action[..]).filter(|action| !action.is_empty())
    }

    pub(super) fn save(&self, bytes: &mut Encoder) {
        bytes.number(self.actions.len() as i64);
        for (condition, action) in &self.actions {
            bytes.number(condition.number().into());
            bytes.text(action);
        }
        for set in [self.known, self.ignored_at_first, self.caught] {
            bytes.number(set.bits() as i64);
        }
    }

    pub(super) fn restore(bytes: &mut Decoder<'_>) -> Option<Traps> {
        let actions = bytes.list(|bytes| {
            let condition = match bytes.number()? {
                0 => Condition::Exit,
                number => Condition::Signal(Signal::new(number)?),
            };
            Some((condition, bytes.text()?))
        })?;
        let mut set = || Some(SignalSet::from_bits_retain(bytes.number()? as u64));
        let (known, ignored_at_first, caught) = (set()?, set()?, set()?);
        let actions = actions.into_iter().collect();
        Some(Traps { actions, inherited: None, known, ignored_at_first, caught })
    }
}

impl Shell {
    /// What a signal is to do now: what its trap says, and else what this shell needs.
    fn wanted(&self, signal: Signal) -> Action {
        let catch = Action::catch(pending::NOTE).with_mask(SignalSet::all());
        match self.traps.actions.get(&Condition::Signal(signal)) {
            Some(action) if action.is_empty() => return Action::IGNORE,
            Some(_) => return catch,
            None => {}
        }
        match signal {
            Signal::SIGINT | Signal::SIGWINCH if self.is_interactive() => catch,
            Signal::SIGQUIT | Signal::SIGTERM if self.is_interactive() => Action::IGNORE,
            Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU if self.options.monitor => Action::IGNORE,
            Signal::SIGCHLD if self.traps.caught.has(signal) && !self.subshell => catch,
            _ if self.traps.ignored_at_first.has(signal) => Action::IGNORE,
            _ => Action::DEFAULT,
        }
    }

    /// Learns what a signal did when the shell began.
    async fn look_at(&mut self, signal: Signal) {
        if !self.traps.known.has(signal) {
            self.traps.known |= SignalSet::of(signal);
            let before = self.sys.sigaction(signal, None).await;
            if before.is_ok_and(|before| before.disposition == Disposition::Ignore) {
                self.traps.ignored_at_first |= SignalSet::of(signal);
            }
        }
    }

    /// Has the kernel do with a signal what is wanted now.
    pub(super) async fn settle_signal(&mut self, signal: Signal) {
        self.look_at(signal).await;
        let action = self.wanted(signal);
        let is_caught = matches!(action.disposition, Disposition::Catch(_));
        if is_caught {
            self.traps.caught |= SignalSet::of(signal);
        } else {
            self.traps.caught -= SignalSet::of(signal);
        }
        // SIGKILL and SIGSTOP: their traps never run, as in other shells.
        let _ = self.sys.sigaction(signal, Some(action)).await;
    }

    /// The same for all signals that the shell has ever been concerned with.
    pub(super) async fn settle_signals(&mut self) {
        for signal in self.traps.known.signals() {
            self.settle_signal(signal).await;
        }
    }

    /// Catches SIGCHLD, so that it ends a wait for signals.
    pub(super) async fn catch_children(&mut self) {
        if !self.traps.caught.has(Signal::SIGCHLD) {
            self.traps.caught |= SignalSet::of(Signal::SIGCHLD);
            self.settle_signal(Signal::SIGCHLD).await;
        }
    }

    /// In a child: signals do what they did when the shell began, but those that a trap ignores; without job control a
    /// command in the background ignores the keyboard's.
    pub(super) async fn reset_signals(&mut self, from_background: bool) {
        let ignored: BTreeMap<_, _> = self
            .traps
            .actions
            .iter()
            .filter(|(_, action)| action.is_empty())
            .map(|(&on, _)| (on, Vec::new()))
            .collect();
        self.traps.inherited = Some(core::mem::replace(&mut self.traps.actions, ignored));
        self.settle_signals().await;
        if from_background {
            for signal in [Signal::SIGINT, Signal::SIGQUIT] {
                self.traps.known |= SignalSet::of(signal);
                self.traps.ignored_at_first |= SignalSet::of(signal);
                let _ = self.sys.sigaction(signal, Some(Action::IGNORE)).await;
            }
        }
    }

    /// Holds back the signals that are caught, so that none of them is lost between a fork and the moment when the child
    /// has them as it should; the mask to give back.
    pub(super) async fn hold_trapped(&self) -> Option<SignalSet> {
        if self.traps.caught.is_empty() { None } else { Some(pending::hold(self.sys).await) }
    }

    /// Lets them come again.
    pub(super) async fn release_trapped(&self, mask: Option<SignalSet>) {
        if let Some(mask) = mask {
            pending::release(self.sys, mask).await;
        }
    }

    /// The signals that have been caught since the last look and that somebody asked for.
    pub(super) async fn caught_signals(&self) -> SignalSet {
        if self.traps.caught.is_empty() {
            return SignalSet::empty();
        }
        let asked = |&signal: &Signal| {
            self.traps.action(Condition::Signal(signal)).is_some() || signal == Signal::SIGINT && self.is_interactive()
        };
        let caught = pending::look(self.sys).await;
        caught.signals().filter(asked).fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal))
    }

    /// Takes the actions for signals that came while a command ran. Ctrl+C without a trap ends what an interactive shell
    /// does.
    pub(super) async fn run_traps(&mut self) -> Flow {
        let mut flow = Flow::Next;
        for signal in self.caught_signals().await.signals() {
            pending::clear(self.sys, signal).await;
            match self.traps.action(Condition::Signal(signal)).map(<[u8]>::to_vec) {
                Some(action) => {
                    let status = self.parameters.status;
                    let left = eval(self, &action).await;
                    self.parameters.status = status;
                    if left == Flow::Interrupt {
                        flow = left;
                    }
                }
                None => {
                    self.parameters.status = 128 + i32::from(signal.number());
                    flow = Flow::Interrupt;
                }
            }
        }
        flow
    }

    /// Ends the shell with `$?`, after what the trap on `EXIT` says.
    pub(super) async fn leave(&mut self) -> Never {
        if let Some(action) = self.traps.action(Condition::Exit).map(<[u8]>::to_vec) {
            self.traps.set(Condition::Exit, None);
            let status = self.parameters.status;
            eval(self, &action).await;
            self.parameters.status = status;
        }
        self.leave_terminal().await;
        self.sys.exit(self.parameters.status).await
    }
}

/// `eval`: runs a text as commands of the shell. It is boxed, because commands may contain it again.
pub(super) fn eval<'a>(shell: &'a mut Shell, text: &'a [u8]) -> Pin<Box<dyn Future<Output = Flow> + 'a>> {
    Box::pin(async move {
        let mut source = Source::text(text);
        let line = shell.line;
        shell.parameters.status = 0;
        loop {
            match source.next_command(shell).await {
                Command::Is(Parsed::End) | Command::Interrupted => break,
                Command::Is(Parsed::Empty) => {}
                Command::Is(Parsed::Command(list)) => {
                    let flow = run_list(shell, &list).await;
                    if flow != Flow::Next {
                        return flow;
                    }
                }
                Command::Wrong(trouble) => {
                    shell.complain_of(&trouble).await;
                    shell.parameters.status = 2;
                    break;
                }
            }
        }
        shell.line = line;
        Flow::Next
    })
}

/// `trap [ACTION] CONDITION...`: sets actions; `-` takes them back, an empty one ignores the signal. Alone, or with `-p`, it
/// lists them.
pub(super) async fn trap(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let arguments = arguments.strip_prefix(&[b"--".to_vec()]).unwrap_or(arguments);
    let (action, names) = match arguments {
        [] => return list(shell, &[]).await,
        [print, names @ ..] if print == b"-p" => return list(shell, names).await,
        [option, _, ..] if option.len() > 1 && option.starts_with(b"-") => {
            shell.complain(format_args!("trap: illegal option {}", display_name(option))).await;
            return 2;
        }
        [dash, names @ ..] if dash == b"-" => (None, names),
        // A number first, or nothing else: these are all conditions to be reset.
        [first, rest @ ..] if rest.is_empty() || parse_number(first).is_some() => (None, arguments),
        [action, names @ ..] => (Some(&action[..]), names),
    };
    let mut status = 0;
    for name in names {
        let Some(condition) = Condition::parse(name) else {
            shell.complain(format_args!("trap: {}: bad trap", display_name(name))).await;
            status = 1;
            continue;
        };
        if let Condition::Signal(signal) = condition {
            shell.look_at(signal).await;
            // Who started this shell wanted it to be ignored (POSIX.1-2024, 2.12).
            if shell.traps.ignored_at_first.has(signal) && !shell.is_interactive() {
                continue;
            }
        }
        shell.traps.set(condition, action);
        if let Condition::Signal(signal) = condition {
            shell.settle_signal(signal).await;
        }
    }
    status
}

async fn list(shell: &mut Shell, names: &[Vec<u8>]) -> i32 {
    let mut text = Vec::new();
    let mut status = 0;
    let actions = shell.traps.inherited.as_ref().unwrap_or(&shell.traps.actions);
    let conditions: Vec<Option<Condition>> = match names {
        [] => actions.keys().copied().map(Some).collect(),
        names => names.iter().map(|name| Condition::parse(name)).collect(),
    };
    for condition in conditions {
        let Some(condition) = condition else {
            status = 1;
            continue;
        };
        if let Some(action) = actions.get(&condition) {
            text.extend_from_slice(b"trap -- ");
            text.extend(single_quoted(action));
            text.extend_from_slice(format!(" {}\n", condition.name()).as_bytes());
        }
    }
    if status != 0 {
        shell.complain("trap: bad trap").await;
    }
    status.max(print(shell, &text).await)
}

/// A text in quotes, so that a shell reads it back as it was.
fn single_quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = b"'".to_vec();
    for &byte in text {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            byte => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_by_name_and_number() {
        for text in ["INT", "SIGINT", "int", "2"] {
            assert_eq!(Condition::parse(text.as_bytes()), Some(Condition::Signal(Signal::SIGINT)), "{text}");
        }
        for text in ["EXIT", "exit", "0"] {
            assert_eq!(Condition::parse(text.as_bytes()), Some(Condition::Exit), "{text}");
        }
        for text in ["", "65", "-1", "FOO", "1x"] {
            assert_eq!(Condition::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Condition::Signal(Signal::SIGINT).name(), "INT");
    }

    #[test]
    fn quotes_can_be_read_back() {
        assert_eq!(single_quoted(b"it's"), b"'it'\\''s'");
        assert_eq!(single_quoted(b""), b"''");
    }
}
