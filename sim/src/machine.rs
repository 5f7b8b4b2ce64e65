//! The machine: drives a world, one step after the other.
//!
//! A step is: hand in console input if somebody waits for it; choose who runs, if the CPU needs somebody; let the kernel
//! say what that thread does now; run its user code up to its next trap or access; and do that. So each step does exactly
//! one operation that others can notice, and between any two the scheduler may switch.

use abi::{Errno, Signal, WaitStatus, WindowSize};
use kernel::{Boot, CpuNo, Event, Kernel, Pick, Picked, ProcessId, Resume, ThreadId, Trap, Trapped};
use userland::Program;

use crate::arrival::{Arrival, Arrived, Moment};
use crate::checker_box::CheckerBox;
use crate::chooser::{Choice, Chooser};
use crate::deadlock::Deadlock;
use crate::handler::Delivery;
use crate::hart::Hart;
use crate::host::{Host, Notes};
use crate::input::Input;
use crate::observer::{Observer, Unobserved};
use crate::process::{Fault, Process};
use crate::startup::arguments;
use crate::world::World;

/// The one CPU.
pub(crate) const CPU: CpuNo = CpuNo(0);

/// How much console input is handed in at once: as much as the console keeps.
const INPUT_CHUNK: usize = 64 << 10;

/// What became of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was made.
    Stepped {
        /// Whose step it was.
        thread: ThreadId,
        /// What it did.
        act: Act,
    },
    /// PID 1 has ended, and the machine stands still.
    Halted(WaitStatus),
    /// Nothing can run, now or later.
    Deadlock(Deadlock),
}

/// What a thread did in a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// It made a system call.
    Called,
    /// It loaded, stored, or handed over a checkpoint.
    Accessed,
    /// It met a page that wasn't there, or another fault of its own making.
    Faulted,
    /// It went on computing.
    Computed,
    /// It was continued after a stop, and told its parent so.
    Continued,
    /// It found that it still has to wait.
    Waited,
    /// Its program went wrong, and it was ended for it.
    Failed,
}

/// How a machine is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Keep the whole history of leaf programs too, so that the world can be stepped back, saved and gone on from
    /// elsewhere. Otherwise only their rolling hash is kept.
    pub glass: bool,
    /// Check the kernel's invariants every so many steps; 0 is never.
    pub check_every: u64,
    /// Throw all futures away every so many steps; 0 is never. It changes nothing but the speed, which is what it is there
    /// to show. Needs `glass` if there are leaf programs.
    pub forget_every: u64,
    /// Processes that a signal ends with action "core" leave core images: whoever watches is handed them
    /// ([`Observer::core`]). It shows in wait statuses, so a replay needs the same.
    pub cores: bool,
    /// The console is a terminal, with a window of this size at boot. Otherwise it is a plain byte stream.
    pub terminal: Option<WindowSize>,
}

impl Default for Settings {
    /// Invariants are checked after every step in debug builds.
    fn default() -> Self {
        Settings {
            glass: false,
            check_every: u64::from(cfg!(debug_assertions)),
            forget_every: 0,
            cores: false,
            terminal: None,
        }
    }
}

/// A machine, with its table of programs and its console's input.
///
/// It has no state that a run depends on: a world can be handed to it at any time, and another one at the next step.
pub struct Machine {
    pub(crate) programs: &'static [Program],
    pub(crate) hart: Hart,
    pub(crate) notes: Notes,
    pub(crate) settings: Settings,
    input: Box<dyn Input>,
    chunk: Vec<u8>,
    /// What arrived at the terminal in the last step.
    arrivals: Vec<Arrival>,
    /// It is made when it is first needed.
    checker: Option<CheckerBox>,
}

impl Machine {
    /// A machine with these programs, and no console input.
    pub fn new(programs: &'static [Program], settings: Settings) -> Machine {
        crate::bug::install();
        Machine {
            programs,
            hart: Hart::new(programs),
            notes: Notes::default(),
            settings,
            input: Box::new(Vec::new()),
            chunk: Vec::new(),
            arrivals: Vec::new(),
            checker: None,
        }
    }

    /// The same, with this console input.
    pub fn with_input(self, input: impl Input + 'static) -> Machine {
        Machine { input: Box::new(input), ..self }
    }

