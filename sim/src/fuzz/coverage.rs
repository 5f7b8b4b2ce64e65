//! What a campaign has seen: results of calls by error number, who waited in which call for what and what ended that, and how
//! often each invariant had something to check. Counts of results lie in flat arrays, so that counting costs nothing beside a step.

use abi::{Errno, ResultKind, Syscall, SyscallInfo};
use kernel::invariants::INVARIANTS;
use kernel::thread::WaitsFor;

use crate::fuzz::edges::{Counts, Edge, End, KINDS, kind_of};

/// Rows of the table of calls.
pub const ROWS: usize = Syscall::TABLE.len();
/// Columns of a row: success, and each error number of the row.
const COLUMNS: usize = 1 + most_errors();
/// Calls with numbers below this are found by them at once; those with larger ones are looked for in the table.
const NUMBERS: usize = 2048;

const fn most_errors() -> usize {
    let (mut most, mut row) = (0, 0);
    while row < ROWS {
        let errors = Syscall::TABLE[row].errors.len();
        if errors > most {
            most = errors;
        }
        row += 1;
    }
    most
}

/// Calls that return, but never with success: `rt_sigsuspend` ends with `EINTR` whatever happens (POSIX.1-2024, `sigsuspend`).
const NEVER_SUCCEED: [&str; 1] = ["rt_sigsuspend"];

/// A row of the table of calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Row(pub u8);

static BY_NUMBER: [u8; NUMBERS] = by_number();

const fn by_number() -> [u8; NUMBERS] {
    assert!(ROWS < u8::MAX as usize);
    let mut rows = [u8::MAX; NUMBERS];
    let mut row = 0;
    while row < ROWS {
        let number = Syscall::TABLE[row].number as usize;
        if number < NUMBERS {
            rows[number] = row as u8;
        }
        row += 1;
    }
    rows
}

/// The rows in the order of their names.
static BY_NAME: [u8; ROWS] = by_name();

const fn by_name() -> [u8; ROWS] {
    let (mut rows, mut count) = ([0; ROWS], 0);
    while count < ROWS {
        let mut place = count;
        while place > 0 && is_before(Syscall::TABLE[count].name, Syscall::TABLE[rows[place - 1] as usize].name) {
            rows[place] = rows[place - 1];
            place -= 1;
        }
        rows[place] = count as u8;
        count += 1;
    }
    rows
}

const fn is_before(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    if place < one.len() && place < other.len() { one[place] < other[place] } else { one.len() < other.len() }
}

impl Row {
    /// Every row, in the table's order.
    pub fn all() -> impl Iterator<Item = Row> {
        (0..ROWS).map(|row| Row(row as u8))
    }

    /// The row of the call with this number.
    pub fn by_number(number: u64) -> Option<Row> {
        match BY_NUMBER.get(usize::try_from(number).ok()?) {
            Some(row) => (*row != u8::MAX).then_some(Row(*row)),
            None => Row::all().find(|row| row.info().number == number),
        }
    }

    /// The row of the call with this name.
    pub fn by_name(name: &str) -> Option<Row> {
        let place = BY_NAME.binary_search_by(|row| Row(*row).info().name.cmp(name)).ok()?;
        BY_NAME.get(place).map(|row| Row(*row))
    }

    /// The row of a call.
    ///
    /// # Panics
    /// Never: a call is made from a row of the table.
    pub fn of(call: &Syscall) -> Row {
        Row::by_number(call.info().number).expect("a call has a row in the table")
    }

    /// What it says.
    pub fn info(self) -> &'static SyscallInfo {
        &Syscall::TABLE[self.index()]
    }

    /// Whether the call can return success: not if it never returns (`exit_group`), or never so.
    pub fn can_succeed(self) -> bool {
        self.info().result != ResultKind::Never && !NEVER_SUCCEED.contains(&self.info().name)
    }

    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The counts.
#[derive(PartialEq, Eq, Debug)]
pub struct Coverage {
    /// Steps made.
    pub steps: u64,
    /// Processes alive, zombies excluded, summed over all steps.
    pub alive: u64,
    /// Calls of numbers for which there is no row.
    pub unknown: u64,
    /// By row: calls made, whether or not they returned.
    calls: Vec<u64>,
    /// By row: success, and each error of the row.
    results: Vec<[u64; COLUMNS]>,
    /// By row and what was waited for.
    waits: Vec<[u64; KINDS.len()]>,
    /// How waits ended. Those that went on, or for which the campaign didn't wait, are among the waits only.
    edges: Counts,
    /// By invariant: checks that found something to look at.
    invariants: Vec<u64>,
}

