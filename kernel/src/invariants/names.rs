//! Invariants about the tree of names: inodes are counted, names are found, FIFOs have their pipes.

use crate::invariants::references::Counts;
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::limits::INODES;
use crate::name::inode::Kind;
use crate::name::plant::ROOT;

impl Kernel {
    pub(super) fn inode_references_are_right(&self) -> Result<(), Broken> {
        let (mut links, mut references) = (Counts::<INODES>::new(), Counts::<INODES>::new());
        for (slot, name) in self.names.iter() {
            holds(self.inodes.holds(name.inode) && self.inodes.holds(name.directory), slot.index())?;
            links.add(name.inode.index());
        }
        for (_, file) in self.files.iter() {
            file.inode.iter().for_each(|inode| references.add(inode.index()));
        }
        for (_, process) in self.processes.iter() {
            process.working_directory.iter().for_each(|inode| references.add(inode.index()));
        }
        for (slot, inode) in self.inodes.iter() {
            let Kind::Directory(directory) = &inode.kind else { continue };
            if slot == ROOT {
                links.add(slot.index());
                links.add(slot.index());
                continue;
            }
            references.add(directory.parent.index());
            if directory.own_name.is_some() {
                links.add(slot.index());
                links.add(directory.parent.index());
            }
        }
        for (slot, inode) in self.inodes.iter() {
            let right = inode.links == links.get(slot.index()) && inode.references == references.get(slot.index());
            holds(right && inode.links + inode.references > 0, slot.index())?;
        }
        Ok(())
    }

    pub(super) fn names_are_sound(&self) -> Result<(), Broken> {
        let mut listed = 0;
        for (slot, inode) in self.inodes.iter() {
            let Kind::Directory(directory) = &inode.kind else { continue };
            let mut position = 0;
            for name in directory.names.iter(&self.names) {
                listed += 1;
                let entry = self.names.at(name);
                holds(entry.directory == slot && entry.position > position, slot.index())?;
                holds(self.find_name(slot, entry.bytes()) == Some(name), slot.index())?;
                position = entry.position;
                let Kind::Directory(below) = &self.inodes.at(entry.inode).kind else { continue };
                holds(below.own_name == Some(name) && below.parent == slot, slot.index())?;
            }
            // A chain of parents that doesn't end has more members than there are inodes.
            let mut above = core::iter::successors(Some(slot), |at| Some(self.directory(*at).parent));
            holds(above.by_ref().take(INODES).any(|at| at == ROOT), slot.index())?;
            holds(inode.links > 0 || directory.names.is_empty(), slot.index())?;
        }
        holds(listed == self.names.len() && listed == self.name_index.buckets.len(), 0)
    }

    pub(super) fn fifos_are_sound(&self) -> Result<(), Broken> {
        for (slot, inode) in self.inodes.iter() {
            let Kind::Fifo(fifo) = &inode.kind else { continue };
            let Some(pipe) = fifo.pipe else {
                holds(fifo.opening_readers.is_empty() && fifo.opening_writers.is_empty(), slot.index())?;
                continue;
            };
            let pipe = self.pipes.get(pipe).ok_or(slot.index())?;
            holds(pipe.fifo == Some(slot), slot.index())?;
            holds(pipe.writers == 0 || fifo.opening_readers.is_empty(), slot.index())?;
            holds(pipe.readers == 0 || fifo.opening_writers.is_empty(), slot.index())?;
        }
        for (slot, pipe) in self.pipes.iter() {
            let Some(fifo) = pipe.fifo else { continue };
            let named = self.inodes.get(fifo).map(|inode| &inode.kind);
            holds(matches!(named, Some(Kind::Fifo(fifo)) if fifo.pipe == Some(slot)), slot.index())?;
        }
        Ok(())
    }
}
