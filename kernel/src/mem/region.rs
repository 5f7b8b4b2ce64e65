//! Regions: what an address space has mapped where, sorted and without overlaps. Neighbours that are alike are one region.

use abi::Protection;

use crate::ids::ObjectNo;
use crate::limits::REGIONS;

/// What is behind a region.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Backing {
    /// Memory of this process alone; starts as zeros; shared with a fork until written.
    Private,
    /// Memory of this process alone that is the stack: never merged with other mappings.
    Stack,
    /// A shared object, from this page of it on.
    Shared {
        /// Which.
        object: ObjectNo,
        /// The object's page at the region's start.
        offset: u64,
        /// How it came to be mapped.
        sharing: Sharing,
    },
}

/// How a shared object came to be mapped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Sharing {
    /// By `mmap`, for this process and its descendants.
    Anonymous,
    /// By `shmat`. As on Linux, such regions are counted (`shm_nattch`) and never merged.
    Attached {
        /// It was attached for reading only: `mprotect` can't make it writable.
        read_only: bool,
    },
    /// By `mmap` of a descriptor, with `MAP_SHARED`.
    Named {
        /// The descriptor wasn't open for writing: `mprotect` can't make it writable.
        read_only: bool,
    },
    /// By `mmap` of a descriptor, with `MAP_PRIVATE`: pages that are written to become the process's own.
    Copied,
}

/// A range of pages with one protection and one backing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Region {
    /// Its first page.
    pub first: u64,
    /// The page behind its last.
    pub end: u64,
    /// What accesses it allows.
    pub protection: Protection,
    /// What is behind it.
    pub backing: Backing,
}

impl Region {
    /// Whether loads are allowed. As on x86, whoever may store or execute may load.
    pub fn readable(&self) -> bool {
        !self.protection.is_empty()
    }

    /// Whether stores are allowed.
    pub fn writable(&self) -> bool {
        self.protection.contains(Protection::PROT_WRITE)
    }

    /// Whether stores are seen by others who map the same.
    pub fn is_shared(&self) -> bool {
        !matches!(self.backing, Backing::Private | Backing::Stack | Backing::Shared { sharing: Sharing::Copied, .. })
    }

    /// The shared object that is behind it, if one is.
    pub fn object(&self) -> Option<ObjectNo> {
        match self.backing {
            Backing::Shared { object, .. } => Some(object),
            Backing::Private | Backing::Stack => None,
        }
    }

    /// Whether `mprotect` may give it these rights.
    pub fn may_become(&self, protection: Protection) -> bool {
        let read_only = matches!(
            self.backing,
            Backing::Shared { sharing: Sharing::Attached { read_only: true } | Sharing::Named { read_only: true }, .. }
        );
        !(read_only && protection.contains(Protection::PROT_WRITE))
    }

    /// The part of it from `first` to `end`, which lies within.
    fn part(&self, first: u64, end: u64) -> Region {
        let backing = match self.backing {
            Backing::Shared { object, offset, sharing } => {
                Backing::Shared { object, offset: offset + (first - self.first), sharing }
            }
            other => other,
        };
        Region { first, end, backing, ..*self }
    }

    fn continues_in(&self, next: &Region) -> bool {
        let same_backing = match (self.backing, next.backing) {
            (Backing::Private, Backing::Private) | (Backing::Stack, Backing::Stack) => true,
            (
                Backing::Shared { object: a, offset, sharing },
                Backing::Shared { object: b, offset: next_offset, sharing: next_sharing },
            ) => {
                let attached = matches!(sharing, Sharing::Attached { .. });
                let continues = a == b && offset + (self.end - self.first) == next_offset;
                continues && sharing == next_sharing && !attached
            }
            _ => false,
        };
        self.end == next.first && self.protection == next.protection && same_backing
    }
}

/// What keeps `mprotect` from going on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Obstacle {
    /// Nothing is mapped there.
    Hole,
    /// What is mapped there can't get such rights.
    Refusal,
}

/// There are too many regions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyRegions;

/// The regions of an address space.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Regions(heapless::Vec<Region, REGIONS>);

impl Clone for Regions {
    fn clone(&self) -> Self {
        Regions(self.0.clone())
    }

    fn clone_from(&mut self, from: &Self) {
        crate::table::clone_vec_from(&mut self.0, &from.0);
    }
}

