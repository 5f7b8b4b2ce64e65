//! The trap slot: where a program that runs meets the hart that runs it.
//!
//! Only one future is polled at a time, so there is one slot per hart, not per process. A program traps by leaving a
//! [`Request`] in the slot and returning `Pending`; the hart leaves the result and polls it again. While a future is
//! rebuilt, results come from the process's history instead, without leaving the poll.

use alloc::boxed::Box;
use alloc::rc::Weak;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll};

use abi::Syscall;

/// A place in a program's source.
pub type SourceLine = &'static Location<'static>;

/// What a program asks of its hart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// A system call.
    Syscall(Syscall),
    /// A system call with a number that no call has; for programs that test the edge.
    UnknownSyscall {
        /// Its number.
        number: u64,
    },
    /// Load `size` bytes (1, 2, 4 or 8), zero-extended.
    Load {
        /// Where from.
        address: u64,
        /// How many bytes.
        size: u8,
    },
    /// Store the low `size` bytes (1, 2, 4 or 8) of `value`.
    Store {
        /// Where to.
        address: u64,
        /// How many bytes.
        size: u8,
        /// What.
        value: u64,
    },
    /// Load many bytes as one access.
    LoadBytes {
        /// Where from.
        address: u64,
        /// How many.
        length: u64,
    },
    /// Store the staged bytes as one access.
    StoreBytes {
        /// Where to.
        address: u64,
        /// How many.
        length: u64,
    },
    /// Copy bytes from memory to memory as one access, as `memmove(3)` does.
    CopyBytes {
        /// Where from.
        from: u64,
        /// Where to.
        to: u64,
        /// How many.
        length: u64,
    },
    /// Change a word in one access; what was there.
    Atomic {
        /// How.
        kind: Atomic,
        /// Where.
        address: u64,
        /// How many bytes: 1, 2, 4 or 8.
        size: u8,
        /// What with.
        value: u64,
        /// For `CompareExchange`: only if the word is this.
        expected: u64,
    },
    /// Order accesses. It costs what an access costs.
    Fence,
    /// Write to memory where the program stands, for jumps (`setjmp`).
    SetJump {
        /// Where to.
        address: u64,
        /// A signal mask to write along.
        mask: Option<u64>,
    },
    /// Go to where the program stood (`longjmp`). Doesn't return.
    LongJump {
        /// Where that was written.
        address: u64,
        /// What `setjmp` returns.
        value: i32,
    },
    /// Start the program anew from the staged bytes, with an empty history. Doesn't return.
    Checkpoint,
    /// Execute an illegal instruction (SIGILL).
    IllegalInstruction,
    /// Divide by zero (SIGFPE).
    DivideByZero,
    /// Go on with the code at an address where there is none (SIGSEGV): a signal was caught with a wrong handler.
    Jump {
        /// Where to.
        address: u64,
    },
}

impl Operation {
    /// Bytes that `SetJump` writes: a mark, the position in the history, the history's hash there, whether there is a mask,
    /// and the mask; eight each.
    pub const JUMP_BUFFER_BYTES: u64 = 40;
    /// Where among them it says whether there is a mask.
    pub const JUMP_SAVED_AT: u64 = 24;
    /// Where among them the mask is.
    pub const JUMP_MASK_AT: u64 = 32;
}

/// How an atomic operation changes a word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Atomic {
    /// It becomes the value.
    Swap,
    /// The value is added, wrapping around.
    Add,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// It becomes the value, if it was what is expected.
    CompareExchange,
}

impl Atomic {
    /// What becomes of a word.
    pub fn apply(self, word: u64, value: u64, expected: u64) -> u64 {
        match self {
            Atomic::Swap => value,
            Atomic::Add => word.wrapping_add(value),
            Atomic::And => word & value,
            Atomic::Or => word | value,
            Atomic::Xor => word ^ value,
            Atomic::CompareExchange if word == expected => value,
            Atomic::CompareExchange => word,
        }
    }
}

/// A place that can be jumped to, as long as its function is there.
#[derive(Debug)]
pub struct JumpMark {
    /// How long the history was there.
    pub at: u64,
    /// What it hashed to.
    pub hash: u64,
    /// Gone when the function has returned.
    pub frame: Weak<()>,
}

/// When the bytes of an [`OutRegion`] hold a result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Filled {
    /// All of it, if the call succeeded.
    OnSuccess,
    /// The first so many bytes as the call returned.
    Returned,
    /// All of it, however the call ended.
    Always,
}

/// Room on the stack that a call writes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OutRegion {
    /// Where it is.
    pub address: u64,
    /// Its bytes.
    pub length: u32,
    /// Which of them hold a result.
    pub filled: Filled,
}

