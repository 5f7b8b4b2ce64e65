//! Scripted processes: their calls are handed in from outside, one at a time, and their handlers log and return. For
//! tests, fuzzing, and comparison with a real kernel, where what a process does next is somebody else's choice.
//!
//! A scripted process that has nothing to do is idle: it could run, and doesn't. Signals reach it all the same.

use abi::{Errno, Layout, Length, MapFlags, Protection, Signal, SignalSet, Syscall};
use kernel::mem::space::STACK_TOP;
use kernel::signal::queue::Info;
use kernel::{
    Boot, CpuNo, Event, ImageNo, Kernel, PhysMem, Pick, Picked, ProcessId, Programs, Resume, ThreadId, Trace, Trap,
    Trapped,
};

use crate::chooser::{Choice, Chooser};
use crate::frames::{Frames, memory_in};
use crate::kernel_box::KernelBox;

const CPU: CpuNo = CpuNo(0);

/// What a scripted process can be told to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// A system call.
    Call(Syscall),
    /// Load a byte.
    Load {
        /// Where from.
        address: u64,
    },
    /// Store a byte.
    Store {
        /// Where to.
        address: u64,
        /// Which.
        byte: u8,
    },
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The call returned, or the access was made: a load gives its byte.
    Returned(Result<i64, Errno>),
    /// The access faulted and a handler ran, which skipped it.
    Skipped,
}

/// A handler that ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandlerRun {
    /// Whose.
    pub process: ProcessId,
    /// For what.
    pub info: Info,
    /// The signals that were blocked while it ran.
    pub mask: SignalSet,
}

/// What a handler interrupts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Interrupted {
    info: Info,
    mask: SignalSet,
    returns: Option<i64>,
    on_alternate_stack: bool,
}

/// One scripted process.
#[derive(Clone, Debug)]
struct Hart {
    thread: ThreadId,
    process: ProcessId,
    request: Option<Request>,
    handlers: Vec<Interrupted>,
    /// The access of the request has faulted.
    faulted: bool,
}

/// A machine of scripted processes.
#[derive(Clone)]
pub struct Scripted {
    kernel: KernelBox,
    frames: Frames,
    harts: Vec<Hart>,
    answers: Vec<(ProcessId, Answer)>,
    runs: Vec<HandlerRun>,
    steps: u64,
}

struct Host<'a>(&'a mut Frames);

memory_in!(Host<'_>, 0);

impl Trace for Host<'_> {
    fn event(&mut self, _: Event<'_>) {}
}

impl Programs for Host<'_> {
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        (name == b"scripted").then_some(ImageNo(0))
    }
}

impl Scripted {
    /// Where a process may keep data for its calls: a megabyte of its stack.
    pub const SCRATCH: u64 = STACK_TOP - (2 << 20);

