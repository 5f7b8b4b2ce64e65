//! Real-time signals (`signal(7)`): 32 to 64, queued, each with its details.

use abi::{Errno, SI_QUEUE, SI_USER, Signal, SignalSet};
use harness::program;
use harness::signals::{accept, block, note_signal, realtime, set, share_notes, unblock};
use kernel::limits::QUEUED_SIGNALS;
use userland::sys::Action;
use userland::{Sys, handlers, print};

handlers! { HANDLERS: PRINTS = prints; NOTES = note_signal; }

async fn prints(sys: Sys, info: abi::SigInfo) {
    print!(sys, "{}:{} ", info.signo, info.status).await;
}

#[test]
fn there_are_33_and_all_can_be_sent() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let all: Vec<Signal> = (1..=64).filter_map(Signal::new).filter(|signal| signal.is_realtime()).collect();
        assert_eq!((all.len(), all[0], all[32]), (33, realtime(0), realtime(32)));
        assert_eq!(Signal::new(65), None);
        for signal in all {
            block(sys, [signal]).await;
            sys.kill(me, Some(signal)).await.unwrap();
            let info = accept(sys, [signal]).await.unwrap();
            assert_eq!((info.signo, info.code), (signal.number().into(), SI_USER));
        }
        0
    })
    .succeeds();
}

#[test]
fn each_that_was_sent_is_delivered_in_the_order_of_sending() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        sys.sigaction(realtime(2), Some(Action::catch(PRINTS))).await.unwrap();
        block(sys, [realtime(2)]).await;
        for value in [3, 1, 2, 1] {
            sys.sigqueue(me, realtime(2), value).await.unwrap();
        }
        unblock(sys, [realtime(2)]).await;
        0
    })
    .handlers(HANDLERS)
    .prints("34:3 34:1 34:2 34:1 ");
}

/// Handlers that block all others show the order of delivery.
#[test]
fn the_lowest_number_goes_first_and_standard_signals_before_all() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        let signals = [realtime(5), Signal::SIGTERM, realtime(0), Signal::SIGHUP, realtime(32)];
        for signal in signals {
            sys.sigaction(signal, Some(Action::catch(PRINTS).with_mask(SignalSet::all()))).await.unwrap();
        }
        block(sys, signals).await;
        for (value, signal) in (0..).zip(signals) {
            sys.sigqueue(me, signal, value).await.unwrap();
        }
        unblock(sys, signals).await;
        0
    })
    .handlers(HANDLERS)
    .prints("1:3 15:1 32:2 37:0 64:4 ");
}

#[test]
fn a_value_is_an_integer_or_a_pointer_and_the_sender_is_named() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        block(sys, [realtime(1), Signal::SIGUSR1]).await;
        sys.setresuid(1000, 0, 0).await.unwrap();
        for signal in [realtime(1), Signal::SIGUSR1] {
            sys.sigqueue(me, signal, 0x1234_5678_9abc_def0).await.unwrap();
            let info = accept(sys, [signal]).await.unwrap();
            assert_eq!((info.code, info.pid, info.uid), (SI_QUEUE, me.0, 1000));
            assert_eq!((info.status as u32, info.value_high as u32), (0x9abc_def0, 0x1234_5678));
        }
        0
    })
    .succeeds();
}

/// The limit is the kernel's table of details, which all processes share.
#[test]
fn as_many_can_be_queued_as_posix_asks_for_and_then_eagain() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        block(sys, [realtime(1)]).await;
        let mut queued = 0;
        while sys.sigqueue(me, realtime(1), queued).await.is_ok() {
            queued += 1;
        }
        assert_eq!(sys.sigqueue(me, realtime(1), queued).await, Err(Errno::EAGAIN));
        assert!((32..=QUEUED_SIGNALS as u64).contains(&queued), "{queued}");
        for value in 0..queued {
            assert_eq!(accept(sys, [realtime(1)]).await.unwrap().status as u64, value);
        }
        assert_eq!(accept(sys, [realtime(1)]).await, None);
        0
    })
    .seeds(1)
    .checked_every(50)
    .succeeds();
}

/// As on Linux: a standard signal is never refused, but if there is no room for details it comes as if by a process 0.
#[test]
fn without_room_for_details_a_standard_signal_comes_without() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        block(sys, [realtime(1), Signal::SIGUSR1]).await;
        while sys.sigqueue(me, realtime(1), 0).await.is_ok() {}
        sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
        let info = accept(sys, [Signal::SIGUSR1]).await.unwrap();
        assert_eq!((info.signo, info.code, info.pid), (10, SI_USER, 0));
        while accept(sys, [realtime(1)]).await.is_some() {}
        0
    })
    .seeds(1)
    .checked_every(50)
    .succeeds();
}

#[test]
fn a_set_may_hold_any_of_them() {
    program(&|sys, _| async move {
        share_notes(sys).await;
        let me = sys.getpid().await;
        let some = [realtime(0), realtime(31), realtime(32)];
        for signal in some {
            sys.sigaction(signal, Some(Action::catch(NOTES))).await.unwrap();
        }
        assert_eq!(block(sys, some).await, SignalSet::empty());
        for signal in some {
            sys.kill(me, Some(signal)).await.unwrap();
        }
        assert_eq!(sys.sigpending().await, set(some));
        assert_eq!(unblock(sys, some).await, set(some));
        for signal in some {
            assert_eq!(harness::signals::handled(sys, signal).await, 1);
        }
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}
