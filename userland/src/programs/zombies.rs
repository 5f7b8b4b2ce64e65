//! `zombies`: children that have ended and that nobody has waited for yet.

use abi::{Errno, Pid};

use super::process_table::{command, state};
use crate::libc::{Manual, PLAIN, describe, perror, reap, sleep_us};
use crate::sys::Forked;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "zombies",
    usage: "",
    about: "Show that a process that has ended stays as a zombie until its parent waits for it,\n\
            and in which order wait takes several of them.",
    misuse: 2,
    ..PLAIN
};

/// How many children there are, and with which status each exits. They exit in reverse order.
const STATUSES: [i32; 3] = [11, 22, 33];

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    match show(sys).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn show(sys: Sys) -> Result<(), Errno> {
    let me = sys.getpid().await;
    println!(sys, "I am process {}. I fork {} children; the youngest exits first.", me.0, STATUSES.len()).await;
    for (index, status) in STATUSES.into_iter().enumerate() {
        if sys.fork().await? == Forked::Child {
            sleep_us(sys, 1000 * (STATUSES.len() - index) as u64).await;
            match sys.exit(status).await {}
        }
    }
    sleep_us(sys, 1000 * (STATUSES.len() as u64 + 1)).await;
    println!(sys, "All of them have exited, and I have not waited. They are zombies:").await;
    list_children(sys, me).await?;
    println!(sys, "A zombie keeps nothing but its status. wait takes them in the order of their birth:").await;
    while let Ok((child, status)) = reap(sys, Pid(-1)).await {
        println!(sys, "  process {} {}", child.0, describe(status)).await;
    }
    println!(sys, "Now they are gone. My children:").await;
    list_children(sys, me).await
}

/// A list like that of `ps`, of one process's children.
async fn list_children(sys: Sys, parent: Pid) -> Result<(), Errno> {
    let processes = sys.processes().await?;
    println!(sys, "    PID  PPID S COMMAND").await;
    let mut any = false;
    for child in processes.iter().filter(|process| process.ppid == parent.0) {
        println!(sys, "  {:5} {:5} {} {}", child.pid, child.ppid, state(child), command(child)).await;
        any = true;
    }
    if !any {
        println!(sys, "  (none)").await;
    }
    Ok(())
}
