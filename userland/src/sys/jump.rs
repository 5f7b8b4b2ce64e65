//! Jumps out of functions: `setjmp(3) longjmp(3) sigsetjmp(3) siglongjmp(3)`.
//!
//! `setjmp` leaves a mark in simulated memory: where in the history of the process it stands. `longjmp` cuts the history
//! there, and the program is run again up to that place, where `setjmp` returns once more. So local variables have the values
//! that they had at the `setjmp`, simulated memory has those that it has now, and handlers that have begun since are gone.
//!
//! As in C, one can only jump into a function that hasn't returned. What `setjmp` gives stands for its function: keep it
//! in a variable as long as the mark is to be used. When that is dropped, which is at the end of the function at the
//! latest, a jump to the mark ends the process with a message.

use alloc::rc::Rc;

use abi::{MaskHow, SignalSet};

use super::{Never, Sys};
use crate::hart::{JumpMark, Operation};
use crate::statics::{Static, StaticData};

/// What `setjmp` writes to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JumpBuffer;

impl StaticData for JumpBuffer {
    const BYTES: u64 = Operation::JUMP_BUFFER_BYTES;
}

/// That a function that has called `setjmp` hasn't returned, and what `setjmp` returned.
#[derive(Debug)]
#[must_use = "when it is dropped, nobody can jump here any more"]
pub struct JumpPoint {
    /// 0 when it was set; then what `longjmp` was given.
    pub value: i32,
    _frame: Rc<()>,
}

impl Sys {
    /// Remembers this place in `buffer` (`setjmp(3)`). It returns once more for every `longjmp`.
    ///
    /// ```
    /// use userland::{Sys, statics};
    /// use userland::sys::JumpBuffer;
    ///
    /// statics! { BYTES: BUFFER: JumpBuffer; }
    ///
    /// async fn count_to(sys: Sys, end: i32) {
    ///     let point = sys.setjmp(BUFFER).await;
    ///     if point.value < end {
    ///         sys.longjmp(BUFFER, point.value + 1).await;
    ///     }
    /// }
    /// ```
    #[track_caller]
    pub fn setjmp(self, buffer: Static<JumpBuffer>) -> impl Future<Output = JumpPoint> {
        self.here().mark(buffer, None)
    }

    /// The same, and if `save_mask` is true, [`siglongjmp`](Sys::siglongjmp) restores the signal mask of now
    /// (`sigsetjmp(3)`).
    #[track_caller]
    pub fn sigsetjmp(self, buffer: Static<JumpBuffer>, save_mask: bool) -> impl Future<Output = JumpPoint> {
        let sys = self.here();
        async move {
            let mask = match save_mask {
                true => sys.sigprocmask(None).await.ok(),
                false => None,
            };
            sys.mark(buffer, mask).await
        }
    }

    /// Goes back to the place in `buffer`, where `setjmp` returns `value`; 1 if that is 0 (`longjmp(3)`). The signal mask
    /// stays as it is.
    #[track_caller]
    pub fn longjmp(self, buffer: Static<JumpBuffer>, value: i32) -> impl Future<Output = Never> {
        let line = self.caller();
        async move {
            let value = if value == 0 { 1 } else { value };
            let operation = Operation::LongJump { address: buffer.address(), value };
            loop {
                self.hart.trap(move || operation, line).await;
            }
        }
    }

    /// The same; the signal mask becomes what `sigsetjmp` saved, if it did (`siglongjmp(3)`).
    #[track_caller]
    pub fn siglongjmp(self, buffer: Static<JumpBuffer>, value: i32) -> impl Future<Output = Never> {
        let sys = self.here();
        async move {
            let [mut saved, mut mask] = [0; 2].map(|zero: u64| zero.to_le_bytes());
            sys.load_bytes(buffer.address() + Operation::JUMP_SAVED_AT, &mut saved).await;
            if u64::from_le_bytes(saved) != 0 {
                sys.load_bytes(buffer.address() + Operation::JUMP_MASK_AT, &mut mask).await;
                let mask = SignalSet::from_bits_retain(u64::from_le_bytes(mask));
                let _ = sys.sigprocmask(Some((MaskHow::SIG_SETMASK, mask))).await;
            }
            sys.longjmp(buffer, value).await
        }
    }

    #[track_caller]
    fn mark(self, buffer: Static<JumpBuffer>, mask: Option<SignalSet>) -> impl Future<Output = JumpPoint> {
        let operation = Operation::SetJump { address: buffer.address(), mask: mask.map(|mask| mask.bits()) };
        let trap = self.hart.trap(move || operation, self.caller());
        async move {
            let value = trap.await as i32;
            let frame = Rc::new(());
            let hart = self.hart.0;
            let [at, hash] = [self.result_at(0), self.result_at(8)];
            hart.marks.borrow_mut().push(JumpMark { at, hash, frame: Rc::downgrade(&frame) });
            hart.marked.set(true);
            JumpPoint { value, _frame: frame }
        }
    }
}
