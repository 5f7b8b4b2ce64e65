//! Saving and loading through serde: loading happens in place, because a kernel may be larger than a stack.
//!
//! What is loaded may have been written by anyone. It can't make the kernel panic; whether it makes sense, `check` tells.

use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

use crate::ipc::mqueue::user::MqUsers;
use crate::kernel::Kernel;
use crate::mem::frame::FrameTable;
use crate::name::directory::NameIndex;
use crate::process::number::Numbers;
use crate::table::Table;

/// Something that is loaded into its place.
pub(crate) trait Load {
    /// Loads it.
    fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

/// The place to load into.
pub(crate) struct InPlace<'a, T>(pub(crate) &'a mut T);

impl<'de, T: Load> DeserializeSeed<'de> for InPlace<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.load(deserializer)
    }
}

macro_rules! load_by_value {
    ($($type:ty),* $(,)?) => {$(
        impl Load for $type {
            fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                *self = Deserialize::deserialize(deserializer)?;
                Ok(())
            }
        }
    )*};
}
load_by_value!(
    bool,
    u16,
    u32,
    Option<i32>,
    [crate::sched::cpu::Cpu; crate::limits::CPUS],
    crate::file::console::Console,
    crate::tty::Terminal,
    crate::time::timer_queue::TimerQueue,
    crate::radix::Tree<3>,
    crate::radix::Tree<7>,
);

impl<T: for<'de> Deserialize<'de>, const N: usize> Load for heapless::Vec<T, N> {
    fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Elements<'a, T, const N: usize>(&'a mut heapless::Vec<T, N>);
        impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for Elements<'_, T, N> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {N} entries")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
                self.0.clear();
                while let Some(element) = sequence.next_element()? {
                    self.0
                        .push(element)
                        .map_err(|_| A::Error::custom("a table is larger than this build has room for"))?;
                }
                Ok(())
            }
        }
        deserializer.deserialize_seq(Elements(self))
    }
}

/// Loads a structure field by field, each in place.
macro_rules! load_fields {
    ($(impl[$($generics:tt)*] $type:ty { $($field:ident),* })*) => {$(
        impl<$($generics)*> Load for $type {
            fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                const FIELDS: &[&str] = &[$(stringify!($field)),*];
                struct Fields<'a, T>(&'a mut T);
                impl<'de, $($generics)*> Visitor<'de> for Fields<'_, $type> {
                    type Value = ();
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "the fields {FIELDS:?}")
                    }
                    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
                        $(
                            sequence
                                .next_element_seed(InPlace(&mut self.0.$field))?
                                .ok_or_else(|| A::Error::missing_field(stringify!($field)))?;
                        )*
                        Ok(())
                    }
                }
                deserializer.deserialize_tuple(FIELDS.len(), Fields(self))
            }
        }
    )*};
}
load_fields! {
    impl[I, T: for<'x> Deserialize<'x>, const N: usize, const W: usize] Table<I, T, N, W> { slots, used, live }
    impl[I, T: for<'x> Deserialize<'x>, const N: usize, const W: usize] crate::ipc::registry::Registry<I, T, N, W> {
        table, keys, sequence, last_slot
    }
    impl[] Numbers { table, by_value, last }
    impl[] MqUsers { table, by_uid }
    impl[] NameIndex { buckets }
}

impl<I, T: Serialize, const N: usize, const W: usize> Serialize for Table<I, T, N, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_tuple(3)?;
        parts.serialize_element(&self.slots)?;
        parts.serialize_element(&self.used)?;
        parts.serialize_element(&self.live)?;
        parts.end()
    }
}

impl Load for FrameTable {
    fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.frames.load(deserializer)
    }
}

impl Kernel {
    /// Loads a saved kernel into this one. After a failure this one holds no sensible state.
    ///
    /// # Errors
    /// What the format says: the data ends early, or a table is larger than this build has room for.
    pub fn deserialize_into<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Fields<'a>(&'a mut Kernel);
        impl<'de> Visitor<'de> for Fields<'_> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a saved kernel")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
                self.0.load_fields(&mut sequence)
            }
        }
        deserializer.deserialize_struct("Kernel", Kernel::FIELDS, Fields(self))
    }
}

/// An array of 64, as two halves: serde knows arrays up to 32.
pub(crate) mod halves {
    use super::*;
    use crate::signal::action::Action;

    pub(crate) fn serialize<S: Serializer>(actions: &[Action; 64], serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_tuple(2)?;
        for half in actions.as_chunks::<32>().0 {
            parts.serialize_element(half)?;
        }
        parts.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[Action; 64], D::Error> {
        let halves: [[Action; 32]; 2] = Deserialize::deserialize(deserializer)?;
        let mut actions = [Action::DEFAULT; 64];
        for (to, from) in actions.iter_mut().zip(halves.iter().flatten()) {
            *to = *from;
        }
        Ok(actions)
    }
}
