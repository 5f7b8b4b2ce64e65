//! The stage: a kernel whose processes do what moves say, straight at its entry points, and the checks after each move.
//!
//! Here is no user code and no hart. A process whose move is next is picked and resumed. If it comes to its user code, it
//! makes the move; if it doesn't (its call goes on waiting, a signal ends it), that was its move. The one who can't run
//! sits it out.

use abi::{Errno, Signal, Syscall, WindowSize};
use kernel::mem::space::STACK_TOP;
use kernel::thread::{ThreadState, WaitsFor};
use kernel::{Boot, CpuNo, ImageNo, Kernel, Pick, Picked, Resume, ThreadId, Trap, Trapped};

use crate::fuzz::coverage::{Coverage, Row};
use crate::fuzz::edges::{CONTINUATION, Cause, DEATH, INPUT, OUTSIDE, TIME, kind_of};
use crate::fuzz::raw::host::{Host, PROGRAM};
use crate::fuzz::raw::moves::{Move, Name, Value, What};
use crate::kernel_box::KernelBox;

pub(super) const CPU: CpuNo = CpuNo(0);
/// Where data for calls lies: below the top of the stack.
pub(super) const SCRATCH: u64 = STACK_TOP - 0x2_0000;
/// The end of the long string of letters.
const LONG_END: u64 = SCRATCH + 0x4000;
/// An array of addresses of strings.
const STRINGS: u64 = SCRATCH + 0x5000;
/// Where calls may write.
pub(super) const ROOM: u64 = SCRATCH + 0x8000;

/// How each move ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// It was made.
    Done,
    /// Whoever was to make it can't.
    Skipped,
}

/// What a handler that runs will give back.
#[derive(Clone, Copy)]
struct Interrupted {
    mask: u64,
    returns: Option<i64>,
    on_alternate_stack: bool,
}

/// One process of the stage.
#[derive(Clone)]
pub(super) struct Actor {
    pub(super) thread: ThreadId,
    handlers: Vec<Interrupted>,
}

impl Actor {
    /// How many handlers run, one upon the other.
    pub(super) fn depth(&self) -> usize {
        self.handlers.len()
    }
}

/// How thoroughly a stage checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checking {
    /// What a step can have broken, after every step.
    #[default]
    Touched,
    /// Every invariant from scratch, after every step.
    Full,
    /// Nothing: to measure what checking costs.
    Nothing,
}

/// A kernel and its processes.
pub struct Stage {
    pub(super) kernel: KernelBox,
    pub(super) host: Host,
    /// By name.
    pub(super) actors: Vec<Option<Actor>>,
    /// What was in use after boot.
    pub(super) start: Vec<(&'static str, usize)>,
    checker: super::check::Check,
    /// Where coverage goes that is nobody's.
    pub(super) unseen: Coverage,
}

impl Clone for Stage {
    fn clone(&self) -> Stage {
        let Stage { kernel, host, actors, start, checker, unseen } = self;
        Stage {
            kernel: kernel.clone(),
            host: host.clone(),
            actors: actors.clone(),
            start: start.clone(),
            checker: checker.clone(),
            unseen: unseen.clone(),
        }
    }

    /// In place: what has been used before is used again.
    fn clone_from(&mut self, from: &Stage) {
        let Stage { kernel, host, actors, start, checker, unseen: _ } = from;
        self.kernel.clone_from(kernel);
        self.host.clone_from(host);
        self.actors.clone_from(actors);
        self.start.clone_from(start);
        self.checker.clone_from(checker);
    }
}

impl Stage {
    /// A booted kernel with PID 1. The console is a terminal or a plain stream of bytes.
    ///
    /// # Errors
    /// The limits of this build are too small for a first process.
    pub fn new(terminal: bool, checking: Checking) -> Result<Stage, Errno> {
        crate::bug::install();
        let (mut kernel, mut host) = (KernelBox::new(), Host::new());
        let boot = Boot {
            image: ImageNo(0),
            name: PROGRAM,
            argv: &[PROGRAM],
            envp: &[],
            console: true,
            cores: false,
            terminal: terminal.then_some(WindowSize { rows: 24, columns: 80, ..WindowSize::default() }),
        };
        let first = kernel.boot(&mut host, &boot)?;
        kernel.pick(&mut host, CPU, Pick::Policy);
        kernel.resume(&mut host, CPU);
        let actors = vec![Some(Actor { thread: first, handlers: Vec::new() })];
        let checker = super::check::Check::new(checking);
        let mut stage = Stage { kernel, host, actors, start: Vec::new(), checker, unseen: Coverage::new() };
        // PID 1 cleans up once, so that it has the memory that it needs for that, and what is in use then is noted.
        stage.end().map_err(|_| Errno::ENOMEM)?;
        Ok(stage)
    }

