//! `ping`: two processes bounce a byte through two pipes.

use abi::{ClockId, Errno, Fd, Timespec};

use crate::libc::{Manual, PLAIN, complain, counted, parse_number, perror, quote, wait_for, write_all};
use crate::sys::Forked;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "ping",
    usage: "[COUNT]",
    about: "Bounce a byte between two processes through two pipes, COUNT times (10 by default),\n\
            and print how many round trips it made and how long they took in virtual time.",
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let count = match given.operands[..] {
        [] => Some(10),
        [text] => parse_number(text).and_then(|count| u64::try_from(count).ok()),
        _ => None,
    };
    let Some(count) = count else {
        let operand = given.operands.last().copied().unwrap_or_default();
        return MANUAL.misuse(sys, format_args!("invalid count {}", quote(operand))).await;
    };
    match bounce(sys, count).await {
        Ok(returned) if returned == count => 0,
        Ok(returned) => {
            complain(sys, MANUAL.name, format_args!("the other process ended after {returned} round trips")).await;
            1
        }
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot bounce", errno).await;
            1
        }
    }
}

/// Makes the pipes and the other process, and bounces; how often the byte came back.
async fn bounce(sys: Sys, count: u64) -> Result<u64, Errno> {
    let (there_read, there_write) = sys.pipe().await?;
    let (back_read, back_write) = sys.pipe().await?;
    let child = match sys.fork().await? {
        Forked::Child => {
            // Were this end open here too, the end of the pipe would never be seen.
            let _ = sys.close(there_write).await;
            let _ = sys.close(back_read).await;
            let status = match echo(sys, there_read, back_write).await {
                Ok(()) => 0,
                Err(_) => 1,
            };
            match sys.exit(status).await {}
        }
        Forked::Parent(child) => child,
    };
    sys.close(there_read).await?;
    sys.close(back_write).await?;
    let start = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    let mut returned = 0;
    let mut byte = [0];
    while returned < count {
        write_all(sys, there_write, &[returned as u8]).await?;
        if sys.read(back_read, &mut byte).await? == 0 || byte[0] != returned as u8 {
            break;
        }
        returned += 1;
    }
    let end = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    sys.close(there_write).await?;
    wait_for(sys, child).await?;
    let trips = counted(returned, "round trip");
    println!(sys, "{trips} in {} us of virtual time", microseconds(start, end)).await;
    Ok(returned)
}

/// Sends every byte back until there are no more.
async fn echo(sys: Sys, from: Fd, to: Fd) -> Result<(), Errno> {
    let mut byte = [0];
    while sys.read(from, &mut byte).await? > 0 {
        write_all(sys, to, &byte).await?;
    }
    Ok(())
}

fn microseconds(start: Timespec, end: Timespec) -> u64 {
    end.to_us().unwrap_or(0).saturating_sub(start.to_us().unwrap_or(0))
}
