//! How a pattern is read: basic (`grep`) and extended (`grep -E`) syntax, with GNU's additions `\+ \? \| \< \> \b \w \s`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{ByteSet, bracket};

/// Which special characters need a backslash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Syntax {
    /// `\(`, `\{`, `\|`, `\+`, `\?` are special, without their backslash they are not.
    Basic,
    /// It is the other way round.
    Extended,
    /// Nothing is special.
    Fixed,
}

/// A pattern as a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    /// One byte of a set.
    Set(ByteSet),
    /// The start of the line.
    Start,
    /// The end of the line.
    End,
    /// A place between a word and something else: its start, its end, or either.
    WordEdge {
        /// Whether a word may start here.
        start: bool,
        /// Whether a word may end here.
        end: bool,
    },
    /// A place that isn't a word's edge.
    NoWordEdge,
    /// A place with no word character before it.
    NoWordBefore,
    /// A place with no word character behind it.
    NoWordBehind,
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of several.
    Either(Vec<Node>),
    /// So many times.
    Repeat(Box<Node>, usize, Option<usize>),
}

/// The most repetitions that an interval may ask for (`RE_DUP_MAX`).
const MOST_REPEATS: usize = 0x7fff;

/// Whether a byte is part of a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The tree of a pattern.
///
/// # Errors
/// What is wrong with it, as `regerror(3)` says it.
pub fn parse_pattern(pattern: &[u8], syntax: Syntax) -> Result<Node, &'static str> {
    if syntax == Syntax::Fixed {
        return Ok(Node::Sequence(pattern.iter().map(|&byte| Node::Set(ByteSet::single(byte))).collect()));
    }
    let mut parser = Parser { text: pattern, at: 0, extended: syntax == Syntax::Extended, depth: 0 };
    let node = parser.alternatives()?;
    match parser.next_is_close() {
        true => Err("Unmatched ) or \\)"),
        false => Ok(node),
    }
}

/// What stands at some place of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(u8),
    Any,
    Bracket,
    Open,
    Close,
    Bar,
    Star,
    Plus,
    Question,
    Interval,
    Caret,
    Dollar,
    /// A backslash with a letter of GNU's.
    Escape(u8),
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    extended: bool,
    depth: usize,
}

