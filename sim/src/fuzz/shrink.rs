//! Shrinking a script that fails: lines are left out, halves first, then quarters, down to single ones, again until nothing
//! can go; then lines are replaced by simpler ones, and the whole by simpler scripts. What is left fails for the same reason.

use crate::fuzz::coverage::Coverage;
use crate::fuzz::property::{Failure, Property, Stop};

/// More scripts than these aren't tried.
const TRIES: usize = 30_000;

/// The smallest script that was found to fail for the same reason.
pub fn shrink(property: &dyn Property, failure: &Failure) -> Failure {
    let mut shrinker = Shrinker {
        property,
        kind: kind(&failure.reason),
        coverage: Coverage::new(),
        tries: 0,
        best: failure.reason.clone(),
    };
    let mut lines: Vec<String> = failure.script.lines().map(String::from).collect();
    if !shrinker.fails(&mut lines) {
        // It can't be repeated from its script: better all of it than nothing.
        return failure.clone();
    }
    loop {
        let before = lines.clone();
        shrinker.leave_out(&mut lines);
        shrinker.simplify(&mut lines);
        shrinker.simplify_whole(&mut lines);
        if lines == before || shrinker.tries >= TRIES {
            let mut ordered = property.in_order(&lines);
            if shrinker.fails(&mut ordered) {
                lines = ordered;
            }
            let script = lines.iter().flat_map(|line| [line, "\n"]).collect();
            return Failure { reason: shrinker.best, script };
        }
    }
}

/// The first line of a reason without its numbers: what makes two failures alike. Further lines are details.
fn kind(reason: &str) -> String {
    reason.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

struct Shrinker<'a> {
    property: &'a dyn Property,
    kind: String,
    coverage: Coverage,
    tries: usize,
    /// The reason of the smallest script so far.
    best: String,
}

impl Shrinker<'_> {
    /// Whether a script fails for the same reason, once it is repaired. Cuts it behind the line after which it does.
    fn fails(&mut self, lines: &mut Vec<String>) -> bool {
        self.tries += 1;
        *lines = self.property.repaired(std::mem::take(lines));
        let script = lines.join("\n");
        self.coverage.clear();
        match self.property.replay(&script, &mut self.coverage) {
            Err(Stop::Broken { line, reason }) if kind(&reason) == self.kind => {
                lines.truncate(line.max(1));
                self.best = reason;
                true
            }
            _ => false,
        }
    }

    fn leave_out(&mut self, lines: &mut Vec<String>) {
        let mut size = (lines.len() / 2).max(1);
        loop {
            let mut end = lines.len();
            let mut any = false;
            while end > 0 && self.tries < TRIES {
                let start = end.saturating_sub(size);
                let mut candidate: Vec<String> = lines[..start].to_vec();
                candidate.extend_from_slice(&lines[end..]);
                if candidate.len() < lines.len() && self.fails(&mut candidate) {
                    *lines = candidate;
                    any = true;
                }
                end = start.min(lines.len());
            }
            if size == 1 && !any || self.tries >= TRIES {
                return;
            }
            size = (size / 2).max(1);
        }
    }

    fn simplify(&mut self, lines: &mut Vec<String>) {
        let mut place = 0;
        while place < lines.len() && self.tries < TRIES {
            let mut changed = false;
            for simpler in self.property.simpler(&lines[place]) {
                let mut candidate = lines.clone();
                candidate[place] = simpler;
                if self.fails(&mut candidate) {
                    *lines = candidate;
                    changed = true;
                    break;
                }
            }
            if !changed {
                place += 1;
            }
        }
    }

    fn simplify_whole(&mut self, lines: &mut Vec<String>) {
        'changed: loop {
            for mut simpler in self.property.simpler_scripts(lines) {
                if self.tries >= TRIES {
                    return;
                }
                if self.fails(&mut simpler) {
                    *lines = simpler;
                    continue 'changed;
                }
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::property::Case;

    /// Fails once there were an `a`, later a `b`, later a `c` with a number above 3.
    struct Letters;

    impl Property for Letters {
        fn name(&self) -> &str {
            "letters"
        }
        fn about(&self) -> &str {
            "for the test"
        }
        fn run(&self, _: &Case, _: &mut Coverage) -> Result<u64, Failure> {
            Ok(0)
        }
        fn replay(&self, script: &str, _: &mut Coverage) -> Result<u64, Stop> {
            let mut wanted = "abc".chars().peekable();
            for (number, line) in script.lines().enumerate() {
                let value: u32 = line[1..].parse().unwrap();
                if wanted.next_if(|letter| line.starts_with(*letter) && value > 3).is_some() && wanted.peek().is_none()
                {
                    return Err(Stop::Broken { line: number + 1, reason: format!("it is {value}") });
                }
            }
            Ok(0)
        }
        fn simpler(&self, line: &str) -> Vec<String> {
            let value: u32 = line[1..].parse().unwrap();
            (value > 0).then(|| format!("{}{}", &line[..1], value - 1)).into_iter().collect()
        }
    }

    #[test]
    fn only_what_is_needed_is_left_and_that_is_simple() {
        let mut script = String::new();
        for number in 0..200 {
            script.push_str(&format!("{}{}\n", ["x", "a", "y", "b", "z", "c"][number % 6], number % 17));
        }
        let failure = Failure { reason: "it is 9".into(), script };
        assert_eq!(shrink(&Letters, &failure), Failure { reason: "it is 4".into(), script: "a4\nb4\nc4\n".into() });
    }

    #[test]
    fn a_failure_that_does_not_repeat_is_left_as_it_is() {
        let failure = Failure { reason: "it is 9".into(), script: "x1\n".into() };
        assert_eq!(shrink(&Letters, &failure), failure);
    }
}
