//! Pipes (`pipe(7)`): a ring of pages between those who may write and those who may read.
//!
//! As on Linux (`fs/pipe.c`), a write begins a new page, but for what is beyond whole pages of it: that goes behind the bytes
//! in the last page if it fits there. So writes of up to `PIPE_BUF` bytes, a page, go in whole, and larger ones as there are
//! pages. A pipe is full when it has no page left. A read takes what is there. Waiters are served first come, first
//! served.

use abi::{Errno, OpenFlags, Out, PAGE_SIZE, PIPE_BUF};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::file::descriptor::Descriptor;
use crate::file::ring::Ring;
use crate::host::Host;
use crate::ids::{InodeNo, PipeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{PIPE_PAGES, PIPES, words};
use crate::planted::planted;
use crate::sched::wait_queue::WaitQueue;
use crate::table::{Entry, Table};
use crate::thread::{QueueName, WaitsFor};

// What goes in whole is what fits into a page.
const _: () = assert!(PIPE_BUF == PAGE_SIZE);

/// The pipes.
pub type Pipes = Table<PipeNo, Pipe, PIPES, { words(PIPES) }>;

/// One pipe.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pipe {
    /// What was written and not yet read.
    pub ring: Ring,
    /// The FIFO that it belongs to, if it has a name.
    pub fifo: Option<InodeNo>,
    /// Descriptions that may read.
    pub readers: u32,
    /// Descriptions that may write.
    pub writers: u32,
    /// Who waits for data.
    pub waiting_readers: WaitQueue,
    /// Who waits for room.
    pub waiting_writers: WaitQueue,
}

impl Clone for Pipe {
    fn clone(&self) -> Self {
        Pipe { ring: self.ring.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        self.ring.clone_from(&from.ring);
        (self.fifo, self.readers, self.writers) = (from.fifo, from.readers, from.writers);
        (self.waiting_readers, self.waiting_writers) = (from.waiting_readers, from.waiting_writers);
    }
}

impl Entry for Pipe {
    const VACANT: Pipe = Pipe {
        ring: Ring::new(PIPE_PAGES),
        fifo: None,
        readers: 0,
        writers: 0,
        waiting_readers: WaitQueue::EMPTY,
        waiting_writers: WaitQueue::EMPTY,
    };
}

/// How large a request is, and whether it may wait.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) address: u64,
    pub(crate) count: usize,
    pub(crate) nonblocking: bool,
}

impl Kernel {
    pub(crate) fn sys_pipe2<H: Host>(&mut self, cx: &mut Cx<'_, H>, fds: Out<[i32; 2]>, flags: OpenFlags) -> Outcome {
        if !(OpenFlags::O_CLOEXEC | OpenFlags::O_NONBLOCK).contains(flags) {
            return Err(Errno::EINVAL);
        }
        let limit = self.descriptor_limit(cx.process);
        let descriptors = &self.processes.at(cx.process).descriptors;
        let read = descriptors.lowest_free(0, limit).ok_or(Errno::EMFILE)?;
        let write = descriptors.lowest_free(read.0 as usize + 1, limit).ok_or(Errno::EMFILE)?;
        if self.files.room() < 2 || self.pipes.room() == 0 {
            return Err(Errno::ENFILE);
        }
        self.put(cx.host, cx.process, fds.address, &[read.0, write.0])?;
        let Ok(pipe) = self.pipes.insert(Pipe { readers: 1, writers: 1, ..Pipe::VACANT }) else {
            return Err(Errno::ENFILE);
        };
        let status = flags & OpenFlags::O_NONBLOCK;
        let close_on_exec = flags.contains(OpenFlags::O_CLOEXEC);
        for (fd, mode) in [(read, OpenFlags::empty()), (write, OpenFlags::O_WRONLY)] {
            let open = Open::Pipe(pipe);
            let description = Description { open, inode: None, position: 0, flags: status | mode, references: 1 };
            let Ok(file) = self.files.insert(description) else { crate::bug("no slot for a file that was counted") };
            self.processes.at_mut(cx.process).descriptors.set(fd, Descriptor { file, close_on_exec });
        }
        Ok(Flow::Done(0))
    }

