//! From what was touched to what has to be looked at; on the way what is remembered is brought up to date.
//!
//! A new table of the kernel's state has to be taken here: as an aspect, or weighed if counters are kept in it.

use crate::ids::{CpuNo, FrameNo, NameNo, NodeNo, ObjectNo, ProcessNo, ThreadNo};
use crate::invariants::balance::{Pages, Weight};
use crate::invariants::checker::Checker;
use crate::invariants::checker::ledger::Remembered;
use crate::invariants::checker::views::{InodeView, LooseView, Owner, ProcessView, ThreadView, hash_of};
use crate::invariants::part::{Aspects, Near};
use crate::kernel::Kernel;
use crate::limits::{FRAMES, NAMES, NODES, words};
use crate::name::directory::NameIndex;
use crate::radix::Visited;
use crate::table::Slot;
use crate::thread::QueueName;
use crate::touched::Touched;

/// Weighs the touched slots of tables, and notes them as near.
macro_rules! weigh {
    ($checker:ident, $kernel:ident, $changed:ident: $(
        $weights:ident, $($table:ident).+, $weigh:ident, $aspect:expr, |$touched:ident| $note:block;
    )*) => {$(
        let $touched = $kernel.$($table).+.touched.take();
        if !$touched.is_empty() {
            $changed |= $aspect;
            for index in $touched.iter() {
                let (slot, mut weight) = (Slot::at_index(index), Weight(0));
                if $kernel.$($table).+.holds(slot) {
                    $kernel.$weigh(slot, &mut weight);
                }
                let before = $checker.ledger.weights.$weights.replace(index, weight.0).unwrap_or(0);
                $checker.ledger.reweigh(before, weight.0);
            }
            $note
        }
    )*};
}

/// Takes the touched slots of tables of which it is enough to know that something has changed.
macro_rules! take {
    ($kernel:ident, $changed:ident: $($($table:ident).+ => $aspect:ident;)*) => {$(
        if !$kernel.$($table).+.touched.take().is_empty() {
            $changed |= Aspects::$aspect;
        }
    )*};
}

impl Checker {
    /// Takes what was touched.
    pub(super) fn follow(&mut self, kernel: &mut Kernel, near: &mut Near) -> Aspects {
        let mut changed = Aspects::TIME;
        self.follow_threads(kernel, near, &mut changed);
        self.follow_processes(kernel, near, &mut changed);
        self.follow_cpu(kernel, near, &mut changed);
        weigh! { self, kernel, changed:
            files, files, weigh_file, Aspects::FILES, |touched| { near.files.add(&touched) };
            pipes, pipes, weigh_pipe, Aspects::empty(), |touched| { near.pipes.add(&touched) };
            names, names, weigh_name, Aspects::NAMES, |touched| { near.note_names(kernel, &touched) };
            inodes, inodes, weigh_inode, Aspects::empty(), |touched| { near.inodes.add(&touched) };
            mqueues, mqueues, weigh_mqueue, Aspects::MQUEUES, |touched| { near.mqueues.add(&touched) };
            mq_users, mq_users.table, weigh_mq_user, Aspects::MQ_USERS, |touched| {};
            mq_messages, mq_messages, weigh_mq_message, Aspects::MQ_MESSAGES, |touched| {};
            frames, frames.frames, weigh_frame, Aspects::empty(), |touched| { near.frames.add(&touched) };
            actions, actions, weigh_actions, Aspects::empty(), |touched| { near.actions.add(&touched) };
            messages, messages, weigh_message, Aspects::MESSAGES, |touched| {};
            queues, queues.table, weigh_queue, Aspects::QUEUES, |touched| { near.queues.add(&touched) };
            sets, sets.table, weigh_set, Aspects::SETS, |touched| { near.sets.add(&touched) };
            semaphores, semaphores, weigh_semaphore, Aspects::SEMAPHORES, |touched| { near.semaphores.add(&touched) };
        }
        take! { kernel, changed:
            numbers.table => NUMBERS;
            segments.table => SEGMENTS;
            undos => UNDOS;
            operations => OPERATIONS;
            places => PLACES;
            infos => INFOS;
            posix_timers => POSIX_TIMERS;
        }
        self.follow_pipes(kernel, near, &mut changed);
        self.follow_name_index(kernel, near, &mut changed);
        self.follow_devices(kernel, &mut changed);
        self.follow_trees(kernel, near, &mut changed);
        changed | near.settle(kernel)
    }

