//! `sigdemo`: every way that a signal can take, from where it is generated to where it is delivered, accepted, merged with
//! another, or discarded (`signal(7)`).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, MaskHow, Pid, SI_QUEUE, SigActionFlags, SigInfo, Signal, SignalSet, Timespec, WaitOptions};

use crate::libc::{Manual, PLAIN, describe, perror, raise, reap, sigwait, sleep_us};
use crate::sys::{Action, Forked};
use crate::{Args, Sys, handlers, println};

static MANUAL: Manual = Manual {
    name: "sigdemo",
    usage: "",
    about: "Show each path of a signal: generated, pending, delivered; coalesced, queued, accepted,\n\
            discarded, by default; interrupting a call, and starting it again; stop and continue.",
    misuse: 2,
    ..PLAIN
};

handlers! { pub(super) HANDLERS: TELL = tell; }

/// Says what it was called for.
async fn tell(sys: Sys, info: SigInfo) {
    let name = name(info.signo);
    if info.code == SI_QUEUE {
        println!(sys, "   handler: {name} with the value {}", info.status).await;
    } else {
        println!(sys, "   handler: {name} from process {}", info.pid).await;
    }
}

/// The first two of the signals that queue.
const QUEUEING: [Option<Signal>; 2] = [Signal::new(34), Signal::new(35)];

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
    println!(sys, "I am process {}.", me.0).await;
    delivered(sys).await?;
    pending(sys).await?;
    coalesced_or_queued(sys, me).await?;
    accepted(sys).await?;
    discarded(sys).await?;
    by_default(sys).await?;
    interrupting(sys, me).await?;
    stopped(sys).await
}

async fn delivered(sys: Sys) -> Result<(), Errno> {
    println!(sys, "\n1. Caught: generated and delivered at once. The handler runs before kill returns.").await;
    catch(sys, Signal::SIGUSR1, SigActionFlags::empty()).await?;
    raise(sys, Signal::SIGUSR1).await;
    println!(sys, "   kill has returned").await;
    Ok(())
}

async fn pending(sys: Sys) -> Result<(), Errno> {
    println!(sys, "\n2. Blocked: generated, and pending until it is unblocked.").await;
    block(sys, &[Signal::SIGUSR1]).await?;
    raise(sys, Signal::SIGUSR1).await;
    say_pending(sys).await;
    println!(sys, "   I unblock it:").await;
    unblock(sys, &[Signal::SIGUSR1]).await?;
    say_pending(sys).await;
    Ok(())
}

async fn coalesced_or_queued(sys: Sys, me: Pid) -> Result<(), Errno> {
    println!(sys, "\n3. Coalesced: a signal is pending or it isn't. Three of SIGUSR1, while it is blocked, are one.")
        .await;
    block(sys, &[Signal::SIGUSR1]).await?;
    for _ in 0..3 {
        raise(sys, Signal::SIGUSR1).await;
    }
    unblock(sys, &[Signal::SIGUSR1]).await?;

    println!(sys, "\n4. Queued: real-time signals are kept one by one, with their values, the lowest number first.")
        .await;
    let [Some(first), Some(second)] = QUEUEING else { return Err(Errno::EINVAL) };
    let both = [first, second];
    for signal in both {
        // With both in its mask, no handler runs on top of another.
        let mask = set(&both);
        let action = Action::catch(TELL).with_flags(SigActionFlags::SA_SIGINFO).with_mask(mask);
        sys.sigaction(signal, Some(action)).await?;
    }
    block(sys, &both).await?;
    for (signal, value) in [(second, 1), (first, 2), (first, 3)] {
        sys.sigqueue(me, signal, value).await?;
    }
    say_pending(sys).await;
    unblock(sys, &both).await
}

async fn accepted(sys: Sys) -> Result<(), Errno> {
    println!(sys, "\n5. Accepted: sigwait takes a blocked signal out, and no handler runs.").await;
    block(sys, &[Signal::SIGUSR1]).await?;
    raise(sys, Signal::SIGUSR1).await;
    let signal = sigwait(sys, set(&[Signal::SIGUSR1])).await?;
    println!(sys, "   sigwait returned {signal}").await;
    say_pending(sys).await;
    unblock(sys, &[Signal::SIGUSR1]).await
}