    pub(crate) fn read_pipe<H: Host>(&mut self, cx: &mut Cx<'_, H>, pipe: PipeNo, request: Request) -> Outcome {
        let entry = self.pipes.at(pipe);
        if entry.ring.is_empty() {
            // A signal that ends the waiting comes before what has become of the description meanwhile, as on Linux. Not so
            // for a write there.
            let has_waited = self.threads.at(cx.thread).waiter.queue == Some(QueueName::PipeReaders(pipe));
            let may_wait = !request.nonblocking || has_waited && self.has_deliverable(cx.thread);
            return match (entry.writers, may_wait) {
                (0, _) => Ok(Flow::Done(0)),
                (_, false) => Err(Errno::EAGAIN),
                (_, true) => Ok(Flow::Wait(WaitsFor::PipeData(pipe))),
            };
        }
        let count = request.count.min(entry.ring.len());
        let done = self.drain_pipe(cx.host, cx.process, pipe, request.address, count);
        self.settle_pipe(cx.host, pipe);
        done.map(|bytes| Flow::Done(bytes as i64))
    }

    /// What a write has done before is in the thread's `progress`.
    pub(crate) fn write_pipe<H: Host>(&mut self, cx: &mut Cx<'_, H>, pipe: PipeNo, request: Request) -> Outcome {
        let before = self.threads.at(cx.thread).progress as usize;
        let left = request.count.saturating_sub(before);
        let entry = self.pipes.at(pipe);
        if entry.readers == 0 {
            if !planted!(NoBrokenPipe) {
                self.send_sigpipe(cx.host, cx.thread);
            }
            return if before > 0 { Ok(Flow::Done(before as i64)) } else { Err(Errno::EPIPE) };
        }
        // Only a call that hasn't waited looks at the last page.
        let has_waited = self.threads.at(cx.thread).waiter.queue == Some(QueueName::PipeWriters(pipe));
        let mut first = if has_waited { 0 } else { left % PAGE_SIZE };
        if planted!(AtomicWriteSplit) {
            first = entry.ring.last_page().map_or(0, |(_, _, room)| room.min(left));
        }
        let moved = match self.fill_pipe(cx.host, cx.process, pipe, (request.address + before as u64, left), first) {
            Ok(moved) => moved,
            Err(_) if before > 0 => return Ok(Flow::Done(before as i64)),
            Err(errno) => return Err(errno),
        };
        self.settle_pipe(cx.host, pipe);
        let done = before + moved;
        // There would be pages: a bad address or no frames, after some bytes.
        if done == request.count || !self.pipes.at(pipe).ring.is_full() {
            return Ok(Flow::Done(done as i64));
        }
        if request.nonblocking {
            return if done > 0 { Ok(Flow::Done(done as i64)) } else { Err(Errno::EAGAIN) };
        }
        self.threads.at_mut(cx.thread).progress = done as u64;
        if moved > 0 {
            // Some progress: the others have their turn first.
            self.requeue_last(cx.thread);
        }
        Ok(Flow::Wait(WaitsFor::PipeRoom(pipe)))
    }

