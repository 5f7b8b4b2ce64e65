//! What each key does.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, Fd, InputModes, LocalModes, Termios};

use super::{Decoder, History, Key, Line, Screen, Search};
use crate::libc::write_all;
use crate::sys::{SetWhen, Sys};

/// What came of editing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edited {
    /// The line is complete; its newline isn't part of it.
    Line(String),
    /// Ctrl+D on an empty line, or there is nothing more to read.
    End,
    /// Ctrl+C: the line is nothing.
    Interrupted,
    /// A signal was caught. The terminal is as it was before; [`Editor::edit`] goes on with the line.
    Signal,
}

/// What can complete a word.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Completion {
    /// How many bytes of it are there already.
    pub typed: usize,
    /// The whole words that begin so, in order.
    pub words: Vec<String>,
}

/// Finds out what can complete the text before the cursor.
pub type Complete = fn(&str) -> Completion;

/// Lines of a screen whose size nobody knows.
const COLUMNS: usize = 80;

/// A line that is being edited.
pub struct Editor<'a> {
    sys: Sys,
    terminal: Fd,
    prompt: &'a str,
    history: &'a History,
    complete: Complete,
    line: Line,
    decoder: Decoder,
    screen: Screen,
    /// Which line of the history is edited; their number for the new one, which is kept in `draft` meanwhile.
    at: usize,
    draft: String,
    search: Option<Search>,
}

impl<'a> Editor<'a> {
    /// An empty line on a terminal.
    pub fn new(sys: Sys, terminal: Fd, prompt: &'a str, history: &'a History, complete: Complete) -> Editor<'a> {
        Editor {
            sys,
            terminal,
            prompt,
            history,
            complete,
            line: Line::default(),
            decoder: Decoder::default(),
            screen: Screen::default(),
            at: history.lines().len(),
            draft: String::new(),
            search: None,
        }
    }

    /// Edits until the line is complete, or a signal is caught. The terminal is raw meanwhile, and then as it was before.
    ///
    /// # Errors
    /// Those of `tcgetattr(3)`, `tcsetattr(3)` and `read(2)`: `EIO` if the terminal was hung up.
    pub async fn edit(&mut self) -> Result<Edited, Errno> {
        let before = self.sys.tcgetattr(self.terminal).await?;
        self.sys.tcsetattr(self.terminal, SetWhen::Drain, raw(before)).await?;
        let window = self.sys.window_size(self.terminal).await;
        self.screen.columns = window.ok().map(|window| window.columns.into()).filter(|&c| c > 0).unwrap_or(COLUMNS);
        let edited = self.edit_raw().await;
        let _ = self.sys.tcsetattr(self.terminal, SetWhen::Drain, before).await;
        edited
    }

    /// Something else has been written: the line is to be shown anew, on a line of its own.
    pub fn forget_screen(&mut self) {
        self.screen.forget();
    }

    /// Goes to the line below, for something else to be written.
    pub async fn leave_screen(&mut self) {
        let bytes = self.screen.leave();
        self.send(&bytes).await;
    }

    async fn send(&self, text: &str) {
        let _ = write_all(self.sys, self.terminal, text.as_bytes()).await;
    }

    async fn edit_raw(&mut self) -> Result<Edited, Errno> {
        loop {
            self.show().await;
            let mut byte = [0];
            let key = match self.sys.read(self.terminal, &mut byte).await {
                Ok(0) => return Ok(Edited::End),
                Ok(_) => self.decoder.feed(byte[0]),
                Err(Errno::EINTR) => return Ok(Edited::Signal),
                Err(errno) => return Err(errno),
            };
            if let Some(key) = key
                && let Some(edited) = self.press(key).await
            {
                return Ok(edited);
            }
        }
    }

    /// Shows the line as it is now.
    async fn show(&mut self) {
        let (prompt, line, cursor) = match &self.search {
            Some(search) => {
                let line = search.line(self.history);
                (search.prompt(), line.into(), line.chars().count())
            }
            None => (self.prompt.into(), self.line.text(), self.line.cursor()),
        };
        let cursor = prompt.chars().count() + cursor;
        let bytes = self.screen.show(prompt + &line, cursor);
        self.send(&bytes).await;
    }

    async fn press(&mut self, key: Key) -> Option<Edited> {
        if self.search.is_some() && self.search_with(key) {
            return None;
        }
        match key {
            Key::Enter => {
                self.line.move_to(self.line.end());
                self.show().await;
                self.leave_screen().await;
                return Some(Edited::Line(self.line.text()));
            }
            Key::Control(b'C') => {
                self.line.move_to(self.line.end());
                self.show().await;
                self.send("^C").await;
                self.leave_screen().await;
                return Some(Edited::Interrupted);
            }
            Key::Control(b'D') if self.line.characters().is_empty() => {
                self.leave_screen().await;
                return Some(Edited::End);
            }
            Key::Control(b'L') => {
                self.screen.forget();
                self.send("\x1b[H\x1b[2J").await;
            }
            Key::Tab => self.complete_word().await,
            _ => self.change(key),
        }
        None
    }

    /// Keys that change the line or move in it.
    fn change(&mut self, key: Key) {
        let line = &mut self.line;
        let at = line.cursor();
        match key {
            Key::Character(character) => line.insert(character.encode_utf8(&mut [0; 4])),
            Key::Left | Key::Control(b'B') => line.move_to(line.left()),
            Key::Right | Key::Control(b'F') => line.move_to(line.right()),
            Key::Home | Key::Control(b'A') => line.move_to(0),
            Key::End | Key::Control(b'E') => line.move_to(line.end()),
            Key::WordLeft | Key::Alt(b'b') => line.move_to(line.word_left(char::is_alphanumeric)),
            Key::WordRight | Key::Alt(b'f') => line.move_to(line.word_right(char::is_alphanumeric)),
            Key::Backspace => line.delete(line.left()..at),
            Key::Delete | Key::Control(b'D') => {
                line.delete(at..line.right());
                line.move_to(at);
            }
            Key::Control(b'K') => line.cut(at..line.end()),
            Key::Control(b'U') => line.cut(0..at),
            Key::Control(b'W') => line.cut(line.word_left(|character| character != ' ')..at),
            Key::BackspaceWord => line.cut(line.word_left(char::is_alphanumeric)..at),
            Key::Alt(b'd') => line.cut(at..line.word_right(char::is_alphanumeric)),
            Key::Control(b'Y') => line.paste(),
            Key::Control(b'T') => line.transpose(),
            Key::Up | Key::Control(b'P') => self.go_to(self.at.saturating_sub(1)),
            Key::Down | Key::Control(b'N') => self.go_to(self.at + 1),
            Key::Alt(b'<') => self.go_to(0),
            Key::Alt(b'>') => self.go_to(usize::MAX),
            Key::Control(b'R') => self.search = Some(Search::default()),
            _ => {}
        }
    }

    /// Shows another line of the history, or the new one behind its last.
    fn go_to(&mut self, at: usize) {
        let lines = self.history.lines();
        let at = at.min(lines.len());
        if at == self.at {
            return;
        }
        if self.at == lines.len() {
            self.draft = self.line.text();
        }
        self.at = at;
        self.line.replace(lines.get(at).unwrap_or(&self.draft));
    }

    /// A key during a search. Whether that was all; else the search is over, and the key means what it always does.
    fn search_with(&mut self, key: Key) -> bool {
        let Some(search) = &mut self.search else { return false };
        match key {
            Key::Character(character) => search.push(character, self.history),
            Key::Backspace => search.pop(self.history),
            Key::Control(b'R') => search.next(self.history),
            Key::Unknown => {}
            Key::Control(b'G') => self.search = None,
            key => {
                let found = search.line(self.history);
                if !found.is_empty() && key != Key::Control(b'C') {
                    self.line.replace(found);
                }
                self.search = None;
                return false;
            }
        }
        true
    }

    /// Completes the word before the cursor as far as it is clear how, or lists what is possible.
    async fn complete_word(&mut self) {
        let Completion { typed, words } = (self.complete)(&self.line.before());
        let Some(common) = common_start(&words) else { return };
        let more = common.get(typed..).unwrap_or_default();
        if words.len() == 1 {
            self.line.insert(&format!("{more} "));
        } else if !more.is_empty() {
            self.line.insert(more);
        } else {
            self.leave_screen().await;
            self.send(&in_columns(&words, self.screen.columns)).await;
        }
    }
}

