//! Invariants about references. That counters are right is in `balance.rs`.

use crate::file::fifo::reserved;
use crate::ids::{ActionsNo, FileNo, FrameNo, ObjectNo, PipeNo, ThreadNo};
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::limits::NUMBERS;
use crate::radix::Visited;
use crate::thread::QueueName;
use crate::time::timer::TimerState;

/// Counts by slot.
pub(super) struct Counts<const N: usize>([u32; N]);

impl<const N: usize> Counts<N> {
    pub(super) fn new() -> Self {
        Counts([0; N])
    }
    pub(super) fn add(&mut self, index: usize) {
        if let Some(count) = self.0.get_mut(index) {
            *count += 1;
        }
    }
    pub(super) fn get(&self, index: usize) -> u32 {
        self.0.get(index).copied().unwrap_or(0)
    }
}

impl Kernel {
    pub(super) fn file_is_referred_to(&self, slot: FileNo) -> Result<(), Broken> {
        holds(self.files.at(slot).references > 0, slot.index())
    }

    pub(super) fn blocked_open_has_a_file(&self, slot: ThreadNo) -> Result<(), Broken> {
        let thread = self.threads.at(slot);
        let opens = matches!(thread.waiter.queue, Some(QueueName::FifoReaders(_) | QueueName::FifoWriters(_)));
        holds(!opens || reserved(thread.progress).is_some_and(|file| self.files.holds(file)), slot.index())
    }

    pub(super) fn pipe_has_an_end(&self, slot: PipeNo) -> Result<(), Broken> {
        let pipe = self.pipes.at(slot);
        holds(pipe.readers + pipe.writers > 0, slot.index())
    }

    pub(super) fn frame_is_referred_to(&self, slot: FrameNo) -> Result<(), Broken> {
        holds(self.frames.references(slot) > 0, slot.index())
    }

    pub(super) fn object_is_kept(&self, slot: ObjectNo) -> Result<(), Broken> {
        let object = self.objects.at(slot);
        let mut reached = true;
        object.pages.visit(&self.nodes, |part| {
            if let Visited::Value(page, _) = part {
                reached &= object.reaches(page);
            }
        });
        holds(reached, slot.index())?;
        let kept = object.segment.and_then(|segment| self.segments.table.get(segment));
        holds(object.segment.is_some() == kept.is_some(), slot.index())?;
        let used = object.mappings > 0 || object.named || kept.is_some_and(|segment| !segment.removed);
        holds(used, slot.index())
    }

    pub(super) fn actions_are_referred_to(&self, slot: ActionsNo) -> Result<(), Broken> {
        holds(self.actions.at(slot).references() > 0, slot.index())
    }

    pub(super) fn queued_signals_are_right(&self) -> Result<(), Broken> {
        let mut queued = 0;
        let threads = self.threads.iter().map(|(slot, thread)| (slot.index(), thread.pending));
        let processes = self.processes.iter().map(|(slot, process)| (slot.index(), process.pending));
        for (slot, pending) in threads.chain(processes) {
            for info in pending.iter(&self.infos) {
                queued += 1;
                holds(pending.set().has(info.signal), slot)?;
            }
        }
        let kept = self.posix_timers.iter().filter(|(_, timer)| timer.info.is_some());
        queued += kept.filter(|(_, timer)| timer.state != TimerState::Pending).count();
        holds(queued == self.infos.len(), 0)
    }

    pub(super) fn numbers_are_right(&self) -> Result<(), Broken> {
        let mut sessions = Counts::<NUMBERS>::new();
        for (slot, process) in self.processes.iter() {
            let own = self.numbers.table.get(process.number).ok_or(slot.index())?;
            holds(own.value == process.pid && own.process == Some(slot), slot.index())?;
            let group = self.numbers.table.get(process.group).ok_or(slot.index())?;
            holds(group.session == Some(process.session), slot.index())?;
            holds(self.numbers.table.holds(process.session), slot.index())?;
            sessions.add(process.session.index());
        }
        let mut members = 0;
        for (slot, number) in self.numbers.table.iter() {
            holds(self.numbers.find(&self.nodes, number.value) == Some(slot), slot.index())?;
            for member in number.members.iter(&self.processes) {
                members += 1;
                holds(self.processes.at(member).group == slot, slot.index())?;
            }
            holds(u32::from(number.session_members) == sessions.get(slot.index()), slot.index())?;
            let used = number.process.is_some() || !number.members.is_empty() || number.session_members > 0;
            holds(number.foreground == (self.tty.foreground == Some(slot)), slot.index())?;
            holds(used || number.foreground, slot.index())?;
            holds(number.session.is_some() != number.members.is_empty(), slot.index())?;
        }
        holds(members == self.processes.len(), 0)
    }
}
