//! Exit statuses, and how failures are told.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

/// What the help says about statuses.
pub(crate) const HELP: &str = "\
Exit status: that of the program; 128 + n if signal n ended it.
  1   replay, lockstep: it differs; fuzz: the property didn't hold
  2   a mistake in the command line           71  deadlock: nothing can ever run again
  65  not a record or image, or a changed one 74  standard input, output or a file failed
  70  a bug in Vitrine                        127 there is no such program";

/// An exit status. Those of Vitrine itself are the ones of `sysexits.h` where it has one that fits, and the shell's 127.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Status(pub(crate) u8);

impl Status {
    pub(crate) const DIFFERS: Status = Status(1);
    pub(crate) const MISTAKE: Status = Status(2);
    pub(crate) const BAD_RECORD: Status = Status(65);
    pub(crate) const BUG: Status = Status(70);
    pub(crate) const DEADLOCK: Status = Status(71);
    pub(crate) const IO: Status = Status(74);
    pub(crate) const NO_PROGRAM: Status = Status(127);
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(status.0)
    }
}

/// Why a command failed: what to say, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    /// Fails with this status and this message, which says what to do.
    pub(crate) fn new(status: Status, message: impl fmt::Display) -> Failure {
        Failure { status, message: message.to_string() }
    }

    /// Standard output can't be written to: often its reader has had enough.
    pub(crate) fn stdout(error: &io::Error) -> Failure {
        Failure::new(Status::IO, format_args!("cannot write to standard output: {error}"))
    }

    /// Tells it.
    pub(crate) fn report(&self) {
        // With standard error gone too there is nobody to tell, and no reason to panic.
        let _ = writeln!(io::stderr(), "vitrine: {}", self.message);
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Status {
        failure.status
    }
}
