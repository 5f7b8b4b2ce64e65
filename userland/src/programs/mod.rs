//! The programs, one file each, and the table that lists them.

use crate::program::Program;

/// Every program of Vitrine.
pub static PROGRAMS: &[Program] = &[];
