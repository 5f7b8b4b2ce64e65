//! `ipcmk(1)`: makes System V queues, segments and sets of semaphores.

use alloc::format;

use abi::{Errno, IPC_PRIVATE, IpcFlags};

use super::ipc_key::{HELP, Kind, VERSION, parse};
use crate::libc::{Manual, Opt, Output, PLAIN, complain, parse_count, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "ipcmk",
    usage: "[-p MODE] {-M SIZE | -S NUMBER | -Q}",
    about: "Make a System V shared memory segment, set of semaphores or message queue, and print its\n\
            identifier. It gets a key that no other of its kind has.",
    options: &[
        Opt::value("M", "shmem", "SIZE", "make a segment of SIZE bytes (suffixes: K, M, ...)"),
        Opt::value("S", "semaphore", "NUMBER", "make a set of NUMBER semaphores"),
        Opt::flag("Q", "queue", "make a message queue"),
        Opt::value("p", "mode", "MODE", "octal permissions, 0644 by default"),
        HELP,
        VERSION,
    ],
    ..PLAIN
};

/// The upper half of the keys that are tried.
const FIRST_KEY: i32 = 0x5661_0000;

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    if let Some(extra) = given.operands.first() {
        return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await);
    }
    if ["shmem", "semaphore", "queue"].iter().all(|kind| !given.has(kind)) {
        return Err(MANUAL.misuse(sys, "bad usage").await);
    }
    let mode = match given.value("mode") {
        None => 0o644,
        Some(text) => match octal(text) {
            Some(mode) => mode,
            None => return Err(refuse(sys, "mode", text).await),
        },
    };
    let flags = IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL | IpcFlags::from_bits_retain(mode);
    if let Some(text) = given.value("shmem") {
        let Some(size) = parse_count(text).ok().and_then(|size| usize::try_from(size).ok()) else {
            return Err(refuse(sys, "size", text).await);
        };
        let made = make(async |key| sys.shmget(key, size, flags).await).await;
        report(sys, Kind::Segment, made).await?;
    }
    if let Some(text) = given.value("semaphore") {
        let Some(count) = parse(text) else { return Err(refuse(sys, "elements", text).await) };
        let made = make(async |key| sys.semget(key, count, flags).await).await;
        report(sys, Kind::Set, made).await?;
    }
    if given.has("queue") {
        let made = make(async |key| sys.msgget(key, flags).await).await;
        report(sys, Kind::Queue, made).await?;
    }
    Ok(0)
}

fn octal(text: &[u8]) -> Option<u32> {
    let digits = core::str::from_utf8(text).ok()?;
    u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && !digits.starts_with('+'))
}

async fn refuse(sys: Sys, what: &str, text: &[u8]) -> i32 {
    complain(sys, MANUAL.name, format_args!("failed to parse {what}: {}", quote(text))).await;
    1
}

/// Makes an object with the first key that isn't in use. Where Linux's program draws a random key, this one counts.
async fn make(get: impl AsyncFn(i32) -> Result<i32, Errno>) -> Result<i32, Errno> {
    let mut key = FIRST_KEY;
    loop {
        key += 1;
        match get(if key < FIRST_KEY + 0xffff { key } else { IPC_PRIVATE }).await {
            Err(Errno::EEXIST) => {}
            result => return result,
        }
    }
}

/// Prints the identifier. If it can't, the object is removed again: nobody would know of it.
async fn report(sys: Sys, kind: Kind, made: Result<i32, Errno>) -> Result<(), i32> {
    let (title, what) = match kind {
        Kind::Segment => ("Shared memory", "shared memory"),
        Kind::Set => ("Semaphore", "semaphore"),
        Kind::Queue => ("Message queue", "message queue"),
    };
    let id = match made {
        Ok(id) => id,
        Err(errno) => {
            perror(sys, MANUAL.name, format_args!("create {what} failed"), errno).await;
            return Err(1);
        }
    };
    let mut output = Output::new(sys, &MANUAL);
    output.push(format!("{title} id: {id}\n").as_bytes());
    let printed = output.flush().await;
    if printed.is_err() {
        let _ = kind.remove(sys, id).await;
    }
    printed
}
