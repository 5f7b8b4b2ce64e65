//! Fork's copy of an address space, and the end of one.

use crate::host::Host;
use crate::ids::{FrameNo, ProcessNo};
use crate::kernel::Kernel;
use crate::mem::region::Backing;
use crate::mem::space::{PageEntry, Space};
use crate::radix::OutOfNodes;

impl Kernel {
    /// A copy for a child. Private frames are shared by both until one of them writes.
    pub(crate) fn duplicate_space(&mut self, parent: ProcessNo) -> Result<Space, OutOfNodes> {
        let mut table = self.processes.at(parent).space.table;
        let frames = &mut self.frames;
        let copy = table.duplicate(&mut self.nodes, &mut |_, value| {
            let entry = PageEntry(*value);
            if let Some(frame) = entry.frame() {
                frames.share(frame);
            }
            if !entry.is_shared() {
                *value = entry.write_protected().0;
            }
            *value
        })?;
        let space = &self.processes.at(parent).space;
        let copy = Space { table: copy, regions: space.regions.clone(), heap_end: space.heap_end };
        for region in copy.regions.iter() {
            if let Backing::Shared { object, .. } = region.backing {
                self.objects.at_mut(object).mappings += 1;
            }
        }
        Ok(copy)
    }

    /// Gives everything in a space back.
    pub(crate) fn drop_space<H: Host>(&mut self, host: &mut H, space: &mut Space) {
        let frames = &mut self.frames;
        space.table.clear(&mut self.nodes, &mut |_, value| {
            if let Some(frame) = PageEntry(value).frame() {
                frames.release(host, FrameNo(frame.0));
            }
        });
        for region in space.regions.iter() {
            if let Backing::Shared { object, .. } = region.backing {
                self.unmap_object(host, object);
            }
        }
        *space = Space::EMPTY;
    }

    /// Gives the address space of a process back.
    pub(crate) fn release_space<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let mut space = core::mem::replace(&mut self.processes.at_mut(process).space, Space::EMPTY);
        self.drop_space(host, &mut space);
    }
}
