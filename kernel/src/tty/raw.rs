//! `read` without lines: `VMIN` and `VTIME` (`termios(3)`, "Canonical and noncanonical mode").
//!
//! Bytes are handed over as they come, until there are `VMIN`. A thread's `progress` is how many it has got, fewer than
//! 256, and above them the point in time at which it gives up.

use abi::{ControlCharacter, Errno};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::pipe::Request;
use crate::host::Host;
use crate::kernel::Kernel;
use crate::thread::WaitsFor;

/// `VTIME` counts tenths of a second.
const TENTH_US: u64 = 100_000;

/// How far a `read` has got.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    /// Bytes that it has got.
    pub(crate) taken: u64,
    /// When it gives up; 0 is never.
    pub(crate) until_us: u64,
}

impl Progress {
    pub(crate) const fn unpack(progress: u64) -> Progress {
        Progress { taken: progress & 0xff, until_us: progress >> 8 }
    }

    pub(crate) const fn pack(self) -> u64 {
        self.until_us << 8 | self.taken
    }
}

impl Kernel {
    pub(super) fn read_raw<H: Host>(&mut self, cx: &mut Cx<'_, H>, request: Request) -> Outcome {
        let characters = self.tty.settings.characters;
        let least = u64::from(characters.get(ControlCharacter::VMIN));
        let time_us = u64::from(characters.get(ControlCharacter::VTIME)) * TENTH_US;
        let now_us = self.now_us();
        let Progress { mut taken, mut until_us } = Progress::unpack(self.threads.at(cx.thread).progress);
        let begins = taken == 0 && until_us == 0;

        let count = self.tty.input.len().min(request.count - (taken as usize).min(request.count));
        if count > 0 {
            match self.take_input(cx, request.address.wrapping_add(taken), count, count) {
                Ok(()) => taken += count as u64,
                Err(errno) if taken == 0 => return Err(errno),
                Err(_) => return Ok(Flow::Done(taken as i64)),
            }
        }
        if taken >= least.max(1).min(request.count as u64) {
            return Ok(Flow::Done(taken as i64));
        }
        if time_us > 0 && (count > 0 || (least == 0 && begins)) {
            // Between two bytes, or before the only one.
            until_us = now_us + time_us;
        }
        let late = if until_us == 0 { least == 0 } else { now_us >= until_us };
        if late || (request.nonblocking && taken > 0) {
            return Ok(Flow::Done(taken as i64));
        }
        if request.nonblocking {
            return Err(Errno::EAGAIN);
        }
        self.threads.at_mut(cx.thread).progress = Progress { taken, until_us }.pack();
        Ok(Flow::Wait(WaitsFor::TerminalInput { until_us: (until_us > 0).then_some(until_us) }))
    }

    /// What a `read` has got that began in raw mode.
    pub(super) fn read_raw_so_far<H>(&mut self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(Progress::unpack(self.threads.at(cx.thread).progress).taken as i64))
    }
}
