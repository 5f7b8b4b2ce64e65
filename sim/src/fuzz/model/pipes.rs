//! Pipes and FIFOs: pipe(7), fifo(7), pipe(2), read(2), write(2), open(2).
//!
//! A pipe is a queue of bytes with room for so many pages. As on Linux, a write fills up the last page only if what doesn't fill a
//! page of its own fits there; the rest goes to new pages. Up to `PIPE_BUF` bytes go in together, or not at all.

use std::collections::{BTreeMap, VecDeque};

use super::exchange::Begun;
use super::judge::{Disagreement, Model, expect, expect_answer};
use super::opened::{Description, Opened};
use super::record::{Answer, Name, Outcome, Step, pattern, shown};
use super::waiting::{Domain, Stage, Tried, Waiters};

const PAGE_BYTES: usize = 4096;
/// pipe(7), "Pipe capacity": "16 pages".
const CAPACITY_PAGES: usize = 16;
const SIGPIPE: u32 = 13;
/// getrlimit(2), `RLIMIT_NOFILE` of all processes of a script.
const DESCRIPTORS: i64 = 16;

/// One page of a pipe: how many bytes were taken from its beginning, and what is left.
#[derive(Clone)]
struct Page {
    taken: usize,
    bytes: VecDeque<u8>,
}

#[derive(Clone)]
struct Pipe {
    pages: VecDeque<Page>,
    capacity_pages: usize,
    /// Calls of `open` that wait for the other side: they count as open already.
    opening: Vec<(Name, bool)>,
    /// How often it was ever opened for reading and for writing.
    times_opened: [u64; 2],
}

/// What a descriptor stands for: a pipe by its number, or something that isn't of this model.
#[derive(Clone, PartialEq)]
enum Object {
    Pipe(usize),
    Other,
}

#[derive(Clone)]
enum Call {
    Read {
        description: usize,
        pipe: usize,
        count: usize,
    },
    Write {
        description: usize,
        pipe: usize,
        bytes: Vec<u8>,
        written: usize,
    },
    /// `seen`: how often the other side had been opened when this began.
    Open {
        name: i64,
        pipe: usize,
        reads: bool,
        writes: bool,
        nonblocking: bool,
        fd: i64,
        seen: u64,
    },
}

#[derive(Clone, Default)]
struct Pipes {
    pipes: Vec<Pipe>,
    /// FIFOs by the number in their name.
    names: BTreeMap<i64, usize>,
    opened: Opened<Object>,
}

impl Pipes {
    fn new_pipe(&mut self, capacity_bytes: i64) -> usize {
        let pages = usize::try_from(capacity_bytes).unwrap_or(0).div_ceil(PAGE_BYTES);
        let capacity_pages = if pages == 0 { CAPACITY_PAGES } else { pages };
        self.pipes.push(Pipe { pages: VecDeque::new(), capacity_pages, opening: Vec::new(), times_opened: [0, 0] });
        self.pipes.len() - 1
    }

    /// How many have it open for reading, or for writing.
    fn users(&self, pipe: usize, reading: bool) -> usize {
        let uses =
            |it: &&Description<Object>| it.object == Object::Pipe(pipe) && if reading { it.reads } else { it.writes };
        let opening = self.pipes[pipe].opening.iter().filter(|(_, reads)| *reads == reading).count();
        self.opened.descriptions().filter(uses).count() + opening
    }

    /// FIONREAD: pipe(7) has it as "the number of unread bytes".
    fn unread_bytes(&self, pipe: usize) -> usize {
        self.pipes[pipe].pages.iter().map(|page| page.bytes.len()).sum()
    }

    /// fcntl(2), `F_SETPIPE_SZ`: at least that, in whole pages, on Linux a power of two of them. EBUSY: "set below the amount of buffer
    /// space currently used to store data".
    fn set_capacity(&mut self, pipe: usize, bytes: i64) -> Answer {
        let state = &mut self.pipes[pipe];
        let pages = usize::try_from(bytes).unwrap_or(0).div_ceil(PAGE_BYTES).next_power_of_two();
        if state.pages.len() > pages {
            return Answer::error("EBUSY");
        }
        state.capacity_pages = pages;
        Answer::value(pages * PAGE_BYTES)
    }

    fn is_nonblocking(&self, description: usize) -> bool {
        self.opened.described(description).is_some_and(|description| description.nonblocking)
    }

