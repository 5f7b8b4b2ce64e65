//! Which instants of a run are kept: many near where one stands, few far away, and the beginning always. So their number is
//! bounded, and the way from one of them to any instant is short in proportion to how far one goes.

/// A snapshot is taken when so many steps have been made since a multiple of it. A step costs some hundred nanoseconds and
/// a snapshot some microseconds, so this costs a run little.
pub(super) const EVERY: u64 = 128;

/// How many are kept.
const LIMIT: usize = 160;

/// Snapshots in order of their steps; there always is one of the first instant.
#[derive(Debug)]
pub(super) struct Snapshots<T> {
    kept: Vec<(u64, T)>,
}

impl<T> Snapshots<T> {
    /// Only the first one.
    pub(super) fn new(step: u64, first: T) -> Snapshots<T> {
        Snapshots { kept: vec![(step, first)] }
    }

    /// Whether one of this step is to be taken.
    pub(super) fn wants(&self, step: u64) -> bool {
        step.is_multiple_of(EVERY) && self.kept.binary_search_by_key(&step, |kept| kept.0).is_err()
    }

    /// Keeps one of the step at which one stands, and lets go of another one if there are too many.
    pub(super) fn keep(&mut self, step: u64, snapshot: T) {
        let place = self.kept.partition_point(|kept| kept.0 < step);
        self.kept.insert(place, (step, snapshot));
        if self.kept.len() > LIMIT
            && let Some(spare) = self.least_missed(step)
        {
            self.kept.remove(spare);
        }
    }

    /// The last one that isn't behind `step`.
    pub(super) fn before(&self, step: u64) -> (u64, &T) {
        let place = self.kept.partition_point(|kept| kept.0 <= step);
        let (step, snapshot) = &self.kept[place.saturating_sub(1)];
        (*step, snapshot)
    }

    /// Lets go of all that are behind `step`: the run goes another way from there.
    pub(super) fn forget_behind(&mut self, step: u64) {
        let place = self.kept.partition_point(|kept| kept.0 <= step);
        self.kept.truncate(place.max(1));
    }

    /// The one without which the gap would be smallest, for how far away it is from `now`.
    fn least_missed(&self, now: u64) -> Option<usize> {
        let step = |index: usize| self.kept[index].0;
        let gap = |index: usize| {
            let behind = if index + 1 < self.kept.len() { step(index + 1) } else { step(index) + EVERY };
            behind - step(index - 1)
        };
        // Where one stands nothing is too near. All else is a fraction, in whole numbers.
        let others = (1..self.kept.len()).filter(|&index| step(index) != now);
        others.min_by_key(|&index| (u128::from(gap(index)) << 32) / u128::from(step(index).abs_diff(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(snapshots: &Snapshots<u64>) -> Vec<u64> {
        assert!(snapshots.kept.iter().all(|(step, snapshot)| step == snapshot));
        snapshots.kept.iter().map(|kept| kept.0).collect()
    }

    fn walked(steps: u64) -> Snapshots<u64> {
        let mut snapshots = Snapshots::new(0, 0);
        for step in 0..steps {
            if snapshots.wants(step) {
                snapshots.keep(step, step);
            }
        }
        snapshots
    }

    #[test]
    fn a_long_run_keeps_few_and_the_gaps_grow_with_the_distance() {
        for length in [100, 1000, 100_000, 3_000_000] {
            let snapshots = walked(length);
            assert!(snapshots.kept.len() <= LIMIT);
            assert_eq!(snapshots.before(0).0, 0);
            for back in [1, 10, 1000, 50_000, 1_000_000] {
                let Some(target) = length.checked_sub(back) else { continue };
                let way = target - snapshots.before(target).0;
                assert!(way <= EVERY + back / 4, "{length}: {way} steps to go {back} back");
            }
        }
    }

    #[test]
    fn whoever_goes_back_finds_more_of_them_there_the_next_time() {
        let mut snapshots = walked(1_000_000);
        let target = 500_017;
        for step in snapshots.before(target).0..target {
            if snapshots.wants(step) {
                snapshots.keep(step, step);
            }
        }
        assert!(target - snapshots.before(target).0 <= EVERY);
        assert!(snapshots.kept.len() <= LIMIT && steps(&snapshots).is_sorted());
    }

    #[test]
    fn another_future_forgets_this_one_but_not_the_first_instant() {
        let mut snapshots = walked(10 * EVERY);
        snapshots.forget_behind(5 * EVERY);
        assert_eq!(snapshots.before(u64::MAX).0, 5 * EVERY);
        snapshots.forget_behind(0);
        assert_eq!(steps(&snapshots), [0]);
    }
}
