//! What is remembered of each word of shared memory: loads whose process has not stored there since. With each of them, what
//! others have stored in the meantime.
//!
//! A store uses up the loads that it overlaps. So what is kept are at most eight loads (one for each byte) of each process and
//! word, and with each of them a few updates.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{FrameNo, ProcessId};

use super::lost_update::{Access, LostUpdate, Seen, Update};

/// Bytes of a word.
pub(super) const WORD: usize = 8;

/// A word of physical memory: its frame, and which of the frame's words it is.
pub(super) type WordNo = (FrameNo, u16);

/// Who loads and stores: a process, and how many handlers it is in. What a handler interrupts counts as another.
pub(super) type Holder = (ProcessId, usize);

/// Loads that are kept at most.
const LOADS: usize = 1 << 18;

/// Updates that are kept with a load at most: the first ones.
const UPDATES: usize = 8;

/// Some bytes of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bytes {
    /// Which: bit n is byte n.
    pub(super) mask: u8,
    /// What they are. The others mean nothing.
    pub(super) bytes: [u8; WORD],
}

impl Bytes {
    /// Those of these bytes that aren't the same in both.
    fn differing(self, other: Bytes) -> u8 {
        (0..WORD).filter(|&at| self.bytes[at] != other.bytes[at]).fold(0, |mask, at| mask | 1 << at)
            & self.mask
            & other.mask
    }

    /// Some of them as a number, little-endian.
    fn number(self, mask: u8) -> u64 {
        let chosen = (0..WORD).filter(|at| mask & 1 << at != 0);
        chosen.enumerate().fold(0, |number, (place, at)| number | u64::from(self.bytes[at]) << (8 * place))
    }
}

/// An access to some bytes of a word.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) access: Arc<Access>,
    pub(super) bytes: Bytes,
}

impl Part {
    fn seen(&self, mask: u8) -> Seen {
        Seen { access: Arc::clone(&self.access), value: self.bytes.number(mask) }
    }
}

/// A load and the store that followed it.
#[derive(Clone, Debug)]
struct Pair {
    load: Part,
    store: Part,
}

impl Pair {
    /// The bytes that both accesses have.
    fn mask(&self) -> u8 {
        self.load.bytes.mask & self.store.bytes.mask
    }

    fn update(&self, mask: u8) -> Update {
        Update { load: self.load.seen(mask), store: self.store.seen(mask) }
    }
}

/// A load that may still be used.
#[derive(Clone, Debug)]
struct Held {
    holder: Holder,
    /// Where the word is, as its holder has it mapped.
    address: u64,
    load: Part,
    /// The first updates of others since then.
    updates: Vec<Pair>,
    /// How many there were.
    count: u64,
    /// The step of the last one; 0 before there is one.
    last_step: u64,
}

/// A store that is being made to some bytes of a word.
pub(super) struct Store<'a> {
    pub(super) holder: Holder,
    /// Where the word is, as its holder has it mapped.
    pub(super) address: u64,
    pub(super) part: &'a Part,
    /// What was there.
    pub(super) before: [u8; WORD],
}

/// The loads of all words.
#[derive(Default)]
pub(super) struct Words {
    words: BTreeMap<WordNo, Vec<Held>>,
    count: usize,
    /// How many loads there was no room for.
    pub(super) dropped: u64,
}

impl Words {
    /// Somebody loads some bytes of a word.
    pub(super) fn load(&mut self, word: WordNo, holder: Holder, address: u64, load: Part) {
        self.use_up(word, holder, load.bytes.mask);
        if self.count >= LOADS {
            self.dropped += 1;
            return;
        }
        self.count += 1;
        self.words.entry(word).or_default().push(Held {
            holder,
            address,
            load,
            updates: Vec::new(),
            count: 0,
            last_step: 0,
        });
    }

