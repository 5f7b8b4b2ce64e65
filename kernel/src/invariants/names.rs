//! Invariants about the tree of names: inodes are counted, names are found, FIFOs have their pipes.

use crate::ids::{InodeNo, NameNo, PipeNo};
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::limits::INODES;
use crate::name::inode::Kind;
use crate::name::plant::ROOT;

impl Kernel {
    pub(super) fn name_leads_somewhere(&self, slot: NameNo) -> Result<(), Broken> {
        let name = self.names.at(slot);
        holds(self.inodes.holds(name.inode) && self.inodes.holds(name.directory), slot.index())
    }

    pub(super) fn inode_is_referred_to(&self, slot: InodeNo) -> Result<(), Broken> {
        let inode = self.inodes.at(slot);
        holds(inode.links + inode.references > 0, slot.index())
    }

    /// A directory has its names in order, and leads up to the root. That no other name says to be in it is a matter of
    /// counting.
    pub(super) fn directory_is_sound(&self, slot: InodeNo) -> Result<(), Broken> {
        let inode = self.inodes.at(slot);
        let Kind::Directory(directory) = &inode.kind else { return Ok(()) };
        let (mut listed, mut position) = (0, 0);
        for name in directory.names.iter(&self.names) {
            listed += 1;
            let entry = self.names.at(name);
            holds(entry.directory == slot && entry.position > position, slot.index())?;
            position = entry.position;
            let Kind::Directory(below) = &self.inodes.at(entry.inode).kind else { continue };
            holds(below.own_name == Some(name) && below.parent == slot, slot.index())?;
        }
        holds(listed == directory.names.len(), slot.index())?;
        // A chain of parents that doesn't end has more members than there are inodes.
        let mut above = core::iter::successors(Some(slot), |at| Some(self.directory(*at).parent));
        holds(above.by_ref().take(INODES).any(|at| at == ROOT), slot.index())?;
        holds(inode.links > 0 || directory.names.is_empty(), slot.index())
    }

    /// A name is found, and so are all others of its bucket. That each is in one bucket is a matter of counting.
    pub(super) fn name_is_found(&self, slot: NameNo) -> Result<(), Broken> {
        let mut found = false;
        for other in self.name_index.bucket(&self.names, self.names.at(slot)) {
            let entry = self.names.get(other).ok_or(slot.index())?;
            holds(self.find_name(entry.directory, entry.bytes()) == Some(other), other.index())?;
            found |= other == slot;
        }
        holds(found, slot.index())
    }

    pub(super) fn there_is_a_bucket_for_each_name(&self) -> Result<(), Broken> {
        holds(self.names.len() == self.name_index.buckets.len(), 0)
    }

    pub(super) fn fifo_is_sound(&self, slot: InodeNo) -> Result<(), Broken> {
        let Kind::Fifo(fifo) = &self.inodes.at(slot).kind else { return Ok(()) };
        let Some(pipe) = fifo.pipe else {
            return holds(fifo.opening_readers.is_empty() && fifo.opening_writers.is_empty(), slot.index());
        };
        let pipe = self.pipes.get(pipe).ok_or(slot.index())?;
        holds(pipe.fifo == Some(slot), slot.index())?;
        holds(pipe.writers == 0 || fifo.opening_readers.is_empty(), slot.index())?;
        holds(pipe.readers == 0 || fifo.opening_writers.is_empty(), slot.index())
    }

    pub(super) fn pipe_of_a_fifo_is_sound(&self, slot: PipeNo) -> Result<(), Broken> {
        let Some(fifo) = self.pipes.at(slot).fifo else { return Ok(()) };
        let named = self.inodes.get(fifo).map(|inode| &inode.kind);
        holds(matches!(named, Some(Kind::Fifo(fifo)) if fifo.pipe == Some(slot)), slot.index())
    }
}
