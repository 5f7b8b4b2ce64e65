//! Directories: lists of names, in the order in which they were made, and one index over all names of all directories.
//!
//! The index is a linear hash table: it has as many buckets as there are names, and each name that comes or goes splits or
//! joins one bucket. So finding, adding and removing cost the same however many names there are, no step ever rehashes
//! everything, and equal sets of names in equal slots have equal indexes.

use core::hash::Hasher;

use abi::FastHasher;

use crate::ids::{InodeNo, NameNo};
use crate::kernel::Kernel;
use crate::limits::{NAME_BYTES, NAMES, words};
use crate::list::{Link, Linked, List};
use crate::table::{Entry, Table};

/// The names.
pub type Names = Table<NameNo, Name, NAMES, { words(NAMES) }>;

/// What an inode that is a directory holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Directory {
    /// The directory in which it is, or was before it was removed; the root is in itself.
    pub parent: InodeNo,
    /// Its own name there; the root, and one that was removed, has none.
    pub own_name: Option<NameNo>,
    /// The names in it.
    pub names: List<SiblingList, NameNo>,
}

/// The list of a directory's names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SiblingList;

/// One name in a directory.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Name {
    /// Where it is.
    pub directory: InodeNo,
    /// What it stands for.
    pub inode: InodeNo,
    /// Its place when the directory is read: larger than that of the one before it. 1 and 2 are those of `.` and `..`.
    pub position: u64,
    /// Its place in its directory.
    link: Link<NameNo>,
    /// The next one in its bucket.
    next_in_bucket: Option<NameNo>,
    /// Its bytes.
    bytes: heapless::Vec<u8, NAME_BYTES>,
}

impl Name {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The next one in its bucket.
    pub(crate) fn next_in_bucket(&self) -> Option<NameNo> {
        self.next_in_bucket
    }
}

impl Clone for Name {
    fn clone(&self) -> Self {
        Name { bytes: self.bytes.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        (self.directory, self.inode, self.position) = (from.directory, from.inode, from.position);
        (self.link, self.next_in_bucket) = (from.link, from.next_in_bucket);
        self.bytes.clear();
        let _ = self.bytes.extend_from_slice(&from.bytes);
    }
}

impl Entry for Name {
    const VACANT: Name = Name {
        directory: InodeNo(u16::MAX),
        inode: InodeNo(u16::MAX),
        position: 0,
        link: Link::NONE,
        next_in_bucket: None,
        bytes: heapless::Vec::new(),
    };
}

impl Linked<SiblingList, NameNo> for Name {
    fn link(&self) -> &Link<NameNo> {
        &self.link
    }
    fn link_mut(&mut self) -> &mut Link<NameNo> {
        &mut self.link
    }
}

/// The position of the first name in a directory.
const FIRST_POSITION: u64 = 3;

/// Where names are found: buckets, each the first of a chain in the order of slots.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NameIndex {
    pub(crate) buckets: heapless::Vec<Option<NameNo>, NAMES>,
}

impl Clone for NameIndex {
    fn clone(&self) -> Self {
        NameIndex { buckets: self.buckets.clone() }
    }

    fn clone_from(&mut self, from: &Self) {
        self.buckets.clear();
        let _ = self.buckets.extend_from_slice(&from.buckets);
    }
}

impl NameIndex {
    /// Without names.
    pub const EMPTY: NameIndex = NameIndex { buckets: heapless::Vec::new() };

    /// Finds a name.
    pub(crate) fn find(&self, names: &Names, directory: InodeNo, bytes: &[u8]) -> Option<NameNo> {
        let bucket = bucket_of(hash(directory, bytes), self.buckets.len());
        let mut next = self.buckets.get(bucket).copied().flatten();
        while let Some(slot) = next {
            let name = names.at(slot);
            if name.directory == directory && name.bytes == bytes {
                return Some(slot);
            }
            next = name.next_in_bucket;
        }
        None
    }

