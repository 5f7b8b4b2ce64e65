//! Which waiter of a queue can be served first? Found without looking at those who can't be.
//!
//! A queue is a list in the order in which its threads came. In some, whoever makes something possible serves not the first
//! but the first *whose wish it fulfils*: receivers of a System V queue wait for a type, senders for so many bytes of room, and
//! those at a semaphore for so large a value. Beside the list of such a queue stands a tree of the same threads in the same
//! order. Each node knows what those below it wish for, so that a search leaves out whole branches.
//!
//! The tree is a treap (Seidel and Aragon, "Randomized search trees", 1996) whose ranks are no random numbers but mixed from
//! the threads' slots. So equal queues have equal trees, however they came about, and a search, an entry and a removal take
//! time in proportion to the logarithm of the queue's length.

use crate::ids::{PlaceNo, QueueNo, SemaphoreNo, ThreadNo};
use crate::ipc::held::Held;
use crate::ipc::selection::Selection;
use crate::kernel::Kernel;
use crate::limits::{THREADS, words};
use crate::table::{Entry, Table};
use crate::thread::QueueName;

/// The places in all indexes. A thread has one at most, so there are enough.
pub type Places = Table<PlaceNo, Place, THREADS, { words(THREADS) }>;

/// What one waiter wishes for, or several.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Wishes {
    /// The least amount that fulfils one: bytes of room, a semaphore's value. For those who take any type up to a highest
    /// one, how far that is below the highest there is.
    least: u64,
    /// Of those who wait for one type: a bit for each, several types for a bit.
    kinds: u64,
    /// Of those who take every type but one: the lowest and the highest of those. The wrong way round if there are none.
    all_but: (i64, i64),
    /// Somebody has been told to try again.
    woken: bool,
}

impl Wishes {
    const NONE: Wishes = Wishes { least: u64::MAX, kinds: 0, all_but: (i64::MAX, i64::MIN), woken: false };

    fn amount(least: u64) -> Wishes {
        Wishes { least, ..Wishes::NONE }
    }

    fn message(selection: Selection) -> Wishes {
        match selection {
            Selection::Any => Wishes::amount(0),
            Selection::AtMost(highest) => Wishes::amount(below_highest(highest)),
            Selection::Equal(kind) => Wishes { kinds: bit(kind), ..Wishes::NONE },
            Selection::Other(kind) => Wishes { all_but: (kind, kind), ..Wishes::NONE },
        }
    }

    fn and(self, other: Wishes) -> Wishes {
        Wishes {
            least: self.least.min(other.least),
            kinds: self.kinds | other.kinds,
            all_but: (self.all_but.0.min(other.all_but.0), self.all_but.1.max(other.all_but.1)),
            woken: self.woken || other.woken,
        }
    }

    /// Whether one may be fulfilled by a message of this type. If not, none is.
    fn may_take(&self, kind: i64) -> bool {
        let (low, high) = self.all_but;
        self.least <= below_highest(kind) || self.kinds & bit(kind) != 0 || low < high || (low == high && low != kind)
    }
}

fn below_highest(kind: i64) -> u64 {
    i64::MAX.abs_diff(kind)
}