    /// read(2) of a pipe.
    fn read(&mut self, description: usize, pipe: usize, count: usize, stage: Stage) -> Tried {
        let writers = self.users(pipe, false);
        let nonblocking = self.is_nonblocking(description) && stage != Stage::Asleep;
        let state = &mut self.pipes[pipe];
        if count > 0 && state.pages.is_empty() && writers > 0 {
            return if nonblocking { Tried::Done(Answer::error("EAGAIN")) } else { Tried::Waits };
        }
        // What is there, up to what was asked for; nothing if there are no writers either: the end of the file.
        let mut bytes = Vec::new();
        while let Some(page) = state.pages.front_mut().filter(|_| bytes.len() < count) {
            let part = page.bytes.len().min(count - bytes.len());
            bytes.extend(page.bytes.drain(..part));
            page.taken += part;
            if page.bytes.is_empty() {
                state.pages.pop_front();
            }
        }
        Tried::Done(Answer::value(bytes.len()).with("d", shown(&bytes)))
    }

    /// write(2) to a pipe: as much as there is room for.
    fn write(&mut self, description: usize, pipe: usize, bytes: &[u8], written: &mut usize, stage: Stage) -> Tried {
        if bytes.is_empty() {
            return Tried::Done(Answer::value(0));
        }
        if self.users(pipe, true) == 0 {
            // EPIPE: "fd is connected to a pipe whose reading end is closed"; of what was written before, the count.
            return Tried::Done(if *written == 0 { Answer::error("EPIPE") } else { Answer::value(*written) });
        }
        let (state, before) = (&mut self.pipes[pipe], *written);
        let part = bytes.len() % PAGE_BYTES;
        if stage == Stage::New || stage == Stage::Again && before == 0 {
            let last = state.pages.back_mut().filter(|page| page.taken + page.bytes.len() + part <= PAGE_BYTES);
            if let Some(page) = last {
                page.bytes.extend(&bytes[..part]);
                *written = part;
            }
        }
        while *written < bytes.len() && state.pages.len() < state.capacity_pages {
            let end = bytes.len().min(*written + PAGE_BYTES);
            state.pages.push_back(Page { taken: 0, bytes: bytes[*written..end].iter().copied().collect() });
            *written = end;
        }
        let advanced = *written > before;
        if *written == bytes.len() {
            Tried::Done(Answer::value(*written))
        } else if self.is_nonblocking(description) && (stage != Stage::Asleep || advanced) {
            Tried::Done(if *written == 0 { Answer::error("EAGAIN") } else { Answer::value(*written) })
        } else if advanced {
            Tried::Advanced
        } else {
            Tried::Waits
        }
    }

    /// open(2) of a FIFO: it waits until the other side is opened too, unless it is for both, or nonblocking.
    fn open(&mut self, who: Name, call: &mut Call, stage: Stage) -> Tried {
        let Call::Open { name, pipe, reads, writes, nonblocking, fd, seen } = call else { return Tried::Waits };
        if stage == Stage::Again {
            // The name is looked up again too.
            match self.names.get(name) {
                Some(found) => *pipe = *found,
                None => return Tried::Done(Answer::error("ENOENT")),
            }
        }
        let other_side = usize::from(*reads);
        let done = if stage == Stage::Asleep {
            self.pipes[*pipe].times_opened[other_side] != *seen
        } else {
            let alone = self.users(*pipe, !*reads) == 0;
            if *writes && !*reads && *nonblocking && alone {
                return Tried::Done(Answer::error("ENXIO"));
            }
            let state = &mut self.pipes[*pipe];
            state.times_opened[0] += u64::from(*reads);
            state.times_opened[1] += u64::from(*writes);
            *seen = state.times_opened[other_side];
            state.opening.push((who, *reads));
            !alone || *nonblocking || *reads && *writes
        };
        if !done {
            return Tried::Waits;
        }
        self.pipes[*pipe].opening.retain(|(opener, _)| *opener != who);
        let object = Object::Pipe(*pipe);
        let description = Description { object, reads: *reads, writes: *writes, nonblocking: *nonblocking };
        self.opened.open(who, *fd, description);
        Tried::Done(Answer::value(*fd))
    }
}

impl Domain for Pipes {
    type Call = Call;

    fn attempt(&mut self, who: Name, call: &mut Call, stage: Stage) -> Tried {
        match call {
            Call::Read { description, pipe, count } => self.read(*description, *pipe, *count, stage),
            Call::Write { description, pipe, bytes, written } => self.write(*description, *pipe, bytes, written, stage),
            Call::Open { .. } => self.open(who, call, stage),
        }
    }

