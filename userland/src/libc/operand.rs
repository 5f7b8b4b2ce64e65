//! Names of files as operands.

use alloc::borrow::Cow;
use alloc::string::String;

use abi::{Errno, Fd};

use super::STDIN;
use crate::sys::Sys;

/// Opens what an operand names: `-` is standard input. There are no files yet.
///
/// # Errors
/// `ENOENT`: there is no such file.
pub async fn open_operand(_sys: Sys, operand: &[u8]) -> Result<Fd, Errno> {
    if operand == b"-" { Ok(STDIN) } else { Err(Errno::ENOENT) }
}

/// An operand as messages show it.
pub fn display_name(operand: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(operand)
}
