//! The observer that finds lost updates: it takes accesses to shared memory apart into words.
//!
//! It watches any program: it knows nothing but what was loaded and stored, where, when and by whom. What the kernel
//! copies into and out of shared memory, for a `read` say, it doesn't follow: a call isn't a load with a store after it.

use std::sync::Arc;

use abi::{PAGE_SIZE, Syscall};
use kernel::{Event, FrameNo, PhysMem, ProcessId, ThreadId};
use userland::hart::{Atomic, Operation};

use super::lost_update::{Access, LostUpdate, Who};
use super::words::{Bytes, Holder, Part, Store, WORD, WordNo, Words};
use crate::observer::Observer;
use crate::world::World;

/// A range of a thread's memory: address and length.
type Range = (u64, u64);

/// Finds lost updates in a run. Hand it to the machine from the boot on.
///
/// ```
/// use sim::lost_updates::LostUpdates;
/// use sim::{Machine, Settings, chooser};
///
/// let mut machine = Machine::new(userland::programs::PROGRAMS, Settings::default());
/// let mut finder = LostUpdates::default();
/// let argv: [&[u8]; 5] = [b"lost-update", b"--think", b"8000", b"2", b"3"];
/// let mut world = machine.boot(&argv, &[], &mut finder).unwrap();
/// machine.run(&mut world, &mut chooser::Default, &mut finder, 10_000);
/// let lost = finder.take();
/// assert!(lost.iter().all(|lost| lost.winner.load.value < lost.found));
/// assert!(!lost.is_empty());
/// ```
#[derive(Default)]
pub struct LostUpdates {
    words: Words,
    lost: Vec<LostUpdate>,
    /// What is about to be stored over, in the access that was asked for last.
    before: Vec<(u64, [u8; WORD])>,
    /// Names of processes.
    names: Vec<Arc<str>>,
    loads: u64,
    stores: u64,
    found: u64,
}

impl LostUpdates {
    /// What was found since this was asked for last, in the order in which it was lost.
    pub fn take(&mut self) -> Vec<LostUpdate> {
        std::mem::take(&mut self.lost)
    }

    /// How many were found in all.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// What came of it, in one line.
    pub fn summary(&self) -> String {
        let followed = format!("{} loads and {} stores of shared memory", self.loads, self.stores);
        let missed = match self.words.dropped {
            0 => String::new(),
            loads => format!("; there was no room to remember {loads} of the loads"),
        };
        match self.found {
            0 => format!("no update was lost: {followed}{missed}"),
            1 => format!("1 lost update: {followed}{missed}"),
            many => format!("{many} lost updates: {followed}{missed}"),
        }
    }

    /// The same name as often as it is needed.
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|known| &***known == name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        name
    }

    /// An access that a thread makes now, and on whose account.
    fn access(&mut self, world: &World, thread: ThreadId, operation: &Operation) -> Option<(Holder, Arc<Access>)> {
        let id = world.kernel.process_of(thread)?;
        let process = world.process(thread)?;
        let entry = world.kernel.process(id)?;
        let handlers = process.interrupted().len();
        let who = Who { pid: entry.pid, name: self.name(entry.name()), handlers };
        let access = Access {
            step: world.steps(),
            at_us: world.kernel.now_us(),
            who,
            operation: name_of(operation),
            line: process.line()?,
        };
        Some(((id, handlers), Arc::new(access)))
    }

    /// Loads of all words of shared memory in a range. What was loaded is what is there, or was before it was stored over.
    fn load(&mut self, world: &World, thread: ThreadId, range: Range, holder: Holder, access: &Arc<Access>) {
        let mut any = false;
        for (word, address, mask) in shared_words(world, thread, range) {
            any = true;
            let bytes = self.before_of(address).unwrap_or_else(|| contents(world, word));
            let load = Part { access: Arc::clone(access), bytes: Bytes { mask, bytes } };
            self.words.load(word, holder, address, load);
        }
        self.loads += u64::from(any);
    }

    fn store(&mut self, world: &World, thread: ThreadId, range: Range, holder: Holder, access: &Arc<Access>) {
        let mut lost = Vec::new();
        let mut any = false;
        for (word, address, mask) in shared_words(world, thread, range) {
            any = true;
            let part = Part { access: Arc::clone(access), bytes: Bytes { mask, bytes: contents(world, word) } };
            let before = self.before_of(address).unwrap_or(part.bytes.bytes);
            self.words.store(word, &Store { holder, address, part: &part, before }, &mut lost);
        }
        self.stores += u64::from(any);
        self.found += lost.len() as u64;
        self.lost.append(&mut lost);
    }

    fn before_of(&self, address: u64) -> Option<[u8; WORD]> {
        let found = self.before.binary_search_by_key(&address, |(address, _)| *address).ok()?;
        Some(self.before[found].1)
    }

    /// Forgets loads of what isn't mapped any more as it was: another object may get its frames.
    fn forget_unmapped(&mut self, world: &World) {
        let thread_of = |process: ProcessId| world.processes().find(|side| side.id == process).map(|side| side.thread);
        self.words.keep(|(process, _), address, frame| {
            thread_of(process).is_some_and(|thread| shared_frame(world, thread, address) == Some(frame))
        });
    }
}