    /// The kernel.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// What was seen so far.
    pub fn coverage(&self) -> &Coverage {
        &self.host.coverage
    }

    /// Takes what was seen so far.
    pub fn take_coverage(&mut self, into: &mut Coverage) {
        into.merge(&self.host.coverage);
        self.host.coverage.clear();
    }

    pub(super) fn actor(&self, name: Name) -> Option<&Actor> {
        self.actors.get(name.index())?.as_ref()
    }

    /// Whether a process could run.
    pub(super) fn is_able(&self, thread: ThreadId) -> bool {
        self.kernel
            .thread(thread)
            .is_some_and(|thread| matches!(thread.state, ThreadState::Ready | ThreadState::Running))
    }

    /// The process id of a process, by its name, gone ones included; 0 if there never was one.
    pub(super) fn pid(&self, name: Name) -> u32 {
        self.actor(name).map_or(0, |actor| self.kernel.pid_of(actor.thread))
    }

    /// Makes a move, and checks everything.
    ///
    /// # Errors
    /// An invariant doesn't hold, or a call gave an error that its row doesn't name. Says so in a sentence.
    pub fn make(&mut self, what: &Move) -> Result<Made, String> {
        let made = self.carry_out(what)?;
        if made == Made::Done {
            self.host.coverage.steps += 1;
            self.host.coverage.alive += self.host.alive;
            self.look()?;
        }
        Ok(made)
    }

    /// Checks everything.
    pub(super) fn look(&mut self) -> Result<(), String> {
        if let Some((row, errno)) = self.host.unnamed.take() {
            return Err(format!("{} gave {errno:?}, which its row doesn't name", row.info().name));
        }
        self.checker.look(&mut self.kernel, &mut self.host.coverage)
    }

    fn carry_out(&mut self, what: &Move) -> Result<Made, String> {
        if what.what.is_from_outside() {
            self.make_outside(what);
            return Ok(Made::Done);
        }
        let Some(actor) = self.actor(what.who) else { return Ok(Made::Skipped) };
        let thread = actor.thread;
        if let What::Signal(number) = what.what {
            return Ok(self.signal(thread, number));
        }
        if !self.is_able(thread) || self.kernel.halted().is_some() {
            return Ok(Made::Skipped);
        }
        // What it was in goes on, or it ends.
        self.host.cause = match self.host.calls[thread.slot.index()] {
            _ if self.kernel.has_continuation_to_tell(thread) => Cause::Other(CONTINUATION),
            call => call.map_or(Cause::Other(DEATH), Cause::Call),
        };
        if self.kernel.pick(&mut self.host, CPU, Pick::Thread(thread)) != Picked::Thread(thread) {
            return Err(format!("{} can run, and isn't picked", what.who));
        }
        match self.resume(what.who)? {
            true => self.act(thread, what)?,
            // It may wait for something else than before.
            false => drop(self.note_wait(thread)),
        }
        Ok(Made::Done)
    }

