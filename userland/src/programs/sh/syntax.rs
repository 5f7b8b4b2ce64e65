//! The tree of a command.

use alloc::vec::Vec;

use abi::{Fd, OpenFlags};

/// And-or lists, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct List {
    pub(super) items: Vec<AndOr>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct AndOr {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Connector, Pipeline)>,
    /// It ends with `&`: nobody waits for it.
    pub(super) background: bool,
}

/// When the pipeline behind it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Connector {
    /// `&&`: after success.
    And,
    /// `||`: after failure.
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pipeline {
    /// It begins with `!`.
    pub(super) negated: bool,
    pub(super) commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Command {
    pub(super) kind: CommandKind,
    pub(super) redirections: Vec<Redirection>,
    /// On which line of the script it begins.
    pub(super) line: usize,
    /// As it was written, on one line: by this a list of jobs shows it.
    pub(super) text: Vec<u8>,
}

/// What a command is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum CommandKind {
    /// Assignments, and a program or builtin with its arguments.
    Simple { assignments: Vec<Assignment>, words: Vec<Word> },
    /// `( list )`: in a process of its own.
    Subshell(List),
    /// `{ list; }`: in the shell itself.
    Group(List),
    /// `if`, with its `elif`s.
    If { clauses: Vec<(List, List)>, otherwise: Option<List> },
    /// `while`, or `until`.
    Loop { until: bool, condition: List, body: List },
    /// `for NAME in WORDS`; without words, over the arguments.
    For { name: Vec<u8>, words: Option<Vec<Word>>, body: List },
}

/// `NAME=value`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Assignment {
    pub(super) name: Vec<u8>,
    pub(super) value: Word,
}

/// A redirection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Redirection {
    /// `fd>&from`: make `fd` a duplicate.
    Duplicate { fd: Fd, from: Fd },
    /// `fd>&-`: close it.
    Close { fd: Fd },
    /// `fd<name`, `fd>name`, `fd>>name`, `fd<>name`: open what has this name.
    Open { fd: Fd, name: Word, flags: OpenFlags },
}

/// A word before expansion.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

/// A piece of a word. What is quoted isn't split into fields, and is a field even if empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Text as it is.
    Text { bytes: Vec<u8>, quoted: bool },
    /// A parameter's value.
    Parameter { parameter: Parameter, quoted: bool },
}

/// What can stand behind a `$`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parameter {
    /// A variable.
    Name(Vec<u8>),
    /// `$1` and so on; 0 is the name of the shell.
    Position(usize),
    /// `$#`.
    Count,
    /// `$?`.
    Status,
    /// `$$`.
    Pid,
    /// `$!`.
    LastBackground,
    /// `$-`.
    Options,
    /// `$@`: one field each.
    EachPosition,
    /// `$*`: in quotes one field for all.
    AllPositions,
}

impl Pipeline {
    /// The texts of its commands.
    pub(super) fn texts(&self) -> Vec<Vec<u8>> {
        self.commands.iter().map(|command| command.text.clone()).collect()
    }

    fn text(&self) -> Vec<u8> {
        let commands = self.texts().join(&b" | "[..]);
        if self.negated { [b"! ", &commands[..]].concat() } else { commands }
    }
}

impl AndOr {
    /// Its text, as a list of jobs shows it.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = self.first.text();
        for (connector, pipeline) in &self.rest {
            text.extend_from_slice(if *connector == Connector::And { b" && " } else { b" || " });
            text.extend(pipeline.text());
        }
        text
    }
}

impl Word {
    /// The text of a word of which nothing is quoted or expanded: only such a word can be a reserved one.
    pub(super) fn plain(&self) -> Option<&[u8]> {
        match &self.parts[..] {
            [Part::Text { bytes, quoted: false }] => Some(bytes),
            _ => None,
        }
    }

    /// Taken apart as `NAME=value`, if it is that.
    pub(super) fn as_assignment(&self) -> Option<Assignment> {
        let (Part::Text { bytes, quoted: false }, rest) = self.parts.split_first()? else { return None };
        let equals = bytes.iter().position(|&byte| byte == b'=')?;
        if !is_name(&bytes[..equals]) {
            return None;
        }
        let mut parts = Vec::new();
        if equals + 1 < bytes.len() {
            parts.push(Part::Text { bytes: bytes[equals + 1..].into(), quoted: false });
        }
        parts.extend_from_slice(rest);
        Some(Assignment { name: bytes[..equals].into(), value: Word { parts } })
    }
}

/// Whether a text can be the name of a variable.
pub(super) fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&byte| is_name_start(byte)) && text.iter().all(|&byte| is_name_byte(byte))
}

pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
