//! `vitrine fuzz` as a user meets it.

use std::fs;

use crate::common::{Folder, errors, run, text, vitrine};

#[test]
fn a_campaign_tells_how_it_went_and_repeats_with_its_seed() {
    let arguments = ["fuzz", "--seed", "5", "--steps", "4000", "--coverage"];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let told = text(&output);
    assert!(told.contains("raw: held in 2 cases, 4000 steps, seed 5; "), "{told}");
    for part in ["Results by call", "pipe2 ", "Edges: who waited for what", "Invariants, and", "no-lost-wakeup"] {
        assert!(told.contains(part), "{part} isn't in {told}");
    }
    // For each wait that is possible what can end it, seen or not; in lines that a terminal shows whole.
    for (wait, end) in [
        ("read, for pipe data: ", "write"),
        ("write, for pipe room: ", "read"),
        ("openat, for a FIFO's writer: ", "openat"),
        ("wait4, for a child: ", "exit_group"),
        ("semtimedop, for several semaphores: ", "semctl"),
        ("nanosleep, for time: ", "limit"),
    ] {
        let lines = told.lines().skip_while(|line| !line.starts_with(wait)).skip(1);
        let mut ends = lines.take_while(|line| line.starts_with(' ')).flat_map(str::split_whitespace);
        let is_it = |word: &str| word.trim_start_matches('!').split('=').next() == Some(end);
        assert!(ends.any(is_it), "{wait} isn't ended by {end} in {told}");
    }
    let is_unlisted = |word: &str| word.len() > 1 && word.starts_with('?');
    assert!(!told.split_whitespace().any(is_unlisted), "an edge isn't in the table: {told}");
    assert!(told.lines().all(|line| line.len() <= 100), "{told}");
    assert_eq!(text(&run(&[&arguments[..], &["--jobs", "2"]].concat())), told);
}

#[test]
fn models_are_tried_together_and_their_steps_are_counted() {
    let output = run(&["fuzz", "models", "--seed", "5", "--cases", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let told = text(&output);
    assert_eq!(told.lines().count(), 8, "{told}");
    for line in told.lines() {
        assert!(line.contains(" held in 1 case, ") && !line.contains(" 0 steps"), "{line}");
    }
    let help = text(&run(&["fuzz", "--help"]));
    assert!(help.contains("pipes        bytes of pipes and FIFOs in order"), "{help}");
}

#[test]
fn what_is_demanded_and_missing_is_listed() {
    let output = run(&["fuzz", "--seed", "5", "--steps", "2000", "--demand"]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(text(&output).contains("missing: clone never gave ENOMEM\n"), "{}", text(&output));
}

#[test]
fn a_script_is_carried_out_and_its_mistakes_are_named_by_line() {
    let folder = Folder::new("fuzz");
    let file = folder.file("a.script");
    fs::write(&file, "# property: raw\nb = a clone 17\nb openat -100 \"/tmp\" 0x10000 0\nb run\n").expect("written");
    let output = run(&["fuzz", "run", &file]);
    assert_eq!(
        (text(&output), output.status.code()),
        ("raw: held in 3 steps\n".into(), Some(0)),
        "{}",
        errors(&output)
    );
    fs::write(&file, "# property: raw\nb = a clone 17\nb opena 1\n").expect("written");
    let output = run(&["fuzz", "run", &file]);
    let expected = format!("vitrine: {file}:3: there is no system call `opena`\n");
    assert_eq!((errors(&output), output.status.code()), (expected, Some(65)));
    // The caller's own group, if nobody noticed that there is no such process.
    fs::write(&file, "b = a clone 17\nb kill $zz 9\n").expect("written");
    let output = run(&["fuzz", "run", &file]);
    let expected = format!("vitrine: {file}:2: no line before this one makes `zz`\n");
    assert_eq!((errors(&output), output.status.code()), (expected, Some(65)));
    fs::write(&file, b"\x7fELF\xff\xfe").expect("written");
    for command in [&["fuzz", "run", &file][..], &["lockstep", &file]] {
        let output = run(command);
        assert_eq!(output.status.code(), Some(65), "{}", errors(&output));
        assert!(errors(&output).starts_with(&format!("vitrine: {file}: no ")), "{}", errors(&output));
    }
    fs::write(&file, "# property: war\n").expect("written");
    assert_eq!(run(&["fuzz", "run", &file]).status.code(), Some(65));
    assert_eq!(run(&["fuzz", "run", &folder.file("nothing")]).status.code(), Some(74));
}

#[test]
fn a_seed_that_is_drawn_is_told_at_the_beginning() {
    let output = run(&["fuzz", "--cases", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let told = errors(&output);
    let seed = told.lines().next().and_then(|line| line.strip_prefix("seed ")).expect("it is told");
    assert!(text(&output).contains(&format!(", seed {seed};")), "{seed} in {}", text(&output));
    assert_eq!(errors(&run(&["fuzz", "--cases", "1", "--seed", "5"])), "");
}

#[test]
fn a_fault_that_cannot_be_planted_is_an_error() {
    let output = vitrine(&["programs"]).env("VITRINE_PLANT", "nosuch").output().expect("vitrine starts");
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let hint = match cfg!(feature = "planted-faults") {
        true => "no fault `nosuch`; there are orphan-to-grandparent, ",
        false => "`cargo build --features vitrine/planted-faults`",
    };
    assert!(errors(&output).contains("`nosuch`") && errors(&output).contains(hint), "{}", errors(&output));
}

#[test]
fn mistakes_in_the_command_line_are_refused_with_a_hint() {
    for (arguments, hint) in [
        (&["fuzz", "--syscalls", "pipe"][..], "there is no system call `pipe`, did you mean `pipe2`?"),
        (&["fuzz", "nosuch"], "there is no property `nosuch`; there are raw, tree, signals, "),
        (&["fuzz", "pipes", "--coverage"], "--coverage is for `raw`"),
        (&["fuzz", "models", "--syscalls", "read"], "--syscalls is for `raw`"),
        (&["fuzz", "--rate", "--jobs", "2"], "--jobs"),
        (&["fuzz", "--rate", "raw"], "--rate"),
        (&["fuzz", "row"], "there is no property `row`, did you mean `raw`?"),
        (&["fuzz", "--cases", "0"], "--cases"),
        (&["fuzz", "--cases", "5", "--steps", "5"], "--steps"),
        (&["fuzz", "--jobs", "0"], "--jobs"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(hint), "{arguments:?}: {}", errors(&output));
    }
}
