//! Invariants about memory.

use crate::ids::{PipeNo, ProcessNo};
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::mem::region::Regions;
use crate::mem::space::PageEntry;
use crate::radix::Visited;

impl Kernel {
    pub(super) fn nothing_private_is_shared_writable(&self, slot: ProcessNo) -> Result<(), Broken> {
        let space = &self.processes.at(slot).space;
        let mut right = true;
        space.table.visit(&self.nodes, |part| {
            if let Visited::Value(page, value) = part {
                right &= self.page_is_right(&space.regions, page, PageEntry(value));
            }
        });
        holds(right, slot.index())
    }

    fn page_is_right(&self, regions: &Regions, page: u64, entry: PageEntry) -> bool {
        let (Some(region), Some(frame)) = (regions.find(page), entry.frame()) else { return false };
        let shared = region.is_shared();
        let may_write = || region.writable() && (shared || self.frames.references(frame) == 1);
        entry.is_shared() == shared && (!entry.writable() || may_write()) && (!entry.readable() || region.readable())
    }

    pub(super) fn ring_is_sound(&self, slot: PipeNo) -> Result<(), Broken> {
        holds(self.pipes.at(slot).ring.is_sound(), slot.index())
    }

    pub(super) fn console_ring_is_sound(&self) -> Result<(), Broken> {
        holds(self.console.input.is_sound(), 0)
    }
}
