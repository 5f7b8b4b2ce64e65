//! What a campaign checks: a property that is tried on one case after the other, each made from a seed.

use crate::fuzz::coverage::Coverage;

/// One case to be tried. The same case is the same steps, wherever and however often it is run.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is made from.
    pub seed: u64,
    /// How many steps it has at most.
    pub steps: u64,
    /// The system calls to be made, by name; empty: all. A property for which that means nothing ignores it.
    pub syscalls: Vec<String>,
}

/// A case in which the property doesn't hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What doesn't hold, in one sentence.
    pub reason: String,
    /// The steps up to there, one a line, as [`Property::replay`] reads them. Lines that begin with `#` are comments.
    pub script: String,
}

/// Why a script didn't run to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    /// A line is no step.
    Unreadable {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The property doesn't hold.
    Broken {
        /// The line after which it doesn't, from 1.
        line: usize,
        /// What doesn't hold.
        reason: String,
    },
}

/// Something that must hold whatever happens, and a way to make things happen.
///
/// The campaign runs the cases, shrinks the script of the first failure (by leaving lines out, and by trying what
/// `simpler` offers), prints and saves it.
pub trait Property: Sync {
    /// Its name on the command line: one word.
    fn name(&self) -> &str;

    /// What it checks, in one line.
    fn about(&self) -> &str;

    /// How many steps a case has unless somebody asks for another number.
    fn steps_per_case(&self) -> u64 {
        1000
    }

    /// Whether it counts what it did in the coverage, and heeds which system calls are to be made.
    fn is_about_calls(&self) -> bool {
        false
    }

    /// Tries one case, and counts what it did. Returns the number of steps made.
    ///
    /// # Errors
    /// The property doesn't hold. A panic counts as a failure too, but has no script.
    fn run(&self, case: &Case, coverage: &mut Coverage) -> Result<u64, Failure>;

    /// Carries out a script. What can't be done where it stands (because a line that it needs was left out) is skipped.
    /// Returns the number of steps made.
    ///
    /// # Errors
    /// A line can't be read, or the property doesn't hold.
    fn replay(&self, script: &str, coverage: &mut Coverage) -> Result<u64, Stop>;

    /// Simpler lines to try in the place of this one, the simplest first.
    fn simpler(&self, line: &str) -> Vec<String> {
        let _ = line;
        Vec::new()
    }

    /// A script that lines were left out of, without what makes no sense without them: it does the same.
    fn repaired(&self, lines: Vec<String>) -> Vec<String> {
        lines
    }

    /// Simpler scripts to try in the place of this one, the simplest first: what takes more than one line to change.
    fn simpler_scripts(&self, lines: &[String]) -> Vec<Vec<String>> {
        let _ = lines;
        Vec::new()
    }

    /// The same script with its names in order, for the end.
    fn in_order(&self, lines: &[String]) -> Vec<String> {
        lines.to_vec()
    }
}
