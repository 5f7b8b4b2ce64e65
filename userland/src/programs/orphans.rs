//! `orphans`: who becomes the parent of a process whose parent dies.
//!
//! Not the grandparent, as is sometimes taught, but the nearest living ancestor that has declared itself a child subreaper
//! (`PR_SET_CHILD_SUBREAPER`, `prctl(2)`), and if there is none, PID 1.

use abi::{Errno, Fd, Pid};

use crate::libc::{Manual, PLAIN, describe, perror, reap};
use crate::sys::Forked;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "orphans",
    usage: "",
    about: "Show who adopts a process whose parent dies: PID 1, or an ancestor that has declared\n\
            itself a child subreaper.",
    misuse: 2,
    ..PLAIN
};

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
    println!(sys, "I am process {}, the grandparent. First without a subreaper:", me.0).await;
    family(sys).await?;
    reap_all(sys).await;

    sys.set_child_subreaper(true).await?;
    println!(sys, "Now I declare myself a child subreaper, and all happens again:").await;
    family(sys).await?;
    reap_all(sys).await;
    Ok(())
}

/// Makes a child and a grandchild. The child dies; the grandchild says who its parent was and is.
async fn family(sys: Sys) -> Result<(), Errno> {
    // Nobody writes to these pipes: that all their writers are gone is the message.
    let (parent_lives, parent_lives_write) = sys.pipe().await?;
    let (told, told_write) = sys.pipe().await?;
    // Here the grandchild says that it has looked at its parent, who may die now.
    let (seen, seen_write) = sys.pipe().await?;
    let child = match sys.fork().await? {
        Forked::Parent(child) => child,
        Forked::Child => {
            sys.close(told).await?;
            let status = match sys.fork().await {
                Ok(Forked::Child) => {
                    sys.close(parent_lives_write).await?;
                    i32::from(grandchild(sys, parent_lives, seen_write).await.is_err())
                }
                Ok(Forked::Parent(grandchild)) => {
                    // So that it learns of it if the grandchild dies before it could look.
                    sys.close(seen_write).await?;
                    sys.read(seen, &mut [0]).await?;
                    println!(sys, "  The child has a child of its own, process {}, and exits.", grandchild.0).await;
                    5
                }
                Err(_) => 1,
            };
            match sys.exit(status).await {}
        }
    };
    for fd in [parent_lives_write, told_write, seen, seen_write] {
        sys.close(fd).await?;
    }
    let (_, status) = reap(sys, child).await?;
    println!(sys, "  The child, process {}, {}.", child.0, describe(status)).await;
    wait_for_end(sys, told).await?;
    sys.close(told).await?;
    sys.close(parent_lives).await
}

async fn grandchild(sys: Sys, parent_lives: Fd, seen: Fd) -> Result<(), Errno> {
    let before = sys.getppid().await;
    sys.write(seen, b"!").await?;
    wait_for_end(sys, parent_lives).await?;
    let after = sys.getppid().await;
    let adopter = if after == Pid(1) { "PID 1" } else { "the subreaper" };
    println!(sys, "  The grandchild's parent was process {}; now it is process {}, {adopter}.", before.0, after.0)
        .await;
    Ok(())
}

/// Waits until nobody holds the writing end of a pipe any more.
async fn wait_for_end(sys: Sys, fd: Fd) -> Result<(), Errno> {
    while sys.read(fd, &mut [0]).await? > 0 {}
    Ok(())
}

/// Waits for every child, adopted ones included, and says whom wait returned.
async fn reap_all(sys: Sys) {
    let mut any = false;
    while let Ok((pid, status)) = reap(sys, Pid(-1)).await {
        println!(sys, "  I wait, and get process {}, which I adopted: it {}.", pid.0, describe(status)).await;
        any = true;
    }
    if !any {
        println!(sys, "  I wait, and get {}: the orphan isn't mine.", Errno::ECHILD.name()).await;
    }
}
