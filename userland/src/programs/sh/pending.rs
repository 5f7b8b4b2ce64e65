//! Signals that were caught and not looked at yet. The handler of all traps notes them in simulated memory, which it shares
//! with the shell that it interrupts: one byte for each signal, so that noting one can't disturb another.

use abi::{MaskHow, SigInfo, Signal, SignalSet};

use crate::statics::StaticBytes;
use crate::sys::Sys;
use crate::{handlers, statics};

handlers! { pub(in crate::programs) HANDLERS: NOTE = note; }

/// One more than the highest signal.
const BYTES: usize = Signal::MAX as usize + 1;

statics! { pub(in crate::programs) STATIC_BYTES: NOTED: StaticBytes<BYTES>; }

fn place(signal: u64) -> u64 {
    NOTED.address() + signal
}

async fn note(sys: Sys, info: SigInfo) {
    sys.store::<u8>(place(info.signo as u64), 1).await;
}

/// Those that were noted.
pub(super) async fn look(sys: Sys) -> SignalSet {
    let mut noted = [0; BYTES];
    sys.load_bytes(place(0), &mut noted).await;
    let all = SignalSet::all().signals();
    all.filter(|signal| noted[usize::from(signal.number())] != 0)
        .fold(SignalSet::empty(), |set, s| set | SignalSet::of(s))
}

/// Forgets one, before its action is taken: if it comes again in the meantime, it counts again.
pub(super) async fn clear(sys: Sys, signal: Signal) {
    sys.store::<u8>(place(signal.number().into()), 0).await;
}

/// Holds all signals back; the mask as it was.
pub(super) async fn hold(sys: Sys) -> SignalSet {
    let change = Some((MaskHow::SIG_BLOCK, SignalSet::all()));
    sys.sigprocmask(change).await.unwrap_or(SignalSet::empty())
}

/// Sets the mask to what it was.
pub(super) async fn release(sys: Sys, mask: SignalSet) {
    let _ = sys.sigprocmask(Some((MaskHow::SIG_SETMASK, mask))).await;
}
