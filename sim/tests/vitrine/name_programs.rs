//! Programs that make, move and remove names, and what all programs have in common: compared with what GNU's say.

use crate::common::{errors, run, text};

/// What a script prints, on standard output and on standard error.
fn script(commands: &str) -> (String, String) {
    let output = run(&["run", "sh", "-c", commands]);
    (text(&output), errors(&output))
}

#[test]
fn rm_by_force_is_silent_about_what_does_not_exist() {
    let forced = "rm -f /dev/null/x; echo $?; rm -rf /dev/null/x /nowhere /nowhere/x; echo $?";
    assert_eq!(script(forced), ("0\n0\n".into(), String::new()));
    let said = "rm: cannot remove '/dev/null/x': Not a directory\n";
    assert_eq!(script("rm /dev/null/x; echo $?"), ("1\n".into(), said.into()));
    // What is there, and can't be removed, it still complains of.
    let said = "rm: cannot remove '/tmp': Is a directory\n";
    assert_eq!(script("rm -f /tmp; echo $?"), ("1\n".into(), said.into()));
}

#[test]
fn mv_onto_the_same_file_is_refused() {
    let make = "cd /tmp; mkfifo f; ln f g; mkdir d;";
    for (move_it, one, other) in [
        ("mv f f", "f", "f"),
        ("mv f ./f", "f", "./f"),
        ("mv f g", "f", "g"),
        ("mv f .", "f", "./f"),
        ("mv -T d d", "d", "d"),
    ] {
        let said = format!("mv: '{one}' and '{other}' are the same file\n");
        assert_eq!(script(&format!("{make} {move_it}; echo $?; ls")), ("1\nd\nf\ng\n".into(), said), "{move_it}");
    }
    // What isn't to be overwritten isn't looked at.
    assert_eq!(script(&format!("{make} mv -n f g; echo $?; ls")), ("0\nd\nf\ng\n".into(), String::new()));
    let said = "mv: cannot move 'd' to a subdirectory of itself, 'd/d'\n";
    assert_eq!(script(&format!("{make} mv d d; echo $?")), ("1\n".into(), said.into()));
    // The others are moved all the same.
    let said = "mv: 'f' and './f' are the same file\n";
    assert_eq!(script("cd /tmp; mkdir d; mkfifo f d/e; mv f d/e .; echo $?; ls").0, "1\nd\ne\nf\n");
    assert_eq!(script("cd /tmp; mkdir d; mkfifo f d/e; mv f d/e .").1, said);
}

#[test]
fn every_program_tells_its_version() {
    for name in ["ls", "tee", "rm", "grep", "true", "echo", "kill", "sort", "lost-update"] {
        let output = run(&["run", name, "--version"]);
        let version = format!("{name} from Vitrine {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((text(&output), output.status.code()), (version, Some(0)), "{}", errors(&output));
    }
    let output = run(&["run", "false", "--version"]);
    assert!(text(&output).starts_with("false from Vitrine ") && output.status.code() == Some(1));
    assert!(text(&run(&["run", "ls", "--help"])).contains("--version "));
    assert_eq!(script("echo a --version").0, "a --version\n");
    let output = run(&["run", "sh", "-c", "ls --version >/dev/full"]);
    assert_eq!((errors(&output), output.status.code()), ("ls: write error: No space left on device\n".into(), Some(1)));
}

#[test]
fn one_of_something_is_singular() {
    for (command, part) in [
        ("lost-update 1 1", "1 process, 1 increment: it should be 1, and is 1.\n"),
        ("lost-update-fixed 2 1", "2 processes, 1 increment each: it should be 2, and is 2.\n"),
        ("reaper 1", "1 child is about to end; "),
        ("reaper 1", "\n1 child ended, and the handler ran 1 time.\n"),
        ("matrix 1 1", "worker 0 computed 1 of 1 row\n"),
        ("prodcons shm 1", "shm     1 item, sum 1, "),
        ("ping 1", "1 round trip in "),
        ("progress 1", " computes 1 part of "),
        ("progress 1", ", 1 of 1 part is done\n"),
    ] {
        let said = script(command).0;
        assert!(said.contains(part), "{command}: {part:?} isn't in\n{said}");
    }
}