    fn follow_threads(&mut self, kernel: &mut Kernel, near: &mut Near, changed: &mut Aspects) {
        let touched = kernel.threads.touched.take();
        near.threads.add(&touched);
        for index in touched.iter() {
            let (slot, mut weight) = (ThreadNo::from_index(index), Weight(0));
            let after = kernel.threads.get(slot).map(ThreadView::of);
            if after.is_some() {
                kernel.weigh_thread(slot, &mut weight);
            }
            let weighed = self.ledger.weights.threads.replace(index, weight.0).unwrap_or(0);
            self.ledger.reweigh(weighed, weight.0);
            let Some(remembered) = self.threads.at_mut(index) else { continue };
            if *remembered != after {
                self.ledger.mix(hash_of(&(index, after)));
                *changed |= ThreadView::differences(remembered.as_ref(), after.as_ref());
                if let Some(before) = remembered {
                    *changed |= near.note_thread(before);
                }
                *remembered = after;
            }
            if let Some(after) = &after {
                *changed |= near.note_thread(after);
            }
        }
    }

    fn follow_processes(&mut self, kernel: &mut Kernel, near: &mut Near, changed: &mut Aspects) {
        let touched = kernel.processes.touched.take();
        near.processes.add(&touched);
        for index in touched.iter() {
            let (slot, mut weight) = (ProcessNo::from_index(index), Weight(0));
            let after = kernel.processes.get(slot).map(ProcessView::of);
            if after.is_some() {
                kernel.weigh_process(slot, &mut weight);
            }
            let weighed = self.ledger.weights.processes.replace(index, weight.0).unwrap_or(0);
            if self.ledger.reweigh(weighed, weight.0) {
                *changed |= Aspects::DESCRIPTORS;
            }
            let Some(remembered) = self.processes.at_mut(index) else { continue };
            if *remembered != after {
                self.ledger.mix(hash_of(&(index, &after)));
                let differences = ProcessView::differences(remembered.as_ref(), after.as_ref());
                *changed |= differences;
                if differences.contains(Aspects::KINSHIP) {
                    near.kin.note(index);
                    let parents = [&*remembered, &after].map(|view| view.as_ref().and_then(ProcessView::parent));
                    parents.iter().flatten().for_each(|parent| near.kin.note(parent.index()));
                }
                let space = |view: &Option<ProcessView>| view.as_ref().map(|view| view.space);
                if space(remembered) != space(&after) {
                    near.spaces.note(index);
                }
                if let Some(before) = remembered {
                    near.threads.note(before.thread.index());
                }
                *remembered = after;
            }
            if let Some(after) = remembered {
                near.threads.note(after.thread.index());
            }
        }
    }

    fn follow_cpu(&mut self, kernel: &Kernel, near: &mut Near, changed: &mut Aspects) {
        let cpu = kernel.cpu(CpuNo(0));
        let after = Some((cpu.current, cpu.scheduler));
        let before = core::mem::replace(&mut self.cpu, after);
        if before == after {
            return;
        }
        self.ledger.mix(hash_of(&after));
        *changed |= Aspects::RUN_QUEUE;
        for thread in [before, after].iter().flatten().filter_map(|view| view.0) {
            near.threads.note(thread.index());
            if let Some(view) = self.threads.get(thread.index()).flatten() {
                near.processes.note(view.process.index());
            }
        }
    }

    /// Pipes and inodes refer to each other.
    fn follow_pipes(&mut self, kernel: &Kernel, near: &mut Near, changed: &mut Aspects) {
        let (pipes, inodes) = (near.pipes, near.inodes);
        for index in pipes.iter() {
            let after = kernel.pipes.get(Slot::at_index(index)).and_then(|pipe| pipe.fifo);
            let before = self.fifos.replace(index, after).flatten();
            if before != after {
                self.ledger.mix(hash_of(&(index, after)));
            }
            [before, after].iter().flatten().for_each(|inode| near.inodes.note(inode.index()));
        }
        for index in inodes.iter() {
            let after = kernel.inodes.get(Slot::at_index(index)).map(InodeView::of);
            let before = self.inodes.replace(index, after).flatten();
            if before != after {
                self.ledger.mix(hash_of(&(index, after)));
            }
            if before.map(|view| view.kind) != after.map(|view| view.kind) {
                *changed |= Aspects::INODE_KINDS;
            }
            for view in [before, after].iter().flatten() {
                view.pipe.iter().for_each(|pipe| near.pipes.note(pipe.index()));
                view.parent.iter().for_each(|parent| near.inodes.note(parent.index()));
            }
        }
    }

