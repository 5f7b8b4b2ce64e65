//! Many senders and receivers at something small: a POSIX queue, a System V queue, a FIFO. Under any schedule each message
//! arrives once, whole, and in order within its priority or type. That nobody sleeps while there is work is an invariant of the
//! kernel, checked at each step.

use std::collections::BTreeMap;

use abi::{ClockId, Errno, FcntlCommand, Fd, IPC_PRIVATE, IpcFlags, MqAttr, MsgFlags, OpenFlags, Timespec};
use harness::{LETTERS, PAGE, Scenario, map_shared};
use userland::sys::{Forked, Mqd};
use userland::{Args, Sys};

use crate::programs;

/// Messages of one sender.
const EACH: u8 = 6;
/// Those of senders have the priorities, or the types, from 1 to this.
const PRIORITIES: u8 = 3;
/// Bytes of a message in a FIFO, of which its page holds two and a piece.
const BYTES: usize = 1500;
/// Where the moments of each message lie: when its sending began and ended, and its receiving.
const MOMENTS: u64 = 64;
/// The clock that gives them: it goes on whenever it is looked at.
const CLOCK: u64 = 2048;
/// Where receivers note that they have opened the FIFO.
const CAME_IN: u64 = PAGE - 8;
/// Long after everything should be over, in microseconds: whoever's partner was killed gives up then.
const PATIENCE_US: u64 = 60_000_000;

/// What messages go through. It holds two.
#[derive(Clone, Copy)]
enum Medium {
    Mqueue(Mqd),
    /// A System V queue.
    Queue(i32),
    Fifo,
}
use Medium::*;

const FIFO: &[u8] = b"/tmp/letters";

/// The next moment.
async fn moment(sys: Sys, page: u64) -> u64 {
    sys.fetch_add::<u64>(page + CLOCK, 1).await + 1
}

/// Notes two moments of a message: of its sending, or of its receiving.
async fn note(sys: Sys, page: u64, place: u64, received: bool, moments: [u64; 2]) {
    let at = page + MOMENTS + place * 32 + if received { 16 } else { 0 };
    for (moment, at) in moments.into_iter().zip([at, at + 8]) {
        sys.store::<u64>(at, moment).await;
    }
}

/// The priority, or the type, of a sender's message; a FIFO has only one.
const fn priority_of(sender: u8, number: u8) -> u8 {
    1 + (number * 5 + sender) % PRIORITIES
}

/// A message's priority, and when its sending began and ended, and its receiving.
type Times = (u8, [u64; 4]);

/// How many pairs of messages of one priority were received the other way round than they were sent, whoever sent them: the one
/// was there before the sending of the other began, and was received after the receiving of the other had ended.
async fn overtaken(sys: Sys, medium: Medium, page: u64, senders: u8) -> i32 {
    let mut messages: Vec<Times> = Vec::new();
    for (sender, number) in (0..senders).flat_map(|sender| (0..EACH).map(move |number| (sender, number))) {
        let at = page + MOMENTS + u64::from(filling(sender, number)) * 32;
        let mut moments = [0; 4];
        for (place, moment) in (0..).zip(&mut moments) {
            *moment = sys.load::<u64>(at + 8 * place).await;
        }
        let priority = if matches!(medium, Fifo) { 0 } else { priority_of(sender, number) };
        // Of one that somebody who was killed had, not everything is known.
        if moments.iter().all(|moment| *moment > 0) {
            messages.push((priority, moments));
        }
    }
    let pairs = messages.iter().flat_map(|one| messages.iter().map(move |other| (one, other)));
    let is_wrong = |one: &Times, other: &Times| {
        let ((priority, [_, sent, receiving, _]), (other, [sending, _, _, received])) = (one, other);
        priority == other && sent < sending && received < receiving
    };
    pairs.filter(|(one, other)| is_wrong(one, other)).count() as i32
}

async fn deadline(sys: Sys) -> Timespec {
    let now = sys.clock_gettime(ClockId::CLOCK_REALTIME).await.ok().and_then(Timespec::to_us).unwrap_or(0);
    Timespec::from_us(now + PATIENCE_US)
}

