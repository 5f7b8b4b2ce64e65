//! A checker of invariants in a box: copied there in place, because it may be larger than a thread's stack.

use std::ops::{Deref, DerefMut};

use kernel::invariants::Checker;

static NEW: Checker = Checker::new();

/// A boxed [`Checker`] that never goes over the stack.
///
/// ```
/// use sim::{CheckerBox, KernelBox};
/// let (mut checker, mut kernel) = (CheckerBox::new(), KernelBox::new());
/// assert_eq!(checker.check(&mut kernel), Ok(()));
/// ```
pub struct CheckerBox(Box<[Checker; 1]>);

impl CheckerBox {
    /// One that has seen no kernel yet.
    pub fn new() -> CheckerBox {
        // A boxed slice is copied from where the slice is.
        match Box::<[Checker]>::from(std::slice::from_ref(&NEW)).try_into() {
            Ok(boxed) => CheckerBox(boxed),
            Err(_) => unreachable!("a slice of one has one element"),
        }
    }
}

impl Clone for CheckerBox {
    fn clone(&self) -> Self {
        let mut copy = CheckerBox::new();
        copy.0.copy_from_slice(&*self.0);
        copy
    }
}

impl Default for CheckerBox {
    fn default() -> Self {
        CheckerBox::new()
    }
}

impl Deref for CheckerBox {
    type Target = Checker;

    fn deref(&self) -> &Checker {
        let [checker] = &*self.0;
        checker
    }
}

impl DerefMut for CheckerBox {
    fn deref_mut(&mut self) -> &mut Checker {
        let [checker] = &mut *self.0;
        checker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_is_made_on_a_small_stack() {
        let small = std::thread::Builder::new().stack_size(64 << 10);
        assert_eq!(small.spawn(|| CheckerBox::new().full_checks()).unwrap().join().unwrap(), 0);
    }
}
