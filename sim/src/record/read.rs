//! Reading a record. What isn't as a record is written is refused, with its line and what was expected there.

use std::num::NonZeroU64;

use abi::{Signal, WaitStatus, WindowSize};

use super::line::{Line, Lines, Refused, number};
use super::{End, Header, InputName, RecordedHash, Schedule, Totals};
use crate::arrival::{Arrival, Arrived};
use crate::chooser::{Choice, Deviation};

/// A record that has been read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// How the run was begun.
    pub header: Header,
    /// What arrived at the terminal, in order.
    pub arrivals: Vec<Arrival>,
    /// The choices that weren't the default, in order.
    pub choices: Vec<Deviation>,
    /// The hashes, in order.
    pub hashes: Vec<RecordedHash>,
    /// The console's input.
    pub input: InputName,
    /// The line that names it.
    pub input_line: usize,
    /// What it came to.
    pub totals: Totals,
    /// Whether the file isn't as it was written, though well-formed: what its check line has to say about it. Such a
    /// record is replayed all the same, so that one may try out another choice by editing.
    pub changed: Option<Refused>,
}

impl Record {
    /// Reads a record from the bytes of its file.
    ///
    /// # Errors
    /// The first line that isn't as it should be.
    pub fn read(bytes: &[u8]) -> Result<Record, Refused> {
        let mut lines = Lines::new(bytes);
        let header = read_header(&mut lines)?;
        let Steps { arrivals, choices, hashes } = read_steps(&mut lines, &header)?;
        let input = read_input(&mut lines)?;
        let input_line = lines.number();
        let totals = read_end(&mut lines, header.schedule, &choices, &hashes)?;
        let changed = read_check(&mut lines)?;
        Ok(Record { header, arrivals, choices, hashes, input, input_line, totals, changed })
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
    let cores = lines.peek("hash-every NUMBER")?.text == "cores wanted";
    if cores {
        lines.next("cores wanted")?;
    }
    let mut every = lines.next("hash-every NUMBER")?.word("hash-every")?;
    let schedule = match every.rest() {
        "default" => Schedule::Default,
        _ => match NonZeroU64::new(every.number()?) {
            Some(steps) => Schedule::Every(steps),
            None => return Err(every.expected("a number of steps above 0, or `default`")),
        },
    };
    let terminal = match lines.peek("hash 0 HASH")?.text.starts_with("terminal ") {
        true => Some(read_window(&mut lines.next("")?.word("terminal")?)?),
        false => None,
    };
    Ok(Header { build, argv, envp, seed, cores, schedule, terminal })
}

fn read_window(line: &mut Line<'_>) -> Result<WindowSize, Refused> {
    let (rows, columns) = (line.number()?, line.number()?);
    line.end()?;
    match (u16::try_from(rows), u16::try_from(columns)) {
        (Ok(rows), Ok(columns)) => Ok(WindowSize { rows, columns, ..WindowSize::default() }),
        _ => Err(line.expected("a window of at most 65535 lines and columns")),
    }
}

/// What the steps left.
#[derive(Default)]
struct Steps {
    arrivals: Vec<Arrival>,
    choices: Vec<Deviation>,
    hashes: Vec<RecordedHash>,
}

/// Reads the lines that the steps left: arrivals, choices and hashes, in the order of the steps.
fn read_steps(lines: &mut Lines<'_>, header: &Header) -> Result<Steps, Refused> {
    let schedule = header.schedule;
    let Steps { mut arrivals, mut choices, mut hashes } = Steps::default();
    loop {
        let line = lines.peek("input HASH LENGTH")?;
        let reached = hashes.last().map_or(0, |last| last.step);
        if line.text.starts_with("arrive ") && header.terminal.is_some() {
            let mut line = lines.next("")?.word("arrive")?;
            let arrival = read_arrival(&mut line)?;
            let earliest = arrivals.last().map_or((reached, 0), |last| (last.step.max(reached), last.at_us));
            if arrival.step < earliest.0 || arrival.at_us < earliest.1 {
                return Err(line.expected(&format!("a step from {} and a time from {} on", earliest.0, earliest.1)));
            }
            arrivals.push(arrival);
        } else if line.text.starts_with("choice ") {
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
            return Ok(Steps { arrivals, choices, hashes });
        } else {
            return Err(line.expected("`choice STEP KIND VALUE/OPTIONS`, `hash STEP HASH` or `input HASH LENGTH`"));
        }
    }
}

fn read_arrival(line: &mut Line<'_>) -> Result<Arrival, Refused> {
    let (step, at_us) = (line.number()?, line.number()?);
    let what = match line.take() {
        "typed" => Arrived::Typed(line.number()?),
        "window" => Arrived::Resized(read_window(line)?),
        "hangup" => Arrived::HungUp,
        _ => return Err(line.expected("`typed BYTES`, `window LINES COLUMNS` or `hangup` behind step and time")),
    };
    line.end()?;
    Ok(Arrival { step, at_us, what })
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
    let computed = lines.check();
    let mut line = lines.next("check HASH")?.word("check")?;
    let written = line.hash()?;
    if !lines.is_empty() {
        let line = lines.next("")?;
        return Err(line.expected("the end of the file behind the check line"));
    }
    let why = || {
        format!("check is {written:016x}, but the lines above give {computed:016x}: they aren't as they were written")
    };
    Ok((written != computed).then(|| Refused { line: line.number, why: why() }))
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
            cores: true,
            schedule: Schedule::Every(NonZeroU64::new(10).unwrap()),
            terminal: None,
        }
    }

    #[test]
    fn arrivals_at_a_terminal_are_read_as_they_were_written() {
        let window = WindowSize { rows: 24, columns: 80, ..WindowSize::default() };
        let header = Header { terminal: Some(window), ..header() };
        let mut recorder = Recorder::new(Vec::new(), &header).unwrap();
        let arrivals = [Arrived::Typed(7), Arrived::Resized(window), Arrived::HungUp];
        let arrivals = arrivals.map(|what| Arrival { step: 0, at_us: 1000, what });
        recorder.hash(0, 0xa0).unwrap();
        for arrival in &arrivals {
            recorder.arrival(arrival).unwrap();
        }
        let totals = Totals { steps: 1, end: End::Deadlock, hash: 0, output_length: 0, output_hash: 0 };
        let text = String::from_utf8(recorder.finish(&InputName::default(), &totals).unwrap()).unwrap();
        let record = Record::read(text.as_bytes()).unwrap();
        assert_eq!((record.header, &record.arrivals[..]), (header, &arrivals[..]));
        for (from, to, what) in [
            ("terminal 24 80", "terminal 24", "a number"),
            ("terminal 24 80", "terminal 24 65536", "at most 65535"),
            ("0 1000 typed 7", "0 1000 typed", "a number"),
            ("0 1000 typed 7", "0 1000 pressed 7", "`typed BYTES`"),
            ("0 1000 typed 7", "0 1001 typed 7", "a time from 1001 on"),
            ("terminal 24 80\n", "", "`choice STEP KIND VALUE/OPTIONS`"),
        ] {
            let refused = Record::read(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(refused.why.contains(what), "{from} -> {to}: {refused}");
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
        assert_eq!(record.hashes[1], RecordedHash { step: 10, hash: 0xa10, line: 11 });
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
            ("hash-every 10", "hash-every 0", 7, "above 0, or `default`"),
            ("hash-every 10", "hash-every 5", 11, "`hash 5 ...`"),
            ("hash 0 ", "hash 1 ", 8, "`hash 0 ...`"),
            ("3 preempt 1/2", "3 pick 1/2", 9, "`run` or `preempt`"),
            ("3 preempt 1/2", "3 preempt 2/2", 9, "a choice between 1 and the number of options less one"),
            ("3 preempt 1/2", "3 preempt 0/2", 9, "a choice between 1 and the number of options less one"),
            ("3 preempt 1/2", "3 preempt 1/2 ", 0, ""),
            ("3 preempt 1/2", "3 preempt 1", 9, "`VALUE/OPTIONS`"),
            ("3 preempt 1/2", "4 preempt 1/2", 10, "at step 4 or later"),
            ("choice 3 run", "choose 3 run", 10, "`choice STEP KIND VALUE/OPTIONS`"),
            ("input 000000000000beef 15", "input 000000000000beef", 12, "a number"),
            ("input 000000000000beef 15", "input 000000000000beef 0", 12, "`input none`"),
            ("end 17", "end 9", 13, "at least as many steps as the last hash above"),
            ("end 17", "end 1", 13, "at least as many steps as the last choice above"),
            ("end 17", "end 20", 13, "`hash 20 ...` above"),
            ("exited 3", "exited 256", 13, "at most 255"),
            ("exited 3", "killed 65", 13, "at most 64"),
            ("exited 3", "finished", 13, "`exited STATUS`"),
            ("output 6", "output six", 13, "a number where it says `six`"),
            ("check ", "check 0", 14, "16 hexadecimal digits"),
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
            assert_eq!(changed.line, 14);
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
        assert_eq!((refused.line, refused.why.contains("the end of the file")), (15, true));
    }

    #[test]
    fn a_file_that_is_no_record_is_refused_at_its_first_line() {
        for bytes in [&b"#!/bin/sh\n"[..], b"\x7fELF\xff\xfe\n", b"vitrine record 1\r\n", b"\n"] {
            assert_eq!(Record::read(bytes).unwrap_err().line, 1);
        }
    }
}
