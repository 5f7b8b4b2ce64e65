//! The yardstick beside a rate: what a system call costs that does nothing.

use std::time::Instant;

use abi::Syscall;
use kernel::Trap;

use crate::fuzz::raw::stage::{CPU, Checking, Stage};

/// Nanoseconds that PID 1 takes for `getpid`, trap and resume, on this host now. 0 if no kernel can be booted.
pub fn null_syscall_ns() -> f64 {
    const CALLS: u32 = 2_000_000;
    let Ok(mut stage) = Stage::new(false, Checking::Nothing) else { return 0.0 };
    let began = Instant::now();
    for _ in 0..CALLS {
        stage.kernel.trap(&mut stage.host, CPU, Trap::Call(Syscall::Getpid {}));
        std::hint::black_box(stage.kernel.resume(&mut stage.host, CPU));
    }
    began.elapsed().as_nanos() as f64 / f64::from(CALLS)
}
