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
    /// With many words: whether one of them isn't empty.
    any: bool,
}

impl<const W: usize> Touched<W> {
    pub(crate) const NOTHING: Touched<W> = Touched { words: [0; W], any: false };

    /// Adds a slot.
    #[inline]
    pub(crate) fn note(&mut self, slot: usize) {
        if let Some(word) = self.words.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
        if W > 1 {
            self.any = true;
        }
    }

    /// Becomes all slots of a bitmap.
    pub(crate) fn set(&mut self, slots: &[u64]) {
        *self = Self::NOTHING;
        for (word, slots) in self.words.iter_mut().zip(slots) {
            *word = *slots;
        }
        self.any = self.words.iter().any(|word| *word != 0);
    }

    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        if W > 1 { !self.any } else { self.words.iter().all(|word| *word == 0) }
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
    pub(crate) fn add(&mut self, other: &Touched<W>) {
        if other.is_empty() {
            return;
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
        self.any = true;
    }

    /// The slots, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let words: &[u64] = if self.is_empty() { &[] } else { &self.words };
        words.iter().enumerate().flat_map(|(index, word)| {
            let mut bits = *word;
            core::iter::from_fn(move || {
                let lowest = bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                (lowest < u64::BITS).then_some(index * 64 + lowest as usize)
            })
        })
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
    fn a_change_is_noted_and_a_look_is_not() {
        let mut noted = Noted::new(7);
        assert_eq!(*noted, 7);
        assert!(!noted.take_touched());
        *noted += 1;
        assert!(noted.take_touched() && !noted.take_touched());
        assert_eq!(noted, Noted::new(8));
    }
}
