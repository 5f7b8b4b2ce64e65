//! Memory: mmap(2), munmap(2), mprotect(2), fork(2), shmget(2), shmat(2), shmdt(2), shmctl(2); of POSIX objects (`objects.rs`) what is mapped.
//!
//! A process sees pages. A private page is its own: `fork` gives the child a copy with the same bytes, and what one of them stores
//! the other never sees. A shared page is one and the same for all who have it. An access that the page's protection
//! doesn't allow, or where there is no page, faults; behind the end of an object it is a bus error.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::json;

use super::identifiers::{Got, Objects};
use super::judge::{Disagreement, Model, expect, expect_answer};
use super::objects::{Bytes, PAGE_BYTES, SharedObjects, Shortened};
use super::record::{Answer, Name, Outcome, Step};

#[derive(Clone)]
enum Content {
    /// One's own.
    Private(Bytes),
    /// A page that others may have too, by its number.
    Shared(usize),
    /// A page of a POSIX object.
    Object(View),
}

/// How a process sees a page of a POSIX object.
#[derive(Clone)]
struct View {
    object: usize,
    page: i64,
    shared: bool,
    /// The object wasn't open for writing, so a shared page can't be stored to, whatever mprotect(2) is asked.
    read_only: bool,
    /// mmap(2), `MAP_PRIVATE`: "updates aren't visible to other processes": the copy, once it has been stored to.
    own: Option<Bytes>,
}

#[derive(Clone)]
struct Page {
    content: Content,
    protection: Protection,
    /// The attachment that it belongs to.
    attached: Option<Attached>,
}

/// A shared memory segment at some place: which, which of its pages, and whether for reading only.
#[derive(Clone, Copy, PartialEq)]
struct Attached {
    segment: usize,
    page: i64,
    read_only: bool,
    /// Pages with the same number are one mapping. One that is cut becomes several, and each counts as an attachment.
    piece: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Protection {
    None,
    Read,
    ReadWrite,
}

struct Segment {
    size_bytes: i64,
    pages: Vec<usize>,
    creator: Name,
    /// Who attached or detached it last; several if they ended at once, and who of them was the last isn't known.
    last: Vec<Name>,
    removed: bool,
}

/// The model.
pub struct Memory {
    spaces: BTreeMap<Name, BTreeMap<(i64, i64), Page>>,
    shared: Vec<Bytes>,
    segments: Objects<Segment>,
    objects: SharedObjects,
    pieces: usize,
}

impl Default for Memory {
    fn default() -> Memory {
        let (spaces, shared, segments) = (BTreeMap::new(), Vec::new(), Objects::new('m'));
        Memory { spaces, shared, segments, objects: SharedObjects::default(), pieces: 0 }
    }
}

fn protection(name: &str) -> Protection {
    match name {
        "R" => Protection::Read,
        "RW" => Protection::ReadWrite,
        _ => Protection::None,
    }
}

impl Memory {
    fn new_shared(&mut self) -> usize {
        self.shared.push(Bytes::new());
        self.shared.len() - 1
    }

    fn space(&mut self, who: Name) -> &mut BTreeMap<(i64, i64), Page> {
        self.spaces.entry(who).or_default()
    }

    /// How many attachments a process has of a segment.
    fn attachments(space: &BTreeMap<(i64, i64), Page>, segment: usize) -> usize {
        let of_segment = space.values().filter_map(|page| page.attached).filter(|it| it.segment == segment);
        of_segment.map(|attached| attached.piece).collect::<BTreeSet<usize>>().len()
    }

    /// Cuts mappings of segments where a range of pages begins or ends, if it is in the middle of one.
    fn cut(&mut self, who: Name, slot: i64, range: &Range<i64>) {
        for at in [range.start, range.end] {
            let space = self.spaces.entry(who).or_default();
            let piece_of = |space: &BTreeMap<(i64, i64), Page>, page| {
                space.get(&(slot, page)).and_then(|page| page.attached).map(|attached| attached.piece)
            };
            let Some(piece) = piece_of(space, at).filter(|piece| piece_of(space, at - 1) == Some(*piece)) else {
                continue;
            };
            self.pieces += 1;
            let behind = space.range_mut((slot, at)..=(slot, i64::MAX)).filter_map(|(_, page)| page.attached.as_mut());
            for attached in behind.filter(|attached| attached.piece == piece) {
                attached.piece = self.pieces;
                if let Some(segment) = self.segments.get_mut(attached.segment) {
                    segment.last = vec![who];
                }
            }
        }
    }

