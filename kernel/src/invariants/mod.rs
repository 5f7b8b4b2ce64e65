//! What must always hold, by name.

use crate::kernel::Kernel;

/// An invariant that doesn't hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's name.
    pub name: &'static str,
}

impl core::fmt::Display for Violation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

impl Kernel {
    /// Checks every invariant.
    pub fn check(&self) -> Result<(), Violation> {
        Ok(())
    }
}
