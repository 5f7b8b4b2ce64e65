//! The kernel as a value: its tables, and how it is copied, compared and booted.

use abi::{Errno, SignalSet, WaitStatus};

use crate::bug;
use crate::entry::Boot;
use crate::file::console::Console;
use crate::file::description::Files;
use crate::file::pipe::Pipes;
use crate::file::ring::Ring;
use crate::host::Host;
use crate::ids::{CpuNo, ProcessId, ProcessNo, ThreadId, ThreadNo};
use crate::ipc::message::Messages;
use crate::ipc::message_queue::{MessageQueue, MessageQueues};
use crate::ipc::mqueue::message::MqMessages;
use crate::ipc::mqueue::queue::Mqueues;
use crate::ipc::mqueue::user::MqUsers;
use crate::ipc::operation::WaitingOperations;
use crate::ipc::registry::Registry;
use crate::ipc::segment::{Segment, Segments};
use crate::ipc::semaphore::{SemaphoreSet, SemaphoreSets, Semaphores};
use crate::ipc::undo::Undos;
use crate::limits::{CONSOLE_PAGES, CPUS, FRAMES, TICK_US};
use crate::mem::frame::FrameTable;
use crate::mem::object::Objects;
use crate::name::directory::{NameIndex, Names};
use crate::name::inode::{Inode, Inodes};
use crate::process::number::Numbers;
use crate::process::{Process, Processes};
use crate::radix::Nodes;
use crate::sched::cpu::Cpu;
use crate::sched::wait_index::Places;
use crate::signal::action::ActionSets;
use crate::signal::queue::Infos;
use crate::table::Table;
use crate::thread::{Thread, Threads};
use crate::time::left_us;
use crate::time::timer::Timers;
use crate::time::timer_queue::TimerQueue;
use crate::touched::{Noted, Seen, Touch};
use crate::tty::Terminal;

macro_rules! kernel_state {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $empty:expr;)*) => {
        /// The whole state of a kernel. It is plain data: it can be copied, compared, hashed and saved.
        ///
        /// It may be megabytes large when it is built for many processes, so it is made and copied in place:
        /// `clone_from` copies what is live and nothing else.
        #[derive(PartialEq, Eq, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        pub struct Kernel {
            $($(#[$doc])* pub(crate) $field: $type,)*
            /// Who knows what has changed since. No part of the state.
            #[cfg_attr(feature = "serde", serde(skip))]
            pub(crate) seen: Seen,
        }

        impl Kernel {
            /// A kernel before its boot. Constant, so that a static can hold it; and all zeros, so that a large one can be
            /// made where it is to be, without a way over the stack.
            pub const fn new() -> Kernel {
                Kernel { $($field: $empty,)* seen: Seen::NEVER }
            }
        }

        impl Kernel {
            /// As if everything had been changed.
            pub(crate) fn touch_everything(&mut self) {
                $(self.$field.touch_everything();)*
            }

            /// Whether a checker has taken all that was touched.
            pub(crate) fn is_untouched(&self) -> bool {
                $(self.$field.is_untouched() &&)* true
            }
        }

        impl Clone for Kernel {
            fn clone(&self) -> Kernel {
                Kernel { $($field: self.$field.clone(),)* seen: self.seen }
            }

            fn clone_from(&mut self, from: &Kernel) {
                $(self.$field.clone_from(&from.$field);)*
                self.seen = from.seen;
            }
        }

        #[cfg(feature = "serde")]
        impl Kernel {
            /// The names of the fields that are saved, in order.
            pub(crate) const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Loads the fields one by one, in place.
            pub(crate) fn load_fields<'de, A: serde::de::SeqAccess<'de>>(
                &mut self,
                sequence: &mut A,
            ) -> Result<(), A::Error> {
                self.seen = Seen::NEVER;
                $(
                    sequence
                        .next_element_seed(crate::save::InPlace(&mut self.$field))?
                        .ok_or_else(|| serde::de::Error::missing_field(stringify!($field)))?;
                )*
                Ok(())
            }
        }
    };
}

