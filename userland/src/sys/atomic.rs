//! Atomic operations on simulated memory, for what processes share: each is one access, before which the scheduler may
//! switch, and during which nothing happens.
//!
//! An address that isn't a multiple of the word's size raises SIGBUS at that line (`BUS_ADRALN`).

use super::{Sys, Word};
use crate::hart::{Atomic, Operation};

impl Sys {
    /// Stores a word and returns the one that was there.
    #[track_caller]
    pub fn swap<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        self.atomic(Atomic::Swap, address, value, value)
    }

    /// Adds, wrapping around, and returns what was there.
    #[track_caller]
    pub fn fetch_add<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        self.atomic(Atomic::Add, address, value, value)
    }

    /// Subtracts, wrapping around, and returns what was there.
    #[track_caller]
    pub fn fetch_sub<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        // In the low bytes this is what `T` itself gives; the others aren't stored.
        let negative = value.to_register().wrapping_neg();
        self.atomic(Atomic::Add, address, T::from_register(negative), value)
    }

    /// Keeps the bits that `value` has too, and returns what was there.
    #[track_caller]
    pub fn fetch_and<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        self.atomic(Atomic::And, address, value, value)
    }

    /// Sets the bits of `value`, and returns what was there.
    #[track_caller]
    pub fn fetch_or<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        self.atomic(Atomic::Or, address, value, value)
    }

    /// Turns the bits of `value` over, and returns what was there.
    #[track_caller]
    pub fn fetch_xor<T: Word>(self, address: u64, value: T) -> impl Future<Output = T> {
        self.atomic(Atomic::Xor, address, value, value)
    }

    /// Stores `new` if the word is `current`; what was there.
    ///
    /// # Errors
    /// It was another, which is returned; nothing is stored.
    #[track_caller]
    pub fn compare_exchange<T: Word + PartialEq>(
        self,
        address: u64,
        current: T,
        new: T,
    ) -> impl Future<Output = Result<T, T>> {
        let exchange = self.atomic(Atomic::CompareExchange, address, new, current);
        async move {
            let was = exchange.await;
            if was == current { Ok(was) } else { Err(was) }
        }
    }

    /// Stores what `change` makes of the word, as one step for all who look: loads, and tries `compare_exchange` until nobody
    /// came in between. What was there; `change` may be called several times.
    #[track_caller]
    pub fn fetch_update<T: Word + PartialEq>(
        self,
        address: u64,
        mut change: impl FnMut(T) -> T,
    ) -> impl Future<Output = T> {
        let sys = self.here();
        async move {
            let mut current: T = sys.load(address).await;
            loop {
                match sys.compare_exchange(address, current, change(current)).await {
                    Ok(was) => return was,
                    Err(other) => current = other,
                }
            }
        }
    }

    /// Orders what comes before it before what comes after it, for all who look. On this machine every access is ordered
    /// already; it is a place where the scheduler may switch, like any access.
    #[track_caller]
    pub fn fence(self) -> impl Future<Output = ()> {
        let trap = self.hart.trap(move || Operation::Fence, self.caller());
        async move {
            trap.await;
        }
    }

    #[track_caller]
    fn atomic<T: Word>(self, kind: Atomic, address: u64, value: T, expected: T) -> impl Future<Output = T> {
        // What is expected is compared with a word from memory, which has no bits above its size.
        let kept = u64::MAX >> (64 - 8 * u32::from(T::SIZE));
        let (value, expected) = (value.to_register() & kept, expected.to_register() & kept);
        let operation = Operation::Atomic { kind, address, size: T::SIZE, value, expected };
        let trap = self.hart.trap(move || operation, self.caller());
        async move { T::from_register(trap.await as u64) }
    }
}