    /// Its programs.
    pub fn programs(&self) -> &'static [Program] {
        self.programs
    }

    /// What arrived at the terminal in the last step, or after it.
    pub fn arrivals(&self) -> &[Arrival] {
        &self.arrivals
    }

    /// How often a future had to be made again from its history.
    pub fn rebuilds(&self) -> u64 {
        self.hart.rebuilds()
    }

    /// Throws all futures away. They are made again when they are needed.
    pub fn forget(&mut self) {
        self.hart.forget_all();
    }

    /// Switches a world on: its kernel boots, and PID 1 is the program `argv[0]`.
    ///
    /// # Errors
    /// `ENOENT`: there is no such program. Else what the kernel's boot gives (`E2BIG`, `ENOMEM`).
    pub fn boot<O: Observer>(&mut self, argv: &[&[u8]], envp: &[&[u8]], observer: &mut O) -> Result<World, Errno> {
        let mut world = World::new();
        self.notes.watch(observer);
        let (kernel, mut host) = split(&mut world, self.programs, &mut self.notes);
        let name = argv.first().copied().unwrap_or_default();
        let image = kernel::Programs::find(&host, name).ok_or(Errno::ENOENT)?;
        let Settings { terminal, cores, .. } = self.settings;
        kernel.boot(&mut host, &Boot { image, name, argv, envp, console: true, cores, terminal })?;
        self.settle(&mut world, observer);
        Ok(world)
    }

    /// Makes steps until the machine halts or can't go on, but at most `limit`. `None` if the limit was reached.
    pub fn run<C: Chooser, O: Observer>(
        &mut self,
        world: &mut World,
        chooser: &mut C,
        observer: &mut O,
        limit: u64,
    ) -> Option<Outcome> {
        for _ in 0..limit {
            match self.step(world, chooser, observer) {
                Outcome::Stepped { .. } => {}
                end => return Some(end),
            }
        }
        None
    }

    /// Makes one step.
    pub fn step<C: Chooser, O: Observer>(&mut self, world: &mut World, chooser: &mut C, observer: &mut O) -> Outcome {
        self.notes.watch(observer);
        self.arrivals.clear();
        let thread = match self.schedule(world, chooser) {
            Ok(thread) => thread,
            Err(outcome) => {
                self.settle(world, observer);
                return outcome;
            }
        };
        self.settle(world, observer);
        if self.settings.forget_every != 0 && world.steps.is_multiple_of(self.settings.forget_every) {
            self.forget();
        }
        world.steps += 1;
        let act = self.advance(world, thread, observer);
        self.settle(world, observer);
        if self.settings.check_every != 0 && world.steps.is_multiple_of(self.settings.check_every) {
            self.check(world);
        }
        Outcome::Stepped { thread, act }
    }

    /// Panics if an invariant of the kernel doesn't hold.
    fn check(&mut self, world: &mut World) {
        if let Err(violation) = self.checker.get_or_insert_with(CheckerBox::new).check(&mut world.kernel) {
            panic!("after step {}: {violation}", world.steps);
        }
    }

    /// Sends a signal from outside, between two steps. The run that follows is another one than a record describes.
    ///
    /// Whether there was such a process, and it was no zombie.
    pub fn inject_signal<O: Observer>(
        &mut self,
        world: &mut World,
        process: ProcessId,
        signal: Signal,
        observer: &mut O,
    ) -> bool {
        self.notes.watch(observer);
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        let alive = kernel.inject_signal(&mut host, process, signal);
        self.settle(world, observer);
        alive
    }

    /// Whose step comes next, as `chooser` chooses. It leaves the world in the middle of that step: hand in a copy.
    ///
    /// # Errors
    /// No step comes next.
    pub(crate) fn whose_turn<C: Chooser>(&mut self, world: &mut World, chooser: &mut C) -> Result<ThreadId, Outcome> {
        self.notes.watch(&Unobserved);
        let thread = self.schedule(world, chooser);
        self.settle(world, &mut Unobserved);
        thread
    }

    /// Who runs in this step: mostly who did in the last one.
    #[inline(always)]
    fn schedule<C: Chooser>(&mut self, world: &mut World, chooser: &mut C) -> Result<ThreadId, Outcome> {
        let kernel = &world.kernel;
        if kernel.halted().is_none()
            && kernel.terminal().is_none()
            && !kernel.wants_input()
            && !kernel.needs_pick(CPU)
            && let Some(current) = kernel.current(CPU)
        {
            return match preempt(world, chooser) {
                None => Ok(current),
                Some(thread) => self.switch(world, chooser, Some(thread)),
            };
        }
        self.switch(world, chooser, None)
    }

    /// Looks for who runs, with all that may come in between. `preempting`: who has been chosen already.
    #[inline(never)]
    fn switch<C: Chooser>(
        &mut self,
        world: &mut World,
        chooser: &mut C,
        mut preempting: Option<ThreadId>,
    ) -> Result<ThreadId, Outcome> {
        loop {
            if let Some(status) = world.kernel.halted() {
                return Err(Outcome::Halted(status));
            }
            if world.kernel.terminal().is_some() {
                let now_us = world.kernel.now_us();
                self.hear(world, Some(now_us));
            } else if world.kernel.wants_input() {
                self.feed(world);
            }
            let pick = match world.kernel.current(CPU) {
                _ if preempting.is_some() => preempting.take().map_or(Pick::Policy, Pick::Thread),
                Some(current) if !world.kernel.needs_pick(CPU) => match preempt(world, chooser) {
                    None => return Ok(current),
                    Some(thread) => Pick::Thread(thread),
                },
                _ => choose_runnable(world, chooser),
            };
            let (kernel, mut host) = split(world, self.programs, &mut self.notes);
            match kernel.pick(&mut host, CPU, pick) {
                Picked::Thread(thread) => return Ok(thread),
                Picked::Idle => {
                    let timer_us = kernel.next_timer_us();
                    if kernel.terminal().is_some() && self.hear(world, timer_us) {
                        continue;
                    }
                    let (kernel, mut host) = split(world, self.programs, &mut self.notes);
                    match timer_us {
                        Some(us) => kernel.idle_until(&mut host, CPU, us),
                        None => return Err(Outcome::Deadlock(Deadlock::of(world))),
                    }
                }
            }
        }
    }

    /// Lets in what arrives at the terminal before this time; whether anything did.
    #[inline(never)]
    fn hear(&mut self, world: &mut World, until_us: Option<u64>) -> bool {
        if world.typed > world.input_position {
            // Typed before, when there was no room.
            self.type_in(world);
        }
        let moment = Moment { step: world.steps, now_us: world.kernel.now_us(), until_us };
        let Some(arrival) = self.input.arrival(world.arrivals, &moment) else { return false };
        world.arrivals += 1;
        self.arrivals.push(arrival);
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        if arrival.at_us > kernel.now_us() {
            kernel.idle_until(&mut host, CPU, arrival.at_us);
        }
        match arrival.what {
            Arrived::Typed(bytes) => {
                world.typed += bytes;
                self.type_in(world);
            }
            Arrived::Resized(window) => kernel.resize_terminal(&mut host, window),
            Arrived::HungUp => kernel.input_end(&mut host),
        }
        true
    }

    /// Hands in what was typed, as far as there is room for it.
    fn type_in(&mut self, world: &mut World) {
        while world.typed > world.input_position {
            let waiting = usize::try_from(world.typed - world.input_position).unwrap_or(INPUT_CHUNK);
            self.chunk.resize(INPUT_CHUNK.min(waiting), 0);
            let count = self.input.read(world.input_position, &mut self.chunk);
            let (kernel, mut host) = split(world, self.programs, &mut self.notes);
            let taken = kernel.input(&mut host, &self.chunk[..count]);
            world.input_position += taken as u64;
            if taken < count || count == 0 {
                return;
            }
        }
    }

    /// Hands in the next console input, or its end.
    fn feed(&mut self, world: &mut World) {
        self.chunk.resize(INPUT_CHUNK, 0);
        let count = self.input.read(world.input_position, &mut self.chunk);
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        if count == 0 {
            return kernel.input_end(&mut host);
        }
        let taken = kernel.input(&mut host, &self.chunk[..count]);
        world.input_position += taken as u64;
    }

    /// Lets `thread`, which has the CPU, do what it does now.
    fn advance<O: Observer>(&mut self, world: &mut World, thread: ThreadId, observer: &mut O) -> Act {
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        let resume = kernel.resume(&mut host, CPU);
        if cfg!(debug_assertions) && matches!(resume, Resume::Return(_) | Resume::Retry | Resume::Start { .. }) {
            check_resumed(world, thread);
        }
        // Before user code goes on: whoever watches is to see a result with the memory that belongs to it.
        self.settle(world, observer);
        let value = match resume {
            Resume::Return(value) => Some(value),
            Resume::Retry => None,
            _ => return self.resume_rarely(world, thread, resume, observer),
        };
        self.proceed(world, thread, value, observer)
    }

    /// What a thread does now other than go on where it stands.
    #[inline(never)]
    fn resume_rarely<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        resume: Resume,
        observer: &mut O,
    ) -> Act {
        match resume {
            Resume::Return(value) => self.proceed(world, thread, Some(value), observer),
            Resume::Retry => self.proceed(world, thread, None, observer),
            Resume::Start { image, stack_pointer } => {
                let args = arguments(&world.kernel, &world.frames, thread, stack_pointer);
                let keeps = self.settings.glass || self.programs.get(image.index()).is_none_or(|program| !program.leaf);
                if let Some(id) = world.kernel.process_of(thread) {
                    world.put(Process::new((thread, id), image, args, stack_pointer, keeps));
                }
                self.run_user_code(world, thread, observer)
            }
            Resume::Handler { info, handler, mask, returns, stack_pointer, on_alternate_stack } => {
                let delivery = Delivery { info, handler, mask, returns, stack_pointer, on_alternate_stack };
                match self.enter_handler(world, thread, &delivery, observer) {
                    // Another signal may be there; its handler goes on top before any of this one runs.
                    Ok(()) => self.advance(world, thread, observer),
                    Err(act) => act,
                }
            }
            Resume::Busy => Act::Computed,
            Resume::Continued => Act::Continued,
            Resume::Blocked => Act::Waited,
        }
    }

    /// Passes on what the kernel reported, and lets go of the user code of processes that ended.
    #[inline]
    pub(crate) fn settle<O: Observer>(&mut self, world: &mut World, observer: &mut O) {
        if !self.notes.is_empty() {
            self.settle_notes(world, observer);
        }
    }

    #[inline(never)]
    fn settle_notes<O: Observer>(&mut self, world: &mut World, observer: &mut O) {
        for (id, mut image) in std::mem::take(&mut self.notes.cores) {
            image.complete(world, id, self.notes.fault.take());
            observer.core(&image);
        }
        self.notes.pass_on(|event| observer.event(world, event));
        while let Some(id) = self.notes.ended.pop() {
            let ended = world.processes().find(|process| process.id == id).map(|process| process.thread);
            if let Some(thread) = ended {
                self.hart.forget(thread);
                world.remove(thread);
            }
        }
    }

    /// A trap into the kernel.
    pub(crate) fn trap(&mut self, world: &mut World, trap: Trap) -> Trapped {
        let (kernel, mut host) = split(world, self.programs, &mut self.notes);
        kernel.trap(&mut host, CPU, trap)
    }

    /// Ends a process whose program went wrong, saying why on the console.
    #[cold]
    pub(crate) fn fail<O: Observer>(
        &mut self,
        world: &mut World,
        thread: ThreadId,
        fault: &Fault,
        observer: &mut O,
    ) -> Act {
        self.settle(world, observer);
        observer.fault(world, thread, fault);
        let name = world.kernel.process_of(thread).and_then(|id| world.kernel.process(id));
        let message = format!("{}: {fault}\n", name.map_or("?", |process| process.name()));
        let (_, mut host) = split(world, self.programs, &mut self.notes);
        kernel::Trace::event(&mut host, Event::ConsoleOutput { stream: 2, bytes: message.as_bytes() });
        self.notes.fault = Some(fault.to_string());
        self.trap(world, Trap::Abort);
        self.settle(world, observer);
        self.notes.fault = None;
        Act::Failed
    }
}

