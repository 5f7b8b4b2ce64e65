//! Fixed-capacity tables: the lowest free slot is allocated, freed slots are reset, and nothing beyond the highest slot in
//! use exists, so that equal situations are equal tables and a copy costs what is live.

use core::hash::{Hash, Hasher};

use crate::bug;
use crate::touched::{Touch, Touched};

/// What can stand in a table.
pub(crate) trait Entry: Clone {
    /// An unused slot.
    const VACANT: Self;
}

/// Slot numbers.
pub(crate) trait Slot: Copy {
    /// As an index.
    fn to_index(self) -> usize;
    /// From an index.
    fn at_index(index: usize) -> Self;
}

/// A table of up to `N` entries in slots numbered by `I`; `W` is the words of a bitmap of `N` bits.
#[derive(Debug)]
pub struct Table<I, T, const N: usize, const W: usize> {
    pub(crate) slots: heapless::Vec<T, N>,
    pub(crate) used: heapless::Vec<u64, W>,
    pub(crate) live: u32,
    /// The slots that may have changed since a checker looked: no part of the state.
    pub(crate) touched: Touched<W>,
    index: core::marker::PhantomData<fn(I) -> I>,
}

#[allow(private_bounds)]
impl<I: Slot, T: Entry, const N: usize, const W: usize> Table<I, T, N, W> {
    /// A table without entries.
    pub(crate) const fn new() -> Self {
        Table {
            slots: heapless::Vec::new(),
            used: heapless::Vec::new(),
            live: 0,
            touched: Touched::NOTHING,
            index: core::marker::PhantomData,
        }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.live as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many more fit.
    pub fn room(&self) -> usize {
        N.saturating_sub(self.len())
    }

    /// Whether a slot is in use.
    #[inline]
    pub fn holds(&self, slot: I) -> bool {
        let index = slot.to_index();
        self.used.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
    }

    /// The entry in a slot, if it is in use.
    #[inline]
    pub fn get(&self, slot: I) -> Option<&T> {
        if self.holds(slot) { self.slots.get(slot.to_index()) } else { None }
    }

    /// The entry in a slot that the kernel knows to be in use.
    #[inline]
    pub(crate) fn at(&self, slot: I) -> &T {
        match self.slots.get(slot.to_index()) {
            Some(entry) => entry,
            None => bug("a table's slot that is referred to isn't in use"),
        }
    }

    /// The entry in a slot that the kernel knows to be in use, to be changed.
    #[inline]
    pub(crate) fn at_mut(&mut self, slot: I) -> &mut T {
        self.touched.note(slot.to_index());
        match self.slots.get_mut(slot.to_index()) {
            Some(entry) => entry,
            None => bug("a table's slot that is referred to isn't in use"),
        }
    }

    /// Two entries in slots that the kernel knows to be in use and different, the second to be changed.
    pub(crate) fn pair_mut(&mut self, one: I, other: I) -> (&T, &mut T) {
        self.touched.note(other.to_index());
        match self.slots.get_disjoint_mut([one.to_index(), other.to_index()]) {
            Ok([one, other]) => (one, other),
            Err(_) => bug("two of a table's slots that are referred to are one, or aren't in use"),
        }
    }

    /// The lowest free slot, if the table isn't full. Takes nothing.
    pub(crate) fn lowest_free(&self) -> Option<I> {
        let free = self.used.iter().position(|word| *word != !0);
        let index = match free.and_then(|word| Some((word, self.used.get(word)?))) {
            Some((word, bits)) => word * 64 + bits.trailing_ones() as usize,
            None => self.used.len() * 64,
        };
        (index < N).then(|| I::at_index(index))
    }

    /// Puts an entry into the lowest free slot; the slot, or the entry back if the table is full.
    pub(crate) fn insert(&mut self, entry: T) -> Result<I, T> {
        let Some(slot) = self.claim() else { return Err(entry) };
        match self.slots.get_mut(slot.to_index()) {
            Some(vacant) => *vacant = entry,
            None => {
                let _ = self.slots.push(entry);
            }
        }
        Ok(slot)
    }

    /// Takes the lowest free slot, whose entry is vacant, so that a large one can be filled in where it is; `None` if the
    /// table is full.
    pub(crate) fn take(&mut self) -> Option<I> {
        let slot = self.claim()?;
        if slot.to_index() >= self.slots.len() {
            let _ = self.slots.push(T::VACANT);
        }
        Some(slot)
    }

    /// Marks the lowest free slot as used.
    fn claim(&mut self) -> Option<I> {
        let slot = self.lowest_free()?;
        let index = slot.to_index();
        if index >= self.used.len() * 64 {
            let _ = self.used.push(0);
        }
        if let Some(word) = self.used.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        self.touched.note(index);
        self.live += 1;
        Some(slot)
    }

    /// Frees a slot and resets it; what was in it.
    pub(crate) fn remove(&mut self, slot: I) -> Option<T> {
        let entry = self.get(slot).cloned();
        self.free(slot);
        entry
    }

    /// Frees a slot and resets it. Whatever was in it isn't copied.
    pub(crate) fn free(&mut self, slot: I) {
        if !self.holds(slot) {
            return;
        }
        let index = slot.to_index();
        if let Some(word) = self.used.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
        self.touched.note(index);
        self.live -= 1;
        if index + 1 < self.slots.len() {
            *self.at_mut(slot) = T::VACANT;
            return;
        }
        while let Some(last) = self.slots.len().checked_sub(1)
            && !self.holds(I::at_index(last))
        {
            self.slots.truncate(last);
        }
        while self.used.last() == Some(&0) {
            self.used.pop();
        }
    }

    /// Its entries, by slot.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.slots
            .iter()
            .enumerate()
            .map(|(index, entry)| (I::at_index(index), entry))
            .filter(|(slot, _)| self.holds(*slot))
    }

