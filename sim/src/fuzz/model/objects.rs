//! POSIX shared memory objects: shm_overview(7), shm_open(3), ftruncate(2), and read(2) and write(2) of one, which on Linux is a file in
//! memory. What is mapped where is the business of the model of memory, which asks here for bytes and lengths.

use std::collections::BTreeMap;

use super::opened::{Description, Opened};
use super::record::{Answer, Name, Step, pattern, shown};

/// Bytes of a page.
pub const PAGE_BYTES: i64 = 4096;

/// The bytes of a page that aren't 0.
pub type Bytes = BTreeMap<i64, u8>;

/// An object: its length, and its pages.
#[derive(Default)]
struct Object {
    size_bytes: i64,
    pages: BTreeMap<i64, Bytes>,
}

impl Object {
    /// ftruncate(2): "If the file previously was larger than this size, the extra data is lost. If it was shorter, it is extended, and
    /// the extended part reads as null bytes."
    fn resize(&mut self, size_bytes: i64) {
        if size_bytes < self.size_bytes {
            let (last, kept_bytes) = (size_bytes / PAGE_BYTES, size_bytes % PAGE_BYTES);
            self.pages.retain(|page, _| *page <= last);
            self.pages.entry(last).or_default().retain(|offset, _| *offset < kept_bytes);
        }
        self.size_bytes = size_bytes;
    }
}

/// An object has become shorter: pages that begin at its end, or behind it, are gone.
#[derive(Clone, Copy)]
pub struct Shortened {
    /// Which.
    pub object: usize,
    /// The first page that is gone.
    pub from_page: i64,
}

/// All objects, their names, and who has them open.
#[derive(Default)]
pub struct SharedObjects {
    objects: Vec<Object>,
    names: BTreeMap<i64, usize>,
    opened: Opened<usize>,
    /// By description: where the next read or write begins.
    positions: BTreeMap<usize, i64>,
}

impl SharedObjects {
    /// What a descriptor stands for, if that is an object.
    pub fn description(&self, who: Name, fd: i64) -> Option<&Description<usize>> {
        self.opened.get(who, fd)
    }

    /// Whether a page of an object begins before its end.
    pub fn has_page(&self, object: usize, page: i64) -> bool {
        page * PAGE_BYTES < self.objects[object].size_bytes
    }

    /// The bytes of a page.
    pub fn page(&mut self, object: usize, page: i64) -> &mut Bytes {
        self.objects[object].pages.entry(page).or_default()
    }

    fn resize(&mut self, object: usize, size_bytes: i64) -> Shortened {
        self.objects[object].resize(size_bytes);
        Shortened { object, from_page: (size_bytes + PAGE_BYTES - 1) / PAGE_BYTES }
    }

    /// shm_open(3). Which descriptor it is, is not this model's business.
    pub fn open(&mut self, step: &Step<'_>) -> (Answer, Option<Shortened>) {
        let seen = step.answer().cloned().unwrap_or_default();
        let name = step.int(0);
        let (object, shortened) = match self.names.get(&name) {
            _ if seen.errno() == Some("EMFILE") => return (seen, None),
            // EEXIST: "Both O_CREAT and O_EXCL were specified, and the object already exists." ENOENT: O_CREAT wasn't.
            Some(_) if step.has(1, "CREAT") && step.has(1, "EXCL") => return (Answer::error("EEXIST"), None),
            None if !step.has(1, "CREAT") => return (Answer::error("ENOENT"), None),
            Some(object) => {
                let object = *object;
                (object, step.has(1, "TRUNC").then(|| self.resize(object, 0)))
            }
            None => {
                self.objects.push(Object::default());
                self.names.insert(name, self.objects.len() - 1);
                (self.objects.len() - 1, None)
            }
        };
        let Some(fd) = seen.number() else { return (Answer::value("a descriptor"), shortened) };
        let (reads, writes) = (!step.has(1, "WRONLY"), step.has(1, "WRONLY") || step.has(1, "RDWR"));
        self.opened.open(step.caller, fd, Description { object, reads, writes, nonblocking: false });
        (seen, shortened)
    }

    /// shm_unlink(3): the name goes, the object stays for those who have it.
    pub fn unlink(&mut self, step: &Step<'_>) -> Answer {
        self.names.remove(&step.int(0)).map_or(Answer::error("ENOENT"), |_| Answer::value(0))
    }

    /// ftruncate(2). EINVAL: "the argument length is negative"; "fd isn't open for writing", or of something else.
    pub fn truncate(&mut self, step: &Step<'_>) -> (Answer, Option<Shortened>) {
        let length = step.int(1);
        if length < 0 {
            return (Answer::error("EINVAL"), None);
        }
        match self.opened.get(step.caller, step.int(0)) {
            Some(Description { object, writes: true, .. }) => {
                let shortened = self.resize(*object, length);
                (Answer::value(0), Some(shortened))
            }
            Some(_) => (Answer::error("EINVAL"), None),
            // Whether it is a descriptor of something else or of nothing, other models know.
            None if step.answer().and_then(Answer::errno) == Some("EINVAL") => (Answer::error("EINVAL"), None),
            None => (Answer::error("EBADF"), None),
        }
    }

    /// read(2), write(2) and FIONREAD, if they are about an object and it is open for that.
    pub fn transfer(&mut self, step: &Step<'_>) -> Option<Answer> {
        let number = self.opened.number(step.caller, step.int(0))?;
        let Description { object, reads, writes, .. } = *self.opened.described(number)?;
        let position = self.positions.entry(number).or_insert(0);
        let state = &mut self.objects[object];
        let place = |at: i64| (at / PAGE_BYTES, at % PAGE_BYTES);
        match step.operation {
            // Of a file it is what lies between the position and the end.
            "fionread" => Some(Answer::value(0).with("n", state.size_bytes - *position)),
            "read" if reads => {
                let count = step.int(1).min(state.size_bytes - *position).max(0);
                let byte = |at: i64| {
                    let (page, offset) = place(at);
                    state.pages.get(&page).and_then(|bytes| bytes.get(&offset)).copied().unwrap_or(0)
                };
                let bytes: Vec<u8> = (*position..*position + count).map(byte).collect();
                *position += count;
                Some(Answer::value(count).with("d", shown(&bytes)))
            }
            "write" if writes => {
                for byte in pattern(step.int(1), step.int(2)) {
                    let (page, offset) = place(*position);
                    state.pages.entry(page).or_default().insert(offset, byte);
                    *position += 1;
                }
                if step.int(1) > 0 {
                    state.size_bytes = state.size_bytes.max(*position);
                }
                Some(Answer::value(step.int(1)))
            }
            _ => None,
        }
    }

    /// Follows what an operation did to descriptors.
    pub fn follow(&mut self, step: &Step<'_>) {
        self.opened.follow(step);
    }
}
