//! The standard output of a filter: a [`Writer`] that reports its errors as every filter does.

use core::fmt;

use super::{Buffering, Manual, STDOUT, Writer, complain};
use crate::sys::Sys;

/// Standard output of the program that a manual describes. Errors are reported on standard error, and what comes back
/// is the exit status to end with.
pub struct Output {
    sys: Sys,
    program: &'static str,
    writer: Writer,
}

impl Output {
    /// Standard output, fully buffered.
    pub fn new(sys: Sys, manual: &Manual) -> Output {
        Output { sys, program: manual.name, writer: Writer::new(sys, STDOUT, Buffering::Full) }
    }

    /// Puts bytes in.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.writer.push(bytes);
    }

    /// Puts one byte in.
    #[inline]
    pub fn push_byte(&mut self, byte: u8) {
        self.writer.push_byte(byte);
    }

    /// Writes if a buffer is full.
    ///
    /// # Errors
    /// The exit status after a failed write (usually the reader is gone and SIGPIPE is ignored).
    #[track_caller]
    pub fn settle(&mut self) -> impl Future<Output = Result<(), i32>> + '_ {
        let sys = self.sys.here();
        let program = self.program;
        let settle = self.writer.is_due().then(|| self.writer.settle());
        async move {
            match settle {
                Some(settle) => report(sys, program, settle.await).await,
                None => Ok(()),
            }
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// As [`Output::settle`].
    #[track_caller]
    pub fn flush(&mut self) -> impl Future<Output = Result<(), i32>> + '_ {
        let sys = self.sys.here();
        let program = self.program;
        let flush = self.writer.flush();
        async move { report(sys, program, flush.await).await }
    }
}

async fn report(sys: Sys, program: &str, result: Result<(), abi::Errno>) -> Result<(), i32> {
    match result {
        Ok(()) => Ok(()),
        Err(errno) => {
            complain(sys, program, format_args!("write error: {errno}")).await;
            Err(1)
        }
    }
}

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}
