//! `mmap munmap mprotect msync madvise` (`mmap(2)`, `mprotect(2)`, `msync(2)`, `madvise(2)`). What can be mapped is memory of
//! one's own, shared memory objects, and `/dev/zero` (`null(4)`).

use abi::{Address, Advice, Errno, Fd, Length, MapFlags, MsyncFlags, PAGE_SIZE, Protection, Resource};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::file::device::Device;
use crate::host::Host;
use crate::ids::{ObjectNo, ProcessNo, SegmentNo};
use crate::kernel::Kernel;
use crate::mem::object::Object;
use crate::mem::region::{Backing, Obstacle, Region, Regions, Sharing};
use crate::mem::space::{END, LOWEST, MAPPINGS_START, PageEntry};
use crate::planted::planted;
use crate::table::Entry;

const PAGE: u64 = PAGE_SIZE as u64;

impl Kernel {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn sys_mmap<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        address: Address,
        length: Length,
        protection: Protection,
        flags: MapFlags,
        fd: Fd,
        offset: u64,
    ) -> Outcome {
        if !offset.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        let opened = match flags.contains(MapFlags::MAP_ANONYMOUS) {
            true => None,
            false => Some(*self.files.at(self.descriptor(cx.process, fd)?.file)),
        };
        let shared = match flags & (MapFlags::MAP_SHARED | MapFlags::MAP_PRIVATE) {
            MapFlags::MAP_SHARED => true,
            MapFlags::MAP_PRIVATE => false,
            _ => return Err(Errno::EINVAL),
        };
        if length.0 == 0 {
            return Err(Errno::EINVAL);
        }
        // Bits without a meaning are ignored, as on Linux.
        let protection = protection & Protection::all();
        let pages = length.0.div_ceil(PAGE);
        if pages > END / PAGE {
            return Err(Errno::ENOMEM);
        }
        if (offset / PAGE).checked_add(pages).is_none_or(|end| end > END / PAGE) {
            return Err(Errno::EOVERFLOW);
        }
        let first = self.place(cx.process, address.0, pages, flags)?;
        let source = match opened {
            Some(description) => mapped(&description, shared, protection)?,
            None => Source::Zeros(Sharing::Anonymous),
        };
        self.check_room(cx.process, pages, !protection.is_empty())?;
        let (backing, made) = match source {
            Source::Object(object, sharing) => (Backing::Shared { object, offset: offset / PAGE, sharing }, None),
            Source::Zeros(_) if !shared => (Backing::Private, None),
            Source::Zeros(sharing) => {
                // As on Linux, the pages of a shared `/dev/zero` are as many as are mapped, wherever the mapping begins.
                let (length, offset) = match sharing {
                    Sharing::Anonymous => (None, 0),
                    _ => (Some(pages * PAGE), offset / PAGE),
                };
                let object = self.objects.insert(Object { length, ..Object::VACANT }).map_err(|_| Errno::ENOMEM)?;
                (Backing::Shared { object, offset, sharing }, Some(object))
            }
        };
        let region = Region { first, end: first + pages, protection, backing };
        let mut regions = self.processes.at(cx.process).space.regions.clone();
        if regions.put(region).is_err() {
            if let Some(object) = made {
                self.objects.remove(object);
            }
            return Err(Errno::ENOMEM);
        }
        self.replace_regions(cx.host, cx.process, regions, first, first + pages);
        Ok(Flow::Done((first * PAGE) as i64))
    }

    pub(crate) fn sys_munmap<H: Host>(&mut self, cx: &mut Cx<'_, H>, address: Address, length: Length) -> Outcome {
        if length.0 == 0 {
            return Err(Errno::EINVAL);
        }
        let (first, end) = page_range(address, length).ok_or(Errno::EINVAL)?;
        let mut regions = self.processes.at(cx.process).space.regions.clone();
        regions.cut(first, end).map_err(|_| Errno::ENOMEM)?;
        self.replace_regions(cx.host, cx.process, regions, first, end);
        Ok(Flow::Done(0))
    }

    /// As on Linux, the pages before a hole are changed when the hole gives `ENOMEM`, and likewise those before an attachment
    /// that may only be read when that gives `EACCES`.
    pub(crate) fn sys_mprotect<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        address: Address,
        length: Length,
        protection: Protection,
    ) -> Outcome {
        if !address.0.is_multiple_of(PAGE) || protection.has_unknown() {
            return Err(Errno::EINVAL);
        }
        if length.0 == 0 {
            return Ok(Flow::Done(0));
        }
        let (first, end) = page_range(address, length).ok_or(Errno::ENOMEM)?;
        let mut regions = self.processes.at(cx.process).space.regions.clone();
        let (reached, obstacle) = regions.protectable(first, end, protection);
        // Nothing is cut where nothing changes.
        if reached > first {
            regions.protect(first, reached, protection).map_err(|_| Errno::ENOMEM)?;
            self.set_regions(cx.host, cx.process, regions);
            if !planted!(RightsKept) {
                self.limit_entries(cx.process, first, reached);
            }
        }
        match obstacle {
            None => Ok(Flow::Done(0)),
            Some(Obstacle::Hole) => Err(Errno::ENOMEM),
            Some(Obstacle::Refusal) => Err(Errno::EACCES),
        }
    }

    /// Only `MADV_DONTNEED` does something: private pages read as zeros again, shared ones are read from their object.
    pub(crate) fn sys_madvise<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        address: Address,
        length: Length,
        advice: Advice,
    ) -> Outcome {
        if !address.0.is_multiple_of(PAGE) || !(Advice::MADV_NORMAL.0..=Advice::MADV_DONTNEED.0).contains(&advice.0) {
            return Err(Errno::EINVAL);
        }
        if length.0 == 0 {
            return Ok(Flow::Done(0));
        }
        address.0.checked_add(length.0).ok_or(Errno::EINVAL)?;
        let (first, end) = page_range(address, length).ok_or(Errno::ENOMEM)?;
        if advice == Advice::MADV_DONTNEED {
            self.drop_pages(cx.host, cx.process, first, end);
        }
        match self.processes.at(cx.process).space.regions.covers(first, end) {
            true => Ok(Flow::Done(0)),
            false => Err(Errno::ENOMEM),
        }
    }

    /// Shared memory has no other place that it would have to be written to, so this only checks.
    pub(crate) fn sys_msync<H>(&self, cx: &Cx<'_, H>, address: Address, length: Length, flags: MsyncFlags) -> Outcome {
        let both = MsyncFlags::MS_ASYNC | MsyncFlags::MS_SYNC;
        if flags.has_unknown() || flags.contains(both) || !address.0.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        let (first, end) = page_range(address, length).ok_or(Errno::ENOMEM)?;
        match self.processes.at(cx.process).space.regions.covers(first, end) {
            true => Ok(Flow::Done(0)),
            false => Err(Errno::ENOMEM),
        }
    }

    /// Where a mapping goes: its first page.
    pub(crate) fn place(&self, process: ProcessNo, address: u64, pages: u64, flags: MapFlags) -> Result<u64, Errno> {
        let regions = &self.processes.at(process).space.regions;
        let exactly = MapFlags::MAP_FIXED | MapFlags::MAP_FIXED_NOREPLACE;
        let wish = address / PAGE;
        let fits = wish.checked_add(pages).is_some_and(|end| end <= END / PAGE);
        if flags.intersects(exactly) {
            if !address.is_multiple_of(PAGE) {
                return Err(Errno::EINVAL);
            }
            if !fits {
                return Err(Errno::ENOMEM);
            }
            if address < LOWEST {
                return Err(Errno::EPERM);
            }
            if flags.contains(MapFlags::MAP_FIXED_NOREPLACE) && !regions.is_free(wish, wish + pages) {
                return Err(Errno::EEXIST);
            }
            return Ok(wish);
        }
        if fits && address >= LOWEST && regions.is_free(wish, wish + pages) {
            return Ok(wish);
        }
        regions.gap(MAPPINGS_START / PAGE, END / PAGE, pages).ok_or(Errno::ENOMEM)
    }

    /// Whether so many more pages may be mapped. As with Linux's heuristic overcommit, what can't be had even now is
    /// refused, and what is promised isn't counted.
    pub(crate) fn check_room(&self, process: ProcessNo, pages: u64, accessible: bool) -> Result<(), Errno> {
        let entry = self.processes.at(process);
        let after = entry.space.regions.pages().saturating_add(pages).saturating_mul(PAGE);
        if after > entry.limits.current(Resource::RLIMIT_AS) {
            return Err(Errno::ENOMEM);
        }
        if accessible && pages > self.frames.free() as u64 {
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }

    /// The regions become these; the pages of the range, which they may show differently now, are dropped.
    pub(crate) fn replace_regions<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        regions: Regions,
        first: u64,
        end: u64,
    ) {
        self.drop_pages(host, process, first, end);
        self.set_regions(host, process, regions);
    }

    /// The regions become these; the mappings of shared objects are counted anew, these note who maps them, and segments who
    /// did it.
    fn set_regions<H: Host>(&mut self, host: &mut H, process: ProcessNo, regions: Regions) {
        self.note_attachments(process, &regions);
        // First the new ones: no object goes that is still mapped.
        for object in regions.objects() {
            self.map_object(object, process);
        }
        let old = core::mem::replace(&mut self.processes.at_mut(process).space.regions, regions);
        for object in old.objects() {
            self.unmap_object(host, object, process);
        }
        if planted!(MapperForgotten) {
            return;
        }
        // It may have given up one of several regions of an object.
        for object in self.processes.at(process).space.regions.objects() {
            self.objects.at_mut(object).mapped_by.insert(process);
        }
    }

    /// The regions are about to become these: each segment of which there will be another region, or less, takes note. As on
    /// Linux, a region that is split counts as one more that was attached.
    fn note_attachments(&mut self, process: ProcessNo, after: &Regions) {
        for region in after.iter() {
            if let Some(segment) = self.segment_of(region)
                && !self.processes.at(process).space.regions.has_attachment(region)
            {
                self.note_attach(process, segment);
            }
        }
        let mut from = 0;
        while let Some(region) = self.processes.at(process).space.regions.starting_at(from).copied() {
            from = region.end;
            if let Some(segment) = self.segment_of(&region)
                && !after.still_show(&region)
            {
                self.note_detach(process, segment);
            }
        }
    }

    /// The segment that a region has attached.
    pub(crate) fn segment_of(&self, region: &Region) -> Option<SegmentNo> {
        self.objects.at(region.object()?).segment
    }

    /// Empties the page table in a range.
    pub(crate) fn drop_pages<H: Host>(&mut self, host: &mut H, process: ProcessNo, first: u64, end: u64) {
        let mut table = self.processes.at(process).space.table;
        let mut page = first;
        while let Some((found, value)) = table.next(&self.nodes, page)
            && found < end
        {
            if let Some(frame) = PageEntry(value).frame() {
                self.frames.release(host, frame);
            }
            let _ = table.set(&mut self.nodes, found, 0);
            page = found + 1;
        }
        self.processes.at_mut(process).space.table = table;
    }

    /// Takes rights from the page table entries of a range that their regions don't give any more.
    fn limit_entries(&mut self, process: ProcessNo, first: u64, end: u64) {
        let space = &self.processes.at(process).space;
        let mut table = space.table;
        let mut page = first;
        while let Some((found, value)) = table.next(&self.nodes, page)
            && found < end
        {
            if let Some(region) = self.processes.at(process).space.regions.find(found) {
                let _ = table.set(&mut self.nodes, found, PageEntry(value).limited_to(region).0);
            }
            page = found + 1;
        }
        self.processes.at_mut(process).space.table = table;
    }
}

