//! From the rows of `table.rs`: the typed [`Syscall`], its decoding and encoding, and what is known about each call.
//!
//! `for_each_syscall!` hands the rows to any macro, so other crates derive what they need from the same table:
//! userland its raw stubs, the kernel the compile-time check that every call has a handler.

use crate::{Argument, Errno, Kind};

/// What the table says about one call.
#[derive(Debug)]
pub struct SyscallInfo {
    /// Its number.
    pub number: u64,
    /// Its name in the manual.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its arguments in order.
    pub arguments: &'static [ArgumentInfo],
    /// What it returns on success.
    pub result: ResultKind,
    /// Every error that it can return.
    pub errors: &'static [Errno],
}

/// What the table says about one argument.
#[derive(Debug)]
pub struct ArgumentInfo {
    /// Its name in the manual.
    pub name: &'static str,
    /// What it stands for.
    pub kind: Kind,
}

/// What a call returns on success, for printing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResultKind {
    /// Always 0.
    Zero,
    /// A number of something.
    Count,
    /// A descriptor.
    Fd,
    /// A process id.
    Pid,
    /// An address.
    Address,
    /// Flags or another number.
    Value,
    /// It doesn't return.
    Never,
}

macro_rules! define_syscalls {
    ($($number:literal $name:ident $variant:ident ($($argument:ident: $type:ty),*) -> $result:ident [$($errno:ident)*] $summary:literal;)*) => {
        /// A system call with its arguments, typed.
        ///
        /// ```
        /// use abi::{Fd, Syscall};
        /// let call = Syscall::Close { fd: Fd(3) };
        /// let (number, arguments) = call.encode();
        /// assert_eq!((number, arguments[0]), (57, 3));
        /// assert_eq!(Syscall::decode(number, arguments), Some(call));
        /// assert_eq!(call.info().name, "close");
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum Syscall {
            $(#[doc = $summary] $variant {
                $(#[allow(missing_docs)] $argument: $type,)*
            },)*
        }

        impl Syscall {
            /// Every call of the table, in the table's order.
            pub const TABLE: &'static [SyscallInfo] = &[
                $(SyscallInfo {
                    number: $number,
                    name: stringify!($name),
                    summary: $summary,
                    arguments: &[$(ArgumentInfo {
                        name: stringify!($argument),
                        kind: <$type as Argument>::KIND,
                    }),*],
                    result: ResultKind::$result,
                    errors: &[$(Errno::$errno),*],
                }),*
            ];

            /// The call with this number and these arguments; `None` if there is no such call (`ENOSYS`).
            #[inline]
            pub fn decode(number: u64, arguments: [u64; 6]) -> Option<Syscall> {
                #[allow(unused_mut, unused_variables)]
                let mut registers = arguments.into_iter();
                Some(match number {
                    $($number => Syscall::$variant {
                        $($argument: <$type as Argument>::decode(registers.next().unwrap_or(0)),)*
                    },)*
                    _ => return None,
                })
            }

            /// Its number and its arguments as registers.
            // Always inlined: mostly it is known which call it is, and then nothing is left of the match.
            #[inline(always)]
            pub fn encode(self) -> (u64, [u64; 6]) {
                match self {
                    $(Syscall::$variant { $($argument),* } => {
                        #[allow(unused_mut)]
                        let mut registers = [0; 6];
                        let values: &[u64] = &[$($argument.encode()),*];
                        for (register, value) in registers.iter_mut().zip(values) {
                            *register = *value;
                        }
                        ($number, registers)
                    })*
                }
            }

            /// What the table says about it.
            pub fn info(&self) -> &'static SyscallInfo {
                #[allow(non_camel_case_types, clippy::enum_variant_names)]
                enum Row { $($variant),* }
                let row = match self { $(Syscall::$variant { .. } => Row::$variant as usize,)* };
                match Syscall::TABLE.get(row) {
                    Some(info) => info,
                    None => &UNKNOWN,
                }
            }
        }
    };
}

static UNKNOWN: SyscallInfo = SyscallInfo {
    number: u64::MAX,
    name: "unknown",
    summary: "",
    arguments: &[],
    result: ResultKind::Value,
    errors: &[Errno::ENOSYS],
};

impl Syscall {
    /// What the table says about the call with this number.
    pub fn by_number(number: u64) -> Option<&'static SyscallInfo> {
        Syscall::TABLE.iter().find(|info| info.number == number)
    }

    /// What the table says about the call with this name.
    pub fn by_name(name: &str) -> Option<&'static SyscallInfo> {
        Syscall::TABLE.iter().find(|info| info.name == name)
    }
}

use crate::*;
for_each_syscall!(define_syscalls);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique() {
        for (i, info) in Syscall::TABLE.iter().enumerate() {
            for other in &Syscall::TABLE[i + 1..] {
                assert_ne!(info.number, other.number, "{} and {}", info.name, other.name);
                assert_ne!(info.name, other.name);
            }
        }
    }

    #[test]
    fn every_call_survives_encoding() {
        for info in Syscall::TABLE {
            let arguments = [1, 2, 3, 4, 5, 6];
            let call = Syscall::decode(info.number, arguments).unwrap();
            let (number, encoded) = call.encode();
            assert_eq!(number, info.number);
            assert_eq!(encoded[..info.arguments.len()], arguments[..info.arguments.len()], "{}", info.name);
            assert_eq!(call.info().name, info.name);
        }
    }

    #[test]
    fn counted_arguments_are_followed_by_their_count() {
        for info in Syscall::TABLE {
            for (i, argument) in info.arguments.iter().enumerate() {
                if matches!(argument.kind, Kind::InBytes | Kind::OutBytes | Kind::InArray(_) | Kind::OutArray(_)) {
                    let next = info.arguments.get(i + 1).map(|argument| argument.kind);
                    assert!(matches!(next, Some(Kind::Length)), "{} of {}", argument.name, info.name);
                }
            }
        }
    }
}
