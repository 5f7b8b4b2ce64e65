//! Names of processes and System V objects.

use std::collections::BTreeMap;

use serde_json::Value;

/// No process has this id, and none ever will: it is beyond the highest that the kernel gives.
const NOBODY: i32 = 4_194_303;

/// The names of processes and System V objects, and what they stand for.
#[derive(Clone, Default, Debug)]
pub(crate) struct Names {
    /// Process ids by name.
    pub(crate) processes: BTreeMap<String, i32>,
    /// Object ids by name.
    pub(crate) objects: BTreeMap<String, i32>,
}

impl Names {
    /// The name of a process id; `?` if it has none.
    pub(crate) fn process(&self, pid: i32) -> String {
        let known = self.processes.iter().find(|(_, other)| **other == pid);
        known.map_or_else(|| if pid == 0 { "0".into() } else { "?".into() }, |(name, _)| name.clone())
    }

    /// The process id that an argument means: a name, a name with a minus for its group, or a number as it is.
    ///
    /// # Errors
    /// Nothing has that name.
    pub(crate) fn pid(&self, argument: &Value) -> Result<i32, String> {
        match argument {
            Value::Number(number) => Ok(number.as_i64().unwrap_or(0) as i32),
            Value::String(text) => {
                let (sign, name) = text.strip_prefix('-').map_or((1, text.as_str()), |name| (-1, name));
                match name {
                    "none" => Ok(sign * NOBODY),
                    _ => self.processes.get(name).map(|pid| sign * pid).ok_or_else(|| format!("no process {name}")),
                }
            }
            _ => Err(format!("{argument} isn't a process")),
        }
    }

    /// The identifier that an argument means: a name, or a number as it is.
    ///
    /// # Errors
    /// Nothing has that name.
    pub(crate) fn object(&self, argument: &Value) -> Result<i64, String> {
        match argument {
            Value::Number(number) => Ok(number.as_i64().unwrap_or(0)),
            Value::String(name) => {
                self.objects.get(name).map(|id| i64::from(*id)).ok_or_else(|| format!("no object {name}"))
            }
            _ => Err(format!("{argument} isn't an object")),
        }
    }

    /// The name of a System V object, a new one if it has none.
    pub(crate) fn name_object(&mut self, kind: char, id: i32) -> String {
        if let Some((name, _)) = self.objects.iter().find(|(name, other)| **other == id && name.starts_with(kind)) {
            return name.clone();
        }
        let count = self.objects.keys().filter(|name| name.starts_with(kind)).count();
        let name = format!("{kind}{count}");
        self.objects.insert(name.clone(), id);
        name
    }
}