/// As keys are read one by one: unchanged, unechoed, without signals. Output stays as it was.
fn raw(mut settings: Termios) -> Termios {
    let output = settings.output;
    settings.make_raw();
    settings.output = output;
    settings.input -= InputModes::IXON | InputModes::ICRNL;
    settings.local -= LocalModes::ECHO;
    settings
}

/// The text with which all of these begin; `None` if there are none.
fn common_start(words: &[String]) -> Option<&str> {
    let (first, rest) = words.split_first()?;
    let same = |word: &String| first.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
    let characters = rest.iter().map(same).min().unwrap_or(usize::MAX);
    let end = first.char_indices().nth(characters).map_or(first.len(), |(at, _)| at);
    Some(&first[..end])
}

/// Words side by side, each line as full as it gets.
fn in_columns(words: &[String], columns: usize) -> String {
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0) + 2;
    let per_line = (columns / width).max(1);
    let mut text = String::new();
    for line in words.chunks(per_line) {
        let line: String = line.iter().map(|word| format!("{word:<width$}")).collect();
        text.push_str(line.trim_end());
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn completions_share_their_start() {
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        assert_eq!(common_start(&words(&["pstree", "ps"])), Some("ps"));
        assert_eq!(common_start(&words(&["grün", "grübeln"])), Some("grü"));
        assert_eq!(common_start(&words(&["one"])), Some("one"));
        assert_eq!(common_start(&[]), None);
        assert_eq!(in_columns(&words(&["a", "bb", "c"]), 9), "a   bb\r\nc\r\n");
    }
}
