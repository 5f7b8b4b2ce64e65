//! How a structure lies in user memory: its fields in order, little-endian, every padding a field of its own.

/// Something with a fixed layout in user memory.
///
/// ```
/// use abi::{Layout, Timespec};
/// let half_a_second = Timespec { sec: 0, nsec: 500_000_000 };
/// let mut bytes = [0; Timespec::SIZE];
/// half_a_second.store(&mut bytes);
/// assert_eq!(Timespec::load(&bytes), half_a_second);
/// ```
pub trait Layout: Copy {
    /// Its name in C, for traces and the reference page.
    const NAME: &'static str;
    /// Bytes that it takes.
    const SIZE: usize;
    /// Writes it to the front of `bytes`; what doesn't fit is left out.
    fn store(&self, bytes: &mut [u8]);
    /// Reads it from the front of `bytes`; what is missing reads as zero.
    fn load(bytes: &[u8]) -> Self;
}

macro_rules! integer_layout {
    ($($type:ident $name:literal),*) => {$(
        impl Layout for $type {
            const NAME: &'static str = $name;
            const SIZE: usize = size_of::<$type>();
            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                for (to, from) in bytes.iter_mut().zip(self.to_le_bytes()) {
                    *to = from;
                }
            }
            #[inline]
            fn load(bytes: &[u8]) -> Self {
                let mut value = [0; size_of::<$type>()];
                for (to, from) in value.iter_mut().zip(bytes) {
                    *to = *from;
                }
                $type::from_le_bytes(value)
            }
        }
    )*};
}
integer_layout!(u8 "unsigned char", u16 "unsigned short", i16 "short", u32 "unsigned", i32 "int", u64 "unsigned long", i64 "long");

impl<T: Layout + Default, const N: usize> Layout for [T; N] {
    const NAME: &'static str = T::NAME;
    const SIZE: usize = T::SIZE * N;
    #[inline]
    fn store(&self, bytes: &mut [u8]) {
        for (value, place) in self.iter().zip(bytes.chunks_mut(T::SIZE)) {
            value.store(place);
        }
    }
    #[inline]
    fn load(bytes: &[u8]) -> Self {
        let mut values = [T::default(); N];
        for (value, place) in values.iter_mut().zip(bytes.chunks(T::SIZE)) {
            *value = T::load(place);
        }
        values
    }
}

impl Layout for crate::SignalSet {
    const NAME: &'static str = "sigset_t";
    const SIZE: usize = 8;
    #[inline]
    fn store(&self, bytes: &mut [u8]) {
        self.bits().store(bytes);
    }
    #[inline]
    fn load(bytes: &[u8]) -> Self {
        crate::SignalSet::from_bits_retain(u64::load(bytes))
    }
}

/// Declares structures together with their [`Layout`].
macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident = $c:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Layout for $name {
            const NAME: &'static str = $c;
            const SIZE: usize = 0 $(+ <$type as Layout>::SIZE)*;
            fn store(&self, bytes: &mut [u8]) {
                let mut at = 0;
                $(
                    self.$field.store(bytes.get_mut(at..).unwrap_or_default());
                    at += <$type as Layout>::SIZE;
                )*
                let _ = at;
            }
            fn load(bytes: &[u8]) -> Self {
                let mut at = 0;
                $(
                    let $field = <$type as Layout>::load(bytes.get(at..).unwrap_or_default());
                    at += <$type as Layout>::SIZE;
                )*
                let _ = at;
                $name { $($field,)* }
            }
        }
    )*};
}
pub(crate) use layouts;
