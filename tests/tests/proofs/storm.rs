//! The kernel withstands any calls with any arguments from any of its processes: nothing panics, the invariants hold after
//! every step, every error is one that the table names, and when all have ended everything is back.
//!
//! Here is no user code and no hart: the test itself says what each process does, straight at the kernel's entry points.

use std::collections::BTreeMap;
use std::fmt;

use abi::{Address, CloneFlags, Errno, Kind, MapFlags, Out, PAGE_SIZE, Pid, Signal, Syscall, SyscallInfo, WaitOptions};
use kernel::mem::space::{END, HEAP_START, MAPPINGS_START, STACK_TOP};
use kernel::{Boot, CpuNo, Event, Frame, FrameNo, ImageNo, PhysMem, Pick, Picked, Programs, Resume, ThreadId, Trace};
use kernel::{Trap, Trapped};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use sim::{CheckerBox, Frames, KernelBox};

const CPU: CpuNo = CpuNo(0);
/// Where the structures lie that calls are given.
const SCRATCH: u64 = STACK_TOP - 0x8000;
/// How many words of it are filled before a call.
const WORDS: usize = 12;
/// Behind them: the name of the program, and an array of strings with nothing but it.
const NAME: u64 = SCRATCH + 8 * WORDS as u64;
/// Names for the removal of names.
const PARENT: u64 = NAME + 16;
const ROOT: u64 = NAME + 24;
/// No kernel of a test has more System V objects of a kind.
const MOST_OBJECTS: u64 = 128;
/// Cases in the ordinary test run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 3000;

/// What one process does next. The numbers mean something only together with what is being called: small ones are likely
/// to be valid.
#[derive(Clone, Debug)]
enum Move {
    Call {
        row: Row,
        arguments: [u64; 6],
        scratch: [u64; WORDS],
    },
    Load {
        address: u64,
    },
    Store {
        address: u64,
    },
    Misaligned,
    IllegalInstruction,
    DivideByZero,
    Abort,
    UnknownSyscall {
        number: u64,
    },
    /// The innermost handler returns.
    LeaveHandler,
    /// PID 1 goes on, if it can.
    First,
    /// From outside: the console gives this many bytes.
    Input {
        bytes: usize,
    },
    InputEnd,
    /// From outside: a signal.
    Signal {
        number: u8,
    },
}

fn a_move() -> impl Strategy<Value = Move> {
    let seed = prop_oneof![3 => 0..16_u64, 1 => any::<u64>()];
    let scratch = proptest::array::uniform12(seed.clone());
    let row = prop_oneof![(0..Syscall::TABLE.len()).prop_map(Row), select(FAVOURITES).prop_map(Row::of)];
    let call = (row, proptest::array::uniform6(seed.clone()), scratch);
    prop_oneof![
        60 => call.prop_map(|(row, arguments, scratch)| Move::Call { row, arguments, scratch }),
        3 => seed.clone().prop_map(|address| Move::Load { address }),
        3 => seed.prop_map(|address| Move::Store { address }),
        1 => Just(Move::Misaligned),
        1 => Just(Move::IllegalInstruction),
        1 => Just(Move::DivideByZero),
        1 => Just(Move::Abort),
        1 => any::<u64>().prop_map(|number| Move::UnknownSyscall { number }),
        4 => Just(Move::LeaveHandler),
        4 => Just(Move::First),
        1 => (0..9000_usize).prop_map(|bytes| Move::Input { bytes }),
        1 => Just(Move::InputEnd),
        2 => (1..65_u8).prop_map(|number| Move::Signal { number }),
    ]
}

/// What is called more often than the rest: what others build on, and what makes processes wait for one another.
const FAVOURITES: &[&str] =
    &["clone", "pipe2", "read", "write", "dup", "dup3", "close", "mmap", "munmap", "kill", "rt_sigaction", "wait4"];

/// A row of the table of calls.
#[derive(Clone, Copy)]
struct Row(usize);

impl Row {
    fn of(name: &'static str) -> Row {
        Row(Syscall::TABLE.iter().position(|info| info.name == name).expect("there is such a call"))
    }

    fn info(self) -> &'static SyscallInfo {
        &Syscall::TABLE[self.0]
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

/// Who, and what.
fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    vec((0..8_usize, a_move()), 1..120)
}

/// Memory, and one program.
#[derive(Clone, Default)]
struct Host(Frames);

