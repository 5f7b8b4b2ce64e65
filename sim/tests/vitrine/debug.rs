//! `vitrine debug` as a user meets it: over a pipe, as a script would.

use std::process::{Output, Stdio};

use crate::common::{Folder, errors, run, text, vitrine, with_input};

/// A session with these commands, one a line.
fn session(arguments: &[&str], commands: &str) -> Output {
    with_input(&[&["debug"], arguments].concat(), commands.as_bytes())
}

/// What it says.
#[track_caller]
fn says(arguments: &[&str], commands: &str) -> String {
    let output = session(arguments, commands);
    assert_eq!((output.status.code(), errors(&output).as_str()), (Some(0), ""), "{}", text(&output));
    text(&output)
}

const PIPELINE: &[&str] = &["sh", "-c", "echo hi | cat"];

#[test]
fn a_step_is_told_with_its_source_line() {
    let text = says(PIPELINE, "step 5\nquit\nstep\n");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("     5         4    2 sh       pipe2([3, 4], 0) = 0     "), "{text}");
    assert!(last.contains(" userland/src/programs/sh/pipeline.rs:"), "{text}");
    assert!(text.contains("\n                    2 init     +++ forked by 1 +++\n"), "{text}");
}

#[test]
fn back_and_step_tell_the_same_again_but_show_no_output_twice() {
    let forward = says(PIPELINE, "step 26\nstep\n");
    assert!(forward.ends_with("\nhalted: 1 init exited with 0\n"), "{forward}");
    assert_eq!(forward.matches("out| hi\n").count(), 1);
    let both_ways = says(PIPELINE, "step 26\nback 26\nstep 26\nstep\n");
    let again = both_ways.strip_prefix(forward.strip_suffix("halted: 1 init exited with 0\n").unwrap()).unwrap();
    let expected = format!("at the beginning: no step has been made\n{}", forward.replace("out| hi\n", ""));
    assert_eq!(again, expected);
}

#[test]
fn run_goes_to_the_end_or_so_far() {
    let text = says(PIPELINE, "run\nback 2\nrun 1\ngoto 4\nrun\nrun\n");
    assert_eq!(text.matches("out| hi\n").count(), 1, "{text}");
    assert_eq!(text.matches("halted: 1 init exited with 0\n").count(), 3, "{text}");
    assert!(text.contains("\n     4         3    2 sh       getpid() = 2"), "{text}");
    let steps: Vec<u64> = text.lines().filter_map(|line| line.get(..6)?.trim().parse().ok()).collect();
    assert_eq!(steps, [26, 24, 25, 4, 26, 26]);
}

#[test]
fn tables_show_the_state() {
    let text = says(PIPELINE, "step 9\nps\nwhere 2\nfds 3\npipes\nsignals 2\nmemory 3\n");
    for part in [
        "pid  ppid  pgid  name  state\n  1     0     1  init  waiting  for a child to change state\n",
        "  3     2     1  sh    ready 1\n",
        "  2  sh    userland/src/programs/sh/pipeline.rs:107  close(3) = 0\n",
        " 4     4     1  write               pipe 0, 0 bytes in it\n",
        "   0      0  65536  3:3 4:3  3:4\n",
        "blocked                     none\n",
        "copied on write, shared with 2 4\n",
    ] {
        assert!(text.contains(part), "{part} isn't in\n{text}");
    }
    assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
}

#[test]
fn choosing_leads_into_another_future() {
    let race = &["sh", "-c", "echo one & echo two & wait"][..];
    let usual = says(race, "run\n");
    assert!(usual.starts_with("out| one\nout| two\n"), "{usual}");
    let other = says(race, "step 6\nchoose 4\nchoices\nstep\nback\nrun\nchoices\n");
    assert!(other.contains("\n4 runs in step 7: preempt 2/3\nstep 7: preempt 2/3, by you\n"), "{other}");
    assert!(other.contains("\nout| two\nout| one\n"), "{other}");
    let back = says(race, "step 6\nchoose 4\nrun\ngoto 6\nchoose 3\nrun\n");
    assert!(back.contains(" of another future forgotten\nout| one\nout| two\n"), "{back}");
}

