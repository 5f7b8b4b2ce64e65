//! Reading a record. What isn't as a record is written is refused, with its line and what was expected there.

use std::fmt;
use std::num::NonZeroU64;

use abi::{Signal, WaitStatus};

use super::{ContentHash, End, Header, InputName, RecordedHash, Schedule, Totals};
use crate::chooser::{Choice, Deviation};
use crate::quote::unquote;

/// A record that has been read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// How the run was begun.
    pub header: Header,
    /// The choices that weren't the default, in order.
    pub choices: Vec<Deviation>,
    /// The hashes, in order.
    pub hashes: Vec<RecordedHash>,
    /// The console's input.
    pub input: InputName,
    /// What it came to.
    pub totals: Totals,
    /// Whether the file isn't as it was written, though well-formed: what its check line has to say about it. Such a
    /// record is replayed all the same, so that one may try out another choice by editing.
    pub changed: Option<Refused>,
}

/// Why a record is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, and what was expected.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Refused {}

impl Record {
    /// Reads a record from the bytes of its file.
    ///
    /// # Errors
    /// The first line that isn't as it should be.
    pub fn read(bytes: &[u8]) -> Result<Record, Refused> {
        let mut lines = Lines { rest: bytes, number: 0, check: ContentHash::default() };
        let header = read_header(&mut lines)?;
        let (choices, hashes) = read_steps(&mut lines, header.schedule)?;
        let input = read_input(&mut lines)?;
        let totals = read_end(&mut lines, header.schedule, &choices, &hashes)?;
        let changed = read_check(&mut lines)?;
        Ok(Record { header, choices, hashes, input, totals, changed })
    }
}

fn read_header(lines: &mut Lines<'_>) -> Result<Header, Refused> {
    let line = lines.next("vitrine record 1")?;
    if line.text != "vitrine record 1" {
        return Err(line.expected("`vitrine record 1`: this isn't a record, or one of another version"));
    }
    let build = lines.next("build HASH")?.word("build")?.hash()?;
    let argv = lines.next("program \"NAME\" ...")?.word("program")?.strings()?;
    if argv.is_empty() {
        return Err(lines.refuse("a program has at least a name: expected `program \"NAME\" ...`"));
    }
    let envp = lines.next("environment \"NAME=VALUE\" ...")?.word("environment")?.strings()?;
    let mut seed = lines.next("seed NUMBER")?.word("seed")?;
    let seed = if seed.rest() == "none" { None } else { Some(seed.number()?) };
    let mut every = lines.next("hash-every NUMBER")?.word("hash-every")?;
    let schedule = match every.rest() {
        "default" => Schedule::Default,
        _ => match NonZeroU64::new(every.number()?) {
            Some(steps) => Schedule::Every(steps),
            None => return Err(every.expected("a number of steps above 0, or `default`")),
        },
    };
    Ok(Header { build, argv, envp, seed, schedule })
}

/// Reads the lines that the steps left: choices and hashes, in the order of the steps.
fn read_steps(lines: &mut Lines<'_>, schedule: Schedule) -> Result<(Vec<Deviation>, Vec<RecordedHash>), Refused> {
    let (mut choices, mut hashes) = (Vec::<Deviation>::new(), Vec::<RecordedHash>::new());
    loop {
        let line = lines.peek("input HASH LENGTH")?;
        let reached = hashes.last().map_or(0, |last| last.step);
        if line.text.starts_with("choice ") {
            let mut line = lines.next("")?.word("choice")?;
            let deviation = read_choice(&mut line)?;
            let earliest = choices.last().map_or(reached, |last| last.step.max(reached));
            if deviation.step < earliest {
                return Err(line.expected(&format!("a choice at step {earliest} or later, as the lines above")));
            }
            choices.push(deviation);
        } else if line.text.starts_with("hash ") {
            let due = hashes.last().map_or(0, |last| schedule.after(last.step));
            let mut line = lines.next("")?.word("hash")?;
            let number = line.number;
            let (step, hash) = (line.number()?, line.hash()?);
            if step != due {
                return Err(line.expected(&format!("`hash {due} ...`, the next step whose hash is recorded")));
            }
            hashes.push(RecordedHash { step, hash, line: number });
        } else if line.text.starts_with("input ") {
            return Ok((choices, hashes));
        } else {
            return Err(line.expected("`choice STEP KIND VALUE/OPTIONS`, `hash STEP HASH` or `input HASH LENGTH`"));
        }
    }
}

