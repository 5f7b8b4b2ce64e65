//! Shared memory objects: the pages that several mappings have in common.
//!
//! An object knows which processes map it, so that who changes it for all of them looks at no other process.

use crate::host::PhysMem;
use crate::ids::{FrameNo, ObjectNo, ProcessNo, SegmentNo};
use crate::kernel::Kernel;
use crate::limits::{OBJECTS, words};
use crate::process::set::ProcessSet;
use crate::radix::Tree;
use crate::table::{Entry, Table};

/// The objects.
pub type Objects = Table<ObjectNo, Object, OBJECTS, { words(OBJECTS) }>;

/// One object.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Object {
    /// Its frames (plus one) by page; pages that nobody has touched have none.
    pub pages: Tree<5>,
    /// How many regions map it.
    pub mappings: u32,
    /// The processes of those regions.
    pub mapped_by: ProcessSet,
    /// The System V segment whose pages these are: it keeps them until it is removed.
    pub segment: Option<SegmentNo>,
    /// An inode stands for it, and keeps it.
    pub named: bool,
    /// Its length in bytes if it has one: no page behind it can be accessed.
    pub length: Option<u64>,
}

impl Entry for Object {
    const VACANT: Object = Object {
        pages: Tree::EMPTY,
        mappings: 0,
        mapped_by: ProcessSet::EMPTY,
        segment: None,
        named: false,
        length: None,
    };
}

impl Clone for Object {
    fn clone(&self) -> Object {
        Object { mapped_by: self.mapped_by.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Object) {
        self.mapped_by.clone_from(&from.mapped_by);
        let Object { pages, mappings, mapped_by: _, segment, named, length } = *from;
        (self.pages, self.mappings, self.segment, self.named, self.length) = (pages, mappings, segment, named, length);
    }
}

impl Object {
    /// Whether a page, or some of it, lies before its end.
    pub fn reaches(&self, page: u64) -> bool {
        self.length.is_none_or(|length| page < length.div_ceil(abi::PAGE_SIZE as u64))
    }
}

impl Kernel {
    /// The frame of a page, made if nobody has touched it yet; with one more reference, for the caller.
    pub(crate) fn object_frame<M: PhysMem>(&mut self, memory: &mut M, object: ObjectNo, page: u64) -> Option<FrameNo> {
        let mut pages = self.objects.at(object).pages;
        let frame = match pages.get(&self.nodes, page) {
            0 => {
                let frame = self.frames.take(memory)?;
                if pages.set(&mut self.nodes, page, u32::from(frame.0) + 1).is_err() {
                    self.frames.release(memory, frame);
                    return None;
                }
                self.objects.at_mut(object).pages = pages;
                frame
            }
            found => FrameNo((found - 1) as u16),
        };
        self.frames.share(frame);
        Some(frame)
    }

    /// One region more of a process maps it.
    pub(crate) fn map_object(&mut self, object: ObjectNo, process: ProcessNo) {
        let entry = self.objects.at_mut(object);
        entry.mappings += 1;
        entry.mapped_by.insert(process);
    }

    /// One region fewer of a process maps it; with the last one its frames go, unless a segment or an inode keeps them. If the
    /// process has others of it, it is to be noted again that it maps the object.
    pub(crate) fn unmap_object<M: PhysMem>(&mut self, memory: &mut M, object: ObjectNo, process: ProcessNo) {
        let entry = self.objects.at_mut(object);
        entry.mappings = entry.mappings.saturating_sub(1);
        entry.mapped_by.remove(process);
        self.release_object_if_unused(memory, object);
    }

    /// Gives an object back that no region maps and neither a segment nor an inode keeps.
    pub(crate) fn release_object_if_unused<M: PhysMem>(&mut self, memory: &mut M, object: ObjectNo) {
        let entry = self.objects.at(object);
        let kept = entry.segment.is_some_and(|segment| !self.segments.table.at(segment).removed);
        if entry.mappings > 0 || kept || entry.named {
            return;
        }
        let (mut pages, segment) = (entry.pages, entry.segment);
        if let Some(segment) = segment {
            self.forget_segment(segment);
        }
        let frames = &mut self.frames;
        pages.clear(&mut self.nodes, &mut |_, frame| frames.release(memory, FrameNo((frame - 1) as u16)));
        self.objects.free(object);
    }
}
