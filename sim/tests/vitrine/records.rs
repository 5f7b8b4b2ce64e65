//! Records: a replay repeats every step, and no change by hand passes silently.

use std::fs;
use std::process::Output;

use crate::common::{Folder, errors, run, text, vitrine, with_input};

const SCRIPT: &str = "cat | sort | head -n 2; true & false & wait; exit 3";
const INPUT: &[u8] = b"pear\napple\nfig\n";

/// Records the script into this file.
fn record(file: &str, options: &[&str]) -> Output {
    with_input(&[&["run", "--record", file], options, &["sh", "-c", SCRIPT]].concat(), INPUT)
}

fn replay(file: &str) -> Output {
    run(&["replay", file])
}

/// The record with one line replaced.
fn with_line(text: &str, number: usize, line: &str) -> String {
    let replaced = |(i, old): (usize, &str)| format!("{}\n", if i + 1 == number { line } else { old });
    text.lines().enumerate().map(replaced).collect()
}

#[test]
fn a_replay_prints_and_ends_as_the_run_did() {
    let folder = Folder::new("replay");
    let file = folder.file("a.rec");
    for options in [&[][..], &["--seed", "1"], &["--seed", "2"], &["--hash-every", "1"], &["--forget-every", "3"]] {
        let recorded = record(&file, options);
        assert_eq!(
            (text(&recorded).as_str(), recorded.status.code()),
            ("apple\nfig\n", Some(3)),
            "{}",
            errors(&recorded)
        );
        let replayed = replay(&file);
        assert!(recorded == replayed, "{options:?}: {}", errors(&replayed));
    }
}

#[test]
fn a_record_needs_its_input_beside_it() {
    let folder = Folder::new("inputs");
    let file = folder.file("a.rec");
    record(&file, &[]);
    let input = fs::read_dir(folder.file(".")).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        (path.extension()? == "input").then_some(path)
    });
    let input = input.unwrap();
    assert_eq!(fs::read(&input).unwrap(), INPUT);
    fs::write(&input, b"pear\napple\nfog\n").unwrap();
    let refused = replay(&file);
    assert_eq!(refused.status.code(), Some(65));
    assert!(errors(&refused).contains("it was changed"), "{}", errors(&refused));
    fs::remove_file(&input).unwrap();
    assert!(errors(&replay(&file)).contains("keep it beside the record"));
}

#[test]
fn every_line_matters() {
    let folder = Folder::new("lines");
    let (file, edited) = (folder.file("a.rec"), folder.file("edited.rec"));
    record(&file, &["--seed", "3", "--hash-every", "50"]);
    let recorded = fs::read_to_string(&file).unwrap();
    for (i, line) in recorded.lines().enumerate() {
        let number = i + 1;
        let without: String =
            recorded.lines().enumerate().filter(|&(j, _)| j != i).map(|(_, line)| format!("{line}\n")).collect();
        // The last digit changed, so that most lines keep their form.
        let last = line.chars().next_back().unwrap();
        let other = format!("{}{}", &line[..line.len() - 1], if last == '1' { '2' } else { '1' });
        for (what, text) in [("missing", without), ("changed", with_line(&recorded, number, &other))] {
            fs::write(&edited, text).unwrap();
            let replayed = replay(&edited);
            let errors = errors(&replayed);
            assert!(matches!(replayed.status.code(), Some(1 | 65)), "line {number} {what}: {line}\n{errors}");
            assert!(
                errors.contains("line ") || errors.contains("first difference at step "),
                "{number} {what}: {errors}"
            );
        }
    }
}

#[test]
fn another_hash_is_the_first_difference() {
    let folder = Folder::new("hash");
    let file = folder.file("a.rec");
    record(&file, &[]);
    let recorded = fs::read_to_string(&file).unwrap();
    let number = recorded.lines().position(|line| line.starts_with("hash 17 ")).unwrap() + 1;
    fs::write(&file, with_line(&recorded, number, "hash 17 0123456789abcdef")).unwrap();
    let replayed = replay(&file);
    assert_eq!(replayed.status.code(), Some(1));
    let what = format!("first difference at step 17: hash recorded 0123456789abcdef (line {number}), replayed ");
    assert!(errors(&replayed).contains(&what), "{}", errors(&replayed));
}

#[test]
fn another_choice_is_tried_out_and_differs_from_its_step_on() {
    let folder = Folder::new("choice");
    let file = folder.file("a.rec");
    record(&file, &["--seed", "4"]);
    let recorded = fs::read_to_string(&file).unwrap();
    let choice = recorded.lines().enumerate().find(|(_, line)| line.starts_with("choice ") && line.ends_with("1/3"));
    let (i, line) = choice.expect("some choice among three");
    let step: u64 = line.split(' ').nth(1).unwrap().parse().unwrap();
    fs::write(&file, with_line(&recorded, i + 1, &line.replace("1/3", "2/3"))).unwrap();
    let replayed = replay(&file);
    assert_eq!(replayed.status.code(), Some(1));
    let what = format!("first difference at step {}: hash recorded", step + 1);
    assert!(errors(&replayed).contains(&what), "{line}: {}", errors(&replayed));
}

#[test]
fn a_run_that_lost_its_reader_replays_up_to_there() {
    let folder = Folder::new("stopped");
    let file = folder.file("a.rec");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let stopped =
        vitrine(&["run", "--record", &file, "yes"]).stdin(std::process::Stdio::null()).stdout(writer).output();
    assert_eq!(stopped.unwrap().status.code(), Some(74));
    let replayed = replay(&file);
    assert!(replayed.stdout.starts_with(b"y\ny\n"), "{}", errors(&replayed));
    assert_eq!(replayed.status.code(), Some(74));
    assert!(errors(&replayed).contains("the run was stopped from outside after step "), "{}", errors(&replayed));
}
