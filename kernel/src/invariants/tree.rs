//! Invariants about parents and children.

use crate::ids::ProcessNo;
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::process::Life;
use crate::radix::Tree;
use crate::time::interval::Intervals;

impl Kernel {
    pub(super) fn tree_is_sound(&self) -> Result<(), Broken> {
        let Some(root) = self.first_process() else { return holds(self.processes.is_empty(), 0) };
        holds(self.processes.at(root).parent.is_none(), root.index())?;
        // A walk over children and siblings meets everyone exactly once, or the lists are no tree.
        let mut met = 1;
        let mut at = root;
        'walk: loop {
            let mut next = self.processes.at(at).children.first();
            while next.is_none() {
                if at == root {
                    break 'walk;
                }
                next = self.processes.at(at).sibling_link.next;
                if next.is_none() {
                    let Some(parent) = self.processes.at(at).parent else { return Err(at.index()) };
                    at = parent;
                    continue;
                }
                break;
            }
            let Some(child) = next else { break };
            met += 1;
            holds(met <= self.processes.len(), child.index())?;
            holds(self.processes.holds(child), child.index())?;
            at = child;
        }
        holds(met == self.processes.len(), root.index())?;
        for (slot, process) in self.processes.iter() {
            let mut births = 0;
            for child in process.children.iter(&self.processes) {
                let entry = self.processes.at(child);
                holds(entry.parent == Some(slot) && entry.birth >= births, child.index())?;
                births = entry.birth + 1;
            }
            holds(births <= process.next_birth, slot.index())?;
        }
        Ok(())
    }

    pub(super) fn zombies_are_listed(&self) -> Result<(), Broken> {
        for (slot, process) in self.processes.iter() {
            let children = process.children.iter(&self.processes);
            let among_children = children.filter(|child| self.processes.at(*child).is_zombie());
            holds(process.zombies.iter(&self.processes).eq(among_children), slot.index())?;
            let children = process.children.iter(&self.processes);
            let changed = children.filter(|child| self.processes.at(*child).unreported.is_some()).count();
            holds(usize::from(process.changed_children) == changed, slot.index())?;
        }
        let subreapers = self.processes.iter().filter(|(_, process)| process.subreaper).count();
        holds(usize::from(self.subreapers) == subreapers, 0)
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
            && !self.threads.holds(process.thread);
        holds(nothing, slot.index())
    }
}
