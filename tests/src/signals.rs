//! What tests of signals have in common: a page on which handlers note that they ran, and the signal mask in few words.

use abi::{MapFlags, MaskHow, Protection, SigInfo, Signal, SignalNumber, SignalSet, Timespec};
use userland::Sys;

/// Where the page of notes lies: handlers are told nothing but their signal, so they have to know.
const NOTES: u64 = 0x6000_0000;

/// Maps the page of notes, which descendants share.
pub async fn share_notes(sys: Sys) {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let flags = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
    assert_eq!(sys.mmap(NOTES, abi::PAGE_SIZE, protection, flags).await, Ok(NOTES));
}

/// Adds 1 to a note. Each is to be written by one process, and not by handlers that may interrupt each other.
pub async fn note(sys: Sys, number: u64) {
    let before = noted(sys, number).await;
    set_note(sys, number, before + 1).await;
}

/// Sets a note.
pub async fn set_note(sys: Sys, number: u64, value: u64) {
    sys.store(NOTES + number * 8, value).await;
}

/// What is noted.
pub async fn noted(sys: Sys, number: u64) -> u64 {
    sys.load(NOTES + number * 8).await
}

/// A handler that adds 1 to the note with the number of its signal.
pub async fn note_signal(sys: Sys, info: SigInfo) {
    note(sys, info.signo as u64).await;
}

/// How often [`note_signal`] ran for a signal.
pub async fn handled(sys: Sys, signal: Signal) -> u64 {
    noted(sys, signal.number().into()).await
}

/// The set of these signals.
pub fn set<const N: usize>(signals: [Signal; N]) -> SignalSet {
    signals.into_iter().fold(SignalSet::empty(), |set, signal| set | SignalSet::of(signal))
}

/// A real-time signal, SIGRTMIN + n.
pub const fn realtime(n: u8) -> Signal {
    Signal::new((Signal::RT_MIN + n) as i64).expect("there are 33 of them")
}

/// Blocks these signals too; the mask as it was.
pub async fn block<const N: usize>(sys: Sys, signals: [Signal; N]) -> SignalSet {
    sys.sigprocmask(Some((MaskHow::SIG_BLOCK, set(signals)))).await.expect("masks can be set")
}

/// Blocks these signals no longer; the mask as it was.
pub async fn unblock<const N: usize>(sys: Sys, signals: [Signal; N]) -> SignalSet {
    sys.sigprocmask(Some((MaskHow::SIG_UNBLOCK, set(signals)))).await.expect("masks can be set")
}

/// The mask.
pub async fn mask(sys: Sys) -> SignalSet {
    sys.sigprocmask(None).await.expect("the mask can be asked for")
}

/// Sends a signal to oneself.
pub async fn send_self(sys: Sys, signal: Signal) {
    let me = sys.getpid().await;
    sys.kill(me, Some(signal)).await.expect("one may signal oneself");
}

/// Sends a signal to one's own thread (`tgkill`).
pub async fn send_thread(sys: Sys, signal: Signal) {
    let me = sys.getpid().await;
    sys.raw().tgkill(me, me, SignalNumber(signal.number().into())).await.expect("one may signal oneself");
}

/// Takes a pending signal of these, if there is one.
pub async fn accept<const N: usize>(sys: Sys, signals: [Signal; N]) -> Option<SigInfo> {
    sys.sigtimedwait(set(signals), Some(Timespec { sec: 0, nsec: 0 })).await.ok()
}
