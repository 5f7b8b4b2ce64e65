//! Invariants about reference counts: each equals the references.

use crate::file::description::Open;
use crate::file::fifo::reserved;
use crate::ids::FrameNo;
use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::limits::{ACTION_SETS, FILES, FRAMES, NUMBERS, OBJECTS, PIPES};
use crate::mem::region::Backing;
use crate::mem::space::PageEntry;
use crate::name::inode::Kind;
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
    fn sum(&self) -> u32 {
        self.0.iter().sum()
    }
}

impl Kernel {
    pub(super) fn file_references_are_right(&self) -> Result<(), Broken> {
        let mut counts = Counts::<FILES>::new();
        for (slot, process) in self.processes.iter() {
            for (_, descriptor) in process.descriptors.iter() {
                holds(self.files.holds(descriptor.file), slot.index())?;
                counts.add(descriptor.file.index());
            }
        }
        for (slot, thread) in self.threads.iter() {
            if let Some(QueueName::FifoReaders(_) | QueueName::FifoWriters(_)) = thread.waiter.queue {
                let file = reserved(thread.progress).ok_or(slot.index())?;
                holds(self.files.holds(file), slot.index())?;
                counts.add(file.index());
            }
        }
        for (slot, file) in self.files.iter() {
            holds(file.references > 0 && file.references == counts.get(slot.index()), slot.index())?;
        }
        Ok(())
    }

    pub(super) fn pipe_ends_are_right(&self) -> Result<(), Broken> {
        let (mut readers, mut writers) = (Counts::<PIPES>::new(), Counts::<PIPES>::new());
        for (slot, file) in self.files.iter() {
            let Open::Pipe(pipe) = file.open else { continue };
            holds(self.pipes.holds(pipe), slot.index())?;
            if file.flags.readable() {
                readers.add(pipe.index());
            }
            if file.flags.writable() {
                writers.add(pipe.index());
            }
        }
        for (slot, pipe) in self.pipes.iter() {
            let right = pipe.readers == readers.get(slot.index()) && pipe.writers == writers.get(slot.index());
            holds(right && pipe.readers + pipe.writers > 0, slot.index())?;
        }
        Ok(())
    }

    pub(super) fn frame_references_are_right(&self) -> Result<(), Broken> {
        let mut counts = Counts::<FRAMES>::new();
        for (_, process) in self.processes.iter() {
            for (_, value) in process.space.table.iter(&self.nodes) {
                if let Some(frame) = PageEntry(value).frame() {
                    counts.add(frame.index());
                }
            }
        }
        for (_, object) in self.objects.iter() {
            for (_, value) in object.pages.iter(&self.nodes) {
                counts.add(FrameNo((value - 1) as u16).index());
            }
        }
        for (_, pipe) in self.pipes.iter() {
            pipe.ring.frames().for_each(|frame| counts.add(frame.index()));
        }
        for (_, message) in self.mq_messages.iter() {
            message.frames().for_each(|frame| counts.add(frame.index()));
        }
        for (_, message) in self.messages.iter() {
            message.frames.iter().flatten().for_each(|frame| counts.add(frame.index()));
        }
        self.console.input.frames().for_each(|frame| counts.add(frame.index()));
        let mut used = 0;
        for (frame, references) in self.frames.iter() {
            used += references;
            holds(references > 0 && references == counts.get(frame.index()), frame.index())?;
        }
        holds(used == counts.sum(), 0)
    }

    pub(super) fn object_mappings_are_right(&self) -> Result<(), Broken> {
        let mut counts = Counts::<OBJECTS>::new();
        for (slot, process) in self.processes.iter() {
            for region in process.space.regions.iter() {
                if let Backing::Shared { object, .. } = region.backing {
                    holds(self.objects.holds(object), slot.index())?;
                    counts.add(object.index());
                }
            }
        }
        let mut named = Counts::<OBJECTS>::new();
        for (slot, inode) in self.inodes.iter() {
            if let Kind::Memory(object) = inode.kind {
                holds(self.objects.holds(object), slot.index())?;
                named.add(object.index());
            }
        }
        for (slot, object) in self.objects.iter() {
            holds(u32::from(object.named) == named.get(slot.index()), slot.index())?;
            holds(object.pages.iter(&self.nodes).all(|(page, _)| object.reaches(page)), slot.index())?;
            let kept = object.segment.and_then(|segment| self.segments.table.get(segment));
            holds(object.segment.is_some() == kept.is_some(), slot.index())?;
            let used = object.mappings > 0 || object.named || kept.is_some_and(|segment| !segment.removed);
            holds(used && object.mappings == counts.get(slot.index()), slot.index())?;
        }
        Ok(())
    }

    pub(super) fn action_references_are_right(&self) -> Result<(), Broken> {
        let mut counts = Counts::<ACTION_SETS>::new();
        for (slot, process) in self.processes.iter() {
            if let Some(set) = process.actions {
                holds(self.actions.holds(set), slot.index())?;
                counts.add(set.index());
            }
        }
        for (slot, set) in self.actions.iter() {
            holds(set.references() > 0 && set.references() == counts.get(slot.index()), slot.index())?;
        }
        Ok(())
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

    pub(super) fn nodes_are_right(&self) -> Result<(), Broken> {
        let spaces: usize = self.processes.iter().map(|(_, process)| process.space.table.nodes()).sum();
        let objects: usize = self.objects.iter().map(|(_, object)| object.pages.nodes()).sum();
        let sets: usize = self.sets.table.iter().map(|(_, set)| set.semaphores.nodes()).sum();
        let keys = self.segments.nodes() + self.queues.nodes() + self.sets.nodes() + sets;
        holds(self.nodes.len() == spaces + objects + self.numbers.nodes() + keys, 0)
    }
}