#[test]
fn the_program_reads_what_input_names_and_nothing_else() {
    let folder = Folder::new("debug-input");
    let file = folder.file("words");
    std::fs::write(&file, "pear\napple\n").unwrap();
    let text = says(&["--input", &file, "sort"], "run\nback 3\nback 3\nstep 20\n");
    assert_eq!(text.matches("out| apple\nout| pear\n").count(), 1, "{text}");
    assert!(says(&["cat"], "step 5\n").contains("<... read resumed>\"\", "));
    let missing = session(&["--input", &folder.file("missing"), "cat"], "");
    assert_eq!(missing.status.code(), Some(74));
    assert!(errors(&missing).contains("cannot read the input"), "{}", errors(&missing));
}

#[test]
fn a_seed_decides_as_in_run() {
    let race = &["sh", "-c", "echo a & echo b & echo c & echo d & wait"];
    for seed in ["1", "2", "3"] {
        let ran = run(&[&["run", "--seed", seed], &race[..]].concat());
        let debugged = says(&[&["--seed", seed], &race[..]].concat(), "run\n");
        let output: String =
            debugged.lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix("out| ")?))).collect();
        assert_eq!(output, text(&ran));
    }
}

#[test]
fn mistakes_are_told_and_the_session_goes_on() {
    for (commands, message) in [
        ("stpe\n", "no command `stpe`, did you mean `step`?; `help` lists them\n"),
        ("step one\n", "`step` takes a number of steps, not `one`\n"),
        ("fds\n", "`fds` needs a process id: `fds PID`\n"),
        ("fds 77\n", "no process 77; `processes` lists them\n"),
        ("choose 77\n", "no process 77; `processes` lists them\n"),
        ("step 2\nchoose 1\n", "1 can't run in step 3: it waits for a child to change state\n"),
        ("step \u{1b}[2J\n", "`step` takes a number of steps, not `\\u{1b}[2J`"),
    ] {
        let output = session(PIPELINE, &format!("{commands}goto 1\n"));
        let text = text(&output);
        assert!(text.contains(message), "{text}");
        assert!(text.contains("     1         0    1 init     clone("), "{text}");
        assert!(!text.contains('\u{1b}'));
        // Nobody was there to see it.
        assert_eq!(output.status.code(), Some(2), "{text}");
    }
}

#[test]
fn what_can_not_begin_is_an_error() {
    for (arguments, status, what) in [
        (&["debug", "srot"][..], 127, "did you mean `sort`?"),
        (&["debug"], 2, "PROGRAM"),
        (&["debug", "--sed", "1", "cat"], 2, "see 'vitrine debug --help'"),
        (&["debug", "--sed", "1", "cat"], 2, "Usage: vitrine debug "),
        (&["run", "--lost-update", "true"], 2, "Usage: vitrine run "),
        (&["run", "--lost-update", "true"], 2, "--lost-updates"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(errors(&output).contains(what), "{}", errors(&output));
    }
    let folder = vitrine(&["debug", "cat"]).stdin(std::fs::File::open("/").unwrap()).output().unwrap();
    assert_eq!(folder.status.code(), Some(74));
    assert!(errors(&folder).contains("cannot read standard input"), "{}", errors(&folder));
}

#[test]
fn a_reader_that_leaves_ends_the_session() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (commands, mut feed) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut feed, b"run\n").unwrap();
    drop(feed);
    let output = vitrine(&["debug", "yes"]).stdin(commands).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(74), "{}", errors(&output));
    assert!(errors(&output).starts_with("vitrine: cannot write to standard output: "), "{}", errors(&output));
}

#[test]
fn help_lists_the_commands() {
    let help = says(&["true"], "help\n# a comment\n\n");
    for name in ["step [N]", "back [N]", "run [N]", "processes", "fds PID", "memory PID", "choose PID", "help", "quit"]
    {
        assert!(help.lines().any(|line| line.trim_start().starts_with(&format!("{name} "))), "{help}");
    }
}