    /// The first name of each bucket that isn't empty.
    pub(crate) fn heads(&self) -> impl Iterator<Item = NameNo> + '_ {
        self.buckets.iter().copied().flatten()
    }

    /// The bucket from which the names of another one come when that is made.
    pub(crate) fn partner(bucket: usize) -> usize {
        partner(bucket)
    }

    /// The names in the bucket in which a name belongs.
    pub(crate) fn bucket<'a>(&self, names: &'a Names, name: &Name) -> impl Iterator<Item = NameNo> + 'a {
        let bucket = bucket_of(hash(name.directory, &name.bytes), self.buckets.len());
        let first = self.buckets.get(bucket).copied().flatten();
        core::iter::successors(first, |slot| names.at(*slot).next_in_bucket).take(NAMES)
    }

    /// Takes a name in that has just got its slot.
    fn add(&mut self, names: &mut Names, slot: NameNo) {
        let before = self.buckets.len();
        let _ = self.buckets.push(None);
        if before > 0 {
            self.spread(names, partner(before));
        }
        self.chain(names, slot);
    }

    /// Takes a name out, before its slot is freed.
    fn remove(&mut self, names: &mut Names, slot: NameNo) {
        let name = names.at(slot);
        let bucket = bucket_of(hash(name.directory, &name.bytes), self.buckets.len());
        let next = name.next_in_bucket;
        let mut previous = None;
        let mut at = self.buckets.get(bucket).copied().flatten();
        while let Some(other) = at
            && other != slot
        {
            previous = at;
            at = names.at(other).next_in_bucket;
        }
        self.set_next(names, bucket, previous, next);
        names.at_mut(slot).next_in_bucket = None;
        let Some(mut rest) = self.buckets.pop() else { return };
        while let Some(moved) = rest {
            rest = names.at_mut(moved).next_in_bucket.take();
            self.chain(names, moved);
        }
    }

    /// Puts the names of a bucket where they belong now.
    fn spread(&mut self, names: &mut Names, bucket: usize) {
        let mut rest = self.buckets.get_mut(bucket).and_then(Option::take);
        while let Some(slot) = rest {
            rest = names.at_mut(slot).next_in_bucket.take();
            self.chain(names, slot);
        }
    }

    /// Puts a name into its bucket.
    fn chain(&mut self, names: &mut Names, slot: NameNo) {
        let name = names.at(slot);
        let bucket = bucket_of(hash(name.directory, &name.bytes), self.buckets.len());
        let mut previous = None;
        let mut next = self.buckets.get(bucket).copied().flatten();
        while let Some(other) = next
            && other < slot
        {
            previous = next;
            next = names.at(other).next_in_bucket;
        }
        names.at_mut(slot).next_in_bucket = next;
        self.set_next(names, bucket, previous, Some(slot));
    }

    fn set_next(&mut self, names: &mut Names, bucket: usize, previous: Option<NameNo>, next: Option<NameNo>) {
        match previous {
            Some(previous) => names.at_mut(previous).next_in_bucket = next,
            None => {
                if let Some(first) = self.buckets.get_mut(bucket) {
                    *first = next;
                }
            }
        }
    }
}

fn hash(directory: InodeNo, bytes: &[u8]) -> usize {
    let mut hasher = FastHasher::default();
    hasher.write_u16(directory.0);
    hasher.write(bytes);
    hasher.finish() as usize
}

/// The bucket of a hash, of so many: those beyond the last belong to their partners as yet.
fn bucket_of(hash: usize, buckets: usize) -> usize {
    let mask = buckets.next_power_of_two() - 1;
    match hash & mask {
        bucket if bucket < buckets => bucket,
        beyond => beyond & (mask >> 1),
    }
}

/// The bucket from which the names of another one come when that is made.
fn partner(bucket: usize) -> usize {
    bucket - (bucket + 1).next_power_of_two() / 2
}

impl Kernel {
    /// The directory that an inode is known to be.
    pub(crate) fn directory(&self, inode: InodeNo) -> &Directory {
        match self.inodes.at(inode).directory() {
            Some(directory) => directory,
            None => crate::bug("an inode that is used as a directory is none"),
        }
    }

    pub(crate) fn directory_mut(&mut self, inode: InodeNo) -> &mut Directory {
        match &mut self.inodes.at_mut(inode).kind {
            crate::name::inode::Kind::Directory(directory) => directory,
            _ => crate::bug("an inode that is used as a directory is none"),
        }
    }

