//! The invariants after every step.

use crate::invariants::Violation;
use crate::kernel::Kernel;

/// Checks the invariants after every step of a kernel.
pub struct Checker {
    seen: u64,
}

impl Checker {
    /// One that has seen no kernel yet.
    pub const fn new() -> Checker {
        Checker { seen: 0 }
    }

    /// Forgets what it has seen: the next check looks at everything.
    pub fn reset(&mut self) {
        self.seen = 0;
    }

    /// Checks what the steps since the last check can have broken.
    ///
    /// # Errors
    /// An invariant that doesn't hold.
    pub fn check(&mut self, kernel: &mut Kernel) -> Result<(), Violation> {
        kernel.check()
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}
