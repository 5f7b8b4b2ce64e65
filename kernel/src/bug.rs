//! What happens when the kernel itself is wrong. Not a panic: the freestanding build has none, and the simulator turns it
//! into a report with the record that reproduces it.

use spin::Once;

static HOOK: Once<fn(&'static str) -> !> = Once::new();

/// Sets what is called when the kernel finds a bug in itself. Only the first setting counts.
pub fn set_bug_hook(hook: fn(&'static str) -> !) {
    HOOK.call_once(|| hook);
}

/// The kernel is wrong: `what` is a sentence about what didn't hold. Without a hook the CPU stands still.
#[cold]
#[inline(never)]
pub fn bug(what: &'static str) -> ! {
    if let Some(hook) = HOOK.get() {
        hook(what)
    }
    loop {
        core::hint::spin_loop();
    }
}
