//! Counting: every reference adds one to what it leads to, every counter takes away what it says, and nothing is left.
//!
//! Each kind of reference to each slot has a coefficient of 64 bits. The sum of all of them, references and counters,
//! is 0 if every counter is right, and practically never if one isn't. It is a sum over slots, so a checker corrects it by
//! what the touched ones add, and needn't know which reference was where.

use crate::file::description::Open;
use crate::file::fifo::reserved;
use crate::ids::{
    ActionsNo, FileNo, FrameNo, InodeNo, MessageNo, MqMessageNo, MqUserNo, MqueueNo, NameNo, NodeNo, ObjectNo, PipeNo,
    ProcessNo, QueueNo, SemaphoreNo, SetNo, ThreadNo,
};
use crate::invariants::Broken;
use crate::ipc::mqueue::user::charge;
use crate::kernel::Kernel;
use crate::limits::PROCESSES;
use crate::mem::space::PageEntry;
use crate::name::inode::Kind as InodeKind;
use crate::name::plant::ROOT;
use crate::radix::Visited;
use crate::sched::wait_queue::WaitQueue;
use crate::thread::QueueName;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Descriptors and blocked opens of a description.
    File,
    /// Descriptions that may read a pipe.
    PipeReader,
    /// Descriptions that may write it.
    PipeWriter,
    /// Children of a process.
    Child,
    /// Processes that are subreapers, all together.
    Subreaper,
    /// Names in a directory.
    Entry,
    /// Buckets and names before it in one that lead to a name.
    Chained,
    /// Names of an inode.
    Link,
    /// What else refers to an inode.
    Inode,
    /// Page table entries, objects and buffers of a frame.
    Frame,
    /// Regions of an object.
    Mapping,
    /// Processes with regions of an object: each once for each object.
    Mapper,
    /// Inodes of an object.
    Memory,
    /// Inodes of a POSIX message queue.
    Mqueue,
    /// POSIX message queues of a user.
    Charge,
    /// What they count as.
    ChargedBytes,
    /// Processes with a set of actions.
    Actions,
    /// Nodes of all trees together.
    Nodes,
    /// Threads in a queue.
    Waiters,
}

impl Kind {
    /// Whether there is something that such a reference could lead to.
    pub(super) fn has_targets(self, kernel: &Kernel) -> bool {
        match self {
            Kind::File => !kernel.files.is_empty(),
            Kind::PipeReader | Kind::PipeWriter => !kernel.pipes.is_empty(),
            Kind::Entry | Kind::Chained => !kernel.names.is_empty(),
            Kind::Link | Kind::Inode => !kernel.inodes.is_empty(),
            Kind::Mapping | Kind::Mapper | Kind::Memory => !kernel.objects.is_empty(),
            Kind::Mqueue => !kernel.mqueues.is_empty(),
            Kind::Charge | Kind::ChargedBytes => !kernel.mq_users.table.is_empty(),
            Kind::Actions => !kernel.actions.is_empty(),
            Kind::Frame | Kind::Nodes | Kind::Waiters | Kind::Child | Kind::Subreaper => !kernel.processes.is_empty(),
        }
    }
}

/// Where references and counters are added up.
pub(super) trait Tally {
    /// So many references more.
    fn add(&mut self, kind: Kind, target: usize, count: i64);

    /// One reference more.
    #[inline]
    fn refer(&mut self, kind: Kind, target: usize) {
        self.add(kind, target, 1);
    }

    /// A counter says that there are so many.
    #[inline]
    fn counted(&mut self, kind: Kind, target: usize, count: impl Into<i64>)
    where
        Self: Sized,
    {
        self.add(kind, target, -count.into());
    }
}

/// The sum of all.
#[derive(Default)]
pub(super) struct Weight(pub(super) u64);

impl Tally for Weight {
    #[inline]
    fn add(&mut self, kind: Kind, target: usize, count: i64) {
        self.0 = self.0.wrapping_add(coefficient(kind, target).wrapping_mul(count as u64));
    }
}

/// The sum of some kinds, for some targets.
struct Portion<'a> {
    kinds: &'a [Kind],
    targets: core::ops::Range<usize>,
    sum: Weight,
}

impl Tally for Portion<'_> {
    fn add(&mut self, kind: Kind, target: usize, count: i64) {
        if self.kinds.contains(&kind) && self.targets.contains(&target) {
            self.sum.add(kind, target, count);
        }
    }
}

/// One more than the highest target, a power of two.
const TARGETS: usize = if PROCESSES > 256 { PROCESSES.next_power_of_two() << 16 } else { 1 << 24 };