    /// A machine with PID 1, which is idle.
    ///
    /// # Errors
    /// `ENOMEM`: this build's limits are too small for even that.
    pub fn boot(console: bool) -> Result<(Scripted, ProcessId), Errno> {
        let mut machine = Scripted {
            kernel: KernelBox::new(),
            frames: Frames::default(),
            harts: Vec::new(),
            answers: Vec::new(),
            runs: Vec::new(),
            steps: 0,
        };
        crate::bug::install();
        let name: &[u8] = b"scripted";
        let boot = Boot { image: ImageNo(0), name, argv: &[name], envp: &[], console, cores: false, terminal: None };
        let thread = machine.kernel.boot(&mut Host(&mut machine.frames), &boot)?;
        let process = machine.adopt_hart(thread);
        Ok((machine, process))
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Whether a process has a request that isn't answered.
    pub fn is_busy(&self, process: ProcessId) -> bool {
        self.hart(process).is_some_and(|hart| hart.request.is_some())
    }

    /// The request of a process that isn't answered.
    pub fn request(&self, process: ProcessId) -> Option<Request> {
        self.hart(process)?.request
    }

    /// Puts bytes into the memory of a process.
    ///
    /// # Errors
    /// `EFAULT`: it can't be stored to. `ESRCH`: the process is gone.
    pub fn put(&mut self, process: ProcessId, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        let thread = self.hart(process).ok_or(Errno::ESRCH)?.thread;
        self.kernel.copy_out(&mut Host(&mut self.frames), thread, address, bytes)
    }

    /// Reads bytes from the memory of a process.
    ///
    /// # Errors
    /// `EFAULT`: it can't be loaded from. `ESRCH`: the process is gone.
    pub fn get(&mut self, process: ProcessId, address: u64, bytes: &mut [u8]) -> Result<(), Errno> {
        let thread = self.hart(process).ok_or(Errno::ESRCH)?.thread;
        self.kernel.copy_in(&mut Host(&mut self.frames), thread, address, bytes)
    }

    /// Reads a structure from the memory of a process.
    ///
    /// # Errors
    /// As [`Scripted::get`].
    pub fn load<T: Layout>(&mut self, process: ProcessId, address: u64) -> Result<T, Errno> {
        let mut bytes = vec![0; T::SIZE];
        self.get(process, address, &mut bytes)?;
        Ok(T::load(&bytes))
    }

    /// Tells an idle process to do something. `settle` lets it.
    ///
    /// # Panics
    /// The process is gone, or has something to do already: that is a mistake of the script.
    pub fn ask(&mut self, process: ProcessId, request: Request) {
        let hart = self.harts.iter_mut().find(|hart| hart.process == process).expect("the process exists");
        assert!(hart.request.is_none(), "the process has something to do already");
        hart.request = Some(request);
        hart.faulted = false;
    }

    /// Lets everyone run who has something to do, until all is quiet. Who runs first is the chooser's choice.
    pub fn settle(&mut self, chooser: &mut impl Chooser) {
        loop {
            let able = self.able();
            if able.is_empty() || self.kernel.halted().is_some() {
                return;
            }
            let choice = if able.len() > 1 { chooser.choose(self.steps, Choice::Run, able.len()) } else { 0 };
            self.step(able.get(choice).copied().unwrap_or(able[0]));
        }
    }

    /// One step of one thread.
    fn step(&mut self, thread: ThreadId) {
        self.steps += 1;
        let picked = self.kernel.pick(&mut Host(&mut self.frames), CPU, Pick::Thread(thread));
        assert_eq!(picked, Picked::Thread(thread), "a thread that is able to run can be picked");
        let resume = self.kernel.resume(&mut Host(&mut self.frames), CPU);
        let Some(place) = self.harts.iter().position(|hart| hart.thread == thread) else { return };
        match resume {
            Resume::Return(value) => self.answer(place, Answer::Returned(Errno::result(value))),
            Resume::Handler { info, mask, returns, on_alternate_stack, .. } => {
                self.harts[place].handlers.push(Interrupted { info, mask, returns, on_alternate_stack });
            }
            Resume::Retry => self.go_on(place),
            Resume::Start { .. } | Resume::Busy | Resume::Continued | Resume::Blocked => {}
        }
        self.harts.retain(|hart| self.kernel.thread(hart.thread).is_some());
    }

    /// The thread is back in user mode: a handler runs, or the request is made.
    fn go_on(&mut self, place: usize) {
        let Hart { thread, process, request, .. } = self.harts[place];
        if let Some(interrupted) = self.harts[place].handlers.pop() {
            let mask = self.kernel.thread(thread).map_or(SignalSet::empty(), |thread| thread.blocked);
            self.runs.push(HandlerRun { process, info: interrupted.info, mask });
            if SignalSet::SYNCHRONOUS.has(interrupted.info.signal) && interrupted.info.code > 0 {
                self.harts[place].faulted = true;
            }
            self.trap(Trap::Call(Syscall::RtSigreturn {
                mask: interrupted.mask.bits(),
                retry: interrupted.returns.is_none().into(),
                value: interrupted.returns.unwrap_or(0),
                on_alternate_stack: interrupted.on_alternate_stack.into(),
            }));
            return;
        }
        match request {
            None => {}
            Some(Request::Call(call)) => self.trap(Trap::Call(call)),
            Some(_) if self.harts[place].faulted => self.answer(place, Answer::Skipped),
            Some(Request::Load { address }) => match self.kernel.translate(thread, address, false) {
                Some((frame, offset)) => {
                    let byte = self.frames.frame(frame)[offset];
                    self.kernel.access(&mut Host(&mut self.frames), CPU);
                    self.answer(place, Answer::Returned(Ok(byte.into())));
                }
                None => self.trap(Trap::PageFault { address, write: false }),
            },
            Some(Request::Store { address, byte }) => match self.kernel.translate(thread, address, true) {
                Some((frame, offset)) => {
                    self.frames.frame_mut(frame)[offset] = byte;
                    self.kernel.access(&mut Host(&mut self.frames), CPU);
                    self.answer(place, Answer::Returned(Ok(0)));
                }
                None => self.trap(Trap::PageFault { address, write: true }),
            },
        }
    }

    fn trap(&mut self, trap: Trap) {
        if let Trapped::Forked(child) = self.kernel.trap(&mut Host(&mut self.frames), CPU, trap) {
            self.adopt_hart(child);
        }
    }

    fn answer(&mut self, place: usize, answer: Answer) {
        let hart = &mut self.harts[place];
        // A child begins by returning from its parent's fork, which nobody asked it for.
        if hart.request.take().is_some() {
            self.answers.push((hart.process, answer));
        }
    }

    fn adopt_hart(&mut self, thread: ThreadId) -> ProcessId {
        let process = self.kernel.process_of(thread).expect("a new thread has a process");
        self.harts.push(Hart { thread, process, request: None, handlers: Vec::new(), faulted: false });
        process
    }

    fn hart(&self, process: ProcessId) -> Option<&Hart> {
        self.harts.iter().find(|hart| hart.process == process)
    }

    /// The threads that could run and have something to do.
    fn able(&self) -> Vec<ThreadId> {
        let current = self.kernel.current(CPU);
        let could_run = current.into_iter().chain(self.kernel.runnable(CPU));
        could_run.filter(|thread| self.has_something_to_do(*thread)).collect()
    }

    fn has_something_to_do(&self, thread: ThreadId) -> bool {
        let Some(hart) = self.harts.iter().find(|hart| hart.thread == thread) else { return false };
        let in_kernel = self
            .kernel
            .thread(thread)
            .is_some_and(|entry| entry.call.is_some() || !matches!(entry.next, kernel::thread::Next::Access));
        let signals = self.kernel.has_signal_to_take(thread) || self.kernel.has_continuation_to_tell(thread);
        hart.request.is_some() || !hart.handlers.is_empty() || in_kernel || signals
    }

    /// The answers since they were last taken.
    pub fn take_answers(&mut self) -> Vec<(ProcessId, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// The handlers that ran since they were last taken, in order.
    pub fn take_runs(&mut self) -> Vec<HandlerRun> {
        std::mem::take(&mut self.runs)
    }
}

/// `mmap` of anonymous memory at a fixed place.
pub fn map_fixed(address: u64, bytes: u64, protection: Protection, flags: MapFlags) -> Syscall {
    Syscall::Mmap {
        address: abi::Address(address),
        length: Length(bytes),
        protection,
        flags: flags | MapFlags::MAP_FIXED | MapFlags::MAP_ANONYMOUS,
        fd: abi::Fd(-1),
        offset: 0,
    }
}

/// The exit signal of a plain fork.
pub fn fork() -> Syscall {
    let null = abi::Address(0);
    let flags = abi::CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into());
    Syscall::Clone { flags, stack: null, parent_tid: null, tls: null, child_tid: null }
}
