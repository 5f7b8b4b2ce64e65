//! What happens when the kernel finds a bug in itself: a panic of the simulator, which names what didn't hold.

/// Makes the kernel's own assertions panic here.
pub(crate) fn install() {
    kernel::set_bug_hook(|what| panic!("bug in the kernel: {what}"));
}