/// The kernel, and the machine as the kernel sees it.
#[inline]
pub(crate) fn split<'a>(
    world: &'a mut World,
    programs: &'static [Program],
    notes: &'a mut Notes,
) -> (&'a mut Kernel, Host<'a>) {
    (&mut world.kernel, Host { frames: &mut world.frames, output: &mut world.output, programs, notes })
}

/// Whether the running thread is to make way, and for whom.
#[inline]
fn preempt<C: Chooser>(world: &World, chooser: &mut C) -> Option<ThreadId> {
    if !chooser.wants_preempt() {
        return None;
    }
    let others = world.kernel.runnable_count(CPU);
    if others == 0 {
        return None;
    }
    let chosen = chooser.choose(world.steps, Choice::Preempt, 1 + others);
    world.kernel.runnable(CPU).nth(chosen.checked_sub(1)?)
}

/// Who runs next.
#[inline]
fn choose_runnable<C: Chooser>(world: &World, chooser: &mut C) -> Pick {
    let options = world.kernel.runnable_count(CPU);
    if options < 2 {
        return Pick::Policy;
    }
    match chooser.choose(world.steps, Choice::Run, options) {
        0 => Pick::Policy,
        chosen => world.kernel.runnable(CPU).nth(chosen).map_or(Pick::Policy, Pick::Thread),
    }
}

/// Panics if user code goes on although it has a signal to take.
fn check_resumed(world: &World, thread: ThreadId) {
    if let Err(violation) = world.kernel.check_resumed(thread) {
        panic!("in step {}: {violation}", world.steps);
    }
}
