//! Doubly linked lists through table entries: first in, first out, and removal from the middle without a search.

use core::marker::PhantomData;

use crate::table::{Entry, Slot, Table};

/// The place of an entry in one list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Link<I> {
    /// Who stands before it.
    pub previous: Option<I>,
    /// Who stands behind it.
    pub next: Option<I>,
}

impl<I> Link<I> {
    /// In no list, or alone in it.
    pub const NONE: Link<I> = Link { previous: None, next: None };
}

/// An entry that can stand in the list called `Name`.
pub(crate) trait Linked<Name, I> {
    /// Its place.
    fn link(&self) -> &Link<I>;
    /// Its place, to be changed.
    fn link_mut(&mut self) -> &mut Link<I>;
}

/// A list: its two ends and its length.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(bound(serialize = "I: serde::Serialize", deserialize = "I: serde::Deserialize<'de>"))
)]
pub struct List<Name, I> {
    head: Option<I>,
    tail: Option<I>,
    length: u16,
    #[cfg_attr(feature = "serde", serde(skip))]
    name: PhantomData<fn(Name) -> Name>,
}

#[allow(private_bounds)]
impl<Name, I: Slot + PartialEq> List<Name, I> {
    /// A list of nobody.
    pub const EMPTY: Self = List { head: None, tail: None, length: 0, name: PhantomData };

    /// Who stands first.
    pub fn first(&self) -> Option<I> {
        self.head
    }

    /// How many stand in it.
    pub fn len(&self) -> usize {
        self.length.into()
    }

    /// Whether nobody stands in it.
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Appends an entry that is in no list of this name.
    pub(crate) fn push<T: Linked<Name, I> + Entry, const N: usize, const W: usize>(
        &mut self,
        table: &mut Table<I, T, N, W>,
        slot: I,
    ) {
        *table.at_mut(slot).link_mut() = Link { previous: self.tail, next: None };
        match self.tail {
            Some(tail) => table.at_mut(tail).link_mut().next = Some(slot),
            None => self.head = Some(slot),
        }
        self.tail = Some(slot);
        self.length += 1;
    }

    /// Puts an entry that is in no list of this name behind `previous`; in front of all if that is `None`.
    pub(crate) fn insert_behind<T: Linked<Name, I> + Entry, const N: usize, const W: usize>(
        &mut self,
        table: &mut Table<I, T, N, W>,
        previous: Option<I>,
        slot: I,
    ) {
        let next = match previous {
            Some(previous) => table.at(previous).link().next,
            None => self.head,
        };
        *table.at_mut(slot).link_mut() = Link { previous, next };
        match previous {
            Some(previous) => table.at_mut(previous).link_mut().next = Some(slot),
            None => self.head = Some(slot),
        }
        match next {
            Some(next) => table.at_mut(next).link_mut().previous = Some(slot),
            None => self.tail = Some(slot),
        }
        self.length += 1;
    }

    /// Takes an entry out that is in this list.
    pub(crate) fn remove<T: Linked<Name, I> + Entry, const N: usize, const W: usize>(
        &mut self,
        table: &mut Table<I, T, N, W>,
        slot: I,
    ) {
        let link = core::mem::replace(table.at_mut(slot).link_mut(), Link::NONE);
        match link.previous {
            Some(previous) => table.at_mut(previous).link_mut().next = link.next,
            None => self.head = link.next,
        }
        match link.next {
            Some(next) => table.at_mut(next).link_mut().previous = link.previous,
            None => self.tail = link.previous,
        }
        self.length = self.length.saturating_sub(1);
    }

    /// Its last entry.
    pub(crate) fn last(&self) -> Option<I> {
        self.tail
    }

    /// Its entries from first to last. Stops after as many as the table can hold, so that even a broken list ends.
    pub(crate) fn iter<'a, T: Linked<Name, I> + Entry, const N: usize, const W: usize>(
        &self,
        table: &'a Table<I, T, N, W>,
    ) -> impl Iterator<Item = I> + 'a
    where
        I: 'a,
    {
        core::iter::successors(self.head, move |slot| table.at(*slot).link().next).take(N)
    }
}
