//! Frames, page tables, regions and shared objects.

use abi::{
    Address, Errno, InArray, IpcFlags, Length, MapFlags, Out, Path, Protection, Signal, Strings, WaitOptions,
    WaitStatus,
};
use harness::{PAGE, fork, join, map, map_shared, signaled};
use kernel::limits::*;
use userland::{Args, Sys};

use super::bystander::{Bystander, holders, let_go};
use super::processes::spawn;
use super::queues::{QUEUE, holding};

/// The argument registers of calls that are made by address, with what they point to in a page that was touched before:
/// nothing is staged for them, so that they meet no other shortage than the one that is asked for.
pub(super) struct Prepared {
    page: u64,
}

impl Prepared {
    const NAME: u64 = 0;
    const ARGV: u64 = 16;

    async fn new(sys: Sys) -> Prepared {
        let page = map(sys, 1).await;
        sys.store_bytes(page + Prepared::NAME, b"true\0").await;
        sys.store::<u64>(page + Prepared::ARGV, page + Prepared::NAME).await;
        sys.store::<u64>(page + Prepared::ARGV + 8, 0).await;
        Prepared { page }
    }

    async fn execve(&self, sys: Sys) -> Result<i64, Errno> {
        let null = Strings(self.page + Prepared::ARGV + 8);
        sys.raw().execve(Path(self.page), Strings(self.page + Prepared::ARGV), null).await
    }

    async fn spawn(&self, sys: Sys) -> Result<i64, Errno> {
        let null = Strings(self.page + Prepared::ARGV + 8);
        sys.raw().spawn(Path(self.page), Strings(self.page + Prepared::ARGV), null, InArray::NULL, Length(0)).await
    }
}

/// Lets the kernel touch the pages of a mapping, `step` pages apart, until it can't; how many it could.
pub(super) async fn touch(sys: Sys, start: u64, pages: u64, step: u64) -> u32 {
    let mut count = 0;
    while u64::from(count) * step < pages {
        let page = start + u64::from(count) * step * PAGE;
        match sys.raw().clock_gettime(abi::ClockId::CLOCK_MONOTONIC, Out::at(page)).await {
            Ok(_) => count += 1,
            Err(errno) => {
                assert_eq!(errno, Errno::EFAULT);
                break;
            }
        }
    }
    count
}

pub(super) async fn frames(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let prepared = Prepared::new(sys).await;
    let (_, pipe) = sys.pipe().await.expect("there is room");
    let promised = map(sys, 1).await;
    // It touches what was promised to it once there is nothing left.
    let go = map_shared(sys, 1).await;
    sys.store::<u32>(go, 0).await;
    let latecomer = fork(sys, async move |sys| {
        while sys.load::<u32>(go).await == 0 {
            sys.sched_yield().await;
        }
        sys.store::<u8>(promised, 1).await;
    })
    .await;
    bystander.goes_on(sys).await;
    let mut held = 0;
    loop {
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
        match sys.mmap(0, 64 * PAGE as usize, protection, flags).await {
            Ok(start) => held += touch(sys, start, 64, 1).await,
            Err(errno) => {
                assert_eq!(errno, Errno::ENOMEM);
                break;
            }
        }
    }
    // What is left is less than was asked for at once.
    while let Ok(at) =
        sys.mmap(0, PAGE as usize, Protection::PROT_WRITE, MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS).await
    {
        held += touch(sys, at, 1, 1).await;
    }
    assert_eq!(sys.sbrk(PAGE as i64).await, Err(Errno::ENOMEM));
    assert!(held as usize > FRAMES - 200, "{held} frames");
    assert_eq!(prepared.execve(sys).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.spawn(sys).await, Err(Errno::ENOMEM));
    let write = sys.raw().write(pipe, abi::InBytes(prepared.page), Length(5)).await;
    assert_eq!(write, Err(Errno::ENOMEM));
    assert_eq!(sys.raw().clock_gettime(abi::ClockId::CLOCK_MONOTONIC, Out::at(promised)).await, Err(Errno::EFAULT));
    bystander.goes_on(sys).await;
    sys.store::<u32>(go, 1).await;
    let waited = sys.raw().wait4(latecomer, Out::at(prepared.page + 64), WaitOptions::empty(), Out::NULL).await;
    assert_eq!(waited, Ok(latecomer.0.into()));
    let status = WaitStatus::from_raw(sys.load::<i32>(prepared.page + 64).await);
    assert_eq!(status, signaled(Signal::SIGKILL));
    bystander.end(sys).await;
    0
}