impl Medium {
    async fn make(sys: Sys, name: &str) -> Result<Medium, Errno> {
        match name {
            "mqueue" => {
                let attributes = MqAttr { maxmsg: 2, msgsize: 2, ..MqAttr::default() };
                let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
                let queue = sys.mq_open(LETTERS, flags, 0o600, Some(attributes)).await?;
                sys.mq_unlink(LETTERS).await?;
                Ok(Mqueue(queue))
            }
            "queue" => {
                let id = sys.msgget(IPC_PRIVATE, IpcFlags::from_bits_retain(0o600)).await?;
                sys.msg_set(id, sys.msg_stat(id).await?.perm, 4).await?;
                Ok(Queue(id))
            }
            _ => sys.mkfifo(FIFO, 0o600).await.map(|()| Fifo),
        }
    }

    /// Once all senders have ended: tells the receivers that no more messages come.
    async fn close(self, sys: Sys, receivers: u8, way: Option<Fd>) -> Result<(), Errno> {
        match self {
            Mqueue(queue) => {
                for _ in 0..receivers {
                    sys.mq_timedsend(queue, b"", 0, deadline(sys).await).await?;
                }
                Ok(())
            }
            Queue(id) => {
                while sys.msg_stat(id).await?.qnum > 0 {
                    let _ = sys.nanosleep(Timespec::from_us(100)).await;
                }
                sys.msg_remove(id).await
            }
            Fifo => sys.close(way.ok_or(Errno::EBADF)?).await,
        }
    }
}

/// `letters MEDIUM SENDERS RECEIVERS`: 0 if every message arrived once, each receiver saw those of a sender and a priority
/// in order, and no message overtook another of its priority, from whomever.
pub(crate) async fn main(sys: Sys, args: Args) -> i32 {
    let number = |index| args.text(index).parse::<u8>().unwrap_or(2);
    let (senders, receivers) = (number(2), number(3));
    let Ok(medium) = Medium::make(sys, &args.text(1)).await else { return 1 };
    let arrived = map_shared(sys, 1).await;
    let mut sending = Vec::new();
    for person in 0..senders + receivers {
        match sys.fork().await {
            Ok(Forked::Child) if person < senders => return send(sys, medium, person, arrived).await,
            Ok(Forked::Child) => return receive(sys, medium, person - senders, arrived).await,
            Ok(Forked::Parent(child)) if person < senders => sending.push(child),
            Ok(Forked::Parent(_)) => {}
            Err(_) => return 1,
        }
    }
    // Whoever comes late to a FIFO finds it open, and its end only when all have come.
    let way = match medium {
        Fifo => sys.open(FIFO, OpenFlags::O_WRONLY).await.ok(),
        _ => None,
    };
    while way.is_some() && sys.load::<u8>(arrived + CAME_IN).await < receivers {
        let _ = sys.nanosleep(Timespec::from_us(100)).await;
    }
    let mut failed = 0;
    for child in sending {
        let waited = sys.waitpid(child, abi::WaitOptions::empty()).await;
        failed += i32::from(!matches!(waited, Ok(Some((_, abi::WaitStatus::Exited(0))))));
    }
    failed += i32::from(medium.close(sys, receivers, way).await.is_err());
    while let Ok((_, status)) = sys.wait().await {
        failed += i32::from(status != abi::WaitStatus::Exited(0));
    }
    for place in 0..u64::from(senders) * u64::from(EACH) {
        failed += i32::from(sys.load::<u8>(arrived + place).await != 1);
    }
    failed += overtaken(sys, medium, arrived, senders).await;
    if matches!(medium, Fifo) {
        failed += i32::from(sys.unlink(FIFO).await.is_err());
    }
    failed
}

/// What a sender fills its message with, so that a piece of another would be seen.
const fn filling(sender: u8, number: u8) -> u8 {
    sender * EACH + number
}

async fn send(sys: Sys, medium: Medium, sender: u8, page: u64) -> i32 {
    let until = deadline(sys).await;
    let mut way = Fd(-1);
    if matches!(medium, Fifo) {
        let Ok(fd) = sys.open(FIFO, OpenFlags::O_WRONLY).await else { return 1 };
        let _ = sys.fcntl(fd, FcntlCommand::F_SETPIPE_SZ, PAGE).await;
        way = fd;
    }
    for number in 0..EACH {
        let priority = priority_of(sender, number);
        let letter = [sender, number];
        let begun = moment(sys, page).await;
        let sent = match medium {
            Mqueue(queue) => sys.mq_timedsend(queue, &letter, priority.into(), until).await,
            Queue(id) => sys.msgsnd(id, priority.into(), &letter, MsgFlags::empty()).await,
            Fifo => {
                let mut bytes = [filling(sender, number); BYTES];
                bytes[..2].copy_from_slice(&letter);
                sys.write(way, &bytes).await.map(|count| assert_eq!(count, BYTES))
            }
        };
        if sent.is_err() {
            return 1;
        }
        let ended = moment(sys, page).await;
        note(sys, page, filling(sender, number).into(), false, [begun, ended]).await;
    }
    0
}

