//! What is checked after every step.

use kernel::Kernel;
use kernel::invariants::INVARIANTS;

use crate::checker_box::CheckerBox;
use crate::fuzz::coverage::Coverage;
use crate::fuzz::raw::stage::Checking;

/// Counts how often each invariant had something of each kind to look at.
fn count(kernel: &Kernel, coverage: &mut Coverage) {
    for (place, invariant) in INVARIANTS.iter().enumerate() {
        coverage.checked(place, invariant.looks_at_something(kernel).into());
    }
}

/// How often it is counted what invariants have to look at: each so many steps, because it costs more than a step.
pub const COUNT_EVERY: u32 = 64;

/// Checks a kernel after every step.
pub(super) struct Check {
    how: Checking,
    checker: CheckerBox,
    looks: u32,
}

impl Clone for Check {
    fn clone(&self) -> Check {
        Check::new(self.how)
    }

    fn clone_from(&mut self, from: &Check) {
        (self.how, self.looks) = (from.how, 0);
        self.checker.reset();
    }
}

impl Check {
    pub(super) fn new(how: Checking) -> Check {
        Check { how, checker: CheckerBox::new(), looks: 0 }
    }

    /// Checks what the step since the last look can have broken.
    pub(super) fn look(&mut self, kernel: &mut Kernel, coverage: &mut Coverage) -> Result<(), String> {
        let checked = match self.how {
            Checking::Touched => self.checker.check(kernel),
            Checking::Full => kernel.check(),
            Checking::Nothing => return Ok(()),
        };
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(COUNT_EVERY) {
            count(kernel, coverage);
        }
        checked.map_err(|violation| violation.to_string())
    }
}
