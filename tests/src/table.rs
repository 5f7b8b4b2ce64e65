//! The table of programs of a test.

use userland::Program;

use crate::init;

/// Init ([`crate::INIT`]), a test's own programs, and those of userland. The table lives as long as the test process, as
/// futures do that come from it.
pub fn table(own: &[Program]) -> &'static [Program] {
    let init = Program::new(init::NAME, "", &init::main);
    let all = [&init].into_iter().chain(own).chain(userland::programs::PROGRAMS);
    all.copied().collect::<Vec<_>>().leak()
}
