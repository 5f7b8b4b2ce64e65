//! Signals that are pending, with what they bring along (`siginfo_t`).
//!
//! A pending set says which signals wait; a queue beside it holds their details in order of generation. A standard
//! signal has one entry at most and its first details stay; real-time signals have one for each time they were sent.

use abi::{SI_USER, SigInfo, Signal, SignalSet};

use crate::ids::{InfoNo, TimerNo};
use crate::limits::{QUEUED_SIGNALS, words};
use crate::planted::planted;
use crate::table::{Entry, Table};

/// The details of all pending signals.
pub type Infos = Table<InfoNo, QueuedInfo, QUEUED_SIGNALS, { words(QUEUED_SIGNALS) }>;

/// What a signal brings along.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Info {
    /// Which signal.
    pub signal: Signal,
    /// Why: one of the `SI_`, `CLD_`, `SEGV_` codes.
    pub code: i32,
    /// The sender, or the child.
    pub pid: u32,
    /// The sender's or the child's real user id.
    pub uid: u32,
    /// A queued value, the address of a fault, or of a child its status and its times: see `Info::of_child`.
    pub value: u64,
}

/// Bits of each of a child's times in [`Info::value`]: 31 days of clock ticks fit. Its status has the lowest eight.
const TIME_BITS: u32 = 28;
const LONGEST: u64 = (1 << TIME_BITS) - 1;

impl Info {
    /// From the kernel, about nobody.
    pub(crate) const fn kernel(signal: Signal, code: i32) -> Info {
        Info { signal, code, pid: 0, uid: 0, value: 0 }
    }

    /// When no details could be kept, as Linux gives it.
    const fn unknown(signal: Signal) -> Info {
        Info::kernel(signal, SI_USER)
    }

    /// The same about a child: its status (an exit status, or a signal's number) and the times that it has used, in clock
    /// ticks.
    pub(crate) fn of_child(self, status: i32, utime: u64, stime: u64) -> Info {
        let times = utime.min(LONGEST) | stime.min(LONGEST) << TIME_BITS;
        Info { value: u64::from(status as u8) | times << 8, ..self }
    }

    /// Whether the kernel tells of a child.
    fn is_of_child(self) -> bool {
        self.signal == Signal::SIGCHLD && (abi::CLD_EXITED..=abi::CLD_CONTINUED).contains(&self.code)
    }

    /// The status of the child of which it tells.
    fn child_status(self) -> i32 {
        (self.value & 0xff) as i32
    }

    /// As user code sees it.
    pub fn to_abi(self) -> SigInfo {
        let mut info = SigInfo { signo: self.signal.number().into(), code: self.code, ..SigInfo::default() };
        if SignalSet::SYNCHRONOUS.has(self.signal) && self.code > 0 && self.code < abi::SI_KERNEL {
            (info.pid, info.uid) = (self.value as i32, (self.value >> 32) as u32);
        } else if self.is_of_child() {
            (info.pid, info.uid, info.status) = (self.pid as i32, self.uid, self.child_status());
            info.utime = (self.value >> 8 & LONGEST) as i64;
            info.stime = (self.value >> (8 + TIME_BITS)) as i64;
        } else {
            (info.pid, info.uid) = (self.pid as i32, self.uid);
            (info.status, info.value_high) = (self.value as i32, (self.value >> 32) as i32);
        }
        info
    }
}

/// One entry: details, and the next entry of the same queue. A timer has one of its own, which stands in no queue while its
/// signal isn't pending.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueuedInfo {
    /// The details.
    pub info: Info,
    /// The next entry.
    pub next: Option<InfoNo>,
    /// Which POSIX timer keeps it.
    pub timer: Option<TimerNo>,
}

impl Entry for QueuedInfo {
    const VACANT: QueuedInfo = QueuedInfo { info: Info::kernel(Signal::SIGHUP, 0), next: None, timer: None };
}

/// The signals that are pending for a thread, or for a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pending {
    set: SignalSet,
    first: Option<InfoNo>,
}

impl Pending {
    /// None.
    pub const NONE: Pending = Pending { set: SignalSet::empty(), first: None };

