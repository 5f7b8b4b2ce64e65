//! What an argument of a system call may be, and how it is carried in one 64-bit register.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use crate::{Layout, Signal};

/// A type that an argument can have.
pub trait Argument: Copy {
    /// What it stands for: drives printing, fuzzing and the reference page.
    const KIND: Kind;
    /// From a register. Never fails: what makes no sense is for the call to refuse.
    fn decode(raw: u64) -> Self;
    /// To a register.
    fn encode(self) -> u64;
}

/// Prints a raw argument.
pub type Print = fn(u64, &mut fmt::Formatter<'_>) -> fmt::Result;

/// What an argument stands for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A signed number.
    Integer,
    /// An unsigned number.
    Unsigned,
    /// A descriptor.
    Fd,
    /// A process id; 0 and negative ones have meanings of their own.
    Pid,
    /// A signal number.
    Signal,
    /// A number of bytes.
    Length,
    /// A time span in microseconds.
    Microseconds,
    /// An address that is only named, not followed.
    Address,
    /// The address of a structure that the call reads.
    In(Structure),
    /// The address of a structure that the call writes.
    Out(Structure),
    /// The address of bytes that the call reads; the next argument counts them.
    InBytes,
    /// The address of bytes that the call writes; the next argument says how many it may write.
    OutBytes,
    /// The address of an array of structures that the call reads; the next argument counts them.
    InArray(Structure),
    /// The address of an array of structures that the call writes; the next argument says how many it may write.
    OutArray(Structure),
    /// The address of a string that ends with a zero byte.
    Path,
    /// The address of an array of string addresses that ends with a null.
    Strings,
    /// A set of flags.
    Flags {
        /// All the bits that have a name.
        known: u64,
        /// How to print it.
        print: Print,
    },
    /// One of several named values.
    Choice {
        /// All the values that have a name.
        known: &'static [i32],
        /// How to print it.
        print: Print,
    },
}

/// What a pointer points to.
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    /// Its name in C.
    pub name: &'static str,
    /// Its bytes.
    pub size: usize,
    /// How to print it.
    pub print: fn(&[u8], &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl Structure {
    /// What is known of the structure `T`.
    pub const fn of<T: Layout>() -> Structure {
        Structure { name: T::NAME, size: T::SIZE, print: |bytes, f| T::load(bytes).print(f) }
    }

    /// Shows the structure that lies in `bytes`; what is missing shows as zero.
    pub fn show(self, bytes: &[u8]) -> impl fmt::Display + '_ {
        fmt::from_fn(move |f| (self.print)(bytes, f))
    }
}

macro_rules! number_arguments {
    ($($type:ty: $kind:ident;)*) => {$(
        impl Argument for $type {
            const KIND: Kind = Kind::$kind;
            #[inline]
            fn decode(raw: u64) -> Self {
                raw as $type
            }
            #[inline]
            fn encode(self) -> u64 {
                self as i64 as u64
            }
        }
    )*};
}
number_arguments! {
    i32: Integer;
    i64: Integer;
    u32: Unsigned;
    u64: Unsigned;
}

macro_rules! wrapped_arguments {
    ($($(#[$doc:meta])* $name:ident($type:ty): $kind:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub $type);

        impl Argument for $name {
            const KIND: Kind = $kind;
            #[inline]
            fn decode(raw: u64) -> Self {
                $name(raw as $type)
            }
            #[inline]
            fn encode(self) -> u64 {
                self.0 as i64 as u64
            }
        }
    )*};
}
wrapped_arguments! {
    /// A descriptor's number.
    Fd(i32): Kind::Fd;
    /// A process id, or what stands in its place.
    Pid(i32): Kind::Pid;
    /// A signal's number, not yet checked.
    SignalNumber(i32): Kind::Signal;
    /// A number of bytes.
    Length(u64): Kind::Length;
    /// A time span in microseconds.
    Microseconds(u64): Kind::Microseconds;
    /// An address that the call doesn't follow.
    Address(u64): Kind::Address;
    /// Address of bytes to read; the next argument counts them.
    InBytes(u64): Kind::InBytes;
    /// Address of room for bytes; the next argument counts it.
    OutBytes(u64): Kind::OutBytes;
    /// Address of a string that ends with a zero byte.
    Path(u64): Kind::Path;
    /// Address of an array of addresses of strings, ended by a null.
    Strings(u64): Kind::Strings;
}

impl SignalNumber {
    /// The signal, if the number is one.
    pub const fn signal(self) -> Option<Signal> {
        Signal::new(self.0 as i64)
    }
}

macro_rules! pointer_arguments {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {$(
        $(#[$doc])*
        pub struct $name<T> {
            /// Where it is; 0 is the null pointer.
            pub address: u64,
            points_to: PhantomData<fn() -> T>,
        }

        impl<T> $name<T> {
            /// The null pointer.
            pub const NULL: $name<T> = $name::at(0);

            /// A pointer to this address.
            pub const fn at(address: u64) -> $name<T> {
                $name { address, points_to: PhantomData }
            }

            /// Whether it is the null pointer.
            pub const fn is_null(self) -> bool {
                self.address == 0
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $name<T> {}
        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.address == other.address
            }
        }
        impl<T> Eq for $name<T> {}
        impl<T> Hash for $name<T> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.address.hash(state);
            }
        }
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.address)
            }
        }
        #[cfg(feature = "serde")]
        impl<T> serde::Serialize for $name<T> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.address.serialize(serializer)
            }
        }
        #[cfg(feature = "serde")]
        impl<'de, T> serde::Deserialize<'de> for $name<T> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                u64::deserialize(deserializer).map($name::at)
            }
        }

        impl<T: Layout> Argument for $name<T> {
            const KIND: Kind = Kind::$kind(Structure::of::<T>());
            #[inline]
            fn decode(raw: u64) -> Self {
                $name::at(raw)
            }
            #[inline]
            fn encode(self) -> u64 {
                self.address
            }
        }
    )*};
}
pointer_arguments! {
    /// Pointer to a structure that the call reads.
    In: In;
    /// Pointer to a structure that the call writes.
    Out: Out;
    /// Pointer to an array that the call reads; the next argument counts its elements.
    InArray: InArray;
    /// Pointer to room for an array that the call writes; the next argument counts its elements.
    OutArray: OutArray;
}

impl Kind {
    /// How it is declared in C, for the reference page.
    pub const fn c_type(self) -> &'static str {
        match self {
            Kind::Integer | Kind::Choice { .. } => "int",
            Kind::Unsigned => "unsigned long",
            Kind::Fd => "int",
            Kind::Pid => "pid_t",
            Kind::Signal => "int",
            Kind::Length => "size_t",
            Kind::Microseconds => "useconds_t",
            Kind::Address => "void *",
            Kind::In(what) | Kind::Out(what) | Kind::InArray(what) | Kind::OutArray(what) => what.name,
            Kind::InBytes => "const void *",
            Kind::OutBytes => "void *",
            Kind::Path => "const char *",
            Kind::Strings => "char *const *",
            Kind::Flags { .. } => "int",
        }
    }
}