/// What a mapping shows, and how.
enum Source {
    /// An object that is there.
    Object(ObjectNo, Sharing),
    /// New pages of zeros; how, if they are shared.
    Zeros(Sharing),
}

/// What a mapping of a descriptor shows.
///
/// # Errors
/// `EACCES`: it isn't open for reading, or the mapping would write to what isn't open for writing. `ENODEV`: it has no pages.
fn mapped(description: &Description, shared: bool, protection: Protection) -> Result<Source, Errno> {
    let (flags, writes) = (description.flags, protection.contains(Protection::PROT_WRITE));
    if (shared && writes && !flags.writable()) || !flags.readable() {
        return Err(Errno::EACCES);
    }
    let named = Sharing::Named { read_only: !flags.writable() };
    match description.open {
        Open::Memory(object) if shared => Ok(Source::Object(object, named)),
        Open::Memory(object) => Ok(Source::Object(object, Sharing::Copied)),
        Open::Device(Device::Zero) => Ok(Source::Zeros(named)),
        _ => Err(Errno::ENODEV),
    }
}

/// The pages of a range that starts at a page and lies in the address space.
fn page_range(address: Address, length: Length) -> Option<(u64, u64)> {
    let end = address.0.checked_add(length.0)?;
    (address.0.is_multiple_of(PAGE) && end <= END).then_some((address.0 / PAGE, end.div_ceil(PAGE)))
}
