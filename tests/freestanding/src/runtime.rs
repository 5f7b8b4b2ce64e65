//! What a C library and Rust's standard library do otherwise: the way in and out, memory functions, panics.

use core::arch::{asm, naked_asm};
use core::panic::PanicInfo;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("the freestanding program makes its two system calls on x86-64 Linux");

/// Where the host's kernel starts the program. The stack pointer is aligned as it isn't behind a call.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!("xor ebp, ebp", "and rsp, -16", "call {start}", "ud2", start = sym start)
}

extern "C" fn start() -> ! {
    match crate::run() {
        Ok(()) => exit(0),
        Err(what) => fail(what),
    }
}

unsafe extern "C" {
    /// Defined nowhere: if the linker asks for it, a panic is reachable.
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: there is no such function, so no program has this call in it.
    unsafe { a_panic_is_reachable() }
}

/// Says what went wrong, on the host's standard error, and exits with status 1.
#[cold]
pub(crate) fn fail(what: &str) -> ! {
    for text in ["freestanding: ", what, "\n"] {
        system_call(1, 2, text.as_ptr() as usize, text.len());
    }
    exit(1)
}

fn exit(status: usize) -> ! {
    loop {
        system_call(231, status, 0, 0);
    }
}

/// `write` and `exit_group` of the host; what comes of it doesn't matter to anyone.
fn system_call(number: usize, first: usize, second: usize, third: usize) {
    // SAFETY: neither call changes memory of this program, and the registers that a system call destroys are named.
    unsafe {
        asm!(
            "syscall",
            inout("rax") number => _, in("rdi") first, in("rsi") second, in("rdx") third,
            out("rcx") _, out("r11") _, options(nostack, readonly),
        );
    }
}

// The compiler calls these four by name. The instructions are written out, because the compiler would turn a loop that
// does the same into a call of the very function.

/// `memcpy(3)`.
///
/// # Safety
/// As the manual says: both ranges are valid, and don't overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for both ranges; the direction flag is clear between functions.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") count => _, inout("rdi") to => _, inout("rsi") from => _,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// `memmove(3)`.
///
/// # Safety
/// As the manual says: both ranges are valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= count {
        // SAFETY: the caller vouches for both ranges, and copying upwards doesn't overwrite what is still to be read.
        return unsafe { memcpy(to, from, count) };
    }
    // SAFETY: the caller vouches for both ranges, which aren't empty here; the flag is clear again afterwards.
    unsafe {
        asm!(
            "std", "rep movsb", "cld",
            inout("rcx") count => _,
            inout("rdi") to.wrapping_add(count).wrapping_sub(1) => _,
            inout("rsi") from.wrapping_add(count).wrapping_sub(1) => _,
            options(nostack),
        );
    }
    to
}

/// `memset(3)`.
///
/// # Safety
/// As the manual says: the range is valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for the range; the direction flag is clear between functions.
    unsafe {
        asm!(
            "rep stosb",
            inout("rcx") count => _, inout("rdi") to => _, in("al") byte as u8,
            options(nostack, preserves_flags),
        );
    }
    to
}

/// `memcmp(3)`.
///
/// # Safety
/// As the manual says: both ranges are valid.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
    for index in 0..count {
        // SAFETY: `index` is below `count`, for which the caller vouches in both ranges.
        let (a, b) = unsafe { (one.add(index).read(), other.add(index).read()) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
    }
    0
}

/// What `memcmp` is called where only equality matters.
///
/// # Safety
/// As `memcmp`.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
    // SAFETY: the caller vouches for both ranges.
    unsafe { memcmp(one, other, count) }
}
