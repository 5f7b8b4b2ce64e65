//! The line discipline by itself: what is typed, what is seen, what can be read.

extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use abi::{ControlCharacter, InputModes, LocalModes, OutputModes, Signal, WindowSize};

use crate::tty::Terminal;
use crate::tty::output::Screen;
use crate::tty::receive::Received;

struct Paper(Vec<u8>);

impl Screen for Paper {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A terminal with its settings changed, and what is typed at it.
struct Typed {
    terminal: Terminal,
    screen: Paper,
    signals: Vec<Signal>,
}

fn typed(change: impl FnOnce(&mut Terminal), text: &[u8]) -> Typed {
    let mut typed = Typed { terminal: Terminal::ABSENT, screen: Paper(Vec::new()), signals: Vec::new() };
    typed.terminal.switch_on(WindowSize::default());
    change(&mut typed.terminal);
    for &byte in text {
        if let Received::Signal { signal, .. } = typed.terminal.receive(byte, &mut typed.screen) {
            typed.signals.push(signal);
        }
    }
    typed
}

impl Typed {
    fn seen(&self) -> String {
        self.screen.0.escape_ascii().to_string().replace("\\x08", "<")
    }

    /// What readers with much room get, one after the other.
    fn reads(&mut self) -> Vec<String> {
        let mut reads = Vec::new();
        while self.terminal.input.has_line() {
            let (bytes, cells) = self.terminal.input.next_line(9999);
            let mut read = std::vec![0; bytes];
            self.terminal.input.copy(0, &mut read);
            self.terminal.input.drop_front(cells);
            reads.push(read.escape_ascii().to_string());
        }
        reads
    }
}

fn plain(_: &mut Terminal) {}

#[test]
fn lines_are_echoed_and_read_one_by_one() {
    let mut typed = typed(plain, b"pear\rfig\nrest");
    assert_eq!(typed.seen(), "pear\\r\\nfig\\r\\nrest");
    assert_eq!(typed.reads(), ["pear\\n", "fig\\n"]);
    assert!(!typed.terminal.input.line_is_empty());
}

#[test]
fn erased_characters_go_from_line_and_screen() {
    let mut erased = typed(plain, b"pex\x7fa\x01\x7fr\x7f\x7f\x7f\x7f\x7f\x7ffig\n");
    assert_eq!(erased.seen(), "pex< <a^A< << <r< << << << <fig\\r\\n");
    assert_eq!(erased.reads(), ["fig\\n"]);
    let mut accents = typed(plain, "aé\u{7f}\u{7f}b\n".as_bytes());
    assert_eq!((accents.seen().as_str(), accents.reads()), ("a\\xc3\\xa9< << <b\\r\\n", std::vec!["b\\n".into()]));
}

#[test]
fn words_and_lines_are_erased_too() {
    assert_eq!(typed(plain, b"ab cd, \x17x\n").reads(), ["ab x\\n"]);
    assert_eq!(typed(plain, b"ab cd\x15x\n").reads(), ["x\\n"]);
    assert_eq!(typed(plain, b"ab\x15").seen(), "ab< << <");
    let seen = typed(|terminal| terminal.settings.local -= LocalModes::ECHOKE, b"ab\x15c").seen();
    assert_eq!(seen, "ab^U\\r\\nc");
    let seen = typed(|terminal| terminal.settings.local |= LocalModes::ECHOPRT, b"abc\x7f\x7fd").seen();
    assert_eq!(seen, "abc\\\\cb/d");
}

#[test]
fn an_erased_tab_goes_back_as_far_as_it_went() {
    assert_eq!(typed(plain, b"ab\t\x7f").seen(), "ab\\t<<<<<<");
    let mut prompted = typed(
        |terminal| {
            for byte in *b"\n$ " {
                terminal.put_byte(byte, &mut Paper(Vec::new()));
            }
        },
        b"a\t\x7f\x01\t\x7f",
    );
    assert_eq!(prompted.seen(), "a\\t<<<<<^A\\t<<<");
    assert_eq!(prompted.reads(), [""; 0]);
}

#[test]
fn a_literal_character_means_nothing() {
    let mut literal = typed(plain, b"a\x16\x03\x16\x7f\x16\nb\n");
    assert_eq!(literal.seen(), "a^<^C^<^?^<^Jb\\r\\n");
    assert_eq!(literal.reads(), ["a\\x03\\x7f\\nb\\n"]);
    assert_eq!(literal.signals, []);
}

#[test]
fn an_end_of_file_ends_a_line_without_being_in_it() {
    let mut ended = typed(plain, b"ab\x04\x04c\n");
    assert_eq!(ended.reads(), ["ab", "", "c\\n"]);
    assert_eq!(ended.seen(), "abc\\r\\n");
}

#[test]
fn a_reprint_shows_the_line_again() {
    assert_eq!(typed(plain, b"ab\x12c").seen(), "ab^R\\r\\nabc");
}

#[test]
fn signals_come_from_their_characters_only_with_isig() {
    assert_eq!(typed(plain, b"\x03\x1c\x1a").signals, [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP]);
    let mut without = typed(|terminal| terminal.settings.local -= LocalModes::ISIG, b"\x03\n");
    assert_eq!((without.signals.len(), without.reads()), (0, std::vec!["\\x03\\n".into()]));
    let disabled = |terminal: &mut Terminal| terminal.settings.characters.set(ControlCharacter::VINTR, 0);
    assert_eq!(typed(disabled, b"\x03\0").signals, []);
}

#[test]
fn carriage_returns_and_newlines_are_mapped() {
    assert_eq!(typed(|t| t.settings.input -= InputModes::ICRNL, b"a\rb\n").reads(), ["a\\rb\\n"]);
    assert_eq!(typed(|t| t.settings.input |= InputModes::IGNCR, b"a\rb\n").reads(), ["ab\\n"]);
    assert_eq!(typed(|t| t.settings.input = InputModes::INLCR, b"a\nb\r").seen(), "a^Mb^M");
    let plain_output = |t: &mut Terminal| t.settings.output -= OutputModes::OPOST;
    assert_eq!(typed(plain_output, b"a\n").seen(), "a\\n");
}

#[test]
fn stop_holds_output_back_until_start() {
    assert!(typed(plain, b"\x13").terminal.output_waits());
    assert!(typed(plain, b"\x13ab").terminal.output_waits());
    assert!(!typed(plain, b"\x13\x11").terminal.output_waits());
    assert!(!typed(|t| t.settings.input |= InputModes::IXANY, b"\x13a").terminal.output_waits());
    assert!(!typed(|t| t.settings.input -= InputModes::IXON, b"\x13").terminal.output_waits());
}
