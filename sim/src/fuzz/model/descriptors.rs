//! Descriptors: open(2), dup(2), close(2), fcntl(2), getrlimit(2).
//!
//! A process has a table of descriptors, `fork` copies it, and a new one is always the lowest that is free. An entry stands for an
//! open file description, which others may share: its flags are seen by all of them. `FD_CLOEXEC` belongs to the entry alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::judge::{Disagreement, Model, expect, expect_answer};
use super::record::{Answer, Name, Outcome, Step};

/// `RLIMIT_NOFILE` of all processes of a script: descriptors are below this.
const LIMIT: i64 = 16;

#[derive(Clone, PartialEq)]
struct Description {
    mode: &'static str,
    nonblocking: bool,
    is_queue: bool,
    /// The close-on-exec flag that its first descriptor has.
    closes_on_exec: bool,
}

#[derive(Clone, Copy, PartialEq)]
struct Entry {
    description: usize,
    close_on_exec: bool,
}

/// The model.
#[derive(Default)]
pub struct Descriptors {
    tables: BTreeMap<Name, BTreeMap<i64, Entry>>,
    descriptions: Vec<Description>,
    /// Opens that wait for the other side of a FIFO: their number is taken already.
    reserved: BTreeMap<Name, (i64, Description)>,
}

/// What is known of an answer beforehand.
enum Expected {
    /// All of it.
    Exactly(Answer),
    /// It doesn't fail for want of a descriptor; what it gives is another model's business.
    Otherwise,
}

impl Descriptors {
    /// dup(2): "the lowest-numbered file descriptor that is unused".
    fn lowest(&self, who: Name, from: i64) -> Option<i64> {
        let table = self.tables.get(&who);
        let reserved = self.reserved.get(&who).map(|(fd, _)| *fd);
        (from..LIMIT).find(|fd| !table.is_some_and(|table| table.contains_key(fd)) && reserved != Some(*fd))
    }

    fn entry(&self, who: Name, fd: i64) -> Option<Entry> {
        self.tables.get(&who)?.get(&fd).copied()
    }

    fn description(&self, who: Name, fd: i64) -> Option<&Description> {
        self.descriptions.get(self.entry(who, fd)?.description)
    }

    fn put(&mut self, who: Name, fd: i64, entry: Entry) {
        self.tables.entry(who).or_default().insert(fd, entry);
    }

    /// Gives something new a descriptor.
    fn open(&mut self, who: Name, fd: i64, description: Description) {
        let close_on_exec = description.closes_on_exec;
        self.descriptions.push(description);
        self.put(who, fd, Entry { description: self.descriptions.len() - 1, close_on_exec });
    }

    /// Two descriptors for what one descriptor stands for: "They refer to the same open file description"; the new one isn't
    /// closed on exec unless that is asked for.
    fn duplicate(&mut self, who: Name, old: i64, new: i64, close_on_exec: bool) -> Answer {
        if let Some(Entry { description, .. }) = self.entry(who, old) {
            self.put(who, new, Entry { description, close_on_exec });
        }
        Answer::value(new)
    }

    /// dup2(2) and dup3(2).
    fn duplicate_onto(&mut self, step: &Step<'_>) -> Answer {
        let (who, old, new) = (step.caller, step.int(0), step.int(1));
        let flags = step.arguments.get(2).and_then(Value::as_array);
        let is_known = flags.is_none_or(|list| list.iter().all(|flag| flag == "CLOEXEC" || flag == "NONBLOCK"));
        if step.operation == "dup3" && (!is_known || step.has(2, "NONBLOCK") || old == new) {
            return Answer::error("EINVAL");
        }
        if !(0..LIMIT).contains(&new) || self.entry(who, old).is_none() {
            return Answer::error("EBADF");
        }
        // dup2(2): "If oldfd is a valid file descriptor, and newfd has the same value, dup2() does nothing".
        if old == new { Answer::value(new) } else { self.duplicate(who, old, new, step.has(2, "CLOEXEC")) }
    }

    /// fcntl(2).
    fn control(&mut self, step: &Step<'_>) -> Answer {
        let (who, fd, argument) = (step.caller, step.int(0), step.int(2));
        let Some(mut entry) = self.entry(who, fd) else { return Answer::error("EBADF") };
        let description = &mut self.descriptions[entry.description];
        match step.word(1) {
            // EINVAL: "arg is negative or is greater than the maximum allowable value"; EMFILE: all above are in use.
            "DUPFD" if !(0..LIMIT).contains(&argument) => Answer::error("EINVAL"),
            "DUPFD" => match self.lowest(who, argument) {
                Some(new) => self.duplicate(who, fd, new, false),
                None => Answer::error("EMFILE"),
            },
            "GETFD" => Answer::value(i32::from(entry.close_on_exec)),
            "SETFD" => {
                entry.close_on_exec = argument & 1 != 0;
                self.put(who, fd, entry);
                Answer::value(0)
            }
            "GETFL" => {
                let mut flags = vec![description.mode];
                flags.extend(description.nonblocking.then_some("NONBLOCK"));
                Answer::default().with("fl", json!(flags))
            }
            // "File access mode and file creation flags in arg are ignored."
            "SETFL" => {
                description.nonblocking = step.has(2, "NONBLOCK");
                Answer::value(0)
            }
            _ => Answer::error("EINVAL"),
        }
    }

