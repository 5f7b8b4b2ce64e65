//! Looking inside from outside: what debuggers and views ask for and programs can't see. Nothing here changes anything.

use abi::{ProcessInfo, Signal, SignalSet};

use crate::file::description::Description;
use crate::file::pipe::Pipe;
use crate::ids::{FileNo, FrameNo, MqueueNo, PipeNo, ProcessId, ThreadId};
use crate::ipc::mqueue::queue::Mqueue;
use crate::kernel::Kernel;
use crate::mem::space::PageEntry;
use crate::signal::action::Action;
use crate::tty::Terminal;

impl Kernel {
    /// The terminal, if the console is one.
    pub fn terminal(&self) -> Option<&Terminal> {
        self.tty.present.then_some(&self.tty)
    }

    /// What `ps` sees of a process, if it still exists.
    pub fn process_info(&self, id: ProcessId) -> Option<ProcessInfo> {
        self.process(id).map(|_| self.info(id.slot))
    }

    /// How often a signal is pending for a process and its thread.
    pub fn pending_count(&self, id: ProcessId, signal: Signal) -> usize {
        let Some(process) = self.process(id) else { return 0 };
        let own = self.threads.get(process.thread).map_or(0, |thread| thread.pending.count(&self.infos, signal));
        own + process.pending.count(&self.infos, signal)
    }

    /// What a process does on the signals for which that isn't the default, in ascending order.
    pub fn actions_of(&self, id: ProcessId) -> impl Iterator<Item = (Signal, Action)> + '_ {
        let set = self.process(id).and_then(|process| process.actions);
        let all = SignalSet::all()
            .signals()
            .map(move |signal| (signal, set.map_or(Action::DEFAULT, |set| self.actions.at(set).get(signal))));
        all.filter(|(_, action)| *action != Action::DEFAULT)
    }

    /// The open file description in a slot.
    pub fn file(&self, file: FileNo) -> Option<&Description> {
        self.files.get(file)
    }

    /// The pipe in a slot.
    pub fn pipe(&self, pipe: PipeNo) -> Option<&Pipe> {
        self.pipes.get(pipe)
    }

    /// Every pipe, by slot.
    pub fn pipes(&self) -> impl Iterator<Item = (PipeNo, &Pipe)> {
        self.pipes.iter()
    }

    /// The POSIX message queue in a slot.
    pub fn mqueue(&self, queue: MqueueNo) -> Option<&Mqueue> {
        self.mqueues.get(queue)
    }

    /// The pages of a process that are present, in ascending order, with their entries of the page table.
    pub fn pages(&self, id: ProcessId) -> impl Iterator<Item = (u64, PageEntry)> {
        let table = self.process(id).map(|process| &process.space.table);
        table.into_iter().flat_map(|table| table.iter(&self.nodes)).map(|(page, entry)| (page, PageEntry(entry)))
    }

    /// The entry of the page table for the page that an address of a thread lies in; an empty one if nothing is there.
    pub fn page_entry(&self, thread: ThreadId, address: u64) -> PageEntry {
        match self.thread(thread) {
            Some(thread) => self.processes.at(thread.process).space.entry(&self.nodes, address),
            None => PageEntry(0),
        }
    }

    /// How many page table entries, shared objects and buffers refer to a frame; none if it is free.
    pub fn frame_references(&self, frame: FrameNo) -> u32 {
        self.frames.references(frame)
    }
}
