//! Signals of a process: pending, blocked, ignored, caught, delivered; and what became of them so far.

use abi::SignalSet;
use kernel::ProcessId;

use crate::World;
use crate::signal_counts::SignalCounts;

use super::{Column, Table};

/// What is to be known of a process's signals.
pub fn signals(world: &World, process: ProcessId) -> Table {
    let mut table = Table::new([Column::Text("set"), Column::Text("signals")]);
    let Some(info) = world.kernel.process_info(process) else { return table };
    let sets = [
        ("pending for the thread", info.pending),
        ("pending for the process", info.shared_pending),
        ("blocked", info.blocked),
        ("ignored", info.ignored),
        ("caught", info.caught),
        ("delivered, handler running", delivered(world, process)),
    ];
    for (what, set) in sets {
        table.push([what.into(), names(set)]);
    }
    table
}

/// The signals whose handlers run.
pub fn delivered(world: &World, process: ProcessId) -> SignalSet {
    let own = world.processes().filter(|own| own.id == process);
    let handled = own.flat_map(|own| own.interrupted());
    handled.fold(SignalSet::empty(), |set, interrupted| set | SignalSet::of(interrupted.info.signal))
}

/// What became of the signals of a process so far, a row for each.
pub fn signal_counts(world: &World, process: ProcessId, counts: &SignalCounts) -> Table {
    use Column::{Number, Text};
    let columns = ["generated", "delivered", "accepted", "pending", "coalesced", "discarded"].map(Number);
    let mut table = Table::new([&[Text("signal")], &columns[..]].concat());
    for signal in SignalSet::all().signals() {
        let of = counts.of(process, signal);
        if of.generated > 0 {
            let pending = world.kernel.pending_count(process, signal) as u64;
            let numbers = [of.generated, of.delivered, of.accepted, pending, of.coalesced, of.discarded];
            table.push([signal.to_string()].into_iter().chain(numbers.map(|number| number.to_string())));
        }
    }
    table
}

fn names(set: SignalSet) -> String {
    let names: Vec<_> = set.signals().map(|signal| signal.to_string()).collect();
    if names.is_empty() { "none".into() } else { names.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{process, world_when};
    use super::*;
    use abi::Signal;

    #[test]
    fn ignored_signals_are_named() {
        // A shell has its background children ignore what the terminal sends.
        let world = world_when(&["sh", "-c", "true & wait"], |world| {
            let info = world.kernel.process_by_pid(3).and_then(|id| world.kernel.process_info(id));
            info.is_some_and(|info| info.ignored.has(Signal::SIGQUIT))
        });
        let table = signals(&world, process(&world, 3));
        assert_eq!(table.rows()[3], ["ignored", "SIGINT SIGQUIT"]);
        assert_eq!(table.rows()[0], ["pending for the thread", "none"]);
    }
}
