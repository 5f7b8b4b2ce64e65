//! The hart that runs native processes: it polls one future at a time up to its next trap, and makes a future again from
//! the history when it isn't there (after a fork, a step back, a snapshot).
//!
//! The futures are a cache. Each is labelled with the position in the history at which it stands; if that isn't where the
//! process is, the future is rebuilt. So a hart can be handed any world at any time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use abi::{FastHasher, Signal};
use kernel::ThreadId;
use kernel::signal::queue::Info;
use userland::hart::{JumpMark, Misuse, Past, Request};
use userland::program::Running;
use userland::{Program, Sys};

use crate::handler::Delivery;
use crate::history::{Event, Events, NO_HANDLER, Told};
use crate::panics;
use crate::process::{Fault, Process, place};

/// What user code did when it ran.
pub(crate) enum Polled {
    /// It stands in an operation: the request in the slot.
    Asks,
    /// Its main function returned.
    Returned(i32),
    /// It went wrong. Boxed, because it is rare and large.
    Faulted(Box<Fault>),
}

/// Where in its life a process stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Position {
    thread: ThreadId,
    begun: bool,
    length: usize,
    hash: FastHasher,
}

impl Position {
    #[inline]
    fn of(process: &Process) -> Position {
        Position {
            thread: process.thread,
            begun: process.parked.is_some(),
            length: process.history.len(),
            hash: process.history.rolling(),
        }
    }
}

/// The futures of one thread: its program, and above it the handlers that interrupted it.
#[derive(Default)]
struct Live {
    at: Option<Position>,
    frames: Vec<Running>,
    /// Where it can jump to.
    marks: Vec<JumpMark>,
}

impl Live {
    /// Drops the futures, handlers first, as a stack unwinds. Their destructors may panic; that is nobody's concern.
    fn forget(&mut self) {
        self.at = None;
        self.marks.clear();
        while let Some(frame) = self.frames.pop() {
            let _ = panics::catch(|| drop(frame));
        }
    }

    /// Drops the innermost future, which has ended.
    fn pop(&mut self) {
        if let Some(frame) = self.frames.pop() {
            let _ = panics::catch(|| drop(frame));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.forget();
    }
}

/// A function of a process that is rebuilt.
struct Frame {
    stack_pointer: u64,
    /// The operation in which it stands, if it has begun.
    asked: Option<Request>,
}

/// The answers of a rebuild, shared with the trap slot.
#[derive(Default)]
struct Replay {
    events: RefCell<Events>,
    next: Cell<usize>,
}

struct ReplayHandle(Rc<Replay>);

impl Past for ReplayHandle {
    fn answer(&mut self, asked: u32, data: &mut Vec<u8>) -> Option<Result<i64, Misuse>> {
        let events = self.0.events.borrow();
        let next = self.0.next.get();
        let (check, value, bytes) = events.get(next)?.as_result()?;
        if check != asked {
            return Some(Err(Misuse::Diverged { event: next }));
        }
        self.0.next.set(next + 1);
        data.clear();
        data.extend_from_slice(bytes);
        Some(Ok(value))
    }
}

thread_local! {
    /// The trap slot of this host thread. Only one future is polled at a time, so all machines of a thread share it; it
    /// lives for ever because every handle to it is `'static`.
    static SLOT: (&'static userland::hart::Hart, Rc<Replay>) = {
        let slot: &'static userland::hart::Hart = Box::leak(Box::default());
        let replay = Rc::new(Replay::default());
        *slot.past.borrow_mut() = Some(Box::new(ReplayHandle(Rc::clone(&replay))));
        (slot, replay)
    };
}

/// Whether a future is being rebuilt on this host thread: what it logs has been logged before.
pub fn is_rebuilding() -> bool {
    SLOT.try_with(|(slot, _)| slot.replaying.get()).unwrap_or(false)
}

/// Runs the user code of one machine.
pub(crate) struct Hart {
    /// Where programs and machine meet.
    pub(crate) slot: &'static userland::hart::Hart,
    programs: &'static [Program],
    live: Vec<Live>,
    replay: Rc<Replay>,
    rebuilds: u64,
}

impl Hart {
    pub(crate) fn new(programs: &'static [Program]) -> Hart {
        let (slot, replay) = SLOT.with(|(slot, replay)| (*slot, Rc::clone(replay)));
        Hart { slot, programs, live: Vec::new(), replay, rebuilds: 0 }
    }

