//! Worlds to look at.

use crate::chooser;
use crate::{Machine, Outcome, Settings, Unobserved, World};

/// The first instant of a run of this command line, below init, in which `wanted` holds.
pub(super) fn world_when(argv: &[&str], wanted: impl Fn(&World) -> bool) -> World {
    let mut machine = Machine::new(userland::programs::PROGRAMS, Settings::default());
    let argv: Vec<&[u8]> = ["init"].iter().chain(argv).map(|argument| argument.as_bytes()).collect();
    let mut world = machine.boot(&argv, &[b"PATH=/bin"], &mut Unobserved).unwrap();
    while !wanted(&world) {
        let outcome = machine.step(&mut world, &mut chooser::Default, &mut Unobserved);
        assert!(matches!(outcome, Outcome::Stepped { .. }), "it never holds");
    }
    world
}

/// The process with this number.
pub(super) fn process(world: &World, pid: u32) -> kernel::ProcessId {
    world.kernel.process_by_pid(pid).unwrap()
}
