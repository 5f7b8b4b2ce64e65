//! How the cases are run: a machine with all programs, and PID 1 that reaps whatever they leave behind.

use std::sync::LazyLock;

use harness::{INIT, Tables, table};
use sim::chooser::Chooser;
use sim::{Machine, Outcome, Settings, Unobserved, World};
use userland::Program;

use crate::cases::Case;
use crate::programs;

/// Init, the test programs, userland.
pub(crate) static TABLE: LazyLock<&'static [Program]> = LazyLock::new(|| table(programs::PROGRAMS));

/// More steps than any case takes.
pub(crate) const LIMIT: u64 = 2_000_000;

/// All that can be known is kept; nothing is checked.
pub(crate) const GLASS: Settings =
    Settings { glass: true, check_every: 0, forget_every: 0, cores: false, terminal: None };

/// A machine for a case.
pub(crate) fn machine(case: &Case, settings: Settings) -> Machine {
    Machine::new(*TABLE, settings).with_input(case.input.as_bytes().to_vec())
}

/// The world in which init is about to run the case.
pub(crate) fn boot(machine: &mut Machine, case: &Case) -> World {
    let argv: Vec<&[u8]> = [INIT].iter().chain(case.argv).map(|word| word.as_bytes()).collect();
    machine.boot(&argv, &[b"HOME=/"], &mut Unobserved).expect("init boots")
}

/// What a case came to.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) tables: Tables,
    pub(crate) steps: u64,
}

/// Runs a case to its end.
pub(crate) fn run(case: &Case, chooser: &mut impl Chooser, settings: Settings) -> Ended {
    let mut machine = machine(case, settings);
    let mut world = boot(&mut machine, case);
    let outcome = machine.run(&mut world, chooser, &mut Unobserved, LIMIT).expect("it ends within its steps");
    Ended { outcome, tables: tables(&world), steps: world.steps() }
}

/// What is in use of each table, without the frame of console input that nobody has read.
pub(crate) fn tables(world: &World) -> Tables {
    let unread = world.kernel.unread_input().div_ceil(abi::PAGE_SIZE);
    let less = |(name, count)| (name, if name == "frames" { count - unread } else { count });
    world.kernel.tables_in_use().map(less).to_vec()
}
