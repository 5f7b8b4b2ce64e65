//! Every system call and every other trap, so that whatever could panic in the kernel is reachable from
//! here. Each call is made by a child of its own with arguments of every kind; whatever becomes of it, the invariants hold
//! afterwards, and when the child is gone nothing is left of it.

use core::hash::{Hash, Hasher};
use core::hint::black_box;

use abi::{FastHasher, Pid, Signal, SignalNumber, Syscall};
use kernel::{Kernel, Pick, Picked, Resume, ThreadId, Trap, Trapped};
use spin::Mutex;

use crate::computer::{CPU, Computer, SCRATCH, Wrong};
use crate::outside;

/// What copies go into.
static COPY: Mutex<Kernel> = Mutex::new(Kernel::new());

/// Argument registers: nothing, small numbers, good addresses, bad ones, the largest there are, a good pipe.
const ARGUMENTS: [[u64; 6]; 7] = [
    [0; 6],
    [1, SCRATCH, 8, 1, 1, 1],
    [SCRATCH, SCRATCH, SCRATCH, SCRATCH, SCRATCH, SCRATCH],
    [17, 0, 0, 0, 0, 0],
    [u64::MAX; 6],
    [2, 4096, 3, 0x22, u64::MAX, 0],
    [3, SCRATCH + 4090, 100_000, SCRATCH, 1 << 36, 7],
];

/// Runs it.
pub(crate) fn run(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let before = computer.kernel.tables_in_use();
    for info in Syscall::TABLE {
        for arguments in ARGUMENTS {
            in_a_child(computer, Trap::Syscall { number: info.number, arguments })?;
        }
    }
    in_a_child(computer, Trap::Syscall { number: 9999, arguments: [0; 6] })?;
    for address in [0, SCRATCH, u64::MAX] {
        in_a_child(computer, Trap::PageFault { address, write: false })?;
        in_a_child(computer, Trap::PageFault { address, write: true })?;
    }
    for trap in [Trap::Misaligned { address: 1 }, Trap::IllegalInstruction, Trap::DivideByZero, Trap::Abort] {
        in_a_child(computer, trap)?;
    }
    remove_what_outlives(computer)?;
    if computer.kernel.tables_in_use() != before {
        return Err("something is left of the children");
    }
    outside::run(computer)?;
    as_a_value(computer)
}

/// System V objects outlive who made them: PID 1 finds them by slot, and removes them.
fn remove_what_outlives(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    const MOST: u64 = 64;
    const REMOVE: u64 = 0;
    // `shmctl`, `msgctl` and `semctl`, with their `_STAT` command by slot; `semctl` has it behind a semaphore's number.
    for (number, stat, at) in [(195, 13, 1), (187, 11, 1), (191, 18, 2)] {
        for slot in 0..MOST {
            let mut arguments = [slot, 0, SCRATCH, SCRATCH, 0, 0];
            let Some(command) = arguments.get_mut(at) else { continue };
            *command = stat;
            let id = match Syscall::decode(number, arguments) {
                Some(call) => computer.call(call)?,
                None => return Err("there is no such call"),
            };
            if id < 0 {
                continue;
            }
            let mut arguments = [id as u64, 0, 0, 0, 0, 0];
            let Some(command) = arguments.get_mut(at) else { continue };
            *command = REMOVE;
            if let Some(call) = Syscall::decode(number, arguments)
                && computer.call(call)? != 0
            {
                return Err("an object can't be removed");
            }
            computer.check()?;
        }
    }
    Ok(())
}

/// A child does this, and is killed if it doesn't end by itself.
fn in_a_child(computer: &mut Computer<'_>, trap: Trap) -> Result<(), Wrong> {
    let child = computer.fork()?;
    computer.expect(child, 0, "a child doesn't begin")?;
    let trapped = computer.kernel.trap(computer.board, CPU, black_box(trap));
    computer.check()?;
    if !matches!(trapped, Trapped::Ended | Trapped::Blocked) {
        computer.kernel.resume(computer.board, CPU);
        computer.check()?;
    }
    if computer.run(computer.first)? != Resume::Retry {
        return Err("PID 1 is disturbed by what its child does");
    }
    computer.call(Syscall::Kill { pid: Pid(-1), signal: SignalNumber(Signal::SIGKILL.number().into()) })?;
    // The child, and children of its own.
    while wait(computer)? > 0 {
        computer.check()?;
    }
    Ok(())
}

/// PID 1 waits for a child, while the others run to their end; what `wait4` returns.
fn wait(computer: &mut Computer<'_>) -> Result<i64, Wrong> {
    computer.trap(Computer::wait());
    loop {
        if computer.kernel.needs_pick(CPU)
            && let Picked::Idle = computer.kernel.pick(computer.board, CPU, black_box(Pick::Policy))
        {
            return Err("nobody can run, and a child isn't dead");
        }
        let first = computer.kernel.current(CPU) == Some(computer.first);
        match computer.kernel.resume(computer.board, CPU) {
            Resume::Return(value) if first => return Ok(value),
            Resume::Busy | Resume::Continued | Resume::Blocked => {}
            _ => return Err("a process goes on that was killed"),
        }
    }
}

/// Copies, hashes and compares.
fn as_a_value(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let mut copy = COPY.lock();
    copy.clone_from(black_box(computer.kernel));
    if *copy != *computer.kernel || hash(&copy) != hash(computer.kernel) {
        return Err("a copy isn't equal to what it is a copy of");
    }
    copy.forget_accounting();
    let thread: Option<ThreadId> = copy.current(CPU);
    black_box((hash(&copy), thread));
    Ok(())
}

fn hash(kernel: &Kernel) -> u64 {
    let mut hasher = FastHasher::default();
    kernel.hash(&mut hasher);
    hasher.finish()
}
