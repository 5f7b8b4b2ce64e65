//! `sh` at a terminal: keys go in, and what a person would see on the screen is looked at.

use harness::{Run, Scenario, WINDOW};

/// The shell as the leader of a session with a terminal, at which these are typed one after the other.
fn typed<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Run {
    Scenario::command(["init", "-t", "sh", "-c", "exec sh 2>&1"]).typed(pieces).run()
}

/// The lines of the screen, and of what has been scrolled off it.
fn seen(run: &Run) -> Vec<String> {
    let width = usize::from(WINDOW.columns);
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0);
    let text = run.text();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                assert_eq!(characters.next(), Some('['));
                let mut number = String::new();
                while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                let count: usize = number.parse().unwrap_or(1);
                match characters.next() {
                    Some('A') => row = row.saturating_sub(count),
                    Some('B') => row += count,
                    Some('C') => column += count,
                    Some('J') => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    other => panic!("{other:?} in {text:?}"),
                }
            }
            '\x08' => column = column.saturating_sub(1),
            character => {
                if column == width {
                    (row, column) = (row + 1, 0);
                }
                if lines.len() <= row {
                    lines.resize(row + 1, Vec::new());
                }
                if lines[row].len() <= column {
                    lines[row].resize(column + 1, ' ');
                }
                lines[row][column] = character;
                column += 1;
            }
        }
        if lines.len() <= row {
            lines.resize(row + 1, Vec::new());
        }
    }
    lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_string()).collect()
}

/// What is typed one after the other, and what must be seen then.
#[track_caller]
fn shows<'a>(pieces: impl IntoIterator<Item = &'a str>, expected: &[&str]) {
    let run = typed(pieces);
    let seen = seen(&run);
    assert_eq!(seen, expected, "errors: {}", run.text());
}

#[test]
fn a_prompt_a_command_and_the_end() {
    shows(["echo hi\r", "\x04"], &["# echo hi", "hi", "# exit", ""]);
    assert_eq!(typed(["exit 3\r"]).status(), abi::WaitStatus::Exited(3));
}

#[test]
fn a_line_can_be_edited() {
    // Left, home, end, delete, backspace, words, cut and paste.
    shows(["eco\x1b[Dh\x05 hi\r", "exit\r"], &["# echo hi", "hi", "# exit", ""]);
    shows(["cho hi\x01e\r", "exit\r"], &["# echo hi", "hi", "# exit", ""]);
    shows(["echo wrong\x17right\r", "exit\r"], &["# echo right", "right", "# exit", ""]);
    shows(["wrong\x15echo a b\x1bb\x0b\x19\x19\r", "exit\r"], &["# echo a bb", "a bb", "# exit", ""]);
    shows(["echo grün\x7f\x7fün\r", "exit\r"], &["# echo grün", "grün", "# exit", ""]);
}

#[test]
fn a_long_line_wraps() {
    let long = "x".repeat(100);
    let line = format!("echo {long}");
    let shown = format!("# echo {long}");
    let expected = [&shown[..80], &shown[80..], &long[..80], &long[80..], "# exit", ""];
    shows([&line[..], "\x01\x05\r", "exit\r"], &expected);
    // Taken back over the edge.
    let back = format!("{line}{}", "\x7f".repeat(95));
    shows([&back[..], "\r", "exit\r"], &["# echo xxxxx", "xxxxx", "# exit", ""]);
}

#[test]
fn lines_typed_before_come_back() {
    shows(
        ["echo a\r", "echo b\r", "\x1b[A\x1b[A\r", "exit\r"],
        &["# echo a", "a", "# echo b", "b", "# echo a", "a", "# exit", ""],
    );
    shows(["echo a\r", "ec\x1b[A\x1b[Bho c\r", "exit\r"], &["# echo a", "a", "# echo c", "c", "# exit", ""]);
    shows(
        ["echo a\r", "echo b\r", "\x12o a\r", "exit\r"],
        &["# echo a", "a", "# echo b", "b", "# echo a", "a", "# exit", ""],
    );
}

#[test]
fn names_are_completed() {
    shows(
        ["pst\t--help | head -n 1\r", "exit\r"],
        &["# pstree --help | head -n 1", "Usage: pstree [OPTION]... [PID]", "# exit", ""],
    );
}

#[test]
fn ctrl_c_gives_a_new_prompt() {
    shows(["echo never\x03", "echo $?\r", "exit\r"], &["# echo never^C", "# echo $?", "130", "# exit", ""]);
    // In the middle of a command over several lines.
    shows(["if true\r", "\x03", "echo $?\r", "exit\r"], &["# if true", "> ^C", "# echo $?", "130", "# exit", ""]);
}

