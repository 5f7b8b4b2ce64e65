//! The names of System V objects.

use std::collections::BTreeMap;

use serde_json::Value;

/// The names of System V objects by their identifiers: `m0 m1 ...`, and likewise `q` and `s`, in the order of their making.
#[derive(Clone, Default)]
pub(super) struct Objects {
    pub(super) names: BTreeMap<(char, i32), String>,
}

impl Objects {
    /// The name of an object of a kind, which is new if its identifier hasn't been seen.
    pub(super) fn name(&mut self, kind: char, id: i32) -> &str {
        let next = self.names.keys().filter(|(other, _)| *other == kind).count();
        self.names.entry((kind, id)).or_insert_with(|| format!("{kind}{next}"))
    }

    /// The identifier that an argument stands for: a name, or a number as it is.
    pub(super) fn id(&self, argument: &Value) -> i32 {
        match argument.as_i64() {
            Some(id) => id as i32,
            None => {
                self.names.iter().find(|(_, name)| argument == *name).expect("an object is made before it is used").0.1
            }
        }
    }
}
