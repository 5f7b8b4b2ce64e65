//! Memory: `mmap(2) munmap(2) mprotect(2) madvise(2)`, and loads and stores of simulated memory.
//!
//! A program's locals live on the host; simulated memory is what is shared, copied on write and protected. Each access
//! costs virtual time and is a place where the scheduler may switch. An access that faults raises SIGSEGV at its line.

use abi::*;

use super::Sys;
use crate::hart::{Filled, Operation, OutRegion};

/// An integer that one load or store moves.
pub trait Word: Copy {
    /// Its bytes: 1, 2, 4 or 8.
    const SIZE: u8;
    /// From a register.
    fn from_register(value: u64) -> Self;
    /// To a register.
    fn to_register(self) -> u64;
}

macro_rules! words {
    ($($type:ty),*) => {$(
        impl Word for $type {
            const SIZE: u8 = size_of::<$type>() as u8;
            fn from_register(value: u64) -> Self {
                value as $type
            }
            fn to_register(self) -> u64 {
                self as u64
            }
        }
    )*};
}
words!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Sys {
    /// Maps pages (`mmap(2)`); the address of the first.
    ///
    /// # Errors
    /// `EINVAL`: zero length, bad alignment, or not exactly one of `MAP_SHARED` and `MAP_PRIVATE`. `ENOMEM`: no room, or too
    /// many regions. `EEXIST`: `MAP_FIXED_NOREPLACE` onto a mapping. `EBADF`, `ENODEV`: not anonymous.
    #[track_caller]
    pub fn mmap(
        self,
        address: u64,
        length: usize,
        protection: Protection,
        flags: MapFlags,
    ) -> impl Future<Output = Result<u64, Errno>> {
        let line = self.caller();
        let call = move || Syscall::Mmap {
            address: Address(address),
            length: Length(length as u64),
            protection,
            flags,
            fd: Fd(-1),
            offset: 0,
        };
        async move { self.call(call, line).await.map(|address| address as u64) }
    }

    /// Unmaps pages (`munmap(2)`).
    ///
    /// # Errors
    /// `EINVAL`: zero length or bad alignment. `ENOMEM`: splitting a region in two would make too many.
    #[track_caller]
    pub fn munmap(self, address: u64, length: usize) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let call = move || Syscall::Munmap { address: Address(address), length: Length(length as u64) };
        async move { self.call(call, line).await.map(drop) }
    }

    /// Sets the protection of pages (`mprotect(2)`).
    ///
    /// # Errors
    /// `EINVAL`: bad alignment or unknown bits. `ENOMEM`: not all of it is mapped, or splitting regions would make too many.
    #[track_caller]
    pub fn mprotect(
        self,
        address: u64,
        length: usize,
        protection: Protection,
    ) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let call = move || Syscall::Mprotect { address: Address(address), length: Length(length as u64), protection };
        async move { self.call(call, line).await.map(drop) }
    }

    /// Says how pages will be used (`madvise(2)`); `MADV_DONTNEED` makes private pages read as zeros again.
    ///
    /// # Errors
    /// `EINVAL`: bad alignment or unknown advice. `ENOMEM`: not all of it is mapped.
    #[track_caller]
    pub fn madvise(self, address: u64, length: usize, advice: Advice) -> impl Future<Output = Result<(), Errno>> {
        let line = self.caller();
        let call = move || Syscall::Madvise { address: Address(address), length: Length(length as u64), advice };
        async move { self.call(call, line).await.map(drop) }
    }

    /// Loads a word.
    #[track_caller]
    pub fn load<T: Word>(self, address: u64) -> impl Future<Output = T> {
        let trap = self.hart.trap(move || Operation::Load { address, size: T::SIZE }, self.caller());
        async move { T::from_register(trap.await as u64) }
    }

    /// Stores a word.
    #[track_caller]
    pub fn store<T: Word>(self, address: u64, value: T) -> impl Future<Output = ()> {
        let operation = Operation::Store { address, size: T::SIZE, value: value.to_register() };
        let trap = self.hart.trap(move || operation, self.caller());
        async move {
            trap.await;
        }
    }

    /// Loads bytes, as one access.
    #[track_caller]
    pub fn load_bytes<'a>(self, address: u64, bytes: &'a mut [u8]) -> impl Future<Output = ()> + 'a {
        let line = self.caller();
        async move {
            let out = OutRegion { address, length: bytes.len() as u32, filled: Filled::Always };
            drop(self.hart.stage());
            let operation = Operation::LoadBytes { address, length: bytes.len() as u64 };
            self.hart.staged_trap(move || operation, [Some(out), None], line).await;
            bytes.copy_from_slice(&self.hart.0.data.borrow()[..bytes.len()]);
        }
    }

    /// Stores bytes, as one access.
    #[track_caller]
    pub fn store_bytes<'a>(self, address: u64, bytes: &'a [u8]) -> impl Future<Output = ()> + 'a {
        let line = self.caller();
        async move {
            {
                let stage = &mut *self.hart.stage();
                stage.bytes.extend_from_slice(bytes);
            }
            let operation = Operation::StoreBytes { address, length: bytes.len() as u64 };
            self.hart.staged_trap(move || operation, [None; 2], line).await;
        }
    }

    /// Copies bytes from one place in memory to another, as one access: nobody sees it half done. The program doesn't see the
    /// bytes, and its history doesn't hold them. The two places may overlap, however they are mapped: what is stored
    /// is what was there before (`memmove(3)`). If a page of either can't be used, nothing is stored, and SIGSEGV or SIGBUS
    /// is raised at this line.
    #[track_caller]
    pub fn copy_bytes(self, from: u64, to: u64, length: usize) -> impl Future<Output = ()> {
        let operation = Operation::CopyBytes { from, to, length: length as u64 };
        let trap = self.hart.trap(move || operation, self.caller());
        async move {
            trap.await;
        }
    }

    /// Executes an illegal instruction: SIGILL at this line.
    #[track_caller]
    pub fn illegal_instruction(self) -> impl Future<Output = ()> {
        let trap = self.hart.trap(move || Operation::IllegalInstruction, self.caller());
        async move {
            trap.await;
        }
    }

    /// Goes on with the code at an address where there is none: SIGSEGV, again and again. What is left of a handler that was
    /// given to `sigaction` with a wrong address; for those who run programs.
    #[doc(hidden)]
    #[track_caller]
    pub fn jump(self, address: u64) -> impl Future<Output = i32> {
        let line = self.caller();
        async move {
            loop {
                self.hart.trap(move || Operation::Jump { address }, line).await;
            }
        }
    }

    /// Divides as the machine does: SIGFPE at this line if the divisor is 0, or the quotient is too large
    /// (Rust's own division would panic).
    #[track_caller]
    pub fn divide(self, dividend: i64, divisor: i64) -> impl Future<Output = i64> {
        let trap = self.hart.trap(move || Operation::DivideByZero, self.caller());
        async move {
            match dividend.checked_div(divisor) {
                Some(quotient) => quotient,
                None => {
                    trap.await;
                    0
                }
            }
        }
    }
}
