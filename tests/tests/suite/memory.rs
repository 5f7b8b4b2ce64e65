//! Mappings: `mmap(2) munmap(2) mprotect(2) madvise(2) brk(2)`, demand zero, and what faults.

use abi::Errno::{EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EPERM};
use abi::{Advice, Fd, MapFlags, Protection, Signal};
use harness::{PAGE, ends, fork, join, map, map_shared, program, signaled};
use kernel::limits::{FRAMES, REGIONS};
use kernel::mem::space::{END, STACK_MAX_BYTES, STACK_TOP};
use userland::Sys;

const NONE: Protection = Protection::empty();
const READ: Protection = Protection::PROT_READ;
const WRITE: Protection = Protection::PROT_WRITE;
const BOTH: Protection = READ.union(WRITE);
const ANONYMOUS: MapFlags = MapFlags::MAP_PRIVATE.union(MapFlags::MAP_ANONYMOUS);
const SHARED: MapFlags = MapFlags::MAP_SHARED.union(MapFlags::MAP_ANONYMOUS);
const SIZE: usize = PAGE as usize;

/// What an access does that isn't allowed.
enum Access {
    Load,
    Store,
}

/// The access must end a process that makes it.
async fn faults(sys: Sys, access: Access, address: u64) {
    let child = fork(sys, async |sys| match access {
        Access::Load => {
            sys.load::<u8>(address).await;
        }
        Access::Store => sys.store(address, 1u8).await,
    })
    .await;
    ends(sys, child, signaled(Signal::SIGSEGV)).await;
}

/// Frames in use, from the figures of the system.
async fn used(sys: Sys) -> u64 {
    let info = sys.sysinfo().await.unwrap();
    (info.totalram - info.freeram) / u64::from(info.mem_unit.max(1)) / PAGE
}

