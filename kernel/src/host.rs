//! What the kernel asks of the machine it runs on: memory that holds bytes, a place to report events to, and the
//! programs that `execve` can find. Everything else is a value of its own.

use abi::{Errno, PAGE_SIZE, Signal, Syscall, WaitStatus};

use crate::ids::{FrameNo, ImageNo, ProcessId, ThreadId};
use crate::kernel::Kernel;
use crate::signal::queue::Info;

/// The bytes of a physical frame.
pub type Frame = [u8; PAGE_SIZE];

/// Physical memory: the kernel says which frame is whose, the machine keeps the bytes.
pub trait PhysMem {
    /// The bytes of a frame.
    fn frame(&self, frame: FrameNo) -> &Frame;
    /// The bytes of a frame, to be changed.
    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame;
    /// Makes a frame all zeros.
    fn zero(&mut self, frame: FrameNo);
    /// Copies a whole frame.
    fn copy(&mut self, from: FrameNo, to: FrameNo);
    /// Copies `length` bytes between two places, each within its frame; the frames differ.
    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize);
    /// Nobody refers to this frame any more; it counts as all zeros until it is used again.
    fn release(&mut self, frame: FrameNo);
}

/// Where the kernel reports what happens. Statistics are folded from this, outside.
pub trait Trace {
    /// Something happened.
    fn event(&mut self, event: Event<'_>);

    /// Whether anybody listens to how calls begin, wait and end. If not, the kernel needn't report that: it is what happens
    /// most, and to put a report together takes as long as a short call does.
    #[inline]
    fn listens_to_calls(&self) -> bool {
        true
    }

    /// A signal is about to end a process, whose wait status will say that there is a core image of it (`core(5)`). Here is
    /// the kernel with the process still whole. Not called unless the kernel was booted to want images.
    fn core_image(&mut self, kernel: &Kernel, process: ProcessId, cause: &Info) {
        let _ = (kernel, process, cause);
    }
}

/// The program images of the machine.
pub trait Programs {
    /// The image with this name.
    fn find(&self, name: &[u8]) -> Option<ImageNo>;
    /// Bytes of an image's static variables, which begin as zeros.
    fn static_bytes(&self, image: ImageNo) -> u64 {
        let _ = image;
        0
    }
}

/// All that the kernel asks of its host.
pub trait Host: PhysMem + Trace + Programs {}
impl<T: PhysMem + Trace + Programs> Host for T {}

/// What becomes of a signal when it is generated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// It is pending.
    Pending,
    /// It is one with the same signal that is pending already.
    Coalesced,
    /// Nothing: it is ignored, or its process is a zombie.
    Discarded,
}

/// Why a thread that waits is woken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Waking {
    /// What it waits for may have happened.
    Condition,
    /// A signal was generated that it can take.
    Signal {
        /// Which.
        signal: Signal,
        /// By what, as `si_code` says it.
        code: i32,
    },
    /// The time until which it waits is over.
    Time,
}

/// Something that happened in the kernel.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A thread entered a call (not when a blocked one is tried again).
    Entered {
        /// Who.
        thread: ThreadId,
        /// Which.
        call: &'a Syscall,
    },
    /// The call has its result.
    Finished {
        /// Who.
        thread: ThreadId,
        /// Which.
        call: &'a Syscall,
        /// Its value or its error.
        result: Result<i64, Errno>,
    },
    /// The call has to wait.
    Blocked {
        /// Who.
        thread: ThreadId,
        /// In which call.
        call: &'a Syscall,
    },
    /// A thread that waits is to look again, or has what it waited for.
    Woken {
        /// Who.
        thread: ThreadId,
        /// Why.
        why: Waking,
    },
    /// A CPU switched to this thread.
    Switched {
        /// To whom.
        thread: ThreadId,
    },
    /// A process was made.
    Forked {
        /// By whom.
        parent: ProcessId,
        /// It.
        child: ProcessId,
    },
    /// A process ended; its thread is gone.
    Ended {
        /// Who.
        process: ProcessId,
        /// How.
        status: WaitStatus,
    },
    /// A zombie was waited for; its slot is free.
    Reaped {
        /// Who.
        process: ProcessId,
    },
    /// An orphan got a new parent.
    Adopted {
        /// The orphan.
        child: ProcessId,
        /// Its new parent.
        parent: ProcessId,
    },
    /// A signal was generated for a process.
    Generated {
        /// For whom.
        process: ProcessId,
        /// Which.
        signal: Signal,
        /// What became of it.
        fate: Fate,
    },
    /// A pending signal was delivered: a handler begins, or its default action ends or stops the process.
    Delivered {
        /// To whom.
        process: ProcessId,
        /// Which.
        signal: Signal,
        /// Whether a handler begins.
        handler: bool,
    },
    /// A pending signal was taken by a call (`rt_sigtimedwait`).
    Accepted {
        /// By whom.
        process: ProcessId,
        /// Which.
        signal: Signal,
    },
    /// A pending signal was dropped.
    Discarded {
        /// Whose.
        process: ProcessId,
        /// Which.
        signal: Signal,
    },
    /// A page fault was served.
    PageFault {
        /// Whose.
        thread: ThreadId,
        /// Where.
        address: u64,
        /// Whether by a store.
        write: bool,
    },
    /// Bytes for the console's reader outside.
    ConsoleOutput {
        /// 1 for output, 2 for diagnostics, as the descriptor was opened at boot.
        stream: u8,
        /// The bytes.
        bytes: &'a [u8],
    },
}
