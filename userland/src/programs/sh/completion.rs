//! Completing what is typed: names of programs and builtins, where a command begins.

use alloc::string::String;
use alloc::vec::Vec;

use super::builtin::NAMES;
use crate::libc::line_editor::Completion;
use crate::programs::PROGRAMS;

/// What can complete the text before the cursor.
pub(super) fn complete(before: &str) -> Completion {
    let start = before.rfind(|c: char| c.is_whitespace() || "|&;({'\"".contains(c)).map_or(0, |at| at + 1);
    let word = &before[start..];
    let front = before[..start].trim_end();
    let last_word = front.rsplit(|c: char| c.is_whitespace() || c == ';').next().unwrap_or_default();
    let begins_command = front.is_empty()
        || front.ends_with(['|', '&', ';', '(', '{', '!'])
        || ["if", "then", "else", "elif", "while", "until", "do", "exec"].contains(&last_word);
    if !begins_command {
        return Completion::default();
    }
    let programs = PROGRAMS.iter().map(|program| program.name);
    let mut words: Vec<&str> = programs.chain(NAMES.iter().copied()).filter(|name| name.starts_with(word)).collect();
    words.sort_unstable();
    words.dedup();
    Completion { typed: word.len(), words: words.into_iter().map(String::from).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_where_they_begin() {
        assert_eq!(complete("pst").words, ["pstree"]);
        assert_eq!(complete("yes | sor").words, ["sort"]);
        assert_eq!(complete("if tru").words, ["true"]);
        assert_eq!(complete("expo").words, ["export"]);
        assert_eq!(complete("(job"), Completion { typed: 3, words: Vec::from(["jobs".into()]) });
        assert!(complete("echo pst").words.is_empty() && complete("echo ").words.is_empty());
        assert!(complete("").words.len() > PROGRAMS.len());
    }
}