kernel_state! {
    /// Processes, zombies included.
    processes: Processes = Table::new();
    /// Threads.
    threads: Threads = Table::new();
    /// Numbers in use as process, group or session id.
    numbers: Numbers = Numbers::new();
    /// Open file descriptions.
    files: Files = Table::new();
    /// Pipes.
    pipes: Pipes = Table::new();
    /// POSIX message queues.
    mqueues: Mqueues = Table::new();
    /// Their messages.
    mq_messages: MqMessages = Table::new();
    /// Who has some, and what they count as.
    mq_users: MqUsers = MqUsers::new();
    /// Directories, FIFOs and devices.
    inodes: Inodes = Table::new();
    /// The names in all directories.
    names: Names = Table::new();
    /// How names are found.
    name_index: Noted<NameIndex> = Noted::new(NameIndex::EMPTY);
    /// Physical frames.
    frames: FrameTable = FrameTable::new();
    /// Shared memory objects.
    objects: Objects = Table::new();
    /// System V shared memory segments.
    segments: Segments = Registry::new();
    /// The pages of all segments together.
    segment_pages: u32 = 0;
    /// System V message queues.
    queues: MessageQueues = Registry::new();
    /// Messages.
    messages: Messages = Table::new();
    /// Sets of System V semaphores.
    sets: SemaphoreSets = Registry::new();
    /// Semaphores.
    semaphores: Semaphores = Table::new();
    /// What processes undo to semaphores.
    undos: Undos = Table::new();
    /// Operations of those who wait at semaphores.
    operations: WaitingOperations = Table::new();
    /// Who waits for what, in the queues where that isn't all the same.
    places: Places = Table::new();
    /// Nodes of page tables and other radix trees.
    nodes: Nodes = Table::new();
    /// Signal actions.
    actions: ActionSets = Table::new();
    /// Details of pending signals.
    infos: Infos = Table::new();
    /// POSIX timers.
    posix_timers: Timers = Table::new();
    /// What is due.
    timers: Noted<TimerQueue> = Noted::new(TimerQueue::new());
    /// CPUs.
    cpus: [Cpu; CPUS] = [Cpu::NEW; CPUS];
    /// The console.
    console: Noted<Console> = Noted::new(Console::NEW);
    /// The terminal that the console may be.
    tty: Noted<Terminal> = Noted::new(Terminal::ABSENT);
    /// The serial number that was given last.
    last_serial: u32 = 0;
    /// Child subreapers: as long as there are none, nobody has to be searched for them.
    subreapers: u16 = 0;
    /// Whether core images are wanted.
    cores: bool = false;
    /// How PID 1 ended, and the machine with it: a wait status as `wait4` stores it.
    halted: Option<i32> = None;
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel::new()
    }
}

impl Kernel {
    /// Makes PID 1, ready to start its image.
    ///
    /// # Errors
    /// `EBUSY`: the kernel has been booted before. `E2BIG`, `ENOMEM`: as `execve`.
    pub fn boot<H: Host>(&mut self, host: &mut H, boot: &Boot<'_>) -> Result<ThreadId, Errno> {
        if !self.processes.is_empty() || self.halted.is_some() {
            return Err(Errno::EBUSY);
        }
        for cpu in &mut self.cpus {
            cpu.next_tick_us = TICK_US;
        }
        self.console.input = Ring::new(CONSOLE_PAGES);
        let process = self.new_first_process(boot)?;
        if boot.cores {
            self.cores = true;
            self.processes.at_mut(process).limits.lift_core_limit();
        }
        if let Err(errno) = self.start_first_image(host, process, boot) {
            self.discard_first_process(host, process);
            return Err(errno);
        }
        self.plant_tree(process);
        if let Some(window) = boot.terminal {
            self.tty.switch_on(window);
        }
        if boot.console {
            self.open_console(process);
        }
        Ok(self.thread_id(self.processes.at(process).thread))
    }