impl PhysMem for Host {
    fn frame(&self, frame: FrameNo) -> &Frame {
        self.0.frame(frame)
    }
    fn frame_mut(&mut self, frame: FrameNo) -> &mut Frame {
        self.0.frame_mut(frame)
    }
    fn zero(&mut self, frame: FrameNo) {
        self.0.zero(frame);
    }
    fn copy(&mut self, from: FrameNo, to: FrameNo) {
        self.0.copy(from, to);
    }
    fn copy_bytes(&mut self, from: (FrameNo, usize), to: (FrameNo, usize), length: usize) {
        self.0.copy_bytes(from, to, length);
    }
    fn release(&mut self, frame: FrameNo) {
        self.0.release(frame);
    }
}

impl Trace for Host {
    fn event(&mut self, _: Event<'_>) {}
}

impl Programs for Host {
    fn find(&self, name: &[u8]) -> Option<ImageNo> {
        (name == b"program").then_some(ImageNo(0))
    }
}

/// What a handler that runs will give back.
#[derive(Clone, Copy)]
struct Interrupted {
    mask: u64,
    returns: Option<i64>,
    on_alternate_stack: bool,
}

#[derive(Clone)]
struct Storm {
    kernel: KernelBox,
    checker: CheckerBox,
    host: Host,
    /// PID 1: it makes new children when it has none, and otherwise waits.
    first: ThreadId,
    handlers: BTreeMap<ThreadId, Vec<Interrupted>>,
    /// The call that each thread is in.
    calls: BTreeMap<ThreadId, &'static SyscallInfo>,
}

impl Storm {
    fn new() -> Storm {
        kernel::set_bug_hook(|what| panic!("bug in the kernel: {what}"));
        let (mut kernel, mut host) = (KernelBox::new(), Host::default());
        let boot = Boot {
            image: ImageNo(0),
            name: b"program",
            argv: &[b"program"],
            envp: &[],
            console: true,
            cores: false,
            terminal: None,
        };
        let first = kernel.boot(&mut host, &boot).expect("it boots");
        let checker = CheckerBox::new();
        Storm { kernel, checker, host, first, handlers: BTreeMap::new(), calls: BTreeMap::new() }
    }

    /// What is in use, without the frames of console input that nobody has read.
    fn in_use(&self) -> Vec<(&'static str, usize)> {
        let unread = self.kernel.unread_input();
        let mut tables = self.kernel.tables_in_use().to_vec();
        if unread > 0 {
            tables.retain(|(name, _)| *name != "frames");
        }
        tables
    }

    fn turn(&mut self, who: usize, what: &Move) -> Result<(), TestCaseError> {
        match *what {
            Move::Input { bytes } => {
                self.kernel.input(&mut self.host, &vec![b'i'; bytes]);
            }
            Move::InputEnd => self.kernel.input_end(&mut self.host),
            Move::Signal { number } => {
                let all: Vec<_> = self.kernel.processes().map(|(id, _)| id).collect();
                if let (Some(&process), Some(signal)) = (all.get(who % all.len().max(1)), Signal::new(number.into())) {
                    self.kernel.inject_signal(&mut self.host, process, signal);
                }
            }
            _ => self.run(who, what)?,
        }
        self.check()
    }

    /// A checker comes to the same result as a look at everything, and never has to make one to be sure.
    fn check(&mut self) -> Result<(), TestCaseError> {
        let looked = self.kernel.check();
        prop_assert_eq!(self.checker.check(&mut self.kernel), looked, "the checker says something else");
        looked.map_err(|violation| TestCaseError::fail(violation.to_string()))?;
        prop_assert_eq!(self.checker.full_checks(), 1, "the checker was in doubt");
        Ok(())
    }

    /// Lets somebody run and make a move.
    fn run(&mut self, who: usize, what: &Move) -> Result<(), TestCaseError> {
        let able = self.kernel.current(CPU).into_iter().chain(self.kernel.runnable(CPU));
        let (first, others): (Vec<ThreadId>, Vec<ThreadId>) = able.partition(|thread| *thread == self.first);
        let wanted = if matches!(what, Move::First) || others.is_empty() { first } else { others };
        let Some(&thread) = wanted.get(who % wanted.len().max(1)) else {
            if let Some(us) = self.kernel.next_timer_us() {
                self.kernel.idle_until(&mut self.host, CPU, us);
            }
            return Ok(());
        };
        prop_assert_eq!(self.kernel.pick(&mut self.host, CPU, Pick::Thread(thread)), Picked::Thread(thread));
        if !self.resume(thread)? {
            return Ok(());
        }
        self.check()?;
        let trap = if thread == self.first { self.reap_or_fork() } else { self.trap(thread, what) };
        self.calls.remove(&thread);
        if let Trap::Call(call) = trap {
            self.calls.insert(thread, call.info());
        }
        if let Trapped::Forked(child) = self.kernel.trap(&mut self.host, CPU, trap) {
            self.calls.remove(&child);
            let handlers = self.handlers.get(&thread).cloned().unwrap_or_default();
            self.handlers.insert(child, handlers);
        }
        Ok(())
    }

