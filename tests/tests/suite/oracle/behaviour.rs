//! Small scenarios of which a real Linux kernel's results are recorded, each as a program that prints its results in the
//! recording's own words.

use abi::{Errno, Fd, MqAttr, OpenFlags, Pid, Protection, SigInfo, Signal, SignalSet, Timespec, WaitOptions};
use harness::signals::{block, handled, note_signal, noted, send_self, set_note, share_notes, unblock};
use harness::{PAGE, Scenario, fork, join, map, map_shared, program, shown, shown_status, until_state};
use userland::sys::Action;
use userland::{Sys, handlers, println};

use super::{lines, own_lines};

handlers! { HANDLERS: NOTES = note_signal; NOTES_ORDER = note_order; }

/// The note that says how many signals were handled; their numbers stand behind it.
const PLACES: u64 = 100;

async fn note_order(sys: Sys, info: SigInfo) {
    let place = noted(sys, PLACES).await;
    set_note(sys, PLACES, place + 1).await;
    set_note(sys, PLACES + 1 + place, info.signo as u64).await;
}

const FILE: &str = "linux_behaviour.jsonl";

/// The result that is recorded for a scenario. Another folder needn't have each of ours.
fn recorded(id: &str) -> String {
    let rows = lines(FILE).into_iter().chain(own_lines(FILE));
    let row = rows.into_iter().find(|row| row["id"] == id);
    let result = row.as_ref().and_then(|row| row["result"].as_str());
    result.unwrap_or_else(|| panic!("no result is recorded for {id}")).into()
}

/// One test for each scenario, and the list of those that are tested.
macro_rules! scenarios {
    ($($id:literal $test:ident: $program:expr;)*) => {
        const TESTED: &[&str] = &[$($id),*];

        $(#[test]
        fn $test() {
            let scenario: Scenario = program($program).handlers(HANDLERS);
            scenario.prints(recorded($id) + "\n");
        })*
    };
}