    fn queue(&self, call: &Call) -> (usize, u8) {
        match call {
            Call::Read { pipe, .. } => (*pipe, 0),
            Call::Write { pipe, .. } => (*pipe, 1),
            Call::Open { pipe, reads, .. } => (*pipe, 2 + u8::from(*reads)),
        }
    }

    fn leave(&mut self, who: Name, call: &Call) -> Answer {
        match call {
            Call::Open { pipe, .. } => self.pipes[*pipe].opening.retain(|(opener, _)| *opener != who),
            // write(2): "interrupted by a signal handler after it has written some data: the number of bytes".
            Call::Write { written: 1.., .. } => {
                let Call::Write { written, .. } = call else { return Answer::default() };
                return Answer::value(*written);
            }
            _ => {}
        }
        Answer::error("EINTR")
    }
}

/// The model.
#[derive(Default)]
pub struct PipesAndFifos {
    pipes: Pipes,
    waiters: Waiters<Pipes>,
}

impl PipesAndFifos {
    fn begin(&mut self, step: &Step<'_>) -> Begun<Call> {
        let error = |name| Begun::Over(Answer::error(name));
        let fifo = self.pipes.names.get(&step.int(0)).copied();
        match step.operation {
            "mkfifo" if fifo.is_some() => error("EEXIST"),
            "mkfifo" => {
                let pipe = self.pipes.new_pipe(0);
                self.pipes.names.insert(step.int(0), pipe);
                Begun::Over(Answer::value(0))
            }
            "unlink" if fifo.is_none() => error("ENOENT"),
            "unlink" => {
                self.pipes.names.remove(&step.int(0));
                Begun::Over(Answer::value(0))
            }
            "open" => {
                let fd = self.pipes.opened.lowest(step.caller);
                let (reads, writes) = (!step.has(1, "WRONLY"), !step.has(1, "RDONLY"));
                let nonblocking = step.has(1, "NONBLOCK");
                match fifo {
                    _ if fd >= DESCRIPTORS => error("EMFILE"),
                    None => error("ENOENT"),
                    Some(pipe) => {
                        Begun::Call(Call::Open { name: step.int(0), pipe, reads, writes, nonblocking, fd, seen: 0 })
                    }
                }
            }
            "fionread" => match self.pipes.opened.get(step.caller, step.int(0)).map(|found| &found.object) {
                Some(Object::Pipe(pipe)) => Begun::Over(Answer::value(0).with("n", self.pipes.unread_bytes(*pipe))),
                Some(Object::Other) => Begun::Foreign,
                None => error("EBADF"),
            },
            // EBADF: "fd doesn't refer to a pipe" is no error of its own.
            "fcntl" if ["SETPIPE_SZ", "GETPIPE_SZ"].contains(&step.word(1)) => {
                match self.pipes.opened.get(step.caller, step.int(0)).map(|found| found.object.clone()) {
                    Some(Object::Pipe(pipe)) if step.word(1) == "SETPIPE_SZ" => {
                        let answer = self.pipes.set_capacity(pipe, step.int(2));
                        let state = &self.pipes.pipes[pipe];
                        if answer.errno().is_none() && state.pages.len() == state.capacity_pages {
                            // Linux wakes the first writer, though there is no more room than before.
                            self.waiters.send_last(|who, call| {
                                matches!(call, Call::Write { pipe: full, .. } if *full == pipe)
                                    && !step.before.is_stopped(who)
                            });
                        }
                        Begun::Over(answer)
                    }
                    Some(Object::Pipe(pipe)) => {
                        Begun::Over(Answer::value(self.pipes.pipes[pipe].capacity_pages * PAGE_BYTES))
                    }
                    _ => error("EBADF"),
                }
            }
            "read" | "write" => {
                let (caller, fd, is_read) = (step.caller, step.int(0), step.operation == "read");
                let description = self.pipes.opened.number(caller, fd).unwrap_or(0);
                let count = usize::try_from(step.int(1)).unwrap_or(0);
                match self.pipes.opened.get(caller, fd) {
                    Some(Description { object: Object::Other, .. }) => Begun::Foreign,
                    Some(Description { object: Object::Pipe(pipe), reads: true, .. }) if is_read => {
                        Begun::Call(Call::Read { description, pipe: *pipe, count })
                    }
                    Some(Description { object: Object::Pipe(pipe), writes: true, .. }) if !is_read => {
                        let bytes = pattern(step.int(1), step.int(2));
                        Begun::Call(Call::Write { description, pipe: *pipe, bytes, written: 0 })
                    }
                    _ => error("EBADF"),
                }
            }
            _ => Begun::Foreign,
        }
    }