    /// Lets a thread go on as far as to its user code; whether it comes there. Handlers begin one upon the other before any
    /// of them runs.
    fn resume(&mut self, thread: ThreadId) -> Result<bool, TestCaseError> {
        loop {
            match self.kernel.resume(&mut self.host, CPU) {
                Resume::Busy | Resume::Blocked => return Ok(false),
                Resume::Retry => return Ok(true),
                Resume::Return(value) => {
                    self.returned(thread, value)?;
                    return Ok(true);
                }
                Resume::Start { .. } => {
                    self.handlers.remove(&thread);
                    self.calls.remove(&thread);
                    return Ok(true);
                }
                Resume::Handler { mask, returns, on_alternate_stack, .. } => {
                    if let Some(value) = returns {
                        self.returned(thread, value)?;
                    }
                    let interrupted = Interrupted { mask: mask.bits(), returns, on_alternate_stack };
                    self.handlers.entry(thread).or_default().push(interrupted);
                }
            }
            self.check()?;
        }
    }

    /// A call may only fail as the table says.
    fn returned(&mut self, thread: ThreadId, value: i64) -> Result<(), TestCaseError> {
        // What `rt_sigreturn` gives is the result of the call that the handler had interrupted.
        let call = self.calls.remove(&thread).filter(|info| info.name != "rt_sigreturn");
        if let (Some(info), Err(errno)) = (call, Errno::result(value)) {
            prop_assert!(info.errors.contains(&errno), "{} gave {errno:?}, which its row doesn't name", info.name);
        }
        Ok(())
    }

    fn reap_or_fork(&self) -> Trap {
        let few = self.kernel.processes().count() < 4;
        Trap::Call(if few { FORK } else { WAIT })
    }

    fn trap(&mut self, thread: ThreadId, what: &Move) -> Trap {
        match *what {
            Move::Call { row, arguments, scratch } => self.call(thread, row, arguments, scratch),
            Move::Load { address } => Trap::PageFault { address: self.address(address), write: false },
            Move::Store { address } => Trap::PageFault { address: self.address(address), write: true },
            Move::Misaligned => Trap::Misaligned { address: SCRATCH + 1 },
            Move::IllegalInstruction => Trap::IllegalInstruction,
            Move::DivideByZero => Trap::DivideByZero,
            Move::UnknownSyscall { number } => Trap::Syscall { number, arguments: [1; 6] },
            Move::LeaveHandler => match self.handlers.entry(thread).or_default().pop() {
                Some(Interrupted { mask, returns, on_alternate_stack }) => Trap::Call(Syscall::RtSigreturn {
                    mask,
                    retry: returns.is_none().into(),
                    value: returns.unwrap_or(0),
                    on_alternate_stack: on_alternate_stack.into(),
                }),
                None => Trap::Call(Syscall::SchedYield {}),
            },
            Move::Abort | Move::First | Move::Input { .. } | Move::InputEnd | Move::Signal { .. } => Trap::Abort,
        }
    }

    fn call(&mut self, thread: ThreadId, row: Row, arguments: [u64; 6], scratch: [u64; WORDS]) -> Trap {
        let info = row.info();
        if info.name == "rt_sigreturn" {
            // Its arguments are what the hart has kept; user code has no say in them.
            return Trap::Call(Syscall::SchedYield {});
        }
        let mut bytes = Vec::new();
        for seed in scratch {
            bytes.extend(word(seed).to_le_bytes());
        }
        bytes.extend(b"program\0");
        bytes.extend(NAME.to_le_bytes());
        bytes.extend(0_u64.to_le_bytes());
        let _ = self.kernel.copy_out(&mut self.host, thread, SCRATCH, &bytes);
        let mut registers = [0; 6];
        for ((register, argument), seed) in registers.iter_mut().zip(info.arguments).zip(arguments) {
            *register = match likely(info.name, argument.name, seed) {
                Some(value) => value,
                None => self.argument(argument.kind, seed),
            };
        }
        match Syscall::decode(info.number, registers) {
            Some(call) => Trap::Call(call),
            None => Trap::Syscall { number: info.number, arguments: registers },
        }
    }

