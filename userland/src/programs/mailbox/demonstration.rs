//! What a message queue can do that a pipe can't, step by step.

use alloc::format;
use alloc::string::String;

use abi::{Errno, MaskHow, MqAttr, OpenFlags, Signal, SignalSet, Timespec};

use super::SHAPE;
use crate::libc::{describe, display_name, sleep_us, wait_for};
use crate::sys::{Forked, Mqd, Notify};
use crate::{Sys, println};

/// How many messages the queue holds here.
const ROOM: i64 = 4;

pub(super) async fn show(sys: Sys) -> Result<(), Errno> {
    let name = format!("/mailbox.{}", sys.getpid().await.0);
    let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
    let queue = sys.mq_open(name.as_bytes(), flags, 0o600, Some(MqAttr { maxmsg: ROOM, ..SHAPE })).await?;
    // At once, so that nothing is left whatever becomes of this process; the fifth step is about it.
    sys.mq_unlink(name.as_bytes()).await?;
    steps(sys, &name, queue).await
}

async fn steps(sys: Sys, name: &str, queue: Mqd) -> Result<(), Errno> {
    println!(sys, "1. The most urgent first, and among equals the oldest:").await;
    for (text, priority) in [("buy milk", 0), ("the house is on fire", 9), ("buy bread", 0), ("call back", 5)] {
        sys.mq_send(queue, text.as_bytes(), priority).await?;
        println!(sys, "   sent     {priority}  {text}").await;
    }
    set_nonblocking(sys, queue, true).await?;
    receive_all(sys, queue).await?;

    println!(sys, "2. Who receives from an empty mailbox sleeps until something comes:").await;
    set_nonblocking(sys, queue, false).await?;
    wake_a_receiver(sys, queue).await?;

    println!(sys, "3. With O_NONBLOCK nobody sleeps:").await;
    set_nonblocking(sys, queue, true).await?;
    println!(sys, "   receive from an empty mailbox: {}", outcome(sys.mq_receive(queue, room()).await)).await;
    for number in 1..=ROOM {
        sys.mq_send(queue, format!("letter {number}").as_bytes(), 0).await?;
    }
    println!(sys, "   send to a full one, of {ROOM}: {}", outcome(sys.mq_send(queue, b"one more", 0).await)).await;
    while sys.mq_receive(queue, room()).await.is_ok() {}

    println!(sys, "4. A signal, once, when something comes into the empty mailbox:").await;
    be_notified(sys, queue).await?;

    println!(sys, "5. Without a name it lasts as long as somebody has it open:").await;
    sys.mq_send(queue, b"still here", 0).await?;
    let opened = sys.mq_open(name.as_bytes(), OpenFlags::empty(), 0, None).await;
    println!(sys, "   it was unlinked at the start; to open it again: {}", outcome(opened)).await;
    receive_all(sys, queue).await
}

fn room() -> usize {
    SHAPE.msgsize as usize
}

fn outcome<T>(result: Result<T, Errno>) -> String {
    result.map_or_else(|errno| format!("{errno}"), |_| "done".into())
}

async fn set_nonblocking(sys: Sys, queue: Mqd, on: bool) -> Result<(), Errno> {
    let flags = if on { i64::from(OpenFlags::O_NONBLOCK.bits()) } else { 0 };
    sys.mq_setattr(queue, MqAttr { flags, ..MqAttr::default() }).await.map(drop)
}

/// Receives until the queue, which doesn't block, is empty.
async fn receive_all(sys: Sys, queue: Mqd) -> Result<(), Errno> {
    loop {
        match sys.mq_receive(queue, room()).await {
            Ok((text, priority)) => println!(sys, "   received {priority}  {}", display_name(&text)).await,
            Err(Errno::EAGAIN) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
}

async fn wake_a_receiver(sys: Sys, queue: Mqd) -> Result<(), Errno> {
    match sys.fork().await? {
        Forked::Child => {
            let received = sys.mq_receive(queue, room()).await;
            if let Ok((text, _)) = &received {
                println!(sys, "   child: received {}", display_name(text)).await;
            }
            match sys.exit(received.is_err().into()).await {}
        }
        Forked::Parent(child) => {
            sleep_us(sys, 1000).await;
            println!(sys, "   parent: after a while I send something").await;
            sys.mq_send(queue, b"something", 0).await?;
            println!(sys, "   parent: my child {}", describe(wait_for(sys, child).await?)).await;
            Ok(())
        }
    }
}

/// A notification is used up by the first message.
async fn be_notified(sys: Sys, queue: Mqd) -> Result<(), Errno> {
    let signal = SignalSet::of(Signal::SIGUSR1);
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, signal))).await?;
    sys.mq_notify(queue, Some(Notify::Signal(Signal::SIGUSR1, 7))).await?;
    for text in ["first", "second"] {
        sys.mq_send(queue, text.as_bytes(), 0).await?;
        // Not at all, if it isn't there yet.
        let came = match sys.sigtimedwait(signal, Some(Timespec::from_us(0))).await {
            Ok(info) => format!("SIGUSR1 with the value {}", info.status),
            Err(Errno::EAGAIN) => "no signal".into(),
            Err(errno) => return Err(errno),
        };
        println!(sys, "   sent {text}: {came}").await;
        sys.mq_receive(queue, room()).await?;
    }
    Ok(())
}
