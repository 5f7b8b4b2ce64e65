//! Signals from outside of the world: what a debugger or a fault injector sends. Nobody inside has sent them.

use abi::{SI_KERNEL, Signal};

use crate::host::Host;
use crate::ids::ProcessId;
use crate::kernel::Kernel;
use crate::signal::queue::Info;

impl Kernel {
    /// Generates a signal for a process, as the kernel itself does (`SI_KERNEL`). It takes effect as any other: PID 1 takes
    /// only what it has a handler for, a blocked one stays pending. To be called between two steps.
    ///
    /// Whether there was such a process, and it was no zombie.
    pub fn inject_signal<H: Host>(&mut self, host: &mut H, process: ProcessId, signal: Signal) -> bool {
        let alive = self.process(process).is_some_and(|entry| !entry.is_zombie());
        if alive {
            self.send_signal(host, process.slot, Info::kernel(signal, SI_KERNEL));
        }
        alive
    }
}