    /// pipe(2): the read end first.
    fn pipe(&mut self, step: &Step<'_>) -> Answer {
        let flags = step.arguments.first().and_then(Value::as_array);
        if flags.into_iter().flatten().any(|flag| flag != "NONBLOCK") {
            return Answer::error("EINVAL");
        }
        let first = self.lowest(step.caller, 0);
        let second = first.and_then(|first| self.lowest(step.caller, first + 1));
        let (Some(first), Some(second)) = (first, second) else { return Answer::error("EMFILE") };
        for (fd, mode) in [(first, "RDONLY"), (second, "WRONLY")] {
            let nonblocking = step.has(0, "NONBLOCK");
            let description = Description { mode, nonblocking, is_queue: false, closes_on_exec: false };
            self.open(step.caller, fd, description);
        }
        Answer::value(0).with("fd", json!([first, second]))
    }

    /// open(2), mq_open(3) and shm_open(3): which descriptor it is to be, and that one is free.
    fn open_named(&mut self, step: &Step<'_>) -> Result<Expected, Disagreement> {
        let mode = ["WRONLY", "RDWR"].into_iter().find(|mode| step.has(1, mode)).unwrap_or("RDONLY");
        let is_queue = step.operation == "mq_open";
        // mq_overview(7): on Linux "the close-on-exec flag is set automatically" for queues; shm_open(3) sets it too.
        let closes_on_exec = step.operation != "open";
        let description = Description { mode, nonblocking: step.has(1, "NONBLOCK"), is_queue, closes_on_exec };
        let Some(fd) = self.lowest(step.caller, 0) else { return Ok(Expected::Exactly(Answer::error("EMFILE"))) };
        match &step.outcome {
            Outcome::Returned(answer) if answer.errno().is_none() => {
                self.open(step.caller, fd, description);
                return Ok(Expected::Exactly(Answer::value(fd)));
            }
            Outcome::Returned(answer) => expect(answer.errno() != Some("EMFILE"), "open(2)", || {
                format!("{fd} is free, and {} doesn't give EMFILE", step.operation)
            })?,
            _ => {
                self.reserved.insert(step.caller, (fd, description));
            }
        }
        Ok(Expected::Otherwise)
    }

    /// Calls that use a descriptor fail with EBADF exactly if it isn't open, or not for that.
    fn use_of(&self, step: &Step<'_>) -> Option<bool> {
        let opened = self.description(step.caller, step.int(0));
        let is_queue = opened.is_some_and(|description| description.is_queue);
        let reads = opened.is_some_and(|description| description.mode != "WRONLY");
        let writes = opened.is_some_and(|description| description.mode != "RDONLY");
        match step.operation {
            // A queue isn't made for these: mq_overview(7) says that Linux lets one read its state.
            "read" | "write" if is_queue => None,
            "read" => Some(reads),
            "write" => Some(writes),
            "mq_receive" => Some(is_queue && reads),
            // The priority is looked at first.
            "mq_send" if !(0..32_768).contains(&step.int(2)) => None,
            "mq_send" => Some(is_queue && writes),
            "mq_getattr" | "mq_setattr" => Some(is_queue),
            "fionread" => Some(opened.is_some()),
            _ => None,
        }
    }

    fn expected(&mut self, step: &Step<'_>) -> Result<Expected, Disagreement> {
        Ok(Expected::Exactly(match step.operation {
            "pipe" => self.pipe(step),
            "open" | "mq_open" | "shm_open" => return self.open_named(step),
            "dup" if self.entry(step.caller, step.int(0)).is_none() => Answer::error("EBADF"),
            "dup" => match self.lowest(step.caller, 0) {
                Some(new) => self.duplicate(step.caller, step.int(0), new, false),
                None => Answer::error("EMFILE"),
            },
            "dup2" | "dup3" => self.duplicate_onto(step),
            // The size of a pipe is another model's business.
            "fcntl" if ["SETPIPE_SZ", "GETPIPE_SZ"].contains(&step.word(1)) => return Ok(Expected::Otherwise),
            "fcntl" => self.control(step),
            "close" => match self.tables.get_mut(&step.caller).and_then(|table| table.remove(&step.int(0))) {
                Some(_) => Answer::value(0),
                None => Answer::error("EBADF"),
            },
            _ => {
                if let Some(usable) = self.use_of(step) {
                    let refused = step.answer().and_then(Answer::errno) == Some("EBADF");
                    expect(refused != usable, "open(2)", || {
                        let is = if usable { "is" } else { "isn't" };
                        format!("descriptor {} of {} {is} good for {}", step.int(0), step.caller, step.operation)
                    })?;
                }
                return Ok(Expected::Otherwise);
            }
        }))
    }

    /// Opens that waited get the number that was reserved for them, or give it back.
    fn end_waiting(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        for (who, answer) in &step.done {
            let Some((fd, description)) = self.reserved.remove(who) else { continue };
            if answer.errno().is_none() {
                expect(answer.number() == Some(fd), "open(2)", || {
                    format!("the open of {who} gives {fd}, not {answer}")
                })?;
                self.open(*who, fd, description);
            }
        }
        Ok(())
    }
}

impl Model for Descriptors {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        if let Expected::Exactly(expected) = self.expected(step)? {
            expect_answer(step, &expected, "dup(2)")?;
        }
        if step.operation == "mq_setattr"
            && step.succeeded()
            && let Some(entry) = self.entry(step.caller, step.int(0))
        {
            self.descriptions[entry.description].nonblocking = step.int(1) != 0;
        }
        if let Some(child) = step.child() {
            let own = self.tables.get(&step.caller).cloned().unwrap_or_default();
            self.tables.insert(child, own);
        }
        self.end_waiting(step)?;
        for who in step.died() {
            self.tables.remove(&who);
            self.reserved.remove(&who);
        }
        for (who, seen) in step.after.0.iter().filter(|(_, seen)| seen.lives()) {
            let open = self.tables.get(who).map_or(0, BTreeMap::len);
            expect(seen.open == open, "close(2)", || format!("{who} has {open} descriptors, not {}", seen.open))?;
        }
        Ok(())
    }
}
