//! A host for the kernel's own tests: memory in a vector, one program, nothing recorded.

extern crate std;

use std::vec::Vec;

use abi::{
    Address, CloneFlags, Fd, In, InBytes, Length, OpenFlags, Out, OutBytes, Path, Pid, Signal, Syscall, Timespec,
    WaitOptions,
};

use crate::entry::{Boot, Pick, Picked, Resume, Trap, Trapped};
use crate::host::{Event, Frame, PhysMem, Programs, Trace};
use crate::ids::{CpuNo, FrameNo, ImageNo, ThreadId};
use crate::invariants::Checker;
use crate::kernel::Kernel;
use crate::limits::FRAMES;
use crate::mem::space::STACK_TOP;

/// The host.
pub(crate) struct TestHost {
    frames: Vec<Frame>,
}

impl PhysMem for TestHost {
    fn frame(&self, frame: FrameNo) -> &Frame {
        &self.frames[frame.index()]
    }
    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame {
        &mut self.frames[frame.index()]
    }
    fn zero(&mut self, frame: FrameNo) {
        self.frames[frame.index()].fill(0);
    }
    fn copy(&mut self, from: FrameNo, to: FrameNo) {
        self.frames[to.index()] = self.frames[from.index()];
    }
    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize) {
        let source = self.frames[from.0.index()];
        self.frames[to.0.index()][to.1..to.1 + length].copy_from_slice(&source[from.1..from.1 + length]);
    }
    fn release(&mut self, _: FrameNo) {}
}

impl Trace for TestHost {
    fn event(&mut self, _: Event<'_>) {}
}

impl Programs for TestHost {
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        (name == b"test").then_some(ImageNo(0))
    }
}

/// A booted kernel with its host.
pub(crate) struct Machine {
    pub(crate) kernel: std::boxed::Box<Kernel>,
    pub(crate) host: TestHost,
    pub(crate) checker: std::boxed::Box<Checker>,
}

/// Room for data that calls exchange, in every process's stack.
pub(crate) const SCRATCH: u64 = STACK_TOP - 0x2_0000;

const CPU: CpuNo = CpuNo(0);

impl Machine {
    /// PID 1 runs, with the console open.
    pub(crate) fn new() -> Machine {
        let mut kernel = std::boxed::Box::new(Kernel::new());
        let mut host = TestHost { frames: std::vec![[0; abi::PAGE_SIZE]; FRAMES] };
        let boot = Boot {
            image: ImageNo(0),
            name: b"test",
            argv: &[b"test"],
            envp: &[],
            console: true,
            cores: false,
            terminal: None,
        };
        kernel.boot(&mut host, &boot).unwrap();
        let mut machine = Machine { kernel, host, checker: std::boxed::Box::new(Checker::new()) };
        machine.run_first();
        machine
    }

    /// The state is sound, and the checker has seen that by looking at what was touched.
    pub(crate) fn accept(&mut self) {
        self.kernel.check().unwrap();
        self.checker.check(&mut self.kernel).unwrap();
        assert_eq!(self.checker.full_checks(), 1, "the checker was in doubt about a sound state");
    }

    /// The thread that runs.
    pub(crate) fn current(&self) -> ThreadId {
        self.kernel.current(CPU).unwrap()
    }

    /// Lets a thread run, up to its user code; what it does there.
    pub(crate) fn run(&mut self, thread: ThreadId) -> Resume {
        assert_eq!(self.kernel.pick(&mut self.host, CPU, Pick::Thread(thread)), Picked::Thread(thread));
        self.kernel.resume(&mut self.host, CPU)
    }

    fn run_first(&mut self) {
        let Picked::Thread(_) = self.kernel.pick(&mut self.host, CPU, Pick::Policy) else { panic!("nobody runs") };
        self.kernel.resume(&mut self.host, CPU);
    }

    /// The running thread makes a call that doesn't have to wait; what it returns.
    pub(crate) fn call(&mut self, call: Syscall) -> i64 {
        let trapped = self.kernel.trap(&mut self.host, CPU, Trap::Call(call));
        self.accept();
        assert!(matches!(trapped, Trapped::Ready | Trapped::Forked(_)), "{call:?} {trapped:?}");
        match self.kernel.resume(&mut self.host, CPU) {
            Resume::Return(value) => value,
            other => panic!("{call:?} gave {other:?}"),
        }
    }

    /// The running thread makes a call that has to wait.
    pub(crate) fn block(&mut self, call: Syscall) {
        assert_eq!(self.kernel.trap(&mut self.host, CPU, Trap::Call(call)), Trapped::Blocked);
        self.accept();
    }

    /// The running thread forks; the child.
    pub(crate) fn fork(&mut self) -> ThreadId {
        let null = Address(0);
        let flags = CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into());
        let call = Syscall::Clone { flags, stack: null, parent_tid: null, tls: null, child_tid: null };
        let trapped = self.kernel.trap(&mut self.host, CPU, Trap::Call(call));
        self.accept();
        match trapped {
            Trapped::Forked(child) => {
                self.kernel.resume(&mut self.host, CPU);
                child
            }
            other => panic!("fork gave {other:?}"),
        }
    }

    /// The running thread makes a pipe: its read end and its write end.
    pub(crate) fn pipe(&mut self) -> (Fd, Fd) {
        assert_eq!(self.call(Syscall::Pipe2 { fds: Out::at(SCRATCH), flags: OpenFlags::empty() }), 0);
        let mut fds = [0; 8];
        let thread = self.current();
        self.kernel.copy_in(&mut self.host, thread, SCRATCH, &mut fds).unwrap();
        let [read, write]: [i32; 2] = abi::Layout::load(&fds);
        (Fd(read), Fd(write))
    }

    /// Puts bytes into the scratch area of the running thread.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        let thread = self.current();
        self.kernel.copy_out(&mut self.host, thread, SCRATCH, bytes).unwrap();
    }

    /// The running thread makes a message queue whose name, with its end, is given; its descriptor, or a negated error number.
    pub(crate) fn make_queue(&mut self, name: &[u8]) -> i64 {
        self.put(name);
        let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
        self.call(Syscall::MqOpen { name: Path(SCRATCH), flags, mode: 0o600, attributes: In::NULL })
    }

    /// The running process, which is privileged and stays so, takes on another real user id.
    pub(crate) fn set_real_uid(&mut self, real: u32) {
        assert_eq!(self.call(Syscall::Setresuid { real, effective: u32::MAX, saved: u32::MAX }), 0);
    }

    /// The running thread ends.
    pub(crate) fn exit(&mut self, status: i32) {
        let call = Syscall::ExitGroup { status };
        assert_eq!(self.kernel.trap(&mut self.host, CPU, Trap::Call(call)), Trapped::Ended);
        self.accept();
    }
}

/// `read` into the scratch area.
pub(crate) fn read(fd: Fd, count: u64) -> Syscall {
    Syscall::Read { fd, buffer: OutBytes(SCRATCH), count: Length(count) }
}

/// `write` from the scratch area.
pub(crate) fn write(fd: Fd, count: u64) -> Syscall {
    Syscall::Write { fd, buffer: InBytes(SCRATCH), count: Length(count) }
}

/// `wait4` for any child.
pub(crate) fn wait() -> Syscall {
    Syscall::Wait4 { pid: Pid(-1), status: Out::NULL, options: WaitOptions::empty(), rusage: Out::NULL }
}

/// `nanosleep`; the duration must lie in the scratch area.
pub(crate) fn sleep() -> Syscall {
    Syscall::Nanosleep { duration: In::<Timespec>::at(SCRATCH), remaining: Out::NULL }
}
