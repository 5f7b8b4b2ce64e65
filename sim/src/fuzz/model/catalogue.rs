//! Every model, with the scripts that put it to the test.

use super::descriptors::Descriptors;
use super::judge::Model;
use super::memory::Memory;
use super::messages::Messages;
use super::pipes::PipesAndFifos;
use super::queues::MessageQueues;
use super::semaphores::Semaphores;
use super::signals::Signals;
use super::tree::Tree;
use crate::lockstep::generate::Theme;

/// A model by its name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// One word.
    pub name: &'static str,
    /// What it speaks of, in one line.
    pub about: &'static str,
    /// The themes of the scripts that are made for it.
    pub themes: &'static [Theme],
    /// Makes one that has seen nothing.
    pub make: fn() -> Box<dyn Model>,
}

fn boxed<M: Model + Default + 'static>() -> Box<dyn Model> {
    Box::new(M::default())
}

/// Every model.
pub const MODELS: &[Entry] = &[
    Entry {
        name: "tree",
        about: "fork, exit, wait4, adoption, process groups and sessions",
        themes: &[Theme::Proc, Theme::Proc, Theme::Signals, Theme::Mixed],
        make: boxed::<Tree>,
    },
    Entry {
        name: "signals",
        about: "who is sent a signal, pending sets, masks, handlers and their order, stop and continue",
        themes: &[Theme::Signals, Theme::Signals, Theme::Proc, Theme::Mixed],
        make: boxed::<Signals>,
    },
    Entry {
        name: "descriptors",
        about: "the lowest descriptor, dup and its kin, shared flags, close-on-exec, limits",
        themes: &[Theme::Pipes, Theme::Mqueue, Theme::Mixed],
        make: boxed::<Descriptors>,
    },
    Entry {
        name: "pipes",
        about: "bytes of pipes and FIFOs in order, waiting, partial writes, ends without the other",
        themes: &[Theme::Pipes, Theme::Pipes, Theme::Mixed],
        make: boxed::<PipesAndFifos>,
    },
    Entry {
        name: "queues",
        about: "POSIX message queues: priorities, limits, waiting in order",
        themes: &[Theme::Mqueue, Theme::Mqueue, Theme::Mixed],
        make: boxed::<MessageQueues>,
    },
    Entry {
        name: "messages",
        about: "System V message queues: types, limits, waiting, removal",
        themes: &[Theme::Sysv, Theme::Sysv, Theme::Mixed],
        make: boxed::<Messages>,
    },
    Entry {
        name: "semaphores",
        about: "System V semaphores: all or nothing, waiting for zero, undo, who waits",
        themes: &[Theme::Sysv, Theme::Sysv, Theme::Mixed],
        make: boxed::<Semaphores>,
    },
    Entry {
        name: "memory",
        about: "private and shared pages, fork, protection and faults, shared memory segments",
        themes: &[Theme::Memory, Theme::Memory, Theme::Mixed],
        make: boxed::<Memory>,
    },
];

/// The model with this name.
pub fn by_name(name: &str) -> Option<&'static Entry> {
    MODELS.iter().find(|entry| entry.name == name)
}