impl Observer for LostUpdates {
    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        self.before.clear();
        let Some(range) = stored(operation) else { return };
        self.before.extend(shared_words(world, thread, range).map(|(word, at, _)| (at, contents(world, word))));
        // In order of address already, unless the range goes beyond the end of all addresses.
        self.before.sort_unstable_by_key(|(address, _)| *address);
    }

    fn accessed(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        let (loaded, stored) = (loaded(operation), stored(operation));
        let touches =
            |range: Option<Range>| range.is_some_and(|range| shared_words(world, thread, range).next().is_some());
        if !touches(loaded) && !touches(stored) {
            return;
        }
        let Some((holder, access)) = self.access(world, thread, operation) else { return };
        if let Some(range) = loaded {
            self.load(world, thread, range, holder, &access);
        }
        if let Some(range) = stored
            && has_stored(operation, self.before.first().map(|(address, before)| (*address, before)))
        {
            self.store(world, thread, range, holder, &access);
        }
        self.before.clear();
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        match event {
            Event::Forked { parent, child } => self.words.fork(parent, child),
            Event::Ended { process, .. } => self.words.keep(|(holder, _), _, _| holder != process),
            // A handler begins where another may have been before.
            Event::Delivered { process, handler: true, .. } => {
                let side = world.processes().find(|side| side.id == process);
                let handlers = side.map_or(0, |side| side.interrupted().len());
                self.words.keep(|holder, _, _| holder.0 != process || holder.1 <= handlers);
            }
            Event::Finished {
                call:
                    Syscall::Mmap { .. }
                    | Syscall::Munmap { .. }
                    | Syscall::Shmat { .. }
                    | Syscall::Shmdt { .. }
                    | Syscall::Ftruncate { .. }
                    | Syscall::Execve { .. },
                ..
            } => self.forget_unmapped(world),
            _ => {}
        }
    }
}

/// What an operation loads.
fn loaded(operation: &Operation) -> Option<Range> {
    match *operation {
        Operation::Load { address, size } | Operation::Atomic { address, size, .. } => Some((address, size.into())),
        Operation::LoadBytes { address, length } => Some((address, length)),
        Operation::CopyBytes { from, length, .. } => Some((from, length)),
        _ => None,
    }
}

/// What an operation stores.
fn stored(operation: &Operation) -> Option<Range> {
    match *operation {
        Operation::Store { address, size, .. } | Operation::Atomic { address, size, .. } => {
            Some((address, size.into()))
        }
        Operation::StoreBytes { address, length } => Some((address, length)),
        Operation::CopyBytes { to, length, .. } => Some((to, length)),
        _ => None,
    }
}

/// Whether it has stored: all do, but an exchange that found something else than it expected.
fn has_stored(operation: &Operation, before: Option<(u64, &[u8; WORD])>) -> bool {
    let Operation::Atomic { kind: Atomic::CompareExchange, address, size, expected, .. } = *operation else {
        return true;
    };
    before.is_some_and(|(word, bytes)| {
        let found = u64::from_le_bytes(*bytes) >> (8 * (address - word));
        let kept = u64::MAX >> (64 - 8 * u32::from(size));
        found & kept == expected
    })
}

fn name_of(operation: &Operation) -> &'static str {
    match operation {
        Operation::Load { .. } => "load",
        Operation::Store { .. } => "store",
        Operation::LoadBytes { .. } => "load_bytes",
        Operation::StoreBytes { .. } => "store_bytes",
        Operation::CopyBytes { .. } => "copy_bytes",
        Operation::Atomic { kind, .. } => match kind {
            Atomic::Swap => "swap",
            Atomic::Add => "fetch_add",
            Atomic::And => "fetch_and",
            Atomic::Or => "fetch_or",
            Atomic::Xor => "fetch_xor",
            Atomic::CompareExchange => "compare_exchange",
        },
        _ => "",
    }
}

/// The frame of an address, if that is shared memory and present.
fn shared_frame(world: &World, thread: ThreadId, address: u64) -> Option<FrameNo> {
    let entry = world.kernel.page_entry(thread, address);
    entry.frame().filter(|_| entry.is_shared())
}

/// What is in a word now.
fn contents(world: &World, (frame, word): WordNo) -> [u8; WORD] {
    let start = usize::from(word) * WORD;
    let mut bytes = [0; WORD];
    bytes.copy_from_slice(&world.frames.frame(frame)[start..start + WORD]);
    bytes
}

/// The words of shared memory in a range, up to the first page that isn't there: which, where they begin, and which of their
/// bytes are meant.
fn shared_words(
    world: &World,
    thread: ThreadId,
    (address, length): Range,
) -> impl Iterator<Item = (WordNo, u64, u8)> + '_ {
    let page = PAGE_SIZE as u64;
    let end = address.saturating_add(length);
    let pages = (address / page..end.div_ceil(page))
        .map_while(move |number| {
            let entry = world.kernel.page_entry(thread, number * page);
            entry.frame().map(|frame| (number * page, frame, entry.is_shared()))
        })
        .filter(|(.., shared)| *shared);
    pages.flat_map(move |(start, frame, _)| {
        let words = (address.max(start) - start) / WORD as u64..(end.min(start + page) - start).div_ceil(WORD as u64);
        words.map(move |word| {
            let at = start + word * WORD as u64;
            let mask = (0..WORD as u64).filter(|byte| (address..end).contains(&(at + byte)));
            ((frame, word as u16), at, mask.fold(0, |mask, byte| mask | 1 << byte))
        })
    })
}
