//! A machine on a small stack, whatever its kernel was built for: run it with `VITRINE_PROCESSES=4096` too.

mod harness;

use sim::{Outcome, Settings, chooser};

#[test]
fn a_machine_boots_and_runs_in_a_thread_with_a_stack_of_2_mib() {
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let run = small.spawn(|| harness::run("pipe 20", &mut chooser::Default, Settings::default()).0);
    assert!(matches!(run.unwrap().join().unwrap(), Outcome::Halted(_)));
}
