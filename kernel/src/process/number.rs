//! Numbers: a process id stays taken as long as a process, a process group or a session goes by it.
//!
//! They count up and wrap as on Linux (`pid_max`; after the first round 1 to 299 are left out), so that a number isn't
//! used again soon.

use crate::ids::{NumberNo, ProcessNo};
use crate::limits::{NUMBERS, PID_MAX, words};
use crate::list::List;
use crate::process::{GroupList, Process};
use crate::radix::{Nodes, Tree};
use crate::table::{Entry, Table};
use crate::touched::Touch;

/// The first number after the wrap.
const FIRST_AFTER_WRAP: u32 = 300;

/// A number in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Number {
    /// The number itself.
    pub value: u32,
    /// The process that goes by it, zombies included.
    pub process: Option<ProcessNo>,
    /// The processes whose group goes by it.
    pub members: List<GroupList, ProcessNo>,
    /// How many processes are in the session that goes by it.
    pub session_members: u16,
    /// The session of the group that goes by it.
    pub session: Option<NumberNo>,
    /// The terminal names it as its foreground group.
    pub foreground: bool,
}

impl Entry for Number {
    const VACANT: Number =
        Number { value: 0, process: None, members: List::EMPTY, session_members: 0, session: None, foreground: false };
}

/// All numbers in use.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Numbers {
    pub(crate) table: Table<NumberNo, Number, NUMBERS, { words(NUMBERS) }>,
    pub(crate) by_value: Tree<3>,
    pub(crate) last: u32,
}

impl Touch for Numbers {
    fn touch_everything(&mut self) {
        self.table.touch_everything();
    }
    fn is_untouched(&self) -> bool {
        self.table.is_untouched()
    }
}

impl Numbers {
    pub(crate) const fn new() -> Numbers {
        Numbers { table: Table::new(), by_value: Tree::EMPTY, last: 0 }
    }

    /// The slot of a number in use.
    pub(crate) fn find(&self, nodes: &Nodes, value: u32) -> Option<NumberNo> {
        let found = self.by_value.get(nodes, value.into());
        (found != 0).then(|| NumberNo((found - 1) as u16))
    }

    /// The process that goes by a number.
    pub(crate) fn process(&self, nodes: &Nodes, value: u32) -> Option<ProcessNo> {
        self.table.at(self.find(nodes, value)?).process
    }

    /// The nodes that the tree takes: a ledger for the invariants.
    pub(crate) fn nodes(&self) -> usize {
        self.by_value.nodes()
    }

    /// Takes the next free number; `None` if there is none, or no room to note it.
    pub(crate) fn take(&mut self, nodes: &mut Nodes) -> Option<NumberNo> {
        let next = |value: u32| if value + 1 >= PID_MAX as u32 { FIRST_AFTER_WRAP } else { value + 1 };
        let candidates = core::iter::successors(Some(next(self.last)), |value| Some(next(*value)));
        // One more than can be in use: if none of these is free, none is.
        let value = candidates.take(NUMBERS + 1).find(|value| self.find(nodes, *value).is_none())?;
        let slot = self.table.lowest_free()?;
        self.by_value.set(nodes, value.into(), u32::from(slot.0) + 1).ok()?;
        let _ = self.table.insert(Number { value, ..Number::VACANT });
        self.last = value;
        Some(slot)
    }

    /// Gives a number back if nobody goes by it any more.
    pub(crate) fn release_if_unused(&mut self, nodes: &mut Nodes, slot: NumberNo) {
        let number = self.table.at(slot);
        let used = number.process.is_some() || !number.members.is_empty() || number.session_members > 0;
        if !used && !number.foreground {
            let value = number.value;
            let _ = self.by_value.set(nodes, value.into(), 0);
            self.table.remove(slot);
        }
    }

    /// Moves a process from the group it is in, if any, to another.
    pub(crate) fn join_group(
        &mut self,
        processes: &mut super::Processes,
        process: ProcessNo,
        group: NumberNo,
        session: NumberNo,
    ) {
        let entry = self.table.at_mut(group);
        entry.session = Some(session);
        entry.members.push(processes, process);
        processes.at_mut(process).group = group;
    }

    /// Takes a process out of its group; the number may become free.
    pub(crate) fn leave_group(&mut self, nodes: &mut Nodes, processes: &mut super::Processes, process: ProcessNo) {
        let group = processes.at(process).group;
        let entry = self.table.at_mut(group);
        entry.members.remove(processes, process);
        if entry.members.is_empty() {
            entry.session = None;
        }
        self.release_if_unused(nodes, group);
    }

    /// Takes a process into a session.
    pub(crate) fn join_session(&mut self, process: &mut Process, session: NumberNo) {
        self.table.at_mut(session).session_members += 1;
        process.session = session;
    }

    /// Takes a process out of its session; the number may become free.
    pub(crate) fn leave_session(&mut self, nodes: &mut Nodes, session: NumberNo) {
        let entry = self.table.at_mut(session);
        entry.session_members = entry.session_members.saturating_sub(1);
        self.release_if_unused(nodes, session);
    }
}

impl Clone for Numbers {
    fn clone(&self) -> Self {
        Numbers { table: self.table.clone(), by_value: self.by_value, last: self.last }
    }

    fn clone_from(&mut self, from: &Self) {
        self.table.clone_from(&from.table);
        self.by_value = from.by_value;
        self.last = from.last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_and_wrap_to_300() {
        let mut nodes = Nodes::new();
        let mut numbers = Numbers::new();
        let first = numbers.take(&mut nodes).unwrap();
        assert_eq!(numbers.table.at(first).value, 1);
        numbers.last = PID_MAX as u32 - 2;
        let last = numbers.take(&mut nodes).unwrap();
        assert_eq!(numbers.table.at(last).value, PID_MAX as u32 - 1);
        let wrapped = numbers.take(&mut nodes).unwrap();
        assert_eq!(numbers.table.at(wrapped).value, 300);
        numbers.last = PID_MAX as u32 - 1;
        let next = numbers.take(&mut nodes).unwrap();
        assert_eq!(numbers.table.at(next).value, 301, "300 is in use");
        for slot in [first, last, wrapped, next] {
            numbers.release_if_unused(&mut nodes, slot);
        }
        assert!(nodes.is_empty());
    }
}
