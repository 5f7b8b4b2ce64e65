//! What goes in and out at the kernel's entry points: traps in, what to do next out.

use abi::{SignalSet, Syscall, WindowSize};

use crate::ids::{ImageNo, ThreadId};
use crate::signal::queue::Info;

/// Why user code stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trap {
    /// A system call, already decoded.
    Call(Syscall),
    /// A system call by number and argument registers.
    Syscall {
        /// Its number, which needn't exist.
        number: u64,
        /// Its argument registers.
        arguments: [u64; 6],
    },
    /// A load or store of an address that the page table doesn't allow (yet).
    PageFault {
        /// Which address.
        address: u64,
        /// Whether it was a store.
        write: bool,
    },
    /// A load or store whose address isn't a multiple of its size, of a kind that must be (SIGBUS).
    Misaligned {
        /// Which address.
        address: u64,
    },
    /// A jump to an address where no code can be (SIGSEGV).
    Jump {
        /// Which address.
        address: u64,
    },
    /// An instruction that doesn't exist (SIGILL).
    IllegalInstruction,
    /// A division by zero (SIGFPE).
    DivideByZero,
    /// The program broke the rules of its hart, or panicked (SIGABRT).
    Abort,
}

/// What became of a trap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trapped {
    /// The thread goes on: ask `resume` what it does.
    Ready,
    /// The thread goes on, and a child was made that continues at the same place.
    Forked(ThreadId),
    /// The thread waits, or was stopped.
    Blocked,
    /// The thread is gone.
    Ended,
}

/// What a thread does now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Resume {
    /// Begin the image with an empty past: its arguments lie at the stack pointer, as for a C program's start.
    Start {
        /// Which image.
        image: ImageNo,
        /// Where the arguments lie.
        stack_pointer: u64,
    },
    /// The call returns this: a value, or a negated error number.
    Return(i64),
    /// The access that trapped is tried again.
    Retry,
    /// A signal handler begins; what it interrupts is kept by the hart and given back with `rt_sigreturn`.
    Handler {
        /// For which signal, and why.
        info: Info,
        /// The handler's address.
        handler: u64,
        /// The mask to give back at the end.
        mask: SignalSet,
        /// What the interrupted call returns afterwards; `None`: the access that trapped is tried again.
        returns: Option<i64>,
        /// Where its stack begins, if not below what it interrupts.
        stack_pointer: Option<u64>,
        /// Whether it runs on the alternate stack: to be given back too.
        on_alternate_stack: bool,
    },
    /// It goes on computing: nothing for user code to do in this step.
    Busy,
    /// It was continued after a stop, and has told its parent so: nothing for user code to do in this step.
    Continued,
    /// It can't go on: it blocked again, was stopped, or is gone.
    Blocked,
}

/// Who shall run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pick {
    /// Whom the policy says.
    Policy,
    /// This thread.
    Thread(ThreadId),
}

/// Who runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Picked {
    /// This thread.
    Thread(ThreadId),
    /// Nobody can.
    Idle,
}

/// How the first process is started.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    /// Its image.
    pub image: ImageNo,
    /// Its name, as `ps` shows it.
    pub name: &'a [u8],
    /// Its arguments, its name first.
    pub argv: &'a [&'a [u8]],
    /// Its environment.
    pub envp: &'a [&'a [u8]],
    /// Whether descriptors 0, 1 and 2 are open onto the console.
    pub console: bool,
    /// Whether core images are wanted: then PID 1 has no `RLIMIT_CORE`, else it is 0 and there never is one.
    pub cores: bool,
    /// Whether the console is a terminal, and the size of its window then. Otherwise it is a plain byte stream.
    pub terminal: Option<WindowSize>,
}