/// An operation on its way to the hart.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What is asked.
    pub operation: Operation,
    /// Regions whose contents come back with the result, in order.
    pub outs: [Option<OutRegion>; 2],
    /// Whether the hart has staged bytes to put into user memory first.
    pub staged: bool,
    /// Hash of the operation and of the staged bytes: by it a replay checks that it is still the same program.
    pub check: u32,
    /// The lowest address of the stack that it uses: a handler that interrupts it stays below.
    pub bottom: u64,
    /// The line of the program that asked.
    pub line: SourceLine,
}

/// How a program breaks the rules of its hart. It ends with SIGABRT and a message; the machine goes on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Misuse {
    /// It awaited two operations at once.
    TwoTraps,
    /// It awaited a future that isn't one of ours.
    ForeignFuture,
    /// When replayed, it asked for something else than it did the first time.
    Diverged {
        /// Which event of its history, from 0.
        event: usize,
    },
}

/// The past that a rebuild answers from.
pub trait Past {
    /// The answer to the operation that hashes to `check`, its bytes put into `data`; `None` if the next event isn't a
    /// result (it is a signal, or the past ends here).
    fn answer(&mut self, check: u32, data: &mut Vec<u8>) -> Option<Result<i64, Misuse>>;
}

/// A piece of staged memory.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it goes.
    pub address: u64,
    /// Where it starts in the staged bytes.
    pub start: usize,
    /// Its bytes.
    pub length: usize,
}

/// The bytes that a call takes with it, laid out below the stack pointer as a compiled program would.
#[derive(Default)]
pub struct Stage {
    /// Lowest address in use.
    pub bottom: u64,
    /// All staged bytes, one piece after the other.
    pub bytes: Vec<u8>,
    /// Where they go.
    pub pieces: Vec<Piece>,
}

impl Stage {
    /// Puts `bytes` onto the stack and returns their address.
    pub fn put(&mut self, bytes: &[u8]) -> u64 {
        self.bottom = self.bottom.saturating_sub(bytes.len() as u64) & !7;
        self.pieces.push(Piece { address: self.bottom, start: self.bytes.len(), length: bytes.len() });
        self.bytes.extend_from_slice(bytes);
        self.bottom
    }

    /// Makes room for `length` bytes on the stack and returns its address.
    pub fn room(&mut self, length: usize) -> u64 {
        self.bottom = self.bottom.saturating_sub(length as u64) & !7;
        self.bottom
    }
}

/// One hardware thread as a program sees it.
#[derive(Default)]
pub struct Hart {
    /// What the program asks.
    pub request: Cell<Option<Request>>,
    /// Whether it asks: this alone is looked at, because the request is large.
    pub asked: Cell<bool>,
    /// What it is answered.
    pub result: Cell<Option<i64>>,
    /// Bytes that go with the request.
    pub stage: RefCell<Stage>,
    /// Bytes that go with the result.
    pub data: RefCell<Vec<u8>>,
    /// The stack pointer of the frame that runs.
    pub stack_pointer: Cell<u64>,
    /// Whether results come from `past`.
    pub replaying: Cell<bool>,
    /// What a rebuild answers from.
    pub past: RefCell<Option<Box<dyn Past>>>,
    /// The places to jump to that the program has made since the hart last looked.
    pub marks: RefCell<Vec<JumpMark>>,
    /// Whether there are any.
    pub marked: Cell<bool>,
    /// The rule that the program broke, if any.
    pub misuse: Cell<Option<Misuse>>,
}

/// A handle to the hart: what every stub needs.
#[derive(Clone, Copy)]
pub struct HartRef(pub(crate) &'static Hart);

impl HartRef {
    /// A handle to this hart.
    pub fn new(hart: &'static Hart) -> HartRef {
        HartRef(hart)
    }

    /// Begins to stage a call's bytes.
    pub(crate) fn stage(self) -> core::cell::RefMut<'static, Stage> {
        let mut stage = self.0.stage.borrow_mut();
        stage.bottom = self.0.stack_pointer.get();
        stage.bytes.clear();
        stage.pieces.clear();
        stage
    }

    /// A trap with nothing staged.
    #[inline]
    pub(crate) fn trap<F: Fn() -> Operation>(self, operation: F, line: SourceLine) -> Trap<F> {
        Trap { hart: self.0, operation, outs: [None; 2], with_stage: false, line, check: None }
    }

    /// A trap with the stage as it is, and results in `outs`. To be awaited at once: the stage is everybody's.
    #[inline]
    pub(crate) fn staged_trap<F: Fn() -> Operation>(
        self,
        operation: F,
        outs: [Option<OutRegion>; 2],
        line: SourceLine,
    ) -> Trap<F> {
        Trap { hart: self.0, operation, outs, with_stage: true, line, check: None }
    }
}

