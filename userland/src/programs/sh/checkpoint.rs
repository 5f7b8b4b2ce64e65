//! What a shell hands to itself over a checkpoint: all that it remembers, as bytes.
//!
//! Numbers take eight bytes; texts stand behind their length.

use alloc::string::String;
use alloc::vec::Vec;

use abi::{Layout, Termios, WaitStatus};

use super::job::{Job, Jobs, Member, State};
use super::monitor::Monitor;
use super::options::Options;
use super::source::Source;
use super::state::{Parameters, Shell, Variable};
use super::trap::Traps;
use crate::libc::line_editor::History;
use crate::sys::Sys;

/// The bytes for a shell that has run everything before `source`.
pub(super) fn save(shell: &Shell, source: &Source) -> Vec<u8> {
    let mut bytes = Encoder::default();
    bytes.text(&source.text);
    bytes.number(source.line as i64);
    bytes.number(source.ended.into());
    let parameters = &shell.parameters;
    bytes.text(&parameters.name);
    bytes.number(parameters.positions.len() as i64);
    parameters.positions.iter().for_each(|position| bytes.text(position));
    bytes.number(parameters.status.into());
    bytes.number(parameters.pid.into());
    bytes.number(parameters.last_background.unwrap_or(0).into());
    bytes.number(parameters.variables.len() as i64);
    for (name, variable) in &parameters.variables {
        bytes.text(name);
        bytes.number(variable.value.is_some().into());
        bytes.text(variable.value.as_deref().unwrap_or_default());
        bytes.number(variable.exported.into());
    }
    bytes.number(shell.options.bits());
    bytes.number(shell.warned.into());
    shell.monitor.save(&mut bytes);
    shell.traps.save(&mut bytes);
    bytes.number(shell.history.lines().len() as i64);
    shell.history.lines().iter().for_each(|line| bytes.text(line.as_bytes()));
    bytes.number(shell.jobs.list.len() as i64);
    shell.jobs.list.iter().for_each(|job| bytes.job(job));
    bytes.0
}

/// The shell and its source from such bytes; `None` if they are none.
pub(super) fn restore(sys: Sys, bytes: &[u8]) -> Option<(Shell, Source)> {
    let mut bytes = Decoder(bytes);
    let source =
        Source { text: bytes.text()?, line: usize::try_from(bytes.number()?).ok()?, ended: bytes.number()? != 0 };
    let name = bytes.text()?;
    let positions = bytes.list(Decoder::text)?;
    let status = bytes.small()?;
    let pid = bytes.small()?;
    let last_background = Some(bytes.small()?).filter(|&pid| pid != 0);
    let variables = bytes.list(Decoder::variable)?.into_iter().collect();
    let options = Options::from_bits(bytes.number()?);
    let warned = bytes.number()? != 0;
    let monitor = Monitor::restore(&mut bytes)?;
    let traps = Traps::restore(&mut bytes)?;
    let mut history = History::default();
    bytes.list(Decoder::text)?.iter().for_each(|line| history.add(&String::from_utf8_lossy(line)));
    let mut jobs = Jobs::default();
    bytes.list(Decoder::job)?.into_iter().for_each(|job| jobs.restore(job));
    let parameters =
        Parameters { name, positions, status, pid, options: options.letters(), last_background, variables };
    let line = source.line;
    let subshell = false;
    let shell = Shell { sys, parameters, options, jobs, monitor, traps, history, subshell, warned, line, loops: 0 };
    Some((shell, source))
}

#[derive(Default)]
pub(super) struct Encoder(Vec<u8>);

impl Encoder {
    pub(super) fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.number(text.len() as i64);
        self.0.extend_from_slice(text);
    }

    /// Settings of a terminal, if there are any.
    pub(super) fn modes(&mut self, modes: Option<Termios>) {
        let mut bytes = [0; Termios::SIZE];
        modes.unwrap_or_default().store(&mut bytes);
        self.number(modes.is_some().into());
        self.text(&bytes);
    }

    fn job(&mut self, job: &Job) {
        self.number(job.number as i64);
        self.number(job.group.unwrap_or(0).into());
        self.number(job.background.into());
        self.number(job.news.into());
        self.number(job.stopped_at.into());
        self.modes(job.modes);
        self.number(job.members.len() as i64);
        for member in &job.members {
            self.number(member.pid.into());
            self.number(match member.state {
                State::Running => -1,
                State::Stopped(signal) => WaitStatus::Stopped(signal).to_raw().into(),
                State::Ended(status) => status.to_raw().into(),
            });
            self.text(&member.text);
        }
    }
}