    /// A segment that is removed lives on until nobody has it attached (shmctl(2), `IPC_RMID`).
    fn detach(&mut self, who: Name, before: &BTreeMap<(i64, i64), Page>) {
        let after = self.spaces.get(&who).cloned().unwrap_or_default();
        let of = |space: &BTreeMap<(i64, i64), Page>| -> BTreeSet<(usize, usize)> {
            space.values().filter_map(|page| page.attached).map(|it| (it.segment, it.piece)).collect()
        };
        for (number, _) in of(before).difference(&of(&after)) {
            let attached: usize = self.spaces.values().map(|space| Memory::attachments(space, *number)).sum();
            let Some(segment) = self.segments.get_mut(*number) else { continue };
            segment.last = vec![who];
            if segment.removed && attached == 0 {
                self.segments.remove(*number);
            }
        }
    }

    /// mmap(2) at a fixed place: what was there is replaced.
    fn map(&mut self, step: &Step<'_>) -> Answer {
        let (slot, pages, kind) = (step.int(0), step.int(1), step.word(3));
        let of = if step.operation == "mapfd" { self.mapped_object(step) } else { Ok(None) };
        let of = match of {
            Ok(of) => of,
            Err(answer) => return answer,
        };
        // EINVAL: "length was 0"; "flags contained none of MAP_PRIVATE, MAP_SHARED".
        if pages < 1 || !["SHARED", "PRIVATE"].contains(&kind) {
            return Answer::error("EINVAL");
        }
        self.cut(step.caller, slot, &(0..pages));
        let before = self.space(step.caller).clone();
        for page in 0..pages {
            let content = match (&of, kind) {
                (Some(View { object, shared, read_only, .. }), _) => {
                    let page = page + step.int(5);
                    Content::Object(View { object: *object, page, shared: *shared, read_only: *read_only, own: None })
                }
                (None, "SHARED") => Content::Shared(self.new_shared()),
                (None, _) => Content::Private(Bytes::new()),
            };
            let page_of = Page { content, protection: protection(step.word(2)), attached: None };
            self.space(step.caller).insert((slot, page), page_of);
        }
        self.detach(step.caller, &before);
        Answer::value(0)
    }

    /// The object that is to be mapped, as its first page would be seen; `None` if that can't be because of other arguments.
    fn mapped_object(&self, step: &Step<'_>) -> Result<Option<View>, Answer> {
        let (kind, wanted) = (step.word(3), protection(step.word(2)));
        let Some(description) = self.objects.description(step.caller, step.int(4)) else {
            // EBADF: it isn't open; or it is something that can't be mapped (ENODEV), perhaps not open for that (EACCES).
            let errno = step.answer().and_then(Answer::errno).unwrap_or("EBADF");
            let known = ["EBADF", "ENODEV", "EACCES", "EINVAL"].into_iter().find(|name| *name == errno);
            return Err(Answer::error(known.unwrap_or("EBADF")));
        };
        if step.int(1) < 1 || !["SHARED", "PRIVATE"].contains(&kind) {
            return Ok(None);
        }
        let shared = kind == "SHARED";
        // EACCES: "MAP_SHARED was requested and PROT_WRITE is set, but fd isn't open in read/write mode"; "a file mapping was
        // requested, but fd isn't open for reading".
        if shared && wanted == Protection::ReadWrite && !description.writes || !description.reads {
            return Err(Answer::error("EACCES"));
        }
        let read_only = shared && !description.writes;
        Ok(Some(View { object: description.object, page: 0, shared, read_only, own: None }))
    }

    /// What was behind the new end of an object is gone, from private copies too.
    fn shorten(&mut self, gone: Option<Shortened>) {
        let Some(Shortened { object, from_page }) = gone else { return };
        for page in self.spaces.values_mut().flat_map(BTreeMap::values_mut) {
            if let Content::Object(view) = &mut page.content
                && view.object == object
                && view.page >= from_page
            {
                view.own = None;
            }
        }
    }

    /// munmap(2): "It is not an error if the indicated range doesn't contain any mapped pages."
    fn unmap(&mut self, step: &Step<'_>) -> Answer {
        let (slot, first, count) = (step.int(0), step.int(1), step.int(2));
        if count < 1 {
            return Answer::error("EINVAL");
        }
        self.cut(step.caller, slot, &(first..first + count));
        let before = self.space(step.caller).clone();
        self.space(step.caller).retain(|(other, page), _| *other != slot || !(first..first + count).contains(page));
        self.detach(step.caller, &before);
        Answer::value(0)
    }