    fn make_outside(&mut self, what: &Move) {
        self.host.cause = Cause::Other(INPUT);
        match what.what {
            What::Idle(us) => {
                self.host.cause = Cause::Other(TIME);
                let until_us = self.kernel.now_us().saturating_add(us);
                self.kernel.idle_until(&mut self.host, CPU, until_us);
            }
            What::Input => {
                self.kernel.input(&mut self.host, &what.data);
            }
            What::LongInput(bytes) => {
                let line = b"abcdefghijklmnopqrstuvwxyz012345678901234567890123456789012345\n";
                for _ in 0..usize::from(bytes) / line.len() {
                    self.kernel.input(&mut self.host, line);
                }
                self.kernel.input(&mut self.host, &line[..usize::from(bytes) % line.len()]);
            }
            What::InputEnd => self.kernel.input_end(&mut self.host),
            What::Resize(rows, columns) => {
                let window = WindowSize { rows, columns, ..WindowSize::default() };
                self.kernel.resize_terminal(&mut self.host, window);
            }
            _ => {}
        }
    }

    fn signal(&mut self, thread: ThreadId, number: u8) -> Made {
        self.host.cause = Cause::Other(OUTSIDE);
        match (self.kernel.process_of(thread), Signal::new(number.into())) {
            (Some(process), Some(signal)) => {
                self.kernel.inject_signal(&mut self.host, process, signal);
                Made::Done
            }
            _ => Made::Skipped,
        }
    }

    /// Lets the running process go on as far as to its user code; whether it comes there. Handlers begin one upon the other
    /// before any of them runs.
    fn resume(&mut self, who: Name) -> Result<bool, String> {
        loop {
            let resumed = self.kernel.resume(&mut self.host, CPU);
            let Some(Some(actor)) = self.actors.get_mut(who.index()) else { return Ok(false) };
            match resumed {
                Resume::Busy | Resume::Continued | Resume::Blocked => return Ok(false),
                Resume::Retry | Resume::Return(_) => break,
                Resume::Start { .. } => {
                    actor.handlers.clear();
                    break;
                }
                Resume::Handler { mask, returns, on_alternate_stack, .. } => {
                    actor.handlers.push(Interrupted { mask: mask.bits(), returns, on_alternate_stack });
                }
            }
        }
        let thread = self.actor(who).map(|actor| actor.thread);
        match thread {
            Some(thread) => self.kernel.check_resumed(thread).map(|()| true).map_err(|broken| broken.to_string()),
            None => Ok(false),
        }
    }

    /// The running process is at its user code: it makes its move.
    fn act(&mut self, thread: ThreadId, what: &Move) -> Result<(), String> {
        self.host.cause = match what.what {
            What::Call { row, .. } => Cause::Call(row),
            _ => Cause::Other(DEATH),
        };
        let trap = match what.what {
            What::Call { row, arguments } => self.call(thread, row, arguments, what),
            What::Unknown(number) => {
                self.host.coverage.unknown += u64::from(Row::by_number(number).is_none());
                Some(Trap::Syscall { number, arguments: [1; 6] })
            }
            What::Load(address) => self.access(thread, address, false),
            What::Store(address) => self.access(thread, address, true),
            What::Misaligned(address) => Some(Trap::Misaligned { address }),
            What::Jump(address) => Some(Trap::Jump { address }),
            What::Illegal => Some(Trap::IllegalInstruction),
            What::Divide => Some(Trap::DivideByZero),
            What::Abort => Some(Trap::Abort),
            What::Leave => self.leave(what.who),
            _ => None,
        };
        let Some(trap) = trap else { return Ok(()) };
        self.host.born = None;
        let trapped = self.kernel.trap(&mut self.host, CPU, trap);
        if trapped == Trapped::Blocked
            && let Some(what) = self.note_wait(thread)
            && let Some(row) = self.host.calls[thread.slot.index()]
        {
            self.host.coverage.blocked(row, what);
        }
        if let Some(child) = self.host.born.take() {
            let thread = self.kernel.process(child).map(|child| child.thread);
            let thread = thread.and_then(|slot| self.kernel.threads().find(|(id, _)| id.slot == slot));
            if let Some((thread, _)) = thread {
                self.adopt(what, thread, matches!(trapped, Trapped::Forked(_)));
            }
        }
        Ok(())
    }

    /// What a thread waits for, if it does: noted, to be known when that ends.
    fn note_wait(&mut self, thread: ThreadId) -> Option<WaitsFor> {
        let what = self.kernel.thread(thread)?.waits_for()?;
        self.host.kinds[thread.slot.index()] = kind_of(what);
        Some(what)
    }

