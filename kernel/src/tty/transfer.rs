//! Bytes in and out: from the host to the line discipline, from there to a reader, and from a writer to the host.

use abi::{Errno, LocalModes, Signal};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::pipe::Request;
use crate::host::{Event, Host};
use crate::kernel::Kernel;
use crate::thread::{QueueName, WaitsFor};
use crate::tty::output::Screen;
use crate::tty::receive::Received;

/// Bytes that are collected before they go to the host.
const PIECE: usize = 512;

/// The console's reader outside, to whom bytes go in pieces.
pub(crate) struct Outside<'a, H: Host> {
    host: &'a mut H,
    stream: u8,
    bytes: heapless::Vec<u8, PIECE>,
    written: &'a mut u64,
}

impl<H: Host> Outside<'_, H> {
    /// Everything so far goes out.
    pub(crate) fn flush(&mut self) {
        if !self.bytes.is_empty() {
            *self.written += self.bytes.len() as u64;
            self.host.event(Event::ConsoleOutput { stream: self.stream, bytes: &self.bytes });
            self.bytes.clear();
        }
    }
}

impl<H: Host> Screen for Outside<'_, H> {
    fn put(&mut self, bytes: &[u8]) {
        if self.bytes.extend_from_slice(bytes).is_err() {
            self.flush();
            let _ = self.bytes.extend_from_slice(bytes);
        }
    }

    fn put_each(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.bytes.is_full() {
                self.flush();
            }
            let room = (PIECE - self.bytes.len()).min(rest.len());
            let Some((now, later)) = rest.split_at_checked(room) else { return };
            let _ = self.bytes.extend_from_slice(now);
            rest = later;
        }
    }
}

impl Kernel {
    /// Bytes are typed; how many were taken. The others are to be kept back until something has been read.
    pub(crate) fn type_bytes<H: Host>(&mut self, host: &mut H, bytes: &[u8]) -> usize {
        let mut taken = 0;
        for &byte in bytes {
            if self.console.ended || !self.tty.input.takes_more(self.tty.is_canonical()) {
                break;
            }
            taken += 1;
            let was_waiting = self.tty.output_waits();
            let received = self.on_screen(host, |tty, screen| tty.receive(byte, screen));
            if let Received::Signal { signal, byte } = received {
                self.type_signal(host, signal, byte);
            }
            if was_waiting && !self.tty.output_waits() {
                self.wake_first(host, QueueName::TerminalWriters);
            }
        }
        self.settle_console(host);
        taken
    }

    /// INTR, QUIT or SUSP: the foreground group gets its signal, and what was typed before is forgotten.
    fn type_signal<H: Host>(&mut self, host: &mut H, signal: Signal, byte: u8) {
        if let Some(group) = self.tty.foreground {
            self.signal_group(host, group, signal);
        }
        if !self.tty.local(LocalModes::NOFLSH) {
            self.tty.flush_input();
        }
        self.tty.stopped = false;
        if self.tty.local(LocalModes::ECHO) {
            self.on_screen(host, |tty, screen| tty.echo(byte, screen));
        }
    }

    /// Something of the terminal that is seen on the screen.
    fn on_screen<H: Host, T>(
        &mut self,
        host: &mut H,
        act: impl FnOnce(&mut super::Terminal, &mut Outside<'_, H>) -> T,
    ) -> T {
        let mut outside = Outside { host, stream: 1, bytes: heapless::Vec::new(), written: &mut self.console.written };
        let result = act(&mut self.tty, &mut outside);
        outside.flush();
        result
    }

    pub(crate) fn read_terminal<H: Host>(&mut self, cx: &mut Cx<'_, H>, request: Request) -> Outcome {
        if self.console.ended {
            return Ok(Flow::Done(0));
        }
        if let Some(flow) = self.refuse_background(cx, Signal::SIGTTIN)? {
            return Ok(flow);
        }
        if !self.tty.is_canonical() {
            return self.read_raw(cx, request);
        }
        if self.threads.at(cx.thread).progress != 0 {
            // It began in raw mode.
            return self.read_raw_so_far(cx);
        }
        if !self.tty.input.has_line() {
            if request.nonblocking {
                return Err(Errno::EAGAIN);
            }
            return Ok(Flow::Wait(WaitsFor::TerminalInput { until_us: None }));
        }
        let (bytes, cells) = self.tty.input.next_line(request.count);
        self.take_input(cx, request.address, bytes, cells)?;
        Ok(Flow::Done(bytes as i64))
    }

    /// Hands typed bytes to a reader, all or none.
    pub(super) fn take_input<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        address: u64,
        bytes: usize,
        cells: usize,
    ) -> Result<(), Errno> {
        self.check_writable(cx.host, cx.process, address, bytes)?;
        let mut done = 0;
        let mut piece = [0; PIECE];
        while done < bytes {
            let size = (bytes - done).min(piece.len());
            let part = piece.get_mut(..size).unwrap_or_default();
            self.tty.input.copy(done, part);
            self.copy_to_user(cx.host, cx.process, address.wrapping_add(done as u64), part)?;
            done += size;
        }
        self.tty.input.drop_front(cells);
        self.settle_console(cx.host);
        Ok(())
    }

    pub(crate) fn write_terminal<H: Host>(&mut self, cx: &mut Cx<'_, H>, stream: u8, request: Request) -> Outcome {
        if self.console.ended {
            return Err(Errno::EIO);
        }
        if self.tty.local(LocalModes::TOSTOP)
            && let Some(flow) = self.refuse_background(cx, Signal::SIGTTOU)?
        {
            return Ok(flow);
        }
        if self.tty.output_waits() {
            if request.nonblocking {
                return Err(Errno::EAGAIN);
            }
            return Ok(Flow::Wait(WaitsFor::TerminalOutput));
        }
        let mut done = 0;
        while done < request.count {
            let mut piece = [0; PIECE];
            let size = (request.count - done).min(piece.len());
            let part = piece.get_mut(..size).unwrap_or_default();
            let at = request.address.wrapping_add(done as u64);
            match self.copy_from_user(cx.host, cx.process, at, part) {
                Ok(()) => {}
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
            let written = &mut self.console.written;
            let mut outside = Outside { host: &mut *cx.host, stream, bytes: heapless::Vec::new(), written };
            self.tty.put_bytes(part, &mut outside);
            outside.flush();
            done += size;
        }
        Ok(Flow::Done(done as i64))
    }

    /// Output may go on: the first of those who wait to write tries again.
    pub(crate) fn settle_terminal_writers<H: Host>(&mut self, host: &mut H) {
        if !self.tty.output_waits() || self.console.ended {
            self.wake_first(host, QueueName::TerminalWriters);
        }
    }
}
