//! One script: gives operations to real processes one at a time, waits until all is quiet, and writes down what changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use sim::lockstep::subject::{Subject, Trouble, process_name, process_number};

use crate::isolation::empty_directory;
use crate::observe::{Seen, State, Watch};
use crate::operation::{Asked, Names, command, handler_details, observation, signal_list};
use crate::puppet;
use crate::stage::{Command, Kind, PUPPETS, Stage};

/// How long processes may take to become quiet.
const PATIENCE: Duration = Duration::from_secs(20);

/// One process of a script.
struct Puppet {
    pid: i32,
    watch: Watch,
    /// The operation that it hasn't finished, and the call which that is.
    pending: Option<(Value, i64)>,
    /// What was last seen of it, as the records have it.
    fields: Map<String, Value>,
    gone: bool,
}

impl Puppet {
    fn new(pid: i32) -> Puppet {
        Puppet { pid, watch: Watch::new(pid), pending: None, fields: Map::new(), gone: false }
    }

    fn look(&self) -> Seen {
        if self.gone { Seen::GONE } else { self.watch.look() }
    }
}

/// A script that is being carried out.
pub(crate) struct Recorder<'a> {
    stage: &'a Stage,
    directory: PathBuf,
    names: Names,
    puppets: Vec<Puppet>,
}