    fn argument(&self, kind: Kind, seed: u64) -> u64 {
        let small = seed % 16;
        match kind {
            Kind::Fd if seed < 16 => small.wrapping_sub(1),
            Kind::Pid if seed < 4 => small.wrapping_sub(2),
            Kind::Pid if seed < 16 => {
                let pids: Vec<u64> = self.kernel.processes().map(|(_, process)| process.pid.into()).collect();
                let pid = pids.get(seed as usize / 2 % pids.len()).copied().unwrap_or(0);
                if seed == 5 { pid.wrapping_neg() } else { pid }
            }
            Kind::Signal if seed < 16 => [0, 1, 2, 9, 10, 13, 14, 15, 17, 18, 19, 20, 23, 34, 64, 65][small as usize],
            Kind::Length | Kind::Microseconds if seed < 16 => {
                [0, 1, 2, 3, 7, 8, 16, 100, 4095, 4096, 4097, 8192, 65_536, 65_537, 200_000, 1 << 40][small as usize]
            }
            Kind::Integer | Kind::Unsigned if seed < 16 => {
                [0, 1, 2, 8, 3, 4, 5, 36, 38, 1000, 4096, 0x7fff_ffff, 0xffff_ffff, u64::MAX, SCRATCH, SCRATCH + 96]
                    [small as usize]
            }
            Kind::Flags { .. } if seed < 6 => 0,
            Kind::Flags { known, .. } if seed < 16 => spread(seed) & known,
            Kind::Choice { known, .. } if seed < 16 => {
                known.get(small as usize % known.len()).copied().unwrap_or(0) as u64
            }
            Kind::In(_) | Kind::Out(_) | Kind::InBytes | Kind::OutBytes | Kind::InArray(_) | Kind::OutArray(_) => {
                if seed < 12 {
                    SCRATCH + 8 * seed
                } else {
                    self.address(seed)
                }
            }
            Kind::Path if seed < 14 => NAME,
            Kind::Strings if seed < 14 => NAME + 8,
            Kind::Address | Kind::Path | Kind::Strings => self.address(seed),
            _ => seed,
        }
    }

    fn address(&self, seed: u64) -> u64 {
        let page = PAGE_SIZE as u64;
        let interesting = [
            0,
            MAPPINGS_START,
            MAPPINGS_START + page,
            MAPPINGS_START + 2 * page,
            SCRATCH,
            HEAP_START,
            HEAP_START + page,
            MAPPINGS_START + page - 3,
            STACK_TOP - 4,
            STACK_TOP - 100_000,
            STACK_TOP,
            END - page,
            END,
            MAPPINGS_START + 5 * page,
            u64::MAX,
            MAPPINGS_START + 100 * page,
        ];
        interesting.get(seed as usize).copied().unwrap_or(seed % (2 * END))
    }

    /// Everyone but PID 1 is killed, and PID 1 reaps them.
    fn end(&mut self) -> Result<(), TestCaseError> {
        let all: Vec<_> = self.kernel.processes().map(|(id, _)| id).collect();
        for process in all {
            self.kernel.inject_signal(&mut self.host, process, Signal::SIGKILL);
        }
        for _ in 0..1000 {
            let Picked::Thread(thread) = self.kernel.pick(&mut self.host, CPU, Pick::Policy) else { break };
            if thread != self.first {
                prop_assert!(!self.resume(thread)?, "it was killed");
                continue;
            }
            match self.kernel.resume(&mut self.host, CPU) {
                Resume::Return(value) if value == Errno::ECHILD.to_return() => return self.remove_what_outlives(),
                Resume::Blocked => {}
                _ => drop(self.kernel.trap(&mut self.host, CPU, Trap::Call(WAIT))),
            }
            self.check()?;
        }
        Err(TestCaseError::fail("not all have ended"))
    }

