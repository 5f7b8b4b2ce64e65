//! The programs about signals, timers, jumps and faults: what each shows, and with which status it ends.

use crate::common::{run, text};

/// What a command line prints, and its exit status.
fn ran(argv: &[&str]) -> (String, i32) {
    let output = run(&[&["run"], argv].concat());
    (text(&output), output.status.code().expect("it exits"))
}

fn script(commands: &str) -> (String, i32) {
    ran(&["sh", "-c", commands])
}

#[test]
fn sigdemo_shows_each_path() {
    let (said, status) = ran(&["sigdemo"]);
    assert_eq!(status, 0, "{said}");
    for part in [
        "   handler: SIGUSR1 from process 2\n   kill has returned\n",
        "   pending: SIGUSR1\n   I unblock it:\n   handler: SIGUSR1 from process 2\n   pending: nothing\n",
        "while it is blocked, are one.\n   handler: SIGUSR1 from process 2\n\n4.",
        "   handler: SIGRT34 with the value 2\n   handler: SIGRT34 with the value 3\n   handler: SIGRT35 with the value 1\n",
        "   sigwait returned SIGUSR1\n   pending: nothing\n",
        "   I set it to SIG_IGN:\n   pending: nothing\n",
        "   a child that got SIGTERM was ended by SIGTERM\n",
        "   without: read failed: Interrupted system call\n",
        "   with SA_RESTART: read returned 4 bytes\n",
        "   SIGTERM: nothing happens yet\n   SIGCONT: the child was ended by SIGTERM\n",
    ] {
        assert!(said.contains(part), "{part:?} isn't in\n{said}");
    }
}

#[test]
fn jump_keeps_memory_and_takes_variables_back() {
    let (said, status) = ran(&["jump"]);
    assert_eq!(status, 0, "{said}");
    for part in [
        "   setjmp returned 0: local variable 1, memory 1\n",
        "   setjmp returned 42: local variable 1, memory 2\n",
        "   sigsetjmp returned 10; SIGUSR1 is still blocked, as it was in the handler\n3.",
        "   sigsetjmp returned 10; SIGUSR1 is not blocked, as at sigsetjmp\n",
    ] {
        assert!(said.contains(part), "{part:?} isn't in\n{said}");
    }
    assert!(!said.contains("never reached"), "{said}");
}

#[test]
fn children_are_all_reaped_whatever_sigchld_counts() {
    let (said, status) = ran(&["reaper", "4"]);
    assert_eq!(status, 0);
    let reaped = said.lines().filter(|line| line.starts_with("  process ")).count();
    assert!(reaped == 4 && said.contains("\n4 children ended, and the handler ran "), "{said}");
}

#[test]
fn progress_tells_of_every_part() {
    for parts in ["0", "1", "5"] {
        let (said, status) = ran(&["progress", parts]);
        assert_eq!(status, 0, "{said}");
        let done = if parts == "1" { "part is done" } else { "parts are done" };
        let end = format!("the child exited with status 0, {parts} of {parts} {done}\n");
        assert!(said.ends_with(&end), "{said}");
    }
    assert_eq!(ran(&["progress", "many"]).1, 2);
}

#[test]
fn cleanup_loses_nothing_and_ends_by_the_signal() {
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let (said, ended) = script(&format!("cleanup & sleep 0.017; kill -{signal} $!; wait $!"));
        assert_eq!(ended, status, "{said}");
        let written: Vec<&str> = said.lines().filter(|line| line.starts_with("records ")).collect();
        let last = written.last().and_then(|line| line.rsplit(' ').next()).and_then(|last| last.parse::<u32>().ok());
        let total = last.map(|last| format!("{} records written, none lost, memory freed\n", last + 1));
        assert!(total.is_some_and(|total| said.ends_with(&total)), "{said}");
    }
}

#[test]
fn a_supervisor_logs_replaces_and_shuts_down() {
    let commands = "supervisor -n 2 & sleep 0.02; kill -USR1 $!; sleep 0.01; kill $!; wait $!; echo status $?";
    let (said, _) = script(commands);
    for part in ["worker 0: 4 jobs done\n", "worker 1: ends after ", "supervisor: all workers have ended\nstatus 0\n"] {
        assert!(said.contains(part), "{part:?} isn't in\n{said}");
    }
    // The supervisor is process 3, the shell's sleep 4, and the worker 5.
    let (said, _) = script("supervisor -n 1 & sleep 0.01; kill -KILL 5; sleep 0.01; kill $!; wait");
    assert!(said.contains("supervisor: worker 0 was ended by SIGKILL\n"), "{said}");
    assert!(said.contains("worker 0: ends after "), "{said}");
}

#[test]
fn an_editor_asks_before_it_quits() {
    let ask = |answer: &str| {
        let typed = format!("{{ echo one; sleep 0.02; echo {answer}; echo two; }} | editor & sleep 0.01");
        script(&format!("{typed}; kill -INT $!; wait $!; echo status $?")).0
    };
    let kept = ask("n");
    assert!(kept.ends_with("1 line kept, go on\n2 lines kept:\none\ntwo\nstatus 0\n"), "{kept}");
    let gone = ask("y");
    assert!(gone.ends_with("(y/n) 1 line thrown away\nstatus 1\n"), "{gone}");
}

#[test]
fn alarms_and_ticks_come_in_time() {
    assert_eq!(ran(&["alarm", "1", "sleep", "5"]), (String::new(), 128 + 14));
    assert_eq!(ran(&["alarm", "5", "sleep", "1"]), (String::new(), 0));
    assert!(ran(&["alarm", "0.5"]).0.starts_with("the alarm is set to 500000 us\nSIGALRM after 5000"));
    assert_eq!(ran(&["alarm", "soon"]).1, 2);
    assert_eq!(ran(&["stopwatch", "-n", "3", "0.5"]), ("00:00.500\n00:01.000\n00:01.500\n".into(), 0));
    // In a group of its own: one that is orphaned can't be stopped by SIGTSTP.
    let stop = "sleep 0.7; kill -TSTP $!; sleep 5; kill -CONT $!; sleep 0.5; kill -INT $!; wait";
    let (stopped, _) = script(&format!("set -m; stopwatch 0.5 & {stop}"));
    assert!(stopped.starts_with("00:00.500\n00:01.000\n00:01.20"), "{stopped}");
}

#[test]
fn each_fault_is_its_signal() {
    for (kind, signal) in [("segv", 11), ("bus", 7), ("ill", 4), ("fpe", 8), ("abort", 6)] {
        assert_eq!(ran(&["crash", kind]).1, 128 + signal, "{kind}");
    }
    assert_eq!(ran(&["crash", "gently"]).1, 2);
}

#[test]
fn ps_shows_the_bitmaps_of_signals() {
    let (said, _) = script("trap '' HUP; trap true USR1; ps -o sigign,sigcgt,comm");
    let heading = "          SigIgn           SigCgt COMMAND";
    assert!(said.contains(heading), "{said}");
    assert!(said.contains("0000000000000001 0000000000000200 sh\n"), "{said}");
}
