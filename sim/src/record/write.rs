//! Writing a record while the run goes on, line by line: a run may be longer than memory.

use std::io::{self, Write};

use abi::WindowSize;

use super::{ContentHash, Header, InputName, Totals};
use crate::arrival::Arrival;
use crate::chooser::Deviation;
use crate::quote::Quoted;

/// Writes a record.
#[derive(Debug)]
pub struct Recorder<W> {
    out: W,
    check: ContentHash,
}

impl<W: Write> Recorder<W> {
    /// Begins a record.
    ///
    /// # Errors
    /// `out` can't be written to; so in the other functions.
    pub fn new(out: W, header: &Header) -> io::Result<Recorder<W>> {
        let mut recorder = Recorder { out, check: ContentHash::default() };
        recorder.line(format_args!("vitrine record 1"))?;
        recorder.line(format_args!("build {:016x}", header.build))?;
        recorder.line(format_args!("program{}", strings(&header.argv)))?;
        recorder.line(format_args!("environment{}", strings(&header.envp)))?;
        match header.seed {
            Some(seed) => recorder.line(format_args!("seed {seed}"))?,
            None => recorder.line(format_args!("seed none"))?,
        }
        if header.cores {
            recorder.line(format_args!("cores wanted"))?;
        }
        recorder.line(format_args!("hash-every {}", header.schedule))?;
        if let Some(WindowSize { rows, columns, .. }) = header.terminal {
            recorder.line(format_args!("terminal {rows} {columns}"))?;
        }
        Ok(recorder)
    }

    /// Something arrived at the terminal.
    pub fn arrival(&mut self, arrival: &Arrival) -> io::Result<()> {
        self.line(format_args!("arrive {arrival}"))
    }

    /// A choice that wasn't the default.
    pub fn choice(&mut self, deviation: &Deviation) -> io::Result<()> {
        self.line(format_args!("choice {deviation}"))
    }

    /// The exact hash after `step` steps. The header's schedule says for which steps this must be called.
    pub fn hash(&mut self, step: u64, hash: u64) -> io::Result<()> {
        self.line(format_args!("hash {step} {hash:016x}"))
    }

    /// The run has ended.
    pub fn finish(mut self, input: &InputName, totals: &Totals) -> io::Result<W> {
        self.line(format_args!("input {input}"))?;
        self.line(format_args!("end {totals}"))?;
        writeln!(self.out, "check {:016x}", self.check.finish())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> io::Result<()> {
        let line = format!("{line}\n");
        self.check.add(line.as_bytes());
        self.out.write_all(line.as_bytes())
    }
}

/// Quoted strings, each with a space before it.
fn strings(strings: &[Vec<u8>]) -> String {
    strings.iter().map(|string| format!(" {}", Quoted::whole(string))).collect()
}
