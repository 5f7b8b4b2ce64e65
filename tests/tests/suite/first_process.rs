//! PID 1: it can't be killed, and its end is the machine's.

use abi::{Errno, Pid, Signal, WaitStatus};
use harness::signals::{handled, note_signal, share_notes};
use harness::{ends, fork, program, signaled};
use sim::Outcome;
use userland::handlers;
use userland::sys::Action;

handlers! { HANDLERS: NOTES = note_signal; }

#[test]
fn no_signal_ends_or_stops_it() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            for signal in (1..=64).filter_map(Signal::new) {
                sys.kill(Pid(1), Some(signal)).await.unwrap();
            }
        })
        .await;
        ends(sys, child, WaitStatus::Exited(0)).await;
        for signal in (1..=64).filter_map(Signal::new) {
            sys.kill(Pid(1), Some(signal)).await.unwrap();
        }
        7
    })
    .as_pid_1()
    .exits(7);
}

/// `kill(2)`, NOTES: only signals that it has a handler for.
#[test]
fn a_signal_that_it_catches_reaches_it() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGTERM, Some(Action::catch(NOTES))).await.unwrap();
        let child = fork(sys, async |sys| {
            for signal in [Signal::SIGTERM, Signal::SIGUSR1] {
                sys.kill(Pid(1), Some(signal)).await.unwrap();
            }
        })
        .await;
        while sys.waitpid(child, abi::WaitOptions::empty()).await == Err(Errno::EINTR) {}
        i32::from(handled(sys, Signal::SIGTERM).await != 1)
    })
    .handlers(HANDLERS)
    .as_pid_1()
    .succeeds();
}

#[test]
fn its_exit_halts_the_machine_with_its_status_and_takes_everyone_along() {
    let run = program(&|sys, _| async move {
        for _ in 0..5 {
            fork(sys, async |sys| {
                fork(sys, async |_| ()).await;
                loop {
                    sys.compute(1_000_000).await;
                }
            })
            .await;
        }
        sys.sigaction(Signal::SIGCHLD, Some(Action::DEFAULT)).await.unwrap();
        sys.compute(50_000).await;
        300
    })
    .as_pid_1()
    .run();
    run.exits(44);
    let kernel = &run.world.kernel;
    assert!(kernel.processes().all(|(_, process)| process.pid == 1));
    assert_eq!(kernel.threads().count(), 0);
    let in_use: std::collections::BTreeMap<_, _> = kernel.tables_in_use().into_iter().collect();
    // What is left is its own status, found by its number.
    for table in ["threads", "files", "pipes", "objects", "action sets"] {
        assert_eq!(in_use[table], 0, "{table}");
    }
}

#[test]
fn a_fault_ends_it() {
    let run = program(&|sys, _| async move {
        sys.store(0, 1u8).await;
        0
    })
    .as_pid_1()
    .run();
    assert_eq!(run.status(), signaled(Signal::SIGSEGV));
}

#[test]
fn it_has_no_parent_and_leads_the_first_group_and_session() {
    program(&|sys, _| async move {
        assert_eq!(sys.getppid().await, Pid(0));
        assert_eq!(sys.getpgid(Pid(0)).await, Ok(Pid(1)));
        assert_eq!(sys.getsid(Pid(0)).await, Ok(Pid(1)));
        assert_eq!(sys.setsid().await, Err(Errno::EPERM));
        0
    })
    .as_pid_1()
    .succeeds();
}

#[test]
fn when_everyone_waits_for_ever_it_is_a_deadlock() {
    let run = program(&|sys, _| async move {
        let (read, _write) = sys.pipe().await.unwrap();
        sys.read(read, &mut [0]).await.unwrap() as i32
    })
    .as_pid_1()
    .run();
    assert!(matches!(run.outcome, Some(Outcome::Deadlock(_))), "{:?}", run.outcome);
}