    /// Finds a name in a directory.
    pub(crate) fn find_name(&self, directory: InodeNo, bytes: &[u8]) -> Option<NameNo> {
        self.name_index.find(&self.names, directory, bytes)
    }

    /// Enters a name into a directory. That there is room, and that it is new, has been checked. A directory gets its
    /// parent so.
    pub(crate) fn enter_name(&mut self, directory: InodeNo, bytes: &[u8], inode: InodeNo) {
        let Some(slot) = self.names.take() else { crate::bug("no slot for a name that was counted") };
        let last = self.directory(directory).names.last();
        let name = self.names.at_mut(slot);
        (name.directory, name.inode) = (directory, inode);
        let _ = name.bytes.extend_from_slice(bytes);
        let position = last.map_or(FIRST_POSITION, |last| self.names.at(last).position + 1);
        self.names.at_mut(slot).position = position;
        let mut names = self.directory(directory).names;
        names.push(&mut self.names, slot);
        self.directory_mut(directory).names = names;
        self.name_index.add(&mut self.names, slot);
        if self.is_directory(inode) {
            let entered = self.directory_mut(inode);
            (entered.parent, entered.own_name) = (directory, Some(slot));
            let parent = self.inodes.at_mut(directory);
            parent.references += 1;
            parent.links += 1;
        }
        self.touch(directory);
    }

    /// Takes a name out of its directory; what it stood for. A directory still knows its parent, and refers to it.
    pub(crate) fn strike_name(&mut self, slot: NameNo) -> InodeNo {
        let name = self.names.at(slot);
        let (directory, inode) = (name.directory, name.inode);
        self.name_index.remove(&mut self.names, slot);
        let mut names = self.directory(directory).names;
        names.remove(&mut self.names, slot);
        self.directory_mut(directory).names = names;
        self.names.free(slot);
        if self.is_directory(inode) {
            self.directory_mut(inode).own_name = None;
            self.inodes.at_mut(directory).links -= 1;
        }
        self.touch(directory);
        inode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table and an index with names made of numbers, as many as are given.
    fn filled(numbers: impl Iterator<Item = u32>) -> (Names, NameIndex) {
        let (mut names, mut index) = (Names::new(), NameIndex::EMPTY);
        for number in numbers {
            let slot = names.take().unwrap();
            let name = names.at_mut(slot);
            name.directory = InodeNo(number as u16 % 3);
            name.bytes.extend_from_slice(&number.to_le_bytes()).unwrap();
            index.add(&mut names, slot);
        }
        (names, index)
    }

    fn find(names: &Names, index: &NameIndex, number: u32) -> Option<NameNo> {
        index.find(names, InodeNo(number as u16 % 3), &number.to_le_bytes())
    }

    #[test]
    fn what_was_added_is_found_and_what_was_removed_is_not() {
        let (mut names, mut index) = filled(0..200);
        for number in 0..200 {
            assert_eq!(find(&names, &index, number), Some(NameNo(number as u16)));
        }
        assert_eq!(find(&names, &index, 200), None);
        for number in (0..200).filter(|number| number % 7 != 0) {
            let slot = find(&names, &index, number).unwrap();
            index.remove(&mut names, slot);
            names.free(slot);
        }
        for number in 0..200 {
            assert_eq!(find(&names, &index, number).is_some(), number % 7 == 0, "{number}");
        }
        assert_eq!(index.buckets.len(), names.len());
    }

    #[test]
    fn the_index_depends_on_the_names_and_their_slots_alone() {
        let (mut names, mut index) = filled(0..100);
        for number in (40..100).rev() {
            let slot = find(&names, &index, number).unwrap();
            index.remove(&mut names, slot);
            names.free(slot);
        }
        assert_eq!((names, index), filled(0..40));
    }

    #[test]
    fn chains_stay_short() {
        let (names, index) = filled(0..200);
        let longest = index
            .buckets
            .iter()
            .map(|first| core::iter::successors(*first, |slot| names.at(*slot).next_in_bucket).count());
        assert!(longest.max().unwrap() <= 8);
    }
}
