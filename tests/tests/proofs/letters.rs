//! Many senders and receivers at a small message queue: under any schedule each message arrives once, in order within its
//! priority. That nobody sleeps while there is work is an invariant of the kernel, checked at each step.

use abi::{ClockId, Errno, MqAttr, OpenFlags, Timespec};
use harness::{LETTERS, Scenario, map_shared};
use userland::sys::{Forked, Mqd};
use userland::{Args, Sys};

use crate::programs;

/// Messages of one sender.
const EACH: u8 = 6;
/// Those of senders have the priorities above the one that says that no more come.
const PRIORITIES: u8 = 3;
/// Long after everything should be over, in microseconds: whoever's partner was killed gives up then.
const PATIENCE_US: u64 = 60_000_000;

async fn deadline(sys: Sys) -> Timespec {
    let now = sys.clock_gettime(ClockId::CLOCK_REALTIME).await.ok().and_then(Timespec::to_us).unwrap_or(0);
    Timespec::from_us(now + PATIENCE_US)
}

/// `letters SENDERS RECEIVERS`: 0 if every message arrived once, and each receiver saw those of a sender and a priority in
/// order.
pub(crate) async fn main(sys: Sys, args: Args) -> i32 {
    let number = |index| args.text(index).parse::<u8>().unwrap_or(2);
    let (senders, receivers) = (number(1), number(2));
    let attributes = MqAttr { maxmsg: 2, msgsize: 2, ..MqAttr::default() };
    let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
    let Ok(queue) = sys.mq_open(LETTERS, flags, 0o600, Some(attributes)).await else { return 1 };
    let _ = sys.mq_unlink(LETTERS).await;
    let arrived = map_shared(sys, 1).await;
    let mut sending = Vec::new();
    for person in 0..senders + receivers {
        match sys.fork().await {
            Ok(Forked::Child) if person < senders => return send(sys, queue, person).await,
            Ok(Forked::Child) => return receive(sys, queue, arrived).await,
            Ok(Forked::Parent(child)) if person < senders => sending.push(child),
            Ok(Forked::Parent(_)) => {}
            Err(_) => return 1,
        }
    }
    let mut failed = 0;
    for child in sending {
        let waited = sys.waitpid(child, abi::WaitOptions::empty()).await;
        failed += i32::from(!matches!(waited, Ok(Some((_, abi::WaitStatus::Exited(0))))));
    }
    for _ in 0..receivers {
        let until = deadline(sys).await;
        failed += i32::from(sys.mq_timedsend(queue, b"", 0, until).await.is_err());
    }
    while let Ok((_, status)) = sys.wait().await {
        failed += i32::from(status != abi::WaitStatus::Exited(0));
    }
    for place in 0..u64::from(senders) * u64::from(EACH) {
        failed += i32::from(sys.load::<u8>(arrived + place).await != 1);
    }
    failed
}

async fn send(sys: Sys, queue: Mqd, sender: u8) -> i32 {
    let until = deadline(sys).await;
    for number in 0..EACH {
        let priority = 1 + (number * 5 + sender) % PRIORITIES;
        if sys.mq_timedsend(queue, &[sender, number], priority.into(), until).await.is_err() {
            return 1;
        }
    }
    0
}

async fn receive(sys: Sys, queue: Mqd, arrived: u64) -> i32 {
    let until = deadline(sys).await;
    let mut last = std::collections::BTreeMap::new();
    loop {
        let (message, priority) = match sys.mq_timedreceive(queue, 2, until).await {
            Ok(received) => received,
            Err(Errno::ETIMEDOUT) => return 1,
            Err(_) => return 2,
        };
        let [sender, number] = message[..] else { return 0 };
        if last.insert((sender, priority), number).is_some_and(|before| before >= number) {
            return 3;
        }
        let place = arrived + u64::from(sender) * u64::from(EACH) + u64::from(number);
        let count = sys.load::<u8>(place).await;
        sys.store::<u8>(place, count + 1).await;
    }
}

fn letters(senders: &'static str, receivers: &'static str) -> Scenario {
    Scenario::command(["letters", senders, receivers]).among(programs::PROGRAMS)
}

#[test]
fn each_message_arrives_once_and_in_order_within_its_priority() {
    for (senders, receivers) in [("1", "1"), ("3", "1"), ("1", "3"), ("4", "4"), ("2", "5")] {
        letters(senders, receivers).seeds(60).succeeds();
    }
}
