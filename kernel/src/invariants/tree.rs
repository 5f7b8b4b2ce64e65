//! Invariants about parents and children.

use crate::ids::ProcessNo;
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::process::Life;
use crate::radix::Tree;
use crate::time::interval::Intervals;

impl Kernel {
    pub(super) fn root_is_sound(&self) -> Result<(), Broken> {
        match self.first_process() {
            Some(root) => holds(self.processes.at(root).parent.is_none(), root.index()),
            None => holds(self.processes.is_empty(), 0),
        }
    }

    /// A process has its children in order of birth, and descends from PID 1. That everyone is in the list of its parent is a
    /// matter of counting.
    pub(super) fn kin_is_sound(&self, slot: ProcessNo) -> Result<(), Broken> {
        let process = self.processes.at(slot);
        let (mut listed, mut births) = (0, 0);
        for child in process.children.iter(&self.processes) {
            let entry = self.processes.get(child).ok_or(child.index())?;
            holds(entry.parent == Some(slot) && entry.birth >= births, child.index())?;
            births = entry.birth + 1;
            listed += 1;
        }
        holds(listed == process.children.len() && births <= process.next_birth, slot.index())?;
        // A line of ancestors that doesn't end has more members than there are processes.
        let parent = |at: &ProcessNo| self.processes.get(*at).and_then(|process| process.parent);
        let eldest = core::iter::successors(Some(slot), parent).nth(self.processes.len());
        holds(eldest.is_none(), slot.index())?;
        holds(process.parent.is_some() || self.first_process() == Some(slot), slot.index())
    }

    /// Its zombies and unreported changes are those of its children. How many subreapers there are is a matter of counting.
    pub(super) fn zombies_are_listed(&self, slot: ProcessNo) -> Result<(), Broken> {
        let process = self.processes.at(slot);
        let (mut zombies, mut changed) = (process.zombies.iter(&self.processes), 0);
        for child in process.children.iter(&self.processes) {
            let entry = self.processes.at(child);
            holds(!entry.is_zombie() || zombies.next() == Some(child), slot.index())?;
            changed += usize::from(entry.unreported.is_some());
        }
        holds(zombies.next().is_none() && usize::from(process.changed_children) == changed, slot.index())
    }

    pub(super) fn zombie_owns_nothing(&self, slot: ProcessNo) -> Result<(), Broken> {
        let process = self.processes.at(slot);
        let Life::Zombie(_) = process.life else { return Ok(()) };
        let nothing = process.descriptors.is_empty()
            && process.working_directory.is_none()
            && process.space.table == Tree::EMPTY
            && process.space.regions.iter().next().is_none()
            && process.actions.is_none()
            && process.pending == crate::signal::queue::Pending::NONE
            && process.intervals == Intervals::OFF
            && process.timers.is_empty()
            && process.children.is_empty()
            && process.waiting_for_children.is_empty()
            && process.undos.is_empty()
            && !process.subreaper
            && !process.stopped
            && process.unreported.is_none()
            && !process.continued_untold
            && !process.adopted_changed
            && !self.threads.holds(process.thread);
        holds(nothing, slot.index())
    }
}