pub(super) struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    pub(super) fn number(&mut self) -> Option<i64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*number))
    }

    pub(super) fn small(&mut self) -> Option<i32> {
        self.number()?.try_into().ok()
    }

    pub(super) fn text(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text.into())
    }

    pub(super) fn list<T>(&mut self, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn variable(&mut self) -> Option<(Vec<u8>, Variable)> {
        let name = self.text()?;
        let is_set = self.number()? != 0;
        let value = Some(self.text()?).filter(|_| is_set);
        Some((name, Variable { value, exported: self.number()? != 0 }))
    }

    /// Settings of a terminal, if there are any.
    pub(super) fn modes(&mut self) -> Option<Option<Termios>> {
        let are_there = self.number()? != 0;
        let bytes = self.text()?;
        Some((are_there && bytes.len() == Termios::SIZE).then(|| Termios::load(&bytes)))
    }

    fn job(&mut self) -> Option<Job> {
        Some(Job {
            number: usize::try_from(self.number()?).ok()?,
            group: Some(self.small()?).filter(|&group| group != 0),
            background: self.number()? != 0,
            news: self.number()? != 0,
            stopped_at: u32::try_from(self.number()?).ok()?,
            modes: self.modes()?,
            members: self.list(Decoder::member)?,
        })
    }

    fn member(&mut self) -> Option<Member> {
        let pid = self.small()?;
        let state = match self.small()? {
            -1 => State::Running,
            raw => match WaitStatus::from_raw(raw) {
                WaitStatus::Stopped(signal) => State::Stopped(signal),
                status => State::Ended(status),
            },
        };
        Some(Member { pid, state, text: self.text()? })
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use abi::{Pid, Signal};

    use super::super::trap::Condition;
    use super::*;
    use crate::hart::Hart;

    #[test]
    fn a_shell_survives_its_checkpoint() {
        let sys = Sys::new(Box::leak(Box::new(Hart::default())));
        let mut shell = Shell::new(sys, Pid(7), b"sh", [&b"a b"[..], b""].into_iter(), &[b"HOME=/", b"BAD-NAME=1"]);
        shell.parameters.set(b"X", b"\0\n");
        shell.parameters.export(b"Y");
        shell.parameters.status = 137;
        shell.parameters.last_background = Some(9);
        shell.set_options(Options { monitor: true, ..Options::default() });
        for pid in [9, 10, 11] {
            let member = Member { pid, state: State::Running, text: b"yes | wc".into() };
            shell.jobs.add(Some(Pid(pid)), Vec::from([member]), true);
        }
        shell.jobs.changed(10, WaitStatus::Exited(3));
        shell.jobs.changed(11, WaitStatus::Stopped(Signal::SIGTSTP));
        shell.jobs.list[2].modes = Some(Termios::DEFAULT);
        shell.history.add("echo grün");
        shell.traps.set(Condition::Exit, Some(b"echo bye"));
        shell.traps.set(Condition::Signal(Signal::SIGINT), Some(b""));
        let source = Source { text: b"rest".into(), line: 4, ended: true };
        let bytes = save(&shell, &source);
        let (again, source_again) = restore(sys, &bytes).unwrap();
        assert_eq!(again.parameters, shell.parameters);
        assert_eq!((again.jobs, again.options), (shell.jobs, shell.options));
        assert_eq!((again.traps, again.monitor), (shell.traps, shell.monitor));
        assert_eq!(again.history, shell.history);
        assert_eq!(source_again, source);
        assert!(restore(sys, &bytes[..bytes.len() - 1]).is_none());
    }
}