/// The one leaf future of userland.
///
/// It keeps a function that makes the operation, not the operation: where the function is inlined the kind of call is
/// known, so that what it hashes to is a handful of instructions, and the request is put together where it is left for
/// the hart. A call that is copied on its way costs more than all the rest of a trap, because a processor can't forward
/// what was stored field by field to a load of many fields at once.
#[must_use = "nothing happens until it is awaited"]
pub struct Trap<F> {
    hart: &'static Hart,
    operation: F,
    outs: [Option<OutRegion>; 2],
    with_stage: bool,
    line: SourceLine,
    /// What it hashes to, once it has been asked. It is kept because a handler that runs in between uses the stage too.
    check: Option<u32>,
}

impl<F: Fn() -> Operation + Unpin> Future for Trap<F> {
    type Output = i64;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<i64> {
        let hart = self.hart;
        if let Some(check) = self.check {
            let result = if hart.replaying.get() { hart.replay(check) } else { hart.result.take() };
            return match result {
                Some(result) => Poll::Ready(result),
                None => Poll::Pending,
            };
        }
        let operation = (self.operation)();
        let (check, staged, bottom) = if self.with_stage {
            let stage = hart.stage.borrow();
            (check(&operation, &stage.bytes), !stage.pieces.is_empty(), stage.bottom)
        } else {
            (check(&operation, &[]), false, hart.stack_pointer.get())
        };
        if hart.replaying.get()
            && let Some(result) = hart.replay(check)
        {
            return Poll::Ready(result);
        }
        self.check = Some(check);
        if hart.asked.replace(true) {
            hart.misuse.set(Some(Misuse::TwoTraps));
        }
        hart.request.set(Some(Request { operation, outs: self.outs, staged, check, bottom, line: self.line }));
        Poll::Pending
    }
}

impl Hart {
    fn replay(&self, check: u32) -> Option<i64> {
        let mut past = self.past.borrow_mut();
        let answer = past.as_mut()?.answer(check, &mut self.data.borrow_mut())?;
        match answer {
            Ok(result) => Some(result),
            Err(misuse) => {
                self.misuse.set(Some(misuse));
                self.replaying.set(false);
                None
            }
        }
    }
}

/// Hash of an operation and its staged bytes. Where the kind of operation is known this becomes a few multiplications,
/// none of which waits for another.
#[inline(always)]
fn check(operation: &Operation, staged: &[u8]) -> u32 {
    // What isn't a call gets numbers that no call has.
    let (number, registers) = match *operation {
        Operation::Syscall(call) => call.encode(),
        Operation::UnknownSyscall { number } => (number, [0; 6]),
        Operation::Load { address, size } => (1 << 40, [address, size.into(), 0, 0, 0, 0]),
        Operation::Store { address, size, value } => (2 << 40, [address, size.into(), value, 0, 0, 0]),
        Operation::LoadBytes { address, length } => (3 << 40, [address, length, 0, 0, 0, 0]),
        Operation::StoreBytes { address, length } => (4 << 40, [address, length, 0, 0, 0, 0]),
        Operation::Checkpoint => (5 << 40, [0; 6]),
        Operation::IllegalInstruction => (6 << 40, [0; 6]),
        Operation::DivideByZero => (7 << 40, [0; 6]),
        Operation::Jump { address } => (8 << 40, [address, 0, 0, 0, 0, 0]),
        Operation::Atomic { kind, address, size, value, expected } => {
            (9 << 40, [address, size.into(), value, expected, kind as u64, 0])
        }
        Operation::Fence => (10 << 40, [0; 6]),
        Operation::SetJump { address, mask } => {
            (11 << 40, [address, mask.is_some().into(), mask.unwrap_or(0), 0, 0, 0])
        }
        Operation::LongJump { address, value } => (12 << 40, [address, value as u64, 0, 0, 0, 0]),
        Operation::CopyBytes { from, to, length } => (13 << 40, [from, to, length, 0, 0, 0]),
    };
    let [a, b, c, d, e, f] = registers;
    let mut hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ a.wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(17)
        ^ b.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(31)
        ^ c.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(43)
        ^ d.wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(7)
        ^ e.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(23)
        ^ f.wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(37);
    if !staged.is_empty() {
        hash ^= hash_bytes(staged);
    }
    (hash ^ (hash >> 32)) as u32
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    use core::hash::Hasher;
    let mut hasher = abi::FastHasher::default();
    hasher.write(bytes);
    hasher.finish()
}
