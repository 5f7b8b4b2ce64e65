//! Family trees: who is whose parent after forks and exits, and in which order the children stand.
//!
//! Each line of a recording is a list of forks and exits, with the tree after each. Here the processes of the tree really
//! fork and exit: `a`, PID 1, goes through the list and tells each process in turn what to do. A process that isn't
//! told to do anything has stopped itself. It is told by a word in a shared page, then continued until it has done it.

use abi::{Errno, Pid, Signal};
use harness::{map_shared, program};
use serde_json::{Map, Value, json};
use sim::World;
use userland::sys::{Action, Forked};
use userland::{Args, Sys};

use super::lines;

/// In the shared page: which process is to act.
const WHO: u64 = 0;
/// In the shared page: what it is to do; 0 when it has done it.
const ORDER: u64 = 8;
/// In the shared page: the name of the new process, a character.
const NAME: u64 = 16;
/// In the shared page: the process id of the new process.
const PID: u64 = 24;

const DONE: u64 = 0;
const FORK: u64 = 1;
const EXIT: u64 = 2;

/// `a`: its arguments are `local` or `init`, then for each action a pair of characters: `bd`: `b` forks `d`; `b-`: `b` exits.
/// After each action it gives itself another name, to be seen from outside.
async fn root(sys: Sys, args: Args) -> i32 {
    let local = args.text(1) == "local";
    let page = map_shared(sys, 1).await;
    // No zombies.
    sys.sigaction(Signal::SIGCHLD, Some(Action::IGNORE)).await.unwrap();
    let mut pids = [Pid(0); 128];
    for (index, action) in args.rest().skip(1).enumerate() {
        match *action {
            [who, b'-'] => {
                order(sys, page, pids[usize::from(who)], EXIT).await;
            }
            [b'a', name] => {
                sys.store(page + NAME, u64::from(name)).await;
                sys.store(page + ORDER, FORK).await;
                if fork(sys, page, local).await == Forked::Child {
                    return member(sys, page, local).await;
                }
                // Its last word: if only its number were waited for, it could still overwrite the next order.
                while sys.load::<u64>(page + ORDER).await != DONE {
                    sys.sched_yield().await;
                }
            }
            [who, name] => {
                sys.store(page + NAME, u64::from(name)).await;
                order(sys, page, pids[usize::from(who)], FORK).await;
            }
            _ => panic!("{action:?}"),
        }
        if let [_, name] = *action
            && name != b'-'
        {
            pids[usize::from(name)] = Pid(sys.load::<u64>(page + PID).await as i32);
            sys.store(page + PID, 0u64).await;
        }
        sys.set_name(&format!("after {index}")).await.unwrap();
    }
    0
}

/// Tells a process to do something, and returns when it has.
async fn order(sys: Sys, page: u64, pid: Pid, what: u64) {
    sys.store(page + WHO, pid.0 as u64).await;
    sys.store(page + ORDER, what).await;
    // It may not have stopped itself yet: then this is lost, and said again.
    while sys.kill(pid, Some(Signal::SIGCONT)).await != Err(Errno::ESRCH) {
        sys.sched_yield().await;
        if what == FORK && sys.load::<u64>(page + ORDER).await == DONE {
            break;
        }
    }
}

/// Everyone but `a`.
async fn member(sys: Sys, page: u64, local: bool) -> i32 {
    loop {
        let me = sys.getpid().await;
        sys.kill(me, Some(Signal::SIGSTOP)).await.unwrap();
        if sys.load::<u64>(page + WHO).await != me.0 as u64 {
            continue;
        }
        match sys.load::<u64>(page + ORDER).await {
            FORK => {
                // The child says when it is done. Its parent must not take the same order twice.
                sys.store(page + WHO, 0u64).await;
                fork(sys, page, local).await;
            }
            EXIT => return 0,
            _ => {}
        }
    }
}

/// Forks, and lets the child introduce itself.
async fn fork(sys: Sys, page: u64, local: bool) -> Forked {
    let forked = sys.fork().await.unwrap();
    if forked == Forked::Child {
        let name = sys.load::<u64>(page + NAME).await as u8 as char;
        sys.set_name(&name.to_string()).await.unwrap();
        if local {
            sys.set_child_subreaper(true).await.unwrap();
        }
        sys.store(page + PID, sys.getpid().await.0 as u64).await;
        sys.store(page + ORDER, DONE).await;
    }
    forked
}

/// The tree as the kernel has it, in the form of the recordings.
fn tree(world: &World) -> Value {
    let kernel = &world.kernel;
    let name = |id| match kernel.process(id) {
        Some(process) if process.pid == 1 => "a",
        Some(process) => process.name(),
        None => "?",
    };
    let (mut parents, mut children) = (Map::new(), Map::new());
    for (id, _) in kernel.processes() {
        let own: Vec<&str> = kernel.children(id).map(name).collect();
        for child in &own {
            parents.insert((*child).into(), json!(name(id)));
        }
        children.insert(name(id).into(), json!(own));
    }
    parents.insert("a".into(), Value::Null);
    json!({ "parent": parents, "children": children })
}

/// Carries out a line of a recording and compares the tree after each of its actions.
fn compare(line: &Value, local: bool, seed: Option<u64>) {
    let text = |value: &Value| value.as_str().expect("a name").to_string();
    let actions = line["actions"].as_array().expect("a list of actions");
    let after = line["after"].as_array().expect("a list of trees");
    assert_eq!(actions.len(), after.len());
    let mut scenario = program(&root).as_pid_1().argument(if local { "local" } else { "init" });
    for action in actions {
        scenario = scenario.argument(match text(&action[0]).as_str() {
            "fork" => text(&action[1]) + &text(&action[2]),
            "exit" => text(&action[1]) + "-",
            other => panic!("an action {other}"),
        });
    }
    let mut done = 0;
    let mut watch = |world: &World| {
        let kernel = &world.kernel;
        let Some(first) = kernel.process_by_pid(1).and_then(|first| kernel.process(first)) else { return };
        if done < after.len() && first.name() == format!("after {done}") {
            let (seen, expected) = (tree(world), &after[done]);
            assert_eq!(seen, *expected, "action {done}, {}, of {}", actions[done], line["actions"]);
            done += 1;
        }
    };
    let run = match seed {
        None => scenario.run_watched(&mut watch),
        Some(seed) => scenario.run_seeded_watched(seed, &mut watch),
    };
    run.succeeds();
    assert_eq!(done, after.len());
}

/// All lines as the policy schedules, and every tenth by a seed of its own.
fn compare_all(file: &str, local: bool) {
    for (number, line) in lines(file).iter().enumerate() {
        compare(line, local, None);
        if number % 10 == 0 {
            compare(line, local, Some(number as u64));
        }
    }
}

#[test]
fn oracle_linux_tree_init() {
    compare_all("linux_tree_init.jsonl", false);
}

#[test]
fn oracle_linux_tree_init_long() {
    compare_all("linux_tree_init_long.jsonl", false);
}

#[test]
fn oracle_linux_tree_local() {
    compare_all("linux_tree_local.jsonl", true);
}

#[test]
fn oracle_fork_local() {
    compare_all("fork_local.jsonl", true);
}
