//! What may have changed since a `Checker` looked last, noted where things are changed.
//!
//! It is no part of the state: it is neither compared nor hashed nor saved.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};

/// A set of slots; `W` is the words of its bitmap.
#[derive(Clone, Copy)]
pub(crate) struct Touched<const W: usize> {
    words: [u64; W],
    /// With many words: which of them may hold something, bit `n % 64` for word `n`. 0 if none does.
    filled: u64,
}

impl<const W: usize> Touched<W> {
    pub(crate) const NOTHING: Touched<W> = Touched { words: [0; W], filled: 0 };

    /// Adds a slot.
    #[inline]
    pub(crate) fn note(&mut self, slot: usize) {
        if let Some(word) = self.words.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
        if W > 1 {
            self.filled |= 1 << (slot / 64 % 64);
        }
    }

    /// Becomes all slots of a bitmap.
    pub(crate) fn set(&mut self, slots: &[u64]) {
        *self = Self::NOTHING;
        for (index, (word, slots)) in self.words.iter_mut().zip(slots).enumerate() {
            *word = *slots;
            if *slots != 0 {
                self.filled |= 1 << (index % 64);
            }
        }
    }

    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        if W > 1 { self.filled == 0 } else { self.words.iter().all(|word| *word == 0) }
    }

    /// Empties it; what was in it.
    #[inline]
    pub(crate) fn take(&mut self) -> Touched<W> {
        if self.is_empty() { Self::NOTHING } else { core::mem::replace(self, Self::NOTHING) }
    }

    /// Becomes a copy of another one. Most are empty, and then this is short.
    #[inline]
    pub(crate) fn copy_from(&mut self, from: &Touched<W>) {
        if !(self.is_empty() && from.is_empty()) {
            *self = *from;
        }
    }

    /// Adds those of another one.
    #[inline]
    pub(crate) fn add(&mut self, other: &Touched<W>) {
        if other.is_empty() {
            return;
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
        self.filled |= other.filled;
    }

    /// Keeps those that are in a bitmap, too.
    #[inline]
    pub(crate) fn retain(&mut self, slots: &[u64]) {
        if self.is_empty() {
            return;
        }
        let mut filled = 0;
        for (index, word) in self.words.iter_mut().enumerate() {
            *word &= slots.get(index).copied().unwrap_or(0);
            filled |= u64::from(*word != 0) << (index % 64);
        }
        self.filled = filled;
    }

    /// The slots, in order.
    #[inline]
    pub(crate) fn iter(&self) -> Slots<'_> {
        // An only word is begun at once.
        let (ahead, bits) = match self.words.first() {
            Some(word) if W == 1 => (0, *word),
            _ => (self.filled, 0),
        };
        Slots { words: &self.words, filled: self.filled, block: 0, ahead, first: 0, bits }
    }
}

/// The slots of a bitmap, in order. Words that hold nothing aren't looked at.
pub(crate) struct Slots<'a> {
    words: &'a [u64],
    filled: u64,
    /// Of 64 words each: where the one begins that is being gone through, and which of its words are still ahead.
    block: usize,
    ahead: u64,
    /// The first slot of a word, and which of its slots are still to come.
    first: usize,
    bits: u64,
}

impl Iterator for Slots<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            while self.ahead == 0 {
                self.block += 64;
                if self.block >= self.words.len() {
                    return None;
                }
                self.ahead = self.filled;
            }
            let word = self.block + self.ahead.trailing_zeros() as usize;
            self.ahead &= self.ahead - 1;
            self.first = word * 64;
            self.bits = self.words.get(word).copied().unwrap_or(0);
        }
        let slot = self.first + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(slot)
    }
}

impl<const W: usize> fmt::Debug for Touched<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Something that isn't in a table, with a note whether it may have changed.
pub(crate) struct Noted<T> {
    value: T,
    touched: bool,
}

impl<T> Noted<T> {
    pub(crate) const fn new(value: T) -> Noted<T> {
        Noted { value, touched: false }
    }

    /// Whether it may have changed since the last time this was asked.
    pub(crate) fn take_touched(&mut self) -> bool {
        core::mem::replace(&mut self.touched, false)
    }
}

impl<T: Clone> Clone for Noted<T> {
    fn clone(&self) -> Noted<T> {
        Noted { value: self.value.clone(), touched: self.touched }
    }

    fn clone_from(&mut self, from: &Noted<T>) {
        self.value.clone_from(&from.value);
        self.touched = from.touched;
    }
}

impl<T> Deref for Noted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Noted<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.touched = true;
        &mut self.value
    }
}

impl<T: PartialEq> PartialEq for Noted<T> {
    fn eq(&self, other: &Noted<T>) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Noted<T> {}

impl<T: Hash> Hash for Noted<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Noted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Noted<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<T: crate::save::Load> crate::save::Load for Noted<T> {
    fn load<'de, D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.value.load(deserializer)
    }
}

/// A part of the kernel's state, as far as what was touched is concerned.
pub(crate) trait Touch {
    /// As if everything had been changed.
    fn touch_everything(&mut self) {}

    /// Whether nothing is noted.
    fn is_untouched(&self) -> bool {
        true
    }
}

impl<T> Touch for Noted<T> {
    fn touch_everything(&mut self) {
        self.touched = true;
    }
    fn is_untouched(&self) -> bool {
        !self.touched
    }
}

// These are small, and compared each time.
impl Touch for bool {}
impl Touch for u16 {}
impl Touch for u32 {}
impl Touch for Option<i32> {}
impl Touch for [crate::sched::cpu::Cpu; crate::limits::CPUS] {}

/// Which checker's view of a kernel the notes of what was touched build on: a hash of that view, 0 for none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen(pub(crate) u64);

impl Seen {
    pub(crate) const NEVER: Seen = Seen(0);
}

impl PartialEq for Seen {
    fn eq(&self, _: &Seen) -> bool {
        true
    }
}
impl Eq for Seen {}
impl Hash for Seen {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_taken_once_and_in_order() {
        let mut touched = Touched::<3>::NOTHING;
        for slot in [130, 5, 64, 5] {
            touched.note(slot);
        }
        assert!(!touched.is_empty());
        assert!(touched.take().iter().eq([5, 64, 130]));
        assert!(touched.is_empty() && touched.iter().next().is_none());
    }

    #[test]
    fn slots_come_in_order_and_none_is_left_out_however_many_words_there_are() {
        let mut touched = Touched::<130>::NOTHING;
        let slots = [0, 63, 64, 64 * 64, 64 * 64 + 65, 64 * 128 + 3, 64 * 130 - 1];
        slots.iter().rev().for_each(|slot| touched.note(*slot));
        assert!(touched.iter().eq(slots));
        let mut other = Touched::<130>::NOTHING;
        other.add(&touched);
        assert!(other.iter().eq(slots));
        let mut kept = [0; 128];
        (kept[0], kept[64], kept[65]) = (1, 1, 1);
        other.retain(&kept);
        assert!(other.iter().eq([0, 64 * 64]));
        other.retain(&[]);
        assert!(other.is_empty());
        other.set(&kept);
        assert!(other.iter().eq([0, 64 * 64, 64 * 65]));
    }

    #[test]
    fn a_change_is_noted_and_a_look_is_not() {
        let mut noted = Noted::new(7);
        assert_eq!(*noted, 7);
        assert!(!noted.take_touched());
        *noted += 1;
        assert!(noted.take_touched() && !noted.take_touched());
        assert_eq!(noted, Noted::new(8));
    }
}
