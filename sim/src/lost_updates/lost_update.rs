//! One lost update: two loads and two stores, in the order in which they were made.

use std::fmt;
use std::sync::Arc;

use userland::hart::SourceLine;

/// An access to shared memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// The step in which it was made; steps count from 1.
    pub step: u64,
    /// When it was made, in microseconds of virtual time.
    pub at_us: u64,
    /// Who made it.
    pub who: Who,
    /// What it was: `load`, `store`, `fetch_add` ...
    pub operation: &'static str,
    /// The line of the program.
    pub line: SourceLine,
}

/// A process, or a signal handler of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// Its process id.
    pub pid: u32,
    /// Its name at that time.
    pub name: Arc<str>,
    /// How many signal handlers it was in.
    pub handlers: usize,
}

/// An access, and the bytes that it moved as a number, little-endian.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The access.
    pub access: Arc<Access>,
    /// What it loaded or stored: of the bytes that all four accesses have in common, the first eight at most.
    pub value: u64,
}

/// What one process did: it loaded, and later stored what it made of that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Update {
    /// What it loaded. A child also has what its parent loaded before the fork.
    pub load: Seen,
    /// What it stored. For an atomic operation both are one access.
    pub store: Seen,
}

impl Update {
    /// Who made it.
    pub fn who(&self) -> &Who {
        &self.store.access.who
    }
}

/// An update that was lost: between `winner`'s load and its store, another stored what it had made of a load of its own, and
/// `winner` stored over that without having seen it. What it found there wasn't what it had loaded, so that it matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostUpdate {
    /// Where the bytes are, as `winner` has them mapped.
    pub address: u64,
    /// How many bytes all four accesses have in common, those of other words included.
    pub bytes: u64,
    /// The update that was stored over: the first of them that had loaded what `winner` had loaded, if there is one.
    pub lost: Update,
    /// The update that was stored over it.
    pub winner: Update,
    /// What the bytes were right before the last store.
    pub found: u64,
    /// How many updates by others lie between the load and the store of `winner`, `lost` among them.
    pub unseen: u64,
}

impl LostUpdate {
    /// Whose column is which: the lower process id is on the left.
    fn columns(&self) -> [&Update; 2] {
        let key = |update: &Update| (update.who().pid, update.who().handlers);
        if key(&self.lost) <= key(&self.winner) { [&self.lost, &self.winner] } else { [&self.winner, &self.lost] }
    }

    /// Step, time, column, text and line of each access, in order of time.
    fn rows(&self) -> Vec<(u64, u64, usize, String, String)> {
        let mut rows = Vec::new();
        for (column, update) in self.columns().into_iter().enumerate() {
            let mut add = |seen: &Seen, text: String| {
                let Access { step, at_us, line, .. } = *seen.access;
                rows.push((step, at_us, column, text, format!("{}:{}", line.file(), line.line())));
            };
            let (load, store) = (&update.load, &update.store);
            if Arc::ptr_eq(&load.access, &store.access) {
                add(load, format!("{} {} -> {}", load.access.operation, load.value, store.value));
                continue;
            }
            let before_fork = load.access.who.pid != store.access.who.pid;
            let note = if before_fork { format!(" as {}, before fork", load.access.who.pid) } else { String::new() };
            add(load, format!("{} {}{note}", load.access.operation, load.value));
            add(store, format!("{} {}", store.access.operation, store.value));
        }
        rows.sort_by_key(|row| (row.0, row.2));
        rows
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pid, self.name)?;
        if self.handlers > 0 { f.write_str(", in a handler") } else { Ok(()) }
    }
}

/// As a table with a column for each of the two.
impl fmt::Display for LostUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, heads) = (self.rows(), self.columns().map(|update| update.who().to_string()));
        let width = |column: usize| {
            let texts = rows.iter().filter(|row| row.2 == column).map(|row| row.3.len());
            texts.chain([heads[column].len()]).max().unwrap_or(0)
        };
        let (left, right) = (width(0), width(1));
        let bytes = if self.bytes == 1 { "byte" } else { "bytes" };
        writeln!(f, "lost update of {} {bytes} at {:#x}", self.bytes, self.address)?;
        writeln!(f, "{:>8} {:>10}  {:left$}  {:right$}  line", "step", "us", heads[0], heads[1])?;
        for (step, at_us, column, text, line) in rows {
            let cells = if column == 0 { [&text[..], ""] } else { ["", &text[..]] };
            writeln!(f, "{step:>8} {at_us:>10}  {:left$}  {:right$}  {line}", cells[0], cells[1])?;
        }
        let (winner, loaded) = (self.winner.who().pid, self.winner.load.value);
        let others = if self.unseen == 1 { "one update".to_owned() } else { format!("{} updates", self.unseen) };
        writeln!(
            f,
            "  {winner} loaded {loaded} and stored {} where {} was: {others} unseen",
            self.winner.store.value, self.found
        )
    }
}
