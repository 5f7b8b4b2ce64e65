//! From tokens to the tree, one complete command at a time, so that what stands before a mistake is still run
//! (POSIX.1-2024, Shell & Utilities, 2.10).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Fd, OpenFlags};

use super::lexer::{LexError, Lexer, Token, TokenKind};
use super::syntax::*;

/// What was found at the front of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    /// A complete command, up to the end of its line.
    Command(List),
    /// A line with nothing to do.
    Empty,
    /// Nothing more.
    End,
}

/// Why there is no complete command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum ParseError {
    /// The text ends too early; more of it may complete it.
    Unfinished(Trouble),
    /// It is wrong.
    Wrong(Trouble),
}

/// A mistake and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Trouble {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// Parses the complete command at the front of the lexer's text, and leaves the lexer behind it.
///
/// # Errors
/// It is wrong, or unfinished.
pub(super) fn parse(lexer: &mut Lexer<'_>) -> Result<Parsed, ParseError> {
    let mut parser = Parser { token: next(lexer)?, behind: 0, lexer };
    let parsed = match parser.token.kind {
        TokenKind::End => return Ok(Parsed::End),
        TokenKind::Newline => Parsed::Empty,
        _ => Parsed::Command(parser.line_of_commands()?),
    };
    match parser.token.kind {
        // The lexer stands behind the newline, which belongs to the command.
        TokenKind::Newline | TokenKind::End => Ok(parsed),
        _ => Err(parser.unexpected("")),
    }
}

fn next(lexer: &mut Lexer<'_>) -> Result<Token, ParseError> {
    let (line, column) = lexer.place();
    lexer.next_token().map_err(|error| match error {
        LexError::Unfinished(message) => ParseError::Unfinished(Trouble { line, column, message: message.into() }),
        LexError::Wrong(message) => ParseError::Wrong(Trouble { line, column, message }),
    })
}

/// Words with a meaning of their own where a command begins.
const RESERVED: &[&[u8]] = &[
    b"!", b"{", b"}", b"case", b"do", b"done", b"elif", b"else", b"esac", b"fi", b"for", b"if", b"in", b"then",
    b"until", b"while",
];

struct Parser<'a, 'b> {
    lexer: &'a mut Lexer<'b>,
    /// The token that comes next.
    token: Token,
    /// Where the one before it ended.
    behind: usize,
}

impl Parser<'_, '_> {
    fn advance(&mut self) -> Result<Token, ParseError> {
        self.behind = self.lexer.position();
        let following = next(self.lexer)?;
        Ok(core::mem::replace(&mut self.token, following))
    }

