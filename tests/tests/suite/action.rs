//! `sigaction(2)` as a call: what it takes, what it gives back, what it refuses. By address, because the library's own
//! function doesn't show everything.

use abi::{Errno, In, Layout, Out, SigAction, SigInfo, Signal, SignalNumber, SignalSet};
use harness::signals::set;
use harness::{map, program};
use userland::Sys;

/// `SA_UNSUPPORTED`, `SA_EXPOSE_TAGBITS`, and a flag that nobody has heard of.
const UNKNOWN: u64 = 0x400 | 0x800 | 0x2000_0000;
/// All that were there before Linux 5.11, without `SA_RESTORER`.
const KNOWN: u64 = 0x1 | 0x2 | 0x4 | 0x0800_0000 | 0x1000_0000 | 0x4000_0000 | 0x8000_0000;

/// The raw call, with its structures on this page.
async fn sigaction(sys: Sys, page: u64, signal: i64, new: Option<SigAction>) -> Result<SigAction, Errno> {
    let mut bytes = [0; SigAction::SIZE];
    if let Some(new) = new {
        new.store(&mut bytes);
        sys.store_bytes(page, &bytes).await;
    }
    let address = if new.is_some() { In::at(page) } else { In::NULL };
    let number = SignalNumber(signal as i32);
    sys.raw().rt_sigaction(number, address, Out::at(page + 64), 8).await?;
    sys.load_bytes(page + 64, &mut bytes).await;
    Ok(SigAction::load(&bytes))
}

fn action(flags: u64) -> SigAction {
    SigAction { handler: abi::TEXT_START, flags, mask: set([Signal::SIGHUP, Signal::SIGSYS]) }
}

#[test]
fn every_other_signal_can_be_set() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        for signal in (1..=64).filter_map(Signal::new) {
            let unchangeable = SignalSet::UNBLOCKABLE.has(signal);
            let expected = if unchangeable { Err(Errno::EINVAL) } else { Ok(SigAction::default()) };
            let number = signal.number().into();
            assert_eq!(sigaction(sys, page, number, Some(action(0))).await, expected, "{signal}");
            let now = if unchangeable { SigAction::default() } else { action(0) };
            assert_eq!(sigaction(sys, page, number, None).await, Ok(now), "{signal}");
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn the_previous_action_comes_back_as_it_was_set() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let mut previous = SigAction::default();
        let flags = (0..64).map(|bit| 1 << bit).filter(|flag| KNOWN & flag != 0).chain([KNOWN, 0]);
        for flags in flags {
            assert_eq!(sigaction(sys, page, 10, Some(action(flags))).await, Ok(previous));
            previous = action(flags);
        }
        // The default and to ignore have flags and masks too.
        for handler in [0, 1] {
            let new = SigAction { handler, ..action(KNOWN) };
            assert_eq!(sigaction(sys, page, 10, Some(new)).await, Ok(previous));
            previous = new;
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn unknown_flags_come_back_cleared() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        sigaction(sys, page, 10, Some(action(KNOWN | UNKNOWN))).await.unwrap();
        assert_eq!(sigaction(sys, page, 10, None).await, Ok(action(KNOWN)));
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn a_null_action_asks() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        sigaction(sys, page, 10, Some(action(4))).await.unwrap();
        for _ in 0..2 {
            assert_eq!(sigaction(sys, page, 10, None).await, Ok(action(4)));
        }
        // One may ask about those that can't be set.
        assert_eq!(sigaction(sys, page, 9, None).await, Ok(SigAction::default()));
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn numbers_that_are_no_signals() {
    program(&|sys, _| async move {
        let check = async |number| sys.raw().rt_sigaction(SignalNumber(number), In::NULL, Out::NULL, 8).await;
        for number in [0, -1, 65, 1000, i32::MAX, i32::MIN] {
            assert_eq!(check(number).await, Err(Errno::EINVAL), "{number}");
        }
        for number in 1..=64 {
            assert_eq!(check(number).await, Ok(0), "{number}");
        }
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn sets_of_signals_have_eight_bytes() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let raw = sys.raw();
        for size in [0, 4, 7, 9, 16, 128] {
            let number = SignalNumber(10);
            assert_eq!(raw.rt_sigaction(number, In::NULL, Out::NULL, size).await, Err(Errno::EINVAL));
            let how = abi::MaskHow::SIG_BLOCK;
            assert_eq!(raw.rt_sigprocmask(how, In::NULL, Out::NULL, size).await, Err(Errno::EINVAL));
            assert_eq!(raw.rt_sigsuspend(In::at(page), size).await, Err(Errno::EINVAL));
            let waited = raw.rt_sigtimedwait(In::at(page), Out::NULL, In::NULL, size).await;
            assert_eq!(waited, Err(Errno::EINVAL));
        }
        // Of this one a beginning can be asked for.
        assert_eq!(raw.rt_sigpending(Out::at(page), 9).await, Err(Errno::EINVAL));
        assert_eq!(SignalSet::all().signals().count(), 64);
        0
    })
    .seeds(1)
    .succeeds();
}

/// Seen on Linux: the new action is in force when the address for the old one turns out to be bad.
#[test]
fn a_bad_address_for_the_old_action_comes_too_late() {
    program(&|sys, _| async move {
        let page = map(sys, 1).await;
        let mut bytes = [0; SigAction::SIZE];
        action(4).store(&mut bytes);
        sys.store_bytes(page, &bytes).await;
        let set = sys.raw().rt_sigaction(SignalNumber(10), In::at(page), Out::at(8), 8).await;
        assert_eq!(set, Err(Errno::EFAULT));
        assert_eq!(sigaction(sys, page, 10, None).await, Ok(action(4)));
        let set = sys.raw().rt_sigaction(SignalNumber(12), In::at(8), Out::at(page), 8).await;
        assert_eq!(set, Err(Errno::EFAULT));
        assert_eq!(sigaction(sys, page, 12, None).await, Ok(SigAction::default()));
        0
    })
    .seeds(1)
    .succeeds();
}

/// `si_addr` lies where `si_pid` and `si_uid` do, `si_value` where `si_status` does, at the offsets of the generic ABI.
#[test]
fn details_share_their_bytes_as_on_linux() {
    let mut bytes = [0; SigInfo::SIZE];
    SigInfo { signo: 1, code: 2, pid: 3, uid: 4, status: 5, value_high: 6, ..SigInfo::default() }.store(&mut bytes);
    let at = |offset: usize| i32::from_le_bytes(bytes[offset..offset + 4].try_into().unwrap());
    assert_eq!((bytes.len(), at(0), at(4), at(8)), (128, 1, 0, 2));
    assert_eq!((at(16), at(20), at(24), at(28)), (3, 4, 5, 6));
}
