//! Buffered output, and `write_all`, which finishes what `write(2)` only began.

use alloc::vec::Vec;
use core::fmt;

use abi::{Errno, Fd};

use super::BUFFER_SIZE;
use crate::sys::Sys;

/// Writes all of `bytes`, however many calls that takes; an interruption is no reason to stop.
///
/// # Errors
/// Those of `write(2)` but `EINTR`.
#[track_caller]
pub fn write_all(sys: Sys, fd: Fd, bytes: &[u8]) -> impl Future<Output = Result<(), Errno>> + '_ {
    let sys = sys.here();
    async move {
        let mut rest = bytes;
        while !rest.is_empty() {
            match sys.write(fd, rest).await {
                Ok(count) => rest = &rest[count..],
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

/// When a [`Writer`] passes on what was put into it (`setvbuf(3)`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Buffering {
    /// When a buffer is full.
    Full,
    /// At the end of each line.
    Line,
}

/// Buffered output to a descriptor. Putting bytes in never traps; `settle` passes on what is due, `flush` everything.
///
/// ```
/// use core::fmt::Write;
/// use userland::libc::{Buffering, STDOUT, Writer};
/// async fn squares(sys: userland::Sys) -> Result<(), abi::Errno> {
///     let mut output = Writer::new(sys, STDOUT, Buffering::Full);
///     for number in 0..1_000_000u64 {
///         let _ = writeln!(output, "{}", number * number);
///         output.settle().await?;
///     }
///     output.flush().await
/// }
/// ```
pub struct Writer {
    sys: Sys,
    fd: Fd,
    buffering: Buffering,
    buffer: Vec<u8>,
}

impl Writer {
    /// Writes to `fd`.
    pub fn new(sys: Sys, fd: Fd, buffering: Buffering) -> Writer {
        Writer { sys, fd, buffering, buffer: Vec::new() }
    }

    /// Puts bytes in. The buffer grows until it is settled.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Puts one byte in.
    #[inline]
    pub fn push_byte(&mut self, byte: u8) {
        self.buffer.push(byte);
    }

    /// Whether `settle` would write.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.due() > 0
    }

    /// Passes on what is due: whole buffers, or whole lines.
    ///
    /// # Errors
    /// As [`write_all`]. What couldn't be written is dropped, so that it isn't tried again and again.
    #[track_caller]
    pub fn settle(&mut self) -> impl Future<Output = Result<(), Errno>> + '_ {
        let due = self.due();
        self.pass_on(due)
    }

    /// Passes on everything.
    ///
    /// # Errors
    /// As [`Writer::settle`].
    #[track_caller]
    pub fn flush(&mut self) -> impl Future<Output = Result<(), Errno>> + '_ {
        let due = self.buffer.len();
        self.pass_on(due)
    }

    /// How many bytes from the front are due.
    fn due(&self) -> usize {
        match self.buffering {
            Buffering::Full => self.buffer.len() / BUFFER_SIZE * BUFFER_SIZE,
            Buffering::Line => self.buffer.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1),
        }
    }

    #[track_caller]
    fn pass_on(&mut self, due: usize) -> impl Future<Output = Result<(), Errno>> + '_ {
        let sys = self.sys.here();
        async move {
            let mut result = Ok(());
            for chunk in self.buffer[..due].chunks(BUFFER_SIZE) {
                result = write_all(sys, self.fd, chunk).await;
                if result.is_err() {
                    break;
                }
            }
            self.buffer.drain(..due);
            result
        }
    }
}

impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
