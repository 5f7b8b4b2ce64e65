//! `read` and `write`: whatever a descriptor stands for.

use abi::{Errno, Fd, InBytes, Length, OpenFlags, OutBytes};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::file::pipe::Request;
use crate::host::Host;
use crate::kernel::Kernel;
use crate::mem::space::END;

/// Bytes that one call moves at most (`MAX_RW_COUNT` of Linux).
const COUNT_MAX: u64 = 0x7fff_f000;

impl Kernel {
    pub(crate) fn sys_read<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd, buffer: OutBytes, count: Length) -> Outcome {
        let description = *self.files.at(self.descriptor(cx.process, fd)?.file);
        if !description.flags.readable() {
            return Err(Errno::EBADF);
        }
        let request = request(buffer.0, count, description.flags)?;
        match description.open {
            Open::Directory => Err(Errno::EISDIR),
            _ if request.count == 0 => Ok(Flow::Done(0)),
            Open::Pipe(pipe) => self.read_pipe(cx, pipe, request),
            Open::Mqueue(queue) => self.read_mqueue(cx, fd, queue, request),
            Open::Memory(object) => self.read_memory(cx, fd, object, request),
            Open::Console { .. } if self.tty.present => self.read_terminal(cx, request),
            Open::Console { .. } => self.read_console(cx, request),
            Open::Device(device) => self.read_device(cx, device, request),
        }
    }

    pub(crate) fn sys_write<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd, buffer: InBytes, count: Length) -> Outcome {
        let description = *self.files.at(self.descriptor(cx.process, fd)?.file);
        if !description.flags.writable() {
            return Err(Errno::EBADF);
        }
        let request = request(buffer.0, count, description.flags)?;
        match description.open {
            // A message has a priority, so it isn't sent by `write` (seen on the host, for no bytes too).
            Open::Mqueue(_) => Err(Errno::EINVAL),
            Open::Device(device) => self.write_device(device, request),
            _ if request.count == 0 => Ok(Flow::Done(0)),
            Open::Pipe(pipe) => self.write_pipe(cx, pipe, request),
            Open::Memory(object) => self.write_memory(cx, fd, object, request),
            Open::Console { stream } if self.tty.present => self.write_terminal(cx, stream, request),
            Open::Console { stream } => self.write_console(cx, stream, request),
            // No directory is ever opened for writing.
            Open::Directory => Err(Errno::EBADF),
        }
    }
}

/// A range that can't lie in user memory is refused before anything else, as Linux's `access_ok` does.
fn request(address: u64, count: Length, flags: OpenFlags) -> Result<Request, Errno> {
    if address.checked_add(count.0).is_none_or(|end| end > END) {
        return Err(Errno::EFAULT);
    }
    let count = count.0.min(COUNT_MAX) as usize;
    Ok(Request { address, count, nonblocking: flags.contains(OpenFlags::O_NONBLOCK) })
}