fn read_choice(line: &mut Line<'_>) -> Result<Deviation, Refused> {
    let step = line.number()?;
    let Some(choice) = Choice::from_name(line.take()) else {
        return Err(line.expected("`run` or `preempt` behind the step"));
    };
    let Some((value, options)) = line.take().split_once('/') else {
        return Err(line.expected("the choice as `VALUE/OPTIONS`, as in `2/3`"));
    };
    match (number(value), number(options)) {
        (Some(value), Some(options)) if 0 < value && value < options => {
            line.end()?;
            Ok(Deviation { step, choice, value: value as usize, options: options as usize })
        }
        _ => {
            Err(line
                .expected("a choice between 1 and the number of options less one (0 is the default, never recorded)"))
        }
    }
}

fn read_input(lines: &mut Lines<'_>) -> Result<InputName, Refused> {
    let mut line = lines.next("input HASH LENGTH")?.word("input")?;
    if line.rest() == "none" {
        return Ok(InputName::default());
    }
    let hash = line.hash_word()?;
    let length = line.number()?;
    if length == 0 {
        return Err(line.expected("`input none` if there was none"));
    }
    line.end()?;
    Ok(InputName { hash, length })
}

fn read_end(
    lines: &mut Lines<'_>,
    schedule: Schedule,
    choices: &[Deviation],
    hashes: &[RecordedHash],
) -> Result<Totals, Refused> {
    const FORM: &str = "end STEPS HOW hash HASH output LENGTH HASH";
    let mut line = lines.next(FORM)?.word("end")?;
    let steps = line.number()?;
    let end = match line.take() {
        "exited" => match u8::try_from(line.number()?) {
            Ok(code) => End::Halted(WaitStatus::Exited(code)),
            Err(_) => return Err(line.expected("an exit status of at most 255")),
        },
        "killed" => match Signal::new(i64::try_from(line.number()?).unwrap_or(0)) {
            Some(signal) => End::Halted(WaitStatus::Signaled { signal, core: false }),
            None => return Err(line.expected("a signal number of at most 64")),
        },
        "deadlock" => End::Deadlock,
        "stopped" => End::Stopped,
        "crashed" => End::Crashed,
        _ => return Err(line.expected("`exited STATUS`, `killed SIGNAL`, `deadlock`, `stopped` or `crashed` there")),
    };
    let hash = line.labelled("hash")?.hash_word()?;
    let output_length = line.labelled("output")?.number()?;
    let output_hash = line.hash()?;
    if choices.last().is_some_and(|last| last.step > steps) {
        return Err(line.expected("at least as many steps as the last choice above needs"));
    }
    let due = hashes.last().map_or(0, |last| schedule.after(last.step));
    if due <= steps {
        return Err(line.expected(&format!("`hash {due} ...` above, if there were {steps} steps")));
    }
    if hashes.last().is_some_and(|last| last.step > steps) {
        return Err(line.expected("at least as many steps as the last hash above"));
    }
    Ok(Totals { steps, end, hash, output_length, output_hash })
}