    /// The first slot in use that isn't before `from`.
    pub(crate) fn next_slot(&self, from: usize) -> Option<I> {
        (from..self.slots.len()).map(I::at_index).find(|slot| self.holds(*slot))
    }

    /// Changes every entry.
    pub(crate) fn for_each_mut(&mut self, mut change: impl FnMut(&mut T)) {
        for (index, entry) in self.slots.iter_mut().enumerate() {
            if self.used.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 != 0) {
                self.touched.note(index);
                change(entry);
            }
        }
    }
}

impl<I, T, const N: usize, const W: usize> Touch for Table<I, T, N, W> {
    fn touch_everything(&mut self) {
        self.touched.set(&self.used);
    }
    fn is_untouched(&self) -> bool {
        self.touched.is_empty()
    }
}

impl<I, T: Clone, const N: usize, const W: usize> Clone for Table<I, T, N, W> {
    fn clone(&self) -> Self {
        Table {
            slots: self.slots.clone(),
            used: self.used.clone(),
            live: self.live,
            touched: self.touched,
            index: core::marker::PhantomData,
        }
    }

    fn clone_from(&mut self, from: &Self) {
        clone_vec_from(&mut self.slots, &from.slots);
        self.used.clear();
        let _ = self.used.extend_from_slice(&from.used);
        self.live = from.live;
        self.touched.copy_from(&from.touched);
    }
}

/// Copies what is live, in place: the clone that heapless derives goes over the stack.
pub(crate) fn clone_vec_from<T: Clone, const N: usize>(to: &mut heapless::Vec<T, N>, from: &heapless::Vec<T, N>) {
    to.truncate(from.len());
    for (to, from) in to.iter_mut().zip(from) {
        to.clone_from(from);
    }
    for entry in from.iter().skip(to.len()) {
        let _ = to.push(entry.clone());
    }
}

// The bitmap says which slots are vacant, and vacant slots are all alike, so the slots alone would tell; hashing the
// bitmap is cheaper than asking each slot.
impl<I, T: PartialEq, const N: usize, const W: usize> PartialEq for Table<I, T, N, W> {
    fn eq(&self, other: &Self) -> bool {
        self.used == other.used && self.slots == other.slots
    }
}

impl<I, T: Eq, const N: usize, const W: usize> Eq for Table<I, T, N, W> {}

impl<I, T: Hash, const N: usize, const W: usize> Hash for Table<I, T, N, W> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.used.hash(state);
        self.slots.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entry for u32 {
        const VACANT: u32 = 0;
    }
    impl Slot for usize {
        fn to_index(self) -> usize {
            self
        }
        fn at_index(index: usize) -> usize {
            index
        }
    }
    type Small = Table<usize, u32, 70, 2>;

    #[test]
    fn the_lowest_free_slot_is_taken_and_a_full_table_gives_the_entry_back() {
        let mut table = Small::new();
        for i in 0..70 {
            assert_eq!(table.insert(i + 1), Ok(i as usize));
        }
        assert_eq!(table.insert(99), Err(99));
        assert_eq!(table.remove(66), Some(67));
        assert_eq!(table.remove(3), Some(4));
        assert_eq!(table.remove(3), None);
        assert_eq!(table.insert(5), Ok(3));
        assert_eq!(table.insert(6), Ok(66));
        assert_eq!(table.room(), 0);
    }

    #[test]
    fn equal_contents_are_equal_tables_however_they_came_about() {
        let mut a = Small::new();
        let mut b = Small::new();
        for i in 0..68 {
            a.insert(i).unwrap();
        }
        for i in (1..68).rev() {
            a.remove(i);
        }
        b.insert(0).unwrap();
        assert_eq!(a, b);
        let mut c = Small::new();
        for _ in 0..9 {
            c.insert(7).unwrap();
        }
        c.clone_from(&a);
        assert_eq!(c, b);
        assert_eq!(c.len(), 1);
        assert_eq!(c.iter().collect::<heapless::Vec<_, 4>>(), [(0, &0)]);
    }
}
