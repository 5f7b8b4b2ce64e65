//! Copies from memory to memory as one access (`copy_bytes`): across pages, over themselves, onto what must be copied first,
//! and of what isn't there.

use abi::{IPC_PRIVATE, IpcFlags, Protection, SEGV_MAPERR, ShmCommand, ShmFlags, SigInfo, Signal};
use harness::{PAGE, ends, fork, join, map, map_shared, program, signaled};
use userland::sys::Action;
use userland::{Sys, handlers, statics};

statics! { BYTES: ADDRESS: u64; CODE: i32; }

handlers! { HANDLERS: MENDS = mends; }

/// Puts a page where there was none.
async fn mends(sys: Sys, info: SigInfo) {
    let address = u64::from(info.pid as u32) | u64::from(info.uid) << 32;
    ADDRESS.store(sys, address).await;
    CODE.store(sys, info.code).await;
    let flags = abi::MapFlags::MAP_SHARED | abi::MapFlags::MAP_ANONYMOUS | abi::MapFlags::MAP_FIXED;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    sys.mmap(address / PAGE * PAGE, PAGE as usize, protection, flags).await.unwrap();
}

/// Bytes that tell places apart.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 256) as u8).collect()
}

async fn bytes(sys: Sys, address: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    sys.load_bytes(address, &mut bytes).await;
    bytes
}

#[test]
fn bytes_arrive_wherever_pages_begin() {
    program(&|sys, _| async move {
        let (from, to) = (map_shared(sys, 4).await, map_shared(sys, 4).await);
        let all = pattern(3 * PAGE as usize);
        for (source, destination) in [(0, 0), (1, 0), (0, 4095), (4000, 100), (17, 17)] {
            sys.store_bytes(from + source, &all).await;
            sys.store_bytes(to, &vec![0xee; 4 * PAGE as usize]).await;
            sys.copy_bytes(from + source, to + destination, all.len()).await;
            assert_eq!(bytes(sys, to + destination, all.len()).await, all);
            assert_eq!(bytes(sys, from + source, all.len()).await, all);
            assert!(bytes(sys, to, destination as usize).await.iter().all(|&byte| byte == 0xee));
            assert_eq!(sys.load::<u8>(to + destination + all.len() as u64).await, 0xee);
        }
        // Pages that nobody has touched are zeros, and appear where they are needed.
        let fresh = map_shared(sys, 3).await;
        sys.copy_bytes(fresh + 5, to + 3, 2 * PAGE as usize).await;
        assert!(bytes(sys, to + 3, 2 * PAGE as usize).await.iter().all(|&byte| byte == 0));
        sys.copy_bytes(from, fresh + 2 * PAGE, 9).await;
        assert_eq!(bytes(sys, fresh + 2 * PAGE, 9).await, bytes(sys, from, 9).await);
        sys.copy_bytes(1, 2, 0).await;
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn places_may_overlap_however_they_are_mapped() {
    program(&|sys, _| async move {
        let mode = IpcFlags::from_bits_retain(0o600);
        let segment = sys.shmget(IPC_PRIVATE, 3 * PAGE as usize, mode).await.unwrap();
        let one = sys.shmat(segment, 0, ShmFlags::empty()).await.unwrap();
        let other = sys.shmat(segment, 0, ShmFlags::empty()).await.unwrap();
        sys.shmctl(segment, ShmCommand::IPC_RMID).await.unwrap();
        assert_ne!(one, other);
        let length = 3 * PAGE as usize;
        let mut model = pattern(length);
        sys.store_bytes(one, &model).await;
        let mut state = 1_u64;
        let mut below = |limit: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> 33) as usize % limit
        };
        for round in 0..100 {
            let count = below(length);
            let (from, to) = (below(length - count), below(length - count));
            let (source, destination) =
                (if round % 2 == 0 { one } else { other }, if round % 3 == 0 { one } else { other });
            sys.copy_bytes(source + from as u64, destination + to as u64, count).await;
            model.copy_within(from..from + count, to);
            assert_eq!(bytes(sys, one, length).await, model, "{count} bytes from {from} to {to}");
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn nothing_is_stored_if_a_page_is_missing() {
    program(&|sys, _| async move {
        let (from, to) = (map_shared(sys, 2).await, map_shared(sys, 3).await);
        sys.store_bytes(from, &pattern(2 * PAGE as usize)).await;
        sys.munmap(to + 2 * PAGE, PAGE as usize).await.unwrap();
        sys.store(to, 7_u64).await;
        let length = 2 * PAGE as usize;
        // A destination, a source, one that can't be stored to, one that is longer than all memory.
        let places = [(from, to + PAGE, length), (to + PAGE, from, length), (from, 1 << 40, 8), (from, to, usize::MAX)];
        for (source, destination, length) in places {
            let child = fork(sys, async |sys| sys.copy_bytes(source, destination, length).await).await;
            ends(sys, child, signaled(Signal::SIGSEGV)).await;
        }
        sys.mprotect(to, PAGE as usize, Protection::PROT_READ).await.unwrap();
        let child = fork(sys, async |sys| sys.copy_bytes(from, to, 8).await).await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        assert_eq!(sys.load::<u64>(to).await, 7);
        assert!(bytes(sys, to + PAGE, PAGE as usize).await.iter().all(|&byte| byte == 0));
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn a_copy_is_made_again_when_a_handler_has_mended_it() {
    program(&|sys, _| async move {
        let (from, to) = (map_shared(sys, 2).await, map_shared(sys, 2).await);
        let all = pattern(PAGE as usize + 100);
        sys.store_bytes(from, &all).await;
        sys.munmap(to + PAGE, PAGE as usize).await.unwrap();
        sys.sigaction(Signal::SIGSEGV, Some(Action::catch(MENDS))).await.unwrap();
        sys.copy_bytes(from, to, all.len()).await;
        assert_eq!((CODE.load(sys).await, ADDRESS.load(sys).await), (SEGV_MAPERR, to + PAGE));
        assert_eq!(bytes(sys, to, all.len()).await, all);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn pages_that_a_fork_shares_are_copied_first() {
    program(&|sys, _| async move {
        let (from, to) = (map(sys, 2).await, map(sys, 2).await);
        sys.store_bytes(from, &pattern(2 * PAGE as usize)).await;
        sys.store(to, 5_u64).await;
        let child = fork(sys, async |sys| {
            sys.copy_bytes(from + 1, to, PAGE as usize + 8).await;
            assert_eq!(bytes(sys, to, 8).await, pattern(9)[1..]);
            sys.store(from, 1_u64).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u64>(to).await, 5);
        assert_eq!(bytes(sys, from, 8).await, pattern(8));
        0
    })
    .succeeds();
}

#[test]
fn a_copy_is_not_repeated_when_a_future_is_made_again() {
    program(&|sys, _| async move {
        let page = map_shared(sys, 1).await;
        sys.store(page, 1_u64).await;
        sys.copy_bytes(page, page + 64, 8).await;
        sys.store(page + 64, 2_u64).await;
        // The child's future is made from the history.
        let child = fork(sys, async |sys| {
            assert_eq!(sys.load::<u64>(page + 64).await, 2);
            sys.copy_bytes(page + 64, page + 128, 8).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u64>(page + 128).await, 2);
        0
    })
    .succeeds();
}
