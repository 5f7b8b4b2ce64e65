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

#[cfg(test)]
mod tests {
    use kernel::ids::ProcessNo;
    use userland::hart::SourceLine;

    use super::super::lost_update::Who;
    use super::*;

    const WORD_NO: WordNo = (FrameNo(3), 7);

    fn holder(process: u16) -> Holder {
        (ProcessId { slot: ProcessNo(process), serial: 0 }, 0)
    }

    fn part(process: u16, step: u64, mask: u8, value: u64) -> Part {
        let who = Who { pid: process.into(), name: "tested".into(), handlers: 0 };
        let line: SourceLine = std::panic::Location::caller();
        let access = Arc::new(Access { step, at_us: step, who, operation: "access", line });
        Part { access, bytes: Bytes { mask, bytes: value.to_le_bytes() } }
    }

    /// Words in which each step is an access to the same word.
    #[derive(Default)]
    struct Steps {
        words: Words,
        value: u64,
        step: u64,
    }

    impl Steps {
        fn load(&mut self, process: u16, mask: u8) {
            self.step += 1;
            self.words.load(WORD_NO, holder(process), 64, part(process, self.step, mask, self.value));
        }

        /// How many bytes are lost by it.
        fn store(&mut self, process: u16, mask: u8, value: u64) -> u64 {
            self.step += 1;
            let part = part(process, self.step, mask, value);
            let (mut lost, before) = (Vec::new(), self.value.to_le_bytes());
            let store = Store { holder: holder(process), address: 64, part: &part, before };
            self.words.store(WORD_NO, &store, &mut lost);
            self.value = value;
            lost.iter().map(|lost| lost.bytes).sum()
        }
    }

    #[test]
    fn an_update_of_other_bytes_of_the_word_is_none_of_these() {
        let mut steps = Steps::default();
        steps.load(1, 0x0f);
        steps.load(2, 0xf0);
        assert_eq!(steps.store(2, 0xf0, 1 << 40), 0);
        assert_eq!(steps.store(1, 0x0f, 1 | 1 << 40), 0);
        assert!(steps.words.words.is_empty());
    }

    #[test]
    fn an_access_may_overlap_a_part_of_another() {
        let mut steps = Steps::default();
        steps.load(1, 0xff);
        steps.load(2, 0x01);
        steps.load(2, 0xf0);
        // One store of both: the byte has changed, and the upper half hasn't.
        assert_eq!(steps.store(2, 0xff, 5), 0);
        assert_eq!(steps.store(1, 0xff, 1), 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut steps = Steps::default();
        for round in 0..1_000 {
            for byte in 0..8 {
                steps.load(1, 1 << byte);
            }
            steps.load(2, 0xff);
            steps.store(2, 0xff, round + 1);
        }
        let held = &steps.words.words[&WORD_NO];
        assert_eq!((held.len(), steps.words.count, steps.words.dropped), (8, 8, 0));
        steps.load(1, 0xff);
        for round in 0..1_000 {
            steps.load(2, 0xff);
            steps.store(2, 0xff, round);
        }
        let held = &steps.words.words[&WORD_NO];
        assert_eq!((held.len(), held[0].updates.len(), held[0].count), (1, UPDATES, 1_000));
        steps.words.keep(|_, _, _| false);
        assert_eq!((steps.words.words.len(), steps.words.count), (0, 0));
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let mut steps = Steps::default();
        for word in 0..LOADS + 10 {
            let word = (FrameNo((word / 512) as u16), (word % 512) as u16);
            steps.words.load(word, holder(1), 0, part(1, 1, 0xff, 0));
        }
        assert_eq!((steps.words.count, steps.words.dropped), (LOADS, 10));
        steps.words.fork(holder(1).0, holder(2).0);
        assert_eq!((steps.words.count, steps.words.dropped), (LOADS, 10 + LOADS as u64));
    }
}
