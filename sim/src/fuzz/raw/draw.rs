//! A draw: random numbers, and the situation in which they are drawn.

use abi::Fd;
use kernel::file::description::Open;
use kernel::process::Process;

use crate::fuzz::coverage::Row;
use crate::fuzz::raw::moves::{Move, Name, Value};
use crate::fuzz::raw::stage::Stage;

/// What arguments are drawn from: a source of random numbers, the kernel as it is, who is to call, and the move being made.
pub(super) struct Draw<'a> {
    pub(super) random: &'a mut fastrand::Rng,
    pub(super) stage: &'a Stage,
    /// Names of processes that may be alive.
    pub(super) living: &'a [Name],
    pub(super) who: Name,
    pub(super) process: &'a Process,
    pub(super) made: Move,
    /// The argument before this one.
    pub(super) last: Value,
}

impl Draw<'_> {
    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.random.usize(..limit.max(1))
    }

    /// True in so many of 100 cases.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    /// One of several.
    pub(super) fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(..choices.len())]
    }

    /// One of several numbers.
    pub(super) fn number(&mut self, choices: &[u64]) -> Value {
        Value::Number(self.one(choices))
    }

    /// One of several texts, in memory.
    pub(super) fn text(&mut self, choices: &[&str]) -> Value {
        let text = self.one(choices);
        self.data(text.as_bytes(), 1)
    }

    /// Bytes in memory. A null pointer, should there be no room in the move.
    pub(super) fn data(&mut self, bytes: &[u8], width: u8) -> Value {
        self.made.add(bytes, width).unwrap_or(Value::Number(0))
    }

    /// Numbers of eight bytes in memory.
    pub(super) fn words(&mut self, words: &[u64]) -> Value {
        let mut bytes = heapless::Vec::<u8, { super::moves::DATA_BYTES }>::new();
        for word in words {
            // What doesn't fit is left out.
            let _ = bytes.extend_from_slice(&word.to_le_bytes());
        }
        self.data(&bytes, 8)
    }

    /// Numbers of four bytes in memory.
    pub(super) fn halves(&mut self, halves: &[i32]) -> Value {
        let mut bytes = heapless::Vec::<u8, { super::moves::DATA_BYTES }>::new();
        for half in halves {
            let _ = bytes.extend_from_slice(&half.to_le_bytes());
        }
        self.data(&bytes, 4)
    }

    /// Numbers of two bytes in memory.
    pub(super) fn quarters(&mut self, quarters: &[i16]) -> Value {
        let mut bytes = heapless::Vec::<u8, { super::moves::DATA_BYTES }>::new();
        for quarter in quarters {
            let _ = bytes.extend_from_slice(&quarter.to_le_bytes());
        }
        self.data(&bytes, 2)
    }

    /// Something that a call returned lately.
    pub(super) fn result_of(&mut self, row: Row) -> Option<u64> {
        let values = self.stage.host.results[row.index()];
        let values = values.values();
        if values.is_empty() { None } else { Some(self.one(values) as u64) }
    }

    /// Something that the call with this name returned lately; 0 if nothing.
    pub(super) fn result(&mut self, call: &str) -> Value {
        let value = Row::by_name(call).and_then(|row| self.result_of(row));
        Value::Number(value.unwrap_or(0))
    }

    /// A descriptor of the caller that is open onto something wanted.
    pub(super) fn descriptor(&mut self, wanted: impl Fn(Open) -> bool) -> Option<Value> {
        let (process, stage) = (self.process, self.stage);
        let is_wanted = |file| stage.kernel.file(file).is_some_and(|file| wanted(file.open));
        let limit = process.descriptors.len();
        let from = self.below(limit);
        let all = (from..limit).chain(0..from);
        all.filter_map(|fd| Some((fd, process.descriptors.get(Fd(fd as i32))?)))
            .find(|(_, descriptor)| is_wanted(descriptor.file))
            .map(|(fd, _)| Value::Number(fd as u64))
    }

    /// Somebody, most often alive.
    pub(super) fn somebody(&mut self) -> Name {
        if self.living.is_empty() { Name::FIRST } else { self.one(self.living) }
    }

    /// A child of the caller, zombies included, by its number.
    pub(super) fn child(&mut self) -> Option<Value> {
        let actor = self.stage.actor(self.who)?;
        let process = self.stage.kernel.process_of(actor.thread)?;
        let child = self.stage.kernel.children(process).next()?;
        let pid = self.stage.kernel.process(child)?.pid;
        let known = self.living.iter().find(|name| self.stage.pid(**name) == pid);
        Some(known.map_or(Value::Number(pid.into()), |name| Value::Pid { of: *name, negative: false }))
    }

    /// The address of a page that the caller has mapped, or nothing.
    pub(super) fn mapped(&mut self) -> Option<u64> {
        let regions = &self.process.space.regions;
        let count = regions.iter().count();
        let place = self.below(count);
        let region = self.process.space.regions.iter().nth(place)?;
        let pages = region.end - region.first;
        let page = region.first + self.random.u64(..pages.clamp(1, 4));
        Some(page * abi::PAGE_SIZE as u64)
    }
}
