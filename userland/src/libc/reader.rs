//! Buffered input: chunks of up to 64 KiB, looked at without a trap.

use alloc::vec;
use alloc::vec::Vec;

use abi::{Errno, Fd};

use super::BUFFER_SIZE;
use crate::sys::Sys;

/// Buffered input from a descriptor. Only `fill` (and what calls it) traps; bytes go through unharmed.
///
/// ```
/// use userland::libc::{Reader, STDIN};
/// async fn count_lines(sys: userland::Sys) -> Result<usize, abi::Errno> {
///     let mut input = Reader::new(sys, STDIN);
///     let mut lines = 0;
///     while input.fill().await? {
///         lines += input.available().iter().filter(|&&byte| byte == b'\n').count();
///         input.consume_all();
///     }
///     Ok(lines)
/// }
/// ```
pub struct Reader {
    sys: Sys,
    fd: Fd,
    chunk: usize,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Reader {
    /// Reads from `fd`.
    pub fn new(sys: Sys, fd: Fd) -> Reader {
        Reader { sys, fd, chunk: BUFFER_SIZE, buffer: Vec::new(), start: 0, end: 0 }
    }

    /// Reads at most so many bytes at once from now on: for those who leave the rest of the input to others.
    pub fn set_chunk(&mut self, chunk: usize) {
        self.chunk = chunk.clamp(1, BUFFER_SIZE);
    }

    /// What has been read and not been consumed.
    pub fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Takes `count` of the available bytes away.
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }

    /// Takes all available bytes away.
    pub fn consume_all(&mut self) {
        self.start = self.end;
    }

    /// Reads on if nothing is available; false at the end of the input.
    ///
    /// # Errors
    /// Those of `read(2)` but `EINTR`: a read that a signal handler interrupts is tried again.
    #[track_caller]
    pub fn fill(&mut self) -> impl Future<Output = Result<bool, Errno>> + '_ {
        let sys = self.sys.here();
        async move {
            if self.start < self.end {
                return Ok(true);
            }
            if self.buffer.len() < self.chunk {
                self.buffer = vec![0; self.chunk];
            }
            let count = loop {
                match sys.read(self.fd, &mut self.buffer[..self.chunk]).await {
                    Err(Errno::EINTR) => {}
                    result => break result?,
                }
            };
            (self.start, self.end) = (0, count);
            Ok(count > 0)
        }
    }

    /// Puts the next line into `line`, with its delimiter unless it is the last one and has none; false at the end.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    #[track_caller]
    pub fn read_line<'a>(
        &'a mut self,
        delimiter: u8,
        line: &'a mut Vec<u8>,
    ) -> impl Future<Output = Result<bool, Errno>> + 'a {
        let sys = self.sys.here();
        line.clear();
        async move {
            loop {
                let available = self.available();
                if let Some(at) = available.iter().position(|&byte| byte == delimiter) {
                    line.extend_from_slice(&available[..=at]);
                    self.consume(at + 1);
                    return Ok(true);
                }
                line.extend_from_slice(available);
                self.consume_all();
                if !self.fill_from(sys).await? {
                    return Ok(!line.is_empty());
                }
            }
        }
    }

    /// Appends all that is left to `bytes`.
    ///
    /// # Errors
    /// As [`Reader::fill`].
    #[track_caller]
    pub fn read_to_end<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> impl Future<Output = Result<(), Errno>> + 'a {
        let sys = self.sys.here();
        async move {
            while self.fill_from(sys).await? {
                bytes.extend_from_slice(self.available());
                self.consume_all();
            }
            Ok(())
        }
    }

    /// `fill`, seen as a trap of the line that `sys` carries.
    async fn fill_from(&mut self, sys: Sys) -> Result<bool, Errno> {
        let own = core::mem::replace(&mut self.sys, sys);
        let filled = self.fill().await;
        self.sys = own;
        filled
    }
}
