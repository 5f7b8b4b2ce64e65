//! What a checker has added up, slot by slot.

use crate::limits::{
    ACTION_SETS, FILES, FRAMES, INODES, MESSAGES, MQ_MESSAGES, MQUEUES, MSG_QUEUES, NAMES, OBJECTS, PIPES, PROCESSES,
    SEM_SETS, SEMAPHORES, THREADS,
};

/// Something for each slot.
#[derive(Clone, Copy)]
pub(super) struct Remembered<T, const N: usize>([T; N]);

impl<T: Copy, const N: usize> Remembered<T, N> {
    pub(super) const fn new(value: T) -> Self {
        Remembered([value; N])
    }

    pub(super) fn forget(&mut self, value: T) {
        self.0.fill(value);
    }

    pub(super) fn get(&self, slot: usize) -> Option<T> {
        self.0.get(slot).copied()
    }

    /// What is in a place, to be changed.
    pub(super) fn at_mut(&mut self, slot: usize) -> Option<&mut T> {
        self.0.get_mut(slot)
    }

    /// Puts a new value into a place; the one that was there.
    pub(super) fn replace(&mut self, slot: usize, value: T) -> Option<T> {
        self.0.get_mut(slot).map(|place| core::mem::replace(place, value))
    }
}

/// The sum of all weights, and a hash of how it came about: two ledgers with the same hash are the same.
#[derive(Clone, Copy)]
pub(super) struct Ledger {
    /// 0 if every counter is right.
    pub(super) sum: u64,
    /// A hash of everything that is remembered.
    pub(super) hash: u64,
    pub(super) weights: Weights,
}

impl Ledger {
    pub(super) const NOTHING: Ledger = Ledger { sum: 0, hash: 1, weights: Weights::NOTHING };

    pub(super) fn forget(&mut self) {
        (self.sum, self.hash) = (0, 1);
        self.weights.forget();
    }

    /// A weight in the sum becomes another; whether it differs.
    #[inline]
    pub(super) fn reweigh(&mut self, before: u64, after: u64) -> bool {
        if before == after {
            return false;
        }
        self.sum = self.sum.wrapping_add(after).wrapping_sub(before);
        self.mix(after);
        true
    }

    /// Something that is remembered has become this.
    #[inline]
    pub(super) fn mix(&mut self, value: u64) {
        self.hash = (self.hash.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95) | 1;
    }
}

macro_rules! weights {
    ($($name:ident: $limit:expr;)*) => {
        /// What each slot adds to the sum.
        #[derive(Clone, Copy)]
        pub(super) struct Weights {
            $(pub(super) $name: Remembered<u64, { $limit }>,)*
            pub(super) devices: u64,
            pub(super) name_index: u64,
            pub(super) loose: u64,
        }

        impl Weights {
            const NOTHING: Weights = Weights { $($name: Remembered::new(0),)* devices: 0, name_index: 0, loose: 0 };

            fn forget(&mut self) {
                $(self.$name.forget(0);)*
                (self.devices, self.name_index, self.loose) = (0, 0, 0);
            }
        }
    };
}

weights! {
    processes: PROCESSES;
    spaces: PROCESSES;
    threads: THREADS;
    files: FILES;
    pipes: PIPES;
    names: NAMES;
    inodes: INODES;
    mqueues: MQUEUES;
    mq_users: MQUEUES;
    mq_messages: MQ_MESSAGES;
    objects: OBJECTS;
    frames: FRAMES;
    actions: ACTION_SETS;
    messages: MESSAGES;
    queues: MSG_QUEUES;
    sets: SEM_SETS;
    semaphores: SEMAPHORES;
}