    /// Which.
    #[inline]
    pub fn set(&self) -> SignalSet {
        self.set
    }

    /// Their details, in order of generation.
    pub fn iter<'a>(&self, infos: &'a Infos) -> impl Iterator<Item = Info> + 'a {
        self.entries(infos).map(|entry| infos.at(entry).info)
    }

    /// The entries of the queue: for the invariants.
    pub(crate) fn entries<'a>(&self, infos: &'a Infos) -> impl Iterator<Item = InfoNo> + 'a {
        core::iter::successors(self.first, |entry| infos.at(*entry).next).take(QUEUED_SIGNALS)
    }

    /// How often a signal is pending: once for each entry, or once without details.
    pub fn count(&self, infos: &Infos, signal: Signal) -> usize {
        match self.set.has(signal) {
            true => self.iter(infos).filter(|info| info.signal == signal).count().max(1),
            false => 0,
        }
    }

    /// Adds a signal. A standard one that is pending already is coalesced: `false`. If there is no room for the details,
    /// the signal is pending without; so is a real-time one, which is coalesced if it was pending.
    pub(crate) fn add(&mut self, infos: &mut Infos, info: Info) -> bool {
        let before = self.count(infos, info.signal);
        if before > 0 && (!info.signal.is_realtime() || planted!(RealtimeCoalesced)) {
            return false;
        }
        if let Ok(entry) = infos.insert(QueuedInfo { info, ..QueuedInfo::VACANT }) {
            self.append(infos, entry);
        }
        self.set.insert(SignalSet::of(info.signal));
        self.count(infos, info.signal) > before
    }

    /// Adds the signal of a timer, whose entry stands in no queue: it is never lost, and nothing coalesces it but one that
    /// is pending without details.
    pub(crate) fn add_entry(&mut self, infos: &mut Infos, entry: InfoNo) -> bool {
        let signal = infos.at(entry).info.signal;
        let before = self.count(infos, signal);
        self.append(infos, entry);
        self.set.insert(SignalSet::of(signal));
        self.count(infos, signal) > before
    }

    fn append(&mut self, infos: &mut Infos, entry: InfoNo) {
        let last = self.entries(infos).last();
        infos.at_mut(entry).next = None;
        match last {
            Some(last) => infos.at_mut(last).next = Some(entry),
            None => self.first = Some(entry),
        }
    }

    /// Takes the oldest of a signal out, and says which timer it is from, if it is from one.
    pub(crate) fn take(&mut self, infos: &mut Infos, signal: Signal) -> Option<(Info, Option<TimerNo>)> {
        if !self.set.has(signal) {
            return None;
        }
        let taken = self.unlink(infos, |entry| entry.info.signal == signal);
        self.settle(infos, signal);
        Some(taken.unwrap_or((Info::unknown(signal), None)))
    }

    /// The same for the first signal of a set: the lowest, but before all others those that faults raise, as on Linux even if
    /// somebody sent them.
    pub(crate) fn take_lowest(&mut self, infos: &mut Infos, set: SignalSet) -> Option<(Info, Option<TimerNo>)> {
        let (there, faults) = (self.set & set, self.set & set & SignalSet::SYNCHRONOUS);
        let mut signal = if faults.is_empty() { there.lowest()? } else { faults.lowest()? };
        if planted!(HighestFirst) {
            signal = (self.set & set).signals().last()?;
        }
        self.take(infos, signal)
    }

    /// Takes the signal of a timer out; whether it was there.
    pub(crate) fn take_entry(&mut self, infos: &mut Infos, timer: TimerNo) -> bool {
        let taken = self.unlink(infos, |entry| entry.timer == Some(timer));
        if let Some((info, _)) = taken {
            self.settle(infos, info.signal);
        }
        taken.is_some()
    }

    /// A signal of which no entry is left isn't pending.
    fn settle(&mut self, infos: &Infos, signal: Signal) {
        if !self.iter(infos).any(|info| info.signal == signal) {
            self.set.remove(SignalSet::of(signal));
        }
    }

    fn unlink(&mut self, infos: &mut Infos, which: impl Fn(&QueuedInfo) -> bool) -> Option<(Info, Option<TimerNo>)> {
        let mut previous = None;
        let mut at = self.first;
        while let Some(entry) = at {
            let found = *infos.at(entry);
            if which(&found) {
                match previous {
                    Some(previous) => infos.at_mut(previous).next = found.next,
                    None => self.first = found.next,
                }
                match found.timer {
                    Some(_) => infos.at_mut(entry).next = None,
                    None => infos.free(entry),
                }
                return Some((found.info, found.timer));
            }
            previous = at;
            at = found.next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(signal: Signal, value: u64) -> Info {
        Info { value, ..Info::kernel(signal, abi::SI_QUEUE) }
    }

    #[test]
    fn standard_signals_coalesce_and_keep_their_first_details() {
        let mut infos = Infos::new();
        let mut pending = Pending::NONE;
        assert!(pending.add(&mut infos, queued(Signal::SIGUSR1, 1)));
        assert!(!pending.add(&mut infos, queued(Signal::SIGUSR1, 2)));
        assert_eq!(pending.take(&mut infos, Signal::SIGUSR1).unwrap().0.value, 1);
        assert_eq!(pending, Pending::NONE);
        assert!(infos.is_empty());
    }

    #[test]
    fn realtime_signals_queue_in_order() {
        let mut infos = Infos::new();
        let mut pending = Pending::NONE;
        let signal = Signal::new(40).unwrap();
        for value in 0..3 {
            assert!(pending.add(&mut infos, queued(signal, value)));
        }
        pending.add(&mut infos, queued(Signal::SIGTERM, 9));
        for value in 0..3 {
            assert!(pending.set().has(signal));
            assert_eq!(pending.take(&mut infos, signal).unwrap().0.value, value);
        }
        assert!(!pending.set().has(signal));
        assert_eq!(pending.take(&mut infos, Signal::SIGTERM).unwrap().0.value, 9);
        assert!(infos.is_empty());
    }

    #[test]
    fn a_timer_s_signal_stands_beside_the_same_signal_and_keeps_its_entry() {
        let mut infos = Infos::new();
        let mut pending = Pending::NONE;
        let info = queued(Signal::SIGUSR1, 7);
        let timer = Some(TimerNo(3));
        let entry = infos.insert(QueuedInfo { info, next: None, timer }).unwrap();
        assert!(pending.add(&mut infos, queued(Signal::SIGUSR1, 1)));
        assert!(pending.add_entry(&mut infos, entry));
        assert!(!pending.add(&mut infos, queued(Signal::SIGUSR1, 2)));
        assert_eq!(pending.count(&infos, Signal::SIGUSR1), 2);
        assert_eq!(pending.take(&mut infos, Signal::SIGUSR1).unwrap().1, None);
        assert_eq!(pending.take(&mut infos, Signal::SIGUSR1), Some((info, timer)));
        assert_eq!((pending, infos.len()), (Pending::NONE, 1));
        assert!(pending.add_entry(&mut infos, entry));
        assert!(pending.take_entry(&mut infos, TimerNo(3)) && !pending.take_entry(&mut infos, TimerNo(3)));
        assert_eq!((pending, infos.len()), (Pending::NONE, 1));
    }

    #[test]
    fn a_full_queue_coalesces_what_it_has_no_room_for() {
        let mut infos = Infos::new();
        let mut pending = Pending::NONE;
        let signal = Signal::new(40).unwrap();
        while infos.room() > 0 {
            infos.insert(QueuedInfo::VACANT).unwrap();
        }
        assert!(pending.add(&mut infos, queued(signal, 1)), "it is pending without details");
        assert!(!pending.add(&mut infos, queued(signal, 2)));
        infos.free(InfoNo(0));
        assert!(!pending.add(&mut infos, queued(signal, 3)), "what had no details has them now");
        assert_eq!(pending.count(&infos, signal), 1);
        assert_eq!(pending.take(&mut infos, signal).unwrap().0.value, 3);
        assert_eq!(pending, Pending::NONE);
    }
}