    fn is_operator(&self, operator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(next) if next == operator)
    }

    /// Whether the next token is this reserved word.
    fn is_reserved(&self, word: &str) -> bool {
        matches!(&self.token.kind, TokenKind::Word(next) if next.plain() == Some(word.as_bytes()))
    }

    fn take_operator(&mut self, operator: &str) -> Result<bool, ParseError> {
        let found = self.is_operator(operator);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_reserved(&mut self, word: &str) -> Result<(), ParseError> {
        if !self.is_reserved(word) {
            return Err(self.unexpected(word));
        }
        self.advance().map(drop)
    }

    fn skip_newlines(&mut self) -> Result<(), ParseError> {
        while self.token.kind == TokenKind::Newline {
            self.advance()?;
        }
        Ok(())
    }

    /// The next token can't stand here; `expected` could, if it isn't empty.
    fn unexpected(&self, expected: &str) -> ParseError {
        let expecting = if expected.is_empty() { String::new() } else { format!(" (expecting \"{expected}\")") };
        let (line, column) = (self.token.line, self.token.column);
        let found = match &self.token.kind {
            TokenKind::End => {
                let message = format!("end of file unexpected{expecting}");
                return ParseError::Unfinished(Trouble { line, column, message });
            }
            TokenKind::Newline => "newline".into(),
            TokenKind::Operator(operator) => format!("\"{operator}\""),
            TokenKind::Number(number) => format!("\"{number}\""),
            TokenKind::Word(word) => match word.plain() {
                Some(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
                None => "word".into(),
            },
        };
        ParseError::Wrong(Trouble { line, column, message: format!("{found} unexpected{expecting}") })
    }

    fn wrong(&self, message: &str) -> ParseError {
        ParseError::Wrong(Trouble { line: self.token.line, column: self.token.column, message: message.into() })
    }

    /// And-or lists up to the end of the line, which is left as the next token.
    fn line_of_commands(&mut self) -> Result<List, ParseError> {
        let mut items = Vec::new();
        loop {
            let ended = self.and_or(&mut items)?;
            if !ended || matches!(self.token.kind, TokenKind::Newline | TokenKind::End) {
                return Ok(List { items });
            }
        }
    }

    /// And-or lists, over lines, up to a token that can't begin one.
    fn compound_list(&mut self) -> Result<List, ParseError> {
        let mut items = Vec::new();
        self.skip_newlines()?;
        loop {
            let ended = self.and_or(&mut items)? || self.token.kind == TokenKind::Newline;
            self.skip_newlines()?;
            if !ended || !self.begins_command() {
                return Ok(List { items });
            }
        }
    }

    fn begins_command(&self) -> bool {
        match &self.token.kind {
            TokenKind::Word(word) => match word.plain() {
                Some(text) => {
                    let closing: &[&[u8]] = &[b"}", b"do", b"done", b"elif", b"else", b"esac", b"fi", b"then"];
                    !closing.contains(&text)
                }
                None => true,
            },
            TokenKind::Number(_) => true,
            TokenKind::Operator(operator) => matches!(*operator, "(" | "<" | ">" | "<&" | ">&" | "<<" | ">>" | ">|"),
            TokenKind::Newline | TokenKind::End => false,
        }
    }

    /// One and-or list with the `;` or `&` behind it; whether there was one.
    fn and_or(&mut self, items: &mut Vec<AndOr>) -> Result<bool, ParseError> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let connector = match self.token.kind {
                TokenKind::Operator("&&") => Connector::And,
                TokenKind::Operator("||") => Connector::Or,
                _ => break,
            };
            self.advance()?;
            self.skip_newlines()?;
            rest.push((connector, self.pipeline()?));
        }
        let background = self.take_operator("&")?;
        items.push(AndOr { first, rest, background });
        Ok(background || self.take_operator(";")?)
    }

    fn pipeline(&mut self) -> Result<Pipeline, ParseError> {
        let mut negated = false;
        while self.is_reserved("!") {
            negated = !negated;
            self.advance()?;
        }
        let mut commands = Vec::from([self.command()?]);
        while self.take_operator("|")? {
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        let (line, start) = (self.token.line, self.token.start);
        let kind = match &self.token.kind {
            TokenKind::Operator("(") => {
                self.advance()?;
                let list = self.compound_list()?;
                if !self.is_operator(")") {
                    return Err(self.unexpected(")"));
                }
                self.advance()?;
                CommandKind::Subshell(list)
            }
            TokenKind::Word(word) => match word.plain() {
                Some(b"{") => self.group()?,
                Some(b"if") => self.if_command()?,
                Some(b"while") => self.loop_command("while")?,
                Some(b"until") => self.loop_command("until")?,
                Some(b"for") => self.for_command()?,
                Some(b"case") => return Err(self.wrong("\"case\" is not supported")),
                Some(text) if RESERVED.contains(&text) && text != b"in" => return Err(self.unexpected("")),
                _ => return self.simple_command(line, start),
            },
            TokenKind::Number(_) | TokenKind::Operator("<" | ">" | "<&" | ">&" | "<<" | "<<-" | ">>" | "<>" | ">|") => {
                return self.simple_command(line, start);
            }
            _ => return Err(self.unexpected("")),
        };
        let mut redirections = Vec::new();
        while let Some(redirection) = self.redirection()? {
            redirections.push(redirection);
        }
        Ok(Command { kind, redirections, line, text: self.text_from(start) })
    }

    fn group(&mut self) -> Result<CommandKind, ParseError> {
        self.advance()?;
        let list = self.compound_list()?;
        self.expect_reserved("}")?;
        Ok(CommandKind::Group(list))
    }

    fn if_command(&mut self) -> Result<CommandKind, ParseError> {
        let mut clauses = Vec::new();
        let mut otherwise = None;
        while self.is_reserved("if") || self.is_reserved("elif") {
            self.advance()?;
            let condition = self.compound_list()?;
            self.expect_reserved("then")?;
            clauses.push((condition, self.compound_list()?));
            if !self.is_reserved("elif") {
                break;
            }
        }
        if self.is_reserved("else") {
            self.advance()?;
            otherwise = Some(self.compound_list()?);
        }
        self.expect_reserved("fi")?;
        Ok(CommandKind::If { clauses, otherwise })
    }

    fn loop_command(&mut self, word: &str) -> Result<CommandKind, ParseError> {
        self.advance()?;
        let condition = self.compound_list()?;
        let body = self.do_group()?;
        Ok(CommandKind::Loop { until: word == "until", condition, body })
    }

    fn do_group(&mut self) -> Result<List, ParseError> {
        self.expect_reserved("do")?;
        let body = self.compound_list()?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Result<CommandKind, ParseError> {
        self.advance()?;
        let name = match &self.token.kind {
            TokenKind::Word(word) => word.plain().filter(|text| is_name(text)).map(<[u8]>::to_vec),
            _ => None,
        };
        let Some(name) = name else { return Err(self.wrong("bad for loop variable")) };
        self.advance()?;
        self.skip_newlines()?;
        let mut words = None;
        if self.is_reserved("in") {
            self.advance()?;
            let mut list = Vec::new();
            while let TokenKind::Word(word) = &self.token.kind {
                list.push(word.clone());
                self.advance()?;
            }
            if !matches!(self.token.kind, TokenKind::Newline | TokenKind::Operator(";")) {
                return Err(self.unexpected("do"));
            }
            words = Some(list);
        }
        self.take_operator(";")?;
        self.skip_newlines()?;
        Ok(CommandKind::For { name, words, body: self.do_group()? })
    }

    fn simple_command(&mut self, line: usize, start: usize) -> Result<Command, ParseError> {
        let (mut assignments, mut words, mut redirections) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
                continue;
            }
            let TokenKind::Word(word) = &self.token.kind else { break };
            match word.as_assignment().filter(|_| words.is_empty()) {
                Some(assignment) => assignments.push(assignment),
                None => words.push(word.clone()),
            }
            self.advance()?;
        }
        if self.is_operator("(") {
            return Err(match words.len() {
                1 => self.wrong("functions are not supported"),
                _ => self.unexpected(""),
            });
        }
        let kind = CommandKind::Simple { assignments, words };
        Ok(Command { kind, redirections, line, text: self.text_from(start) })
    }

    /// What was taken since `start`, on one line.
    fn text_from(&self, start: usize) -> Vec<u8> {
        on_one_line(self.lexer.between(start, self.behind))
    }

    /// A redirection to what has a name.
    fn opening(&mut self, number: Option<i32>, operator: &str) -> Result<Redirection, ParseError> {
        let creates = OpenFlags::O_WRONLY | OpenFlags::O_CREAT;
        let (default, flags) = match operator {
            "<" => (0, OpenFlags::empty()),
            "<>" => (0, OpenFlags::O_RDWR | OpenFlags::O_CREAT),
            ">>" => (1, creates | OpenFlags::O_APPEND),
            _ => (1, creates | OpenFlags::O_TRUNC),
        };
        self.advance()?;
        let TokenKind::Word(name) = &self.token.kind else { return Err(self.unexpected("")) };
        let name = name.clone();
        self.advance()?;
        Ok(Redirection::Open { fd: Fd(number.unwrap_or(default)), name, flags })
    }

    /// The redirection that comes next, if one does.
    fn redirection(&mut self) -> Result<Option<Redirection>, ParseError> {
        let mut number = None;
        if let TokenKind::Number(given) = self.token.kind {
            number = Some(given);
            self.advance()?;
        }
        let default = match self.token.kind {
            TokenKind::Operator("<&") => 0,
            TokenKind::Operator(">&") => 1,
            TokenKind::Operator("<<" | "<<-") => return Err(self.wrong("here-documents are not supported")),
            TokenKind::Operator(operator @ ("<" | ">" | ">>" | "<>" | ">|")) => {
                return self.opening(number, operator).map(Some);
            }
            _ if number.is_some() => return Err(self.unexpected("")),
            _ => return Ok(None),
        };
        self.advance()?;
        let fd = Fd(number.unwrap_or(default));
        let target = match &self.token.kind {
            TokenKind::Word(word) => word.plain().map(<[u8]>::to_vec),
            TokenKind::End => return Err(self.unexpected("")),
            _ => None,
        };
        let redirection = match target.as_deref() {
            Some(b"-") => Redirection::Close { fd },
            Some(text) => match crate::libc::parse_number(text).and_then(|from| i32::try_from(from).ok()) {
                Some(from) if from >= 0 => Redirection::Duplicate { fd, from: Fd(from) },
                _ => return Err(self.wrong("bad descriptor number")),
            },
            None => return Err(self.wrong("bad descriptor number")),
        };
        self.advance()?;
        Ok(Some(redirection))
    }
}

