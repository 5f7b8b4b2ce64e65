//! The kernel's devices without a state: `/dev/null`, `/dev/zero`, `/dev/full` (`null(4)`, `full(4)`). `/dev/console` is in
//! `console.rs`.

use abi::{Errno, PAGE_SIZE, device_number};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::pipe::Request;
use crate::host::Host;
use crate::kernel::Kernel;

/// A device of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Device {
    /// Empty to read; takes everything.
    Null,
    /// Zeros without end to read; takes everything.
    Zero,
    /// Zeros without end to read; never has room.
    Full,
    /// The console.
    Console,
    /// The controlling terminal of whoever opens it.
    Terminal,
}

impl Device {
    /// Its number, as Linux has it.
    pub const fn number(self) -> u64 {
        match self {
            Device::Null => device_number(1, 3),
            Device::Zero => device_number(1, 5),
            Device::Full => device_number(1, 7),
            Device::Terminal => device_number(5, 0),
            Device::Console => device_number(5, 1),
        }
    }
}

impl Kernel {
    pub(crate) fn read_device<H: Host>(&mut self, cx: &mut Cx<'_, H>, device: Device, request: Request) -> Outcome {
        let mut done = 0;
        while device != Device::Null && done < request.count {
            let at = request.address.wrapping_add(done as u64);
            match self.user_page(cx.host, cx.process, at, true) {
                Ok((frame, offset)) => {
                    let bytes = (request.count - done).min(PAGE_SIZE - offset);
                    cx.host.frame_mut(frame).get_mut(offset..offset + bytes).unwrap_or_default().fill(0);
                    done += bytes;
                }
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        Ok(Flow::Done(done as i64))
    }

    /// What is written isn't looked at: a bad address is no error, as on Linux.
    pub(crate) fn write_device(&mut self, device: Device, request: Request) -> Outcome {
        match device {
            Device::Full => Err(Errno::ENOSPC),
            _ => Ok(Flow::Done(request.count as i64)),
        }
    }
}
