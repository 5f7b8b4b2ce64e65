//! `lseek(2)`: the position in a directory. Devices have none but pretend (`null(4)`); pipes and the console say `ESPIPE`.

use abi::{Errno, Fd, Whence};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::kernel::Kernel;

impl Kernel {
    pub(crate) fn sys_lseek<H>(&mut self, cx: &Cx<'_, H>, fd: Fd, offset: i64, whence: Whence) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let description = self.files.at_mut(file);
        if !matches!(whence, Whence::SEEK_SET | Whence::SEEK_CUR | Whence::SEEK_END) {
            return Err(Errno::EINVAL);
        }
        match description.open {
            Open::Pipe(_) | Open::Console { .. } => Err(Errno::ESPIPE),
            Open::Device(_) => Ok(Flow::Done(0)),
            Open::Directory | Open::Mqueue(_) | Open::Memory(_) => {
                let from = match whence {
                    Whence::SEEK_SET => 0,
                    Whence::SEEK_CUR => description.position as i64,
                    _ if let Open::Memory(object) = description.open => {
                        self.objects.at(object).length.unwrap_or(0) as i64
                    }
                    // A directory has no end to count from.
                    _ => return Err(Errno::EINVAL),
                };
                let position = from.checked_add(offset).filter(|position| *position >= 0).ok_or(Errno::EINVAL)?;
                description.position = position as u64;
                Ok(Flow::Done(position))
            }
        }
    }
}