impl Clone for Coverage {
    fn clone(&self) -> Coverage {
        let mut copy = Coverage::new();
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, from: &Coverage) {
        let Coverage { steps, alive, unknown, calls, results, waits, edges, invariants } = from;
        (self.steps, self.alive, self.unknown) = (*steps, *alive, *unknown);
        self.calls.clone_from(calls);
        self.results.clone_from(results);
        self.waits.clone_from(waits);
        self.edges.clone_from(edges);
        self.invariants.clone_from(invariants);
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Coverage::new()
    }
}

impl Coverage {
    /// Nothing seen yet.
    pub fn new() -> Coverage {
        Coverage {
            steps: 0,
            alive: 0,
            unknown: 0,
            calls: vec![0; ROWS],
            results: vec![[0; COLUMNS]; ROWS],
            waits: vec![[0; KINDS.len()]; ROWS],
            edges: Counts::new(),
            invariants: vec![0; INVARIANTS.len()],
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.steps = 0;
        self.alive = 0;
        self.unknown = 0;
        self.calls.fill(0);
        self.results.fill([0; COLUMNS]);
        self.waits.fill([0; KINDS.len()]);
        self.edges.clear();
        self.invariants.fill(0);
    }

    /// A call was made.
    #[inline]
    pub fn entered(&mut self, row: Row) {
        self.calls[row.index()] += 1;
    }

    /// A call returned. False if its row doesn't name the error.
    #[inline]
    pub fn returned(&mut self, row: Row, result: Result<i64, Errno>) -> bool {
        let counts = &mut self.results[row.index()];
        let column = match result {
            Ok(_) => 0,
            Err(errno) => match row.info().errors.iter().position(|known| *known == errno) {
                Some(place) => place + 1,
                None => return false,
            },
        };
        counts[column] += 1;
        true
    }

    /// A call has to wait.
    #[inline]
    pub fn blocked(&mut self, row: Row, what: WaitsFor) {
        self.waits[row.index()][usize::from(kind_of(what))] += 1;
    }

    /// A wait in a call ended.
    #[inline]
    pub fn woken(&mut self, row: Row, kind: u8, end: End) {
        *self.edges.entry(Edge { row, kind, end }).or_default() += 1;
    }

    /// An invariant had something to look at, so often.
    #[inline]
    pub fn checked(&mut self, invariant: usize, times: u64) {
        self.invariants[invariant] += times;
    }

    /// How often a call was made.
    pub fn calls(&self, row: Row) -> u64 {
        self.calls[row.index()]
    }

    /// How often a call succeeded.
    pub fn successes(&self, row: Row) -> u64 {
        self.results[row.index()][0]
    }

    /// How often a call returned.
    pub fn returns(&self, row: Row) -> u64 {
        self.results[row.index()].iter().sum()
    }

    /// The errors of a call's row, with how often each was seen.
    pub fn errors(&self, row: Row) -> impl Iterator<Item = (Errno, u64)> {
        let counts = &self.results[row.index()][1..];
        row.info().errors.iter().copied().zip(counts.iter().copied())
    }

    /// How often a call waited for something, by its place in [`KINDS`].
    pub fn waits(&self, row: Row, kind: u8) -> u64 {
        self.waits[row.index()][usize::from(kind)]
    }

    /// How waits ended, and how often.
    pub fn edges(&self) -> &Counts {
        &self.edges
    }

    /// The invariants, and how often each had something to look at.
    pub fn invariants(&self) -> impl Iterator<Item = (&'static str, u64)> {
        INVARIANTS.iter().map(|invariant| invariant.name).zip(self.invariants.iter().copied())
    }

    /// How many pairs of call and result were seen, and how many there are: each error of its row, and success if it can succeed.
    pub fn pairs(&self) -> (usize, usize) {
        let (mut seen, mut all) = (0, 0);
        for row in Row::all() {
            let columns = &self.results[row.index()][usize::from(!row.can_succeed())..=row.info().errors.len()];
            seen += columns.iter().filter(|count| **count > 0).count();
            all += columns.len();
        }
        (seen, all)
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Coverage) {
        fn add(into: &mut [u64], from: &[u64]) {
            for (into, from) in into.iter_mut().zip(from) {
                *into += from;
            }
        }
        self.steps += other.steps;
        self.alive += other.alive;
        self.unknown += other.unknown;
        add(&mut self.calls, &other.calls);
        add(self.results.as_flattened_mut(), other.results.as_flattened());
        add(self.waits.as_flattened_mut(), other.waits.as_flattened());
        for (edge, count) in &other.edges {
            *self.edges.entry(*edge).or_default() += count;
        }
        add(&mut self.invariants, &other.invariants);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_and_by_its_number() {
        for row in Row::all() {
            assert_eq!(Row::by_name(row.info().name), Some(row));
            assert_eq!(Row::by_number(row.info().number), Some(row));
        }
        for other in ["", "a", "getpi", "getpidd", "zzz"] {
            assert_eq!(Row::by_name(other), None, "{other}");
        }
    }
}