/// Commands over several lines as one: `;` joins what a newline has separated.
fn on_one_line(text: &[u8]) -> Vec<u8> {
    let mut joined: Vec<u8> = Vec::with_capacity(text.len());
    for line in text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()) {
        if !joined.is_empty() {
            let goes_on = joined.ends_with(b"\\") && joined.pop().is_some();
            let last_word = joined.rsplit(|&byte| matches!(byte, b' ' | b';')).next().unwrap_or_default();
            let wants_more = matches!(last_word, b"do" | b"then" | b"else" | b"if" | b"while" | b"until")
                || matches!(joined.last(), Some(b'|' | b'&' | b';' | b'(' | b'{'));
            joined.extend_from_slice(if goes_on || wants_more { b" " } else { b"; " });
        }
        joined.extend_from_slice(line);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Parsed, ParseError> {
        parse(&mut Lexer::new(text.as_bytes(), 0, 1))
    }

    fn list(text: &str) -> List {
        match parse_text(text) {
            Ok(Parsed::Command(list)) => list,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn message(text: &str) -> String {
        match parse_text(text) {
            Err(ParseError::Wrong(trouble)) => format!("{}:{}: {}", trouble.line, trouble.column, trouble.message),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn simple(command: &Command) -> (Vec<&[u8]>, usize) {
        match &command.kind {
            CommandKind::Simple { assignments, words } => {
                (words.iter().map(|word| word.plain().unwrap_or(b"?")).collect(), assignments.len())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_pipelines_and_connectors() {
        let list = list("a b | c && ! d || e; f & g");
        assert_eq!(list.items.len(), 3);
        let first = &list.items[0];
        assert_eq!(first.first.commands.len(), 2);
        assert_eq!(simple(&first.first.commands[0]).0, [b"a", b"b"]);
        assert_eq!(
            first.rest.iter().map(|(connector, _)| *connector).collect::<Vec<_>>(),
            [Connector::And, Connector::Or]
        );
        assert!(first.rest[0].1.negated && !first.background);
        assert!(list.items[1].background && !list.items[2].background);
    }

    #[test]
    fn assignments_come_first() {
        let list = list("A=1 B='x y' cmd C=2");
        let (words, assignments) = simple(&list.items[0].first.commands[0]);
        assert_eq!(words, [&b"cmd"[..], b"C=2"]);
        assert_eq!(assignments, 2);
        assert_eq!(simple(&self::list("'A'=1").items[0].first.commands[0]).1, 0);
    }

    #[test]
    fn one_complete_command_at_a_time() {
        let text = b"a; b\nc |\n d\n\ne";
        let mut lexer = Lexer::new(text, 0, 1);
        let mut lines = Vec::new();
        loop {
            match parse(&mut lexer).unwrap() {
                Parsed::End => break,
                parsed => lines.push((parsed == Parsed::Empty, lexer.position(), lexer.line())),
            }
        }
        assert_eq!(lines, [(false, 5, 2), (false, 12, 4), (true, 13, 5), (false, 14, 5)]);
    }

    #[test]
    fn compound_commands() {
        let kind = |text| list(text).items.remove(0).first.commands.remove(0).kind;
        assert!(matches!(kind("(a; b)"), CommandKind::Subshell(list) if list.items.len() == 2));
        assert!(matches!(kind("{ a\nb; }"), CommandKind::Group(list) if list.items.len() == 2));
        assert!(matches!(kind("if a; then b; elif c; then d; else e; fi"),
            CommandKind::If { clauses, otherwise: Some(_) } if clauses.len() == 2));
        assert!(matches!(kind("until a\ndo b; done"), CommandKind::Loop { until: true, .. }));
        assert!(matches!(kind("for i in 1 2; do a; done"),
            CommandKind::For { words: Some(words), .. } if words.len() == 2));
        assert!(matches!(kind("for i do a; done"), CommandKind::For { words: None, .. }));
        assert!(matches!(kind("echo if then"), CommandKind::Simple { .. }));
    }

    #[test]
    fn redirections_between_descriptors() {
        let list = list("a 2>&1 >&- b");
        let command = &list.items[0].first.commands[0];
        assert_eq!(
            command.redirections,
            [Redirection::Duplicate { fd: Fd(2), from: Fd(1) }, Redirection::Close { fd: Fd(1) }]
        );
        assert_eq!(simple(command).0, [b"a", b"b"]);
    }

    #[test]
    fn a_command_knows_its_text() {
        let texts = |text| {
            let list = list(text);
            list.items[0].first.commands.iter().map(|command| command.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(texts("yes  'a b' | wc -c 2>&1 & b"), [&b"yes  'a b'"[..], b"wc -c 2>&1"]);
        assert_eq!(texts("(a; b) | { c; } >&2 # d"), [&b"(a; b)"[..], b"{ c; } >&2"]);
        assert_eq!(texts("while a\ndo\n  b\n c \\\n d\ndone"), [b"while a; do b; c d; done"]);
    }

    #[test]
    fn redirections_to_names() {
        let list = list("a <b 2>>c");
        let seen = list.items[0].first.commands[0].redirections.iter().map(|redirection| match redirection {
            Redirection::Open { fd, name, flags } => (fd.0, name.plain().unwrap().to_vec(), *flags),
            other => panic!("{other:?}"),
        });
        let appends = OpenFlags::O_WRONLY | OpenFlags::O_CREAT | OpenFlags::O_APPEND;
        assert!(seen.eq([(0, b"b".to_vec(), OpenFlags::empty()), (2, b"c".to_vec(), appends)]));
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(message("a | | b"), "1:5: \"|\" unexpected");
        assert_eq!(message("&& a"), "1:1: \"&&\" unexpected");
        assert_eq!(message("a\\\n; ; b"), "2:3: \";\" unexpected");
        assert_eq!(message("a ;; b"), "1:3: \";;\" unexpected");
        assert_eq!(message("a)"), "1:2: \")\" unexpected");
        assert_eq!(message("then a"), "1:1: \"then\" unexpected");
        assert_eq!(message("if a; fi"), "1:7: \"fi\" unexpected (expecting \"then\")");
        assert_eq!(message("(a; }"), "1:5: \"}\" unexpected (expecting \")\")");
        assert_eq!(message("{ }"), "1:3: \"}\" unexpected");
        assert_eq!(message("a > ;"), "1:5: \";\" unexpected");
        assert!(message("a <<b").contains("here-documents"));
        assert!(message("f() { a; }").contains("functions"));
    }

    #[test]
    fn more_text_may_complete_it() {
        for text in ["a |", "a &&\n", "(a", "{ a;", "if a", "for i in 1", "'a", "while a; do b\n"] {
            assert!(matches!(parse_text(text), Err(ParseError::Unfinished(_))), "{text}");
        }
    }
}
