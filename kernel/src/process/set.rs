//! A set of processes: a bitmap by slot. Equal sets are equal values however they came about, and a copy costs as much as
//! is in use: nothing beyond the highest process in it exists.

use crate::ids::ProcessNo;
use crate::limits::{PROCESSES, words};

/// A set of processes.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessSet(heapless::Vec<u64, { words(PROCESSES) }>);

impl Clone for ProcessSet {
    fn clone(&self) -> ProcessSet {
        ProcessSet(self.0.clone())
    }

    fn clone_from(&mut self, from: &ProcessSet) {
        self.0.clear();
        let _ = self.0.extend_from_slice(&from.0);
    }
}

impl ProcessSet {
    /// Nobody.
    pub const EMPTY: ProcessSet = ProcessSet(heapless::Vec::new());

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a process is in it.
    pub fn contains(&self, process: ProcessNo) -> bool {
        let (word, bit) = place(process);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// They, by slot.
    pub fn iter(&self) -> impl Iterator<Item = ProcessNo> {
        let mut from = 0;
        core::iter::from_fn(move || {
            let process = self.next(from)?;
            from = process.index() + 1;
            Some(process)
        })
    }

    /// The first one whose slot isn't before `from`.
    pub(crate) fn next(&self, from: usize) -> Option<ProcessNo> {
        let mut word = from / 64;
        let mut bits = self.0.get(word)? & !0_u64 << (from % 64);
        while bits == 0 {
            word += 1;
            bits = *self.0.get(word)?;
        }
        Some(ProcessNo::from_index(word * 64 + bits.trailing_zeros() as usize))
    }

    /// Adds a process. There is room for every slot.
    pub(crate) fn insert(&mut self, process: ProcessNo) {
        let (word, bit) = place(process);
        while self.0.len() <= word && self.0.push(0).is_ok() {}
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Takes a process out, if it is in it.
    pub(crate) fn remove(&mut self, process: ProcessNo) {
        let (word, bit) = place(process);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// The word in which a process has its bit, and that bit.
fn place(process: ProcessNo) -> (usize, u64) {
    (process.index() / 64, 1 << (process.index() % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: usize = PROCESSES - 1;

    fn set(slots: &[usize]) -> ProcessSet {
        let mut set = ProcessSet::EMPTY;
        slots.iter().for_each(|slot| set.insert(ProcessNo::from_index(*slot)));
        set
    }

    fn slots(set: &ProcessSet) -> heapless::Vec<usize, PROCESSES> {
        set.iter().map(ProcessNo::index).collect()
    }

    #[test]
    fn they_come_by_slot_however_they_were_added() {
        assert_eq!(slots(&set(&[LAST, 0, 5, 0])), [0, 5, LAST]);
        let all: heapless::Vec<usize, PROCESSES> = (0..PROCESSES).collect();
        let set = set(&all);
        assert_eq!(slots(&set), all);
        assert!(all.iter().all(|slot| set.contains(ProcessNo::from_index(*slot))));
        assert_eq!(set.next(LAST), Some(ProcessNo::from_index(LAST)));
        assert_eq!(set.next(PROCESSES), None);
        assert_eq!(set.next(usize::MAX), None);
    }

    #[test]
    fn equal_sets_are_equal_however_they_came_about() {
        let mut rest = set(&[3, LAST]);
        rest.remove(ProcessNo::from_index(LAST));
        rest.remove(ProcessNo::from_index(4));
        rest.remove(ProcessNo::from_index(LAST));
        assert_eq!(rest, set(&[3]));
        assert!(!rest.contains(ProcessNo::from_index(LAST)) && !rest.contains(ProcessNo::from_index(2)));
        let mut copy = set(&[1, LAST]);
        copy.clone_from(&rest);
        assert_eq!(copy, rest);
        assert_eq!(copy.clone(), rest);
        copy.remove(ProcessNo::from_index(3));
        assert!(copy.is_empty() && copy == ProcessSet::EMPTY && copy.iter().next().is_none());
    }

    #[test]
    fn nobody_is_found_in_a_slot_that_no_process_can_have() {
        let mut set = set(&[0]);
        let beyond = ProcessNo(u16::MAX);
        assert!(!set.contains(beyond));
        set.remove(beyond);
        assert_eq!(slots(&set), [0]);
    }
}
