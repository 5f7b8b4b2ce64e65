//! A kernel in a box: made in place, because a kernel for thousands of processes is larger than a thread's stack, and
//! copied into boxes that were used before, so that a copy costs what is live and not what there is room for.
//!
//! The only file of the workspace with `unsafe` in it.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

use kernel::Kernel;

/// How many boxes a thread keeps for its next copies.
const SPARE: usize = 64;

thread_local! {
    // Boxed, because a kernel must not be moved: it may be larger than the stack.
    #[allow(clippy::vec_box)]
    static POOL: RefCell<Vec<Box<Kernel>>> = const { RefCell::new(Vec::new()) };
}

/// A boxed [`Kernel`] that never goes over the stack.
///
/// ```
/// use sim::KernelBox;
/// let kernel = KernelBox::new();
/// assert!(kernel.clone() == kernel);
/// ```
pub struct KernelBox(ManuallyDrop<Box<Kernel>>);

impl KernelBox {
    /// A kernel before its boot.
    pub fn new() -> KernelBox {
        KernelBox(ManuallyDrop::new(zeroed()))
    }
}

/// A kernel before its boot, in memory that the host zeroes when it is first touched: what a kernel has room for but
/// doesn't use costs nothing.
fn zeroed() -> Box<Kernel> {
    let kernel = Box::<Kernel>::new_zeroed();
    // SAFETY: all zeros is a valid `Kernel`, and the kernel sees to it that it is the one before boot (the test below
    // compares them): outside of its tables it is made of integers, of booleans, of enums whose first variant has the
    // value 0, of options and arrays of these. Its tables are `heapless::Vec`s, which are a length, here 0, and elements
    // that needn't be initialised. It has no reference, no box and no `NonZero`.
    unsafe { kernel.assume_init() }
}

impl Default for KernelBox {
    fn default() -> Self {
        KernelBox::new()
    }
}

impl Deref for KernelBox {
    type Target = Kernel;

    #[inline]
    fn deref(&self) -> &Kernel {
        &self.0
    }
}

impl DerefMut for KernelBox {
    #[inline]
    fn deref_mut(&mut self) -> &mut Kernel {
        &mut self.0
    }
}

impl Clone for KernelBox {
    fn clone(&self) -> Self {
        let recycled = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
        let mut copy = recycled.unwrap_or_else(zeroed);
        (*copy).clone_from(self);
        KernelBox(ManuallyDrop::new(copy))
    }

    fn clone_from(&mut self, from: &Self) {
        (**self).clone_from(from);
    }
}

impl Drop for KernelBox {
    fn drop(&mut self) {
        // SAFETY: the box is taken once, here, and `self` isn't used again.
        let used = unsafe { ManuallyDrop::take(&mut self.0) };
        // A thread that is ending has no pool any more: the box is freed.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < SPARE {
                pool.push(used);
            }
        });
    }
}

impl PartialEq for KernelBox {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for KernelBox {}

impl fmt::Debug for KernelBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernel at {} us", self.now_us())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroed_memory_is_the_kernel_before_boot() {
        static EMPTY: Kernel = Kernel::new();
        assert!(*KernelBox::new() == EMPTY);
    }

    #[test]
    fn a_kernel_is_made_and_copied_on_a_small_stack() {
        let small = std::thread::Builder::new().stack_size(128 << 10);
        let copied = small.spawn(|| {
            let kernel = KernelBox::new();
            let copy = kernel.clone();
            copy == kernel
        });
        assert!(copied.unwrap().join().unwrap());
    }

    #[test]
    fn a_recycled_box_keeps_nothing_of_its_past() {
        let empty = KernelBox::new();
        for _ in 0..3 {
            assert!(empty.clone() == KernelBox::new());
        }
    }
}
