//! Scripts as a strategy of `proptest`, for tests of one's own.

use proptest::prelude::*;
use serde_json::Value;

use crate::lockstep::generate::{Theme, script};
use crate::lockstep::simulated::Simulated;

/// Records of scripts about a theme that Vitrine carried out, of at most so many operations. They aren't shrunk: what is left of a
/// record without those before it isn't what would have happened. `vitrine fuzz` makes failing scripts short by carrying them out
/// again.
///
/// ```
/// use proptest::prelude::*;
/// use sim::fuzz::model::catalogue::by_name;
/// use sim::fuzz::model::{judge, strategy::scripts};
/// use sim::lockstep::generate::Theme;
///
/// let model = by_name("semaphores").unwrap();
/// proptest!(ProptestConfig::with_cases(4), |(records in scripts(Theme::Sysv, 40))| {
///     prop_assert!(judge((model.make)(), &records).is_ok());
/// });
/// ```
pub fn scripts(theme: Theme, length: usize) -> impl Strategy<Value = Vec<Value>> {
    any::<u64>().no_shrink().prop_map(move |seed| {
        let mut records = Vec::new();
        // Where a script has to end early, what there is of it is a script.
        let _ = script(&mut Simulated::new(), theme, seed, length, &mut |record| records.push(record));
        records
    })
}
