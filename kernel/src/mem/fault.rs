//! Page faults: demand zero, copy-on-write, shared objects; and what no page can cure.

use abi::PAGE_SIZE;

use crate::host::Host;
use crate::ids::{FrameNo, ProcessNo};
use crate::kernel::Kernel;
use crate::mem::region::{Backing, Region, Sharing};
use crate::mem::space::PageEntry;
use crate::planted::planted;

/// Why a fault can't be served.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// Nothing is mapped there (`SEGV_MAPERR`).
    NotMapped,
    /// The object that is mapped there ends before it (`BUS_ADRERR`).
    BehindEnd,
    /// The mapping doesn't allow it (`SEGV_ACCERR`).
    NotAllowed,
    /// No frame or node is free.
    OutOfMemory,
}

impl Kernel {
    /// Makes an access possible that the page table doesn't allow yet. A failure changes nothing.
    pub(crate) fn serve_fault<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        write: bool,
    ) -> Result<(), Fault> {
        let page = address / PAGE_SIZE as u64;
        let space = &self.processes.at(process).space;
        let region = *space.regions.find(page).ok_or(Fault::NotMapped)?;
        let allowed = if write { region.writable() } else { region.readable() };
        if !allowed {
            return Err(Fault::NotAllowed);
        }
        if let Backing::Shared { object, offset, .. } = region.backing
            && !self.objects.at(object).reaches(page - region.first + offset)
        {
            return Err(Fault::BehindEnd);
        }
        let present = space.entry(&self.nodes, address).frame();
        let missing_nodes = space.table.missing_nodes(&self.nodes, page);
        let entry = match (region.backing, present) {
            (Backing::Shared { object, offset, sharing }, None) => {
                let object_page = page - region.first + offset;
                let for_object = self.objects.at(object).pages.missing_nodes(&self.nodes, object_page);
                if self.nodes.room() < missing_nodes + for_object {
                    return Err(Fault::OutOfMemory);
                }
                // A store to a private page needs a frame for its copy, and perhaps one to copy from.
                let copies = sharing == Sharing::Copied && write;
                if copies && self.frames.free() < 2 {
                    return Err(Fault::OutOfMemory);
                }
                let frame = self.object_frame(host, object, object_page).ok_or(Fault::OutOfMemory)?;
                match sharing {
                    Sharing::Copied => self.own_or_share(host, &region, frame, write)?,
                    _ => PageEntry::new(frame, &region, true),
                }
            }
            (Backing::Shared { sharing: Sharing::Copied, .. }, Some(frame)) => {
                self.own_or_share(host, &region, frame, write)?
            }
            (Backing::Shared { .. }, Some(frame)) => PageEntry::new(frame, &region, true),
            (_, None) => {
                if self.nodes.room() < missing_nodes {
                    return Err(Fault::OutOfMemory);
                }
                let frame = self.frames.take(host).ok_or(Fault::OutOfMemory)?;
                PageEntry::new(frame, &region, true)
            }
            (_, Some(frame)) => self.own_or_share(host, &region, frame, write)?,
        };
        let mut table = self.processes.at(process).space.table;
        if table.set(&mut self.nodes, page, entry.0).is_err() {
            crate::bug("a page table needs more nodes than were counted");
        }
        self.processes.at_mut(process).space.table = table;
        Ok(())
    }

    /// A private page that is present: a load shares its frame, a store needs one that nobody else uses.
    fn own_or_share<H: Host>(
        &mut self,
        host: &mut H,
        region: &Region,
        frame: FrameNo,
        write: bool,
    ) -> Result<PageEntry, Fault> {
        let alone = self.frames.references(frame) == 1 || planted!(WrittenThrough);
        if !write || alone {
            return Ok(PageEntry::new(frame, region, alone));
        }
        let copy = self.frames.take(host).ok_or(Fault::OutOfMemory)?;
        host.copy(frame, copy);
        self.frames.release(host, frame);
        Ok(PageEntry::new(copy, region, true))
    }
}
