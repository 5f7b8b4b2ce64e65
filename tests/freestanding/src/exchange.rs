//! A parent and a child: fork, pipe, write, read, exit, wait, with every result looked at.

use abi::{Fd, InBytes, Length, OpenFlags, Out, OutBytes, Syscall, WaitStatus};
use kernel::{Resume, ThreadId};

use crate::computer::{Computer, SCRATCH, Wrong};

/// What goes through the pipe.
const TEXT: &[u8] = b"pear";

/// Runs it.
pub(crate) fn run(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let before = computer.kernel.tables_in_use();
    let parent = computer.first;
    zero(computer.call(Syscall::Pipe2 { fds: Out::at(SCRATCH), flags: OpenFlags::empty() })?, "pipe2 fails")?;
    let [read, write] = computer.numbers(parent)?.map(Fd);
    let child = computer.fork()?;
    zero(computer.call(Syscall::Close { fd: write })?, "the parent can't close its write end")?;
    let count = Length(64);
    computer.block(Syscall::Read { fd: read, buffer: OutBytes(SCRATCH), count })?;

    computer.expect(child, 0, "fork doesn't return 0 in the child")?;
    write_text(computer, child, write)?;
    computer.expect(parent, TEXT.len() as i64, "the parent doesn't read what the child wrote")?;
    let mut bytes = [0; TEXT.len()];
    computer.kernel.copy_in(computer.board, parent, SCRATCH, &mut bytes).map_err(|_| "the text can't be read")?;
    if bytes != TEXT {
        return Err("the text comes out of the pipe as another");
    }
    computer.block(Syscall::Read { fd: read, buffer: OutBytes(SCRATCH), count })?;

    resumes(computer, child)?;
    computer.exit(7)?;
    computer.expect(parent, 0, "the pipe doesn't end with its last writer")?;
    let pid = i64::from(computer.kernel.pid_of(parent)) + 1;
    if computer.call(Computer::wait())? != pid || computer.numbers(parent)? != [WaitStatus::Exited(7).to_raw()] {
        return Err("wait doesn't return the child and its status");
    }
    zero(computer.call(Syscall::Close { fd: read })?, "the parent can't close its read end")?;
    computer.check()?;
    let after = computer.kernel.tables_in_use();
    // The scratch page has been touched, which takes a frame; nothing else may be left.
    let left = before.iter().zip(&after).any(|(before, after)| before.0 != "frames" && before.1 != after.1);
    if left { Err("something is left of the child or the pipe") } else { Ok(()) }
}

/// The child writes, and goes on.
fn write_text(computer: &mut Computer<'_>, child: ThreadId, fd: Fd) -> Result<(), Wrong> {
    let put = computer.kernel.copy_out(computer.board, child, SCRATCH, TEXT);
    put.map_err(|_| "the child can't store to its stack")?;
    let call = Syscall::Write { fd, buffer: InBytes(SCRATCH), count: Length(TEXT.len() as u64) };
    if computer.call(call)? == TEXT.len() as i64 { Ok(()) } else { Err("the child's write is cut short") }
}

/// The thread has nothing to be told.
fn resumes(computer: &mut Computer<'_>, thread: ThreadId) -> Result<(), Wrong> {
    if computer.run(thread)? == Resume::Retry { Ok(()) } else { Err("a thread is told its result twice") }
}

fn zero(value: i64, or: Wrong) -> Result<(), Wrong> {
    if value == 0 { Ok(()) } else { Err(or) }
}
