//! Who watches a run: traces, statistics, the console's reader outside.

use kernel::{Event, ThreadId};
use userland::hart::Operation;

use crate::core_image::CoreImage;
use crate::process::Fault;
use crate::world::World;

/// Is told what happens, with the world to look at. It can't change anything, so a run is the same with it and without.
///
/// Console output comes here too: `Event::ConsoleOutput`.
pub trait Observer {
    /// Whether it wants to hear of everything; else of console output and faults only, which costs less.
    fn watches(&self) -> bool {
        true
    }

    /// A thread is about to do this. What a call takes along lies in its memory already.
    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        let _ = (world, thread, operation);
    }

    /// A thread has made this access, a load, a store, a copy or an atomic operation. Its clock doesn't show it yet. Before,
    /// `asks` was called; if the access met a page that wasn't there, it is asked for again.
    fn accessed(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        let _ = (world, thread, operation);
    }

    /// The kernel reported this. The world is as the entry point that reported it left it.
    fn event(&mut self, world: &World, event: Event<'_>) {
        let _ = (world, event);
    }

    /// A program went wrong, and is about to be ended for it.
    fn fault(&mut self, world: &World, thread: ThreadId, fault: &Fault) {
        let _ = (world, thread, fault);
    }

    /// Whether it wants core images.
    fn wants_cores(&self) -> bool {
        false
    }

    /// A signal has ended a process, which leaves this behind.
    fn core(&mut self, image: &CoreImage) {
        let _ = image;
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn watches(&self) -> bool {
        (**self).watches()
    }

    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        (**self).asks(world, thread, operation);
    }

    fn accessed(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        (**self).accessed(world, thread, operation);
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        (**self).event(world, event);
    }

    fn fault(&mut self, world: &World, thread: ThreadId, fault: &Fault) {
        (**self).fault(world, thread, fault);
    }

    fn wants_cores(&self) -> bool {
        (**self).wants_cores()
    }

    fn core(&mut self, image: &CoreImage) {
        (**self).core(image);
    }
}

/// Two at once: the first is told first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn watches(&self) -> bool {
        self.0.watches() || self.1.watches()
    }

    fn asks(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        self.0.asks(world, thread, operation);
        self.1.asks(world, thread, operation);
    }

    fn accessed(&mut self, world: &World, thread: ThreadId, operation: &Operation) {
        self.0.accessed(world, thread, operation);
        self.1.accessed(world, thread, operation);
    }

    fn event(&mut self, world: &World, event: Event<'_>) {
        self.0.event(world, event);
        self.1.event(world, event);
    }

    fn fault(&mut self, world: &World, thread: ThreadId, fault: &Fault) {
        self.0.fault(world, thread, fault);
        self.1.fault(world, thread, fault);
    }

    fn wants_cores(&self) -> bool {
        self.0.wants_cores() || self.1.wants_cores()
    }

    fn core(&mut self, image: &CoreImage) {
        self.0.core(image);
        self.1.core(image);
    }
}

/// Nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn watches(&self) -> bool {
        false
    }
}

/// Keeps what is written to the console, and nothing else; for tests and for programs that run Vitrine inside of theirs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    /// Standard output.
    pub out: Vec<u8>,
    /// Diagnostics.
    pub err: Vec<u8>,
}

impl Observer for Output {
    fn watches(&self) -> bool {
        false
    }

    fn event(&mut self, _: &World, event: Event<'_>) {
        if let Event::ConsoleOutput { stream, bytes } = event {
            if stream == 2 { &mut self.err } else { &mut self.out }.extend_from_slice(bytes);
        }
    }
}