#[test]
fn ctrl_c_ends_the_job_in_the_foreground_and_nothing_else() {
    shows(["cat\r", "\x03", "echo $?\r", "exit\r"], &["# cat", "^C", "# echo $?", "130", "# exit", ""]);
    shows(
        ["cat; echo never\r", "\x03", "echo $?\r", "exit\r"],
        &["# cat; echo never", "^C", "# echo $?", "130", "# exit", ""],
    );
    shows(["cat | cat\r", "\x03", "echo $?\r", "exit\r"], &["# cat | cat", "^C", "# echo $?", "130", "# exit", ""]);
}

#[test]
fn ctrl_backslash_quits_the_job() {
    let run = typed(["cat\r", "\x1c", "echo $?\r", "exit\r"]);
    assert!(seen(&run).iter().any(|line| line == "131"), "{:?}", seen(&run));
}

#[test]
fn ctrl_z_stops_it_and_fg_goes_on() {
    shows(
        ["cat | cat\r", "a\r", "\x1a", "echo $?; jobs\r", "fg\r", "b\r", "\x04", "echo $?\r", "exit\r"],
        &[
            "# cat | cat",
            "a",
            "a",
            "^Z",
            "[1]+  Stopped                 cat | cat",
            "# echo $?; jobs",
            "148",
            "[1]+  Stopped                 cat | cat",
            "# fg",
            "cat | cat",
            "b",
            "b",
            "# echo $?",
            "0",
            "# exit",
            "",
        ],
    );
}

#[test]
fn a_background_job_that_reads_is_stopped() {
    let run = typed(["cat &\r", "jobs\r", "fg\r", "x\r", "\x04", "exit\r"]);
    let seen = seen(&run);
    assert!(seen.contains(&"[1]+  Stopped (tty input)     cat".to_string()), "{seen:?}");
    assert_eq!(seen.iter().filter(|line| *line == "x").count(), 2, "{seen:?}");
}

#[test]
fn exit_warns_of_stopped_jobs_once() {
    let run = typed(["cat\r", "\x1a", "exit\r", "exit 5\r"]);
    assert_eq!(run.status(), abi::WaitStatus::Exited(5));
    assert!(run.text().contains("There are stopped jobs."));
    // The end of the input counts as exit; a command in between counts.
    let run = typed(["cat\r", "\x1a", "\x04", "true\r", "\x04", "\x04"]);
    assert_eq!(run.text().matches("There are stopped jobs.").count(), 2);
}

#[test]
fn ends_in_the_background_are_told_before_the_next_prompt() {
    let run = typed(["sleep 1 &\r", "sleep 2\r", "exit\r"]);
    let errors = run.text();
    assert!(errors.contains("\n[1] ") && errors.contains("[1]+  Done                    sleep 1\r\n"), "{errors}");
}

#[test]
fn what_is_typed_while_a_command_runs_is_not_lost() {
    // By whoever reads next: a command, and then the shell.
    shows(["sleep 1; cat\rpear\r", "\x04", "exit\r"], &["# sleep 1; cat", "pear", "# exit", ""]);
    shows(["sleep 1\recho two\r", "exit\r"], &["# sleep 1", "# echo two", "two", "# exit", ""]);
}

#[test]
fn several_lines_at_once_are_several_commands() {
    let run = typed(["echo one\recho two\rif true\rthen echo three\rfi\rexit 7\r"]);
    run.exits(7);
    let seen = seen(&run);
    for word in ["one", "two", "three"] {
        assert!(seen.iter().any(|line| line == word), "{seen:?}");
    }
}

#[test]
fn a_shell_in_a_shell_gives_the_terminal_back() {
    let run = typed(["sh\r", "cat\r", "\x1a", "jobs\r", "kill %1\r", "exit\r", "cat\r", "\x03", "echo $?\r", "exit\r"]);
    run.succeeds();
    let seen = seen(&run);
    assert!(seen.contains(&"[1]+  Stopped                 cat".to_string()), "{seen:?}");
    assert!(seen.contains(&"130".to_string()), "{seen:?}");
}

#[test]
fn ctrl_c_at_the_prompt_runs_its_trap() {
    let lines = ["trap 'echo got it' INT\r", "half a line\x03", "trap '' INT\r", "\x03", "exit\r"];
    let seen = ["# trap 'echo got it' INT", "# half a line^C", "got it", "# trap '' INT", "# ^C", "# exit", ""];
    shows(lines, &seen);
}

#[test]
fn traps_run_in_front_of_a_person_too() {
    let run = typed(["trap 'echo got' USR1\r", "kill -USR1 $$\r", "exit\r"]);
    assert!(seen(&run).contains(&"got".to_string()), "{:?}", seen(&run));
}

#[test]
fn the_hung_up_terminal_ends_the_shell_and_its_jobs() {
    let run = typed(["cat\r", "\x1a", "cat\r"]);
    assert_eq!(run.status(), abi::WaitStatus::Exited(129));
}
