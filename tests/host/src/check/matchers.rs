//! The places where a difference is right. Each is as narrow as can be and says where it comes from. In a full run each has to
//! match something: what matches nothing is out of date.

use serde_json::json;
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

/// The number of the one that says that a difference is right, if any does.
pub(crate) fn matcher_of(found: &Difference) -> Option<usize> {
    MATCHERS.iter().position(|matcher| (matcher.matches)(found))
}

/// All of them.
pub(crate) const MATCHERS: &[Matcher] = &[Matcher {
    name: "a message queue isn't truncated",
    source: "POSIX.1-2024 ftruncate(): of what is neither a regular file nor a shared memory object the result is \
             unspecified; Linux sets a size that says nothing about the queue",
    matches: |found| {
        found.recorded["o"] == "ftruncate" && found.recorded["r"] == 0 && found.observed == json!({"e": "EINVAL"})
    },
}];

#[cfg(test)]
mod tests {
    use super::*;

    fn ftruncate(linux: serde_json::Value, vitrine: serde_json::Value) -> Difference {
        let mut recorded = json!({"p": "a", "o": "ftruncate", "a": [0, 4096]});
        recorded.as_object_mut().unwrap().extend(linux.as_object().unwrap().clone());
        Difference { script: String::new(), operation: 0, recorded, observed: vitrine, orders_left: false }
    }

    #[test]
    fn only_the_truncation_of_a_queue_is_right() {
        let matches = |found: &Difference| matcher_of(found).is_some();
        assert!(matches(&ftruncate(json!({"r": 0}), json!({"e": "EINVAL"}))));
        assert!(!matches(&ftruncate(json!({"e": "EBADF"}), json!({"e": "EINVAL"}))));
        assert!(!matches(&ftruncate(json!({"r": 0}), json!({"e": "EINVAL", "h": {}}))));
    }
}