    /// How many entries of each table are in use: processes, threads, numbers, files, pipes, message queues, inodes, names, frames, objects,
    /// what System V IPC has, nodes, sets of signal actions, queued signals and timers. What a leak counter compares.
    pub fn tables_in_use(&self) -> [(&'static str, usize); 23] {
        [
            ("processes", self.processes.len()),
            ("threads", self.threads.len()),
            ("numbers", self.numbers.table.len()),
            ("files", self.files.len()),
            ("pipes", self.pipes.len()),
            ("POSIX message queues", self.mqueues.len()),
            ("messages in POSIX queues", self.mq_messages.len()),
            ("owners of message queues", self.mq_users.table.len()),
            ("inodes", self.inodes.len()),
            ("names", self.names.len()),
            ("frames", FRAMES - self.frames.free()),
            ("objects", self.objects.len()),
            ("segments", self.segments.table.len()),
            ("message queues", self.queues.table.len()),
            ("messages", self.messages.len()),
            ("semaphore sets", self.sets.table.len()),
            ("semaphores", self.semaphores.len()),
            ("undo entries", self.undos.len()),
            ("waiting operations", self.operations.len()),
            ("nodes", self.nodes.len()),
            ("action sets", self.actions.len()),
            ("queued signals", self.infos.len()),
            ("timers", self.posix_timers.len()),
        ]
    }

    /// How PID 1 ended. Then nothing runs any more.
    pub fn halted(&self) -> Option<WaitStatus> {
        self.halted.map(WaitStatus::from_raw)
    }

    /// Microseconds since boot.
    pub fn now_us(&self) -> u64 {
        self.cpu(CpuNo(0)).now_us
    }

    /// Every process, zombies included, by slot.
    pub fn processes(&self) -> impl Iterator<Item = (ProcessId, &Process)> {
        self.processes.iter().map(|(slot, process)| (ProcessId { slot, serial: process.serial }, process))
    }

    /// The process, if it still exists.
    pub fn process(&self, id: ProcessId) -> Option<&Process> {
        self.processes.get(id.slot).filter(|process| process.serial == id.serial)
    }

    /// The children of a process, zombies included, in their order: that of birth, adopted ones behind.
    pub fn children(&self, parent: ProcessId) -> impl Iterator<Item = ProcessId> {
        let children = self.process(parent).into_iter().flat_map(|parent| parent.children.iter(&self.processes));
        children.map(|slot| self.process_id(slot))
    }

    /// The process with this number, zombies included.
    pub fn process_by_pid(&self, pid: u32) -> Option<ProcessId> {
        self.numbers.process(&self.nodes, pid).map(|slot| self.process_id(slot))
    }

    /// The process group of a process.
    pub fn group_of(&self, process: &Process) -> u32 {
        self.numbers.table.at(process.group).value
    }

    /// The session of a process.
    pub fn session_of(&self, process: &Process) -> u32 {
        self.numbers.table.at(process.session).value
    }

    /// The signals that a process ignores explicitly, and those it catches.
    pub fn ignored_and_caught_by(&self, id: ProcessId) -> (SignalSet, SignalSet) {
        match self.process(id) {
            Some(_) => self.ignored_and_caught(id.slot),
            None => (SignalSet::empty(), SignalSet::empty()),
        }
    }

    /// Every thread, by slot.
    pub fn threads(&self) -> impl Iterator<Item = (ThreadId, &Thread)> {
        self.threads.iter().map(|(slot, thread)| (ThreadId { slot, serial: thread.serial }, thread))
    }

    /// The thread, if it still exists.
    pub fn thread(&self, id: ThreadId) -> Option<&Thread> {
        self.threads.get(id.slot).filter(|thread| thread.serial == id.serial)
    }

    /// The process of a thread, if the thread still exists.
    pub fn process_of(&self, id: ThreadId) -> Option<ProcessId> {
        self.thread(id).map(|thread| self.process_id(thread.process))
    }

    /// The process id of a thread's process, 0 if the thread is gone.
    pub fn pid_of(&self, id: ThreadId) -> u32 {
        self.thread(id).map_or(0, |thread| self.processes.at(thread.process).pid)
    }

    /// Turns this copy into what a behaviour hash covers: ledgers that only checks and figures use are forgotten, and
    /// times become what is left of them. A kernel that is so treated must not run on.
    pub fn forget_accounting(&mut self) {
        let now_us = self.now_us();
        self.make_timers_relative();
        self.processes.for_each_mut(Process::forget_accounting);
        self.threads.for_each_mut(|thread| {
            thread.serial = 0;
            thread.usage = crate::thread::Usage::ZERO;
            thread.timer_us = thread.timer_us.map(|due| left_us(due, now_us));
        });
        self.inodes.for_each_mut(Inode::forget_times);
        self.segments.table.for_each_mut(Segment::forget_accounting);
        self.queues.table.for_each_mut(MessageQueue::forget_accounting);
        self.sets.table.for_each_mut(SemaphoreSet::forget_accounting);
        self.timers.relative_to(now_us);
        self.console.forget_accounting();
        for cpu in &mut self.cpus {
            cpu.next_tick_us = cpu.next_tick_us.saturating_sub(cpu.now_us);
            cpu.now_us = 0;
        }
        self.last_serial = 0;
    }

    #[inline]
    pub(crate) fn cpu(&self, cpu: CpuNo) -> &Cpu {
        match self.cpus.get(cpu.index()) {
            Some(cpu) => cpu,
            None => bug("there is no such CPU"),
        }
    }

    #[inline]
    pub(crate) fn cpu_mut(&mut self, cpu: CpuNo) -> &mut Cpu {
        match self.cpus.get_mut(cpu.index()) {
            Some(cpu) => cpu,
            None => bug("there is no such CPU"),
        }
    }

    #[inline]
    pub(crate) fn thread_id(&self, slot: ThreadNo) -> ThreadId {
        ThreadId { slot, serial: self.threads.at(slot).serial }
    }

    #[inline]
    pub(crate) fn process_id(&self, slot: ProcessNo) -> ProcessId {
        ProcessId { slot, serial: self.processes.at(slot).serial }
    }

    pub(crate) fn resolve_thread(&self, id: ThreadId) -> Option<ThreadNo> {
        self.thread(id).map(|_| id.slot)
    }
}
