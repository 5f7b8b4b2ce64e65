//! `fcntl(2)`: flags of descriptors and descriptions, duplication, capacity of pipes.

use abi::{DescriptorFlags, Errno, FcntlCommand, Fd, OpenFlags, PAGE_SIZE};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{FileNo, PipeNo};
use crate::kernel::Kernel;
use crate::limits::PIPE_PAGES_MAX;

/// The status flags that `F_SETFL` may change.
const CHANGEABLE: OpenFlags = OpenFlags::O_APPEND.union(OpenFlags::O_NONBLOCK);

impl Kernel {
    pub(crate) fn sys_fcntl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        command: FcntlCommand,
        argument: u64,
    ) -> Outcome {
        let descriptor = self.descriptor(cx.process, fd)?;
        let value = match command {
            FcntlCommand::F_DUPFD | FcntlCommand::F_DUPFD_CLOEXEC => {
                let from = argument as i32;
                if from < 0 || from as usize >= self.descriptor_limit(cx.process) {
                    return Err(Errno::EINVAL);
                }
                return self.duplicate_from(cx.process, fd, from as usize, command == FcntlCommand::F_DUPFD_CLOEXEC);
            }
            FcntlCommand::F_GETFD => i64::from(descriptor.close_on_exec),
            FcntlCommand::F_SETFD => {
                let flags = DescriptorFlags::from_bits_retain(argument as u32);
                let close_on_exec = flags.contains(DescriptorFlags::FD_CLOEXEC);
                self.processes.at_mut(cx.process).descriptors.set_close_on_exec(fd, close_on_exec);
                0
            }
            FcntlCommand::F_GETFL => self.files.at(descriptor.file).flags.bits().into(),
            FcntlCommand::F_SETFL => {
                let flags = &mut self.files.at_mut(descriptor.file).flags;
                *flags = (*flags - CHANGEABLE) | (OpenFlags::from_bits_retain(argument as u32) & CHANGEABLE);
                0
            }
            FcntlCommand::F_GETPIPE_SZ => {
                let pipe = self.pipe_of(descriptor.file)?;
                self.pipes.at(pipe).ring.capacity() as i64
            }
            FcntlCommand::F_SETPIPE_SZ => {
                let pipe = self.pipe_of(descriptor.file)?;
                return self.set_capacity(cx.host, pipe, argument);
            }
            _ => return Err(Errno::EINVAL),
        };
        Ok(Flow::Done(value))
    }

    fn pipe_of(&self, file: FileNo) -> Result<PipeNo, Errno> {
        match self.files.at(file).open {
            Open::Pipe(pipe) => Ok(pipe),
            Open::Mqueue(_) | Open::Memory(_) | Open::Console { .. } | Open::Directory | Open::Device(_) => {
                Err(Errno::EBADF)
            }
        }
    }

    /// As Linux, rounds up to a power of two of pages, and takes the argument as 32 bits.
    fn set_capacity<H: Host>(&mut self, host: &mut H, pipe: PipeNo, bytes: u64) -> Outcome {
        let bytes = bytes as u32;
        if bytes > 1 << 31 {
            return Err(Errno::EINVAL);
        }
        let pages = bytes.div_ceil(PAGE_SIZE as u32).max(1).next_power_of_two() as usize;
        if pages > PIPE_PAGES_MAX {
            return Err(Errno::EPERM);
        }
        let ring = &mut self.pipes.at_mut(pipe).ring;
        ring.set_capacity(pages)?;
        let capacity = ring.capacity();
        if let Some(writer) = self.pipes.at(pipe).waiting_writers.first()
            && self.is_blocked(writer)
            && !self.pipe_is_writable(pipe)
        {
            // Linux wakes the first writer even if there is no more room than before: it waits behind the others then.
            self.requeue_last(writer);
        }
        self.settle_pipe(host, pipe);
        Ok(Flow::Done(capacity as i64))
    }
}