#[test]
fn pages_start_as_zeros_and_take_memory_when_touched() {
    program(&|sys, _| async move {
        let before = used(sys).await;
        let start = map(sys, 100).await;
        assert_eq!(used(sys).await, before);
        for page in [0, 50, 99] {
            assert_eq!(sys.load::<u64>(start + page * PAGE + 8).await, 0);
        }
        assert_eq!(used(sys).await, before + 3);
        sys.munmap(start, 100 * SIZE).await.unwrap();
        assert_eq!(used(sys).await, before);
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn what_mmap_refuses() {
    program(&|sys, _| async move {
        let fixed = ANONYMOUS | MapFlags::MAP_FIXED;
        assert_eq!(sys.mmap(0, 0, BOTH, ANONYMOUS).await, Err(EINVAL));
        assert_eq!(sys.mmap(0, SIZE, BOTH, MapFlags::MAP_ANONYMOUS).await, Err(EINVAL));
        assert_eq!(sys.mmap(0, SIZE, BOTH, ANONYMOUS | SHARED).await, Err(EINVAL));
        assert_eq!(sys.mmap(0, SIZE, BOTH, MapFlags::MAP_PRIVATE).await, Err(EBADF));
        let of_console = abi::Syscall::Mmap {
            address: abi::Address(0),
            length: abi::Length(PAGE),
            protection: READ,
            flags: MapFlags::MAP_PRIVATE,
            fd: Fd(0),
            offset: 0,
        };
        let (number, arguments) = of_console.encode();
        assert_eq!(sys.raw().syscall(number, arguments).await, Err(ENODEV));
        assert_eq!(sys.mmap(1, SIZE, BOTH, fixed).await, Err(EINVAL));
        assert_eq!(sys.mmap(0, SIZE, BOTH, fixed).await, Err(EPERM));
        assert_eq!(sys.mmap(END, SIZE, BOTH, fixed).await, Err(ENOMEM));
        assert_eq!(sys.mmap(END - PAGE, 2 * SIZE, BOTH, fixed).await, Err(ENOMEM));
        for length in [END as usize + 1, 1 << 60, usize::MAX] {
            assert_eq!(sys.mmap(0, length, NONE, ANONYMOUS).await, Err(ENOMEM));
        }
        // More than there is at all.
        assert_eq!(sys.mmap(0, (FRAMES + 1) * SIZE, BOTH, ANONYMOUS).await, Err(ENOMEM));
        let there = map(sys, 1).await;
        assert_eq!(sys.mmap(there, SIZE, BOTH, ANONYMOUS | MapFlags::MAP_FIXED_NOREPLACE).await, Err(EEXIST));
        0
    })
    .succeeds();
}

#[test]
fn a_wish_is_followed_where_there_is_room() {
    program(&|sys, _| async move {
        let wish = 0x7000_0000;
        assert_eq!(sys.mmap(wish, 1, BOTH, ANONYMOUS).await, Ok(wish));
        let elsewhere = sys.mmap(wish, 1, BOTH, ANONYMOUS).await.unwrap();
        assert!(elsewhere != wish && elsewhere.is_multiple_of(PAGE));
        assert_eq!(sys.mmap(wish + PAGE, 1, BOTH, ANONYMOUS | MapFlags::MAP_FIXED_NOREPLACE).await, Ok(wish + PAGE));
        // The last pages there are.
        let fixed = ANONYMOUS | MapFlags::MAP_FIXED;
        assert_eq!(sys.mmap(END - PAGE, SIZE, BOTH, fixed).await, Ok(END - PAGE));
        sys.store(END - 1, 7u8).await;
        0
    })
    .succeeds();
}

#[test]
fn map_fixed_replaces_what_is_there() {
    program(&|sys, _| async move {
        let start = map(sys, 3).await;
        for page in 0..3 {
            sys.store(start + page * PAGE, 1u8).await;
        }
        sys.mmap(start + PAGE, SIZE, READ, ANONYMOUS | MapFlags::MAP_FIXED).await.unwrap();
        let found = [sys.load::<u8>(start).await, sys.load(start + PAGE).await, sys.load(start + 2 * PAGE).await];
        assert_eq!(found, [1, 0, 1]);
        faults(sys, Access::Store, start + PAGE).await;
        0
    })
    .succeeds();
}

#[test]
fn munmap_makes_holes() {
    program(&|sys, _| async move {
        let start = map(sys, 5).await;
        sys.store(start, 1u8).await;
        sys.store(start + 4 * PAGE, 5u8).await;
        sys.munmap(start + PAGE, 3 * SIZE).await.unwrap();
        faults(sys, Access::Load, start + PAGE).await;
        faults(sys, Access::Load, start + 4 * PAGE - 1).await;
        assert_eq!((sys.load::<u8>(start).await, sys.load::<u8>(start + 4 * PAGE).await), (1, 5));
        // What isn't mapped can be unmapped again; a length that isn't whole pages is rounded up.
        sys.munmap(start, 4 * SIZE + 1).await.unwrap();
        faults(sys, Access::Load, start + 4 * PAGE).await;
        assert_eq!(sys.munmap(start + 1, SIZE).await, Err(EINVAL));
        assert_eq!(sys.munmap(start, 0).await, Err(EINVAL));
        assert_eq!(sys.munmap(END - PAGE, 2 * SIZE).await, Err(EINVAL));
        assert_eq!(sys.munmap(u64::MAX - 4095, 2 * SIZE).await, Err(EINVAL));
        0
    })
    .succeeds();
}

#[test]
fn protection_is_what_was_asked_for() {
    program(&|sys, _| async move {
        let start = map(sys, 3).await;
        sys.store(start + PAGE, 9u8).await;
        sys.mprotect(start + PAGE, SIZE, READ).await.unwrap();
        assert_eq!(sys.load::<u8>(start + PAGE).await, 9);
        faults(sys, Access::Store, start + PAGE).await;
        sys.mprotect(start + PAGE, SIZE, NONE).await.unwrap();
        faults(sys, Access::Load, start + PAGE).await;
        faults(sys, Access::Store, start + PAGE).await;
        sys.store(start, 1u8).await;
        sys.store(start + 2 * PAGE, 1u8).await;
        sys.mprotect(start, 3 * SIZE, BOTH).await.unwrap();
        assert_eq!(sys.load::<u8>(start + PAGE).await, 9);
        sys.store(start + PAGE, 10u8).await;
        assert_eq!(sys.load::<u8>(start + PAGE).await, 10);
        0
    })
    .succeeds();
}

#[test]
fn a_page_that_may_only_be_written_can_be_read_as_on_x86() {
    program(&|sys, _| async move {
        let start = sys.mmap(0, SIZE, WRITE, ANONYMOUS).await.unwrap();
        sys.store(start, 3u8).await;
        assert_eq!(sys.load::<u8>(start).await, 3);
        0
    })
    .succeeds();
}

#[test]
fn what_mprotect_refuses() {
    program(&|sys, _| async move {
        let start = map(sys, 4).await;
        sys.munmap(start + 2 * PAGE, SIZE).await.unwrap();
        assert_eq!(sys.mprotect(start + 1, SIZE, READ).await, Err(EINVAL));
        assert_eq!(sys.mprotect(start, 0, READ).await, Ok(()));
        assert_eq!(sys.mprotect(start, SIZE, Protection::from_bits_retain(0x80)).await, Err(EINVAL));
        assert_eq!(sys.mprotect(start, usize::MAX, READ).await, Err(ENOMEM));
        assert_eq!(sys.mprotect(u64::MAX - 4095, 2 * SIZE, READ).await, Err(ENOMEM));
        // Linux has changed what lies before the hole.
        assert_eq!(sys.mprotect(start, 4 * SIZE, READ).await, Err(ENOMEM));
        faults(sys, Access::Store, start + PAGE).await;
        sys.store(start + 3 * PAGE, 1u8).await;
        0
    })
    .succeeds();
}

#[test]
fn dontneed_gives_private_pages_back_as_zeros() {
    program(&|sys, _| async move {
        let (private, shared) = (map(sys, 2).await, map_shared(sys, 1).await);
        sys.store(private, 1u8).await;
        sys.store(private + PAGE, 2u8).await;
        sys.store(shared, 3u8).await;
        let before = used(sys).await;
        sys.madvise(private, SIZE, Advice::MADV_DONTNEED).await.unwrap();
        sys.madvise(shared, SIZE, Advice::MADV_DONTNEED).await.unwrap();
        assert_eq!(used(sys).await, before - 1);
        let found = [sys.load::<u8>(private).await, sys.load(private + PAGE).await, sys.load(shared).await];
        assert_eq!(found, [0, 2, 3]);
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn advice_that_is_refused_and_advice_without_effect() {
    program(&|sys, _| async move {
        let start = map(sys, 1).await;
        sys.store(start, 1u8).await;
        for advice in [Advice::MADV_NORMAL, Advice::MADV_RANDOM, Advice::MADV_SEQUENTIAL, Advice::MADV_WILLNEED] {
            sys.madvise(start, SIZE, advice).await.unwrap();
            assert_eq!(sys.madvise(0x6000_0000, SIZE, advice).await, Err(ENOMEM));
        }
        assert_eq!(sys.load::<u8>(start).await, 1);
        assert_eq!(sys.madvise(start + 1, 1, Advice::MADV_DONTNEED).await, Err(EINVAL));
        assert_eq!(sys.madvise(start, SIZE, Advice(77)).await, Err(EINVAL));
        assert_eq!(sys.madvise(start, 0, Advice(77)).await, Err(EINVAL));
        assert_eq!(sys.madvise(start, 0, Advice::MADV_DONTNEED).await, Ok(()));
        assert_eq!(sys.madvise(start, usize::MAX, Advice::MADV_DONTNEED).await, Err(EINVAL));
        // With a hole behind it, it is done as far as it goes.
        assert_eq!(sys.madvise(start, 2 * SIZE, Advice::MADV_DONTNEED).await, Err(ENOMEM));
        assert_eq!(sys.load::<u8>(start).await, 0);
        0
    })
    .succeeds();
}

#[test]
fn a_fork_shares_private_pages_until_one_side_writes() {
    program(&|sys, _| async move {
        let start = map(sys, 2).await;
        sys.store(start, 1u32).await;
        sys.store(start + PAGE, 1u32).await;
        let child = fork(sys, async |sys| {
            assert_eq!(sys.load::<u32>(start).await, 1);
            // The first call copies the page of the stack that its result is put on.
            used(sys).await;
            let before = used(sys).await;
            sys.store(start, 2u32).await;
            assert_eq!(used(sys).await, before + 1);
            assert_eq!(sys.load::<u32>(start).await, 2);
            assert_eq!(sys.load::<u32>(start + PAGE).await, 1);
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u32>(start).await, 1);
        // The only one who has it writes without a copy.
        let before = used(sys).await;
        sys.store(start, 3u32).await;
        assert_eq!(used(sys).await, before);
        0
    })
    .seeds(0)
    .succeeds();
}

#[test]
fn each_of_many_copies_is_its_own() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        sys.store(page, 100u32).await;
        let mut children = Vec::new();
        for number in 0..8u32 {
            children.push(
                fork(sys, async |sys| {
                    let grandchild = fork(sys, async |sys| {
                        assert_eq!(sys.load::<u32>(page).await, 100 + number);
                        sys.store(page, 0u32).await;
                    })
                    .await;
                    join(sys, grandchild).await;
                    assert_eq!(sys.load::<u32>(page).await, 100 + number);
                })
                .await,
            );
            sys.store(page, 101 + number).await;
        }
        for child in children {
            join(sys, child).await;
        }
        assert_eq!(sys.load::<u32>(page).await, 108);
        0
    })
    .succeeds();
}

#[test]
fn a_call_that_writes_to_a_shared_page_copies_it_too() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        sys.store(page, 5u8).await;
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, b"x").await.unwrap();
        let child = fork(sys, async |sys| {
            sys.raw().read(read, abi::OutBytes(page), abi::Length(1)).await.unwrap();
            assert_eq!(sys.load::<u8>(page).await, b'x');
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u8>(page).await, 5);
        0
    })
    .succeeds();
}

#[test]
fn shared_pages_are_seen_by_all_descendants_touched_before_or_after() {
    program(&|sys, _| async move {
        let start = map_shared(sys, 2).await;
        sys.store(start, 1u8).await;
        let child = fork(sys, async |sys| {
            let grandchild = fork(sys, async |sys| {
                sys.store(start, 2u8).await;
                sys.store(start + PAGE, 3u8).await;
            })
            .await;
            join(sys, grandchild).await;
            // Unmapping is one's own affair.
            sys.munmap(start, 2 * SIZE).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!((sys.load::<u8>(start).await, sys.load::<u8>(start + PAGE).await), (2, 3));
        0
    })
    .succeeds();
}

#[test]
fn protection_is_private_even_where_pages_are_shared() {
    program(&|sys, _| async move {
        let start = map_shared(sys, 1).await;
        let child = fork(sys, async |sys| {
            sys.mprotect(start, SIZE, READ).await.unwrap();
            faults(sys, Access::Store, start).await;
        })
        .await;
        join(sys, child).await;
        sys.store(start, 1u8).await;
        0
    })
    .succeeds();
}

#[test]
fn parts_of_a_shared_mapping_stay_what_they_are() {
    program(&|sys, _| async move {
        let start = map_shared(sys, 4).await;
        sys.munmap(start + PAGE, SIZE).await.unwrap();
        sys.mprotect(start + 3 * PAGE, SIZE, READ).await.unwrap();
        let child = fork(sys, async |sys| {
            sys.store(start + 2 * PAGE, 2u8).await;
            sys.mprotect(start + 3 * PAGE, SIZE, BOTH).await.unwrap();
            sys.store(start + 3 * PAGE, 3u8).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!((sys.load::<u8>(start + 2 * PAGE).await, sys.load::<u8>(start + 3 * PAGE).await), (2, 3));
        0
    })
    .succeeds();
}

#[test]
fn words_and_bytes_may_lie_across_pages() {
    program(&|sys, _| async move {
        let start = map(sys, 2).await;
        sys.store(start + PAGE - 3, 0x1122_3344_5566_7788u64).await;
        assert_eq!(sys.load::<u64>(start + PAGE - 3).await, 0x1122_3344_5566_7788);
        assert_eq!(sys.load::<u8>(start + PAGE).await, 0x55);
        sys.munmap(start + PAGE, SIZE).await.unwrap();
        let child = fork(sys, async |sys| sys.store(start + PAGE - 1, 0u16).await).await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        0
    })
    .succeeds();
}

#[test]
fn a_region_too_many_is_enomem_and_changes_nothing() {
    program(&|sys, _| async move {
        let start = map(sys, 4 * REGIONS).await;
        let mut holes = 0;
        let errno = loop {
            match sys.munmap(start + (2 * holes + 1) * PAGE, SIZE).await {
                Ok(()) => holes += 1,
                Err(errno) => break errno,
            }
        };
        assert_eq!(errno, ENOMEM);
        assert!((holes as usize) < REGIONS);
        sys.store(start + (2 * holes + 1) * PAGE, 1u8).await;
        assert_eq!(sys.mprotect(start + (2 * holes + 1) * PAGE, SIZE, READ).await, Err(ENOMEM));
        assert_eq!(sys.mmap(0, SIZE, READ, ANONYMOUS).await, Err(ENOMEM));
        assert_eq!(sys.mmap(0, SIZE, BOTH, SHARED).await, Err(ENOMEM));
        // From the edge it can go, and whole ones too.
        sys.munmap(start, SIZE).await.unwrap();
        sys.munmap(start, 4 * REGIONS * SIZE).await.unwrap();
        map(sys, 1).await;
        0
    })
    .succeeds();
}

#[test]
fn the_heap_grows_shrinks_and_starts_at_its_start() {
    program(&|sys, _| async move {
        let start = sys.sbrk(0).await.unwrap();
        assert_eq!(sys.sbrk(10).await, Ok(start));
        sys.store(start + 9, 1u8).await;
        // The rest of the page is there, as everywhere; the next isn't.
        sys.store(start + PAGE - 1, 1u8).await;
        faults(sys, Access::Store, start + PAGE).await;
        sys.brk(start + 3 * PAGE).await.unwrap();
        sys.store(start + 3 * PAGE - 1, 1u8).await;
        sys.brk(start + PAGE + 1).await.unwrap();
        sys.store(start + PAGE, 1u8).await;
        faults(sys, Access::Load, start + 2 * PAGE).await;
        assert_eq!(sys.brk(start - 1).await, Err(ENOMEM));
        assert_eq!(sys.brk(u64::MAX).await, Err(ENOMEM));
        assert_eq!(sys.brk(STACK_TOP).await, Err(ENOMEM));
        assert_eq!(sys.sbrk(0).await, Ok(start + PAGE + 1));
        0
    })
    .succeeds();
}

#[test]
fn the_heap_does_not_grow_into_a_mapping() {
    program(&|sys, _| async move {
        let start = sys.sbrk(0).await.unwrap();
        let obstacle = start + 4 * PAGE;
        sys.mmap(obstacle, SIZE, BOTH, ANONYMOUS | MapFlags::MAP_FIXED).await.unwrap();
        sys.store(obstacle, 7u8).await;
        sys.brk(obstacle).await.unwrap();
        assert_eq!(sys.sbrk(1).await, Err(ENOMEM));
        sys.brk(start).await.unwrap();
        assert_eq!(sys.load::<u8>(obstacle).await, 7);
        0
    })
    .succeeds();
}

#[test]
fn the_stack_grows_to_its_limit_and_a_guard_lies_below() {
    program(&|sys, _| async move {
        let limit = sys.getrlimit(abi::Resource::RLIMIT_STACK).await.unwrap();
        assert!(limit.cur <= STACK_MAX_BYTES && limit.max <= STACK_MAX_BYTES);
        let lowest = STACK_TOP - limit.cur;
        sys.store(lowest, 1u8).await;
        faults(sys, Access::Store, lowest - 1).await;
        faults(sys, Access::Load, STACK_TOP - STACK_MAX_BYTES - PAGE).await;
        faults(sys, Access::Load, STACK_TOP).await;
        0
    })
    .succeeds();
}

#[test]
fn out_of_memory_ends_whoever_touches_a_page_that_is_not_to_be_had() {
    program(&|sys, _| async move {
        // Promised twice, as each alone can be had.
        let child = fork(sys, async |sys| {
            let (first, second) = (map(sys, FRAMES * 2 / 3).await, map(sys, FRAMES * 2 / 3).await);
            for start in [first, second] {
                for page in 0..FRAMES as u64 * 2 / 3 {
                    sys.store(start + page * PAGE, 1u8).await;
                }
            }
        })
        .await;
        ends(sys, child, signaled(Signal::SIGKILL)).await;
        let page = map(sys, 1).await;
        sys.store(page, 1u8).await;
        0
    })
    .checked_every(50)
    .seeds(0)
    .succeeds();
}
