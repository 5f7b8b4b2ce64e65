//! A script: what the console is, and moves, one a line.

use std::collections::BTreeSet;
use std::fmt;

use crate::fuzz::raw::moves::{Move, Name, Value, What};
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
    born: Born,
}

/// The children that moves so far name.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Born(BTreeSet<Name>);

impl Born {
    fn knows(&self, name: Name) -> bool {
        name == Name::FIRST || self.0.contains(&name)
    }

    /// The next move as it is carried out if those who were never born aren't named: `None` if it is the move of one; a process
    /// id of one is 0.
    pub(super) fn without_strangers(&mut self, mut made: Move) -> Option<Move> {
        if !self.knows(made.who) {
            return None;
        }
        if let What::Call { arguments, .. } = &mut made.what {
            for value in arguments {
                if matches!(*value, Value::Pid { of, .. } if !self.knows(of)) {
                    *value = Value::Number(0);
                }
            }
        }
        self.0.extend(made.child);
        Some(made)
    }
}

impl Script {
    /// These moves, without those of processes that no move before makes: nobody makes them. A process id of such a one is
    /// written as what it is, 0.
    pub fn new(terminal: bool, moves: Vec<Move>) -> Script {
        let mut born = Born::default();
        let moves = moves.into_iter().filter_map(|made| born.without_strangers(made)).collect();
        Script { terminal, moves, lines: Vec::new(), born }
    }

    /// Reads a script. Each process but PID 1 is made by a line before the first that names it. Empty lines and what begins with `#` don't count.
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
    /// assert_eq!(Script::parse("b = a clone 17\nb kill $c 9").unwrap_err().1, "no line before this one makes `c`");
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
        let made = text::parse(line).and_then(allowed).and_then(|made| self.names_known(made))?;
        self.born.0.extend(made.child);
        self.moves.push(made);
        Ok(true)
    }

    /// Who is named was born before. A child gets a name that is nobody else's, so that each name stands for one process
    /// throughout.
    fn names_known(&self, mut made: Move) -> Result<Move, String> {
        let mut stranger = None;
        made.for_each_name(|name| stranger = stranger.or((!self.born.knows(*name)).then_some(*name)));
        match (stranger, made.child) {
            (Some(stranger), _) => Err(format!("no line before this one makes `{stranger}`")),
            (None, Some(child)) if self.born.knows(child) => Err(format!("`{child}` is the name of somebody else")),
            _ => Ok(made),
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

/// Only a call that makes a process has a child. PID 1 is there at the end, to see whether all is back: what it makes for itself would look like a leak.
fn allowed(made: Move) -> Result<Move, String> {
    let makes_child = matches!(made.what, What::Call { row, .. } if matches!(row.info().name, "clone" | "spawn"));
    if let (Some(child), false) = (made.child, makes_child) {
        return Err(format!("only `clone` and `spawn` make a process: this makes no `{child}`"));
    }
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
