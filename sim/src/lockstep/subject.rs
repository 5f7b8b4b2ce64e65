//! Who carries a script out: real processes of a host, or scripted ones on Vitrine. A script is made while it is carried out,
//! for what is asked next depends on who is idle and on what exists.

use serde_json::{Map, Value};

/// Somebody who carries out operations, one at a time, and says what could be observed.
pub trait Subject {
    /// Carries out one operation, `{"p", "o", "a"}`, waits until all is quiet, and returns the whole record of it.
    ///
    /// # Errors
    /// See [`Trouble`].
    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble>;

    /// The processes that can be given an operation, by number.
    fn idle(&self) -> Vec<usize>;

    /// How many processes have been made.
    fn count(&self) -> usize;

    /// What was last seen of a process, as the records have it.
    fn fields(&self, process: usize) -> &Map<String, Value>;

    /// How many System V objects have been named of a kind: `q`, `s` or `m`.
    fn objects(&self, kind: char) -> usize;
}

/// Why an operation wasn't recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It isn't one that could ever be carried out.
    Bad(String),
    /// It can't be carried out now: its process isn't idle, or what it names isn't there.
    NotNow(String),
    /// Process `a` died of it: the script ends before.
    RootDied,
}

/// The name of a process by its number, from 0: `a`, `b`, ...
pub fn process_name(index: usize) -> String {
    char::from(b'a' + index as u8).to_string()
}

/// The number of the process with this name.
pub fn process_number(name: &Value) -> Option<usize> {
    match name.as_str()?.as_bytes() {
        [letter @ b'a'..=b'z'] => Some(usize::from(letter - b'a')),
        _ => None,
    }
}