impl Regions {
    /// No regions.
    pub const EMPTY: Regions = Regions(heapless::Vec::new());

    /// They, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Region> {
        self.0.iter()
    }

    /// The shared objects behind them, one for each region that has one.
    pub fn objects(&self) -> impl Iterator<Item = ObjectNo> {
        self.0.iter().filter_map(Region::object)
    }

    /// The region that a page lies in.
    pub fn find(&self, page: u64) -> Option<&Region> {
        let place = self.0.partition_point(|region| region.end <= page);
        self.0.get(place).filter(|region| region.first <= page)
    }

    /// The first region that doesn't begin before a page.
    pub(crate) fn starting_at(&self, page: u64) -> Option<&Region> {
        self.0.get(self.0.partition_point(|region| region.first < page))
    }

    /// Whether no page of the range is mapped.
    pub fn is_free(&self, first: u64, end: u64) -> bool {
        let place = self.0.partition_point(|region| region.end <= first);
        self.0.get(place).is_none_or(|region| region.first >= end)
    }

    /// Whether every page of the range is mapped.
    pub fn covers(&self, first: u64, end: u64) -> bool {
        let mut page = first;
        while page < end {
            match self.find(page) {
                Some(region) => page = region.end,
                None => return false,
            }
        }
        true
    }

    /// How far from `first` to `end` every page is mapped and may get these rights; and what ends that, if anything does.
    pub(crate) fn protectable(&self, first: u64, end: u64, protection: Protection) -> (u64, Option<Obstacle>) {
        let mut page = first;
        while page < end {
            match self.find(page) {
                None => return (page, Some(Obstacle::Hole)),
                Some(region) if !region.may_become(protection) => return (page, Some(Obstacle::Refusal)),
                Some(region) => page = region.end,
            }
        }
        (end, None)
    }

    /// Whether every page of a range shows the same page of the same shared object as in `region`.
    pub(crate) fn still_show(&self, region: &Region) -> bool {
        let mut page = region.first;
        while page < region.end {
            let same = |found: &&Region| {
                let end = found.end.min(region.end);
                found.part(page, end).backing == region.part(page, end).backing
            };
            match self.find(page).filter(same) {
                Some(found) => page = found.end,
                None => return false,
            }
        }
        true
    }

    /// Whether a region of exactly this range shows this object.
    pub(crate) fn has_attachment(&self, region: &Region) -> bool {
        self.find(region.first)
            .is_some_and(|found| (found.first, found.end, found.backing) == (region.first, region.end, region.backing))
    }

    /// The lowest free range of so many pages from `from` to `limit`.
    pub fn gap(&self, from: u64, limit: u64, pages: u64) -> Option<u64> {
        let mut first = from;
        for region in self.0.iter().filter(|region| region.end > from) {
            if region.first >= first.saturating_add(pages) {
                break;
            }
            first = first.max(region.end);
        }
        (first.checked_add(pages)? <= limit).then_some(first)
    }

    /// How many pages are mapped.
    pub fn pages(&self) -> u64 {
        self.0.iter().map(|region| region.end - region.first).sum()
    }

    /// Takes the last one out.
    pub(crate) fn pop(&mut self) -> Option<Region> {
        self.0.pop()
    }

    /// Puts a region in, in place of whatever is in its range.
    pub(crate) fn put(&mut self, new: Region) -> Result<(), TooManyRegions> {
        self.rewrite(new.first, new.end, Some(new), |_| None)
    }

    /// Takes a range out.
    pub(crate) fn cut(&mut self, first: u64, end: u64) -> Result<(), TooManyRegions> {
        self.rewrite(first, end, None, |_| None)
    }

    /// Changes the protection of what is mapped in a range.
    pub(crate) fn protect(&mut self, first: u64, end: u64, protection: Protection) -> Result<(), TooManyRegions> {
        self.rewrite(first, end, None, |part| Some(Region { protection, ..part }))
    }

    /// Builds the list anew: parts of regions inside the range become what `change` says, `new` goes in where the range
    /// begins. A failure leaves everything as it was.
    fn rewrite(
        &mut self,
        first: u64,
        end: u64,
        new: Option<Region>,
        change: impl Fn(Region) -> Option<Region>,
    ) -> Result<(), TooManyRegions> {
        let mut list = heapless::Vec::<Region, REGIONS>::new();
        let mut new = new;
        for region in &self.0 {
            if new.is_none() && change(*region) == Some(*region) {
                // Nothing changes, so it isn't cut in pieces either: those of an attachment would count.
                push(&mut list, *region)?;
                continue;
            }
            if region.first < first {
                push(&mut list, region.part(region.first, region.end.min(first)))?;
            }
            if region.end > first
                && let Some(new) = new.take()
            {
                push(&mut list, new)?;
            }
            let (inner_first, inner_end) = (region.first.max(first), region.end.min(end));
            if inner_first < inner_end
                && let Some(changed) = change(region.part(inner_first, inner_end))
            {
                push(&mut list, changed)?;
            }
            if region.end > end {
                push(&mut list, region.part(region.first.max(end), region.end))?;
            }
        }
        if let Some(new) = new {
            push(&mut list, new)?;
        }
        self.0 = list;
        Ok(())
    }
}

