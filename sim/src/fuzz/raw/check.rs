//! What is checked after every step.

use kernel::Kernel;
use kernel::invariants::{Checker, INVARIANTS};

use crate::fuzz::coverage::Coverage;
use crate::fuzz::raw::stage::Checking;

/// Checks a kernel after every step.
pub(super) struct Check {
    how: Checking,
    checker: Box<Checker>,
}

impl Clone for Check {
    fn clone(&self) -> Check {
        Check::new(self.how)
    }
}

impl Check {
    pub(super) fn new(how: Checking) -> Check {
        Check { how, checker: Box::new(Checker::new()) }
    }

    /// Checks what the step since the last look can have broken.
    pub(super) fn look(&mut self, kernel: &mut Kernel, coverage: &mut Coverage) -> Result<(), String> {
        let checked = match self.how {
            Checking::Touched => self.checker.check(kernel),
            Checking::Full => kernel.check(),
            Checking::Nothing => return Ok(()),
        };
        for invariant in 0..INVARIANTS.len() {
            coverage.checked(invariant, 1);
        }
        checked.map_err(|violation| violation.to_string())
    }
}
