//! Parents and children: who is whose, and who adopts orphans (`prctl(2)`, `PR_SET_CHILD_SUBREAPER`).
//!
//! An orphan goes to the nearest living ancestor that is a child subreaper, else to PID 1. It is appended to its new
//! siblings; its own subtree stays as it is. A zombie passes on too, with its status.

use crate::host::{Event, Host};
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::planted::planted;
use crate::process::Life;

impl Kernel {
    /// Appends a child to a parent's children.
    pub(crate) fn add_child(&mut self, parent: ProcessNo, child: ProcessNo) {
        let mut children = self.processes.at(parent).children;
        children.push(&mut self.processes, child);
        let entry = self.processes.at_mut(parent);
        entry.children = children;
        let birth = entry.next_birth;
        entry.next_birth += 1;
        let unreported = self.processes.at(child).unreported.is_some();
        let entry = self.processes.at_mut(child);
        entry.parent = Some(parent);
        entry.birth = birth;
        if unreported {
            self.processes.at_mut(parent).changed_children += 1;
        }
    }

    /// Takes a child from its parent.
    pub(crate) fn remove_child(&mut self, parent: ProcessNo, child: ProcessNo) {
        let mut children = self.processes.at(parent).children;
        children.remove(&mut self.processes, child);
        let entry = self.processes.at_mut(parent);
        entry.children = children;
        if children.is_empty() {
            entry.next_birth = 0;
        }
        if self.processes.at(child).unreported.is_some() {
            let changed = &mut self.processes.at_mut(parent).changed_children;
            *changed = changed.saturating_sub(1);
        }
    }

    /// Puts a zombie among the zombies of its parent, in the order of the parent's children.
    pub(crate) fn add_zombie(&mut self, parent: ProcessNo, zombie: ProcessNo) {
        let birth = self.processes.at(zombie).birth;
        let mut zombies = self.processes.at(parent).zombies;
        let mut previous = zombies.last();
        while let Some(other) = previous
            && self.processes.at(other).birth > birth
            && !planted!(ZombiesByEnd)
        {
            previous = self.processes.at(other).zombie_link.previous;
        }
        zombies.insert_behind(&mut self.processes, previous, zombie);
        self.processes.at_mut(parent).zombies = zombies;
    }

    /// Takes a zombie from the zombies of its parent.
    pub(crate) fn remove_zombie(&mut self, parent: ProcessNo, zombie: ProcessNo) {
        let mut zombies = self.processes.at(parent).zombies;
        zombies.remove(&mut self.processes, zombie);
        self.processes.at_mut(parent).zombies = zombies;
    }

    /// Who adopts the children of a process that ends. PID 1 has nobody above it.
    pub(crate) fn adopter(&self, process: ProcessNo) -> Option<ProcessNo> {
        let first = self.first_process();
        if planted!(OrphanToGrandparent) {
            return self.processes.at(process).parent.or(first);
        }
        if self.subreapers == 0 {
            return first;
        }
        let mut ancestor = self.processes.at(process).parent;
        while let Some(candidate) = ancestor {
            let entry = self.processes.at(candidate);
            if entry.subreaper && !entry.is_zombie() {
                return ancestor;
            }
            ancestor = entry.parent;
        }
        first
    }

    /// PID 1.
    pub(crate) fn first_process(&self) -> Option<ProcessNo> {
        self.numbers.process(&self.nodes, 1)
    }

    /// Hands the children of a process that ends to their adopter, in their order.
    pub(crate) fn give_children_away<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let Some(adopter) = self.adopter(process) else { return };
        while let Some(child) = self.processes.at(process).children.first() {
            let zombie = self.processes.at(child).is_zombie();
            if zombie {
                self.remove_zombie(process, child);
            }
            self.remove_child(process, child);
            self.add_child(adopter, child);
            let entry = self.processes.at_mut(child);
            entry.adopted_changed = entry.unreported.is_some();
            host.event(Event::Adopted { child: self.process_id(child), parent: self.process_id(adopter) });
            if let Life::Zombie(status) = self.processes.at(child).life {
                self.add_zombie(adopter, child);
                self.tell_parent_of_end(host, child, status);
            }
            if self.processes.holds(child) {
                self.hang_up_group_of_child(host, child, process);
            }
        }
    }
}