    /// mprotect(2). Where pages are missing it is ENOMEM, after those before have been changed, as on Linux.
    fn protect(&mut self, step: &Step<'_>) -> Answer {
        let (slot, first, count, wanted) = (step.int(0), step.int(1), step.int(2), protection(step.word(3)));
        for page in first..first + count {
            let Some(old) = self.space(step.caller).get(&(slot, page)) else { return Answer::error("ENOMEM") };
            // EACCES: "The memory can't be given the specified access."
            let read_only = match &old.content {
                Content::Object(view) => view.read_only,
                _ => old.attached.is_some_and(|attached| attached.read_only),
            };
            if wanted == Protection::ReadWrite && read_only {
                return Answer::error("EACCES");
            }
            if old.protection != wanted {
                self.cut(step.caller, slot, &(first..first + count));
            }
            self.space(step.caller).entry((slot, page)).and_modify(|page| page.protection = wanted);
        }
        Answer::value(0)
    }

    /// A load or a store: its answer, and the code of the fault if it has none.
    fn access(&mut self, step: &Step<'_>) -> Result<Answer, &'static str> {
        let (place, offset, is_store) = ((step.int(0), step.int(1)), step.int(2), step.operation == "store");
        let (spaces, shared, objects) = (&mut self.spaces, &mut self.shared, &mut self.objects);
        // sigaction(2): SEGV_MAPERR "address not mapped to object", SEGV_ACCERR "invalid permissions".
        let page = spaces.entry(step.caller).or_default().get_mut(&place).ok_or("MAPERR")?;
        if page.protection < (if is_store { Protection::ReadWrite } else { Protection::Read }) {
            return Err("ACCERR");
        }
        let bytes = match &mut page.content {
            Content::Private(bytes) => bytes,
            Content::Shared(number) => &mut shared[*number],
            Content::Object(View { own: Some(bytes), .. }) => bytes,
            // mmap(2), SIGBUS: "Attempted access to a page of the buffer that lies beyond the end of the mapped file."
            Content::Object(view) if !objects.has_page(view.object, view.page) => return Err("ADRERR"),
            Content::Object(View { object, page, shared: false, own, .. }) if is_store => {
                own.insert(objects.page(*object, *page).clone())
            }
            Content::Object(view) => objects.page(view.object, view.page),
        };
        if is_store {
            bytes.insert(offset, step.int(3) as u8);
            return Ok(Answer::value(0));
        }
        Ok(Answer::value(bytes.get(&offset).copied().unwrap_or(0)))
    }

    /// shmget(2).
    fn get(&mut self, step: &Step<'_>) -> Answer {
        let (key, size_bytes) = (step.int(0), step.int(1));
        match self.segments.look_up(key, step, 2) {
            // EINVAL: "size is greater than the size of that segment"; of a new one: "less than SHMMIN".
            Got::Old(number) if self.segments.get(number).is_some_and(|segment| size_bytes > segment.size_bytes) => {
                Answer::error("EINVAL")
            }
            Got::Old(number) => self.segments.name(number),
            Got::Failed(name) => Answer::error(name),
            Got::New if size_bytes < 1 => Answer::error("EINVAL"),
            Got::New => match step.answer().and_then(Answer::errno) {
                Some("ENOSPC") if self.segments.count() >= 4 => Answer::error("ENOSPC"),
                _ => {
                    let pages = (0..(size_bytes + PAGE_BYTES - 1) / PAGE_BYTES).map(|_| self.new_shared()).collect();
                    let (creator, last, removed) = (step.caller, Vec::new(), false);
                    self.segments.add(key, Segment { size_bytes, pages, creator, last, removed })
                }
            },
        }
    }

    /// shmat(2) at a fixed place.
    fn attach(&mut self, step: &Step<'_>) -> Answer {
        let (slot, read_only) = (step.int(1), step.int(2) != 0);
        let number = self.segments.number(step.arguments.first()).unwrap_or(usize::MAX);
        let Some(segment) = self.segments.get_mut(number) else { return Answer::error("EINVAL") };
        let count = segment.pages.len() as i64;
        let space = self.spaces.entry(step.caller).or_default();
        // EINVAL: "a mapping already exists in the range ... unless SHM_REMAP was specified".
        if (0..count).any(|page| space.contains_key(&(slot, page))) {
            return Answer::error("EINVAL");
        }
        let protection = if read_only { Protection::Read } else { Protection::ReadWrite };
        self.pieces += 1;
        for (page, content) in (0..).zip(&segment.pages) {
            let attached = Some(Attached { segment: number, page, read_only, piece: self.pieces });
            space.insert((slot, page), Page { content: Content::Shared(*content), protection, attached });
        }
        segment.last = vec![step.caller];
        Answer::value(0)
    }

    /// shmdt(2): "EINVAL: There is no shared memory segment attached at shmaddr".
    fn detach_at(&mut self, step: &Step<'_>) -> Answer {
        let slot = step.int(0);
        let before = self.space(step.caller).clone();
        let attached_at = |((other, place), page): (&(i64, i64), &Page)| {
            page.attached.filter(|attached| *other == slot && attached.page == *place)
        };
        let Some(Attached { segment, .. }) = before.iter().find_map(attached_at) else {
            return Answer::error("EINVAL");
        };
        self.space(step.caller).retain(|(other, place), page| {
            let is_it = |attached: Attached| attached.segment == segment && attached.page == *place;
            *other != slot || !page.attached.is_some_and(is_it)
        });
        self.detach(step.caller, &before);
        Answer::value(0)
    }

    /// shmctl(2).
    fn control(&mut self, step: &Step<'_>) -> Answer {
        let number = self.segments.number(step.arguments.first()).unwrap_or(usize::MAX);
        let attached: usize = self.spaces.values().map(|space| Memory::attachments(space, number)).sum();
        let Some(segment) = self.segments.get_mut(number) else { return Answer::error("EINVAL") };
        if step.word(1) == "STAT" {
            let seen = match &step.outcome {
                Outcome::Returned(answer) => answer.0.get("shm").and_then(|shm| shm[3].as_str()),
                _ => None,
            };
            let mut last = segment.last.iter().map(|name| String::from(*name));
            let last = last.clone().find(|name| Some(name.as_str()) == seen).or_else(|| last.next());
            let last = last.unwrap_or_else(|| "0".to_owned());
            let state =
                json!([attached, segment.size_bytes, String::from(segment.creator), last, i32::from(segment.removed)]);
            return Answer::value(0).with("shm", state);
        }
        // "Mark the segment to be destroyed. It is destroyed after the last process detaches it"; its key is free at once.
        segment.removed = true;
        self.segments.forget_key(number);
        if attached == 0 {
            self.segments.remove(number);
        }
        Answer::value(0)
    }

    /// An access gives its byte, or the process gets SIGSEGV or SIGBUS, which kills it unless a handler runs.
    fn check_access(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let page = "mmap(2)";
        let own_runs = step.runs.get(&step.caller).map_or(&[][..], Vec::as_slice);
        let seen = step.answer().map_or("a death".to_owned(), Answer::to_string);
        match self.access(step) {
            Ok(expected) => expect(step.answer() == Some(&expected), page, || {
                format!("the {} gives {expected}, not {seen}", step.operation)
            }),
            Err(code) => {
                let signal = if code == "ADRERR" { 7 } else { 11 };
                let faulted = step.answer() == Some(&Answer::error("FAULT"))
                    && own_runs.iter().any(|run| run.signal == signal && run.code == code);
                expect(faulted || step.outcome == Outcome::Died, page, || {
                    format!("the {} faults ({code}), and doesn't give {seen}", step.operation)
                })
            }
        }
    }
}

impl Model for Memory {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let predicted = match step.operation {
            "mmap" | "mapfd" => Some(self.map(step)),
            "munmap" => Some(self.unmap(step)),
            "mprotect" => Some(self.protect(step)),
            "shmget" => Some(self.get(step)),
            "shmat" => Some(self.attach(step)),
            "shmdt" => Some(self.detach_at(step)),
            "shmctl" => Some(self.control(step)),
            "shm_open" | "ftruncate" => {
                let (answer, gone) = match step.operation {
                    "shm_open" => self.objects.open(step),
                    _ => self.objects.truncate(step),
                };
                self.shorten(gone);
                Some(answer)
            }
            "shm_unlink" => Some(self.objects.unlink(step)),
            "read" | "write" | "fionread" => self.objects.transfer(step),
            _ => None,
        };
        self.objects.follow(step);
        if let Some(predicted) = predicted {
            expect_answer(step, &predicted, "shmctl(2)")?;
        }
        if ["load", "store"].contains(&step.operation) {
            self.check_access(step)?;
        }
        if let Some(child) = step.child() {
            let copy = self.space(step.caller).clone();
            // fork(2) attaches for the child what the parent has attached: the parent did it.
            for attached in copy.values().filter_map(|page| page.attached) {
                if let Some(segment) = self.segments.get_mut(attached.segment) {
                    segment.last = vec![step.caller];
                }
            }
            self.spaces.insert(child, copy);
        }
        let mut leaving: BTreeMap<usize, Vec<Name>> = BTreeMap::new();
        for who in step.died() {
            let before = self.spaces.remove(&who).unwrap_or_default();
            let of: BTreeSet<usize> = before.values().filter_map(|page| page.attached).map(|it| it.segment).collect();
            of.into_iter().for_each(|segment| leaving.entry(segment).or_default().push(who));
            self.detach(who, &before);
        }
        for (number, names) in leaving {
            if let Some(segment) = self.segments.get_mut(number) {
                segment.last = names;
            }
        }
        Ok(())
    }
}
