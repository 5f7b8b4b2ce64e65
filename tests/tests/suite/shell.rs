//! `sh`: job control and traps in scripts, compared with the host's shells.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use harness::Scenario;

/// What a host's shell writes to standard output for a script, and its exit status. It runs in a session of its own, so
/// that it finds no terminal.
fn on_host(shell: &str, script: &str) -> (Vec<u8>, i32) {
    let mut command = Command::new("setsid");
    command.args(["-w", "timeout", "20", shell, "-c", script]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.env_clear().env("PATH", "/usr/bin:/bin").output().expect("the host has this shell");
    let status = output.status;
    (output.stdout, status.code().or(status.signal().map(|signal| 128 + signal)).expect("it ends"))
}

/// Our shell must write what the host's does, and end with the same status.
#[track_caller]
fn as_in(shell: &str, script: &str) {
    let (expected, status) = on_host(shell, script);
    assert!(status != 124, "the host's shell hangs");
    Scenario::command(["sh", "-c", script]).run().exits(status as u8).prints(expected);
}

#[test]
fn jobs_are_listed_as_in_bash() {
    as_in("bash", "set -m; sleep 0.5 & sleep 0.6 | cat & jobs; wait; jobs; echo end");
    as_in("bash", "set -m; sleep 0.5 & sleep 0.6 | cat & kill -TSTP %1; sleep 0.1; jobs; kill -CONT %1; wait");
    // What has ended is shown once. (bash forgets it earlier if the script is one line.)
    let script = "set -m; sleep 0.1 & sh -c 'sleep 0.1; exit 3' & sleep 0.4; jobs; jobs; echo $?";
    let expected =
        "[1]-  Done                    sleep 0.1\n[2]+  Exit 3                  sh -c 'sleep 0.1; exit 3'\n0\n";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints(expected);
    let script = "set -m; sleep 5 & sleep 6 & kill %1; sleep 0.1; jobs %2; kill %2; wait; jobs";
    let expected = "[2]+  Running                 sleep 6 &\n[1]-  Terminated              sleep 5\n\
                    [2]+  Terminated              sleep 6\n";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints(expected);
}

#[test]
fn a_stopped_job_goes_on_in_the_background_or_in_front() {
    as_in("bash", "set -m; sleep 0.4 & kill -TSTP %1; sleep 0.1; jobs; bg; jobs; fg; echo $?; jobs");
    as_in("bash", "set -m; sh -c 'kill -TSTP $$; exit 4'; echo $?; jobs; fg %1; echo $?");
}

#[test]
fn jobs_have_names() {
    // Not compared: whether bash still knows the second one depends on when it ended.
    let script = "set -m; sleep 9 & sleep 8 & kill %1 %?8; wait %1; echo $?; wait %2; echo $?";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints("143\n143\n");
    as_in(
        "bash",
        "set -m; sleep 9 & kill %sl; wait %%; echo $?; wait %7; echo $?; kill %7; echo $?; fg; echo $?; bg; echo $?",
    );
}

#[test]
fn statuses_tell_of_signals() {
    as_in(
        "bash",
        "sh -c 'kill -INT $$'; echo $?; sh -c 'kill -TERM $$' | cat; echo $?; sleep 9 & kill $!; wait $!; echo $?",
    );
    as_in("dash", "sh -c 'kill -KILL $$'; echo $?; (exit 3) & wait $!; echo $?; wait 99999; echo $?; wait; echo $?");
    as_in("bash", "set -m; sh -c 'kill -TSTP $$'; echo $?; kill -KILL %1; wait %1; echo $?");
}

#[test]
fn each_pipeline_has_its_own_group_under_job_control() {
    let script = "set -m; sleep 9 | sleep 9 & jobs -p; kill -s TERM -- -4; wait; kill -0 -4 || echo gone";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints("4\ngone\n");
    // Without it, all are in the shell's.
    let script = "sleep 9 & kill -0 -4 || echo none; kill %1; wait";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints("none\n");
}

#[test]
fn traps_run_when_the_command_has_ended() {
    for script in [
        "trap 'echo got' TERM; kill $$; echo after",
        "trap 'echo bye' EXIT; echo hi; exit 3",
        "trap 'echo bye; exit 4' 0; exit 3",
        "trap 'echo usr1' USR1; trap 'echo usr2' USR2; kill -USR2 $$; kill -USR1 $$; echo end",
        "trap 'echo one' USR1; trap - USR1; kill -USR1 $$; echo never",
        "trap '' USR1; kill -USR1 $$; echo alive; sh -c 'kill -USR1 $$; echo child alive'",
        "trap 'echo x' USR1; (kill -USR1 $$; echo in); echo out",
        "trap 'echo x' USR1; sh -c 'kill -USR1 $$; echo never'; echo $?",
        "trap 'echo x' INT; trap 'it'\\''s' USR2; trap '' HUP; trap; trap - HUP; trap",
        "trap 'echo bye' EXIT; (echo sub); (trap 'echo sub bye' EXIT; echo sub2)",
        "trap 'false' USR1; kill -USR1 $$; echo $?; true; echo $?",
        "trap 'echo e' EXIT; trap - EXIT; echo done",
        "trap 'echo $?' EXIT; (exit 7)",
        "trap foo BAR; echo $?",
        "trap 'exit 9' TERM; while true; do kill $$; done",
        "(trap '' TERM; sh -c 'trap \"echo no\" TERM; kill $$; echo stays')",
    ] {
        as_in("dash", script);
    }
}

#[test]
fn a_trapped_signal_ends_a_wait() {
    as_in("dash", "trap 'echo got' USR1; (sleep 0.1; kill -USR1 $$) & sleep 9 & wait $!; echo $?; kill $!; wait");
    as_in("dash", "trap 'echo got' USR1; (sleep 0.1; kill -USR1 $$; sleep 0.3) & wait; echo $?; wait");
    as_in("bash", "trap 'echo got' USR1; (sleep 0.1; kill -USR1 $$) & sleep 0.3; echo $?");
}

#[test]
fn no_signal_is_lost_before_a_wait() {
    // Under every schedule the trap runs, wherever the signal comes.
    let script = "trap 'echo got; kill $! 2>&-' USR1; (kill -USR1 $$) & sleep 9 & wait; wait; echo end";
    Scenario::command(["sh", "-c", script]).seeds(40).prints("got\nend\n");
}

#[test]
fn options_and_small_builtins() {
    as_in("dash", "eval 'echo a; echo b'; eval; echo $?; eval 'exit 3'; echo never");
    as_in("dash", "kill -l 9; kill -l 143; kill -s KILL 99999; echo $?; kill; echo $?");
    let script = "echo $-; set -m; echo $-; set -o; set +m; echo $-; set +o";
    let expected = "c\ncm\nmonitor         on\nc\nset +o monitor\n";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints(expected);
}

#[test]
fn a_list_in_the_background_is_one_job() {
    as_in("bash", "set -m; sleep 0.2 && echo hi & jobs; wait");
    let script = "set -m; for i in 1 2\ndo sleep 1\ndone & jobs; wait";
    let expected = "[1]+  Running                 for i in 1 2; do sleep 1; done &\n";
    Scenario::command(["sh", "-c", script]).run().succeeds().prints(expected);
}

/// In a directory of its own, which is removed behind it.
#[track_caller]
fn as_in_dash_in_a_directory(script: &str) {
    as_in("dash", &format!("d=/tmp/vitrine-redirections-$$; mkdir $d; cd $d; {script}; cd /; rm -r $d"));
}

#[test]
fn redirections_onto_fifos_are_those_of_dash() {
    for script in [
        "mkfifo f; cat f & echo one >f; wait; (echo two >f) & cat <f; wait",
        "mkfifo f g; cat <f >g & echo through >f & cat g; wait",
        "mkfifo f; cat f & (echo a; echo b) >>f; wait; echo c >f & tee -a /dev/null <f; wait",
        "mkfifo f; exec 3<>f; echo held >&3; exec 4<f; head -n 1 <&4; exec 3>&- 4<&-; ls",
        "mkfifo f; head -n 1 f & yes >f; wait; echo end",
        "mkfifo f; cat f & sleep 0.1; kill $!; wait $!; echo $?",
        "mkfifo f; ln f g; rm f; cat g & echo by another name >g; wait",
        "mkfifo -m 640 f; ls -l f | head -c 10; chmod 600 f; ls -l f | head -c 10; mkfifo f; echo $?",
    ] {
        as_in_dash_in_a_directory(script);
    }
}

#[test]
fn redirections_onto_devices_and_those_that_fail_are_those_of_dash() {
    for script in [
        "echo x >/dev/null; echo $?; cat </dev/null; echo $?; head -c 4 /dev/zero | wc -c; echo y >>/dev/null; echo $?",
        "echo x | cat >/dev/full; echo $?; cat /dev/full | head -c 3 | wc -c; echo two | tee /dev/null /dev/null",
        "true </dev/tty; echo $?; true >/dev/tty; echo $?; true >nowhere/x; echo $?; true <nowhere; echo $?",
        "mkdir d; echo x >d; echo $?; cat <d; echo $?; true </dev/null/x; echo $?; echo x >&7; echo $?",
        "{ echo in; } <nowhere; echo $?; (echo in) <nowhere; echo $?; if true; then echo in; fi >d/e; echo $?",
    ] {
        as_in_dash_in_a_directory(script);
    }
    // Of a special builtin it ends the shell, but not one around it.
    for builtin in [":", "exec", "set", "trap", "X=1 :", "eval 'echo no'", "export A=1", "unset A"] {
        as_in("dash", &format!("echo before; {builtin} </nowhere; echo after"));
        as_in("dash", &format!("({builtin} </nowhere; echo after); echo $?"));
    }
    as_in("dash", "while true; do : </nowhere; echo in; done; echo after");
}
