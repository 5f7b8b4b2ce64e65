//! Operations of a program as text, in the style of the trace.

use abi::Errno;
use kernel::ThreadId;
use kernel::thread::Next;
use userland::hart::{Atomic, Operation};

use crate::World;
use crate::process::Process;
use crate::quote::Quoted;
use crate::trace::{Peek, View, finish, start};

/// How many bytes of a load are shown.
const SHOWN_BYTES: usize = 32;

/// What is asked, without what comes of it; `peek` looks at its caller's memory.
pub fn operation(operation: &Operation, peek: Peek<'_>) -> String {
    match operation {
        Operation::Syscall(call) => {
            let (head, shown) = start(call, peek);
            let complete = shown == call.info().arguments.len();
            format!("{head}{})", if complete { "" } else { "..." })
        }
        Operation::UnknownSyscall { number } => format!("syscall_{number}(...)"),
        Operation::Load { address, size } => format!("load({address:#x}, {size})"),
        Operation::Store { address, size, value } => format!("store({address:#x}, {size}, {value})"),
        Operation::LoadBytes { address, length } => format!("load_bytes({address:#x}, {length})"),
        Operation::StoreBytes { address, length } => format!("store_bytes({address:#x}, {length})"),
        Operation::CopyBytes { from, to, length } => format!("copy_bytes({from:#x}, {to:#x}, {length})"),
        Operation::Atomic { kind: Atomic::CompareExchange, address, size, value, expected } => {
            format!("compare_exchange({address:#x}, {size}, {expected}, {value})")
        }
        Operation::Atomic { kind, address, size, value, .. } => {
            let name = match kind {
                Atomic::Swap => "swap",
                Atomic::Add => "fetch_add",
                Atomic::And => "fetch_and",
                Atomic::Or => "fetch_or",
                Atomic::Xor | Atomic::CompareExchange => "fetch_xor",
            };
            format!("{name}({address:#x}, {size}, {value})")
        }
        Operation::Fence => "fence()".into(),
        Operation::SetJump { address, .. } => format!("setjmp({address:#x})"),
        Operation::LongJump { address, value } => format!("longjmp({address:#x}, {value})"),
        Operation::Checkpoint => "checkpoint()".into(),
        Operation::IllegalInstruction => "illegal_instruction()".into(),
        Operation::DivideByZero => "divide_by_zero()".into(),
        Operation::Jump { address } => format!("jump({address:#x})"),
    }
}

/// An access, with what it gave if that is a value and the process hasn't been told yet.
pub fn with_result(asked: &Operation, process: Option<&Process>) -> String {
    let text = operation(asked, &|_, _| 0);
    let Some(pending) = process.and_then(|process| process.pending.as_ref()) else { return text };
    match (asked, &pending.bytes) {
        (Operation::Load { .. } | Operation::Atomic { .. } | Operation::SetJump { .. }, _) => {
            format!("{text} = {}", pending.value)
        }
        (Operation::LoadBytes { .. }, Some(bytes)) => format!("{text} = {}", Quoted::cut(bytes, SHOWN_BYTES)),
        _ => text,
    }
}

/// The operation that a thread stands in, with its result once that is known.
pub(super) fn standing(world: &World, thread: ThreadId) -> String {
    let Some(parked) = world.process(thread).and_then(Process::parked) else { return "about to start".into() };
    let peek = |address, bytes: &mut [u8]| world.peek(thread, address, bytes);
    let returns = match world.kernel.thread(thread).map(|thread| thread.next) {
        Some(Next::Return(value)) => Some(value),
        Some(Next::Start { .. }) => return "about to start".into(),
        _ => None,
    };
    match (&parked.operation, returns) {
        (Operation::Syscall(call), Some(value)) => {
            let (head, shown) = start(call, &peek);
            head + &finish(call, shown, Some(Errno::result(value)), &peek)
        }
        (Operation::Syscall(_), None) => operation(&parked.operation, &peek),
        (other, _) => with_result(other, world.process(thread)),
    }
}
