//! What can be seen of all processes at rest, in the words of the records.

use std::collections::BTreeMap;

use abi::SignalSet;
use kernel::ProcessId;
use kernel::process::{Life, Process};
use serde_json::{Map, Value, json};

use super::operation::World;

/// The visible fields of every process by name; those that are gone have only their state.
#[derive(Clone, PartialEq)]
pub(super) struct Table(BTreeMap<String, Map<String, Value>>);

impl Table {
    /// What can be seen now.
    pub(super) fn of(world: &World) -> Table {
        let seen = world.names().map(|(id, name)| {
            let fields = match world.machine.kernel().process(id) {
                Some(process) => fields(world, id, process),
                None => Map::from_iter([("s".to_owned(), json!("gone"))]),
            };
            (name.to_owned(), fields)
        });
        Table(seen.collect())
    }

    /// The fields of one process.
    pub(super) fn fields(&self, name: &str) -> Option<&Map<String, Value>> {
        self.0.get(name)
    }

    /// The fields that weren't so before.
    pub(super) fn changes_since(&self, before: &Table) -> Map<String, Value> {
        let nothing = Map::new();
        let changed = self.0.iter().filter_map(|(name, fields)| {
            let old = before.0.get(name).unwrap_or(&nothing);
            let new: Map<String, Value> = fields
                .iter()
                .filter(|(key, value)| old.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            (!new.is_empty()).then(|| (name.clone(), Value::Object(new)))
        });
        changed.collect()
    }
}

fn fields(world: &World, id: ProcessId, process: &Process) -> Map<String, Value> {
    let kernel = world.machine.kernel();
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    let parent = process.parent.and_then(|parent| kernel.processes().find(|(id, _)| id.slot == parent));
    put("pp", json!(parent.map_or("?", |(_, parent)| world.name_of(parent.pid))));
    put("pg", json!(world.name_of(kernel.group_of(process))));
    put("sid", json!(world.name_of(kernel.session_of(process))));
    if let Life::Zombie(_) = process.life {
        put("s", json!("zomb"));
        return fields;
    }
    put(
        "s",
        json!(match (process.stopped, world.busy_with(id)) {
            (true, _) => "stop".to_owned(),
            (false, Some(operation)) => format!("blk:{operation}"),
            (false, None) => "idle".to_owned(),
        }),
    );
    let (ignored, caught) = kernel.ignored_and_caught_by(id);
    put("ign", set(ignored));
    put("cgt", set(caught));
    put("shd", set(process.pending.set()));
    if let Some((_, thread)) = kernel.threads().find(|(thread, _)| kernel.process_of(*thread) == Some(id)) {
        put("pnd", set(thread.pending.set()));
        put("blk", set(thread.blocked));
    }
    put("nfd", json!(process.descriptors.len()));
    fields
}

/// A set of signals as a list of numbers.
pub(super) fn set(signals: SignalSet) -> Value {
    json!(signals.signals().map(|signal| signal.number()).collect::<Vec<_>>())
}
