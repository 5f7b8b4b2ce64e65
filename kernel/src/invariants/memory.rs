//! Invariants about memory.

use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::mem::space::PageEntry;

impl Kernel {
    pub(super) fn nothing_private_is_shared_writable(&self) -> Result<(), Broken> {
        for (slot, process) in self.processes.iter() {
            for (page, value) in process.space.table.iter(&self.nodes) {
                let entry = PageEntry(value);
                let region = process.space.regions.find(page).ok_or(slot.index())?;
                let frame = entry.frame().ok_or(slot.index())?;
                let shared = region.is_shared();
                let alone = self.frames.references(frame) == 1;
                holds(entry.is_shared() == shared, slot.index())?;
                holds(!entry.writable() || (region.writable() && (shared || alone)), slot.index())?;
                holds(!entry.readable() || region.readable(), slot.index())?;
            }
        }
        Ok(())
    }

    pub(super) fn rings_are_sound(&self) -> Result<(), Broken> {
        for (slot, pipe) in self.pipes.iter() {
            holds(pipe.ring.is_sound(), slot.index())?;
        }
        holds(self.console.input.is_sound(), 0)
    }
}
