//! Signal handlers of native programs: how one begins on top of what it interrupts, and how that goes on when it ends.
//!
//! On a real machine the kernel puts the interrupted context onto the user's stack, and `rt_sigreturn` takes it from there.
//! Here the hart keeps it, in [`Interrupted`]: the operation in which the program stood, what that had given so far, and
//! what the kernel wants to be told at the end. The bytes that an interrupted call left on the stack are collected before
//! the handler begins, because its own calls use that place too.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use abi::{SignalSet, Syscall};
use kernel::signal::queue::Info;
use kernel::{ThreadId, Trap};
use userland::Program;
use userland::handler::HandlerAddress;
use userland::hart::{Operation, Request};

use crate::hart::Polled;
use crate::history::{Event, NO_HANDLER};
use crate::machine::{Act, Machine};
use crate::observer::Observer;
use crate::perform::collect;
use crate::process::{Fault, Pending, Process, Staged, compared, place};
use crate::world::World;

/// Bytes below the stack pointer that a function may use without moving it (the x86-64 ABI's "red zone").
const RED_ZONE: u64 = 128;
/// Bytes of a handler's frame: `siginfo_t` and `ucontext_t`, which lie above its own data.
const FRAME_BYTES: u64 = 128 + 960;

/// What the kernel says when it delivers a signal to a handler (`Resume::Handler`).
pub(crate) struct Delivery {
    pub(crate) info: Info,
    pub(crate) handler: u64,
    pub(crate) mask: SignalSet,
    pub(crate) returns: Option<i64>,
    pub(crate) stack_pointer: Option<u64>,
    pub(crate) on_alternate_stack: bool,
}

/// A function of the program that a handler interrupted, and how it goes on.
#[derive(Clone)]
pub struct Interrupted {
    /// The signal that did.
    pub info: Info,
    /// The mask that comes back when the handler returns.
    pub mask: SignalSet,
    /// What its call returns then; `None`: its operation is tried again.
    pub returns: Option<i64>,
    /// Whether the handler runs on the alternate stack.
    pub on_alternate_stack: bool,
    /// Where the stack of what was interrupted begins.
    pub stack_pointer: u64,
    /// The operation in which it stands.
    pub(crate) parked: Option<Request>,
    pub(crate) pending: Option<Pending>,
    pub(crate) staged: Option<Arc<Staged>>,
    pub(crate) kept: Option<Arc<[u8]>>,
}

impl Interrupted {
    fn compared(&self) -> impl PartialEq + Hash {
        let context = (self.info, self.mask, self.returns, self.on_alternate_stack, self.stack_pointer);
        let parked = self.parked.as_ref().map(compared);
        (context, parked, self.pending.clone(), self.staged.is_some(), self.kept.clone())
    }
}

impl PartialEq for Interrupted {
    fn eq(&self, other: &Self) -> bool {
        self.compared() == other.compared()
    }
}

impl Eq for Interrupted {}

impl Hash for Interrupted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.compared().hash(state);
    }
}

impl Process {
    /// Sets aside what the innermost function stands in; a handler begins on top of it.
    pub(crate) fn enter_handler(&mut self, delivery: &Delivery, entered: Event, kept: Option<Arc<[u8]>>) {
        let Event::HandlerEntered { stack_pointer, .. } = entered else { return };
        self.interrupted.push(Interrupted {
            info: delivery.info,
            mask: delivery.mask,
            returns: delivery.returns,
            on_alternate_stack: delivery.on_alternate_stack,
            stack_pointer: self.stack_pointer,
            parked: self.parked.take(),
            pending: self.pending.take(),
            staged: self.staged.take(),
            kept,
        });
        self.stack_pointer = stack_pointer;
        self.history.push(entered);
    }

    /// The innermost handler has returned: what it interrupted is the innermost function again.
    pub(crate) fn leave_handler(&mut self) {
        let Some(below) = self.interrupted.pop() else { return };
        self.stack_pointer = below.stack_pointer;
        (self.parked, self.pending, self.staged) = (below.parked, below.pending, below.staged);
        self.kept = below.kept;
        self.history.push(Event::HandlerLeft);
    }
}