/// What a receiver gets: a sender, a number, and a priority if only that keeps the order. `None`: no more comes.
type Letter = Option<(u8, u8, i64)>;

/// How the receivers of a System V queue select: the first one takes anything, so that nothing is left over.
const SELECTIONS: [(i64, MsgFlags); 5] = [
    (0, MsgFlags::empty()),
    (-2, MsgFlags::empty()),
    (3, MsgFlags::empty()),
    (1, MsgFlags::MSG_EXCEPT),
    (-3, MsgFlags::empty()),
];

async fn one(sys: Sys, medium: Medium, receiver: u8, way: Fd, until: Timespec) -> Result<Letter, Errno> {
    match medium {
        Mqueue(queue) => {
            let (message, priority) = sys.mq_timedreceive(queue, 2, until).await?;
            let [sender, number] = message[..] else { return Ok(None) };
            Ok(Some((sender, number, priority.into())))
        }
        Queue(id) => {
            let (kind, flags) = SELECTIONS[usize::from(receiver) % SELECTIONS.len()];
            let mut message = [0; 2];
            match sys.msgrcv(id, &mut message, kind, flags).await {
                Ok((of, 2)) => {
                    let except = flags.contains(MsgFlags::MSG_EXCEPT);
                    let fits = kind == 0 || kind < 0 && of <= -kind || kind > 0 && (of == kind) != except;
                    assert!(fits, "{kind} was asked for, and {of} came");
                    // Whoever takes anything sees all of a sender in order.
                    Ok(Some((message[0], message[1], if kind == 0 { 0 } else { of })))
                }
                Ok(_) => Err(Errno::EMSGSIZE),
                // It was removed, while this one slept or before.
                Err(Errno::EIDRM | Errno::EINVAL) => Ok(None),
                Err(errno) => Err(errno),
            }
        }
        Fifo => {
            let mut bytes = [0; BYTES];
            match sys.read(way, &mut bytes).await? {
                0 => return Ok(None),
                count => assert_eq!(count, BYTES, "a message came in pieces"),
            }
            let [sender, number] = [bytes[0], bytes[1]];
            assert!(bytes[2..].iter().all(|byte| *byte == filling(sender, number)), "two messages are mixed");
            Ok(Some((sender, number, 0)))
        }
    }
}

async fn receive(sys: Sys, medium: Medium, receiver: u8, arrived: u64) -> i32 {
    let until = deadline(sys).await;
    let mut way = Fd(-1);
    if matches!(medium, Fifo) {
        let Ok(fd) = sys.open(FIFO, OpenFlags::empty()).await else { return 2 };
        sys.fetch_add::<u8>(arrived + CAME_IN, 1).await;
        way = fd;
    }
    let mut last = BTreeMap::new();
    loop {
        let begun = moment(sys, arrived).await;
        let (sender, number, priority) = match one(sys, medium, receiver, way, until).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return 0,
            Err(Errno::ETIMEDOUT) => return 1,
            Err(_) => return 2,
        };
        let ended = moment(sys, arrived).await;
        note(sys, arrived, filling(sender, number).into(), true, [begun, ended]).await;
        if last.insert((sender, priority), number).is_some_and(|before| before >= number) {
            return 3;
        }
        sys.fetch_add::<u8>(arrived + u64::from(sender) * u64::from(EACH) + u64::from(number), 1).await;
    }
}

/// Different numbers of senders and receivers, each under so many random schedules.
fn every_letter_arrives(medium: &'static str, seeds: u64) {
    for (senders, receivers) in [("1", "1"), ("3", "1"), ("1", "3"), ("4", "4"), ("2", "5")] {
        let letters = Scenario::command(["letters", medium, senders, receivers]);
        letters.among(programs::PROGRAMS).seeds(seeds).succeeds();
    }
}

#[test]
fn each_message_arrives_once_and_in_order_within_its_priority() {
    every_letter_arrives("mqueue", 60);
}

#[test]
fn each_system_v_message_arrives_once_and_in_order_within_its_type() {
    every_letter_arrives("queue", 60);
}

#[test]
fn each_message_through_a_fifo_arrives_once_whole_and_in_order() {
    every_letter_arrives("fifo", 60);
}
