//! The invariants after every step, at a cost that depends on what the step touched.
//!
//! Tables note which slots may have changed (`touched.rs`). A checker that has seen the state before looks at those, and at
//! those that refer to them (`Near`). Where a look at everything is needed it is made only if one of the aspects has changed
//! that it depends on. What is counted is corrected by what the touched slots add now and added before (`balance.rs`).
//!
//! | question | file |
//! | --- | --- |
//! | from what was touched to what has to be looked at | `follow.rs` |
//! | what is remembered of slots | `views.rs` |
//! | what was added up | `ledger.rs` |
//! | does it find whatever is damaged? | `damage.rs`, `tests.rs` |

#[cfg(test)]
mod damage;
mod follow;
mod ledger;
#[cfg(test)]
mod tests;
mod views;

use crate::bug;
use crate::ids::{NameNo, ProcessNo};
use crate::invariants::checker::ledger::{Ledger, Remembered};
use crate::invariants::checker::views::{CpuView, FifoView, InodeView, LooseView, Owner, ProcessView, ThreadView};
use crate::invariants::part::Near;
use crate::invariants::{Violation, part};
use crate::kernel::Kernel;
use crate::limits::{FRAMES, INODES, NAMES, NODES, OBJECTS, PIPES, PROCESSES, THREADS};
use crate::touched::Seen;

/// Checks the invariants after every step of a kernel.
///
/// It finds whatever [`Kernel::check`] would find, given that the state was sound when it looked last. It may be given any
/// kernel at any time: if that isn't the one that it saw last, or a copy of it that has gone on, it looks at everything.
///
/// It is a large value: some 150 kilobytes with the default limits.
#[derive(Clone, Copy)]
pub struct Checker {
    /// The hash of what it remembers, as it was when it found everything sound; 0 if it remembers nothing.
    view: u64,
    ledger: Ledger,
    processes: Remembered<Option<ProcessView>, PROCESSES>,
    threads: Remembered<Option<ThreadView>, THREADS>,
    inodes: Remembered<Option<InodeView>, INODES>,
    fifos: Remembered<FifoView, PIPES>,
    /// The first name of each bucket of the index, and how many buckets there are.
    buckets: Remembered<Option<NameNo>, NAMES>,
    bucket_count: usize,
    cpu: Option<CpuView>,
    loose: Option<LooseView>,
    owners: Remembered<Owner, NODES>,
    /// Who may write a frame that is said to be its own.
    holders: Remembered<Option<ProcessNo>, FRAMES>,
    /// How a page table, or an object's pages, are made of nodes: a hash.
    space_shapes: Remembered<u64, PROCESSES>,
    object_shapes: Remembered<u64, OBJECTS>,
    number_shape: u64,
    full_checks: u64,
}

impl Checker {
    /// One that has seen no kernel yet.
    pub const fn new() -> Checker {
        Checker {
            view: 0,
            ledger: Ledger::NOTHING,
            processes: Remembered::new(None),
            threads: Remembered::new(None),
            inodes: Remembered::new(None),
            fifos: Remembered::new(None),
            buckets: Remembered::new(None),
            bucket_count: 0,
            cpu: None,
            loose: None,
            owners: Remembered::new(Owner::Nobody),
            holders: Remembered::new(None),
            space_shapes: Remembered::new(0),
            object_shapes: Remembered::new(0),
            number_shape: 0,
            full_checks: 0,
        }
    }

    /// Forgets what it has seen: the next check looks at everything.
    pub fn reset(&mut self) {
        self.view = 0;
    }

    /// How often it has looked at everything.
    pub fn full_checks(&self) -> u64 {
        self.full_checks
    }

    /// Checks what can have been broken since the last check. The kernel's state isn't changed, only its notes of what was
    /// touched.
    ///
    /// # Errors
    /// The first invariant that doesn't hold.
    pub fn check(&mut self, kernel: &mut Kernel) -> Result<(), Violation> {
        let follows = self.follows(kernel);
        kernel.seen = Seen::NEVER;
        if !follows || !self.is_still_sound(kernel) {
            self.check_everything(kernel)?;
        }
        self.view = self.ledger.hash;
        kernel.seen = Seen(self.view);
        Ok(())
    }

    /// Whether what was touched in this kernel is all by which it differs from what is remembered.
    pub(crate) fn follows(&self, kernel: &Kernel) -> bool {
        self.view != 0 && self.view == kernel.seen.0
    }

    /// Looks at what was touched. If something seems wrong there, a look at everything says what.
    fn is_still_sound(&mut self, kernel: &mut Kernel) -> bool {
        let mut near = Near::NOTHING;
        let changed = self.follow(kernel, &mut near);
        // Parts may rely on what is referred to being there.
        let mut parts = part::ALL.iter().filter(|(when, _)| when.intersects(changed));
        self.ledger.sum == 0 && parts.all(|(_, part)| part.check_near(kernel, changed, &near).is_ok())
    }

    fn check_everything(&mut self, kernel: &mut Kernel) -> Result<(), Violation> {
        self.view = 0;
        self.full_checks += 1;
        kernel.check()?;
        self.ledger.forget();
        self.processes.forget(None);
        self.threads.forget(None);
        self.inodes.forget(None);
        self.fifos.forget(None);
        self.buckets.forget(None);
        self.bucket_count = 0;
        (self.cpu, self.loose) = (None, None);
        self.owners.forget(Owner::Nobody);
        self.holders.forget(None);
        self.space_shapes.forget(0);
        self.object_shapes.forget(0);
        self.number_shape = 0;
        kernel.touch_everything();
        let mut near = Near::NOTHING;
        self.follow(kernel, &mut near);
        if !kernel.is_untouched() {
            bug("a checker doesn't follow every table");
        }
        Ok(())
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}
