//! `tour`: a guided tour. Says what will be shown, then runs the program that shows it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, WaitStatus};

use crate::libc::{Manual, PLAIN, describe, perror, run_program, wait_for};
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "tour",
    usage: "",
    about: "A guided tour of the machine: each stop says what it shows, and shows it.",
    misuse: 2,
    ..PLAIN
};

/// One stop: what it shows, and the command that does.
struct Stop {
    title: &'static str,
    text: &'static str,
    command: &'static [&'static str],
}

static STOPS: &[Stop] = &[
    Stop {
        title: "A child and its status",
        text: "The shell forks a child, waits for it, and finds its exit status in $?.",
        command: &["sh", "-c", "sh -c \"exit 7\"; echo the child exited with $?"],
    },
    Stop {
        title: "A pipeline",
        text: "Three processes at once, joined by two pipes. What the kernel moves are bytes.",
        command: &["sh", "-c", "seq 1 100 | grep 7 | tail -n 3"],
    },
    Stop {
        title: "The end of a flood",
        text: "yes never ends by itself. When head has had enough and closes its pipe, SIGPIPE ends it.",
        command: &["sh", "-c", "yes | head -n 2"],
    },
    Stop {
        title: "Who is whose child",
        text: "Every process but PID 1 has a parent. Here is the tree as it is now.",
        command: &["sh", "-c", "sleep 1 | sleep 1 & pstree -p; wait"],
    },
    Stop {
        title: "Zombies",
        text: "What has ended stays in the process table until its parent asks for the status.",
        command: &["zombies"],
    },
    Stop {
        title: "Orphans",
        text: "When a parent dies, its children aren't inherited by the grandparent, but by PID 1 or a subreaper.",
        command: &["orphans"],
    },
    Stop {
        title: "Copy-on-write",
        text: "fork shares all memory, and copies a page when one of the two stores to it.",
        command: &["cow"],
    },
    Stop {
        title: "Two processes, one byte",
        text: "Each round trip takes two writes, two reads and two context switches.",
        command: &["ping", "1000"],
    },
    Stop {
        title: "A pipe with a name",
        text: "Reader and writer needn't be relatives: each opens the name, and waits there for the other.",
        command: &[
            "sh",
            "-c",
            "mkfifo /tmp/way; tr a-z A-Z </tmp/way & ls -l /tmp; echo by name >/tmp/way; wait; rm /tmp/way",
        ],
    },
    Stop {
        title: "Urgent messages first",
        text: "A message queue keeps messages apart, and sorts them by priority. It stays when its sender has gone.",
        command: &[
            "sh",
            "-c",
            "mailbox send news rain; mailbox send news fire -p 9; mailbox list; mailbox receive news -av; \
             mailbox unlink news",
        ],
    },
    Stop {
        title: "What else a mailbox can do",
        text: "Who waits is woken, who won't wait is refused, and who asks to be told gets a signal.",
        command: &["mailbox"],
    },
    Stop {
        title: "A conversation",
        text: "Two processes, two queues, one for each direction: who has spoken sleeps until there is an answer.",
        command: &["chat"],
    },
    Stop {
        title: "Four ways from a producer to a consumer",
        text: "Pipe, POSIX queue, System V queue, shared memory with semaphores: they differ in cost, not in the answer.",
        command: &["prodcons"],
    },
    Stop {
        title: "Work in shared pages",
        text: "Workers take rows of a matrix by one atomic addition each, and store what they compute.",
        command: &["matrix", "12", "3"],
    },
    Stop {
        title: "What belongs to nobody",
        text: "Objects of System V IPC outlive whoever made them. ipcs shows what is left, ipcrm removes it.",
        command: &["sh", "-c", "ipcmk -Q; ipcmk -M 10K -p 600; ipcs; ipcrm -a; echo and now:; ipcs -q"],
    },
    Stop {
        title: "Preemption",
        text: "Two processes compute and never give way; the timer makes them take turns.",
        command: &["preempt"],
    },
    Stop {
        title: "Every way of a signal",
        text: "Generated, pending, delivered; merged, queued, accepted, discarded: each path once.",
        command: &["sigdemo"],
    },
    Stop {
        title: "Children, counted right",
        text: "Signals that are pending don't count, so a handler of SIGCHLD waits in a loop.",
        command: &["reaper"],
    },
    Stop {
        title: "Signals that bring news",
        text: "Real-time signals queue, each with a number: here, how far a child is with its task.",
        command: &["progress", "4"],
    },
    Stop {
        title: "An orderly end",
        text: "SIGTERM asks. cleanup writes what it still holds, and then ends by that very signal: 128 + 15.",
        command: &["sh", "-c", "cleanup & sleep 0.017; kill $!; wait $!; echo status $?"],
    },
    Stop {
        title: "A supervisor and its workers",
        text: "SIGUSR1 makes everyone log, SIGTERM makes everyone finish what he has in hand.",
        command: &["sh", "-c", "supervisor -n 2 & sleep 0.02; kill -USR1 $!; sleep 0.02; kill $!; wait"],
    },
    Stop {
        title: "Asked before quitting",
        text: "The editor's handler of SIGINT asks; its answer comes by the same input as the lines.",
        command: &["sh", "-c", "{ echo one; sleep 0.02; echo n; echo two; } | editor & sleep 0.01; kill -INT $!; wait"],
    },
    Stop {
        title: "Too late",
        text: "An alarm outlives execve: SIGALRM ends the sleep that takes longer than a second.",
        command: &["sh", "-c", "alarm 1 sleep 5; echo status $?"],
    },
    Stop {
        title: "Ticks",
        text: "A timer sends a signal every half second, and the program waits for it in sigwaitinfo.",
        command: &["stopwatch", "-n", "3", "0.5"],
    },
    Stop {
        title: "Out of it",
        text: "setjmp marks a place, longjmp goes back to it: out of many calls at once, or out of a handler.",
        command: &["jump"],
    },
    Stop {
        title: "Faults are signals",
        text: "A load from nowhere is SIGSEGV, at that very line. So are the others: bus, ill, fpe, abort.",
        command: &["sh", "-c", "crash segv; echo status $?; crash fpe; echo status $?"],
    },
    Stop {
        title: "A lost update",
        text: "Two processes load, add 1 and store. When the timer comes in between, one of them stores over the other.",
        command: &["lost-update", "-t", "3000", "2", "5"],
    },
    Stop {
        title: "No update is lost",
        text: "The same with a semaphore around load and store: one at a time, and the sum is right.",
        command: &["lost-update-fixed", "-s", "-t", "3000", "2", "5"],
    },
    Stop {
        title: "Limits",
        text: "When the process table is full, fork fails with EAGAIN, and everyone else goes on.",
        command: &["forkbomb"],
    },
];

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    println!(sys, "Vitrine: a microkernel under glass. Every process below is simulated.").await;
    for (index, stop) in STOPS.iter().enumerate() {
        println!(sys, "\n{}. {}\n   {}", index + 1, stop.title, stop.text).await;
        println!(sys, "   $ {}", spelling(stop.command)).await;
        if let Err(errno) = run(sys, &args, stop.command).await {
            perror(sys, MANUAL.name, stop.command[0], errno).await;
            return 1;
        }
    }
    println!(sys, "\nThat was the tour. Try: vitrine run sh -c 'seq 5 | sort -r', vitrine programs, vitrine --help")
        .await;
    0
}

async fn run(sys: Sys, args: &Args, command: &[&str]) -> Result<(), Errno> {
    let argv: Vec<&[u8]> = command.iter().map(|word| word.as_bytes()).collect();
    let child = run_program(sys, MANUAL.name, &argv, &args.envp()).await?;
    let status = wait_for(sys, child).await?;
    if status != WaitStatus::Exited(0) {
        println!(sys, "   ({} {})", command[0], describe(status)).await;
    }
    Ok(())
}

/// A command as one would type it.
fn spelling(command: &[&str]) -> String {
    let quoted = |word: &&str| if word.contains(' ') { format!("'{word}'") } else { (*word).into() };
    command.iter().map(quoted).collect::<Vec<String>>().join(" ")
}