pub(super) async fn nodes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let prepared = Prepared::new(sys).await;
    let rest = map(sys, 32 * 64).await;
    // Each page far from the others takes a node of each level.
    let (_, children) = holders(sys, PROCESSES, async |sys| {
        let mut got = 0;
        for at in 1..REGIONS as u64 - 3 {
            let protection = Protection::PROT_READ | Protection::PROT_WRITE;
            let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
            let start = (at << 31) + (1 << 30);
            if sys.mmap(start, PAGE as usize, protection, flags).await.is_ok() {
                got += touch(sys, start, 1, 1).await;
            }
        }
        got
    })
    .await;
    // What is left is too little for a fork. A page of each leaf takes it node by node.
    assert!(touch(sys, rest, 32 * 64, 32).await < 64);
    assert_eq!(sys.raw().clone(fork_flags(), Address(0), Address(0), Address(0), Address(0)).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.execve(sys).await, Err(Errno::ENOMEM));
    assert_eq!(prepared.spawn(sys).await, Err(Errno::ENOMEM));
    // A key is noted in nodes too, and so are the semaphores of a set.
    let flags = IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600);
    assert_eq!(sys.msgget(0x5eed, flags).await, Err(Errno::ENOMEM));
    assert_eq!(sys.semget(0x5eed, 1, flags).await, Err(Errno::ENOMEM));
    assert_eq!(sys.shmget(0x5eed, 1, flags).await, Err(Errno::ENOMEM));
    // So is who has POSIX message queues.
    assert_eq!(sys.mq_open(b"/noted", QUEUE, 0o600, holding(1, 1)).await, Err(Errno::ENOSPC));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    sys.mq_open(b"/noted", QUEUE, 0o600, holding(1, 1)).await.expect("there is room again");
    sys.mq_unlink(b"/noted").await.expect("it is there");
    let child = spawn(sys).await.expect("there is room again");
    join(sys, child).await;
    bystander.end(sys).await;
    0
}

pub(super) fn fork_flags() -> abi::CloneFlags {
    abi::CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into())
}

pub(super) async fn regions(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let read = Protection::PROT_READ;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    let wide = sys.mmap(0, 3 * PAGE as usize, read, flags).await.expect("there is room");
    let far = |at: usize| 0x4_0000_0000 + at as u64 * 16 * PAGE;
    let mut made = 0;
    let errno = loop {
        match sys.mmap(far(made), PAGE as usize, read, flags).await {
            Ok(_) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::ENOMEM);
    // Besides them: the stack, the bystander's page and the wide one.
    assert_eq!(made, REGIONS - 3);
    assert_eq!(sys.munmap(wide + PAGE, PAGE as usize).await, Err(Errno::ENOMEM), "it would make two of one");
    let write = read | Protection::PROT_WRITE;
    assert_eq!(sys.mprotect(wide + PAGE, PAGE as usize, write).await, Err(Errno::ENOMEM), "three of one");
    bystander.goes_on(sys).await;
    sys.munmap(far(0), PAGE as usize).await.expect("it is mapped");
    sys.munmap(wide + PAGE, PAGE as usize).await.expect("there is room again");
    bystander.end(sys).await;
    0
}

pub(super) async fn objects(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
    let (made, children) = holders(sys, PROCESSES, async |sys| {
        let mut made = 0;
        while made < REGIONS as u32 / 2 {
            match sys.mmap(0, PAGE as usize, protection, flags).await {
                Ok(_) => made += 1,
                Err(errno) => {
                    assert_eq!(errno, Errno::ENOMEM);
                    break;
                }
            }
        }
        made
    })
    .await;
    // Besides them there are the bystander's, and that through which the children spoke, which they still have.
    assert_eq!(made as usize, OBJECTS - 2);
    assert_eq!(sys.mmap(0, PAGE as usize, protection, flags).await, Err(Errno::ENOMEM));
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    sys.mmap(0, PAGE as usize, protection, flags).await.expect("there is room again");
    bystander.end(sys).await;
    0
}
