//! What happens when the kernel itself is wrong. Not a panic: the freestanding build has none, and the simulator turns it
//! into a report with the record that reproduces it.

use spin::Mutex;

// Not a `Once`, which panics when it was poisoned.
static HOOK: Mutex<Option<fn(&'static str) -> !>> = Mutex::new(None);

/// Sets what is called when the kernel finds a bug in itself. Only the first setting counts.
pub fn set_bug_hook(hook: fn(&'static str) -> !) {
    HOOK.lock().get_or_insert(hook);
}

/// The kernel is wrong: `what` is a sentence about what didn't hold. Without a hook the CPU stands still.
#[cold]
#[inline(never)]
pub fn bug(what: &'static str) -> ! {
    let hook = *HOOK.lock();
    if let Some(hook) = hook {
        hook(what)
    }
    loop {
        core::hint::spin_loop();
    }
}
