//! Attaching and detaching segments (`shmop(2)`).

use abi::{Address, Errno, MapFlags, PAGE_SIZE, Protection, ShmFlags};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::ipc::permissions::{EXECUTE, READ, WRITE};
use crate::kernel::Kernel;
use crate::mem::region::{Backing, Region, Sharing};

const PAGE: u64 = PAGE_SIZE as u64;

impl Kernel {
    pub(crate) fn sys_shmat<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        address: Address,
        flags: ShmFlags,
    ) -> Outcome {
        let address = wished_address(address, flags)?;
        let slot = self.segments.obtain(id)?;
        let segment = *self.segments.table.at(slot);
        let (protection, wanted) = rights(flags);
        segment.permissions.check(&self.processes.at(cx.process).credentials, wanted)?;
        let pages = segment.pages();
        let first = self.place_segment(cx.process, address, pages, flags)?;
        // Its pages are counted with the segment.
        self.check_room(cx.process, pages, false)?;
        let sharing = Sharing::Attached { read_only: flags.contains(ShmFlags::SHM_RDONLY) };
        let backing = Backing::Shared { object: segment.object, offset: 0, sharing };
        let mut regions = self.processes.at(cx.process).space.regions.clone();
        regions.put(Region { first, end: first + pages, protection, backing }).map_err(|_| Errno::ENOMEM)?;
        self.replace_regions(cx.host, cx.process, regions, first, first + pages);
        Ok(Flow::Done((first * PAGE) as i64))
    }

    /// Detaches the attachment that begins at the address; what is left of it, if parts of it have been unmapped.
    pub(crate) fn sys_shmdt<H: Host>(&mut self, cx: &mut Cx<'_, H>, address: Address) -> Outcome {
        if !address.0.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        let start = address.0 / PAGE;
        let (object, end) = self.attachment_at(cx.process, start).ok_or(Errno::EINVAL)?;
        let before = self.processes.at(cx.process).space.regions.clone();
        for region in before.iter() {
            let of_it = matches!(region.backing, Backing::Shared { object: other, offset, sharing: Sharing::Attached { .. } }
                if other == object && region.first.checked_sub(start) == Some(offset));
            if of_it && region.first < end {
                let mut regions = self.processes.at(cx.process).space.regions.clone();
                // Whole regions go, so there are never more than before; and what was mapped between them stays.
                let _ = regions.cut(region.first, region.end);
                self.replace_regions(cx.host, cx.process, regions, region.first, region.end);
            }
        }
        Ok(Flow::Done(0))
    }

    /// The object that was attached at a page, and where its attachment ended; found by the first region from there on whose
    /// place in its segment says that it was.
    fn attachment_at(&self, process: ProcessNo, start: u64) -> Option<(crate::ids::ObjectNo, u64)> {
        self.processes.at(process).space.regions.iter().find_map(|region| match region.backing {
            Backing::Shared { object, offset, sharing: Sharing::Attached { .. } }
                if region.first.checked_sub(start) == Some(offset) =>
            {
                let segment = self.objects.at(object).segment?;
                Some((object, start + self.segments.table.at(segment).pages()))
            }
            _ => None,
        })
    }

    /// Where a segment goes: its first page.
    fn place_segment(&self, process: ProcessNo, address: u64, pages: u64, flags: ShmFlags) -> Result<u64, Errno> {
        if address == 0 {
            return self.place(process, 0, pages, MapFlags::empty());
        }
        let regions = &self.processes.at(process).space.regions;
        let first = address / PAGE;
        if !flags.contains(ShmFlags::SHM_REMAP) && !regions.is_free(first, first.saturating_add(pages)) {
            return Err(Errno::EINVAL);
        }
        self.place(process, address, pages, MapFlags::MAP_FIXED)
    }
}

/// The address that the caller wishes, 0 if none.
fn wished_address(address: Address, flags: ShmFlags) -> Result<u64, Errno> {
    let (rounded, remap) = (address.0 / PAGE * PAGE, flags.contains(ShmFlags::SHM_REMAP));
    match address.0 {
        0 if remap => Err(Errno::EINVAL),
        aligned if aligned == rounded => Ok(aligned),
        _ if !flags.contains(ShmFlags::SHM_RND) || (rounded == 0 && remap) => Err(Errno::EINVAL),
        _ => Ok(rounded),
    }
}

/// The protection of an attachment, and the permissions that it takes.
fn rights(flags: ShmFlags) -> (Protection, u32) {
    let mut rights = (Protection::PROT_READ, READ);
    if !flags.contains(ShmFlags::SHM_RDONLY) {
        rights = (rights.0 | Protection::PROT_WRITE, rights.1 | WRITE);
    }
    if flags.contains(ShmFlags::SHM_EXEC) {
        rights = (rights.0 | Protection::PROT_EXEC, rights.1 | EXECUTE);
    }
    rights
}
