//! `setjmp(3)`, `longjmp(3)` and their relatives that restore the signal mask.

use abi::{SigActionFlags, SigInfo, Signal, SignalSet, StackDescription};
use harness::{ends, fork, join, map, program, signaled};
use userland::libc::raise;
use userland::statics::Static;
use userland::sys::{Action, JumpBuffer};
use userland::{Sys, handlers, print, statics};

statics! { BYTES: BUFFER: JumpBuffer; OUTER: JumpBuffer; COUNT: u64; }

handlers! { HANDLERS: JUMPS = jumps; SIGJUMPS = sigjumps; NESTS = nests; SETS = sets; }

async fn jumps(sys: Sys, info: SigInfo) {
    sys.longjmp(BUFFER, info.signo).await;
}

async fn sigjumps(sys: Sys, info: SigInfo) {
    sys.siglongjmp(BUFFER, info.signo).await;
}

/// Interrupts itself by a handler that jumps out of both.
async fn nests(sys: Sys, _: SigInfo) {
    raise(sys, Signal::SIGUSR2).await;
    print!(sys, "never").await;
}

/// Its mark is useless as soon as it has returned.
async fn sets(sys: Sys, _: SigInfo) {
    let point = sys.setjmp(BUFFER).await;
    assert_eq!(point.value, 0);
}

async fn blocked(sys: Sys) -> SignalSet {
    sys.sigprocmask(None).await.unwrap()
}

#[test]
fn locals_are_those_of_setjmp_and_memory_is_that_of_now() {
    program(&|sys, _| async move {
        let mut local = 1;
        let point = sys.setjmp(BUFFER).await;
        assert_eq!(local, 1);
        local += 1;
        let count = COUNT.fetch_add(sys, 1).await;
        assert_eq!(count, point.value as u64);
        if point.value < 3 {
            sys.longjmp(BUFFER, point.value + 1).await;
        }
        assert_eq!((local, point.value, COUNT.load(sys).await), (2, 3, 4));
        0
    })
    .statics(BYTES)
    .succeeds();
}

#[test]
fn a_value_of_0_becomes_1() {
    program(&|sys, _| async move {
        let point = sys.setjmp(BUFFER).await;
        if point.value == 0 {
            sys.longjmp(BUFFER, 0).await;
        }
        assert_eq!(point.value, 1);
        0
    })
    .statics(BYTES)
    .succeeds();
}

#[test]
fn out_of_a_function_and_past_the_point_in_between() {
    program(&|sys, _| async move {
        async fn inner(sys: Sys) {
            let point = sys.setjmp(BUFFER).await;
            if point.value == 0 {
                sys.longjmp(BUFFER, 1).await;
            }
            sys.longjmp(OUTER, 5).await;
        }
        let point = sys.setjmp(OUTER).await;
        if point.value == 0 {
            inner(sys).await;
        }
        assert_eq!(point.value, 5);
        0
    })
    .statics(BYTES)
    .succeeds();
}

#[test]
fn longjmp_leaves_the_mask_and_siglongjmp_restores_it() {
    program(&|sys, _| async move {
        let handled = SignalSet::of(Signal::SIGUSR1);
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(JUMPS))).await.unwrap();
        let point = sys.setjmp(BUFFER).await;
        if point.value == 0 {
            raise(sys, Signal::SIGUSR1).await;
        }
        assert_eq!((point.value, blocked(sys).await), (10, handled));
        drop(point);
        sys.sigprocmask(Some((abi::MaskHow::SIG_SETMASK, SignalSet::empty()))).await.unwrap();

        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(SIGJUMPS))).await.unwrap();
        for (save, after) in [(true, SignalSet::empty()), (false, handled)] {
            let point = sys.sigsetjmp(BUFFER, save).await;
            if point.value == 0 {
                raise(sys, Signal::SIGUSR1).await;
            }
            assert_eq!((point.value, blocked(sys).await), (10, after));
        }
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn out_of_nested_handlers_on_the_alternate_stack() {
    program(&|sys, _| async move {
        let base = map(sys, 4).await;
        let stack = StackDescription { base, size: 4 * 4096, ..StackDescription::default() };
        sys.sigaltstack(Some(stack)).await.unwrap();
        let on_stack = SigActionFlags::SA_ONSTACK;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(NESTS).with_flags(on_stack))).await.unwrap();
        sys.sigaction(Signal::SIGUSR2, Some(Action::catch(SIGJUMPS).with_flags(on_stack))).await.unwrap();
        for _ in 0..3 {
            let point = sys.sigsetjmp(BUFFER, true).await;
            if point.value == 0 {
                raise(sys, Signal::SIGUSR1).await;
            }
            assert_eq!(point.value, 12);
            // Nobody runs on it any more, so it may be changed.
            assert_eq!(sys.sigaltstack(Some(stack)).await.map(|stack| stack.flags), Ok(0));
        }
        0
    })
    .handlers(HANDLERS)
    .statics(BYTES)
    .succeeds();
}

#[test]
fn a_child_jumps_to_where_its_parent_was_before_the_fork() {
    program(&|sys, _| async move {
        let point = sys.setjmp(BUFFER).await;
        if point.value == 7 {
            return 0;
        }
        let child = fork(sys, async |sys| {
            sys.longjmp(BUFFER, 7).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .statics(BYTES)
    .succeeds();
}

/// Runs this in a child, which must be ended with a message that has these words.
fn is_diagnosed<F, Fut>(jumper: &'static F, words: &[&str])
where
    F: Fn(Sys, userland::Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    let run = program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            sys.execve(b"jumper", &[b"jumper"], &[]).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGABRT)).await;
        0
    })
    .among(&[userland::Program::new("jumper", "", jumper).with_handlers(HANDLERS).with_statics(BYTES)])
    .run();
    let message = String::from_utf8_lossy(&run.succeeds().err).into_owned();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
}

#[test]
fn a_jump_into_a_function_that_has_returned_is_diagnosed() {
    is_diagnosed(
        &|sys, _| async move {
            async fn returns(sys: Sys) {
                let _point = sys.setjmp(BUFFER).await;
            }
            returns(sys).await;
            match sys.longjmp(BUFFER, 1).await {}
        },
        &["jumped at", "to the setjmp at", "whose function has returned", "jump.rs"],
    );
}

#[test]
fn a_jump_into_a_handler_that_has_returned_is_diagnosed() {
    is_diagnosed(
        &|sys, _| async move {
            sys.sigaction(Signal::SIGUSR1, Some(Action::catch(SETS))).await.unwrap();
            raise(sys, Signal::SIGUSR1).await;
            match sys.longjmp(BUFFER, 1).await {}
        },
        &["whose function has returned"],
    );
}

#[test]
fn a_jump_to_nowhere_is_diagnosed() {
    is_diagnosed(
        &|sys, _| async move { match sys.longjmp(BUFFER, 1).await {} },
        &["jumped at", "the buffer doesn't hold"],
    );
}

#[test]
fn a_bad_buffer_is_sigsegv_at_the_line() {
    program(&|sys, _| async move {
        let bad = Static::at(8);
        let child = fork(sys, async |sys| {
            let _ = sys.setjmp(bad).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        let child = fork(sys, async |sys| {
            sys.longjmp(bad, 1).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGSEGV)).await;
        0
    })
    .succeeds();
}
