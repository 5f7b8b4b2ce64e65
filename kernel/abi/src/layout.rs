//! How a structure lies in user memory: its fields in order, little-endian, every padding a field of its own.

use core::fmt;

/// Something with a fixed layout in user memory.
///
/// ```
/// use abi::{Layout, Structure, Timespec};
/// let half_a_second = Timespec { sec: 0, nsec: 500_000_000 };
/// let mut bytes = [0; Timespec::SIZE];
/// half_a_second.store(&mut bytes);
/// assert_eq!(Timespec::load(&bytes), half_a_second);
/// assert_eq!(Structure::of::<Timespec>().show(&bytes).to_string(), "{sec=0, nsec=500000000}");
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
    /// Prints it as a trace shows it: `{sec=1, nsec=0}`, without padding.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
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
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
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
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if T::NAME == u8::NAME {
            return print_text(
                self.iter().map(|byte| {
                    let mut stored = [0];
                    byte.store(&mut stored);
                    u8::from_le_bytes(stored)
                }),
                f,
            );
        }
        f.write_str("[")?;
        for (i, value) in self.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            value.print(f)?;
        }
        f.write_str("]")
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
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, signal) in self.signals().enumerate() {
            write!(f, "{}{signal}", if i == 0 { "" } else { " " })?;
        }
        f.write_str("]")
    }
}

/// Prints the bytes of a fixed-size text, up to its zero byte, in quotes.
pub(crate) fn print_text(bytes: impl Iterator<Item = u8>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for byte in bytes.take_while(|&byte| byte != 0) {
        write!(f, "{}", byte.escape_ascii())?;
    }
    f.write_str("\"")
}

/// Whether a field only fills up its structure.
pub(crate) const fn is_padding(field: &str) -> bool {
    matches!(field.as_bytes(), [b'p', b'a', b'd', ..] | [b'u', b'n', b'u', b's', b'e', b'd', ..] | b"rest")
}

/// Declares structures together with their [`Layout`]. A field prints as its type does, or as the function behind `=>` has it.
macro_rules! layouts {
    (@print $value:expr, $f:expr) => {
        $value.print($f)
    };
    (@print $value:expr, $f:expr, $print:path) => {
        $print($value, $f)
    };
    ($($(#[$doc:meta])* $name:ident = $c:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty $(=> $print:path)?,)*
    })*) => {$(
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
            fn print(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let mut before = "{";
                $(if !$crate::layout::is_padding(stringify!($field)) {
                    write!(f, "{before}{}=", stringify!($field))?;
                    $crate::layout::layouts!(@print self.$field, f $(, $print)?)?;
                    before = ", ";
                })*
                f.write_str(if before == "{" { "{}" } else { "}" })
            }
        }
    )*};
}
pub(crate) use layouts;