    /// How often a future was made again.
    pub(crate) fn rebuilds(&self) -> u64 {
        self.rebuilds
    }

    /// Makes sure that there is a future which stands where the process is.
    #[inline]
    pub(crate) fn ready(&mut self, process: &Process) -> Result<(), Fault> {
        let index = process.thread.slot.index();
        match self.live.get(index) {
            Some(live) if live.at == Some(Position::of(process)) => Ok(()),
            _ => self.rebuild(process, index),
        }
    }

    #[cold]
    fn rebuild(&mut self, process: &Process, index: usize) -> Result<(), Fault> {
        let frames = self.make_again(process, index, process.parked.is_some())?;
        let expected = process.interrupted.iter().map(|below| below.parked).chain([process.parked]);
        let check = |request: Option<Request>| request.map(|request| request.check);
        let stands = frames.iter().map(|frame| check(frame.asked));
        if !stands.eq(expected.map(check)) {
            let asked = frames.last().and_then(|frame| frame.asked);
            return Err(diverged(process.history.len(), process, asked.or(process.parked).as_ref()));
        }
        self.live[index].at = Some(Position::of(process));
        Ok(())
    }

    /// Finds out in which operation each function of a process stands, from its history alone. `begun`: the innermost one
    /// stands in one.
    pub(crate) fn find_parked(&mut self, process: &mut Process, begun: bool) -> Result<(), Fault> {
        let frames = self.make_again(process, process.thread.slot.index(), begun);
        self.forget(process.thread);
        let frames = frames?;
        if frames.len() != process.interrupted.len() + 1 {
            return Err(diverged(process.history.len(), process, None));
        }
        let mut asked = frames.into_iter().map(|frame| frame.asked);
        for below in &mut process.interrupted {
            below.parked = asked.next().flatten();
        }
        process.parked = asked.next().flatten();
        Ok(())
    }

    /// Whether a function is there that has set this mark.
    pub(crate) fn can_jump_to(&self, thread: ThreadId, at: u64, hash: u64) -> bool {
        let live = self.live.get(thread.slot.index());
        let mut marks = live.into_iter().flat_map(|live| &live.marks);
        marks.any(|mark| (mark.at, mark.hash) == (at, hash) && mark.frame.strong_count() > 0)
    }

    /// Takes the futures of a process, whose history was cut, to its end: in which operation each function stands.
    pub(crate) fn stand_again(&mut self, process: &Process) -> Result<Vec<Option<Request>>, Fault> {
        let frames = self.make_again(process, process.thread.slot.index(), true)?;
        Ok(frames.into_iter().map(|frame| frame.asked).collect())
    }

    /// The futures of `process` are there, and stand where it does.
    pub(crate) fn stands(&mut self, process: &Process) {
        if let Some(live) = self.live.get_mut(process.thread.slot.index()) {
            live.at = Some(Position::of(process));
        }
    }

    /// Makes the futures of a process again, and takes them to the end of its history: in which operation each stands.
    fn make_again(&mut self, process: &Process, index: usize, begun: bool) -> Result<Vec<Frame>, Fault> {
        if index >= self.live.len() {
            self.live.resize_with(index + 1, Live::default);
        }
        self.live[index].forget();
        let program = self.programs.get(process.image.index()).ok_or(Fault::NoImage)?;
        if !process.history.is_empty() {
            if !process.history.keeps_events() {
                return Err(Fault::NotKept);
            }
            self.rebuilds += 1;
        }
        let stack_pointer = process.main_stack_pointer();
        self.slot.stack_pointer.set(stack_pointer);
        let main = panics::catch(|| program.main.start(Sys::new(self.slot), process.args.clone()));
        self.live[index].frames.push(main.map_err(Fault::Panicked)?);
        let mut frames = vec![Frame { stack_pointer, asked: None }];
        if begun || !process.history.is_empty() {
            self.replay.events.borrow_mut().follow(&process.history);
            self.replay.next.set(0);
            self.slot.replaying.set(true);
            let replayed = self.replay(process, index, begun, &mut frames);
            self.slot.replaying.set(false);
            self.replay.events.borrow_mut().clear();
            replayed?;
        }
        Ok(frames)
    }

