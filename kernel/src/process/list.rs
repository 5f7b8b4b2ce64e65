//! The list of processes, for `ps`.

use abi::{Layout, Length, OutArray, ProcessInfo, SignalSet};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::thread::ThreadState;

impl Kernel {
    /// Writes as many processes as fit, in ascending order of their ids; returns how many there are.
    pub(crate) fn sys_processes<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        list: OutArray<ProcessInfo>,
        count: Length,
    ) -> Outcome {
        let mut above = 0;
        let mut written = 0;
        while written < count.0
            && let Some((pid, process)) = self.next_process(above)
        {
            let info = self.info(process);
            let address = list.address.saturating_add(written * ProcessInfo::SIZE as u64);
            self.put(cx.host, cx.process, address, &info)?;
            above = pid;
            written += 1;
        }
        Ok(Flow::Done(self.processes.len() as i64))
    }

    fn next_process(&self, above: u32) -> Option<(u32, ProcessNo)> {
        let processes = self.processes.iter().map(|(slot, process)| (process.pid, slot));
        processes.filter(|(pid, _)| *pid > above).min()
    }

    pub(crate) fn info(&self, slot: ProcessNo) -> ProcessInfo {
        let process = self.processes.at(slot);
        let thread = self.threads.get(process.thread);
        let usage = self.usage_of(slot);
        let (ignored, caught) = self.ignored_and_caught(slot);
        let state = match (process.is_zombie(), process.stopped, thread.map(|thread| thread.state)) {
            (true, ..) => 'Z',
            (_, true, _) => 'T',
            (_, _, Some(ThreadState::Blocked(_))) => 'S',
            _ => 'R',
        };
        let value = |number| self.numbers.table.at(number).value as i32;
        ProcessInfo {
            pid: process.pid as i32,
            ppid: process.parent.map_or(0, |parent| self.processes.at(parent).pid as i32),
            pgid: value(process.group),
            sid: value(process.session),
            uid: process.credentials.real_uid,
            state: state.into(),
            utime_us: usage.utime_us,
            stime_us: usage.stime_us,
            resident_pages: process.space.table.len() as u32,
            open_fds: process.descriptors.len() as u32,
            pending: thread.map_or(SignalSet::empty(), |thread| thread.pending.set()),
            shared_pending: process.pending.set(),
            blocked: thread.map_or(SignalSet::empty(), |thread| thread.blocked),
            ignored,
            caught,
            name: process.name_bytes,
        }
    }
}
