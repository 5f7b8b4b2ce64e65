//! FIFOs, or named pipes (`fifo(7)`): a pipe that is found by its name. Read `pipe.rs` first: once it is open, a FIFO is a
//! pipe like any other. It has one from the first `open` to the last `close`, so a FIFO that nobody has open keeps no data.
//!
//! `open` for reading waits until somebody opens it for writing, and the other way round; each counts as a reader or a
//! writer from the moment at which it begins to wait, as on Linux. Whoever comes to one side completes all who wait on the
//! other, there and then: their descriptors are made for them. So it doesn't matter that the one who came may be gone again
//! before they run.

use abi::{Errno, Fd, OpenFlags, Syscall};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::file::descriptor::Descriptor;
use crate::file::pipe::Pipe;
use crate::host::Host;
use crate::ids::{FileNo, InodeNo, PipeNo, ProcessNo, ThreadNo};
use crate::kernel::Kernel;
use crate::limits::DESCRIPTORS;
use crate::name::inode::{Inodes, Kind};
use crate::planted::planted;
use crate::sched::wait_queue::WaitQueue;
use crate::table::Entry;
use crate::thread::{Next, QueueName, WaitsFor};

/// What an inode that is a FIFO holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fifo {
    /// Its pipe, as long as somebody has it open, or waits in `open`.
    pub pipe: Option<PipeNo>,
    /// Who waits in `open` for a writer.
    pub opening_readers: WaitQueue,
    /// Who waits in `open` for a reader.
    pub opening_writers: WaitQueue,
}

impl Fifo {
    /// Nobody has it open.
    pub const CLOSED: Fifo = Fifo { pipe: None, opening_readers: WaitQueue::EMPTY, opening_writers: WaitQueue::EMPTY };
}

/// The FIFO that an inode is known to be.
pub(crate) fn fifo_in(inodes: &mut Inodes, inode: InodeNo) -> &mut Fifo {
    match &mut inodes.at_mut(inode).kind {
        Kind::Fifo(fifo) => fifo,
        _ => crate::bug("an inode that is used as a FIFO is none"),
    }
}

impl Kernel {
    pub(crate) fn fifo(&self, inode: InodeNo) -> &Fifo {
        match &self.inodes.at(inode).kind {
            Kind::Fifo(fifo) => fifo,
            _ => crate::bug("an inode that is used as a FIFO is none"),
        }
    }

    pub(crate) fn fifo_mut(&mut self, inode: InodeNo) -> &mut Fifo {
        fifo_in(&mut self.inodes, inode)
    }

    /// Opens a FIFO. Room for a description has been checked.
    pub(crate) fn open_fifo<H: Host>(&mut self, cx: &mut Cx<'_, H>, inode: InodeNo, flags: OpenFlags) -> Outcome {
        let (reads, writes) = (flags.readable(), flags.writable());
        if !reads && !writes {
            return Err(Errno::EINVAL);
        }
        let nonblocking = flags.contains(OpenFlags::O_NONBLOCK);
        let pipe = self.fifo_mut(inode).pipe;
        let nobody_reads = pipe.is_none_or(|pipe| self.pipes.at(pipe).readers == 0);
        if nonblocking && !reads && nobody_reads {
            return Err(Errno::ENXIO);
        }
        let pipe = match pipe {
            Some(pipe) => pipe,
            None => {
                let new = Pipe { fifo: Some(inode), ..Pipe::VACANT };
                let pipe = self.pipes.insert(new).map_err(|_| Errno::ENFILE)?;
                self.fifo_mut(inode).pipe = Some(pipe);
                pipe
            }
        };
        let entry = self.pipes.at_mut(pipe);
        entry.readers += u32::from(reads);
        entry.writers += u32::from(writes);
        let (readers, writers) = (entry.readers, entry.writers);
        let file = self.describe(Open::Pipe(pipe), inode, flags);
        if reads {
            self.complete_all(cx.host, QueueName::FifoWriters(inode));
        }
        if writes {
            self.complete_all(cx.host, QueueName::FifoReaders(inode));
        }
        let waits_for = match (reads, writes) {
            (true, false) if writers == 0 && !nonblocking && !planted!(FifoOpensAtOnce) => WaitsFor::FifoWriter(inode),
            (false, true) if readers == 0 => WaitsFor::FifoReader(inode),
            _ => return Ok(Flow::Done(self.install(cx.process, file, flags).0.into())),
        };
        self.threads.at_mut(cx.thread).progress = reserve(file);
        Ok(Flow::Wait(waits_for))
    }

