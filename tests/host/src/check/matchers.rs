//! The places where a difference is right. Each is as narrow as can be and says where it comes from. In a full run each has to
//! match something: what matches nothing is out of date.

use sim::lockstep::Difference;

/// A difference that is right.
pub(crate) struct Matcher {
    /// Its name in reports.
    pub(crate) name: &'static str,
    /// The standard, manual page or decision that allows it.
    pub(crate) source: &'static str,
    /// Whether a difference is of this kind.
    pub(crate) matches: fn(&Difference) -> bool,
}

/// All of them.
pub(crate) const MATCHERS: &[Matcher] = &[];
