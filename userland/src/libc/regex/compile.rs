//! From a pattern's tree to a machine: a list of instructions that `search.rs` follows along all paths at once
//! (Thompson, "Regular Expression Search Algorithm", 1968).

use alloc::vec::Vec;

use super::{ByteSet, Node};

/// One instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Instruction {
    /// Takes a byte of the set.
    Take(ByteSet),
    /// Goes on at both places.
    Split(usize, usize),
    /// Goes on there.
    Jump(usize),
    /// Goes on if the place is one of these.
    Assert(Place),
    /// A match.
    Match,
}

/// A place between two bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Start,
    End,
    WordEdge { start: bool, end: bool },
    NoWordEdge,
    NoWordBefore,
    NoWordBehind,
}

/// A pattern, ready to be searched for.
///
/// ```
/// use userland::libc::{Regex, Syntax, parse_pattern};
/// let regex = Regex::new(&parse_pattern(b"b*c", Syntax::Basic).unwrap(), false).unwrap();
/// assert_eq!(regex.searcher().find(b"aabbcc", 0), Some((2, 5)));
/// assert!(!regex.searcher().is_match(b"xyz"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regex {
    pub(super) program: Vec<Instruction>,
    /// The bytes with which a match can begin; `None` if it can be empty, or begin at a particular place.
    pub(super) first: Option<ByteSet>,
}

/// The most instructions; intervals in intervals could ask for any number.
const MOST_INSTRUCTIONS: usize = 100_000;

impl Regex {
    /// The machine for a tree.
    ///
    /// # Errors
    /// It would be too big.
    pub fn new(node: &Node, ignore_case: bool) -> Result<Regex, &'static str> {
        let mut compiler = Compiler { program: Vec::new(), ignore_case };
        compiler.emit(node)?;
        compiler.push(Instruction::Match)?;
        let mut regex = Regex { program: compiler.program, first: None };
        regex.first = regex.first_bytes();
        Ok(regex)
    }
}

struct Compiler {
    program: Vec<Instruction>,
    ignore_case: bool,
}

impl Compiler {
    fn push(&mut self, instruction: Instruction) -> Result<usize, &'static str> {
        if self.program.len() >= MOST_INSTRUCTIONS {
            return Err("Regular expression too big");
        }
        self.program.push(instruction);
        Ok(self.program.len() - 1)
    }

    fn emit(&mut self, node: &Node) -> Result<(), &'static str> {
        match node {
            Node::Set(set) => {
                let set = if self.ignore_case { set.fold_case() } else { *set };
                self.push(Instruction::Take(set))?;
            }
            Node::Start => drop(self.push(Instruction::Assert(Place::Start))?),
            Node::End => drop(self.push(Instruction::Assert(Place::End))?),
            Node::WordEdge { start, end } => {
                self.push(Instruction::Assert(Place::WordEdge { start: *start, end: *end }))?;
            }
            Node::NoWordEdge => drop(self.push(Instruction::Assert(Place::NoWordEdge))?),
            Node::NoWordBefore => drop(self.push(Instruction::Assert(Place::NoWordBefore))?),
            Node::NoWordBehind => drop(self.push(Instruction::Assert(Place::NoWordBehind))?),
            Node::Sequence(nodes) => nodes.iter().try_for_each(|node| self.emit(node))?,
            Node::Either(nodes) => self.emit_either(nodes)?,
            Node::Repeat(node, least, most) => self.emit_repeat(node, *least, *most)?,
        }
        Ok(())
    }

    fn emit_either(&mut self, nodes: &[Node]) -> Result<(), &'static str> {
        let Some((last, others)) = nodes.split_last() else { return Ok(()) };
        let mut jumps = Vec::new();
        for node in others {
            let split = self.push(Instruction::Match)?;
            self.emit(node)?;
            jumps.push(self.push(Instruction::Match)?);
            self.program[split] = Instruction::Split(split + 1, self.program.len());
        }
        self.emit(last)?;
        let end = self.program.len();
        jumps.into_iter().for_each(|jump| self.program[jump] = Instruction::Jump(end));
        Ok(())
    }

    fn emit_repeat(&mut self, node: &Node, least: usize, most: Option<usize>) -> Result<(), &'static str> {
        for _ in 0..least {
            self.emit(node)?;
        }
        let Some(most) = most else {
            let split = self.push(Instruction::Match)?;
            self.emit(node)?;
            self.push(Instruction::Jump(split))?;
            self.program[split] = Instruction::Split(split + 1, self.program.len());
            return Ok(());
        };
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.push(Instruction::Match)?);
            self.emit(node)?;
        }
        let end = self.program.len();
        splits.into_iter().for_each(|split| self.program[split] = Instruction::Split(split + 1, end));
        Ok(())
    }
}