async fn discarded(sys: Sys) -> Result<(), Errno> {
    println!(sys, "\n6. Discarded: it is ignored, or becomes so while it is pending.").await;
    block(sys, &[Signal::SIGUSR1]).await?;
    raise(sys, Signal::SIGUSR1).await;
    say_pending(sys).await;
    println!(sys, "   I set it to SIG_IGN:").await;
    sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await?;
    say_pending(sys).await;
    unblock(sys, &[Signal::SIGUSR1]).await
}

async fn by_default(sys: Sys) -> Result<(), Errno> {
    println!(sys, "\n7. By default: most signals end the process, and its parent learns which it was.").await;
    for signal in [Signal::SIGTERM, Signal::SIGQUIT] {
        if let Forked::Parent(child) = fork_sleeper(sys).await? {
            sys.kill(child, Some(signal)).await?;
            let (_, status) = reap(sys, child).await?;
            println!(sys, "   a child that got {signal} {}", describe(status)).await;
        }
    }
    Ok(())
}

async fn interrupting(sys: Sys, me: Pid) -> Result<(), Errno> {
    println!(
        sys,
        "\n8. Interrupting: a handler ends the read that was waiting, or with SA_RESTART lets it start again."
    )
    .await;
    for flags in [SigActionFlags::empty(), SigActionFlags::SA_RESTART] {
        catch(sys, Signal::SIGUSR2, flags).await?;
        let (read_end, write_end) = sys.pipe().await?;
        let Forked::Parent(child) = sys.fork().await? else {
            sleep_us(sys, 1000).await;
            sys.kill(me, Some(Signal::SIGUSR2)).await?;
            sleep_us(sys, 1000).await;
            sys.write(write_end, b"data").await?;
            match sys.exit(0).await {}
        };
        match sys.read(read_end, &mut [0; 8]).await {
            Ok(count) => println!(sys, "   with SA_RESTART: read returned {count} bytes").await,
            Err(errno) => println!(sys, "   without: read failed: {errno}").await,
        }
        reap(sys, child).await?;
        for end in [read_end, write_end] {
            sys.close(end).await?;
        }
    }
    Ok(())
}

async fn stopped(sys: Sys) -> Result<(), Errno> {
    println!(
        sys,
        "\n9. Stop and continue: while a process is stopped, everything but SIGKILL and SIGCONT has to wait."
    )
    .await;
    let Forked::Parent(child) = fork_sleeper(sys).await? else { return Ok(()) };
    for (signal, options) in [
        (Signal::SIGSTOP, WaitOptions::WUNTRACED),
        (Signal::SIGTERM, WaitOptions::WNOHANG),
        (Signal::SIGCONT, WaitOptions::empty()),
    ] {
        sys.kill(child, Some(signal)).await?;
        match sys.waitpid(child, options).await? {
            Some((_, status)) => println!(sys, "   {signal}: the child {}", describe(status)).await,
            None => println!(sys, "   {signal}: nothing happens yet").await,
        }
    }
    Ok(())
}

/// Forks a child that does nothing for a long time.
async fn fork_sleeper(sys: Sys) -> Result<Forked, Errno> {
    let forked = sys.fork().await?;
    if forked == Forked::Child {
        let _ = sys.nanosleep(Timespec { sec: 3600, nsec: 0 }).await;
        match sys.exit(0).await {}
    }
    Ok(forked)
}

async fn catch(sys: Sys, signal: Signal, flags: SigActionFlags) -> Result<(), Errno> {
    sys.sigaction(signal, Some(Action::catch(TELL).with_flags(flags))).await.map(drop)
}

async fn block(sys: Sys, signals: &[Signal]) -> Result<(), Errno> {
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(signals)))).await.map(drop)
}

async fn unblock(sys: Sys, signals: &[Signal]) -> Result<(), Errno> {
    sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, set(signals)))).await.map(drop)
}

async fn say_pending(sys: Sys) {
    let names: Vec<String> = sys.sigpending().await.signals().map(|signal| format!("{signal}")).collect();
    let names = if names.is_empty() { "nothing".into() } else { names.join(" ") };
    println!(sys, "   pending: {names}").await;
}

fn set(signals: &[Signal]) -> SignalSet {
    signals.iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(*signal))
}

fn name(number: i32) -> String {
    Signal::new(number.into()).map_or_else(|| format!("signal {number}"), |signal| format!("{signal}"))
}
