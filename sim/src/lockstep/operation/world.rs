//! The machine of a script, and one operation after the other on it.

use std::collections::BTreeMap;

use abi::*;
use kernel::ProcessId;
use serde_json::{Map, Value, json};

use super::super::observe::set;
use super::super::signature::{Named, mistake, named};
use super::super::subject::{Trouble, process_name, process_number};
use super::objects::Objects;
use super::words::code_name;
use crate::chooser::Chooser;
use crate::scripted::{Answer, Request, Scripted, fork};

/// Processes have one letter each.
const PROCESSES: usize = 26;
/// Where in its memory a process keeps the data of its calls: results, then arguments, then bytes.
pub(super) const RESULTS: u64 = Scripted::SCRATCH;
pub(super) const ARGUMENTS: u64 = Scripted::SCRATCH + 0x1000;
pub(super) const BYTES: u64 = Scripted::SCRATCH + 0x2000;

#[derive(Clone)]
pub(in crate::lockstep) struct World {
    /// The machine.
    pub(in crate::lockstep) machine: Scripted,
    pub(super) names: BTreeMap<u32, String>,
    processes: BTreeMap<String, ProcessId>,
    pending: BTreeMap<String, Value>,
    pub(super) objects: Objects,
}

impl World {
    /// PID 1 is `R`, the recorder; its child `a` leads a session of its own, adopts orphans and has nothing open.
    pub(in crate::lockstep) fn new() -> World {
        let (machine, first) = Scripted::boot(false).expect("a machine boots");
        let mut world = World {
            machine,
            names: BTreeMap::from([(1, "R".to_owned())]),
            processes: BTreeMap::from([("R".to_owned(), first)]),
            pending: BTreeMap::new(),
            objects: Objects::default(),
        };
        let mut chooser = crate::chooser::Default;
        world.set_up("R", fork(), &mut chooser);
        world.note_new_process("a");
        world.set_up("a", Syscall::Setsid {}, &mut chooser);
        let option = PrctlOption::PR_SET_CHILD_SUBREAPER;
        let subreaper = Syscall::Prctl { option, argument: 1, argument3: 0, argument4: 0, argument5: 0 };
        world.set_up("a", subreaper, &mut chooser);
        world.set_up("a", Syscall::Umask { mask: 0 }, &mut chooser);
        let a = world.processes["a"];
        world.put(a, ARGUMENTS, &Rlimit { cur: 16, max: 16 });
        let limit = Syscall::Prlimit64 {
            pid: Pid(0),
            resource: Resource::RLIMIT_NOFILE,
            new: In::at(ARGUMENTS),
            old: Out::NULL,
        };
        world.set_up("a", limit, &mut chooser);
        world
    }

    fn set_up(&mut self, name: &str, call: Syscall, chooser: &mut impl Chooser) {
        self.machine.ask(self.processes[name], Request::Call(call));
        self.machine.settle(chooser);
        let answers = self.machine.take_answers();
        assert!(matches!(answers[..], [(_, Answer::Returned(Ok(_)))]), "{call:?} gave {answers:?}");
    }

    /// The processes of the script, without the recorder.
    pub(in crate::lockstep) fn names(&self) -> impl Iterator<Item = (ProcessId, &str)> {
        self.processes.iter().filter(|(name, _)| *name != "R").map(|(name, id)| (*id, name.as_str()))
    }

    /// How many System V objects of a kind have a name.
    pub(in crate::lockstep) fn objects(&self, kind: char) -> usize {
        self.objects.names.keys().filter(|(other, _)| *other == kind).count()
    }

    /// The name of the process that had this process id.
    pub(in crate::lockstep) fn name_of(&self, pid: u32) -> &str {
        self.names.get(&pid).map_or("?", String::as_str)
    }

    /// The operation that a process hasn't finished.
    pub(in crate::lockstep) fn busy_with(&self, process: ProcessId) -> Option<&str> {
        let name = self.processes.iter().find(|(_, id)| **id == process)?.0;
        self.pending.get(name)?["o"].as_str()
    }

    /// Why an operation can't be carried out, if it can't.
    pub(in crate::lockstep) fn refusal(&self, asked: &Value) -> Option<Trouble> {
        if let Some(why) = mistake(asked) {
            return Some(Trouble::Bad(format!("{}: {why}", shown_operation(asked))));
        }
        let absent = |why: &str| Some(Trouble::NotNow(format!("{}: {why}", shown_operation(asked))));
        let exists = |index: usize| self.processes.contains_key(&process_name(index));
        if !process_number(&asked["p"]).is_some_and(|index| self.is_idle(&process_name(index))) {
            return absent("nobody idle has that name");
        }
        // `R` is among the processes too.
        if asked["o"] == "fork" && self.processes.len() > PROCESSES {
            return absent("there are no names left");
        }
        named(asked).find_map(|name| match name {
            Named::Process(index) if !exists(index) => absent("a process in it hasn't been made"),
            Named::Object(kind, number) if number >= self.objects(kind) => absent("an object in it hasn't been made"),
            _ => None,
        })
    }