    /// Somebody stores some bytes of a word: what is lost by it, put to `lost`.
    pub(super) fn store(&mut self, word: WordNo, store: &Store<'_>, lost: &mut Vec<LostUpdate>) {
        let Some(all) = self.words.get_mut(&word) else { return };
        let (part, holder) = (store.part, store.holder);
        let before = Bytes { mask: part.bytes.mask, bytes: store.before };
        let own: Vec<Pair> = all
            .iter()
            .filter(|held| held.holder == holder && held.load.bytes.mask & part.bytes.mask != 0)
            .inspect(|held| note(held, store, before, lost))
            .map(|held| Pair { load: held.load.clone(), store: part.clone() })
            .collect();
        // Who stores what it has loaded, where it still is, updates nothing.
        let unchanged =
            |pair: &Pair| (before.differing(part.bytes) | part.bytes.differing(pair.load.bytes)) & pair.mask() == 0;
        for pair in own.iter().filter(|pair| !unchanged(pair)) {
            for held in all.iter_mut().filter(|held| held.holder != holder && held.load.bytes.mask & pair.mask() != 0) {
                let another = held.last_step != part.access.step;
                held.last_step = part.access.step;
                held.count += u64::from(another);
                if held.updates.len() < UPDATES {
                    held.updates.push(pair.clone());
                }
            }
        }
        self.use_up(word, holder, part.bytes.mask);
    }

    /// These bytes of what a process has loaded were stored or loaded anew. Handlers that it was in have returned.
    fn use_up(&mut self, word: WordNo, (process, handlers): Holder, mask: u8) {
        let Some(all) = self.words.get_mut(&word) else { return };
        let before = all.len();
        all.retain_mut(|held| {
            if held.holder == (process, handlers) {
                held.load.bytes.mask &= !mask;
            }
            held.load.bytes.mask != 0 && (held.holder.0 != process || held.holder.1 <= handlers)
        });
        self.count -= before - all.len();
        if all.is_empty() {
            self.words.remove(&word);
        }
    }

    /// A child has loaded what its parent has.
    pub(super) fn fork(&mut self, parent: ProcessId, child: ProcessId) {
        for all in self.words.values_mut() {
            for at in 0..all.len() {
                if all[at].holder.0 != parent {
                    continue;
                }
                if self.count >= LOADS {
                    self.dropped += 1;
                    continue;
                }
                self.count += 1;
                let held = Held { holder: (child, all[at].holder.1), ..all[at].clone() };
                all.push(held);
            }
        }
    }

    /// Keeps those loads only of which this says so, by holder, address and frame.
    pub(super) fn keep(&mut self, mut is_kept: impl FnMut(Holder, u64, FrameNo) -> bool) {
        self.words.retain(|&(frame, _), all| {
            all.retain(|held| is_kept(held.holder, held.address, frame));
            !all.is_empty()
        });
        self.recount();
    }

    fn recount(&mut self) {
        self.count = self.words.values().map(Vec::len).sum();
    }
}

/// Notes what `store`, made by whoever holds this load, loses.
fn note(held: &Held, store: &Store<'_>, before: Bytes, lost: &mut Vec<LostUpdate>) {
    let differing = before.differing(held.load.bytes);
    let matters = |pair: &&Pair| pair.mask() & differing != 0;
    let same_value = |pair: &&Pair| pair.load.bytes.differing(held.load.bytes) & store.part.bytes.mask == 0;
    let mut candidates = held.updates.iter().filter(matters);
    let Some(first) = candidates.next() else { return };
    let pair = [first].into_iter().chain(candidates).find(same_value).unwrap_or(first);
    let mask = pair.mask() & held.load.bytes.mask & store.part.bytes.mask;
    let bytes = u64::from(mask.count_ones());
    let same = |one: &Seen, other: &Part| Arc::ptr_eq(&one.access, &other.access);
    let known = lost.iter_mut().find(|known| {
        same(&known.winner.load, &held.load)
            && same(&known.lost.load, &pair.load)
            && same(&known.lost.store, &pair.store)
    });
    if let Some(known) = known {
        known.bytes += bytes;
        known.unseen = known.unseen.max(held.count);
        return;
    }
    lost.push(LostUpdate {
        address: store.address + u64::from(mask.trailing_zeros()),
        bytes,
        lost: pair.update(mask),
        winner: Update { load: held.load.seen(mask), store: store.part.seen(mask) },
        found: before.number(mask),
        unseen: held.count,
    });
}
