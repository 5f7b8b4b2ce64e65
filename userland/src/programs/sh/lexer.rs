//! Words, quotes and operators (POSIX.1-2024, Shell & Utilities, 2.2 and 2.3).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::syntax::{Parameter, Part, Word, is_name_byte, is_name_start};

/// A token and where it begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Its first byte.
    pub(super) start: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What a token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    Word(Word),
    /// Digits right before a `<` or `>`.
    Number(i32),
    Operator(&'static str),
    Newline,
    End,
}

/// All operators; a longer one is preferred to its beginning.
const OPERATORS: &[&str] =
    &["<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "&", "|", ";", "(", ")", "<", ">"];

/// Why there is no next token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum LexError {
    /// The text ends inside of something; more of it may complete it.
    Unfinished(&'static str),
    /// What stands there can't be followed.
    Wrong(String),
}

/// Takes tokens off a text.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
    line_start: usize,
    /// Behind the last backslash and newline that were taken as nothing.
    joined_at: Option<usize>,
}

impl<'a> Lexer<'a> {
    /// Begins at `from`, which is on line `line`.
    pub(super) fn new(text: &'a [u8], from: usize, line: usize) -> Lexer<'a> {
        let line_start = text[..from].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        Lexer { text, at: from, line, line_start, joined_at: None }
    }

    /// What stands between two places.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Where the next token is looked for.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether the text ends with a line that wants to be joined with the next.
    pub(super) fn ends_joining(&self) -> bool {
        self.at == self.text.len() && self.joined_at == Some(self.at)
    }

    /// The line of that place.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Line and column of that place, from 1.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.line, self.at - self.line_start + 1)
    }

    /// The next token.
    ///
    /// # Errors
    /// A quote that isn't closed, or an expansion that isn't known.
    pub(super) fn next_token(&mut self) -> Result<Token, LexError> {
        self.skip_blanks();
        let (line, column) = self.place();
        let start = self.at;
        let kind = self.kind()?;
        Ok(Token { kind, start, line, column })
    }

