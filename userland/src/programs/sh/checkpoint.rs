//! What a shell hands to itself over a checkpoint: all that it remembers, as bytes.
//!
//! Numbers take eight bytes; texts stand behind their length.

use alloc::vec::Vec;

use super::job::Job;
use super::source::Source;
use super::state::{Parameters, Shell, Variable};
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
    bytes.number(shell.jobs.len() as i64);
    for job in &shell.jobs {
        bytes.number(job.pid.into());
        bytes.number(job.status.map_or(-1, i64::from));
    }
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
    let jobs = bytes.list(Decoder::job)?;
    let parameters = Parameters { name, positions, status, pid, last_background, variables };
    Some((Shell { sys, parameters, jobs, line: source.line, loops: 0 }, source))
}

#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.number(text.len() as i64);
        self.0.extend_from_slice(text);
    }
}

struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    fn number(&mut self) -> Option<i64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(i64::from_le_bytes(*number))
    }

    fn small(&mut self) -> Option<i32> {
        self.number()?.try_into().ok()
    }

    fn text(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text.into())
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn variable(&mut self) -> Option<(Vec<u8>, Variable)> {
        let name = self.text()?;
        let is_set = self.number()? != 0;
        let value = Some(self.text()?).filter(|_| is_set);
        Some((name, Variable { value, exported: self.number()? != 0 }))
    }

    fn job(&mut self) -> Option<Job> {
        Some(Job { pid: self.small()?, status: Some(self.small()?).filter(|&status| status >= 0) })
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use abi::Pid;

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
        shell.jobs.push(Job { pid: 9, status: None });
        shell.jobs.push(Job { pid: 10, status: Some(0) });
        let source = Source { text: b"rest".into(), line: 4, ended: true };
        let bytes = save(&shell, &source);
        let (again, source_again) = restore(sys, &bytes).unwrap();
        assert_eq!(again.parameters, shell.parameters);
        assert_eq!(again.jobs, shell.jobs);
        assert_eq!(source_again, source);
        assert!(restore(sys, &bytes[..bytes.len() - 1]).is_none());
    }
}