    /// What the buckets of the index begin with: where that has changed, and in the other halves of buckets that have come or
    /// gone, the first name stands for its bucket.
    fn follow_name_index(&mut self, kernel: &mut Kernel, near: &mut Near, changed: &mut Aspects) {
        if !kernel.name_index.take_touched() {
            return;
        }
        *changed |= Aspects::NAME_INDEX;
        let buckets = &kernel.name_index.buckets;
        let (before, after) = (self.bucket_count, buckets.len());
        for bucket in 0..before.max(after) {
            let head = buckets.get(bucket).copied().flatten();
            if self.buckets.replace(bucket, head) != Some(head) {
                self.ledger.mix((bucket as u64) << 32 | head.map_or(0, |name| u64::from(name.0) + 1));
                head.iter().for_each(|name| near.names.note(name.index()));
            }
        }
        for bucket in before.min(after).max(1)..before.max(after) {
            let head = buckets.get(NameIndex::partner(bucket)).copied().flatten();
            head.iter().for_each(|name| near.names.note(name.index()));
        }
        self.bucket_count = after;
        let mut weight = Weight(0);
        kernel.weigh_name_index(&mut weight);
        let before = core::mem::replace(&mut self.ledger.weights.name_index, weight.0);
        self.ledger.reweigh(before, weight.0);
    }

    fn follow_devices(&mut self, kernel: &mut Kernel, changed: &mut Aspects) {
        if kernel.timers.take_touched() {
            *changed |= Aspects::ALARMS;
        }
        let (console, terminal) = (kernel.console.take_touched(), kernel.tty.take_touched());
        if console {
            *changed |= Aspects::CONSOLE;
        }
        if terminal {
            *changed |= Aspects::TERMINAL;
        }
        if console || terminal {
            let mut weight = Weight(0);
            kernel.weigh_devices(&mut weight);
            let before = core::mem::replace(&mut self.ledger.weights.devices, weight.0);
            self.ledger.reweigh(before, weight.0);
        }
    }

    /// Page tables, the pages of objects, and what other trees there are.
    fn follow_trees(&mut self, kernel: &mut Kernel, near: &mut Near, changed: &mut Aspects) {
        let objects = kernel.objects.touched.take();
        if !objects.is_empty() {
            *changed |= Aspects::OBJECTS;
            near.objects.add(&objects);
        }
        let nodes = kernel.nodes.touched.take();
        for node in nodes.iter() {
            match self.owners.replace(node, Owner::Nobody) {
                Some(Owner::Process(process)) => near.spaces.note(process.index()),
                Some(Owner::Object(object)) => near.objects.note(object.index()),
                Some(Owner::Keys) => *changed |= Aspects::KEY_NODES,
                Some(Owner::Numbers) => *changed |= Aspects::NUMBER_NODES,
                Some(Owner::Nobody) | None => {}
            }
        }
        for process in near.spaces.iter() {
            self.follow_space(kernel, ProcessNo::from_index(process));
        }
        for object in near.objects.iter() {
            self.follow_object(kernel, ObjectNo::from_index(object));
        }
        self.follow_loose(kernel, changed);
        if changed.intersects(Aspects::NUMBER_NODES | Aspects::NUMBER_ROOT) {
            self.follow_numbers(kernel);
        }
        for node in nodes.iter() {
            if kernel.nodes.holds(NodeNo::from_index(node)) && self.owners.get(node) == Some(Owner::Nobody) {
                self.owners.replace(node, Owner::Keys);
                *changed |= Aspects::KEY_NODES;
            }
        }
        for frame in near.frames.iter() {
            if let Some(holder) = self.holders.get(frame).flatten() {
                near.spaces.note(holder.index());
            }
        }
    }

    /// What stands in no table.
    fn follow_loose(&mut self, kernel: &Kernel, changed: &mut Aspects) {
        let loose = Some(LooseView::of(kernel));
        if self.loose == loose {
            return;
        }
        *changed |= LooseView::differences(self.loose.as_ref(), loose.as_ref());
        self.ledger.mix(hash_of(&loose));
        self.loose = loose;
        let mut weight = Weight(0);
        kernel.weigh_loose(&mut weight);
        let before = core::mem::replace(&mut self.ledger.weights.loose, weight.0);
        self.ledger.reweigh(before, weight.0);
    }

    /// Which nodes are those of the tree of numbers. A new one comes with another that was changed, or is the root.
    fn follow_numbers(&mut self, kernel: &Kernel) {
        let mut numbers = Followed::of(Owner::Numbers, &mut self.owners, &mut self.holders);
        kernel.numbers.by_value.visit(&kernel.nodes, |part| {
            if let Visited::Node(node) = part {
                numbers.node(node);
            }
        });
        let shape = numbers.shape;
        if core::mem::replace(&mut self.number_shape, shape) != shape {
            self.ledger.mix(shape);
        }
    }