fn read_check(lines: &mut Lines<'_>) -> Result<Option<Refused>, Refused> {
    let computed = lines.check.finish();
    let mut line = lines.next("check HASH")?.word("check")?;
    let written = line.hash()?;
    if !lines.rest.is_empty() {
        let line = lines.next("")?;
        return Err(line.expected("the end of the file behind the check line"));
    }
    let why = || {
        format!("check is {written:016x}, but the lines above give {computed:016x}: they aren't as they were written")
    };
    Ok((written != computed).then(|| Refused { line: line.number, why: why() }))
}

/// The lines of a file, each ended by a newline.
struct Lines<'a> {
    rest: &'a [u8],
    /// The line taken last, from 1.
    number: usize,
    /// Of the lines taken so far.
    check: ContentHash,
}

impl<'a> Lines<'a> {
    /// The next line, left where it is; `form` is what is expected there.
    fn peek(&self, form: &str) -> Result<Line<'a>, Refused> {
        let number = self.number + 1;
        let refuse = |why: String| Err(Refused { line: number, why });
        if self.rest.is_empty() {
            return refuse(format!(
                "the file ends here, where `{form}` was expected: the run that made it was cut off"
            ));
        }
        let Some(length) = self.rest.iter().position(|&byte| byte == b'\n') else {
            return refuse("the line isn't ended by a newline: the file was cut off".into());
        };
        match std::str::from_utf8(&self.rest[..length]) {
            Ok(text) if text.ends_with('\r') => {
                refuse("the line ends with a carriage return; records have plain newlines".into())
            }
            Ok(text) => Ok(Line { number, text, at: 0 }),
            Err(_) => refuse("the line isn't text".into()),
        }
    }

    /// Takes the next line.
    fn next(&mut self, form: &str) -> Result<Line<'a>, Refused> {
        let line = self.peek(form)?;
        let (bytes, rest) = self.rest.split_at(line.text.len() + 1);
        self.check.add(bytes);
        self.rest = rest;
        self.number += 1;
        Ok(line)
    }

    fn refuse(&self, why: &str) -> Refused {
        Refused { line: self.number, why: why.into() }
    }
}

/// A line, and how much of it has been read.
struct Line<'a> {
    number: usize,
    text: &'a str,
    at: usize,
}

impl<'a> Line<'a> {
    fn expected(&self, what: &str) -> Refused {
        Refused { line: self.number, why: format!("found `{}`, expected {what}", self.text) }
    }

    /// Takes the first word, which must be this one.
    fn word(mut self, word: &str) -> Result<Line<'a>, Refused> {
        if self.take() == word { Ok(self) } else { Err(self.expected(&format!("`{word} ...`"))) }
    }

    /// The same in the middle of a line.
    fn labelled(&mut self, word: &str) -> Result<&mut Line<'a>, Refused> {
        if self.take() == word { Ok(self) } else { Err(self.expected(&format!("`{word}` further on"))) }
    }

    /// What hasn't been read.
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes what comes before the next space. Words are divided by one space each.
    fn take(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(' ').unwrap_or(rest.len());
        self.at += (length + 1).min(rest.len());
        &rest[..length]
    }

    fn number(&mut self) -> Result<u64, Refused> {
        let word = self.take();
        number(word).ok_or_else(|| self.expected(&format!("a number where it says `{word}`")))
    }

    /// Takes a hash that more follows.
    fn hash_word(&mut self) -> Result<u64, Refused> {
        let word = self.take();
        let digits = word.len() == 16 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(word, 16) {
            Ok(hash) if digits => Ok(hash),
            _ => Err(self.expected(&format!("16 hexadecimal digits where it says `{word}`"))),
        }
    }

    /// Takes a hash at the end of the line.
    fn hash(&mut self) -> Result<u64, Refused> {
        let hash = self.hash_word()?;
        self.end()?;
        Ok(hash)
    }

    /// Takes the strings up to the end of the line.
    fn strings(&mut self) -> Result<Vec<Vec<u8>>, Refused> {
        let (mut strings, mut rest) = (Vec::new(), self.rest());
        while !rest.is_empty() {
            let (string, behind) = unquote(rest)
                .map_err(|why| self.expected(&format!("quoted strings divided by single spaces: {why}")))?;
            strings.push(string);
            rest = match behind.strip_prefix(' ') {
                Some(next) if !next.is_empty() => next,
                None if behind.is_empty() => behind,
                _ => return Err(self.expected("quoted strings divided by single spaces")),
            };
        }
        Ok(strings)
    }

    fn end(&self) -> Result<(), Refused> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.expected(&format!("nothing where it says `{}`", self.rest())))
        }
    }
}

