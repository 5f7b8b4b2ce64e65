//! Text comes through pipelines unharmed: what they print is what the host's own tools print, byte for byte.
//!
//! `tests/big_pipeline.sh` does the same with 10 MB and the release build, against the clock.

use std::io::Write;
use std::process::{Command, Stdio};

use abi::WaitStatus;
use sim::chooser::{self, Chooser, Seeded};
use sim::{Outcome, Output, Settings};

use crate::lab::{GLASS, LIMIT, TABLE};
use crate::script::Random;

/// What a pipeline prints on Vitrine, and how it ends.
fn here(pipeline: &str, input: &[u8], chooser: &mut dyn Chooser) -> (Vec<u8>, i32) {
    let mut chooser = chooser;
    let settings = Settings { glass: false, check_every: 97, ..GLASS };
    let mut machine = sim::Machine::new(*TABLE, settings).with_input(input.to_vec());
    let mut output = Output::default();
    let argv: [&[u8]; 4] = [b"init", b"sh", b"-c", pipeline.as_bytes()];
    let mut world = machine.boot(&argv, &[], &mut output).expect("it boots");
    match machine.run(&mut world, &mut chooser, &mut output, LIMIT) {
        Some(Outcome::Halted(WaitStatus::Exited(code))) => (output.out, code.into()),
        other => panic!("{pipeline}: {other:?}"),
    }
}

/// The same on the host.
fn there(pipeline: &str, input: &[u8]) -> (Vec<u8>, i32) {
    let mut command = Command::new("sh");
    command.args(["-c", pipeline]).env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the host has a shell");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let input = input.to_vec();
    // A pipeline may end before it has read everything.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("feeding doesn't panic");
    (output.stdout, output.status.code().unwrap_or(-1))
}

#[track_caller]
fn same(pipeline: &str, input: &[u8]) {
    let (expected, code) = there(pipeline, input);
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    for seed in [None, Some(1), Some(2)] {
        let mut chooser: Box<dyn Chooser> = match seed {
            None => Box::new(chooser::Default),
            Some(seed) => Box::new(Seeded::new(seed)),
        };
        let (found, ended) = here(pipeline, input, &mut *chooser);
        assert!(found == expected, "{pipeline}, seed {seed:?}: {:?}, expected {:?}", text(&found), text(&expected));
        assert_eq!(ended, code, "{pipeline}, seed {seed:?}");
    }
}

/// Lines of small words; some lines come often.
fn words(bytes: usize) -> Vec<u8> {
    let mut random = Random::new(42);
    let mut text = Vec::with_capacity(bytes + 64);
    while text.len() < bytes {
        for _ in 0..1 + random.below(4) {
            let word = random.below(300) as u64;
            text.extend(format!("{:x} ", word * word * 7919).bytes());
        }
        text.push(b'\n');
    }
    text.truncate(bytes);
    text
}

/// Every byte there is, in no order.
fn binary(bytes: usize) -> Vec<u8> {
    let mut random = Random::new(43);
    (0..bytes).map(|_| random.next() as u8).collect()
}

#[test]
fn the_big_pipeline_in_small() {
    same("cat | tr a-z A-Z | sort | uniq | wc", &words(200_000));
    same("cat | tr a-z A-Z | sort | uniq", &words(150_000));
    same("sort -r | uniq -c | sort -n | tail -n 20", &words(100_000));
}

#[test]
fn floods_end_when_nobody_reads_on() {
    same("yes | head -n 20000 | wc", b"");
    same("yes a longer line than before | head -c 123456 | wc -c", b"");
    same("head -n 1", &words(300_000));
    same("cat | cat | head -n 3; echo $?", &words(300_000));
}

#[test]
fn there_may_be_no_input_at_all() {
    for pipeline in ["cat", "cat | tr a-z A-Z | sort | uniq | wc", "wc", "sort", "uniq -c", "head", "tail", "grep x"] {
        same(pipeline, b"");
    }
}

#[test]
fn the_last_line_may_have_no_end() {
    for input in [&b"x"[..], b"b\na", b"\n\nb\n\na", b"one line\n"] {
        for pipeline in ["cat", "cat | cat", "sort", "uniq", "wc", "head -n 1", "tail -n 1", "tr a b", "grep -c a"] {
            same(pipeline, input);
        }
    }
}

#[test]
fn bytes_are_bytes() {
    let input = binary(150_000);
    for pipeline in
        ["cat", "cat | cat | cat", "wc -c", "head -c 70000", "tail -c 5000", "tr '\\000-\\177' '\\200-\\377'"]
    {
        same(pipeline, &input);
    }
    same("sort", &binary(40_000));
}