    /// Runs new futures through the history.
    fn replay(&mut self, process: &Process, index: usize, begun: bool, frames: &mut Vec<Frame>) -> Result<(), Fault> {
        loop {
            let next = self.replay.next.get();
            let event = match self.replay.events.borrow().get(next).map(Told::as_handler) {
                Some(Some(event @ Event::HandlerEntered { .. })) => Some(event.clone()),
                Some(_) => None,
                None if frames.last().is_none_or(|frame| frame.asked.is_some() || !begun) => return Ok(()),
                None => None,
            };
            let top = frames.last_mut().ok_or_else(|| diverged(next, process, None))?;
            if let (Some(entered), Some(_)) = (event, top.asked) {
                self.replay.next.set(next + 1);
                frames.push(self.begin_handler(process, index, &entered)?);
                continue;
            }
            let seen = (next, top.asked.is_some());
            match self.poll_frame(process, top.stack_pointer) {
                Polled::Asks => top.asked = self.slot.request.get(),
                // It has consumed results, and stands in the operation that it asked before it was interrupted.
                Polled::Returned(_) if frames.len() > 1 && self.left_handler() => {
                    frames.pop();
                    self.live[index].pop();
                    continue;
                }
                Polled::Returned(_) | Polled::Faulted(_) => {
                    let event = self.replay.next.get();
                    return Err(diverged(event, process, self.slot.request.get().or(process.parked).as_ref()));
                }
            }
            if (self.replay.next.get(), true) == seen {
                return Err(diverged(next, process, top.asked.as_ref()));
            }
        }
    }

    /// Whether the next event of the history is that a handler returned; if so, goes past it.
    fn left_handler(&self) -> bool {
        let next = self.replay.next.get();
        let left = matches!(self.replay.events.borrow().get(next).and_then(Told::as_handler), Some(Event::HandlerLeft));
        if left {
            self.replay.next.set(next + 1);
        }
        left
    }

    /// Puts the future of a handler on top of the others.
    fn begin_handler(&mut self, process: &Process, index: usize, entered: &Event) -> Result<Frame, Fault> {
        let &Event::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer } = entered else {
            return Err(diverged(self.replay.next.get(), process, None));
        };
        let sys = Sys::new(self.slot);
        let table = self.programs.get(process.image.index()).map_or(&[][..], |program| program.handlers);
        self.slot.stack_pointer.set(stack_pointer);
        let begun = match (handler, table.get(usize::from(handler)), Signal::new(signal.into())) {
            (NO_HANDLER, ..) => Ok(Box::pin(sys.jump(value)) as Running),
            (_, Some(handler), Some(signal)) => {
                let info = Info { signal, code, pid, uid, value }.to_abi();
                panics::catch(|| handler.catch.start(sys, info)).map_err(Fault::Panicked)
            }
            _ => Err(diverged(self.replay.next.get(), process, None)),
        };
        self.live[index].frames.push(begun?);
        Ok(Frame { stack_pointer, asked: None })
    }

    /// Begins a handler on top of what `process` does.
    pub(crate) fn enter(
        &mut self,
        process: &mut Process,
        delivery: &Delivery,
        entered: Event,
        kept: Option<Arc<[u8]>>,
    ) {
        let index = process.thread.slot.index();
        let is_there = self.live.get(index).is_some_and(|live| live.at == Some(Position::of(process)));
        process.enter_handler(delivery, entered.clone(), kept);
        if !is_there {
            return;
        }
        match self.begin_handler(process, index, &entered) {
            Ok(_) => self.live[index].at = Some(Position::of(process)),
            // It is made again when it is to run, and goes wrong then.
            Err(_) => self.live[index].forget(),
        }
    }

