//! What became of signals: counts of generated, delivered, accepted, coalesced and discarded ones, folded from the kernel's
//! events. Together with what is pending in the kernel they must balance.

use std::collections::BTreeMap;
use std::fmt;

use abi::Signal;
use kernel::{Event, Fate, Kernel, ProcessId};

use crate::observer::Observer;
use crate::world::World;

/// What became of one signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counts {
    /// How often it was generated.
    pub generated: u64,
    /// How often it was delivered: a handler began, or its default action ended or stopped the process.
    pub delivered: u64,
    /// How often a call took it (`sigwait`).
    pub accepted: u64,
    /// How often it was generated while it was pending, and became one with that.
    pub coalesced: u64,
    /// How often it was dropped: ignored when it was generated or delivered, taken back, or left over at the end.
    pub discarded: u64,
}

impl Counts {
    /// How many must be pending.
    fn left(&self) -> Option<u64> {
        self.generated.checked_sub(self.delivered + self.accepted + self.coalesced + self.discarded)
    }

    fn add(&mut self, other: &Counts) {
        self.generated += other.generated;
        self.delivered += other.delivered;
        self.accepted += other.accepted;
        self.coalesced += other.coalesced;
        self.discarded += other.discarded;
    }
}

/// The counts of a run. It is an observer: hand it to the machine from the boot on.
///
/// ```
/// use abi::Signal;
/// use kernel::ProcessId;
/// use sim::signal_counts::SignalCounts;
/// use sim::{Machine, Settings, chooser};
///
/// let mut machine = Machine::new(userland::programs::PROGRAMS, Settings::default());
/// let mut counts = SignalCounts::default();
/// let mut world = machine.boot(&[b"init", b"sh", b"-c", b"kill -TERM $$"], &[], &mut counts).unwrap();
/// machine.run(&mut world, &mut chooser::Default, &mut counts, 10_000);
/// assert_eq!(counts.total(Signal::SIGTERM).delivered, 1);
/// counts.check(&world.kernel).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignalCounts {
    /// Of processes that exist.
    processes: BTreeMap<(ProcessId, Signal), Counts>,
    /// Of those that are gone.
    gone: BTreeMap<Signal, Counts>,
    /// The first process that went out of balance.
    lost: Option<Imbalance>,
}

/// A signal whose counts don't balance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Imbalance {
    /// Whose.
    pub process: ProcessId,
    /// Which.
    pub signal: Signal,
    /// What became of it.
    pub counts: Counts,
    /// How often it is pending.
    pub pending: u64,
}

impl fmt::Display for Imbalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { generated, delivered, accepted, coalesced, discarded } = self.counts;
        write!(
            f,
            "{} of the process in slot {}: {generated} generated, but {delivered} delivered + {accepted} accepted + \
             {} pending + {coalesced} coalesced + {discarded} discarded",
            self.signal, self.process.slot.0, self.pending
        )
    }
}

impl SignalCounts {
    /// What became of a signal of a process.
    pub fn of(&self, process: ProcessId, signal: Signal) -> Counts {
        self.processes.get(&(process, signal)).copied().unwrap_or_default()
    }

    /// What became of a signal, whoever it was for.
    pub fn total(&self, signal: Signal) -> Counts {
        let mut total = self.gone.get(&signal).copied().unwrap_or_default();
        let living = self.processes.iter().filter(|((_, other), _)| *other == signal);
        living.for_each(|(_, counts)| total.add(counts));
        total
    }

    /// Counts an event.
    pub fn add(&mut self, event: &Event<'_>) {
        match *event {
            Event::Generated { process, signal, fate } => {
                let counts = self.at(process, signal);
                counts.generated += 1;
                match fate {
                    Fate::Pending => {}
                    Fate::Coalesced => counts.coalesced += 1,
                    Fate::Discarded => counts.discarded += 1,
                }
            }
            Event::Delivered { process, signal, .. } => self.at(process, signal).delivered += 1,
            Event::Accepted { process, signal } => self.at(process, signal).accepted += 1,
            Event::Discarded { process, signal } => self.at(process, signal).discarded += 1,
            Event::Reaped { process } => self.forget(process),
            _ => {}
        }
    }

    fn at(&mut self, process: ProcessId, signal: Signal) -> &mut Counts {
        self.processes.entry((process, signal)).or_default()
    }

