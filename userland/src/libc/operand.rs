//! Names of files as operands.

use alloc::borrow::Cow;
use alloc::string::String;

use abi::{Errno, Fd, OpenFlags};

use super::STDIN;
use crate::sys::Sys;

/// Opens what an operand names, to be read: `-` is standard input.
///
/// # Errors
/// Those of `open(2)`.
#[track_caller]
pub fn open_operand(sys: Sys, operand: &[u8]) -> impl Future<Output = Result<Fd, Errno>> + '_ {
    let sys = sys.here();
    async move {
        match operand {
            b"-" => Ok(STDIN),
            path => sys.open(path, OpenFlags::empty()).await,
        }
    }
}

/// An operand as messages show it.
pub fn display_name(operand: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(operand)
}
