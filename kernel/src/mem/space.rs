//! Address spaces: a page table, the regions that say what it should hold, and the end of the heap.
//!
//! ```text
//! 0x1_0000            heap, grows up with brk
//! 0x3c00_0000         guard: never mapped, so that a stack that overflows faults
//! 0x4000_0000         stack, grows down to its limit
//! 0x4800_0000         static variables
//! 0x5000_0000         mappings
//! 0x20_0000_0000      end
//! ```

use abi::{Errno, PAGE_SIZE, Protection, STATICS_START};

use crate::host::Host;
use crate::ids::FrameNo;
use crate::kernel::Kernel;
use crate::mem::region::{Backing, Region, Regions};
use crate::radix::{Nodes, Tree};

/// The first address that may be mapped.
pub const LOWEST: u64 = 0x1_0000;
/// Where the heap begins.
pub const HEAP_START: u64 = LOWEST;
/// The end of the heap at most.
pub const HEAP_LIMIT: u64 = STACK_TOP - STACK_MAX_BYTES - 0x10_0000;
/// The address behind the stack.
pub const STACK_TOP: u64 = 0x4000_0000;
/// Bytes that a stack may have at most.
pub const STACK_MAX_BYTES: u64 = 64 << 20;
/// Where mappings without a wish go.
pub const MAPPINGS_START: u64 = 0x5000_0000;
/// The address behind the last.
pub const END: u64 = 1 << 37;

/// An entry of the page table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PageEntry(pub u32);

impl PageEntry {
    const VALID: u32 = 1 << 16;
    const READ: u32 = 1 << 17;
    const WRITE: u32 = 1 << 18;
    const SHARED: u32 = 1 << 19;

    pub(crate) fn new(frame: FrameNo, region: &Region, write: bool) -> PageEntry {
        let mut bits = u32::from(frame.0) | PageEntry::VALID;
        if region.readable() {
            bits |= PageEntry::READ;
        }
        if write && region.writable() {
            bits |= PageEntry::WRITE;
        }
        if region.is_shared() {
            bits |= PageEntry::SHARED;
        }
        PageEntry(bits)
    }

    /// Its frame, if the page is present.
    pub fn frame(self) -> Option<FrameNo> {
        (self.0 & PageEntry::VALID != 0).then_some(FrameNo(self.0 as u16))
    }

    /// Whether the hart may load from it.
    pub fn readable(self) -> bool {
        self.0 & PageEntry::READ != 0
    }

    /// Whether the hart may store to it.
    pub fn writable(self) -> bool {
        self.0 & PageEntry::WRITE != 0
    }

    /// Whether it belongs to a shared object.
    pub fn is_shared(self) -> bool {
        self.0 & PageEntry::SHARED != 0
    }

    /// The same, but a store faults.
    pub(crate) fn write_protected(self) -> PageEntry {
        PageEntry(self.0 & !PageEntry::WRITE)
    }

    /// The same, with no more rights than the region gives; a store faults first.
    pub(crate) fn limited_to(self, region: &Region) -> PageEntry {
        let bits = self.0 & !(PageEntry::WRITE | PageEntry::READ);
        PageEntry(if region.readable() { bits | PageEntry::READ } else { bits })
    }
}

/// One address space.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Space {
    /// Which frame is behind which page.
    pub table: Tree<5>,
    /// What is mapped.
    pub regions: Regions,
    /// The end of the heap.
    pub heap_end: u64,
}

impl Clone for Space {
    fn clone(&self) -> Self {
        Space { regions: self.regions.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        self.regions.clone_from(&from.regions);
        (self.table, self.heap_end) = (from.table, from.heap_end);
    }
}

impl Space {
    /// Nothing is mapped.
    pub const EMPTY: Space = Space { table: Tree::EMPTY, regions: Regions::EMPTY, heap_end: HEAP_START };

    /// A space with a stack and nothing else. As long as it belongs to nobody, it maps no shared object.
    pub(crate) fn with_stack(bytes: u64) -> Result<Space, Errno> {
        let end = STACK_TOP / PAGE_SIZE as u64;
        let first = end - bytes / PAGE_SIZE as u64;
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let mut space = Space::EMPTY;
        let stack = Region { first, end, protection, backing: Backing::Stack };
        if first < end {
            space.regions.put(stack).map_err(|_| Errno::ENOMEM)?;
        }
        Ok(space)
    }

    /// Adds the static variables of an image. Their pages come when they are used.
    pub(crate) fn add_statics(&mut self, bytes: u64) -> Result<(), Errno> {
        let first = STATICS_START / PAGE_SIZE as u64;
        let end = first + bytes.min(MAPPINGS_START - STATICS_START).div_ceil(PAGE_SIZE as u64);
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let statics = Region { first, end, protection, backing: Backing::Private };
        match bytes {
            0 => Ok(()),
            _ => self.regions.put(statics).map_err(|_| Errno::ENOMEM),
        }
    }

    /// The entry of the page that an address lies in.
    #[inline]
    pub fn entry(&self, nodes: &Nodes, address: u64) -> PageEntry {
        PageEntry(self.table.get(nodes, address / PAGE_SIZE as u64))
    }

    /// The page-table walk: the frame and the offset behind an address, if the access is allowed as things are.
    #[inline]
    pub fn translate(&self, nodes: &Nodes, address: u64, write: bool) -> Option<(FrameNo, usize)> {
        let entry = self.entry(nodes, address);
        let allowed = if write { entry.writable() } else { entry.readable() };
        match entry.frame() {
            Some(frame) if allowed => Some((frame, address as usize % PAGE_SIZE)),
            _ => None,
        }
    }
}

impl Kernel {
    /// Adds a private page to a space that belongs to nobody yet.
    pub(crate) fn add_private_page<H: Host>(
        &mut self,
        host: &mut H,
        space: &mut Space,
        page: u64,
    ) -> Result<(), Errno> {
        let region = *space.regions.find(page).ok_or(Errno::ENOMEM)?;
        let frame = self.frames.take(host).ok_or(Errno::ENOMEM)?;
        let entry = PageEntry::new(frame, &region, true);
        if space.table.set(&mut self.nodes, page, entry.0).is_err() {
            self.frames.release(host, frame);
            return Err(Errno::ENOMEM);
        }
        Ok(())
    }
}
