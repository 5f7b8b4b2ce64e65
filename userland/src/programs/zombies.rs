//! `zombies`: children that have ended and that nobody has waited for yet.

use alloc::vec::Vec;

use abi::{Errno, IdType, Pid, WaitOptions};

use super::process_table::{command, state};
use crate::libc::{Manual, PLAIN, describe, perror, reap};
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

/// With which status each child exits, from the oldest to the youngest.
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
    let mut children = Vec::new();
    for status in STATUSES {
        // The child waits for the end of this pipe. Its younger siblings inherit the writing end, but they exit earlier.
        let (read_end, write_end) = sys.pipe().await?;
        match sys.fork().await? {
            Forked::Child => {
                sys.close(write_end).await?;
                sys.read(read_end, &mut [0]).await?;
                match sys.exit(status).await {}
            }
            Forked::Parent(child) => children.push((child, write_end)),
        }
        sys.close(read_end).await?;
    }
    for (child, write_end) in children.into_iter().rev() {
        sys.close(write_end).await?;
        // WNOWAIT: see that it has exited, and leave it as it is.
        sys.waitid(IdType::P_PID, child, WaitOptions::WEXITED | WaitOptions::WNOWAIT).await?;
    }
    println!(sys, "All of them have exited, and I have not reaped them. They are zombies:").await;
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
