//! A checker finds what a look at everything finds, and has no doubts without a reason.

extern crate std;

use super::*;
use crate::testing::{Machine, read, write};

#[test]
fn a_kernel_that_the_checker_has_not_seen_is_looked_at_as_a_whole() {
    let mut one = Machine::new();
    let mut other = Machine::new();
    other.pipe();
    let mut checker = std::boxed::Box::new(Checker::new());
    checker.check(&mut one.kernel).unwrap();
    assert_eq!(checker.full_checks(), 1);
    checker.check(&mut one.kernel).unwrap();
    assert_eq!(checker.full_checks(), 1);
    checker.check(&mut other.kernel).unwrap();
    assert_eq!(checker.full_checks(), 2, "another kernel");
    checker.check(&mut one.kernel).unwrap();
    assert_eq!(checker.full_checks(), 3, "the first one again");
    checker.reset();
    checker.check(&mut one.kernel).unwrap();
    assert_eq!(checker.full_checks(), 4, "after a reset");
}

#[test]
fn a_copy_is_followed_from_where_it_was_made() {
    let mut machine = Machine::new();
    let (reader, writer) = machine.pipe();
    machine.put(b"x");
    assert_eq!(machine.call(write(writer, 1)), 1);
    machine.accept();
    let mut copy = machine.kernel.clone();
    assert!(machine.checker.follows(&copy));
    // The original goes on and is checked; then the checker doesn't follow the copy any more.
    assert_eq!(machine.call(read(reader, 1)), 1);
    machine.accept();
    assert!(machine.checker.follows(&machine.kernel) && !machine.checker.follows(&copy));
    assert_eq!(machine.checker.check(&mut copy), Ok(()));
    assert_eq!(machine.checker.full_checks(), 2);
    assert!(!machine.checker.follows(&machine.kernel));
}
