//! The hart that runs native processes: it polls one future at a time up to its next trap, and makes a future again from
//! the history when it isn't there (after a fork, a step back, a snapshot).
//!
//! The futures are a cache. Each is labelled with the position in the history at which it stands; if that isn't where the
//! process is, the future is rebuilt. So a hart can be handed any world at any time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use abi::FastHasher;
use kernel::ThreadId;
use userland::hart::{Misuse, Past, Request};
use userland::program::Running;
use userland::{Program, Sys};

use crate::history::Events;
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
}

impl Live {
    /// Drops the futures, handlers first, as a stack unwinds. Their destructors may panic; that is nobody's concern.
    fn forget(&mut self) {
        self.at = None;
        while let Some(frame) = self.frames.pop() {
            let _ = panics::catch(|| drop(frame));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.forget();
    }
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
        panics::install();
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
        self.slot.stack_pointer.set(process.stack_pointer);
        let main = panics::catch(|| program.main.start(Sys::new(self.slot), process.args.clone()));
        self.live[index].frames.push(main.map_err(Fault::Panicked)?);
        if let Some(parked) = process.parked() {
            self.replay(process, parked)?;
        }
        self.live[index].at = Some(Position::of(process));
        Ok(())
    }

    /// Takes a new future to where `process` is parked.
    fn replay(&mut self, process: &Process, parked: &Request) -> Result<(), Fault> {
        let (asked, event) = self.poll_past(process);
        match asked {
            Some(request) if event == process.history.len() && request.check == parked.check => Ok(()),
            asked => Err(diverged(event, process, asked.or(Some(*parked)).as_ref())),
        }
    }

    /// Finds out in which operation a process stands that has begun, from its history alone.
    pub(crate) fn find_parked(&mut self, process: &Process) -> Result<Request, Fault> {
        self.rebuild(process, process.thread.slot.index())?;
        let (asked, event) = self.poll_past(process);
        self.forget(process.thread);
        asked.filter(|_| event == process.history.len()).ok_or_else(|| diverged(event, process, None))
    }

    /// Runs a new future through the history: what it asks behind that, if anything, and at which event it stopped.
    fn poll_past(&mut self, process: &Process) -> (Option<Request>, usize) {
        self.replay.events.borrow_mut().follow(&process.history);
        self.replay.next.set(0);
        self.slot.replaying.set(true);
        let polled = self.poll(process);
        self.slot.replaying.set(false);
        self.replay.events.borrow_mut().clear();
        let asked = match polled {
            Polled::Asks => self.slot.request.get(),
            Polled::Returned(_) | Polled::Faulted(_) => None,
        };
        (asked, self.replay.next.get())
    }

    /// Runs the innermost future up to its next trap, or its end.
    #[inline]
    pub(crate) fn poll(&mut self, process: &Process) -> Polled {
        let slot = self.slot;
        slot.stack_pointer.set(process.stack_pointer);
        let live = self.live.get_mut(process.thread.slot.index());
        let Some(frame) = live.and_then(|live| live.frames.last_mut()) else {
            return Polled::Faulted(Box::new(Fault::NotKept));
        };
        let polled = panics::catch(|| frame.as_mut().poll(&mut Context::from_waker(Waker::noop())));
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
    #[inline]
    pub(crate) fn park(&mut self, process: &mut Process) {
        process.parked = self.slot.request.get();
        self.live[process.thread.slot.index()].at = Some(Position::of(process));
    }

    /// Tells the program the result of the operation it stands in. Its bytes are in the slot already.
    #[inline]
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
