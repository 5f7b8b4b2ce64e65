//! A script: what the console is, and moves, one a line.

use std::fmt;

use crate::fuzz::raw::moves::{Move, Name, What};
use crate::fuzz::raw::text;

/// The line that makes the console a terminal.
const TERMINAL: &str = "terminal";

/// Moves in their order, and where they begin: after boot.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// Whether the console is a terminal.
    pub terminal: bool,
    /// The moves.
    pub moves: Vec<Move>,
    /// The line of each move, from 1, if it was read from text.
    lines: Vec<usize>,
}

impl Script {
    /// These moves.
    pub fn new(terminal: bool, moves: Vec<Move>) -> Script {
        Script { terminal, moves, lines: Vec::new() }
    }

    /// Reads a script. Empty lines and what begins with `#` don't count.
    ///
    /// # Errors
    /// The number of the first line that is none, from 1, and why.
    ///
    /// ```
    /// use sim::fuzz::raw::Script;
    /// let script = Script::parse("# a pipe\nb = a clone 17\nb pipe2 &0 0\n").unwrap();
    /// assert_eq!(script.moves.len(), 2);
    /// assert_eq!(script.to_string(), "b = a clone 0x11 0 0 0 0\nb pipe2 &0 0\n");
    /// assert_eq!(Script::parse("b pip").unwrap_err().0, 1);
    /// assert_eq!(Script::parse("b = a clone 17\nb = a clone 17").unwrap_err().0, 2);
    /// assert_eq!(Script::parse("a = a clone 17").unwrap_err().1, "`a` is the name of somebody else");
    /// ```
    pub fn parse(text: &str) -> Result<Script, (usize, String)> {
        let mut script = Script::default();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
            if script.add(line).map_err(|message| (number, message))? {
                script.lines.push(number);
            }
        }
        Ok(script)
    }

    /// Adds what a line says; whether that is a move.
    ///
    /// # Errors
    /// It can't stand where it does; says why.
    pub fn add(&mut self, line: &str) -> Result<bool, String> {
        if line == TERMINAL {
            self.terminal = true;
            return Ok(false);
        }
        if line.is_empty() || line.starts_with('#') {
            return Ok(false);
        }
        let made = text::parse(line).and_then(allowed).and_then(|made| self.named_anew(made))?;
        self.moves.push(made);
        Ok(true)
    }

    /// A child gets a name that is nobody else's, so that each name stands for one process throughout.
    fn named_anew(&self, made: Move) -> Result<Move, String> {
        let Some(child) = made.child else { return Ok(made) };
        match child == Name::FIRST || child == made.who || self.moves.iter().any(|before| before.child == Some(child)) {
            true => Err(format!("`{child}` is the name of somebody else")),
            false => Ok(made),
        }
    }

    /// The line of a move, from 1.
    pub(super) fn line(&self, place: usize) -> usize {
        self.lines.get(place).copied().unwrap_or(place + 1)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terminal {
            writeln!(f, "{TERMINAL}")?;
        }
        self.moves.iter().try_for_each(|made| writeln!(f, "{made}"))
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// PID 1 is there at the end, to see whether all is back: what it makes for itself would look like a leak.
fn allowed(made: Move) -> Result<Move, String> {
    let restricted = made.who == Name::FIRST && !made.what.is_from_outside();
    let harmless = match made.what {
        What::Call { row, .. } => matches!(row.info().name, "clone" | "wait4" | "waitid"),
        What::Run | What::Signal(_) => true,
        _ => false,
    };
    match restricted && !harmless {
        true => Err("PID 1, `a`, does nothing but make children and wait for them".into()),
        false => Ok(made),
    }
}
