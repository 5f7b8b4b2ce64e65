//! Signals that are pending, with what they bring along (`siginfo_t`).
//!
//! A pending set says which signals wait; a queue beside it holds their details in order of generation. A standard
//! signal has one entry at most and its first details stay; real-time signals have one for each time they were sent.

use abi::{SI_USER, SigInfo, Signal, SignalSet};

use crate::ids::InfoNo;
use crate::limits::{QUEUED_SIGNALS, words};
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
    /// A queued value, a child's status, or the address of a fault.
    pub value: u64,
}

impl Info {
    /// From the kernel, about nobody.
    pub(crate) const fn kernel(signal: Signal, code: i32) -> Info {
        Info { signal, code, pid: 0, uid: 0, value: 0 }
    }

    /// When no details could be kept, as Linux gives it.
    const fn unknown(signal: Signal) -> Info {
        Info::kernel(signal, SI_USER)
    }

    /// As user code sees it.
    pub fn to_abi(self) -> SigInfo {
        let mut info = SigInfo { signo: self.signal.number().into(), code: self.code, ..SigInfo::default() };
        if SignalSet::SYNCHRONOUS.has(self.signal) && self.code > 0 && self.code < abi::SI_KERNEL {
            (info.pid, info.uid) = (self.value as i32, (self.value >> 32) as u32);
        } else {
            (info.pid, info.uid) = (self.pid as i32, self.uid);
            (info.status, info.value_high) = (self.value as i32, (self.value >> 32) as i32);
        }
        info
    }
}

/// One entry: details, and the next entry of the same queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QueuedInfo {
    /// The details.
    pub info: Info,
    /// The next entry.
    pub next: Option<InfoNo>,
}

impl Entry for QueuedInfo {
    const VACANT: QueuedInfo = QueuedInfo { info: Info::kernel(Signal::SIGHUP, 0), next: None };
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

    /// Adds a signal. A standard one that is pending already is coalesced: `false`. If there is no room for the details,
    /// the signal is pending without.
    pub(crate) fn add(&mut self, infos: &mut Infos, info: Info) -> bool {
        if self.set.has(info.signal) && !info.signal.is_realtime() {
            return false;
        }
        self.set.insert(SignalSet::of(info.signal));
        let last = self.entries(infos).last();
        if let Ok(entry) = infos.insert(QueuedInfo { info, next: None }) {
            match last {
                Some(last) => infos.at_mut(last).next = Some(entry),
                None => self.first = Some(entry),
            }
        }
        true
    }

    /// Takes the oldest of a signal out.
    pub(crate) fn take(&mut self, infos: &mut Infos, signal: Signal) -> Option<Info> {
        if !self.set.has(signal) {
            return None;
        }
        let info = self.unlink(infos, signal);
        if !self.iter(infos).any(|info| info.signal == signal) {
            self.set.remove(SignalSet::of(signal));
        }
        Some(info.unwrap_or(Info::unknown(signal)))
    }

    /// Drops these signals; how many of them there were.
    pub(crate) fn discard(&mut self, infos: &mut Infos, signals: SignalSet) -> u32 {
        let mut count = 0;
        while let Some(signal) = (self.set & signals).lowest() {
            self.take(infos, signal);
            count += 1;
        }
        count
    }

    fn unlink(&mut self, infos: &mut Infos, signal: Signal) -> Option<Info> {
        let mut previous = None;
        let mut at = self.first;
        while let Some(entry) = at {
            let QueuedInfo { info, next } = *infos.at(entry);
            if info.signal == signal {
                match previous {
                    Some(previous) => infos.at_mut(previous).next = next,
                    None => self.first = next,
                }
                infos.remove(entry);
                return Some(info);
            }
            previous = at;
            at = next;
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
        assert_eq!(pending.take(&mut infos, Signal::SIGUSR1).unwrap().value, 1);
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
            assert_eq!(pending.take(&mut infos, signal).unwrap().value, value);
        }
        assert!(!pending.set().has(signal));
        assert_eq!(pending.discard(&mut infos, SignalSet::all()), 1);
        assert!(infos.is_empty());
    }
}
