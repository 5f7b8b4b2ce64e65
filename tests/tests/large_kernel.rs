//! A kernel that is larger than a stack: it boots, and is copied, in a thread that has room for a fraction of it only.
//!
//! In the usual build it would fit; `.ci/run` builds these tests for 4,096 processes, too.

use std::thread;

use kernel::limits::PROCESSES;
use sim::chooser::Default as PolicyDecides;
use sim::{Machine, Outcome, Settings, Unobserved};
use userland::programs::PROGRAMS;
use userland::sys::Forked;
use userland::{Args, Program, Sys};

/// What threads have by default.
const STACK_BYTES: usize = 2 << 20;

fn in_a_thread(what: fn()) {
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(what);
    thread.unwrap().join().unwrap();
}

#[test]
fn the_kernel_is_as_large_as_was_asked_for() {
    let asked = option_env!("VITRINE_PROCESSES").map(|text| text.parse().unwrap());
    assert_eq!(PROCESSES, asked.unwrap_or(64));
}

#[test]
fn it_boots_and_is_copied_on_a_small_stack() {
    in_a_thread(|| {
        let mut machine = Machine::new(PROGRAMS, Settings::default());
        let mut world = machine.boot(&[b"init", b"echo", b"pear"], &[], &mut Unobserved).unwrap();
        let before = world.clone();
        let end = machine.run(&mut world, &mut PolicyDecides, &mut Unobserved, u64::MAX);
        assert!(matches!(end, Some(Outcome::Halted(abi::WaitStatus::Exited(0)))), "{end:?}");
        world.clone_from(&before);
        assert!(world == before);
    });
}

/// Forks children that wait for ever, until there is no room for another; exits with success if there was for as many as
/// there should be.
async fn fill(sys: Sys, _: Args) -> i32 {
    let Ok((read, _)) = sys.pipe().await else { return 1 };
    let mut processes = 1;
    loop {
        match sys.fork().await {
            Ok(Forked::Parent(_)) => processes += 1,
            Ok(Forked::Child) => return sys.read(read, &mut [0]).await.map_or(1, |_| 0),
            Err(errno) => return (errno != abi::Errno::EAGAIN || processes != PROCESSES).into(),
        }
    }
}

#[test]
fn every_slot_can_be_taken_on_a_small_stack() {
    static FILL: &[Program] = &[Program::new("fill", "", &fill)];
    in_a_thread(|| {
        // To check thousands of processes after each step would take minutes.
        let settings = Settings { check_every: 1 << 12, ..Settings::default() };
        let mut machine = Machine::new(FILL, settings);
        let mut world = machine.boot(&[b"fill"], &[], &mut Unobserved).unwrap();
        let end = machine.run(&mut world, &mut PolicyDecides, &mut Unobserved, u64::MAX);
        assert!(matches!(end, Some(Outcome::Halted(abi::WaitStatus::Exited(0)))), "{end:?}");
    });
}
