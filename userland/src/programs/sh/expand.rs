//! From words to fields: parameters are replaced, and what isn't quoted is split at blanks
//! (POSIX.1-2024, Shell & Utilities, 2.6).

use alloc::string::ToString;
use alloc::vec::Vec;

use super::state::Parameters;
use super::syntax::{Parameter, Part, Word};

/// The fields that words expand to: each to none, one or several.
pub(super) fn fields(parameters: &Parameters, words: &[Word]) -> Vec<Vec<u8>> {
    let mut fields = Fields::default();
    for word in words {
        for part in &word.parts {
            match part {
                Part::Text { bytes, .. } => fields.push_text(bytes),
                Part::Parameter { parameter: Parameter::EachPosition, quoted } => {
                    fields.push_each(&parameters.positions, *quoted);
                }
                Part::Parameter { parameter: Parameter::AllPositions, quoted: false } => {
                    fields.push_each(&parameters.positions, false);
                }
                Part::Parameter { parameter, quoted: true } => fields.push_text(&value(parameters, parameter)),
                Part::Parameter { parameter, quoted: false } => fields.push_split(&value(parameters, parameter)),
            }
        }
        fields.end();
    }
    fields.done
}

/// The text that a word expands to without being split: the value of an assignment.
pub(super) fn text(parameters: &Parameters, word: &Word) -> Vec<u8> {
    let mut text = Vec::new();
    for part in &word.parts {
        match part {
            Part::Text { bytes, .. } => text.extend_from_slice(bytes),
            Part::Parameter { parameter, .. } => text.extend(value(parameters, parameter)),
        }
    }
    text
}

/// What stands for a parameter; nothing if it isn't set.
fn value(parameters: &Parameters, parameter: &Parameter) -> Vec<u8> {
    match parameter {
        Parameter::Name(name) => parameters.get(name).unwrap_or_default().into(),
        Parameter::Position(0) => parameters.name.clone(),
        Parameter::Position(number) => parameters.positions.get(number - 1).cloned().unwrap_or_default(),
        Parameter::Count => parameters.positions.len().to_string().into(),
        Parameter::Status => parameters.status.to_string().into(),
        Parameter::Pid => parameters.pid.to_string().into(),
        Parameter::LastBackground => parameters.last_background.map(|pid| pid.to_string().into()).unwrap_or_default(),
        Parameter::Options => parameters.options.clone().into(),
        Parameter::EachPosition | Parameter::AllPositions => parameters.positions.join(&b' '),
    }
}

/// Fields, and the one that grows, if one does.
#[derive(Default)]
struct Fields {
    done: Vec<Vec<u8>>,
    open: Option<Vec<u8>>,
}

impl Fields {
    fn push_text(&mut self, text: &[u8]) {
        self.open.get_or_insert_default().extend_from_slice(text);
    }

    fn push_split(&mut self, text: &[u8]) {
        for &byte in text {
            match byte {
                b' ' | b'\t' | b'\n' => self.end(),
                byte => self.push_text(&[byte]),
            }
        }
    }

    fn push_each(&mut self, positions: &[Vec<u8>], quoted: bool) {
        for (index, position) in positions.iter().enumerate() {
            if index > 0 {
                self.end();
            }
            if quoted {
                self.push_text(position);
            } else {
                self.push_split(position);
            }
        }
    }

    fn end(&mut self) {
        self.done.extend(self.open.take());
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::super::lexer::{Lexer, TokenKind};
    use super::*;

    fn expand(line: &str) -> Vec<String> {
        let mut parameters = Parameters { name: b"sh".into(), status: 3, ..Parameters::default() };
        parameters.set(b"A", b"x");
        parameters.set(b"B", b" y  z ");
        parameters.positions = [b"1 2".to_vec(), b"".to_vec(), b"3".to_vec()].into();
        let mut lexer = Lexer::new(line.as_bytes(), 0, 1);
        let mut words = Vec::new();
        while let TokenKind::Word(word) = lexer.next_token().unwrap().kind {
            words.push(word);
        }
        fields(&parameters, &words).into_iter().map(|field| String::from_utf8(field).unwrap()).collect()
    }

    #[test]
    fn unquoted_values_are_split() {
        assert_eq!(expand("$A $B"), ["x", "y", "z"]);
        assert_eq!(expand("a${B}b"), ["a", "y", "z", "b"]);
        assert_eq!(expand("$NONE ''$NONE"), [""]);
        assert_eq!(expand("'$A' \\$A"), ["$A", "$A"]);
    }

    #[test]
    fn quoted_values_are_not() {
        assert_eq!(expand("\"$B\" \"$NONE\" \"a${A}b\""), [" y  z ", "", "axb"]);
        assert_eq!(expand("$0 $? $# $1"), ["sh", "3", "3", "1", "2"]);
    }

    #[test]
    fn arguments_one_by_one_or_together() {
        assert_eq!(expand("\"$@\""), ["1 2", "", "3"]);
        assert_eq!(expand("a\"$@\"b"), ["a1 2", "", "3b"]);
        assert_eq!(expand("$@"), ["1", "2", "3"]);
        assert_eq!(expand("\"$*\""), ["1 2  3"]);
    }
}
