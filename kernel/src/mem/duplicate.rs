//! Fork's copy of an address space, and the end of one.

use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::mem::space::{HEAP_START, PageEntry, Space};
use crate::planted::planted;
use crate::radix::{OutOfNodes, Tree};

impl Kernel {
    /// A copy of a page table for a child. Private frames are shared by both until one of them writes.
    pub(crate) fn duplicate_table(&mut self, parent: ProcessNo) -> Result<Tree<5>, OutOfNodes> {
        let mut table = self.processes.at(parent).space.table;
        let frames = &mut self.frames;
        table.duplicate(&mut self.nodes, &mut |_, value| {
            let entry = PageEntry(*value);
            if let Some(frame) = entry.frame()
                && !planted!(FrameNotCounted)
            {
                frames.share(frame);
            }
            if !entry.is_shared() && !planted!(ForkLeavesWritable) {
                *value = entry.write_protected().0;
            }
            *value
        })
    }

    /// One region more maps each of the shared objects that a process maps, for each region that does: it is a new child. What
    /// it has attached, its parent has attached for it.
    pub(crate) fn share_objects(&mut self, parent: ProcessNo, child: ProcessNo) {
        let mut from = 0;
        while let Some(region) = self.processes.at(child).space.regions.starting_at(from).copied() {
            from = region.end;
            if let Some(object) = region.object()
                && !planted!(MappingNotCounted)
            {
                self.map_object(object, child);
            }
            if let Some(segment) = self.segment_of(&region) {
                self.note_attach(parent, segment);
            }
        }
    }

    /// Gives everything back that is in a space which belongs to nobody: that of an image which doesn't start after all. It maps
    /// no shared object, because objects know which processes map them: only the calls of a process map any.
    pub(crate) fn drop_space<H: Host>(&mut self, host: &mut H, space: &mut Space) {
        self.clear_table(host, &mut space.table);
        *space = Space::EMPTY;
    }

    /// Gives the address space of a process back.
    pub(crate) fn release_space<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let space = &mut self.processes.at_mut(process).space;
        space.heap_end = HEAP_START;
        let mut table = core::mem::replace(&mut space.table, Tree::EMPTY);
        self.clear_table(host, &mut table);
        while let Some(region) = self.processes.at_mut(process).space.regions.pop() {
            if let Some(segment) = self.segment_of(&region) {
                self.note_detach(process, segment);
            }
            if let Some(object) = region.object() {
                self.unmap_object(host, object, process);
            }
        }
    }

    fn clear_table<H: Host>(&mut self, host: &mut H, table: &mut Tree<5>) {
        let frames = &mut self.frames;
        table.clear(&mut self.nodes, &mut |_, value| {
            if let Some(frame) = PageEntry(value).frame() {
                frames.release(host, frame);
            }
        });
    }
}
