//! The console: the machine's one device for people. Fed from something that isn't a terminal it is a plain byte stream
//! with an end.

use abi::{Errno, Fd, OpenFlags};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::{Description, Open};
use crate::file::descriptor::Descriptor;
use crate::file::pipe::Request;
use crate::file::ring::Ring;
use crate::host::{Event, Host};
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::limits::{CONSOLE_PAGES, PIPE_PAGES_MAX};
use crate::sched::wait_queue::WaitQueue;
use crate::thread::{QueueName, WaitsFor};

const _: () = assert!(CONSOLE_PAGES <= PIPE_PAGES_MAX, "VITRINE_CONSOLE_PAGES is above VITRINE_PIPE_PAGES_MAX");

/// The console.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Console {
    /// What came in and wasn't read yet.
    pub input: Ring,
    /// No more comes in.
    pub ended: bool,
    /// Who waits for input.
    pub waiting_readers: WaitQueue,
    /// Bytes that went out since boot.
    pub written: u64,
}

impl Clone for Console {
    fn clone(&self) -> Self {
        Console { input: self.input.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        self.input.clone_from(&from.input);
        (self.ended, self.written) = (from.ended, from.written);
        self.waiting_readers = from.waiting_readers;
    }
}

impl Console {
    pub(crate) const NEW: Console =
        Console { input: Ring::new(0), ended: false, waiting_readers: WaitQueue::EMPTY, written: 0 };

    pub(crate) fn forget_accounting(&mut self) {
        self.written = 0;
    }
}

impl Kernel {
    /// Whether someone waits for input while there is none and more may come. A terminal takes input at any time.
    #[inline]
    pub fn wants_input(&self) -> bool {
        !self.tty.present
            && !self.console.waiting_readers.is_empty()
            && self.console.input.is_empty()
            && !self.console.ended
    }

    /// Bytes of input that wait to be read.
    pub fn unread_input(&self) -> usize {
        if self.tty.present { self.tty.input.len() } else { self.console.input.len() }
    }

    /// Frames that hold input which wasn't read yet. What was typed at a terminal needs none.
    pub fn unread_input_frames(&self) -> usize {
        self.console.input.frames().count()
    }

    /// Takes bytes in from the console, as many as there is room for; how many.
    pub fn input<H: Host>(&mut self, host: &mut H, bytes: &[u8]) -> usize {
        if self.tty.present {
            return self.type_bytes(host, bytes);
        }
        let mut done = 0;
        while let Some(rest) = bytes.get(done..)
            && !rest.is_empty()
            && self.console.input.room() > 0
        {
            let Ok((frame, offset, room)) = self.console.input.tail_piece(&mut self.frames, host) else { break };
            let size = rest.len().min(room);
            if let (Some(to), Some(from)) = (host.frame_mut(frame).get_mut(offset..offset + size), rest.get(..size)) {
                to.copy_from_slice(from);
            }
            self.console.input.pushed(size);
            done += size;
        }
        self.settle_console(host);
        done
    }

    /// No more input comes: readers see the end of the file. Of a terminal: it is hung up.
    pub fn input_end<H: Host>(&mut self, host: &mut H) {
        if self.tty.present {
            return self.hang_up_terminal(host);
        }
        self.console.ended = true;
        self.settle_console(host);
    }

    pub(crate) fn read_console<H: Host>(&mut self, cx: &mut Cx<'_, H>, request: Request) -> Outcome {
        if self.console.input.is_empty() {
            return match (self.console.ended, request.nonblocking) {
                (true, _) => Ok(Flow::Done(0)),
                (false, true) => Err(Errno::EAGAIN),
                (false, false) => Ok(Flow::Wait(WaitsFor::ConsoleInput)),
            };
        }
        let mut done = 0;
        while done < request.count
            && let Some((from, from_offset, there)) = self.console.input.head_piece()
            && there > 0
        {
            let at = request.address.wrapping_add(done as u64);
            match self.user_page(cx.host, cx.process, at, true) {
                Ok((to, to_offset)) => {
                    let bytes = there.min(request.count - done).min(abi::PAGE_SIZE - to_offset);
                    cx.host.copy_bytes((from, from_offset), (to, to_offset), bytes);
                    self.console.input.popped(&mut self.frames, cx.host, bytes);
                    done += bytes;
                }
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        self.settle_console(cx.host);
        Ok(Flow::Done(done as i64))
    }

    pub(crate) fn write_console<H: Host>(&mut self, cx: &mut Cx<'_, H>, stream: u8, request: Request) -> Outcome {
        let mut done = 0;
        let mut piece = [0; 512];
        while done < request.count {
            let at = request.address.wrapping_add(done as u64);
            let (frame, offset) = match self.user_page(cx.host, cx.process, at, false) {
                Ok(found) => found,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            };
            let size = (request.count - done).min(abi::PAGE_SIZE - offset).min(piece.len());
            let Some(bytes) = piece.get_mut(..size) else { break };
            let from = cx.host.frame(frame).get(offset..).unwrap_or_default();
            for (to, from) in bytes.iter_mut().zip(from) {
                *to = *from;
            }
            cx.host.event(Event::ConsoleOutput { stream, bytes });
            done += size;
        }
        self.console.written += done as u64;
        Ok(Flow::Done(done as i64))
    }

    pub(crate) fn settle_console<H: Host>(&mut self, host: &mut H) {
        let readable = if self.tty.present { self.tty.is_readable() } else { !self.console.input.is_empty() };
        if readable || self.console.ended {
            self.wake_first(host, QueueName::Console);
        }
    }

    /// Opens descriptors 0, 1 and 2 of the first process onto the console.
    pub(crate) fn open_console(&mut self, process: ProcessNo) {
        let inode = self.console_inode();
        for (fd, stream) in [(0, 1), (1, 1), (2, 2)] {
            let open = Open::Console { stream };
            let description = Description { open, inode, position: 0, flags: OpenFlags::O_RDWR, references: 1 };
            if let Ok(file) = self.files.insert(description) {
                if let Some(inode) = inode {
                    self.inodes.at_mut(inode).references += 1;
                }
                let descriptor = Descriptor { file, close_on_exec: false };
                self.processes.at_mut(process).descriptors.set(Fd(fd), descriptor);
            }
        }
    }
}