    /// A process is gone, and nothing can be pending for it.
    fn forget(&mut self, process: ProcessId) {
        for signal in (1..=Signal::MAX).filter_map(|number| Signal::new(number.into())) {
            let Some(counts) = self.processes.remove(&(process, signal)) else { continue };
            if counts.left() != Some(0) {
                self.lost.get_or_insert(Imbalance { process, signal, counts, pending: 0 });
            }
            self.gone.entry(signal).or_default().add(&counts);
        }
    }

    /// Whether for every signal of every process: generated = delivered + accepted + pending + coalesced + discarded.
    ///
    /// # Errors
    /// The first for which that isn't so.
    pub fn check(&self, kernel: &Kernel) -> Result<(), Imbalance> {
        if let Some(lost) = self.lost {
            return Err(lost);
        }
        for (&(process, signal), &counts) in &self.processes {
            let pending = kernel.pending_count(process, signal) as u64;
            if counts.left() != Some(pending) {
                return Err(Imbalance { process, signal, counts, pending });
            }
        }
        // And nothing is pending that was never generated.
        for (process, _) in kernel.processes() {
            let Some(info) = kernel.process_info(process) else { continue };
            for signal in (info.pending | info.shared_pending).signals() {
                if !self.processes.contains_key(&(process, signal)) {
                    let pending = kernel.pending_count(process, signal) as u64;
                    return Err(Imbalance { process, signal, counts: Counts::default(), pending });
                }
            }
        }
        Ok(())
    }
}

impl Observer for SignalCounts {
    fn event(&mut self, _: &World, event: Event<'_>) {
        self.add(&event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ids::ProcessNo;

    const PROCESS: ProcessId = ProcessId { slot: ProcessNo(0), serial: 1 };
    const SIGNAL: Signal = Signal::SIGUSR1;

    fn generated(fate: Fate) -> Event<'static> {
        Event::Generated { process: PROCESS, signal: SIGNAL, fate }
    }

    #[test]
    fn what_is_lost_is_found() {
        let kernel = crate::KernelBox::new();
        let mut counts = SignalCounts::default();
        for fate in [Fate::Coalesced, Fate::Discarded, Fate::Pending] {
            counts.add(&generated(fate));
        }
        // Nobody says what became of the last one, and it isn't pending.
        assert_eq!(counts.check(&kernel).unwrap_err().counts.generated, 3);
        let mut kept = counts.clone();
        counts.add(&Event::Discarded { process: PROCESS, signal: SIGNAL });
        assert_eq!(counts.check(&kernel), Ok(()));
        counts.add(&Event::Accepted { process: PROCESS, signal: SIGNAL });
        assert!(counts.check(&kernel).is_err(), "more came out than went in");
        kept.add(&Event::Reaped { process: PROCESS });
        assert!(kept.check(&kernel).is_err(), "it was lost at its end");
    }

    #[test]
    fn what_was_never_generated_is_found() {
        let mut machine = crate::Machine::new(userland::programs::PROGRAMS, crate::Settings::default());
        let mut counts = SignalCounts::default();
        let argv: [&[u8]; 3] = [b"init", b"sleep", b"9"];
        let mut world = machine.boot(&argv, &[], &mut counts).unwrap();
        let sleeps = |world: &World| {
            let sleeper = world.kernel.process_by_pid(2);
            sleeper.filter(|id| world.kernel.process_info(*id).is_some_and(|info| info.state == u32::from('S')))
        };
        while sleeps(&world).is_none() {
            machine.step(&mut world, &mut crate::chooser::Default, &mut counts);
        }
        let sleeper = sleeps(&world).unwrap();
        // Nobody counts this one.
        machine.inject_signal(&mut world, sleeper, Signal::SIGTERM, &mut crate::Unobserved);
        assert_eq!(counts.check(&world.kernel).unwrap_err().pending, 1);
    }

    #[test]
    fn the_totals_outlive_the_processes() {
        let mut counts = SignalCounts::default();
        counts.add(&generated(Fate::Discarded));
        counts.add(&Event::Reaped { process: PROCESS });
        assert_eq!(counts.of(PROCESS, SIGNAL), Counts::default());
        assert_eq!(counts.total(SIGNAL), Counts { generated: 1, discarded: 1, ..Counts::default() });
    }
}