    /// What an `open` waits for that is tried again without having been completed, because of a signal.
    pub(crate) fn still_waits_in_open(&self, thread: ThreadNo) -> Option<WaitsFor> {
        match self.threads.at(thread).waiter.queue {
            Some(QueueName::FifoReaders(fifo)) => Some(WaitsFor::FifoWriter(fifo)),
            Some(QueueName::FifoWriters(fifo)) => Some(WaitsFor::FifoReader(fifo)),
            _ => None,
        }
    }

    /// Completes every `open` that waits in a queue, in order.
    fn complete_all<H: Host>(&mut self, host: &mut H, name: QueueName) {
        while let Some(thread) = self.queue_mut(name).0.first() {
            self.step_out(thread);
            let entry = self.threads.at(thread);
            let (process, call, file) = (entry.process, entry.call, reserved(entry.progress));
            let (Some(call @ Syscall::Openat { flags, .. }), Some(file)) = (call, file) else {
                crate::bug("a thread that waits for the other end of a FIFO isn't in open")
            };
            let fd = self.install(process, file, flags);
            self.finish(host, thread, &call, Next::Return(fd.0.into()), Ok(fd.0.into()));
            self.wake(host, thread);
        }
    }

    /// A thread leaves its blocked `open` without having been completed: what was reserved is given back. The caller settles
    /// the FIFO.
    pub(crate) fn withdraw_open(&mut self, thread: ThreadNo) {
        let progress = core::mem::take(&mut self.threads.at_mut(thread).progress);
        let Some(description) = reserved(progress).and_then(|file| self.files.remove(file)) else { return };
        let (Open::Pipe(pipe), Some(inode)) = (description.open, description.inode) else { return };
        self.leave_pipe(pipe, description.flags);
        self.inodes.at_mut(inode).references -= 1;
    }

    /// Somebody has left a blocked `open` of a FIFO.
    pub(crate) fn settle_fifo<H: Host>(&mut self, host: &mut H, inode: InodeNo) {
        if let Some(pipe) = self.fifo_mut(inode).pipe {
            self.settle_or_free_pipe(host, pipe);
        }
        self.free_inode_if_unused(inode);
    }

    /// Makes a description of something that has a name. Room for it has been checked.
    pub(crate) fn describe(&mut self, open: Open, inode: InodeNo, flags: OpenFlags) -> FileNo {
        let flags = flags - NOT_KEPT;
        let description = Description { open, inode: Some(inode), position: 0, flags, references: 1 };
        let Ok(file) = self.files.insert(description) else { crate::bug("no slot for a file that was counted") };
        if !planted!(OpenNotCounted) {
            self.inodes.at_mut(inode).references += 1;
        }
        file
    }

    /// Lets the lowest free number of a process stand for a description. That there is one has been checked, when the
    /// process began to open it; the limit may have been lowered since.
    pub(crate) fn install(&mut self, process: ProcessNo, file: FileNo, flags: OpenFlags) -> Fd {
        let descriptors = &mut self.processes.at_mut(process).descriptors;
        let Some(fd) = descriptors.lowest_free(0, DESCRIPTORS) else { crate::bug("no descriptor of those counted") };
        descriptors.set(fd, Descriptor { file, close_on_exec: flags.contains(OpenFlags::O_CLOEXEC) });
        fd
    }
}

/// The flags of `open` that a description doesn't keep.
const NOT_KEPT: OpenFlags = OpenFlags::O_CREAT
    .union(OpenFlags::O_EXCL)
    .union(OpenFlags::O_NOCTTY)
    .union(OpenFlags::O_TRUNC)
    .union(OpenFlags::O_CLOEXEC);

/// A thread's `progress` in `open` says which description it has reserved; 0: none.
fn reserve(file: FileNo) -> u64 {
    u64::from(file.0) + 1
}

/// What `reserve` was given.
pub(crate) fn reserved(progress: u64) -> Option<FileNo> {
    progress.checked_sub(1).map(|file| FileNo(file as u16))
}