    fn kind(&mut self) -> Result<TokenKind, LexError> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(TokenKind::End);
        }
        if rest[0] == b'\n' {
            self.advance(1);
            return Ok(TokenKind::Newline);
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(operator.as_bytes())) {
            self.advance(operator.len());
            return Ok(TokenKind::Operator(operator));
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 && matches!(rest.get(digits), Some(b'<' | b'>')) {
            let number = String::from_utf8_lossy(&rest[..digits]).parse();
            self.advance(digits);
            return number.map(TokenKind::Number).map_err(|_| LexError::Wrong("bad descriptor number".into()));
        }
        self.word().map(TokenKind::Word)
    }

    /// Goes `count` bytes on, counting lines.
    fn advance(&mut self, count: usize) {
        for _ in 0..count {
            self.at += 1;
            if self.text[self.at - 1] == b'\n' {
                self.line += 1;
                self.line_start = self.at;
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// Takes a backslash and a newline as nothing.
    fn join_lines(&mut self) {
        self.advance(2);
        self.joined_at = Some(self.at);
    }

    /// Skips blanks, line continuations, and a comment.
    fn skip_blanks(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b' ' | b'\t'), _) => self.advance(1),
                (Some(b'\\'), Some(b'\n')) => self.join_lines(),
                (Some(b'#'), _) => {
                    let length = self.text[self.at..].iter().take_while(|&&byte| byte != b'\n').count();
                    self.advance(length);
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Result<Word, LexError> {
        let mut word = WordBuilder::default();
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' | b'&' | b'|' | b';' | b'(' | b')' | b'<' | b'>' => break,
                b'\'' => self.single_quoted(&mut word)?,
                b'"' => self.double_quoted(&mut word)?,
                b'\\' => self.backslash(&mut word),
                b'$' => self.dollar(&mut word, false)?,
                b'`' => return Err(no_substitution()),
                _ => {
                    word.push(byte, false);
                    self.advance(1);
                }
            }
        }
        Ok(Word { parts: word.parts })
    }

    fn single_quoted(&mut self, word: &mut WordBuilder) -> Result<(), LexError> {
        let inside = &self.text[self.at + 1..];
        let end = inside.iter().position(|&byte| byte == b'\'');
        let end = end.ok_or(LexError::Unfinished("unterminated quoted string"))?;
        word.push_all(&inside[..end], true);
        self.advance(end + 2);
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut WordBuilder) -> Result<(), LexError> {
        self.advance(1);
        word.push_all(b"", true);
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(LexError::Unfinished("unterminated quoted string")),
                (Some(b'"'), _) => {
                    self.advance(1);
                    return Ok(());
                }
                (Some(b'\\'), Some(b'\n')) => self.advance(2),
                (Some(b'\\'), Some(byte @ (b'$' | b'`' | b'"' | b'\\'))) => {
                    word.push(byte, true);
                    self.advance(2);
                }
                (Some(b'$'), _) => self.dollar(word, true)?,
                (Some(b'`'), _) => return Err(no_substitution()),
                (Some(byte), _) => {
                    word.push(byte, true);
                    self.advance(1);
                }
            }
        }
    }

    fn backslash(&mut self, word: &mut WordBuilder) {
        match self.peek(1) {
            // At the end of a script it stands for itself; before one more line it would join them.
            None => word.push(b'\\', true),
            Some(b'\n') => {
                self.join_lines();
                return;
            }
            Some(byte) => word.push(byte, true),
        }
        self.advance(if self.peek(1).is_some() { 2 } else { 1 });
    }

    fn dollar(&mut self, word: &mut WordBuilder, quoted: bool) -> Result<(), LexError> {
        let rest = &self.text[self.at + 1..];
        let found = match rest {
            [b'{', inside @ ..] => {
                let end = inside.iter().position(|&byte| byte == b'}');
                let end = end.ok_or(LexError::Unfinished("missing \"}\""))?;
                let parameter = parameter(&inside[..end], true).filter(|&(_, length)| length == end);
                let Some((parameter, _)) = parameter else {
                    let text = String::from_utf8_lossy(&inside[..end]);
                    return Err(LexError::Wrong(format!("bad substitution: ${{{text}}}")));
                };
                Some((parameter, end + 2))
            }
            [b'(', ..] => return Err(no_substitution()),
            rest => parameter(rest, false),
        };
        match found {
            Some((parameter, length)) => {
                word.push_parameter(parameter, quoted);
                self.advance(1 + length);
            }
            None => {
                word.push(b'$', quoted);
                self.advance(1);
            }
        }
        Ok(())
    }
}

fn no_substitution() -> LexError {
    LexError::Wrong("command substitution is not supported".into())
}

/// The parameter that is named at the front, and the length of its name. In braces a position may have several digits.
fn parameter(text: &[u8], in_braces: bool) -> Option<(Parameter, usize)> {
    let first = *text.first()?;
    Some(match first {
        b'?' => (Parameter::Status, 1),
        b'$' => (Parameter::Pid, 1),
        b'!' => (Parameter::LastBackground, 1),
        b'-' => (Parameter::Options, 1),
        b'#' => (Parameter::Count, 1),
        b'@' => (Parameter::EachPosition, 1),
        b'*' => (Parameter::AllPositions, 1),
        b'0'..=b'9' => {
            let most = if in_braces { 9 } else { 1 };
            let digits = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
            let number = text[..digits].iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
            (Parameter::Position(number), digits)
        }
        _ if is_name_start(first) => {
            let length = text.iter().take_while(|&&byte| is_name_byte(byte)).count();
            (Parameter::Name(text[..length].into()), length)
        }
        _ => return None,
    })
}

/// Puts a word together, joining texts that are quoted alike.
#[derive(Default)]
struct WordBuilder {
    parts: Vec<Part>,
}

impl WordBuilder {
    fn push(&mut self, byte: u8, quoted: bool) {
        self.push_all(&[byte], quoted);
    }

    fn push_all(&mut self, more: &[u8], quoted: bool) {
        match self.parts.last_mut() {
            Some(Part::Text { bytes, quoted: before }) if *before == quoted => bytes.extend_from_slice(more),
            _ => self.parts.push(Part::Text { bytes: more.into(), quoted }),
        }
    }

