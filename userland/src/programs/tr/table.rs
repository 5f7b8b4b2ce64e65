//! What `tr` does with each byte: tables made once from the two strings.

use alloc::string::String;
use alloc::vec::Vec;

use super::Task;
use super::set::{Element, parse};
use crate::libc::{Class, Output};

/// For each byte what it becomes, whether it is deleted, and whether repeats of it are squeezed.
pub(super) struct Table {
    to: [u8; 256],
    deleted: [bool; 256],
    squeezed: [bool; 256],
}

impl Table {
    /// The tables for a task and its strings; the second is empty if there is none.
    ///
    /// # Errors
    /// What is wrong with the strings.
    pub(super) fn new(task: Task, first: &[u8], second: &[u8]) -> Result<Table, String> {
        let (first, second) = (parse(first)?, parse(second)?);
        if first.iter().any(|element| matches!(element, Element::Repeat(_, 0))) {
            return Err("the [c*] repeat construct may not appear in string1".into());
        }
        let from = expand_first(task, &first);
        let mut table =
            Table { to: core::array::from_fn(|byte| byte as u8), deleted: [false; 256], squeezed: [false; 256] };
        let mut last = from.clone();
        if task.translate {
            last = expand_second(task, &first, &second, from.len())?;
            table.translate(task, from, &last)?;
        } else {
            if second.iter().any(|element| matches!(element, Element::Repeat(_, 0))) {
                return Err("the [c*] construct may appear in string2 only when translating".into());
            }
            if task.delete {
                mark(&mut table.deleted, &from);
                last = second.iter().flat_map(Element::bytes).collect();
            }
        }
        if task.squeeze {
            mark(&mut table.squeezed, &last);
        }
        Ok(table)
    }

    fn translate(&mut self, task: Task, from: Vec<u8>, to: &[u8]) -> Result<(), String> {
        let Some(last) = to.last() else {
            if task.truncate || from.is_empty() {
                return Ok(());
            }
            return Err("when not truncating set1, string2 must be non-empty".into());
        };
        let length = if task.truncate { to.len() } else { from.len() };
        for (from, to) in from.iter().take(length).zip(to.iter().chain(core::iter::repeat(last))) {
            self.to[usize::from(*from)] = *to;
        }
        Ok(())
    }

    /// Converts bytes; `last` is the byte that came out last, across calls.
    pub(super) fn convert(&self, bytes: &[u8], last: &mut Option<u8>, output: &mut Output) {
        let mut converted = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.deleted[usize::from(byte)] {
                continue;
            }
            let byte = self.to[usize::from(byte)];
            if *last == Some(byte) && self.squeezed[usize::from(byte)] {
                continue;
            }
            *last = Some(byte);
            converted.push(byte);
        }
        output.push(&converted);
    }
}

fn mark(table: &mut [bool; 256], bytes: &[u8]) {
    for &byte in bytes {
        table[usize::from(byte)] = true;
    }
}

/// The characters of the first string, or all others in ascending order.
fn expand_first(task: Task, elements: &[Element]) -> Vec<u8> {
    let bytes: Vec<u8> = elements.iter().flat_map(Element::bytes).collect();
    if !task.complement {
        return bytes;
    }
    let mut given = [false; 256];
    mark(&mut given, &bytes);
    (0..=255).filter(|&byte| !given[usize::from(byte)]).collect()
}

/// The characters of the second string, its open repeat filled up to `length` in all.
fn expand_second(task: Task, first: &[Element], second: &[Element], length: usize) -> Result<Vec<u8>, String> {
    if second.iter().filter(|element| matches!(element, Element::Repeat(_, 0))).count() > 1 {
        return Err("only one [c*] repeat construct may appear in string2".into());
    }
    if second.iter().any(|element| matches!(element, Element::Equivalent(_))) {
        return Err("[=c=] expressions may not appear in string2 when translating".into());
    }
    check_classes(task, first, second)?;
    let closed: usize = second.iter().map(|element| element.bytes().len()).sum();
    let mut bytes = Vec::new();
    for element in second {
        match element {
            Element::Repeat(byte, 0) => bytes.resize(bytes.len() + length.saturating_sub(closed), *byte),
            element => bytes.extend(element.bytes()),
        }
    }
    if task.complement
        && first.iter().any(|element| matches!(element, Element::Class(_)))
        && bytes.windows(2).any(|pair| pair[0] != pair[1])
    {
        return Err("when translating with complemented character classes,\n\
                    string2 must map all characters in the domain to one"
            .into());
    }
    Ok(bytes)
}

/// `[:upper:]` and `[:lower:]` in the second string convert case, if one of the two stands at the same place of the first.
fn check_classes(task: Task, first: &[Element], second: &[Element]) -> Result<(), String> {
    let starts = |elements: &[Element]| -> Vec<(usize, Class)> {
        let mut at = 0;
        let mut classes = Vec::new();
        for element in elements {
            if let Element::Class(class) = element {
                classes.push((at, *class));
            }
            at += element.bytes().len();
        }
        classes
    };
    let pairs = starts(first);
    for (at, class) in starts(second) {
        if !is_case(class) {
            return Err("when translating, the only character classes that may appear in\n\
                        string2 are 'upper' and 'lower'"
                .into());
        }
        if task.complement || !pairs.iter().any(|&(place, class)| place == at && is_case(class)) {
            return Err("misaligned [:upper:] and/or [:lower:] construct".into());
        }
    }
    Ok(())
}

fn is_case(class: Class) -> bool {
    matches!(class, Class::Upper | Class::Lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSLATE: Task = Task { complement: false, delete: false, squeeze: false, truncate: false, translate: true };

    fn table(task: Task, first: &str, second: &str) -> Table {
        Table::new(task, first.as_bytes(), second.as_bytes()).unwrap_or_else(|message| panic!("{message}"))
    }

    fn map(task: Task, first: &str, second: &str, text: &str) -> String {
        let table = table(task, first, second);
        text.bytes().map(|byte| char::from(table.to[usize::from(byte)])).collect()
    }

    #[test]
    fn the_second_string_is_padded_or_the_first_cut() {
        assert_eq!(map(TRANSLATE, "abcd", "xy", "abcde"), "xyyye");
        assert_eq!(map(Task { truncate: true, ..TRANSLATE }, "abcd", "xy", "abcde"), "xycde");
        assert_eq!(map(TRANSLATE, "abcde", "x[y*]z", "abcde"), "xyyyz");
        assert_eq!(map(TRANSLATE, "aa", "xy", "a"), "y");
    }

    #[test]
    fn case_is_converted() {
        assert_eq!(map(TRANSLATE, "[:lower:]", "[:upper:]", "aZz"), "AZZ");
        assert_eq!(map(TRANSLATE, "0[:upper:]", "1[:lower:]", "A0"), "a1");
    }

    #[test]
    fn the_complement_is_in_ascending_order() {
        assert_eq!(map(Task { complement: true, ..TRANSLATE }, "a-z\n", " ", "ab1c!\n"), "ab c \n");
    }

    #[test]
    fn squeezing_takes_the_last_string() {
        let table = table(Task { squeeze: true, ..TRANSLATE }, "a", "b");
        assert!(table.squeezed[usize::from(b'b')] && !table.squeezed[usize::from(b'a')]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (first, second) in [("a", "[:digit:]"), ("a", "[:upper:]"), ("[a*]", "b"), ("a", ""), ("a", "[b*][c*]")] {
            assert!(Table::new(TRANSLATE, first.as_bytes(), second.as_bytes()).is_err(), "{first} {second}");
        }
    }
}