    /// Objects with names and keys outlive who made them: PID 1 finds them, and removes them.
    fn remove_what_outlives(&mut self) -> Result<(), TestCaseError> {
        for (control, stat, at) in [("shmctl", 13, 1), ("msgctl", 11, 1), ("semctl", 18, 2)] {
            for slot in 0..MOST_OBJECTS {
                let mut arguments = [slot, 0, SCRATCH, SCRATCH, 0, 0];
                arguments[at] = stat;
                let id = self.first_calls(control, arguments)?;
                if id >= 0 {
                    arguments[0] = id as u64;
                    arguments[at] = 0;
                    prop_assert_eq!(self.first_calls(control, arguments)?, 0, "IPC_RMID of {} {}", control, id);
                }
            }
        }
        // No name was ever made but this one, perhaps in directories of that name.
        self.put_string(NAME, b"program\0");
        self.put_string(PARENT, b"..\0");
        self.put_string(ROOT, b"/\0");
        self.first_calls("mq_unlink", [NAME, 0, 0, 0, 0, 0])?;
        let here = -100_i64 as u64;
        let mut depth = 0;
        self.first_calls("chdir", [ROOT, 0, 0, 0, 0, 0])?;
        for _ in 0..1000 {
            let removed = self.first_calls("unlinkat", [here, NAME, 0, 0, 0, 0])? == 0
                || self.first_calls("unlinkat", [here, NAME, 0x200, 0, 0, 0])? == 0;
            if removed {
                continue;
            }
            if self.first_calls("chdir", [NAME, 0, 0, 0, 0, 0])? == 0 {
                depth += 1;
            } else if depth > 0 {
                prop_assert_eq!(self.first_calls("chdir", [PARENT, 0, 0, 0, 0, 0])?, 0);
                depth -= 1;
            } else {
                return Ok(());
            }
        }
        Err(TestCaseError::fail("names can't be removed"))
    }

    fn put_string(&mut self, address: u64, text: &[u8]) {
        let _ = self.kernel.copy_out(&mut self.host, self.first, address, text);
    }

    /// PID 1, which runs, makes a call that doesn't wait.
    fn first_calls(&mut self, name: &'static str, arguments: [u64; 6]) -> Result<i64, TestCaseError> {
        let number = Row::of(name).info().number;
        self.kernel.trap(&mut self.host, CPU, Trap::Syscall { number, arguments });
        let resumed = self.kernel.resume(&mut self.host, CPU);
        self.check()?;
        match resumed {
            Resume::Return(value) => Ok(value),
            other => Err(TestCaseError::fail(format!("{name} of PID 1 came to {other:?}"))),
        }
    }
}

const FORK: Syscall = Syscall::Clone {
    flags: CloneFlags::from_bits_retain(Signal::SIGCHLD.number() as u64),
    stack: Address(0),
    parent_tid: Address(0),
    tls: Address(0),
    child_tid: Address(0),
};

const WAIT: Syscall =
    Syscall::Wait4 { pid: Pid(-1), status: Out::NULL, options: WaitOptions::empty(), rusage: Out::NULL };

/// A word of a structure.
fn word(seed: u64) -> u64 {
    match seed {
        0..8 => seed,
        8 => SCRATCH,
        9 => NAME,
        10 => u64::MAX,
        11 => 4096,
        12 => 0x1_0000_0001,
        13 => 0x4000_0000,
        14 => MAPPINGS_START,
        15 => 999_999_999,
        _ => seed,
    }
}

/// For arguments of which few values make sense, one that does in most cases.
fn likely(call: &str, argument: &str, seed: u64) -> Option<u64> {
    let anonymous = MapFlags::MAP_ANONYMOUS.bits();
    match (call, argument, seed) {
        (_, "size", 0..15) => Some(8),
        ("clone", "flags", 0..15) => Some(Signal::SIGCHLD.number().into()),
        ("clone", "stack", 0..15) | ("mmap", "offset", 0..15) => Some(0),
        ("mmap", "address", 0..10) => Some(0),
        ("mmap", "flags", 0..8) => Some((anonymous | MapFlags::MAP_PRIVATE.bits()).into()),
        ("mmap", "flags", 8..14) => Some((anonymous | MapFlags::MAP_SHARED.bits()).into()),
        ("spawn", "count", 0..15) => Some(seed % 3),
        ("rt_sigqueueinfo", "info", 0..12) => Some(SCRATCH),
        _ => None,
    }
}

/// A few bits of many, by a small number.
fn spread(seed: u64) -> u64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if seed == 0 { 0 } else { mixed & mixed.rotate_left(17) | mixed & 0xff }
}

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}

#[test]
fn any_calls_with_any_arguments() {
    let fresh = Storm::new();
    let result = TestRunner::new(config()).run(&moves(), |moves| {
        let mut storm = fresh.clone();
        // PID 1 starts, and waits for nobody; then it is as it will be at the end.
        storm.end()?;
        let before = storm.in_use();
        for (who, what) in &moves {
            storm.turn(*who, what)?;
        }
        storm.end()?;
        let after = storm.in_use();
        prop_assert!(
            before.iter().filter(|entry| after.iter().any(|other| other.0 == entry.0)).eq(&after),
            "{before:?} {after:?}"
        );
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, moves)) => {
            let lines: String = moves.iter().map(|(who, what)| format!("\n{who} {what:?}")).collect();
            panic!("{reason}, by these moves at least:{lines}");
        }
        Err(error) => panic!("{error}"),
    }
}