impl<'a> Recorder<'a> {
    /// A new world with one process, `a`, in a System V and message queue name space of its own. Its files are `within` a
    /// directory.
    ///
    /// # Errors
    /// What the host refused.
    pub(crate) fn new(stage: &'a Stage, within: &Path) -> Result<Recorder<'a>, String> {
        let refused = |what: &str| format!("{what}: {}", std::io::Error::last_os_error());
        // SAFETY: this changes which objects have names, and touches no memory.
        if unsafe { libc::unshare(libc::CLONE_NEWIPC) } != 0 {
            return Err(refused("a name space for System V objects"));
        }
        let (directory, path) = empty_directory(within)?;
        for puppet in 0..PUPPETS {
            stage.reset(puppet);
        }
        let pid = puppet::start(stage, &path).map_err(|error| format!("fork: {error}"))?;
        let mut names = Names::default();
        names.processes.insert("R".into(), std::process::id() as i32);
        names.processes.insert("a".into(), pid);
        let mut recorder = Recorder { stage, directory, names, puppets: vec![Puppet::new(pid)] };
        let seen = recorder.settle()?;
        recorder.changes(&seen);
        Ok(recorder)
    }

    fn record(&mut self, caller: usize, asked: &Value, before: &[Value], seen: Vec<Seen>) -> Result<Value, Trouble> {
        let mut record = asked.as_object().cloned().unwrap_or_default();
        let mut done = Vec::new();
        let mut returned = false;
        for index in 0..self.puppets.len() {
            let Some((operation, _)) = self.puppets[index].pending.clone() else { continue };
            let Some(mut result) = self.finished(index, &operation) else { continue };
            self.puppets[index].pending = None;
            if operation["o"] == "fork" {
                let name = result.get("r").and_then(Value::as_str).map(str::to_owned);
                if let Some(pid) = name.and_then(|name| self.names.processes.get(&name).copied()) {
                    self.puppets.push(Puppet::new(pid));
                }
            }
            if index == caller {
                record.append(&mut result);
                returned = true;
            } else {
                let mut entry = Map::new();
                entry.insert("p".into(), json!(process_name(index)));
                entry.insert("o".into(), operation["o"].clone());
                entry.append(&mut result);
                done.push(Value::Object(entry));
            }
        }
        // A new child is to be quiet as well.
        let seen = if self.puppets.len() == seen.len() { seen } else { self.settle().map_err(Trouble::Bad)? };
        let runs = self.handler_runs();
        let changes = self.changes(&seen);
        if self.puppets[0].gone || self.puppets[0].fields.get("s").is_some_and(|state| state == "zomb") {
            return Err(Trouble::RootDied);
        }
        let out = match self.state(caller).as_str() {
            "stop" => "stop",
            "zomb" | "gone" => "died",
            _ => "blk",
        };
        if !returned {
            record.insert("out".into(), json!(out));
        }
        // Where more than one process did something, who went first may be the scheduler's choice.
        let mut active: BTreeSet<String> = runs.keys().cloned().collect();
        active.insert(process_name(caller));
        active.extend(done.iter().filter_map(|entry| entry["p"].as_str().map(str::to_owned)));
        for (index, puppet) in self.puppets.iter_mut().enumerate() {
            let state = puppet.fields.get("s").cloned().unwrap_or_default();
            if matches!(state.as_str(), Some("zomb" | "gone")) {
                puppet.pending = None;
            }
            let old = before.get(index).cloned().unwrap_or_default();
            let lives = |state: &Value| match state.as_str() {
                Some("stop") => 1,
                Some("zomb" | "gone") => 2,
                _ => 0,
            };
            if lives(&old) != lives(&state) {
                active.insert(process_name(index));
            }
        }
        let takes_care = active.len() > 1;
        if !done.is_empty() {
            record.insert("done".into(), Value::Array(done));
        }
        if !runs.is_empty() {
            record.insert("h".into(), Value::Object(runs));
        }
        if !changes.is_empty() {
            record.insert("st".into(), Value::Object(changes));
        }
        if takes_care {
            record.insert("care".into(), json!(1));
        }
        Ok(Value::Object(record))
    }

    /// Gives an operation to its process, and waits until all is quiet.
    fn ask(&mut self, caller: usize, asked: &Value, blocked: u64) -> Result<Vec<Seen>, Trouble> {
        let pid = self.puppets[caller].pid;
        let (stage, names) = (self.stage, &self.names);
        let command = command(&Asked { stage, names, puppet: caller, own_pid: pid, blocked, record: asked })
            .map_err(|what| Trouble::Bad(format!("{asked}: {what}")))?;
        self.puppets[caller].pending = Some((asked.clone(), command.number));
        self.stage.ask(caller, command);
        self.settle().map_err(Trouble::Bad)
    }

    /// What an operation gave that is over; `None` if it isn't.
    fn finished(&mut self, index: usize, operation: &Value) -> Option<Map<String, Value>> {
        if !self.stage.is_idle(index) {
            return None;
        }
        let result = self.stage.result(index);
        let seen = observation(self.stage, &mut self.names, index, operation, result);
        // The capacity of a new pipe is set by a call of its own, which isn't written down.
        if let ("pipe", Some(capacity @ 1..), Some(fd)) =
            (operation["o"].as_str()?, operation["a"][1].as_i64(), seen.get("fd").and_then(|fd| fd[0].as_i64()))
        {
            let arguments = [fd, libc::F_SETPIPE_SZ.into(), capacity, 0, 0, 0];
            self.puppets[index].pending = Some((operation.clone(), libc::SYS_fcntl));
            self.stage.ask(index, Command { kind: Kind::Call, number: libc::SYS_fcntl, arguments });
            let _ = self.settle();
        }
        Some(seen)
    }

    /// Waits until every process is quiet, and stays so: nobody has been switched out between two looks. What is seen then.
    fn settle(&mut self) -> Result<Vec<Seen>, String> {
        let begin = Instant::now();
        let mut last: Option<Vec<Seen>> = None;
        loop {
            let mut seen = Vec::with_capacity(self.puppets.len());
            for (index, puppet) in self.puppets.iter().enumerate() {
                let mut one = puppet.look();
                while !self.is_quiet(index, &one.state) {
                    if begin.elapsed() > PATIENCE {
                        return Err(format!("process {} doesn't become quiet: {one:?}", process_name(index)));
                    }
                    last = None;
                    std::thread::yield_now();
                    one = puppet.look();
                }
                seen.push(one);
            }
            if last.as_ref() == Some(&seen) {
                return Ok(seen);
            }
            last = Some(seen);
        }
    }

    fn is_quiet(&self, index: usize, state: &State) -> bool {
        let is_idle = self.stage.is_idle(index);
        match (state, &self.puppets[index].pending) {
            (State::Stopped | State::Zombie | State::Gone, _) => true,
            (State::Running, _) => false,
            (State::Waiting { call, first }, pending) => {
                let word = self.stage.part(index) as u64;
                let waits_for_command = *call == libc::SYS_futex && *first == word;
                match pending {
                    Some((_, number)) if !is_idle => call == number,
                    _ => is_idle && waits_for_command,
                }
            }
        }
    }

    fn state(&self, index: usize) -> String {
        self.puppets[index].fields.get("s").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn handler_runs(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for index in 0..self.puppets.len() {
            let runs = self.stage.take_runs(index);
            if runs.is_empty() {
                continue;
            }
            let rows = runs.iter().map(|run| {
                let details = handler_details(&self.names, run.signal, run.code, run.sender, run.value);
                json!([run.signal, details[0], details[1], details[2], signal_list(run.mask)])
            });
            all.insert(process_name(index), Value::Array(rows.collect()));
        }
        all
    }

    /// The fields that have changed since the last call.
    fn changes(&mut self, seen: &[Seen]) -> Map<String, Value> {
        let mut all = Map::new();
        for (index, seen) in seen.iter().enumerate() {
            if self.puppets[index].gone {
                continue;
            }
            let fields = self.fields_now(index, seen);
            let puppet = &mut self.puppets[index];
            let state_alone = fields.len() == 1;
            let changed: Map<String, Value> = fields
                .iter()
                .filter(|(key, value)| puppet.fields.get(*key) != Some(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            puppet.gone = state_alone;
            puppet.fields = fields;
            if !changed.is_empty() {
                all.insert(process_name(index), Value::Object(changed));
            }
        }
        all
    }

    fn fields_now(&self, index: usize, seen: &Seen) -> Map<String, Value> {
        let puppet = &self.puppets[index];
        let mut fields = Map::new();
        if seen.state == State::Gone {
            fields.insert("s".into(), json!("gone"));
            return fields;
        }
        fields.insert("pp".into(), json!(self.names.process(seen.parent)));
        fields.insert("pg".into(), json!(self.names.process(seen.group)));
        fields.insert("sid".into(), json!(self.names.process(seen.session)));
        if seen.state == State::Zombie {
            fields.insert("s".into(), json!("zomb"));
            return fields;
        }
        let pending = puppet.pending.as_ref().filter(|_| !self.stage.is_idle(index));
        let operation = pending.and_then(|(operation, _)| operation["o"].as_str());
        let state = match (&seen.state, operation) {
            (State::Stopped, _) => "stop".to_owned(),
            (_, Some(operation)) => format!("blk:{operation}"),
            (_, None) => "idle".to_owned(),
        };
        fields.insert("s".into(), json!(state));
        let [own, shared, blocked, ignored, caught] = seen.signals;
        fields.insert("pnd".into(), signal_list(own));
        fields.insert("shd".into(), signal_list(shared));
        // Linux unblocks for the time what `sigtimedwait` waits for. Who is stopped waits no longer.
        let waits = state == "blk:sigtimedwait";
        let blocked = puppet.fields.get("blk").filter(|_| waits).cloned().unwrap_or_else(|| signal_list(blocked));
        fields.insert("blk".into(), blocked);
        fields.insert("ign".into(), signal_list(ignored));
        fields.insert("cgt".into(), signal_list(caught));
        fields.insert("nfd".into(), json!(puppet.watch.descriptors()));
        fields
    }
}

impl Subject for Recorder<'_> {
    fn idle(&self) -> Vec<usize> {
        let idle = |puppet: &Puppet| !puppet.gone && puppet.fields.get("s").is_some_and(|state| state == "idle");
        (0..self.puppets.len()).filter(|&index| idle(&self.puppets[index])).collect()
    }

    fn count(&self) -> usize {
        self.puppets.len()
    }

    fn fields(&self, puppet: usize) -> &Map<String, Value> {
        &self.puppets[puppet].fields
    }

    fn objects(&self, kind: char) -> usize {
        self.names.objects.keys().filter(|name| name.starts_with(kind)).count()
    }

    fn carry_out(&mut self, asked: &Value) -> Result<Value, Trouble> {
        let not_now = |what: &str| Trouble::NotNow(format!("{asked}: {what}"));
        let caller = process_number(&asked["p"]).filter(|&index| index < self.puppets.len());
        let caller =
            caller.filter(|index| self.idle().contains(index)).ok_or_else(|| not_now("nobody idle has that name"))?;
        if asked["o"] == "fork" && self.puppets.len() == PUPPETS {
            return Err(not_now("there are no names left"));
        }
        let before: Vec<Value> = self.puppets.iter().map(|puppet| puppet.fields.get("s").cloned().into()).collect();
        let blocked = self.puppets[caller].fields.get("blk").map_or(0, set_of);
        if asked["o"] == "msgctl" && asked["a"][1] == "SET" {
            // It isn't written down that this comes first.
            let stat = json!({"p": asked["p"], "o": "msgctl", "a": [asked["a"][0], "STAT"]});
            self.ask(caller, &stat, blocked)?;
        }
        let seen = self.ask(caller, asked, blocked)?;
        self.record(caller, asked, &before, seen)
    }
}

impl Drop for Recorder<'_> {
    fn drop(&mut self) {
        for puppet in &self.puppets {
            if !puppet.gone {
                // SAFETY: only processes that this recorder made, and that nobody has reaped.
                unsafe { libc::kill(puppet.pid, libc::SIGKILL) };
            }
        }
        // SAFETY: a null status is allowed. Orphans come to the recorder, which adopts them.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } > 0 {}
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn set_of(list: &Value) -> u64 {
    let numbers = list.as_array().into_iter().flatten().filter_map(Value::as_i64);
    numbers.fold(0, |set, number| set | 1 << (number - 1))
}
