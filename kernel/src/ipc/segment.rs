//! Shared memory segments (`shmget(2)`): a shared object that has a key and an identifier.
//!
//! A segment and its object hold each other: the object's frames live as long as the segment, and a removed segment lives
//! as long as a region maps its object. The number of those regions is the segment's `nattch`.

use abi::{Errno, IpcFlags, Length, PAGE_SIZE, SHM_DEST, SHM_LOCKED, ShmidDs};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::PhysMem;
use crate::ids::{ObjectNo, ProcessNo, SegmentNo};
use crate::ipc::permissions::Permissions;
use crate::ipc::registry::{Registered, Registry};
use crate::kernel::Kernel;
use crate::limits::{SEGMENT_PAGES, SEGMENTS, words};
use crate::mem::object::Object;
use crate::table::Entry;

/// The segments.
pub type Segments = Registry<SegmentNo, Segment, SEGMENTS, { words(SEGMENTS) }>;

/// Bytes that a segment may have at most.
pub(crate) const SEGMENT_BYTES_MAX: u64 = SEGMENT_PAGES as u64 * PAGE_SIZE as u64;

/// One segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Segment {
    /// Key, owner and permissions.
    pub permissions: Permissions,
    /// Its bytes.
    pub bytes: u64,
    /// Its pages.
    pub object: ObjectNo,
    /// It goes with the last detach.
    pub removed: bool,
    /// It is locked into memory.
    pub locked: bool,
    /// Who made it.
    pub creator: u32,
    /// Who attached or detached it last.
    pub last: u32,
    /// When it was attached last, in seconds since boot.
    pub attached_s: u64,
    /// When it was detached last.
    pub detached_s: u64,
    /// When it was made or changed.
    pub changed_s: u64,
}

impl Entry for Segment {
    const VACANT: Segment = Segment {
        permissions: Permissions::NONE,
        bytes: 0,
        object: ObjectNo(u16::MAX),
        removed: false,
        locked: false,
        creator: 0,
        last: 0,
        attached_s: 0,
        detached_s: 0,
        changed_s: 0,
    };
}

impl Registered for Segment {
    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
    fn permissions_mut(&mut self) -> &mut Permissions {
        &mut self.permissions
    }
}

impl Segment {
    /// The pages that it takes.
    pub fn pages(&self) -> u64 {
        self.bytes.div_ceil(PAGE_SIZE as u64)
    }

    /// As `IPC_STAT` shows it.
    pub(crate) fn to_abi(self, attachments: u32) -> ShmidDs {
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        ShmidDs {
            perm: self.permissions.to_abi(bit(self.removed, SHM_DEST) | bit(self.locked, SHM_LOCKED)),
            segsz: self.bytes,
            atime: self.attached_s as i64,
            dtime: self.detached_s as i64,
            ctime: self.changed_s as i64,
            cpid: self.creator as i32,
            lpid: self.last as i32,
            nattch: attachments.into(),
            ..ShmidDs::default()
        }
    }

    /// Turns it into what a behaviour hash covers.
    pub(crate) fn forget_accounting(&mut self) {
        (self.attached_s, self.detached_s, self.changed_s) = (0, 0, 0);
    }
}

impl Kernel {
    pub(crate) fn sys_shmget<H>(&mut self, cx: &Cx<'_, H>, key: i32, size: Length, flags: IpcFlags) -> Outcome {
        let process = self.processes.at(cx.process);
        let (ids, creator) = (process.credentials, process.pid);
        let found = self.segments.get(&self.nodes, &ids, key, flags, |segment| segment.bytes >= size.0)?;
        if let Some(slot) = found {
            return Ok(Flow::Done(self.segments.id(slot).into()));
        }
        if size.0 == 0 || size.0 > SEGMENT_BYTES_MAX {
            return Err(Errno::EINVAL);
        }
        let pages = size.0.div_ceil(PAGE_SIZE as u64);
        if u64::from(self.segment_pages) + pages > SEGMENT_PAGES as u64 {
            return Err(Errno::ENOSPC);
        }
        self.segments.check_room(&self.nodes, key)?;
        // As with mappings, what can't be had even now is refused, and what is promised isn't counted.
        if pages > self.frames.free() as u64 {
            return Err(Errno::ENOMEM);
        }
        let object = self.objects.insert(Object::VACANT).map_err(|_| Errno::ENOMEM)?;
        let permissions = Permissions::of_new(key, &ids, flags);
        let segment =
            Segment { permissions, bytes: size.0, object, creator, changed_s: self.now_s(), ..Segment::VACANT };
        let slot = self.segments.add(&mut self.nodes, segment);
        self.objects.at_mut(object).segment = Some(slot);
        self.segment_pages += pages as u32;
        Ok(Flow::Done(self.segments.id(slot).into()))
    }

    /// The segment is removed: at once, or with its last detach. Nobody finds it by its key from now on.
    pub(crate) fn remove_segment<M: PhysMem>(&mut self, memory: &mut M, slot: SegmentNo) {
        self.segments.forget_key(&mut self.nodes, slot);
        let segment = self.segments.table.at_mut(slot);
        segment.removed = true;
        let object = segment.object;
        self.release_object_if_unused(memory, object);
    }

    /// The object of a segment is gone, and the segment with it.
    pub(crate) fn forget_segment(&mut self, slot: SegmentNo) {
        self.segment_pages -= self.segments.table.at(slot).pages() as u32;
        self.segments.remove(&mut self.nodes, slot);
    }

    /// A process has attached a segment, or has one region more of it.
    pub(crate) fn note_attach(&mut self, process: ProcessNo, slot: SegmentNo) {
        let (pid, now_s) = (self.processes.at(process).pid, self.now_s());
        let segment = self.segments.table.at_mut(slot);
        (segment.last, segment.attached_s) = (pid, now_s);
    }

    /// A process has detached a segment, or part of it.
    pub(crate) fn note_detach(&mut self, process: ProcessNo, slot: SegmentNo) {
        let (pid, now_s) = (self.processes.at(process).pid, self.now_s());
        let segment = self.segments.table.at_mut(slot);
        (segment.last, segment.detached_s) = (pid, now_s);
    }

    /// Seconds since boot, as the structures of `IPC_STAT` count time.
    pub(crate) fn now_s(&self) -> u64 {
        self.now_us() / 1_000_000
    }
}
