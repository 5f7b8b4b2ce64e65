//! PID 1: made at boot, from nothing.

use abi::Errno;

use crate::entry::Boot;
use crate::host::Host;
use crate::ids::{ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::process::{Process, process_name};
use crate::table::Entry;
use crate::thread::{Next, Thread, ThreadState};

impl Kernel {
    pub(crate) fn new_first_process(&mut self, boot: &Boot<'_>) -> Result<ProcessNo, Errno> {
        let number = self.numbers.take(&mut self.nodes).ok_or(Errno::EAGAIN)?;
        let serial = self.take_serial();
        let pid = self.numbers.table.at(number).value;
        let name_bytes = process_name(boot.name);
        let mut process =
            Process { serial, pid, number, image: boot.image, name_bytes, has_executed: true, ..Process::VACANT };
        self.numbers.join_session(&mut process, number);
        let slot = self.processes.insert(process).map_err(|_| Errno::EAGAIN)?;
        let thread = self.new_thread(slot, serial, pid).ok_or(Errno::EAGAIN)?;
        self.processes.at_mut(slot).thread = thread;
        self.numbers.table.at_mut(number).process = Some(slot);
        self.numbers.join_group(&mut self.processes, slot, number, number);
        Ok(slot)
    }

    /// Gives the first process its image, and lets it run.
    pub(crate) fn start_first_image<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        boot: &Boot<'_>,
    ) -> Result<(), Errno> {
        let (space, stack_pointer) = self.new_image_space(host, process, boot.image, &boot.argv, &boot.envp)?;
        self.processes.at_mut(process).space = space;
        let thread = self.processes.at(process).thread;
        self.threads.at_mut(thread).next = Next::Start { stack_pointer };
        self.make_ready(thread, crate::sched::policy::Became::New);
        Ok(())
    }

    /// Undoes `new_first_process`.
    pub(crate) fn discard_first_process<H: Host>(&mut self, host: &mut H, process: ProcessNo) {
        let thread = self.processes.at(process).thread;
        self.threads.remove(thread);
        self.numbers.leave_group(&mut self.nodes, &mut self.processes, process);
        self.forget_process(host, process);
    }

    pub(crate) fn take_serial(&mut self) -> u32 {
        self.last_serial = self.last_serial.wrapping_add(1);
        self.last_serial
    }

    /// A thread that isn't in the run queue yet.
    pub(crate) fn new_thread(&mut self, process: ProcessNo, serial: u32, tid: u32) -> Option<ThreadNo> {
        self.threads.insert(Thread { serial, process, tid, state: ThreadState::Stopped, ..Thread::VACANT }).ok()
    }
}
