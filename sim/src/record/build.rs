//! Which build of Vitrine a record belongs to.

use std::hash::{Hash, Hasher};

use abi::{FastHasher, Syscall};
use userland::programs::PROGRAMS;

/// A hash of what a record takes for granted: the version, the kernel's limits, the calls and the programs.
///
/// What programs and kernel *do* isn't in it; where that has changed, a replay names the first step that differs.
pub fn fingerprint() -> u64 {
    let mut hasher = FastHasher::default();
    let mut text = |text: &str| hasher.write(text.as_bytes());
    text(env!("CARGO_PKG_VERSION"));
    for call in Syscall::TABLE {
        text(call.name);
    }
    for program in PROGRAMS {
        text(program.name);
    }
    for call in Syscall::TABLE {
        call.number.hash(&mut hasher);
    }
    hasher.finish()
}