#[inline]
fn coefficient(kind: Kind, target: usize) -> u64 {
    let mixed = (kind as u64 * TARGETS as u64 + target as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ mixed >> 32
}

/// A queue as a target.
pub(super) fn queue_target(name: QueueName) -> usize {
    let (kind, slot) = match name {
        QueueName::PipeReaders(pipe) => (0, pipe.0),
        QueueName::PipeWriters(pipe) => (1, pipe.0),
        QueueName::MqReceivers(queue) => (2, queue.0),
        QueueName::MqSenders(queue) => (3, queue.0),
        QueueName::FifoReaders(fifo) => (4, fifo.0),
        QueueName::FifoWriters(fifo) => (5, fifo.0),
        QueueName::Console => (6, 0),
        QueueName::TerminalWriters => (7, 0),
        QueueName::Children(process) => (8, process.0),
        QueueName::Receivers(queue) => (9, queue.0),
        QueueName::Senders(queue) => (10, queue.0),
        QueueName::SemaphoreChange(semaphore) => (11, semaphore.0),
        QueueName::SemaphoreZero(semaphore) => (12, semaphore.0),
        QueueName::SetChange(set) => (13, set.0),
        QueueName::SetZero(set) => (14, set.0),
    };
    kind << 16 | usize::from(slot)
}

/// A process that maps an object as a target.
fn mapper_target(object: ObjectNo, process: ProcessNo) -> usize {
    process.index() << 16 | object.index()
}

/// Who is told what a tree of pages is made of.
pub(super) trait Pages {
    /// A node of it.
    fn node(&mut self, _: NodeNo) {}
    /// A frame that nobody else may refer to.
    fn alone(&mut self, _: FrameNo) {}
}

impl Pages for () {}

impl Kernel {
    /// Whether the counters of these kinds are right.
    pub(super) fn is_balanced(&self, kinds: &[Kind]) -> Result<(), Broken> {
        let sum = |targets| {
            let mut portion = Portion { kinds, targets, sum: Weight(0) };
            self.weigh_all(&mut portion);
            portion.sum.0
        };
        if sum(0..TARGETS) == 0 {
            return Ok(());
        }
        let (mut from, mut size) = (0, TARGETS);
        while size > 1 {
            size /= 2;
            if sum(from..from + size) == 0 {
                from += size;
            }
        }
        Err(from & 0xffff)
    }

    /// Whether all counters are right.
    pub(super) fn is_all_balanced(&self) -> bool {
        let mut weight = Weight(0);
        self.weigh_all(&mut weight);
        weight.0 == 0
    }

    /// Adds everything up.
    pub(super) fn weigh_all(&self, tally: &mut impl Tally) {
        for (slot, _) in self.processes.iter() {
            self.weigh_process(slot, tally);
            self.weigh_space(slot, tally, &mut ());
        }
        self.threads.iter().for_each(|(slot, _)| self.weigh_thread(slot, tally));
        self.files.iter().for_each(|(slot, _)| self.weigh_file(slot, tally));
        self.pipes.iter().for_each(|(slot, _)| self.weigh_pipe(slot, tally));
        self.names.iter().for_each(|(slot, _)| self.weigh_name(slot, tally));
        self.inodes.iter().for_each(|(slot, _)| self.weigh_inode(slot, tally));
        self.mqueues.iter().for_each(|(slot, _)| self.weigh_mqueue(slot, tally));
        self.mq_users.table.iter().for_each(|(slot, _)| self.weigh_mq_user(slot, tally));
        self.mq_messages.iter().for_each(|(slot, _)| self.weigh_mq_message(slot, tally));
        self.objects.iter().for_each(|(slot, _)| self.weigh_object(slot, tally, &mut ()));
        self.frames.frames.iter().for_each(|(slot, _)| self.weigh_frame(slot, tally));
        self.actions.iter().for_each(|(slot, _)| self.weigh_actions(slot, tally));
        self.messages.iter().for_each(|(slot, _)| self.weigh_message(slot, tally));
        self.queues.table.iter().for_each(|(slot, _)| self.weigh_queue(slot, tally));
        self.sets.table.iter().for_each(|(slot, _)| self.weigh_set(slot, tally));
        self.semaphores.iter().for_each(|(slot, _)| self.weigh_semaphore(slot, tally));
        self.weigh_devices(tally);
        self.weigh_name_index(tally);
        self.weigh_loose(tally);
    }

    pub(super) fn weigh_process(&self, slot: ProcessNo, tally: &mut impl Tally) {
        let process = self.processes.at(slot);
        process.descriptors.iter().for_each(|(_, descriptor)| tally.refer(Kind::File, descriptor.file.index()));
        process.working_directory.iter().for_each(|inode| tally.refer(Kind::Inode, inode.index()));
        process.actions.iter().for_each(|set| tally.refer(Kind::Actions, set.index()));
        process.parent.iter().for_each(|parent| tally.refer(Kind::Child, parent.index()));
        if !process.children.is_empty() {
            tally.counted(Kind::Child, slot.index(), process.children.len() as i64);
        }
        if process.subreaper {
            tally.refer(Kind::Subreaper, 0);
        }
        self.weigh_queued(&process.waiting_for_children, QueueName::Children(slot), tally);
    }

    /// What a process maps, and has in its page table.
    pub(super) fn weigh_space(&self, slot: ProcessNo, tally: &mut impl Tally, pages: &mut impl Pages) {
        let space = &self.processes.at(slot).space;
        tally.add(Kind::Nodes, 0, space.table.nodes() as i64);
        for (index, object) in space.regions.objects().enumerate() {
            tally.refer(Kind::Mapping, object.index());
            if space.regions.objects().take(index).all(|before| before != object) {
                tally.refer(Kind::Mapper, mapper_target(object, slot));
            }
        }
        space.table.visit(&self.nodes, |part| match part {
            Visited::Node(node) => pages.node(node),
            Visited::Value(_, value) => {
                let entry = PageEntry(value);
                let Some(frame) = entry.frame() else { return };
                tally.refer(Kind::Frame, frame.index());
                if entry.writable() && !entry.is_shared() {
                    pages.alone(frame);
                }
            }
        });
    }

    pub(super) fn weigh_thread(&self, slot: ThreadNo, tally: &mut impl Tally) {
        let thread = self.threads.at(slot);
        let Some(queue) = thread.waiter.queue else { return };
        tally.refer(Kind::Waiters, queue_target(queue));
        if let QueueName::FifoReaders(_) | QueueName::FifoWriters(_) = queue {
            reserved(thread.progress).iter().for_each(|file| tally.refer(Kind::File, file.index()));
        }
    }

    pub(super) fn weigh_file(&self, slot: FileNo, tally: &mut impl Tally) {
        let file = self.files.at(slot);
        tally.counted(Kind::File, slot.index(), file.references);
        file.inode.iter().for_each(|inode| tally.refer(Kind::Inode, inode.index()));
        if let Open::Pipe(pipe) = file.open {
            tally.add(Kind::PipeReader, pipe.index(), file.flags.readable().into());
            tally.add(Kind::PipeWriter, pipe.index(), file.flags.writable().into());
        }
    }

    pub(super) fn weigh_pipe(&self, slot: PipeNo, tally: &mut impl Tally) {
        let pipe = self.pipes.at(slot);
        tally.counted(Kind::PipeReader, slot.index(), pipe.readers);
        tally.counted(Kind::PipeWriter, slot.index(), pipe.writers);
        pipe.ring.frames().for_each(|frame| tally.refer(Kind::Frame, frame.index()));
        self.weigh_queued(&pipe.waiting_readers, QueueName::PipeReaders(slot), tally);
        self.weigh_queued(&pipe.waiting_writers, QueueName::PipeWriters(slot), tally);
    }

    pub(super) fn weigh_name(&self, slot: NameNo, tally: &mut impl Tally) {
        let name = self.names.at(slot);
        tally.refer(Kind::Link, name.inode.index());
        tally.refer(Kind::Entry, name.directory.index());
        tally.counted(Kind::Chained, slot.index(), 1);
        name.next_in_bucket().iter().for_each(|next| tally.refer(Kind::Chained, next.index()));
    }

    pub(super) fn weigh_inode(&self, slot: InodeNo, tally: &mut impl Tally) {
        let inode = self.inodes.at(slot);
        tally.counted(Kind::Link, slot.index(), inode.links);
        tally.counted(Kind::Inode, slot.index(), inode.references);
        match &inode.kind {
            InodeKind::Directory(directory) if slot == ROOT => {
                tally.add(Kind::Link, slot.index(), 2);
                tally.counted(Kind::Entry, slot.index(), directory.names.len() as i64);
            }
            InodeKind::Directory(directory) => {
                tally.counted(Kind::Entry, slot.index(), directory.names.len() as i64);
                tally.refer(Kind::Inode, directory.parent.index());
                if directory.own_name.is_some() {
                    tally.refer(Kind::Link, slot.index());
                    tally.refer(Kind::Link, directory.parent.index());
                }
            }
            InodeKind::Fifo(fifo) => {
                self.weigh_queued(&fifo.opening_readers, QueueName::FifoReaders(slot), tally);
                self.weigh_queued(&fifo.opening_writers, QueueName::FifoWriters(slot), tally);
            }
            InodeKind::Mqueue(queue) => tally.refer(Kind::Mqueue, queue.index()),
            InodeKind::Memory(object) => tally.refer(Kind::Memory, object.index()),
            InodeKind::Device(_) => {}
        }
    }

    pub(super) fn weigh_mqueue(&self, slot: MqueueNo, tally: &mut impl Tally) {
        let queue = self.mqueues.at(slot);
        tally.counted(Kind::Mqueue, slot.index(), 1);
        tally.refer(Kind::Charge, queue.user.index());
        tally.add(Kind::ChargedBytes, queue.user.index(), charge(queue.max_messages, queue.message_bytes) as i64);
        self.weigh_queued(&queue.waiting_receivers, QueueName::MqReceivers(slot), tally);
        self.weigh_queued(&queue.waiting_senders, QueueName::MqSenders(slot), tally);
    }

    pub(super) fn weigh_mq_user(&self, slot: MqUserNo, tally: &mut impl Tally) {
        let user = self.mq_users.table.at(slot);
        tally.counted(Kind::Charge, slot.index(), user.queues);
        tally.counted(Kind::ChargedBytes, slot.index(), user.bytes as i64);
    }

    pub(super) fn weigh_mq_message(&self, slot: MqMessageNo, tally: &mut impl Tally) {
        self.mq_messages.at(slot).frames().for_each(|frame| tally.refer(Kind::Frame, frame.index()));
    }

    pub(super) fn weigh_object(&self, slot: ObjectNo, tally: &mut impl Tally, pages: &mut impl Pages) {
        let object = self.objects.at(slot);
        tally.counted(Kind::Mapping, slot.index(), object.mappings);
        object.mapped_by.iter().for_each(|process| tally.counted(Kind::Mapper, mapper_target(slot, process), 1));
        tally.counted(Kind::Memory, slot.index(), object.named);
        tally.add(Kind::Nodes, 0, object.pages.nodes() as i64);
        object.pages.visit(&self.nodes, |part| match part {
            Visited::Node(node) => pages.node(node),
            Visited::Value(_, value) => tally.refer(Kind::Frame, FrameNo((value - 1) as u16).index()),
        });
    }

    pub(super) fn weigh_frame(&self, slot: FrameNo, tally: &mut impl Tally) {
        tally.counted(Kind::Frame, slot.index(), self.frames.references(slot));
    }

    pub(super) fn weigh_actions(&self, slot: ActionsNo, tally: &mut impl Tally) {
        tally.counted(Kind::Actions, slot.index(), self.actions.at(slot).references());
    }

    pub(super) fn weigh_message(&self, slot: MessageNo, tally: &mut impl Tally) {
        self.messages.at(slot).frames.iter().flatten().for_each(|frame| tally.refer(Kind::Frame, frame.index()));
    }

    pub(super) fn weigh_queue(&self, slot: QueueNo, tally: &mut impl Tally) {
        let queue = self.queues.table.at(slot);
        self.weigh_queued(&queue.receivers, QueueName::Receivers(slot), tally);
        self.weigh_queued(&queue.senders, QueueName::Senders(slot), tally);
    }

    pub(super) fn weigh_set(&self, slot: SetNo, tally: &mut impl Tally) {
        let set = self.sets.table.at(slot);
        tally.add(Kind::Nodes, 0, set.semaphores.nodes() as i64);
        self.weigh_queued(&set.changers, QueueName::SetChange(slot), tally);
        self.weigh_queued(&set.zero_waiters, QueueName::SetZero(slot), tally);
    }

    pub(super) fn weigh_semaphore(&self, slot: SemaphoreNo, tally: &mut impl Tally) {
        let semaphore = self.semaphores.at(slot);
        self.weigh_queued(&semaphore.changers, QueueName::SemaphoreChange(slot), tally);
        self.weigh_queued(&semaphore.zero_waiters, QueueName::SemaphoreZero(slot), tally);
    }

    /// The console and the terminal.
    pub(super) fn weigh_devices(&self, tally: &mut impl Tally) {
        self.console.input.frames().for_each(|frame| tally.refer(Kind::Frame, frame.index()));
        self.weigh_queued(&self.console.waiting_readers, QueueName::Console, tally);
        self.weigh_queued(&self.tty.waiting_writers, QueueName::TerminalWriters, tally);
    }

    /// By which names the buckets of the index begin.
    pub(super) fn weigh_name_index(&self, tally: &mut impl Tally) {
        self.name_index.heads().for_each(|name| tally.refer(Kind::Chained, name.index()));
    }

    /// The trees that belong to no slot, how many nodes there are, and how many subreapers.
    pub(super) fn weigh_loose(&self, tally: &mut impl Tally) {
        tally.counted(Kind::Subreaper, 0, i64::from(self.subreapers));
        let keys = self.segments.nodes() + self.queues.nodes() + self.sets.nodes() + self.mq_users.nodes();
        tally.add(Kind::Nodes, 0, (self.numbers.nodes() + keys) as i64);
        tally.add(Kind::Nodes, 0, -(self.nodes.len() as i64));
    }

    fn weigh_queued(&self, queue: &WaitQueue, name: QueueName, tally: &mut impl Tally) {
        let length = queue.len() as i64;
        if length != 0 {
            tally.counted(Kind::Waiters, queue_target(name), length);
        }
    }
}