    /// A child has been born: if the move has a name for it, it gets that, and a forked one is in the same handlers as its parent.
    fn adopt(&mut self, what: &Move, thread: ThreadId, forked: bool) {
        let handlers = match self.actor(what.who) {
            Some(parent) if forked => parent.handlers.clone(),
            _ => Vec::new(),
        };
        let Some(name) = what.child.map(Name::index) else { return };
        if self.actors.len() <= name {
            self.actors.resize(name + 1, None);
        }
        self.actors[name] = Some(Actor { thread, handlers });
    }

    /// A load or store: through the page table, or a fault.
    fn access(&mut self, thread: ThreadId, address: u64, write: bool) -> Option<Trap> {
        let Some((frame, offset)) = self.kernel.translate(thread, address, write) else {
            return Some(Trap::PageFault { address, write });
        };
        if write {
            use kernel::PhysMem;
            self.host.frame_mut(frame)[offset] = address as u8;
        }
        self.kernel.access(&mut self.host, CPU);
        None
    }

    fn leave(&mut self, who: Name) -> Option<Trap> {
        let actor = self.actors.get_mut(who.index())?.as_mut()?;
        let Interrupted { mask, returns, on_alternate_stack } = actor.handlers.pop()?;
        Some(Trap::Call(Syscall::RtSigreturn {
            mask,
            retry: returns.is_none().into(),
            value: returns.unwrap_or(0),
            on_alternate_stack: on_alternate_stack.into(),
        }))
    }

    fn call(&mut self, thread: ThreadId, row: Row, arguments: [Value; 6], what: &Move) -> Option<Trap> {
        if row.info().name == "rt_sigreturn" {
            // Its arguments are what the hart has kept; user code has no say in them.
            return self.leave(what.who);
        }
        let mut registers = [0; 6];
        for (place, (register, value)) in registers.iter_mut().zip(arguments).enumerate() {
            *register = self.register(thread, value, SCRATCH + 0x200 * place as u64, what);
        }
        let number = row.info().number;
        Some(match Syscall::decode(number, registers) {
            Some(call) => Trap::Call(call),
            None => Trap::Syscall { number, arguments: registers },
        })
    }

    /// What a register holds for an argument. Its data is put into memory; where there is none, the call will notice.
    fn register(&mut self, thread: ThreadId, value: Value, place: u64, what: &Move) -> u64 {
        let end = [0; 16];
        match value {
            Value::Number(number) => number,
            Value::Pid { of, negative } => {
                let pid = u64::from(self.pid(of));
                if negative { pid.wrapping_neg() } else { pid }
            }
            Value::Room(offset) => ROOM + u64::from(offset),
            Value::Data { start, bytes, .. } => {
                let bytes = what.bytes(start, bytes);
                let _ = self.kernel.copy_out(&mut self.host, thread, place, bytes);
                let _ = self.kernel.copy_out(&mut self.host, thread, place + bytes.len() as u64, &end);
                place
            }
            Value::Long(letters) => self.put_letters(thread, letters),
            Value::Strings { count, letters } => {
                let string = self.put_letters(thread, letters).to_le_bytes();
                let count = u64::from(count).min(0x400);
                for index in 0..count {
                    let _ = self.kernel.copy_out(&mut self.host, thread, STRINGS + 8 * index, &string);
                }
                let _ = self.kernel.copy_out(&mut self.host, thread, STRINGS + 8 * count, &end);
                STRINGS
            }
        }
    }

    /// Puts a string of letters into memory; all such strings end at the same place.
    fn put_letters(&mut self, thread: ThreadId, letters: u16) -> u64 {
        let (letters, chunk) = (u64::from(letters).min(0x2000), [b'x'; 256]);
        let (mut at, end) = (LONG_END - letters, LONG_END);
        while at < end {
            let size = (end - at).min(256);
            let _ = self.kernel.copy_out(&mut self.host, thread, at, &chunk[..size as usize]);
            at += size;
        }
        let _ = self.kernel.copy_out(&mut self.host, thread, end, &[0; 8]);
        LONG_END - letters
    }
}
