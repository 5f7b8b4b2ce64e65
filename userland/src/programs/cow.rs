//! `cow`: copy-on-write, seen through loads, stores and the count of free frames.

use abi::{Errno, MapFlags, PAGE_SIZE, Protection};

use crate::libc::{Manual, PLAIN, describe, perror, wait_for};
use crate::sys::Forked;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "cow",
    usage: "",
    about: "Show that fork copies no memory: parent and child share each page until one of them\n\
            stores to it, and only then does the kernel copy that page.",
    misuse: 2,
    ..PLAIN
};

/// Pages that the demonstration maps.
const PAGES: usize = 8;

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
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    let base = sys.mmap(0, PAGES * PAGE_SIZE, protection, flags).await?;
    let before = free_frames(sys).await?;
    for page in 0..PAGES {
        sys.store(address(base, page), 100 + page as u64).await;
    }
    let after = free_frames(sys).await?;
    println!(sys, "I map {PAGES} pages and store to each. Frames taken: {}.", before.saturating_sub(after)).await;

    match sys.fork().await? {
        Forked::Child => {
            let status = match child(sys, base).await {
                Ok(()) => 0,
                Err(_) => 1,
            };
            match sys.exit(status).await {}
        }
        Forked::Parent(child) => {
            let status = wait_for(sys, child).await?;
            println!(sys, "Parent: the child {}.", describe(status)).await;
        }
    }
    let first: u64 = sys.load(address(base, 0)).await;
    let second: u64 = sys.load(address(base, 1)).await;
    println!(sys, "Parent: I still load {first} and {second}; the child's store went to its own copy.").await;
    sys.munmap(base, PAGES * PAGE_SIZE).await
}

async fn child(sys: Sys, base: u64) -> Result<(), Errno> {
    let first: u64 = sys.load(address(base, 0)).await;
    println!(sys, "Child: after fork I load {first} from the first page, which I share with my parent.").await;
    // The calls themselves use the stack, whose pages are shared at first too: ask once before measuring.
    free_frames(sys).await?;

    let before = free_frames(sys).await?;
    sys.load::<u64>(address(base, 1)).await;
    let loaded = free_frames(sys).await?;
    sys.store(address(base, 0), 999u64).await;
    let stored = free_frames(sys).await?;
    sys.store(address(base, 0) + 8, 999u64).await;
    let again = free_frames(sys).await?;

    let (load, store, second) = (before - loaded, loaded - stored, stored - again);
    println!(sys, "Child: a load takes {load} frames, the first store {store}, a second store there {second}.").await;
    let first: u64 = sys.load(address(base, 0)).await;
    println!(sys, "Child: now I load {first}.").await;
    Ok(())
}

fn address(base: u64, page: usize) -> u64 {
    base + (page * PAGE_SIZE) as u64
}

async fn free_frames(sys: Sys) -> Result<u64, Errno> {
    let info = sys.sysinfo().await?;
    Ok(info.freeram * u64::from(info.mem_unit) / PAGE_SIZE as u64)
}