fn bit(kind: i64) -> u64 {
    1 << ((kind as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

/// A thread's place in the index of the queue in which it stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    thread: ThreadNo,
    parent: Option<PlaceNo>,
    /// Those who came before it, of those below it.
    left: Option<PlaceNo>,
    /// Those who came later.
    right: Option<PlaceNo>,
    own: Wishes,
    /// Those of its thread and of all below it.
    pub(crate) all: Wishes,
}

impl Entry for Place {
    const VACANT: Place = Place {
        thread: ThreadNo(u16::MAX),
        parent: None,
        left: None,
        right: None,
        own: Wishes::NONE,
        all: Wishes::NONE,
    };
}

impl Place {
    /// Higher ranks stand higher. No two threads have the same: each step can be undone.
    fn rank(&self) -> u32 {
        let mut rank = u32::from(self.thread.0);
        rank = (rank ^ rank >> 16).wrapping_mul(0x85eb_ca6b);
        rank = (rank ^ rank >> 13).wrapping_mul(0xc2b2_ae35);
        rank ^ rank >> 16
    }
}

/// The tree of one queue.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WaitIndex {
    root: Option<PlaceNo>,
}

/// From where a search has come to a place.
enum From {
    Above,
    Left,
    Right,
}

impl WaitIndex {
    /// That of a queue of nobody.
    pub(crate) const EMPTY: WaitIndex = WaitIndex { root: None };

    /// Puts a place behind another; in front of all if that is `None`.
    fn insert(&mut self, places: &mut Places, behind: Option<PlaceNo>, place: PlaceNo) {
        let mut above = match behind {
            Some(behind) => places.at(behind).right,
            None => self.root,
        };
        match (above, behind) {
            (None, None) => self.root = Some(place),
            (None, Some(behind)) => {
                places.at_mut(behind).right = Some(place);
                places.at_mut(place).parent = Some(behind);
            }
            _ => {
                while let Some(at) = above {
                    above = places.at(at).left;
                    if above.is_none() {
                        places.at_mut(at).left = Some(place);
                        places.at_mut(place).parent = Some(at);
                    }
                }
            }
        }
        while let Some(parent) = places.at(place).parent
            && places.at(parent).rank() < places.at(place).rank()
        {
            self.rotate_up(places, place);
        }
        refresh(places, Some(place));
    }

    /// Takes a place out.
    fn remove(&mut self, places: &mut Places, place: PlaceNo) {
        while let Some(child) = higher_child(places, place) {
            self.rotate_up(places, child);
        }
        let parent = places.at(place).parent;
        self.replace_child(places, parent, place, None);
        refresh(places, parent);
    }

    /// A place and its parent change places; the order stays.
    fn rotate_up(&mut self, places: &mut Places, place: PlaceNo) {
        let Some(parent) = places.at(place).parent else { return };
        let grandparent = places.at(parent).parent;
        let between = if places.at(parent).left == Some(place) {
            let between = places.at_mut(place).right.replace(parent);
            places.at_mut(parent).left = between;
            between
        } else {
            let between = places.at_mut(place).left.replace(parent);
            places.at_mut(parent).right = between;
            between
        };
        if let Some(between) = between {
            places.at_mut(between).parent = Some(parent);
        }
        self.replace_child(places, grandparent, parent, Some(place));
        places.at_mut(place).parent = grandparent;
        places.at_mut(parent).parent = Some(place);
        sum_up(places, parent);
        sum_up(places, place);
    }

    fn replace_child(&mut self, places: &mut Places, parent: Option<PlaceNo>, old: PlaceNo, new: Option<PlaceNo>) {
        match parent.map(|parent| places.at_mut(parent)) {
            None => self.root = new,
            Some(parent) if parent.left == Some(old) => parent.left = new,
            Some(parent) => parent.right = new,
        }
    }

    /// The first thread, behind a place if one is given, that `accepts`. Branches are left out none of whose threads `may` be.
    fn find(
        self,
        places: &Places,
        behind: Option<PlaceNo>,
        may: impl Fn(&Wishes) -> bool,
        accepts: impl Fn(ThreadNo) -> bool,
    ) -> Option<ThreadNo> {
        let worth = |child: Option<PlaceNo>| child.filter(|child| may(&places.at(*child).all));
        let to_right = |at: PlaceNo| match worth(places.at(at).right) {
            Some(right) => (right, From::Above),
            None => (at, From::Right),
        };
        let (mut at, mut from) = match behind {
            Some(behind) => to_right(behind),
            None => (worth(self.root)?, From::Above),
        };
        loop {
            let place = places.at(at);
            (at, from) = match from {
                From::Above => match worth(place.left) {
                    Some(left) => (left, From::Above),
                    None => (at, From::Left),
                },
                From::Left if may(&place.own) && accepts(place.thread) => return Some(place.thread),
                From::Left => to_right(at),
                From::Right => {
                    let parent = place.parent?;
                    (parent, if places.at(parent).left == Some(at) { From::Left } else { From::Right })
                }
            };
        }
    }
}

/// Of the places right below one, that with the higher rank.
fn higher_child(places: &Places, place: PlaceNo) -> Option<PlaceNo> {
    let Place { left, right, .. } = *places.at(place);
    match (left, right) {
        (Some(left), Some(right)) if places.at(left).rank() < places.at(right).rank() => Some(right),
        (Some(left), _) => Some(left),
        (None, right) => right,
    }
}

fn sum(places: &Places, place: PlaceNo) -> Wishes {
    let Place { left, right, own, .. } = *places.at(place);
    let below = [left, right].into_iter().flatten();
    below.fold(own, |all, child| all.and(places.at(child).all))
}

fn sum_up(places: &mut Places, place: PlaceNo) {
    places.at_mut(place).all = sum(places, place);
}

/// Sums up again from a place to the root.
fn refresh(places: &mut Places, from: Option<PlaceNo>) {
    let mut next = from;
    while let Some(place) = next {
        sum_up(places, place);
        next = places.at(place).parent;
    }
}

impl Kernel {
    /// The index of a queue, if it has one.
    fn index(&self, name: QueueName) -> Option<WaitIndex> {
        match name {
            QueueName::Receivers(queue) => Some(self.queues.table.at(queue).receiver_index),
            QueueName::Senders(queue) => Some(self.queues.table.at(queue).sender_index),
            QueueName::SemaphoreChange(semaphore) => Some(self.semaphores.at(semaphore).changer_index),
            _ => None,
        }
    }

    fn set_index(&mut self, name: QueueName, index: WaitIndex) {
        match name {
            QueueName::Receivers(queue) => self.queues.table.at_mut(queue).receiver_index = index,
            QueueName::Senders(queue) => self.queues.table.at_mut(queue).sender_index = index,
            QueueName::SemaphoreChange(semaphore) => self.semaphores.at_mut(semaphore).changer_index = index,
            _ => {}
        }
    }

    /// What a thread wishes for that stands in this queue.
    fn wishes_of(&self, thread: ThreadNo, name: QueueName) -> Wishes {
        let wishes = match (name, self.threads.at(thread).held) {
            (QueueName::Receivers(_), _) => match self.wish_of(thread) {
                Some((selection, _)) => Wishes::message(selection),
                None => crate::bug("a thread waits for a message in another call"),
            },
            (QueueName::SemaphoreChange(_), Held::Operations { first, .. }) => {
                Wishes::amount(self.operations.at(first).op.unsigned_abs().into())
            }
            _ => Wishes::amount(self.held_bytes(thread).unwrap_or(0)),
        };
        Wishes { woken: self.threads.at(thread).waiter.woken, ..wishes }
    }

    /// A thread stands in the list of this queue now.
    #[inline]
    pub(crate) fn enter_index(&mut self, thread: ThreadNo, name: QueueName) {
        if let QueueName::Receivers(_) | QueueName::Senders(_) | QueueName::SemaphoreChange(_) = name {
            self.take_place(thread, name);
        }
    }

    #[inline(never)]
    fn take_place(&mut self, thread: ThreadNo, name: QueueName) {
        let Some(mut index) = self.index(name) else { return };
        let own = self.wishes_of(thread, name);
        let Ok(place) = self.places.insert(Place { thread, own, all: own, ..Place::VACANT }) else {
            crate::bug("more threads wait than there are")
        };
        let before = self.threads.at(thread).waiter.link.previous;
        let before = before.and_then(|before| self.threads.at(before).waiter.place);
        self.threads.at_mut(thread).waiter.place = Some(place);
        index.insert(&mut self.places, before, place);
        self.set_index(name, index);
    }

    /// A thread has left this queue, or is about to.
    #[inline]
    pub(crate) fn leave_index(&mut self, thread: ThreadNo, name: QueueName) {
        if let Some(place) = self.threads.at(thread).waiter.place {
            self.give_place_back(thread, name, place);
        }
    }

    #[inline(never)]
    fn give_place_back(&mut self, thread: ThreadNo, name: QueueName, place: PlaceNo) {
        self.threads.at_mut(thread).waiter.place = None;
        let Some(mut index) = self.index(name) else { crate::bug("a thread has a place in a queue without an index") };
        index.remove(&mut self.places, place);
        self.places.free(place);
        self.set_index(name, index);
    }

    /// Notes down whether a thread has been told to try again.
    #[inline]
    pub(crate) fn set_woken(&mut self, thread: ThreadNo, woken: bool) {
        if self.threads.at(thread).waiter.woken != woken {
            self.change_woken(thread, woken);
        }
    }

    #[inline(never)]
    fn change_woken(&mut self, thread: ThreadNo, woken: bool) {
        let waiter = &mut self.threads.at_mut(thread).waiter;
        waiter.woken = woken;
        if let Some(place) = waiter.place {
            self.places.at_mut(place).own.woken = woken;
            refresh(&mut self.places, Some(place));
        }
    }

    /// The first receiver that wants a message of this type.
    pub(crate) fn first_receiver(&self, queue: QueueNo, kind: i64) -> Option<ThreadNo> {
        let index = self.queues.table.at(queue).receiver_index;
        let wants = |thread| self.wish_of(thread).is_some_and(|(selection, _)| selection.accepts(kind));
        index.find(&self.places, None, |wishes| wishes.may_take(kind), wants)
    }

    /// The first who waits to take no more than the semaphore's value away.
    pub(crate) fn first_changer(&self, semaphore: SemaphoreNo) -> Option<ThreadNo> {
        let semaphore = self.semaphores.at(semaphore);
        let value = semaphore.value.into();
        semaphore.changer_index.find(&self.places, None, |wishes| wishes.least <= value, |_| true)
    }

    /// The first sender, behind one if it is given, whose message fits into so much room, or who has been told that it does.
    pub(crate) fn next_sender(&self, queue: QueueNo, behind: Option<ThreadNo>, room: Option<u64>) -> Option<ThreadNo> {
        let index = self.queues.table.at(queue).sender_index;
        let behind = behind.and_then(|behind| self.threads.at(behind).waiter.place);
        let may = |wishes: &Wishes| wishes.woken || room.is_some_and(|room| wishes.least <= room);
        index.find(&self.places, behind, may, |_| true)
    }

    /// Whether the index of a queue is that of its list; how many places it has.
    pub(crate) fn index_is_sound(&self, name: QueueName) -> Result<usize, usize> {
        let index = self.index(name).unwrap_or(WaitIndex::EMPTY);
        let mut count = 0;
        for thread in self.queue(name).iter(&self.threads) {
            let slot = thread.index();
            let number = self.threads.at(thread).waiter.place.ok_or(slot)?;
            let place = self.places.get(number).ok_or(slot)?;
            let is_below = match place.parent {
                None => index.root == Some(number),
                Some(parent) => self.places.get(parent).is_some_and(|parent| {
                    (parent.left == Some(number)) != (parent.right == Some(number)) && parent.rank() > place.rank()
                }),
            };
            let mut children = [place.left, place.right].into_iter().flatten();
            let is_above =
                children.all(|child| self.places.get(child).is_some_and(|child| child.parent == Some(number)));
            let knows = is_below && is_above && place.thread == thread && place.own == self.wishes_of(thread, name);
            if !knows || place.all != sum(&self.places, number) {
                return Err(slot);
            }
            count += 1;
        }
        // The links are those of a tree by now, so that the search ends.
        let mut before = None;
        for thread in self.queue(name).iter(&self.threads) {
            if index.find(&self.places, before, |_| true, |_| true) != Some(thread) {
                return Err(thread.index());
            }
            before = self.threads.at(thread).waiter.place;
        }
        match before {
            Some(_) => match index.find(&self.places, before, |_| true, |_| true) {
                Some(extra) => Err(extra.index()),
                None => Ok(count),
            },
            None if index.root.is_some() => Err(0),
            None => Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    /// A queue of those who wish for something, in order, and its index.
    #[derive(Default)]
    struct Queue {
        list: Vec<(ThreadNo, PlaceNo, Selection)>,
        root: Option<PlaceNo>,
    }

    impl Queue {
        fn insert(&mut self, places: &mut Places, at: usize, thread: ThreadNo, selection: Selection) {
            let own = Wishes::message(selection);
            let place = places.insert(Place { thread, own, all: own, ..Place::VACANT }).unwrap();
            let behind = at.checked_sub(1).map(|before| self.list[before].1);
            let mut index = WaitIndex { root: self.root };
            index.insert(places, behind, place);
            self.root = index.root;
            self.list.insert(at, (thread, place, selection));
        }

        fn remove(&mut self, places: &mut Places, at: usize) -> ThreadNo {
            let (thread, place, _) = self.list.remove(at);
            let mut index = WaitIndex { root: self.root };
            index.remove(places, place);
            places.free(place);
            self.root = index.root;
            thread
        }

        fn find(&self, places: &Places, kind: i64) -> Option<ThreadNo> {
            let accepts = |thread| self.list.iter().any(|(other, _, wish)| *other == thread && wish.accepts(kind));
            WaitIndex { root: self.root }.find(places, None, |wishes| wishes.may_take(kind), accepts)
        }

        /// The tree from left to right, each thread with how deep it stands.
        fn shape(&self, places: &Places) -> Vec<(ThreadNo, usize)> {
            let depth = |place| std::iter::successors(Some(place), |at| places.at(*at).parent).count();
            self.list.iter().map(|(thread, place, _)| (*thread, depth(*place))).collect()
        }
    }

    fn selection(random: &mut impl FnMut(u64) -> u64) -> Selection {
        let kind = 1 + random(5) as i64 * (i64::MAX / 5);
        match random(8) {
            0 => Selection::Any,
            1 => Selection::AtMost(kind),
            2 | 3 => Selection::Other(kind),
            _ => Selection::Equal(kind),
        }
    }

    #[test]
    fn the_first_who_accepts_is_found_whatever_came_and_went() {
        let mut state = 1_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) % below
        };
        let (mut places, mut queue) = (Places::new(), Queue::default());
        let mut absent: Vec<ThreadNo> = (0..THREADS.min(40)).map(ThreadNo::from_index).collect();
        for _ in 0..4_000 {
            if !absent.is_empty() && (queue.list.is_empty() || random(5) < 3) {
                let thread = absent.swap_remove(random(absent.len() as u64) as usize);
                let at = random(queue.list.len() as u64 + 1) as usize;
                let selection = selection(&mut random);
                queue.insert(&mut places, at, thread, selection);
            } else {
                let at = random(queue.list.len() as u64) as usize;
                absent.push(queue.remove(&mut places, at));
            }
            for kind in [1, 2, 1 + i64::MAX / 5, i64::MAX / 2, i64::MAX] {
                let first = queue.list.iter().find(|(_, _, wish)| wish.accepts(kind)).map(|(thread, ..)| *thread);
                assert_eq!(queue.find(&places, kind), first, "type {kind} in {:?}", queue.list);
            }
        }
        // The same queue, made in another order, has the same tree.
        let (mut other_places, mut other) = (Places::new(), Queue::default());
        for &(thread, _, wish) in queue.list.iter().rev() {
            other.insert(&mut other_places, 0, thread, wish);
        }
        assert_eq!(queue.shape(&places), other.shape(&other_places));
        while !queue.list.is_empty() {
            queue.remove(&mut places, 0);
        }
        assert!(places.is_empty() && queue.root.is_none());
    }

    #[test]
    fn a_search_leaves_out_those_who_wait_for_something_else() {
        let (mut places, mut queue) = (Places::new(), Queue::default());
        let threads = THREADS.min(60);
        for thread in 0..threads {
            let wish = Selection::Equal(if thread + 1 < threads { 2 } else { 1 });
            queue.insert(&mut places, thread, ThreadNo::from_index(thread), wish);
        }
        let looked_at = std::cell::Cell::new(0);
        let may = |wishes: &Wishes| {
            looked_at.set(looked_at.get() + 1);
            wishes.may_take(1)
        };
        let found = WaitIndex { root: queue.root }.find(&places, None, may, |_| true);
        assert_eq!(found, Some(ThreadNo::from_index(threads - 1)));
        assert!(looked_at.get() < threads / 2, "{} of {threads}", looked_at.get());
    }
}
