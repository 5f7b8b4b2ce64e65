//! Directed manners: a few moves that belong together and lead to what hardly ever happens by chance: full tables, lowered
//! limits, a wait that a signal or a removal ends.

use crate::fuzz::raw::generate::Generator;
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::stage::Stage;

/// Plans something for a process.
pub(super) fn begin(generator: &mut Generator, stage: &Stage, who: Name) {
    let _ = (generator, stage, who);
}
