//! A kernel that runs on a board: how its threads make calls.

use core::hint::black_box;

use abi::{Address, CloneFlags, Out, Pid, Signal, Syscall, WaitOptions, WaitStatus, WindowSize};
use kernel::{Boot, CpuNo, ImageNo, Kernel, Pick, Picked, Resume, ThreadId, Trap, Trapped};

use crate::board::Board;

/// What went wrong, in a sentence.
pub(crate) type Wrong = &'static str;

/// The one CPU.
pub(crate) const CPU: CpuNo = CpuNo(0);

/// Room for what calls exchange, in the stack of every process.
pub(crate) const SCRATCH: u64 = kernel::mem::space::STACK_TOP - 0x2_0000;

/// The kernel and its board.
pub(crate) struct Computer<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) board: &'a mut Board,
    /// PID 1's thread.
    pub(crate) first: ThreadId,
}

impl<'a> Computer<'a> {
    /// Boots, up to where PID 1 begins its program.
    pub(crate) fn switch_on(kernel: &'a mut Kernel, board: &'a mut Board) -> Result<Self, Wrong> {
        let argv: &[&[u8]] = &[b"test", b"pear"];
        let boot = Boot {
            image: ImageNo(0),
            name: b"test",
            argv,
            envp: &[b"HOME=/"],
            console: true,
            cores: true,
            terminal: Some(WindowSize { rows: 24, columns: 80, ..WindowSize::default() }),
        };
        let first = kernel.boot(board, black_box(&boot)).map_err(|_| "it doesn't boot")?;
        let mut computer = Computer { kernel, board, first };
        match computer.run(first)? {
            Resume::Start { image: ImageNo(0), .. } => Ok(computer),
            _ => Err("PID 1 doesn't begin its program"),
        }
    }

    /// PID 1 exits, and with it the machine halts.
    pub(crate) fn switch_off(&mut self) -> Result<(), Wrong> {
        self.exit(0)?;
        match self.kernel.halted() {
            Some(WaitStatus::Exited(0)) => Ok(()),
            _ => Err("the machine doesn't halt with PID 1's status"),
        }
    }

    /// This thread gets the CPU; what it does there.
    pub(crate) fn run(&mut self, thread: ThreadId) -> Result<Resume, Wrong> {
        match self.kernel.pick(self.board, CPU, black_box(Pick::Thread(thread))) {
            Picked::Thread(picked) if picked == thread => Ok(self.kernel.resume(self.board, CPU)),
            _ => Err("a thread that should be ready can't run"),
        }
    }

    /// This thread gets the CPU, and its call returns this.
    pub(crate) fn expect(&mut self, thread: ThreadId, value: i64, or: Wrong) -> Result<(), Wrong> {
        if self.run(thread)? == Resume::Return(value) { Ok(()) } else { Err(or) }
    }

    /// The running thread makes a call.
    pub(crate) fn trap(&mut self, call: Syscall) -> Trapped {
        let (number, arguments) = call.encode();
        self.kernel.trap(self.board, CPU, black_box(Trap::Syscall { number, arguments }))
    }

    /// The running thread makes a call that doesn't have to wait; what it returns.
    pub(crate) fn call(&mut self, call: Syscall) -> Result<i64, Wrong> {
        match self.trap(call) {
            Trapped::Ready | Trapped::Forked(_) => {}
            Trapped::Blocked | Trapped::Ended => return Err("a call waits that shouldn't"),
        }
        match self.kernel.resume(self.board, CPU) {
            Resume::Return(value) => Ok(value),
            _ => Err("a call doesn't return"),
        }
    }

    /// The running thread makes a call that has to wait.
    pub(crate) fn block(&mut self, call: Syscall) -> Result<(), Wrong> {
        if self.trap(call) == Trapped::Blocked { Ok(()) } else { Err("a call doesn't wait that should") }
    }

    /// The running thread forks; the child's thread.
    pub(crate) fn fork(&mut self) -> Result<ThreadId, Wrong> {
        let null = Address(0);
        let flags = CloneFlags::from_bits_retain(Signal::SIGCHLD.number().into());
        let call = Syscall::Clone { flags, stack: null, parent_tid: null, tls: null, child_tid: null };
        let Trapped::Forked(child) = self.trap(call) else { return Err("fork makes no child") };
        match self.kernel.resume(self.board, CPU) {
            Resume::Return(pid) if pid == i64::from(self.kernel.pid_of(child)) => Ok(child),
            _ => Err("fork doesn't return the child's process id"),
        }
    }

    /// The running thread's process exits.
    pub(crate) fn exit(&mut self, status: i32) -> Result<(), Wrong> {
        if self.trap(Syscall::ExitGroup { status }) == Trapped::Ended { Ok(()) } else { Err("exit doesn't end") }
    }

    /// `wait4` for any child, with its status in the scratch area.
    pub(crate) fn wait() -> Syscall {
        Syscall::Wait4 { pid: Pid(-1), status: Out::at(SCRATCH), options: WaitOptions::empty(), rusage: Out::NULL }
    }

    /// Reads an `int` array from a thread's scratch area.
    pub(crate) fn numbers<const N: usize>(&mut self, thread: ThreadId) -> Result<[i32; N], Wrong> {
        let mut numbers = [0; N];
        for (address, number) in (SCRATCH..).step_by(4).zip(&mut numbers) {
            let mut bytes = [0; 4];
            let copied = self.kernel.copy_in(self.board, thread, address, &mut bytes);
            copied.map_err(|_| "the scratch area can't be read")?;
            *number = i32::from_le_bytes(bytes);
        }
        Ok(numbers)
    }

    /// What must always hold.
    pub(crate) fn check(&self) -> Result<(), Wrong> {
        self.kernel.check().map_err(|violation| violation.sentence)
    }
}