scenarios! {
    "mq.sizes" oracle_mq_sizes: &|sys, _| async move {
        let attributes = MqAttr { maxmsg: 10, msgsize: 8, ..MqAttr::default() };
        let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
        let queue = sys.mq_open(b"/sizes", flags, 0o600, Some(attributes)).await.unwrap();
        sys.mq_unlink(b"/sizes").await.unwrap();
        let sent = |result: Result<(), Errno>| shown(result.map(|()| 0));
        let received = |result: Result<(Vec<u8>, u32), Errno>| shown(result.map(|(bytes, _)| bytes.len()));
        let results = [
            sent(sys.mq_send(queue, &[0; 9], 0).await),
            sent(sys.mq_send(queue, &[], 0).await),
            received(sys.mq_receive(queue, 7).await),
            received(sys.mq_receive(queue, 8).await),
            sent(sys.mq_send(queue, &[], 32_768).await),
        ];
        println!(sys, "{}", results.join(" ")).await;
        0
    };

    "wait.nochild" oracle_wait_nochild: &|sys, _| async move {
        println!(sys, "{}", shown(sys.wait().await.map(|(child, _)| child.0))).await;
        0
    };

    "wait.status_mask" oracle_wait_status_mask: &|sys, _| async move {
        fork(sys, async |sys| match sys.exit(300).await {}).await;
        println!(sys, "{}", shown_status(sys.wait().await.unwrap().1)).await;
        0
    };

    "wait.order_of_zombies" oracle_wait_order_of_zombies: &|sys, _| async move {
        let mut children = Vec::new();
        for _ in 0..3 {
            let (read, write) = sys.pipe().await.unwrap();
            let child = fork(sys, async |sys| {
                sys.close(write).await.unwrap();
                sys.read(read, &mut [0]).await.unwrap();
            })
            .await;
            children.push((child, write));
        }
        for &(child, write) in children.iter().rev() {
            sys.write(write, b"!").await.unwrap();
            until_state(sys, child, 'Z').await;
        }
        let mut order = Vec::new();
        for _ in &children {
            let (pid, _) = sys.wait().await.unwrap();
            let number = children.iter().position(|(child, _)| *child == pid).unwrap();
            order.push(format!("child{number}"));
        }
        println!(sys, "{}", order.join(" ")).await;
        0
    };

    "wait.not_grandchild" oracle_wait_not_grandchild: &|sys, _| async move {
        let child = fork(sys, async |sys| {
            let grandchild = fork(sys, async |_| ()).await;
            until_state(sys, grandchild, 'Z').await;
        })
        .await;
        join(sys, child).await;
        println!(sys, "{}", shown(sys.wait().await.map(|(child, _)| child.0))).await;
        0
    };

    "adopt.live_ppid" oracle_adopt_live_ppid: &|sys, _| async move {
        sys.set_child_subreaper(true).await.unwrap();
        let me = sys.getpid().await;
        let child = fork(sys, async |sys| {
            let parent = sys.getpid().await;
            fork(sys, async |sys| {
                while sys.getppid().await == parent {
                    sys.sched_yield().await;
                }
                let adopter = if sys.getppid().await == me { "subreaper" } else { "another" };
                println!(sys, "ppid={adopter}").await;
            })
            .await;
        })
        .await;
        join(sys, child).await;
        sys.wait().await.unwrap();
        0
    };

    "kill.badsig" oracle_kill_badsig: &|sys, _| async move {
        let me = sys.getpid().await;
        let mut results = Vec::new();
        for signal in [65, -1, 0] {
            results.push(shown(sys.raw().kill(me, abi::SignalNumber(signal)).await));
        }
        println!(sys, "{}", results.join(" ")).await;
        0
    };

    "sig.coalesce" oracle_sig_coalesce: &|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(NOTES))).await.unwrap();
        block(sys, [Signal::SIGUSR1]).await;
        for _ in 0..5 {
            send_self(sys, Signal::SIGUSR1).await;
        }
        unblock(sys, [Signal::SIGUSR1]).await;
        println!(sys, "{}", handled(sys, Signal::SIGUSR1).await).await;
        0
    };

    "sig.order_fullmask" oracle_sig_order_fullmask: &|sys, _| async move {
        share_notes(sys).await;
        let signals = [Signal::SIGTERM, Signal::SIGUSR2, Signal::SIGUSR1];
        for signal in signals {
            let action = Action::catch(NOTES_ORDER).with_mask(SignalSet::all());
            sys.sigaction(signal, Some(action)).await.unwrap();
        }
        block(sys, signals).await;
        for signal in signals {
            send_self(sys, signal).await;
        }
        unblock(sys, signals).await;
        let mut order = Vec::new();
        for place in 0..noted(sys, PLACES).await {
            order.push(noted(sys, PLACES + 1 + place).await.to_string());
        }
        println!(sys, "{}", order.join(" ")).await;
        0
    };

    "sig.ignore_discards_pending" oracle_sig_ignore_discards_pending: &|sys, _| async move {
        block(sys, [Signal::SIGUSR1]).await;
        send_self(sys, Signal::SIGUSR1).await;
        assert!(sys.sigpending().await.has(Signal::SIGUSR1));
        sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await.unwrap();
        println!(sys, "pending={}", i32::from(sys.sigpending().await.has(Signal::SIGUSR1))).await;
        0
    };

    "sig.stop_cont_kill" oracle_sig_stop_cont_kill: &|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGUSR2, Some(Action::catch(NOTES))).await.unwrap();
        let child = fork(sys, async |sys| {
            loop {
                sys.sigsuspend(SignalSet::empty()).await;
            }
        })
        .await;
        until_state(sys, child, 'S').await;
        let send = async |signal| sys.kill(child, Some(signal)).await.unwrap();
        let wait = async |options| sys.waitpid(child, options).await.unwrap();
        let mut seen = Vec::new();
        send(Signal::SIGSTOP).await;
        seen.push(shown_status(wait(WaitOptions::WUNTRACED).await.unwrap().1));
        let again = wait(WaitOptions::WUNTRACED | WaitOptions::WNOHANG).await;
        seen.push(format!("nohang={}", again.map_or(0, |(child, _)| child.0)));
        send(Signal::SIGCONT).await;
        seen.push(shown_status(wait(WaitOptions::WCONTINUED).await.unwrap().1));
        send(Signal::SIGSTOP).await;
        until_state(sys, child, 'T').await;
        send(Signal::SIGUSR2).await;
        let caught = wait(WaitOptions::WNOHANG).await;
        seen.push(format!("nohang={}", caught.map_or(0, |(child, _)| child.0)));
        send(Signal::SIGKILL).await;
        seen.push(shown_status(wait(WaitOptions::empty()).await.unwrap().1));
        assert_eq!(handled(sys, Signal::SIGUSR2).await, 0);
        println!(sys, "{}", seen.join(" ")).await;
        0
    };

    "sig.sigchld_coalesce" oracle_sig_sigchld_coalesce: &|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGCHLD, Some(Action::catch(NOTES))).await.unwrap();
        block(sys, [Signal::SIGCHLD]).await;
        for _ in 0..3 {
            let child = fork(sys, async |_| ()).await;
            until_state(sys, child, 'Z').await;
        }
        unblock(sys, [Signal::SIGCHLD]).await;
        let handlers = handled(sys, Signal::SIGCHLD).await;
        let mut reaped = 0;
        while let Ok(Some(_)) = sys.waitpid(Pid(-1), WaitOptions::WNOHANG).await {
            reaped += 1;
        }
        println!(sys, "handlers={handlers} reaped={reaped}").await;
        0
    };

    "eintr.plain" oracle_eintr_plain: &|sys, _| async move {
        share_notes(sys).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(NOTES))).await.unwrap();
        let me = sys.getpid().await;
        let (read, write) = sys.pipe().await.unwrap();
        let child = fork(sys, async |sys| {
            sys.nanosleep(Timespec::from_us(30_000)).await.unwrap();
            sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
            sys.nanosleep(Timespec::from_us(30_000)).await.unwrap();
            sys.write(write, b"!").await.unwrap();
        })
        .await;
        let result = shown(sys.read(read, &mut [0]).await);
        join(sys, child).await;
        println!(sys, "read={result} handlers={}", handled(sys, Signal::SIGUSR1).await).await;
        0
    };

    "pipe.read" oracle_pipe_read: &|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        let mut results = vec![shown(sys.read(read, &mut [0; 10]).await)];
        sys.write(write, b"abc").await.unwrap();
        for room in [2, 10, 0] {
            results.push(shown(sys.read(read, &mut vec![0; room]).await));
        }
        sys.close(write).await.unwrap();
        for _ in 0..2 {
            results.push(shown(sys.read(read, &mut [0; 10]).await));
        }
        println!(sys, "{}", results.join(" ")).await;
        0
    };

    "pipe.sigpipe" oracle_pipe_sigpipe: &|sys, _| async move {
        fork(sys, async |sys| {
            let (read, write) = sys.pipe().await.unwrap();
            sys.close(read).await.unwrap();
            let _ = sys.write(write, b"!").await;
        })
        .await;
        println!(sys, "{}", shown_status(sys.wait().await.unwrap().1)).await;
        0
    };

    "pipe.page_slots" oracle_pipe_page_slots: &|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        let bytes = vec![7; 70_000];
        let results = [
            shown(sys.write(write, &bytes).await),
            shown(sys.read(read, &mut [0; 4095]).await),
            shown(sys.write(write, &bytes[..10]).await),
            shown(sys.read(read, &mut [0]).await),
            shown(sys.write(write, &bytes[..5000]).await),
        ];
        println!(sys, "{}", results.join(" ")).await;
        0
    };

    "pipe.reader_dies_midwrite" oracle_pipe_reader_dies_midwrite: &|sys, _| async move {
        sys.sigaction(Signal::SIGPIPE, Some(Action::IGNORE)).await.unwrap();
        let (read, write) = sys.pipe().await.unwrap();
        let me = sys.getpid().await;
        fork(sys, async |sys| {
            sys.close(write).await.unwrap();
            until_state(sys, me, 'S').await;
            sys.close(read).await.unwrap();
        })
        .await;
        sys.close(read).await.unwrap();
        println!(sys, "{}", shown(sys.write(write, &[7; 70_000]).await)).await;
        sys.wait().await.unwrap();
        0
    };

    "fd.lowest_free" oracle_fd_lowest_free: &|sys, _| async move {
        let mut dups = Vec::new();
        for _ in 0..3 {
            dups.push(sys.dup(Fd(0)).await.unwrap());
        }
        sys.close(dups[0]).await.unwrap();
        sys.close(dups[1]).await.unwrap();
        let lowest = sys.dup(Fd(0)).await == Ok(dups[0]);
        println!(sys, "{} {}", i32::from(lowest), shown(sys.close(dups[1]).await.map(|()| 0))).await;
        0
    };

    "shm.fork" oracle_shm_fork: &|sys, _| async move {
        let (shared, private) = (map_shared(sys, 1).await, map(sys, 1).await);
        sys.store(shared, 1u32).await;
        sys.store(private, 1u32).await;
        let child = fork(sys, async |sys| {
            sys.store(shared, 2u32).await;
            sys.store(private, 2u32).await;
        })
        .await;
        join(sys, child).await;
        println!(sys, "shared={} private={}", sys.load::<u32>(shared).await, sys.load::<u32>(private).await).await;
        0
    };

    "efault.pipe" oracle_efault_pipe: &|sys, _| async move {
        let (read, write) = sys.pipe2(OpenFlags::O_NONBLOCK).await.unwrap();
        let (good, bad) = (map(sys, 1).await, map(sys, 1).await);
        sys.mprotect(bad, PAGE as usize, Protection::empty()).await.unwrap();
        let raw = sys.raw();
        let mut results = vec![shown(raw.write(write, abi::InBytes(bad), abi::Length(1)).await)];
        assert_eq!(raw.write(write, abi::InBytes(good), abi::Length(1)).await, Ok(1));
        results.push(shown(raw.read(read, abi::OutBytes(bad), abi::Length(1)).await));
        results.push(shown(raw.read(read, abi::OutBytes(good), abi::Length(1)).await));
        println!(sys, "{}", results.join(" ")).await;
        0
    };

    "pipe.waiter_fifo" oracle_pipe_waiter_fifo: &|sys, _| async move {
        let (read, write) = sys.pipe().await.unwrap();
        let got = map_shared(sys, 1).await;
        for waiter in 0..2 {
            let child = fork(sys, async |sys| {
                let mut byte = [0];
                sys.read(read, &mut byte).await.unwrap();
                sys.store(got + waiter, byte[0]).await;
            })
            .await;
            until_state(sys, child, 'S').await;
        }
        for byte in [1, 2] {
            sys.write(write, &[byte]).await.unwrap();
            sys.wait().await.unwrap();
        }
        println!(sys, "waiter0={} waiter1={}", sys.load::<u8>(got).await, sys.load::<u8>(got + 1).await).await;
        0
    };
}

#[test]
fn oracle_every_scenario_is_tested() {
    let mut rows: Vec<String> =
        own_lines(FILE).iter().map(|row| row["id"].as_str().expect("each scenario has a name").into()).collect();
    let mut tested = TESTED.to_vec();
    rows.sort();
    tested.sort();
    assert_eq!(rows, tested);
}

/// Of these topics nothing may be left out, wherever the rows come from: another folder's too.
#[test]
fn oracle_every_row_about_signals_and_children_is_tested() {
    for row in lines(FILE) {
        let id = row["id"].as_str().expect("each scenario has a name");
        let topic = id.split('.').next().unwrap_or_default();
        let must = matches!(topic, "sig" | "wait" | "adopt" | "kill" | "eintr");
        assert!(!must || TESTED.contains(&id), "{id} has no test: {}", row["ops"]);
    }
}
