//! Atomic operations on simulated memory, and faults that a handler mends.

use abi::{BUS_ADRALN, FPE_INTDIV, ILL_ILLOPC, MapFlags, Protection, SEGV_ACCERR, SEGV_MAPERR, SigInfo, Signal};
use harness::{PAGE, ends, fork, join, map, map_shared, program, signaled};
use userland::sys::{Action, JumpBuffer};
use userland::{Sys, handlers, statics};

statics! { BYTES: CODE: i32; ADDRESS: u64; PLACE: JumpBuffer; }

handlers! { HANDLERS: MENDS = mends; NOTES = notes; FAILS = fails; }

fn address(info: &SigInfo) -> u64 {
    u64::from(info.pid as u32) | u64::from(info.uid) << 32
}

async fn note(sys: Sys, info: &SigInfo) {
    CODE.store(sys, info.code).await;
    ADDRESS.store(sys, address(info)).await;
}

/// Puts a page with a 5 in it where there was none that could be used.
async fn mends(sys: Sys, info: SigInfo) {
    note(sys, &info).await;
    let page = address(&info) / PAGE * PAGE;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    sys.mmap(page, PAGE as usize, protection, flags).await.unwrap();
    sys.store(page, 5_u64).await;
}

/// A fault that can't be mended is left by a jump.
async fn notes(sys: Sys, info: SigInfo) {
    note(sys, &info).await;
    sys.siglongjmp(PLACE, 1).await;
}

async fn fails(sys: Sys, _: SigInfo) {
    sys.load::<u8>(16).await;
}

#[test]
fn nothing_comes_between_the_parts_of_an_addition() {
    program(&|sys, _| async move {
        let shared = map_shared(sys, 1).await;
        let mut children = Vec::new();
        for _ in 0..3 {
            children.push(
                fork(sys, async |sys| {
                    for _ in 0..5 {
                        sys.fetch_add(shared, 1_u32).await;
                    }
                })
                .await,
            );
        }
        for child in children {
            join(sys, child).await;
        }
        assert_eq!(sys.load::<u32>(shared).await, 15);
        0
    })
    .succeeds();
}

#[test]
fn each_kind_gives_what_was_there_and_stores_its_own() {
    program(&|sys, _| async move {
        let at = map(sys, 1).await + 8;
        assert_eq!(sys.swap(at, 0x0f_u8).await, 0);
        assert_eq!(sys.fetch_or(at, 0xf0_u8).await, 0x0f);
        assert_eq!(sys.fetch_and(at, 0x3c_u8).await, 0xff);
        assert_eq!(sys.fetch_xor(at, 0xff_u8).await, 0x3c);
        assert_eq!(sys.fetch_add(at, 0x40_u8).await, 0xc3);
        assert_eq!(sys.load::<u64>(at).await, 0x03);
        sys.fence().await;
        assert_eq!(sys.compare_exchange(at, 3_i64, -1).await, Ok(3));
        assert_eq!(sys.compare_exchange(at, 3_i64, 7).await, Err(-1));
        assert_eq!(sys.load::<i64>(at).await, -1);
        assert_eq!(sys.fetch_add(at, 2_i16).await, -1);
        assert_eq!(sys.load::<i64>(at).await, -0xffff);
        0
    })
    .succeeds();
}

#[test]
fn negative_words_are_compared_as_what_lies_in_memory() {
    program(&|sys, _| async move {
        let at = map(sys, 1).await;
        sys.store(at, u64::MAX).await;
        assert_eq!(sys.compare_exchange(at, -1_i32, 5).await, Ok(-1));
        assert_eq!(sys.load::<u64>(at).await, 0xffff_ffff_0000_0005);
        assert_eq!(sys.compare_exchange(at + 4, -1_i16, -2).await, Ok(-1));
        assert_eq!(sys.compare_exchange(at + 4, -1_i8, -2).await, Err(-2));
        assert_eq!(sys.load::<i16>(at + 4).await, -2);
        0
    })
    .succeeds();
}