    /// Follows new descriptors, which come from calls that don't wait.
    fn follow(&mut self, step: &Step<'_>) {
        let nonblocking = step.has(0, "NONBLOCK");
        let seen = step.answer().cloned().unwrap_or_default();
        match (step.operation, &seen.0.get("fd"), seen.number()) {
            ("pipe", Some(fds), _) => {
                let pipe = self.pipes.new_pipe(step.int(1));
                for (place, reads) in [(0, true), (1, false)] {
                    let object = Object::Pipe(pipe);
                    let description = Description { object, reads, writes: !reads, nonblocking };
                    self.pipes.opened.open(step.caller, fds[place].as_i64().unwrap_or(-1), description);
                }
            }
            ("mq_open" | "shm_open", _, Some(fd)) => {
                let description = Description { object: Object::Other, reads: true, writes: true, nonblocking };
                self.pipes.opened.open(step.caller, fd, description);
            }
            _ => {}
        }
        self.pipes.opened.follow(step);
    }

    /// fifo(7): what nobody has open holds no data.
    fn empty_unused(&mut self) {
        for pipe in 0..self.pipes.pipes.len() {
            if self.pipes.users(pipe, true) + self.pipes.users(pipe, false) == 0 {
                // Whoever opens a FIFO next finds a new pipe behind it.
                self.pipes.pipes[pipe].pages.clear();
                self.pipes.pipes[pipe].capacity_pages = CAPACITY_PAGES;
            }
        }
    }
}

impl PipesAndFifos {
    /// Who writes, or waits to.
    fn writing(&self, step: &Step<'_>, new: Option<&Call>) -> Vec<Name> {
        let writes = |call: &Call| matches!(call, Call::Write { .. });
        let waiting = self.waiters.iter().filter(|(_, call)| writes(call)).map(|(who, _)| who);
        waiting.chain(new.is_some_and(writes).then_some(step.caller)).collect()
    }
}

/// pipe(7): "If all file descriptors referring to the read end of a pipe have been closed, then a write will cause a SIGPIPE signal to be
/// generated for the calling process. If the calling process is ignoring this signal, then write fails with the error EPIPE." So
/// whoever got that error ignores the signal, or has handled it, or has it pending.
fn check_broken(who: Name, step: &Step<'_>) -> Result<(), Disagreement> {
    let answer = if who == step.caller { step.answer() } else { step.done.get(&who) };
    let (Some(before), Some(after)) = (step.before.get(who), step.after.get(who)) else { return Ok(()) };
    if answer.and_then(Answer::errno) != Some("EPIPE") || !after.lives() {
        return Ok(());
    }
    let handled = step.runs.get(&who).is_some_and(|runs| runs.iter().any(|run| run.signal == SIGPIPE));
    let has = |set: u64| set & 1 << (SIGPIPE - 1) != 0;
    expect(handled || has(before.ignored) || has(after.own_pending), "pipe(7)", || {
        format!("{who} is sent SIGPIPE when its write gives EPIPE")
    })
}

impl Model for PipesAndFifos {
    fn step(&mut self, step: &Step<'_>) -> Result<(), Disagreement> {
        let begun = self.begin(step);
        let died = matches!(&begun, Begun::Call(_) if step.outcome == Outcome::Died);
        let mut before = if died { self.pipes.clone() } else { Pipes::default() };
        self.follow(step);
        let new = match begun {
            Begun::Call(mut call) if step.outcome == Outcome::Died => {
                let tried = before.attempt(step.caller, &mut call, Stage::New);
                expect(tried == Tried::Done(Answer::error("EPIPE")), "pipe(7)", || {
                    format!("{} is no reason to die: there are readers", step.operation)
                })?;
                None
            }
            Begun::Call(call) => Some(call),
            Begun::Over(expected) => {
                expect_answer(step, &expected, "open(2)")?;
                None
            }
            Begun::Foreign => None,
        };
        let writing = self.writing(step, new.as_ref());
        self.waiters.explain(&mut self.pipes, step, new).map_err(|why| Disagreement::new("pipe(7)", why))?;
        writing.into_iter().try_for_each(|who| check_broken(who, step))?;
        self.empty_unused();
        Ok(())
    }
}