    /// Whether a process can be given an operation.
    fn is_idle(&self, name: &str) -> bool {
        let process = self.processes.get(name).and_then(|id| self.machine.kernel().process(*id));
        process.is_some_and(|process| !process.is_zombie() && !process.stopped) && !self.pending.contains_key(name)
    }

    /// Carries out one operation that isn't refused, lets all settle, and says what came of it, without the table of states.
    pub(in crate::lockstep) fn carry_out(
        &mut self,
        recorded: &Value,
        chooser: &mut impl Chooser,
    ) -> Map<String, Value> {
        let name = recorded["p"].as_str().expect("an operation has a process").to_owned();
        let process = self.processes[&name];
        let request = self.request(process, recorded);
        self.pending.insert(name.clone(), recorded.clone());
        self.machine.ask(process, request);
        self.machine.settle(chooser);
        if recorded["o"] == "fork" {
            let next = char::from(b'a' + u8::try_from(self.processes.len() - 1).expect("fewer than 26 processes"));
            self.note_new_process(&next.to_string());
        }

        let mut observed = Map::new();
        let mut done: Vec<(String, Value)> = Vec::new();
        for (id, answer) in self.machine.take_answers() {
            let who = self.processes.iter().find(|(_, other)| **other == id).expect("a known process").0.clone();
            let asked = self.pending.remove(&who).expect("an answer has a request");
            let mut result = self.result(id, &asked, answer);
            if who == name {
                observed.append(&mut result);
            } else {
                result.insert("p".into(), json!(who));
                result.insert("o".into(), asked["o"].clone());
                done.push((who, Value::Object(result)));
            }
        }
        let alive = |id: ProcessId| self.machine.kernel().process(id).is_some_and(|process| !process.is_zombie());
        let dead: Vec<String> =
            self.processes.iter().filter(|(_, id)| !alive(**id)).map(|(who, _)| who.clone()).collect();
        for who in dead {
            if self.pending.remove(&who).is_some() && who == name {
                observed.insert("out".into(), json!("died"));
            }
        }
        if self.pending.contains_key(&name) {
            let stopped = self.machine.kernel().process(process).is_some_and(|process| process.stopped);
            observed.insert("out".into(), json!(if stopped { "stop" } else { "blk" }));
        }
        done.sort_by(|a, b| a.0.cmp(&b.0));
        if !done.is_empty() {
            observed.insert("done".into(), json!(done.into_iter().map(|(_, result)| result).collect::<Vec<_>>()));
        }
        let runs = self.handler_runs();
        if !runs.is_empty() {
            observed.insert("h".into(), Value::Object(runs));
        }
        observed
    }

    fn note_new_process(&mut self, name: &str) {
        let known = |pid: u32| self.names.contains_key(&pid);
        let new = self.machine.kernel().processes().find(|(_, process)| !known(process.pid));
        if let Some((id, process)) = new {
            self.names.insert(process.pid, name.to_owned());
            self.processes.insert(name.to_owned(), id);
        }
    }

    fn handler_runs(&mut self) -> Map<String, Value> {
        let mut runs: Map<String, Value> = Map::new();
        for run in self.machine.take_runs() {
            let who = self.processes.iter().find(|(_, id)| **id == run.process).expect("a known process").0;
            let signal = run.info.signal;
            let value = match run.info.code {
                SI_QUEUE => json!(run.info.value as i32),
                code if signal == Signal::SIGCHLD && code > 0 && code < SI_KERNEL => json!(run.info.to_abi().status),
                _ => Value::Null,
            };
            let sender = self.sender(run.info.signal, run.info.code, run.info.pid);
            let row = json!([signal.number(), code_name(signal, run.info.code), sender, value, set(run.mask)]);
            match runs.entry(who.clone()).or_insert_with(|| json!([])) {
                Value::Array(rows) => rows.push(row),
                _ => unreachable!("only arrays are put in"),
            }
        }
        runs
    }

    pub(super) fn sender(&self, signal: Signal, code: i32, pid: u32) -> Value {
        let fault = SignalSet::SYNCHRONOUS.has(signal) && code > 0;
        if code == SI_KERNEL || fault { Value::Null } else { json!(self.name_of(pid)) }
    }

    pub(super) fn put<T: Layout>(&mut self, process: ProcessId, address: u64, value: &T) {
        let mut bytes = vec![0; T::SIZE];
        value.store(&mut bytes);
        self.machine.put(process, address, &bytes).expect("the scratch area can be written");
    }
}

/// An operation without what came of it.
fn shown_operation(asked: &Value) -> Value {
    json!({"p": asked["p"], "o": asked["o"], "a": asked["a"]})
}
