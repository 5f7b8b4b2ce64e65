//! Static variables in simulated memory, as a C program's: what a program and its signal handlers share, what a forked
//! child gets a copy of, and what `exec` begins anew. They begin as zeros.
//!
//! A `static` of Rust is no substitute: all processes would share it, and stepping back wouldn't bring it back.

use core::marker::PhantomData;

use crate::sys::{Sys, Word};

/// What a static variable can be.
pub trait StaticData {
    /// Its bytes.
    const BYTES: u64;
}

impl<T: Word> StaticData for T {
    const BYTES: u64 = T::SIZE as u64;
}

/// So many bytes.
pub struct StaticBytes<const N: usize>;

impl<const N: usize> StaticData for StaticBytes<N> {
    const BYTES: u64 = N as u64;
}

/// Where the first one is.
pub const START: u64 = abi::STATICS_START;

/// A static variable: its address, with its type.
pub struct Static<T> {
    address: u64,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Static<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Static<T> {}

impl<T> Static<T> {
    /// At this address, which needn't be one of a static variable: so other memory can be used in the same way.
    pub const fn at(address: u64) -> Static<T> {
        Static { address, kind: PhantomData }
    }

    /// Where it is.
    pub const fn address(self) -> u64 {
        self.address
    }
}

impl<T: StaticData> Static<T> {
    /// Where the next one is: at a multiple of eight.
    #[doc(hidden)]
    pub const fn end(self) -> u64 {
        self.address + T::BYTES.next_multiple_of(8)
    }
}

impl<T: Word> Static<T> {
    /// What it holds.
    #[track_caller]
    pub fn load(self, sys: Sys) -> impl Future<Output = T> {
        sys.load(self.address)
    }

    /// Changes it.
    #[track_caller]
    pub fn store(self, sys: Sys, value: T) -> impl Future<Output = ()> {
        sys.store(self.address, value)
    }

    /// Adds in one access, wrapping around; what it held before.
    #[track_caller]
    pub fn fetch_add(self, sys: Sys, value: T) -> impl Future<Output = T> {
        sys.fetch_add(self.address, value)
    }
}

/// Static variables, with a constant for each, and one for how many bytes they take, which the program's row wants.
///
/// ```
/// use userland::{Args, Program, Sys, statics};
///
/// statics! { BYTES: COUNT: u64; LAST: i32; }
///
/// async fn program(sys: Sys, _: Args) -> i32 {
///     COUNT.store(sys, COUNT.load(sys).await + 1).await;
///     LAST.load(sys).await
/// }
///
/// static PROGRAM: Program = Program::new("counts", "counts", &program).with_statics(BYTES);
/// assert_eq!(PROGRAM.static_bytes, 16);
/// ```
#[macro_export]
macro_rules! statics {
    (@from $visibility:vis $bytes:ident ($at:expr)) => {
        $visibility const $bytes: u64 = $at - $crate::statics::START;
    };
    (@from $visibility:vis $bytes:ident ($at:expr) $name:ident: $kind:ty; $($rest:tt)*) => {
        $visibility const $name: $crate::statics::Static<$kind> = $crate::statics::Static::at($at);
        $crate::statics! { @from $visibility $bytes ($name.end()) $($rest)* }
    };
    ($visibility:vis $bytes:ident: $($variables:tt)*) => {
        $crate::statics! { @from $visibility $bytes ($crate::statics::START) $($variables)* }
    };
}
