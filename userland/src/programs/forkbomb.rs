//! `forkbomb`: forks until the kernel refuses, then cleans up.

use alloc::vec::Vec;

use abi::{Errno, Pid};

use crate::libc::{Manual, PLAIN, complain, parse_number, perror, quote, reap};
use crate::sys::Forked;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "forkbomb",
    usage: "[MOST]",
    about: "Fork children until fork fails, or there are MOST of them; then let them all end, reap\n\
            every one, and report.",
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let most = match given.operands[..] {
        [] => Some(usize::MAX),
        [text] => parse_number(text).and_then(|most| usize::try_from(most).ok()),
        _ => None,
    };
    let Some(most) = most else {
        let operand = given.operands.last().copied().unwrap_or_default();
        return MANUAL.misuse(sys, format_args!("invalid number {}", quote(operand))).await;
    };
    match explode(sys, most).await {
        Ok(status) => status,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn explode(sys: Sys, most: usize) -> Result<i32, Errno> {
    // The children wait for the end of this pipe, which comes when the parent closes it.
    let (read_end, write_end) = sys.pipe().await?;
    let mut children: Vec<Pid> = Vec::new();
    let mut refusal = None;
    while children.len() < most && refusal.is_none() {
        match sys.fork().await {
            Ok(Forked::Parent(child)) => children.push(child),
            Ok(Forked::Child) => {
                let _ = sys.close(write_end).await;
                let _ = sys.read(read_end, &mut [0]).await;
                match sys.exit(0).await {}
            }
            Err(errno) => refusal = Some(errno),
        }
    }
    match refusal {
        Some(errno) => println!(sys, "{} children, then: {} ({errno})", children.len(), errno.name()).await,
        None => println!(sys, "{} children, as many as were asked for", children.len()).await,
    }
    sys.close(write_end).await?;
    let mut reaped = 0;
    while let Ok((pid, _)) = reap(sys, Pid(-1)).await {
        reaped += usize::from(children.contains(&pid));
    }
    sys.close(read_end).await?;
    println!(sys, "{reaped} reaped").await;
    if reaped != children.len() {
        complain(sys, MANUAL.name, format_args!("{} are missing", children.len() - reaped)).await;
        return Ok(1);
    }
    // And there is room again.
    match sys.fork().await? {
        Forked::Child => match sys.exit(0).await {},
        Forked::Parent(child) => {
            reap(sys, child).await?;
            println!(sys, "one more fork works again").await;
        }
    }
    Ok(0)
}