#[test]
fn subtractions_and_updates_lose_nothing() {
    program(&|sys, _| async move {
        let shared = map_shared(sys, 1).await;
        sys.store(shared, 20_i32).await;
        sys.store(shared + 8, 1_u64).await;
        let mut children = Vec::new();
        for _ in 0..3 {
            children.push(
                fork(sys, async |sys| {
                    for _ in 0..4 {
                        sys.fetch_sub(shared, 2_i32).await;
                        sys.fetch_update(shared + 8, |word: u64| word * 3).await;
                    }
                })
                .await,
            );
        }
        for child in children {
            join(sys, child).await;
        }
        assert_eq!(sys.load::<i32>(shared).await, -4);
        assert_eq!(sys.load::<u32>(shared + 4).await, 0);
        assert_eq!(sys.load::<u64>(shared + 8).await, 3_u64.pow(12));
        0
    })
    .succeeds();
}

#[test]
fn a_misaligned_one_is_sigbus() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        sys.sigaction(Signal::SIGBUS, Some(Action::catch(NOTES))).await.unwrap();
        let point = sys.sigsetjmp(PLACE, true).await;
        if point.value == 0 {
            sys.fetch_add(page + 2, 1_u32).await;
        }
        assert_eq!((CODE.load(sys).await, ADDRESS.load(sys).await), (BUS_ADRALN, page + 2));
        let child = fork(sys, async |sys| {
            sys.sigaction(Signal::SIGBUS, Some(Action::DEFAULT)).await.unwrap();
            sys.swap(page + 1, 1_u64).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGBUS)).await;
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn an_access_is_made_again_when_the_handler_has_mended_it() {
    program(&|sys, _| async move {
        let pages = map(sys, 6).await;
        sys.munmap(pages, 3 * PAGE as usize).await.unwrap();
        sys.mprotect(pages + 3 * PAGE, 3 * PAGE as usize, Protection::PROT_READ).await.unwrap();
        sys.sigaction(Signal::SIGSEGV, Some(Action::catch(MENDS))).await.unwrap();

        assert_eq!(sys.load::<u64>(pages).await, 5);
        assert_eq!((CODE.load(sys).await, ADDRESS.load(sys).await), (SEGV_MAPERR, pages));
        assert_eq!(sys.fetch_add(pages + PAGE, 2_u64).await, 5);
        let mut bytes = [0; 8];
        sys.load_bytes(pages + 2 * PAGE, &mut bytes).await;
        assert_eq!(bytes, 5_u64.to_le_bytes());

        sys.store(pages + 3 * PAGE + 8, 6_u64).await;
        assert_eq!((CODE.load(sys).await, ADDRESS.load(sys).await), (SEGV_ACCERR, pages + 3 * PAGE + 8));
        assert_eq!(sys.load::<u64>(pages + 3 * PAGE + 8).await, 6);
        sys.store_bytes(pages + 4 * PAGE + 1, b"bytes that survive their handler").await;
        let mut bytes = [0; 32];
        sys.load_bytes(pages + 4 * PAGE + 1, &mut bytes).await;
        assert_eq!(&bytes, b"bytes that survive their handler");
        assert_eq!(sys.compare_exchange(pages + 5 * PAGE, 5_u64, 6).await, Ok(5));
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn illegal_instructions_and_divisions_by_zero_are_signals_at_their_line() {
    program(&|sys, _| async move {
        for (signal, code) in [(Signal::SIGILL, ILL_ILLOPC), (Signal::SIGFPE, FPE_INTDIV)] {
            sys.sigaction(signal, Some(Action::catch(NOTES))).await.unwrap();
            let point = sys.sigsetjmp(PLACE, true).await;
            if point.value == 0 {
                match signal {
                    Signal::SIGILL => sys.illegal_instruction().await,
                    _ => assert_eq!(sys.divide(1, 0).await, 1),
                }
            }
            assert_eq!((point.value, CODE.load(sys).await), (1, code));
        }
        assert_eq!(sys.divide(7, 2).await, 3);
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn a_fault_in_the_handler_of_that_fault_ends_the_process() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.sigaction(Signal::SIGSEGV, Some(Action::catch(FAILS))).await.unwrap();
            sys.load::<u8>(8).await;
        })
        .await;
        // The signal is blocked while its handler runs, so the second can't be caught.
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn statics_begin_as_zeros_are_copied_by_fork_and_reset_by_exec() {
    program(&|sys, args| async move {
        assert_eq!(CODE.load(sys).await, 0);
        CODE.store(sys, 3).await;
        if args.len() > 1 {
            return 0;
        }
        let child = fork(sys, async |sys| {
            assert_eq!(CODE.fetch_add(sys, 1).await, 3);
            sys.execve(b"tested", &[b"tested", b"again"], &[]).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(CODE.load(sys).await, 3);
        0
    })
    .statics(BYTES)
    .succeeds();
}
