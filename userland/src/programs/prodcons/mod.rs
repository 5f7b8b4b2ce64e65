//! `prodcons`: one producer, one consumer, and four ways from the one to the other.
//!
//! | question | file |
//! | --- | --- |
//! | what does each way have to offer? | `way.rs` |
//! | a pipe | `pipe.rs` |
//! | a POSIX message queue | `mqueue.rs` |
//! | a System V message queue | `sysv.rs` |
//! | shared memory with semaphores | `shm.rs` |

mod mqueue;
mod pipe;
mod shm;
mod sysv;
mod way;

use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

use abi::{ClockId, Errno, MapFlags, PAGE_SIZE, Protection};

use self::way::Way;
use super::participants::Participants;
use crate::libc::{Manual, Opt, PLAIN, complain, counted, parse_count, parse_number, perror, quote};
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "prodcons",
    usage: "[-s BYTES] [pipe|mqueue|sysv|shm] [ITEMS]",
    about: "Pass ITEMS numbers (100 by default) from a producer to a consumer, in one of four ways or,\n\
            if none is named, in each of them. The consumer adds them up, and checks their order:\n\
            \n\
            pipe    a stream of bytes, between relatives; its end is seen when the writer closes it\n\
            mqueue  messages with priorities, in a POSIX queue that is found by name\n\
            sysv    messages with types, in a System V queue that is found by key\n\
            shm     nothing is copied: both see the same page, and two semaphores keep them in step\n\
            \n\
            ITEMS is at most 1000000. A message of a queue is whole, and tells items apart; a pipe costs\n\
            about the same, and has no items. The shared page takes two calls for each item where the\n\
            others take one: with these small numbers it is the slowest, and pays off where what is\n\
            passed is large, or is left in place. See it with --size=4096.",
    options: &[
        Opt::value("n", "items", "ITEMS", "the same as the operand"),
        Opt::value("s", "size", "BYTES", "fill each item up to BYTES bytes, 4 to 4096 (suffix: K)"),
    ],
    misuse: 2,
    ..PLAIN
};

/// More would take too long to be a demonstration.
const MOST_ITEMS: i64 = 1_000_000;
/// An item begins with its number.
const NUMBER_BYTES: usize = 4;
/// What a queue of the usual size can hold four of, and a pipe takes at once.
const MOST_BYTES: u64 = 4096;

/// What the consumer has found.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Answer {
    count: u64,
    sum: u64,
    /// Depends on the order of the numbers.
    check: u64,
}

impl Answer {
    fn add(&mut self, item: u32) {
        self.count += 1;
        self.sum += u64::from(item);
        self.check = self.check.wrapping_mul(31).wrapping_add(item.into());
    }
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let (kind, rest) = match given.operands[..] {
        [kind @ (b"pipe" | b"mqueue" | b"sysv" | b"shm"), ref rest @ ..] => (Some(kind), rest),
        ref rest => (None, rest),
    };
    let given_items = given.value("items").into_iter().chain(rest.iter().copied()).collect::<Vec<_>>();
    let items = match given_items[..] {
        [] => 100,
        [text] => match parse_number(text) {
            Some(items @ 0..=MOST_ITEMS) => items as u32,
            _ => {
                return MANUAL
                    .misuse(sys, format_args!("invalid way or number of items {}, not 0 to {MOST_ITEMS}", quote(text)))
                    .await;
            }
        },
        [_, extra, ..] => return MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await,
    };
    let size = match given.value("size").map(|text| (text, parse_count(text))) {
        None => NUMBER_BYTES,
        Some((_, Ok(size))) if (NUMBER_BYTES as u64..=MOST_BYTES).contains(&size) => size as usize,
        Some((text, _)) => {
            let range = format_args!("{NUMBER_BYTES} to {MOST_BYTES}");
            return MANUAL.misuse(sys, format_args!("invalid size {}, not {range}", quote(text))).await;
        }
    };
    match run(sys, kind, (items, size)).await {
        Ok(right) => (!right).into(),
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

/// Goes one way, or all of them; whether each answer is right.
async fn run(sys: Sys, kind: Option<&[u8]>, load: (u32, usize)) -> Result<bool, Errno> {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let board = sys.mmap(0, PAGE_SIZE, protection, MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS).await?;
    let mut right = true;
    for each in [&b"pipe"[..], b"mqueue", b"sysv", b"shm"] {
        if kind.is_none_or(|kind| kind == each) {
            right &= match each {
                b"pipe" => exchange::<pipe::Pipe>(sys, board, load).await?,
                b"mqueue" => exchange::<mqueue::Queue>(sys, board, load).await?,
                b"sysv" => exchange::<sysv::Queue>(sys, board, load).await?,
                _ => exchange::<shm::Ring>(sys, board, load).await?,
            };
        }
    }
    if kind.is_none() && right {
        println!(sys, "four ways, the same answer").await;
    }
    Ok(right)
}

/// Goes one way; whether the answer, which the consumer leaves at `board`, is right.
async fn exchange<W: Way>(sys: Sys, board: u64, (items, size): (u32, usize)) -> Result<bool, Errno> {
    let mut way = W::make(sys, size).await?;
    let start = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    let mut both = Participants::new(sys, MANUAL.name);
    let added = async {
        both.add("the producer", async |sys| produce(sys, &mut way, items, size).await).await?;
        both.add("the consumer", async |sys| consume(sys, &mut way, board, size).await).await?;
        way.leave(sys).await?;
        both.finish().await
    };
    let finished = added.await;
    // Whatever happened, nothing is left behind.
    way.remove(sys).await;
    if !finished? {
        return Ok(false);
    }
    let end = sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await?;
    let (count, sum, check) = (sys.load(board).await, sys.load(board + 8).await, sys.load(board + 16).await);
    let us = end.to_us().unwrap_or(0).saturating_sub(start.to_us().unwrap_or(0));
    let of = if size == NUMBER_BYTES { String::new() } else { format!(" of {size} bytes") };
    let moved = counted(count, "item");
    println!(sys, "{:<8}{moved}{of}, sum {sum}, check {check:016x}, in {us} us of virtual time", W::NAME).await;
    let mut expected = Answer::default();
    (1..=items).for_each(|item| expected.add(item));
    let right = expected == Answer { count, sum, check };
    if !right {
        complain(sys, MANUAL.name, format_args!("that isn't what was produced: {expected:?}")).await;
    }
    Ok(right)
}

/// An item: its number, again and again until it is as long as it is to be.
fn filled(number: u32, size: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(size).collect()
}

async fn produce(sys: Sys, way: &mut impl Way, items: u32, size: usize) -> Result<(), Errno> {
    way.begin_producing(sys).await?;
    for number in 1..=items {
        way.put(sys, &filled(number, size)).await?;
    }
    way.end(sys).await
}

/// # Errors
/// `EIO`: an item isn't what was produced.
async fn consume(sys: Sys, way: &mut impl Way, board: u64, size: usize) -> Result<(), Errno> {
    way.begin_consuming(sys).await?;
    let mut answer = Answer::default();
    let mut item = vec![0; size];
    while way.get(sys, &mut item).await? {
        let number = item.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        if item != filled(number, size) {
            return Err(Errno::EIO);
        }
        answer.add(number);
    }
    for (place, value) in [answer.count, answer.sum, answer.check].into_iter().enumerate() {
        sys.store(board + place as u64 * 8, value).await;
    }
    Ok(())
}