impl Machine {
    /// A handler begins on top of what `thread` does. It runs when the thread is resumed next.
    ///
    /// # Errors
    /// What became of the thread instead.
    pub(crate) fn enter_handler<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        delivery: &Delivery,
        observer: &mut O,
    ) -> Result<(), Act> {
        self.begin(world, thread, observer)?;
        let World { kernel, frames, processes, .. } = world;
        let Some(process) = processes.get_mut(thread.slot.index()).and_then(Option::as_mut) else {
            return Err(Act::Waited);
        };
        let program = self.programs.get(process.image.index());
        if program.is_some_and(|program| program.leaf) {
            let fault = Fault::LeafCaught { place: place(process.line()) };
            return Err(self.fail(world, thread, &fault, observer));
        }
        let kept = match (delivery.returns, &process.parked) {
            (Some(value), Some(parked)) => Some(process.kept.take().unwrap_or_else(|| {
                let mut data = Vec::new();
                collect(kernel, frames, thread, &parked.outs, value, &mut data);
                data.into()
            })),
            _ => None,
        };
        let entered = entered(program, process, delivery);
        self.hart.enter(process, delivery, entered, kept);
        Ok(())
    }

    /// Runs the innermost function up to its first operation if it hasn't begun, without doing that: so whatever is
    /// interrupted stands in an operation.
    fn begin<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Result<(), Act> {
        let Some(process) = world.processes.get_mut(thread.slot.index()).and_then(Option::as_mut) else {
            return Err(self.fail(world, thread, &Fault::NotKept, observer));
        };
        if process.parked.is_some() {
            return Ok(());
        }
        if let Err(fault) = self.hart.ready(process) {
            return Err(self.fail(world, thread, &fault, observer));
        }
        match self.hart.poll(process) {
            Polled::Asks => {
                self.hart.park(process);
                // Others will use the slot before the operation is made.
                process.staged = Some(Staged::copy_of(&self.hart.slot.stage.borrow()));
                Ok(())
            }
            Polled::Returned(status) => Err(self.returned(world, thread, status, observer)),
            Polled::Faulted(fault) => Err(self.fail(world, thread, &fault, observer)),
        }
    }

    /// The innermost handler has returned.
    pub(crate) fn leave_handler<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let Some(Interrupted { mask, returns, on_alternate_stack, .. }) =
            world.process(thread).and_then(|process| process.interrupted.last())
        else {
            return Act::Waited;
        };
        let call = Syscall::RtSigreturn {
            mask: mask.bits(),
            retry: returns.is_none().into(),
            value: returns.unwrap_or(0),
            on_alternate_stack: (*on_alternate_stack).into(),
        };
        if self.notes.watching {
            observer.asks(world, thread, &Operation::Syscall(call));
        }
        if let Some(process) = &mut world.processes[thread.slot.index()] {
            self.hart.leave(process);
        }
        self.trap(world, Trap::Call(call));
        Act::Called
    }
}

/// What the history says of a handler that begins.
fn entered(program: Option<&Program>, process: &Process, delivery: &Delivery) -> Event {
    let Info { signal, code, pid, uid, value } = delivery.info;
    let rows = program.map_or(0, |program| program.handlers.len()).min(usize::from(NO_HANDLER));
    let (handler, value) = match HandlerAddress(delivery.handler).index(rows) {
        Some(index) => (index as u16, value),
        None => (NO_HANDLER, delivery.handler),
    };
    let below = || {
        let bottom = process.parked.as_ref().map_or(process.stack_pointer, |parked| parked.bottom);
        bottom.min(process.stack_pointer).saturating_sub(RED_ZONE)
    };
    let stack_pointer = delivery.stack_pointer.unwrap_or_else(below).saturating_sub(FRAME_BYTES) & !15;
    Event::HandlerEntered { signal: signal.number(), handler, code, pid, uid, value, stack_pointer }
}
