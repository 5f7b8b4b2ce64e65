//! Which build of Vitrine a record belongs to.

use std::hash::{Hash, Hasher};

use abi::{FastHasher, Syscall};
use kernel::limits::{ACCESS_US, LIMITS, QUANTUM_TICKS, TICK_US, TRAP_US};
use userland::programs::PROGRAMS;

/// A hash of what a record takes for granted: the version, the kernel's limits and times, the calls and the programs.
///
/// What programs and kernel *do* isn't in it; where that has changed, a replay names the first step that differs.
pub fn fingerprint() -> u64 {
    let mut hasher = FastHasher::default();
    hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
    for limit in LIMITS {
        hasher.write(limit.name.as_bytes());
        limit.value.hash(&mut hasher);
    }
    (TICK_US, QUANTUM_TICKS, TRAP_US, ACCESS_US).hash(&mut hasher);
    for call in Syscall::TABLE {
        hasher.write(call.name.as_bytes());
        call.number.hash(&mut hasher);
    }
    for program in PROGRAMS {
        hasher.write(program.name.as_bytes());
        program.leaf.hash(&mut hasher);
    }
    hasher.finish()
}