    fn follow_space(&mut self, kernel: &Kernel, process: ProcessNo) {
        let mut weight = Weight(0);
        let mut pages = Followed::of(Owner::Process(process), &mut self.owners, &mut self.holders);
        if kernel.processes.holds(process) {
            kernel.weigh_space(process, &mut weight, &mut pages);
        }
        let shape = pages.shape;
        let before = self.ledger.weights.spaces.replace(process.index(), weight.0).unwrap_or(0);
        self.ledger.reweigh(before, weight.0);
        if self.space_shapes.replace(process.index(), shape) != Some(shape) {
            self.ledger.mix(shape);
        }
    }

    fn follow_object(&mut self, kernel: &Kernel, object: ObjectNo) {
        let mut weight = Weight(0);
        let mut pages = Followed::of(Owner::Object(object), &mut self.owners, &mut self.holders);
        if kernel.objects.holds(object) {
            kernel.weigh_object(object, &mut weight, &mut pages);
        }
        let shape = pages.shape;
        let before = self.ledger.weights.objects.replace(object.index(), weight.0).unwrap_or(0);
        self.ledger.reweigh(before, weight.0);
        if self.object_shapes.replace(object.index(), shape) != Some(shape) {
            self.ledger.mix(shape);
        }
    }
}

/// Remembers whose nodes and frames it meets.
struct Followed<'a> {
    owner: Owner,
    owners: &'a mut Remembered<Owner, NODES>,
    holders: &'a mut Remembered<Option<ProcessNo>, FRAMES>,
    shape: u64,
}

impl<'a> Followed<'a> {
    fn of(
        owner: Owner,
        owners: &'a mut Remembered<Owner, NODES>,
        holders: &'a mut Remembered<Option<ProcessNo>, FRAMES>,
    ) -> Self {
        Followed { owner, owners, holders, shape: 0 }
    }
}

impl Pages for Followed<'_> {
    fn node(&mut self, node: NodeNo) {
        self.owners.replace(node.index(), self.owner);
        self.shape = (self.shape.rotate_left(5) ^ (u64::from(node.0) + 1)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn alone(&mut self, frame: FrameNo) {
        if let Owner::Process(process) = self.owner {
            self.holders.replace(frame.index(), Some(process));
            self.shape = self.shape.wrapping_add(u64::from(frame.0) << 32 | 1);
        }
    }
}

impl Near {
    /// The directories of touched names.
    fn note_names(&mut self, kernel: &Kernel, touched: &Touched<{ words(NAMES) }>) {
        self.names.add(touched);
        let names = touched.iter().filter_map(|name| kernel.names.get(NameNo::from_index(name)));
        names.for_each(|name| self.inodes.note(name.directory.index()));
    }

    /// What a touched thread belongs to and where it stands, or stood.
    fn note_thread(&mut self, thread: &ThreadView) -> Aspects {
        self.processes.note(thread.process.index());
        let waits = if thread.holds_something() { Aspects::SYSV_WAITERS } else { Aspects::empty() };
        waits | thread.queue.map_or(Aspects::empty(), |queue| self.note_queue(queue))
    }

    /// What has a queue in which a touched thread stands, or stood.
    fn note_queue(&mut self, queue: QueueName) -> Aspects {
        match queue {
            QueueName::PipeReaders(pipe) | QueueName::PipeWriters(pipe) => self.pipes.note(pipe.index()),
            QueueName::MqReceivers(queue) | QueueName::MqSenders(queue) => self.mqueues.note(queue.index()),
            QueueName::FifoReaders(fifo) | QueueName::FifoWriters(fifo) => self.inodes.note(fifo.index()),
            QueueName::Children(process) => self.processes.note(process.index()),
            QueueName::Console | QueueName::TerminalWriters => return Aspects::CONSOLE_WAITERS,
            QueueName::Receivers(queue) | QueueName::Senders(queue) => {
                self.queues.note(queue.index());
                return Aspects::SYSV_WAITERS;
            }
            QueueName::SemaphoreChange(semaphore) | QueueName::SemaphoreZero(semaphore) => {
                self.semaphores.note(semaphore.index());
                return Aspects::SYSV_WAITERS;
            }
            QueueName::SetChange(set) | QueueName::SetZero(set) => {
                self.sets.note(set.index());
                return Aspects::SYSV_WAITERS;
            }
        }
        Aspects::empty()
    }
}