/// A number in digits alone: `parse` would take a sign.
fn number(word: &str) -> Option<u64> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use super::*;

    fn header() -> Header {
        Header {
            build: 0x0123_4567_89ab_cdef,
            argv: vec![b"sh".to_vec(), b"-c".to_vec(), b"echo \"\xff\" | cat\n".to_vec(), Vec::new()],
            envp: vec![b"HOME=/".to_vec()],
            seed: Some(42),
            schedule: Schedule::Every(NonZeroU64::new(10).unwrap()),
        }
    }

    fn sample() -> String {
        let mut recorder = Recorder::new(Vec::new(), &header()).unwrap();
        recorder.hash(0, 0xa0).unwrap();
        recorder.choice(&Deviation { step: 3, choice: Choice::Preempt, value: 1, options: 2 }).unwrap();
        recorder.choice(&Deviation { step: 3, choice: Choice::Run, value: 2, options: 3 }).unwrap();
        recorder.hash(10, 0xa10).unwrap();
        let totals = Totals {
            steps: 17,
            end: End::Halted(WaitStatus::Exited(3)),
            hash: 0xff,
            output_length: 6,
            output_hash: 0xcafe,
        };
        let bytes = recorder.finish(&InputName { hash: 0xbeef, length: 15 }, &totals).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// The sample with the first `from` replaced.
    fn edited(from: &str, to: &str) -> Result<Record, Refused> {
        let text = sample();
        assert!(text.contains(from), "{from}");
        Record::read(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        let record = Record::read(sample().as_bytes()).unwrap();
        assert_eq!(record.header, header());
        assert_eq!(record.choices.len(), 2);
        assert_eq!(record.hashes[1], RecordedHash { step: 10, hash: 0xa10, line: 10 });
        assert_eq!((record.totals.steps, record.input.length), (17, 15));
        assert_eq!(record.changed, None);
    }

    #[test]
    fn every_end_is_read_as_it_was_written() {
        let killed = End::Halted(WaitStatus::Signaled { signal: Signal::SIGPIPE, core: false });
        for (text, end) in
            [("killed 13", killed), ("deadlock", End::Deadlock), ("stopped", End::Stopped), ("crashed", End::Crashed)]
        {
            assert_eq!(end.to_string(), text);
            assert_eq!(edited("exited 3", text).unwrap().totals.end, end);
        }
    }

    #[test]
    fn a_change_that_breaks_the_form_is_refused_with_its_line() {
        for (from, to, line, what) in [
            ("vitrine record 1", "vitrine record 2", 1, "`vitrine record 1`"),
            ("build 01", "build 1", 2, "16 hexadecimal digits"),
            ("build 0123456789abcdef", "build 0123456789ABCDEF", 2, "16 hexadecimal digits"),
            ("program \"sh\"", "program sh", 3, "quoted strings divided by single spaces"),
            ("\"sh\" \"-c\"", "\"sh\"  \"-c\"", 3, "quoted strings divided by single spaces"),
            ("\"-c\" ", "\"-c\"", 3, "quoted strings divided by single spaces"),
            ("seed 42", "seed", 5, "a number"),
            ("seed 42", "seed +42", 5, "a number"),
            ("seed 42\n", "", 5, "`seed ...`"),
            ("hash-every 10", "hash-every 0", 6, "above 0, or `default`"),
            ("hash-every 10", "hash-every 5", 10, "`hash 5 ...`"),
            ("hash 0 ", "hash 1 ", 7, "`hash 0 ...`"),
            ("3 preempt 1/2", "3 pick 1/2", 8, "`run` or `preempt`"),
            ("3 preempt 1/2", "3 preempt 2/2", 8, "a choice between 1 and the number of options less one"),
            ("3 preempt 1/2", "3 preempt 0/2", 8, "a choice between 1 and the number of options less one"),
            ("3 preempt 1/2", "3 preempt 1/2 ", 0, ""),
            ("3 preempt 1/2", "3 preempt 1", 8, "`VALUE/OPTIONS`"),
            ("3 preempt 1/2", "4 preempt 1/2", 9, "at step 4 or later"),
            ("choice 3 run", "choose 3 run", 9, "`choice STEP KIND VALUE/OPTIONS`"),
            ("input 000000000000beef 15", "input 000000000000beef", 11, "a number"),
            ("input 000000000000beef 15", "input 000000000000beef 0", 11, "`input none`"),
            ("end 17", "end 9", 12, "at least as many steps as the last hash above"),
            ("end 17", "end 1", 12, "at least as many steps as the last choice above"),
            ("end 17", "end 20", 12, "`hash 20 ...` above"),
            ("exited 3", "exited 256", 12, "at most 255"),
            ("exited 3", "killed 65", 12, "at most 64"),
            ("exited 3", "finished", 12, "`exited STATUS`"),
            ("output 6", "output six", 12, "a number where it says `six`"),
            ("check ", "check 0", 13, "16 hexadecimal digits"),
        ] {
            let refused = match edited(from, to) {
                Err(refused) => refused,
                Ok(record) => {
                    // A trailing space is a word more or less to nobody; the check line tells all the same.
                    assert!(what.is_empty() && record.changed.is_some(), "{from:?} -> {to:?} was accepted");
                    continue;
                }
            };
            assert_eq!(refused.line, line, "{from:?} -> {to:?}: {refused}");
            assert!(refused.why.contains(what), "{from:?} -> {to:?}: {refused}");
        }
    }

    #[test]
    fn a_change_that_keeps_the_form_is_noticed_by_the_check() {
        for (from, to) in [("seed 42", "seed 43"), ("run 2/3", "run 1/3"), ("HOME", "HOMF"), ("hash 10 0", "hash 10 1")]
        {
            let changed = edited(from, to).unwrap().changed.unwrap();
            assert_eq!(changed.line, 13);
            assert!(changed.why.contains("aren't as they were written"));
        }
    }

    #[test]
    fn no_single_byte_changes_silently() {
        let sample = sample();
        for at in 0..sample.len() {
            for change in [1, 0x20, 0x80] {
                let mut bytes = sample.clone().into_bytes();
                bytes[at] ^= change;
                if let Ok(record) = Record::read(&bytes) {
                    assert!(record.changed.is_some(), "byte {at}: {:?}", String::from_utf8_lossy(&bytes));
                }
            }
        }
    }

    #[test]
    fn a_record_that_was_cut_off_is_refused_wherever_it_ends() {
        let sample = sample();
        for length in 0..sample.len() {
            let refused = Record::read(&sample.as_bytes()[..length]).unwrap_err();
            assert!(refused.why.contains("cut off"), "{length}: {refused}");
        }
        let refused = Record::read(format!("{sample}more\n").as_bytes()).unwrap_err();
        assert_eq!((refused.line, refused.why.contains("the end of the file")), (14, true));
    }

    #[test]
    fn a_file_that_is_no_record_is_refused_at_its_first_line() {
        for bytes in [&b"#!/bin/sh\n"[..], b"\x7fELF\xff\xfe\n", b"vitrine record 1\r\n", b"\n"] {
            assert_eq!(Record::read(bytes).unwrap_err().line, 1);
        }
    }
}