fn push(list: &mut heapless::Vec<Region, REGIONS>, region: Region) -> Result<(), TooManyRegions> {
    if let Some(last) = list.last_mut()
        && last.continues_in(&region)
    {
        last.end = region.end;
        return Ok(());
    }
    list.push(region).map_err(|_| TooManyRegions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(first: u64, end: u64) -> Region {
        Region { first, end, protection: Protection::PROT_READ, backing: Backing::Private }
    }

    fn ranges(regions: &Regions) -> heapless::Vec<(u64, u64), REGIONS> {
        regions.iter().map(|region| (region.first, region.end)).collect()
    }

    #[test]
    fn neighbours_that_are_alike_become_one() {
        let mut regions = Regions::EMPTY;
        regions.put(region(10, 20)).unwrap();
        regions.put(region(30, 40)).unwrap();
        regions.put(region(20, 30)).unwrap();
        assert_eq!(ranges(&regions), [(10, 40)]);
    }

    #[test]
    fn a_cut_splits_and_a_put_replaces() {
        let mut regions = Regions::EMPTY;
        regions.put(region(10, 20)).unwrap();
        regions.cut(12, 14).unwrap();
        assert_eq!(ranges(&regions), [(10, 12), (14, 20)]);
        regions.put(Region { protection: Protection::PROT_WRITE, ..region(11, 16) }).unwrap();
        assert_eq!(ranges(&regions), [(10, 11), (11, 16), (16, 20)]);
        regions.protect(0, 100, Protection::PROT_READ).unwrap();
        assert_eq!(ranges(&regions), [(10, 20)]);
        assert!(regions.covers(10, 20) && !regions.covers(10, 21));
        assert!(regions.is_free(0, 10) && regions.is_free(20, 90) && !regions.is_free(19, 21));
    }

    #[test]
    fn gaps_are_found_from_below() {
        let mut regions = Regions::EMPTY;
        regions.put(region(10, 20)).unwrap();
        regions.put(region(25, 30)).unwrap();
        assert_eq!(regions.gap(0, 100, 10), Some(0));
        assert_eq!(regions.gap(5, 100, 6), Some(30));
        assert_eq!(regions.gap(5, 100, 5), Some(5));
        assert_eq!(regions.gap(12, 100, 5), Some(20));
        assert_eq!(regions.gap(12, 34, 6), None);
    }

    #[test]
    fn a_shared_region_that_is_split_keeps_its_offsets() {
        let mut regions = Regions::EMPTY;
        let backing = Backing::Shared { object: ObjectNo(3), offset: 5, sharing: Sharing::Anonymous };
        regions.put(Region { backing, ..region(10, 20) }).unwrap();
        regions.cut(12, 14).unwrap();
        let behind = regions.find(15).unwrap().backing;
        assert_eq!(behind, Backing::Shared { object: ObjectNo(3), offset: 9, sharing: Sharing::Anonymous });
    }

    #[test]
    fn one_region_too_many_changes_nothing() {
        let mut regions = Regions::EMPTY;
        for i in 0..REGIONS as u64 {
            regions.put(region(i * 10, i * 10 + 5)).unwrap();
        }
        let before = regions.clone();
        assert_eq!(regions.cut(2, 3), Err(TooManyRegions));
        assert_eq!(regions, before);
    }
}