impl Parser<'_> {
    /// The token at the front and its length.
    fn peek(&self) -> Result<Option<(Token, usize)>, &'static str> {
        let token = match self.text.get(self.at..).unwrap_or_default() {
            [] => return Ok(None),
            [b'\\'] => return Err("Trailing backslash"),
            [b'\\', byte, ..] => (self.escaped(*byte)?, 2),
            [byte, ..] => (self.plain(*byte), 1),
        };
        Ok(Some(token))
    }

    fn plain(&self, byte: u8) -> Token {
        match byte {
            b'.' => Token::Any,
            b'[' => Token::Bracket,
            b'*' => Token::Star,
            b'^' => Token::Caret,
            b'$' => Token::Dollar,
            _ if self.extended => self.special(byte).unwrap_or(Token::Literal(byte)),
            _ => Token::Literal(byte),
        }
    }

    fn escaped(&self, byte: u8) -> Result<Token, &'static str> {
        match byte {
            b'1'..=b'9' => Err("Back-references are not supported"),
            b'<' | b'>' | b'b' | b'B' | b'w' | b'W' | b's' | b'S' | b'`' | b'\'' => Ok(Token::Escape(byte)),
            _ if !self.extended => Ok(self.special(byte).unwrap_or(Token::Literal(byte))),
            _ => Ok(Token::Literal(byte)),
        }
    }

    /// What is special with a backslash in one syntax and without in the other.
    fn special(&self, byte: u8) -> Option<Token> {
        Some(match byte {
            b'(' => Token::Open,
            // In extended syntax a lone closing parenthesis is a character.
            b')' if !self.extended || self.depth > 0 => Token::Close,
            b'|' => Token::Bar,
            b'+' => Token::Plus,
            b'?' => Token::Question,
            b'{' => Token::Interval,
            _ => return None,
        })
    }

    fn next_is_close(&self) -> bool {
        matches!(self.peek(), Ok(Some((Token::Close, _))))
    }

    fn alternatives(&mut self) -> Result<Node, &'static str> {
        let mut branches = Vec::from([self.branch()?]);
        while let Some((Token::Bar, length)) = self.peek()? {
            self.at += length;
            branches.push(self.branch()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn branch(&mut self) -> Result<Node, &'static str> {
        let mut nodes = Vec::new();
        // Where an expression begins, basic syntax takes a star for itself.
        let mut at_start = true;
        while let Some((token, length)) = self.peek()? {
            if matches!(token, Token::Bar | Token::Close) {
                break;
            }
            self.at += length;
            let node = self.atom(token, at_start)?;
            at_start = node == Node::Start && !self.extended;
            nodes.push(if at_start { node } else { self.repeated(node)? });
        }
        Ok(Node::Sequence(nodes))
    }

    fn atom(&mut self, token: Token, at_start: bool) -> Result<Node, &'static str> {
        let literal = |byte| Node::Set(ByteSet::single(byte));
        Ok(match token {
            Token::Literal(byte) => literal(byte),
            Token::Any => Node::Set(ByteSet::EMPTY.complement()),
            Token::Bracket => {
                let (set, length) = bracket::parse(&self.text[self.at..])?;
                self.at += length;
                Node::Set(set)
            }
            Token::Caret if self.extended || at_start => Node::Start,
            Token::Caret => literal(b'^'),
            Token::Dollar if self.extended || self.ends_branch() => Node::End,
            Token::Dollar => literal(b'$'),
            Token::Escape(letter) => escape(letter),
            Token::Open => {
                self.depth += 1;
                let inner = self.alternatives()?;
                let Some((Token::Close, length)) = self.peek()? else { return Err("Unmatched ( or \\(") };
                self.at += length;
                self.depth -= 1;
                inner
            }
            // With nothing before it to repeat, GNU takes these as characters, in both syntaxes.
            Token::Star => literal(b'*'),
            Token::Plus => literal(b'+'),
            Token::Question => literal(b'?'),
            Token::Interval if self.extended => literal(b'{'),
            Token::Interval => return Err("Invalid preceding regular expression"),
            Token::Bar | Token::Close => Node::Sequence(Vec::new()),
        })
    }

    /// Whether a branch ends here: only there a basic `$` is an anchor.
    fn ends_branch(&self) -> bool {
        matches!(self.peek(), Ok(None | Some((Token::Bar | Token::Close, _))))
    }

    /// A node with the repetitions that follow it.
    fn repeated(&mut self, mut node: Node) -> Result<Node, &'static str> {
        while let Some((token, length)) = self.peek()? {
            let (least, most) = match token {
                Token::Star => (0, None),
                Token::Plus => (1, None),
                Token::Question => (0, Some(1)),
                Token::Interval => {
                    let Some((least, most, inside)) = self.interval(self.at + length)? else { break };
                    self.at += inside;
                    (least, most)
                }
                _ => break,
            };
            self.at += length;
            node = Node::Repeat(Box::new(node), least, most);
        }
        Ok(node)
    }

    /// The interval whose inside starts at `from`: least, most, and its length with its closing brace. `None` if it is no
    /// interval, which extended syntax takes as plain characters.
    #[allow(clippy::type_complexity)]
    fn interval(&self, from: usize) -> Result<Option<(usize, Option<usize>, usize)>, &'static str> {
        let text = &self.text[from..];
        let close: &[u8] = if self.extended { b"}" } else { b"\\}" };
        let invalid = |message| if self.extended { Ok(None) } else { Err(message) };
        let Some(end) = text.windows(close.len()).position(|part| part == close) else {
            return invalid("Unmatched \\{");
        };
        let number = |digits: &[u8]| core::str::from_utf8(digits).ok()?.parse::<usize>().ok();
        let inside = &text[..end];
        let (least, most) = match inside.iter().position(|&byte| byte == b',') {
            None => (number(inside), Some(number(inside))),
            Some(comma) => {
                let (low, high) = (&inside[..comma], &inside[comma + 1..]);
                let least = if low.is_empty() { Some(0) } else { number(low) };
                (least, if high.is_empty() { None } else { Some(number(high)) })
            }
        };
        match (least, most) {
            (Some(least), None) if least <= MOST_REPEATS => Ok(Some((least, None, end + close.len()))),
            (Some(least), Some(Some(most))) if least <= most && most <= MOST_REPEATS => {
                Ok(Some((least, Some(most), end + close.len())))
            }
            (Some(_), None | Some(Some(_))) => Err("Invalid content of \\{\\}"),
            _ => invalid("Invalid content of \\{\\}"),
        }
    }
}

fn escape(letter: u8) -> Node {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    match letter {
        b'<' => Node::WordEdge { start: true, end: false },
        b'>' => Node::WordEdge { start: false, end: true },
        b'b' => Node::WordEdge { start: true, end: true },
        b'B' => Node::NoWordEdge,
        b'w' => Node::Set(ByteSet::of(is_word)),
        b'W' => Node::Set(ByteSet::of(|byte| !is_word(byte))),
        b's' => Node::Set(ByteSet::of(is_space)),
        b'S' => Node::Set(ByteSet::of(|byte| !is_space(byte))),
        b'`' => Node::Start,
        _ => Node::End,
    }
}