    /// Moves bytes of user memory (an address, and how many) into a pipe while it has pages; how many, if any. The `first` ones go
    /// into the last page if they fit there.
    ///
    /// They go in by pieces of a page, each whole or not at all, as on Linux: so what is no larger than `PIPE_BUF` is never
    /// cut by a bad address either.
    fn fill_pipe<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        pipe: PipeNo,
        (address, count): (u64, usize),
        first: usize,
    ) -> Result<usize, Errno> {
        let mut done = 0;
        if first > 0 && self.pipes.at(pipe).ring.fits_last_page(first) {
            self.fill_piece(host, process, pipe, (address, first), false)?;
            done = first;
        }
        while done < count && !self.pipes.at(pipe).ring.is_full() {
            let at = address.wrapping_add(done as u64);
            let piece = (count - done).min(PAGE_SIZE);
            match self.fill_piece(host, process, pipe, (at, piece), true) {
                Ok(()) => done += piece,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Moves at most a page of bytes in, where they fit, or fails and moves none: into a new page or the last one.
    fn fill_piece<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        pipe: PipeNo,
        (address, count): (u64, usize),
        new_page: bool,
    ) -> Result<(), Errno> {
        // Both pages are there before a page of the pipe is taken: making one takes a frame.
        let in_first = count.min(PAGE_SIZE - address as usize % PAGE_SIZE);
        let first = self.user_page(host, process, address, false)?;
        let second = match count > in_first {
            true => Some(self.user_page(host, process, address.wrapping_add(in_first as u64), false)?),
            false => None,
        };
        let ring = &mut self.pipes.at_mut(pipe).ring;
        if new_page {
            ring.begin_page(&mut self.frames, host)?;
        }
        ring.append(host, first, in_first);
        if let Some(second) = second {
            ring.append(host, second, count - in_first);
        }
        Ok(())
    }

    /// Moves bytes from a pipe that has so many to user memory; how many, if any. Those that lie in one page of the pipe
    /// go out together or not at all, as on Linux.
    fn drain_pipe<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        pipe: PipeNo,
        address: u64,
        count: usize,
    ) -> Result<usize, Errno> {
        let mut done = 0;
        while done < count
            && let Some((_, _, there)) = self.pipes.at(pipe).ring.head_piece()
        {
            let at = address.wrapping_add(done as u64);
            let piece = there.min(count - done);
            match self.drain_piece(host, process, pipe, at, piece) {
                Ok(()) => done += piece,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Moves bytes out that lie in one page of the pipe, or fails and moves none.
    fn drain_piece<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        pipe: PipeNo,
        address: u64,
        count: usize,
    ) -> Result<(), Errno> {
        self.check_piece(host, process, address, count)?;
        let mut done = 0;
        while done < count {
            let (to, to_offset) = self.user_page(host, process, address.wrapping_add(done as u64), true)?;
            let ring = &mut self.pipes.at_mut(pipe).ring;
            let Some((from, from_offset, there)) = ring.head_piece() else { break };
            let bytes = there.min(count - done).min(PAGE_SIZE - to_offset);
            host.copy_bytes((from, from_offset), (to, to_offset), bytes);
            ring.popped(&mut self.frames, host, bytes);
            done += bytes;
        }
        Ok(())
    }

    /// Makes at most a page of user memory writable if it lies in two; if in one, the copying itself does it.
    fn check_piece<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        address: u64,
        count: usize,
    ) -> Result<(), Errno> {
        let in_first = PAGE_SIZE - address as usize % PAGE_SIZE;
        if count > in_first {
            self.user_page(host, process, address, true)?;
            self.user_page(host, process, address.wrapping_add(in_first as u64), true)?;
        }
        Ok(())
    }

    /// Wakes the first reader and the first writer if they can go on.
    pub(crate) fn settle_pipe<H: Host>(&mut self, host: &mut H, pipe: PipeNo) {
        let Some(entry) = self.pipes.get(pipe) else { return };
        if entry.waiting_readers.is_empty() && entry.waiting_writers.is_empty() {
            return;
        }
        let (reader, writer) = (entry.waiting_readers.first(), entry.waiting_writers.first());
        if let Some(reader) = reader.filter(|_| self.pipe_is_readable(pipe)) {
            self.wake(host, reader);
        }
        if let Some(writer) = writer.filter(|_| self.pipe_is_writable(pipe) && !planted!(WriterNotWoken)) {
            self.wake(host, writer);
        }
    }

    /// Whether a read would not wait.
    pub(crate) fn pipe_is_readable(&self, pipe: PipeNo) -> bool {
        let entry = self.pipes.at(pipe);
        !entry.ring.is_empty() || entry.writers == 0
    }

    /// Whether a writer that waits could move a byte, or would learn that nobody reads any more.
    pub(crate) fn pipe_is_writable(&self, pipe: PipeNo) -> bool {
        let entry = self.pipes.at(pipe);
        entry.readers == 0 || !entry.ring.is_full()
    }

    /// A description of the pipe is gone; the last one takes the pipe along.
    pub(crate) fn close_pipe_end<H: Host>(&mut self, host: &mut H, pipe: PipeNo, flags: OpenFlags) {
        self.leave_pipe(pipe, flags);
        self.settle_or_free_pipe(host, pipe);
    }

    /// One fewer may read or write.
    pub(crate) fn leave_pipe(&mut self, pipe: PipeNo, flags: OpenFlags) {
        let entry = self.pipes.at_mut(pipe);
        entry.readers -= u32::from(flags.readable()).min(entry.readers);
        entry.writers -= u32::from(flags.writable()).min(entry.writers);
    }

    /// Wakes who can go on, or frees a pipe that nobody has open any more; what is in it is lost.
    pub(crate) fn settle_or_free_pipe<H: Host>(&mut self, host: &mut H, pipe: PipeNo) {
        let entry = self.pipes.at(pipe);
        if entry.readers + entry.writers > 0 {
            if !planted!(EndWakesNobody) {
                self.settle_pipe(host, pipe);
            }
            return;
        }
        if let Some(mut gone) = self.pipes.remove(pipe) {
            gone.ring.clear(&mut self.frames, host);
            if let Some(fifo) = gone.fifo {
                self.fifo_mut(fifo).pipe = None;
            }
        }
    }
}