    /// The innermost handler of `process`, whose future is there and has ended, gives way to what it interrupted.
    pub(crate) fn leave(&mut self, process: &mut Process) {
        process.leave_handler();
        if let Some(live) = self.live.get_mut(process.thread.slot.index()) {
            live.pop();
            live.at = Some(Position::of(process));
        }
    }

    /// Runs the innermost future up to its next trap, or its end.
    #[inline(always)]
    pub(crate) fn poll(&mut self, process: &Process) -> Polled {
        self.poll_frame(process, process.stack_pointer)
    }

    #[inline(always)]
    fn poll_frame(&mut self, process: &Process, stack_pointer: u64) -> Polled {
        let slot = self.slot;
        slot.stack_pointer.set(stack_pointer);
        let live = self.live.get_mut(process.thread.slot.index());
        let Some(live) = live else { return Polled::Faulted(Box::new(Fault::NotKept)) };
        let Some(frame) = live.frames.last_mut() else { return Polled::Faulted(Box::new(Fault::NotKept)) };
        let polled = panics::catch(|| frame.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        if slot.marked.replace(false) {
            live.marks.retain(|mark| mark.frame.strong_count() > 0);
            live.marks.append(&mut slot.marks.borrow_mut());
        }
        let asked = slot.asked.replace(false);
        let is_well = slot.misuse.get().is_none() && slot.result.get().is_none();
        match polled {
            Ok(Poll::Pending) if asked && is_well => Polled::Asks,
            Ok(Poll::Ready(status)) if is_well => Polled::Returned(status),
            Ok(_) => self.misused(asked, process),
            Err(panic) => self.panicked(panic),
        }
    }

    #[cold]
    fn misused(&self, asked: bool, process: &Process) -> Polled {
        // A result that nobody took: the program let go of the operation that it stood in, and began another.
        let untaken = self.slot.result.take().map(|_| Misuse::TwoTraps);
        let misuse = self.slot.misuse.take().or(untaken).unwrap_or(Misuse::ForeignFuture);
        let request = self.slot.request.get().filter(|_| asked);
        Polled::Faulted(Box::new(misused(misuse, request.as_ref(), process)))
    }

    #[cold]
    fn panicked(&self, panic: panics::Panic) -> Polled {
        self.slot.result.set(None);
        self.slot.misuse.set(None);
        Polled::Faulted(Box::new(Fault::Panicked(panic)))
    }

    /// Parks `process` in the operation to which its future has been run.
    #[inline(always)]
    pub(crate) fn park(&mut self, process: &mut Process) {
        process.parked = self.slot.request.get();
        self.live[process.thread.slot.index()].at = Some(Position::of(process));
    }

    /// Tells the program the result of the operation it stands in. Its bytes are in the slot already.
    #[inline(always)]
    pub(crate) fn answer(&mut self, process: &mut Process, check: u32, value: i64) {
        self.slot.result.set(Some(value));
        process.history.push_result(check, value, &self.slot.data.borrow());
    }

    /// Drops the futures of a thread.
    pub(crate) fn forget(&mut self, thread: ThreadId) {
        if let Some(live) = self.live.get_mut(thread.slot.index()) {
            live.forget();
        }
    }

    /// Drops all futures.
    pub(crate) fn forget_all(&mut self) {
        self.live.iter_mut().for_each(Live::forget);
    }
}

#[cold]
fn diverged(event: usize, process: &Process, asked: Option<&Request>) -> Fault {
    misused(Misuse::Diverged { event }, asked, process)
}

#[cold]
fn misused(misuse: Misuse, request: Option<&Request>, process: &Process) -> Fault {
    Fault::Misused { misuse, place: place(request.map(|request| request.line).or(process.line())) }
}
