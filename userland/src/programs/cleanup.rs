//! `cleanup`: gathers data, and when it is told to end writes what it has, gives back its memory, and ends by that very
//! signal, so that its parent learns the truth.

use abi::{Errno, MapFlags, PAGE_SIZE, Protection, SigInfo, Signal, SignalSet};

use crate::libc::{Manual, PLAIN, counted, perror, raise};
use crate::sys::Action;
use crate::{Args, Sys, handlers, println, statics};

static MANUAL: Manual = Manual {
    name: "cleanup",
    usage: "",
    about: "Gather a record every millisecond, and write them out by the dozen. On SIGTERM, SIGINT or\n\
            SIGHUP write those that are left, free the memory, and end by that signal.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: ASKED_TO_END: i32; }
handlers! { pub(super) HANDLERS: ON_END = on_end; }

/// Those that ask it to end.
const ENDING: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
/// Records that are gathered before they are written.
const DOZEN: usize = 12;

/// A handler does as little as it can: it only notes which signal it was.
async fn on_end(sys: Sys, info: SigInfo) {
    ASKED_TO_END.store(sys, info.signo).await;
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    match gather(sys).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "failed", errno).await;
            1
        }
    }
}

async fn gather(sys: Sys) -> Result<(), Errno> {
    let mask = ENDING.iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(*signal));
    for signal in ENDING {
        sys.sigaction(signal, Some(Action::catch(ON_END).with_mask(mask))).await?;
    }
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let records = sys.mmap(0, PAGE_SIZE, protection, MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS).await?;
    let (mut written, mut kept) = (0, 0);
    let signal = loop {
        if let Some(signal) = Signal::new(ASKED_TO_END.load(sys).await.into()) {
            break signal;
        }
        sys.store(records + 8 * kept as u64, (written + kept) as u64).await;
        kept += 1;
        if kept == DOZEN {
            written += flush(sys, records, &mut kept).await;
        }
        // The signal may come at any time; in the middle of a sleep it ends it.
        let _ = sys.nanosleep(abi::Timespec::from_us(1000)).await;
    };
    let are = if kept == 1 { "is" } else { "are" };
    println!(sys, "{signal}: {} {are} not written yet", counted(kept as u64, "record")).await;
    written += flush(sys, records, &mut kept).await;
    sys.munmap(records, PAGE_SIZE).await?;
    println!(sys, "{} written, none lost, memory freed", counted(written as u64, "record")).await;
    sys.sigaction(signal, Some(Action::DEFAULT)).await?;
    raise(sys, signal).await;
    Ok(())
}

/// Writes what has been gathered, and says how much that was.
async fn flush(sys: Sys, records: u64, kept: &mut usize) -> usize {
    let count = core::mem::take(kept);
    if count > 0 {
        let first: u64 = sys.load(records).await;
        let last: u64 = sys.load(records + 8 * (count as u64 - 1)).await;
        println!(sys, "records {first} to {last}").await;
    }
    count
}
