//! The commands as a user meets them: what they print, what they exit with, and what they say when something is wrong.

use std::process::Stdio;

use crate::common::{Folder, errors, run, text, vitrine, with_input};

#[test]
fn text_flows_through_a_pipeline() {
    let output = with_input(&["run", "sh", "-c", "cat | sort | head -n 1"], b"pear\napple\nfig\n");
    assert_eq!((text(&output), output.status.code()), ("apple\n".into(), Some(0)), "{}", errors(&output));
}

#[test]
fn input_comes_through_unharmed() {
    let binary: Vec<u8> = (0..200_000u32).map(|i| (i * 31 % 256) as u8).collect();
    for input in [&b""[..], b"no final newline", b"\n", b"\0\xff\n", &binary] {
        let output = with_input(&["run", "sh", "-c", "cat | cat | cat"], input);
        assert!(output.stdout == input, "{} bytes: {} came out: {}", input.len(), output.stdout.len(), errors(&output));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_flood_ends_when_its_reader_does() {
    let output = run(&["run", "sh", "-c", "yes | head -n 3"]);
    assert_eq!((text(&output), output.status.code()), ("y\ny\ny\n".into(), Some(0)), "{}", errors(&output));
}

#[test]
fn the_exit_status_is_the_programs() {
    for (program, status) in [(&["true"][..], 0), (&["false"], 1), (&["sh", "-c", "exit 44"], 44)] {
        let output = run(&[&["run"], program].concat());
        assert_eq!(output.status.code(), Some(status), "{program:?}: {}", errors(&output));
    }
}

#[test]
fn arguments_are_passed_on_as_they_are() {
    let output = run(&["run", "echo", "--seed", "-x", "a  b", ""]);
    assert_eq!(text(&output), "--seed -x a  b \n", "{}", errors(&output));
}

#[test]
fn without_a_command_there_is_the_tour() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(!output.stdout.is_empty());
}

#[test]
fn the_same_run_has_the_same_trace() {
    let script = "seq 3 | sort -r & sleep 0.001; echo done | cat; wait; false || true";
    for seed in [&[][..], &["--seed", "1"], &["--seed", "2"]] {
        let traced = |_| run(&[&["run", "--trace"], seed, &["sh", "-c", script]].concat());
        let [once, again] = [0, 1].map(traced);
        assert_eq!(once.status.code(), Some(0), "{}", errors(&once));
        assert!(errors(&once).contains("execve(\"sort\""), "{}", errors(&once));
        assert!(once.stderr == again.stderr && once.stdout == again.stdout, "{seed:?}");
    }
}

#[test]
fn lost_updates_are_shown_and_shown_again_by_a_replay() {
    let folder = Folder::new("lost-updates");
    let (file, record) = (folder.file("lost"), folder.file("record"));
    let program = ["lost-update", "--think", "4000", "2", "4"];
    let shown = run(&[&["run", "--lost-updates"][..], &program].concat());
    let report = errors(&shown);
    assert_eq!(shown.status.code(), Some(1), "{report}");
    assert_eq!(report.matches("userland/src/programs/lost_update.rs:").count() % 4, 0, "{report}");
    assert!(report.starts_with("lost update of 8 bytes at 0x") && report.contains(" unseen\n"), "{report}");

    let in_file = format!("--lost-updates={file}");
    let recorded = run(&[&["run", &in_file, "--record", &record][..], &program].concat());
    assert_eq!((text(&recorded), errors(&recorded)), (text(&shown), String::new()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), report);
    let replayed = run(&["replay", "--lost-updates", &record]);
    assert_eq!((replayed.status.code(), errors(&replayed)), (Some(1), report));

    let nowhere = format!("--lost-updates={}", folder.file("none/lost"));
    for arguments in [["run", &nowhere, "true"], ["replay", &nowhere, &record]] {
        let refused = run(&arguments);
        assert_eq!(refused.status.code(), Some(74));
        assert!(errors(&refused).contains("cannot write the lost updates to "), "{}", errors(&refused));
    }
    let full = run(&["run", "--lost-updates=/dev/full", "lost-update-fixed"]);
    assert_eq!(full.status.code(), Some(74), "{}", errors(&full));
    assert!(errors(&full).contains("cannot write the lost updates: "), "{}", errors(&full));
}

#[test]
fn a_trace_shows_calls_waits_and_ends() {
    let folder = Folder::new("trace");
    let file = folder.file("calls");
    let output = with_input(&["run", &format!("--trace={file}"), "sh", "-c", "cat | wc -c"], b"pear\n");
    assert_eq!((text(&output).trim(), errors(&output).as_str()), ("5", ""));
    let trace = std::fs::read_to_string(&file).unwrap();
    for part in [
        "pipe2([3, 4], 0) = 0",
        "clone(SIGCHLD",
        "+++ forked by ",
        "\"pear\\n\"",
        "<unfinished ...>",
        "resumed>",
        "WEXITSTATUS(s) == 0",
        "+++ exited with 0 +++",
    ] {
        assert!(trace.contains(part), "{part} isn't in\n{trace}");
    }
    let times: Vec<u64> = trace.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
    assert!(times.is_sorted(), "time goes back in\n{trace}");
    // A result is shown with the memory that it came with, even if its process ends at once.
    assert_eq!(trace.matches("wait4 resumed>[{WIFEXITED").count(), trace.matches("wait4 resumed>").count(), "{trace}");
}

#[test]
fn forgetting_all_futures_changes_nothing() {
    let script = "seq 20 | sort -r | head -n 3; echo $?; false; echo $?";
    let plain = run(&["run", "--trace", "sh", "-c", script]);
    assert_eq!(plain.status.code(), Some(0), "{}", errors(&plain));
    for every in ["1", "7"] {
        let forgetful = run(&["run", "--trace", "--forget-every", every, "sh", "-c", script]);
        assert!(plain == forgetful, "every {every} steps:\n{}", errors(&forgetful));
    }
}

#[test]
fn logs_have_virtual_time_and_process() {
    let output = vitrine(&["run", "echo", "hi"]).env("RUST_LOG", "kernel=debug").stdin(Stdio::null()).output().unwrap();
    let errors = errors(&output);
    assert!(errors.lines().any(|line| line.contains("DEBUG kernel::")), "{errors}");
    assert!(run(&["run", "echo", "hi"]).stderr.is_empty());
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let folder = Folder::new("mistakes");
    let (missing, here) = (folder.file("missing/file"), folder.file("."));
    for (arguments, status, what) in [
        (&["run", "srot"][..], 127, "did you mean `sort`?; `vitrine programs` lists them"),
        (&["run", "no-such-program"], 127, "`vitrine programs` lists them"),
        (&["run", "--sed", "1", "cat"], 2, "--seed"),
        (&["run", "--seed", "one", "cat"], 2, "invalid value 'one'"),
        (&["run"], 2, "PROGRAM"),
        (&["rum"], 2, "run"),
        (&["run", "--record", &missing, "true"], 74, "cannot write the record"),
        (&["run", &format!("--trace={missing}"), "true"], 74, "cannot write the trace"),
        (&["replay", &missing], 74, "cannot read the record"),
        (&["replay", &here], 74, "cannot read the record"),
        (&["syscalls", "forc"], 127, "vitrine syscalls"),
    ] {
        let output = run(arguments);
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
        assert!(errors.contains(what) && !errors.contains("panicked"), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn closed_or_full_standard_output_is_an_error_and_no_panic() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["run", "echo", "hi"][..],
        &["run", "yes"],
        &["programs"],
        &["syscalls"],
        &["syscalls", "read"],
        &["--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        for stdout in [Stdio::from(writer), Stdio::from(full())] {
            let output = vitrine(arguments).stdin(Stdio::null()).stdout(stdout).output().unwrap();
            let errors = errors(&output);
            assert_eq!(output.status.code(), Some(74), "{arguments:?}: {errors}");
            assert!(
                errors.starts_with("vitrine: cannot write to standard output: ") && errors.lines().count() == 1,
                "{errors}"
            );
        }
    }
}

#[test]
fn standard_input_that_is_a_folder_is_an_error() {
    let folder = std::fs::File::open("/").unwrap();
    let output = vitrine(&["run", "cat"]).stdin(folder).output().unwrap();
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(74), "{errors}");
    assert!(errors.contains("cannot read standard input: Is a directory"), "{errors}");
}

#[test]
fn lists_are_complete() {
    let programs = text(&run(&["programs"]));
    for program in userland::programs::PROGRAMS {
        assert!(programs.lines().any(|line| line.split(' ').next() == Some(program.name)), "{}", program.name);
    }
    let calls = text(&run(&["syscalls"]));
    for call in abi::Syscall::TABLE {
        assert!(calls.contains(call.summary), "{}", call.name);
        assert_eq!(run(&["syscalls", call.name]).status.code(), Some(0));
    }
}

#[test]
fn what_is_no_lock_step_script_is_refused_with_its_line() {
    let good = r#"{"id":"good","ops":[{"p":"a","o":"getppid","a":[],"r":"R"}]}"#;
    let output = with_input(&["lockstep"], good.as_bytes());
    assert_eq!((output.status.code(), errors(&output)), (Some(0), String::new()), "{}", text(&output));
    let bad = [
        ("{}", "no operations"),
        (r#"{"id":"empty","ops":[]}"#, "script empty has no operations"),
        (r#"{"id":"odd","ops":[{"p":"a","o":"frok","a":[]}]}"#, "script odd, operation 0"),
        (r#"{"id":"odd","ops":[{"p":"b","o":"getppid","a":[]}]}"#, "script odd, operation 0"),
        (r#"{"id":"odd","ops":[{"p":"a","o":"write","a":[1,-1,0]}]}"#, "argument 2"),
    ];
    for (script, why) in bad {
        let output = with_input(&["lockstep"], format!("{good}\n{script}\n").as_bytes());
        let told = errors(&output);
        assert_eq!(output.status.code(), Some(65), "{script}: {told}");
        assert!(told.contains("standard input, line 2: ") && told.contains(why), "{script}: {told}");
    }
}