    fn push_parameter(&mut self, parameter: Parameter, quoted: bool) {
        // The empty text that an opening quote left would make a field of an empty "$@".
        if let Some(Part::Text { bytes, quoted: true }) = self.parts.last()
            && bytes.is_empty()
            && parameter == Parameter::EachPosition
        {
            self.parts.pop();
        }
        self.parts.push(Part::Parameter { parameter, quoted });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens in a compact form: quoted text in `«»`, parameters in `<>`.
    fn tokens(text: &str) -> Result<Vec<String>, LexError> {
        let mut lexer = Lexer::new(text.as_bytes(), 0, 1);
        let mut shown = Vec::new();
        loop {
            match lexer.next_token()?.kind {
                TokenKind::End => return Ok(shown),
                TokenKind::Newline => shown.push("newline".into()),
                TokenKind::Operator(operator) => shown.push(format!("op {operator}")),
                TokenKind::Number(number) => shown.push(format!("fd {number}")),
                TokenKind::Word(word) => shown.push(word.parts.iter().map(show).collect()),
            }
        }
    }

    fn show(part: &Part) -> String {
        match part {
            Part::Text { bytes, quoted: false } => String::from_utf8_lossy(bytes).into(),
            Part::Text { bytes, quoted: true } => format!("«{}»", String::from_utf8_lossy(bytes)),
            Part::Parameter { parameter: Parameter::Name(name), .. } => format!("<{}>", String::from_utf8_lossy(name)),
            Part::Parameter { parameter, .. } => format!("<{parameter:?}>"),
        }
    }

    #[test]
    fn words_and_operators() {
        assert_eq!(tokens("a b|c&&d;e&").unwrap(), ["a", "b", "op |", "c", "op &&", "d", "op ;", "e", "op &"]);
        assert_eq!(tokens("a # b\nc#d").unwrap(), ["a", "newline", "c#d"]);
        assert_eq!(tokens("a\\\nb").unwrap(), ["ab"]);
        assert_eq!(tokens("a \\\n b").unwrap(), ["a", "b"]);
        assert_eq!(tokens("(a)").unwrap(), ["op (", "a", "op )"]);
        assert_eq!(tokens("a 2>&1 3x").unwrap(), ["a", "fd 2", "op >&", "1", "3x"]);
    }

    #[test]
    fn quotes() {
        assert_eq!(tokens(r#"'a b'"c d"e\ f"#).unwrap(), ["«a bc d»e« »f"]);
        assert_eq!(tokens(r#""a\"\$\q" '' """#).unwrap(), [r#"«a"$\q»"#, "«»", "«»"]);
        assert_eq!(tokens("'a\nb'").unwrap(), ["«a\nb»"]);
        assert_eq!(tokens("'a"), Err(LexError::Unfinished("unterminated quoted string")));
        assert_eq!(tokens("\"a"), Err(LexError::Unfinished("unterminated quoted string")));
    }

    #[test]
    fn parameters() {
        assert_eq!(tokens("$a${b}c$1$12$?").unwrap(), ["<a><b>c<Position(1)><Position(1)>2<Status>"]);
        assert_eq!(tokens("${12} $# $$ $!").unwrap(), ["<Position(12)>", "<Count>", "<Pid>", "<LastBackground>"]);
        assert_eq!(tokens(r#""$@" "x$*" $ a$"#).unwrap(), ["<EachPosition>", "«x»<AllPositions>", "$", "a$"]);
        assert_eq!(tokens("${a"), Err(LexError::Unfinished("missing \"}\"")));
        assert!(matches!(tokens("${a:-b}"), Err(LexError::Wrong(_))));
        assert!(matches!(tokens("$(a)"), Err(LexError::Wrong(_))));
    }

    #[test]
    fn places_are_counted_from_one() {
        let mut lexer = Lexer::new(b"a\n  bc", 0, 1);
        lexer.next_token().unwrap();
        lexer.next_token().unwrap();
        let token = lexer.next_token().unwrap();
        assert_eq!((token.line, token.column), (2, 3));
    }
}
