//! `seq(1)`: prints a sequence of numbers, counted exactly in decimal fractions.

use alloc::format;
use alloc::string::String;

use crate::libc::{Decimal, Manual, Opt, Order, Output, PLAIN, display_name, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "seq",
    usage: "[OPTION]... LAST\n[OPTION]... FIRST LAST\n[OPTION]... FIRST INCREMENT LAST",
    about: "Print numbers from FIRST to LAST, in steps of INCREMENT.",
    options: &[
        Opt::value("s", "separator", "STRING", "use STRING to separate numbers (default: \\n)"),
        Opt::flag("w", "equal-width", "equalize width by padding with leading zeroes"),
    ],
    order: Order::FirstOrNumber,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let operands = &given.operands[..];
    let sequence = match Sequence::from_operands(operands, given.has("equal-width")) {
        Ok(sequence) => sequence,
        Err(message) => return Err(MANUAL.misuse(sys, message).await),
    };
    let separator = given.value("separator").unwrap_or(b"\n");
    let mut output = Output::new(sys, &MANUAL);
    let mut number = sequence.first;
    let mut text = String::new();
    let mut any = false;
    while sequence.reaches(number) {
        if any {
            output.push(separator);
        }
        any = true;
        text.clear();
        sequence.format(number, &mut text);
        output.push(text.as_bytes());
        output.settle().await?;
        let Some(next) = number.checked_add(sequence.step) else { break };
        number = next;
    }
    if any {
        output.push(b"\n");
    }
    output.flush().await?;
    Ok(0)
}

/// A sequence of numbers, all with the same number of places behind the point.
struct Sequence {
    first: i128,
    step: i128,
    /// `None` is the infinity that is never reached.
    last: Option<i128>,
    /// Places in which it is counted.
    places: u32,
    /// Places that are shown.
    shown: u32,
    /// Least width; 0 for none.
    width: usize,
}

impl Sequence {
    fn from_operands(operands: &[&[u8]], equal_width: bool) -> Result<Sequence, String> {
        let (first, step, last): (&[u8], &[u8], &[u8]) = match *operands {
            [] => return Err("missing operand".into()),
            [last] => (b"1", b"1", last),
            [first, last] => (first, b"1", last),
            [first, step, last] => (first, step, last),
            [_, _, _, extra, ..] => return Err(format!("extra operand {}", quote(extra))),
        };
        let wrong = |text: &[u8]| format!("invalid floating point argument: {}", quote(text));
        let parse = |text: &[u8]| Decimal::parse(text).ok_or_else(|| wrong(text));
        let (first_number, step_number) = (parse(first)?, parse(step)?);
        if step_number.mantissa == 0 {
            return Err(format!("invalid Zero increment value: {}", quote(step)));
        }
        let last_number = if is_infinity(last) { None } else { Some(parse(last)?) };
        let shown = first_number.places.max(step_number.places);
        let places = shown.max(last_number.map_or(0, |last| last.places));
        let scaled = |number: Decimal, text| number.scaled(places).ok_or_else(|| wrong(text));
        let mut sequence = Sequence {
            first: scaled(first_number, first)?,
            step: scaled(step_number, step)?,
            last: last_number.map(|number| scaled(number, last)).transpose()?,
            places,
            shown,
            width: 0,
        };
        if equal_width {
            sequence.width = sequence.widest();
        }
        Ok(sequence)
    }

    /// The width of the longer one of the first and the last number.
    fn widest(&self) -> usize {
        let width = |number| {
            let mut text = String::new();
            self.format(number, &mut text);
            text.len()
        };
        width(self.first).max(self.last.map_or(0, width))
    }

    fn reaches(&self, number: i128) -> bool {
        match self.last {
            None => true,
            Some(last) if self.step < 0 => number >= last,
            Some(last) => number <= last,
        }
    }

    fn format(&self, number: i128, text: &mut String) {
        use core::fmt::Write;
        let number = number / 10i128.pow(self.places - self.shown);
        let sign = if number < 0 { "-" } else { "" };
        let digits = number.unsigned_abs();
        let _ = if self.shown == 0 {
            let width = self.width.saturating_sub(sign.len());
            write!(text, "{sign}{digits:0width$}")
        } else {
            let unit = 10u128.pow(self.shown);
            let shown = self.shown as usize;
            let width = self.width.saturating_sub(sign.len() + 1 + shown);
            write!(text, "{sign}{:0width$}.{:0shown$}", digits / unit, digits % unit)
        };
    }
}

fn is_infinity(text: &[u8]) -> bool {
    let text = display_name(text);
    let text = text.strip_prefix('+').unwrap_or(&text);
    text.eq_ignore_ascii_case("inf") || text.eq_ignore_ascii_case("infinity")
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn seq(operands: &[&str], equal_width: bool) -> String {
        let operands: Vec<&[u8]> = operands.iter().map(|operand| operand.as_bytes()).collect();
        let sequence = match Sequence::from_operands(&operands, equal_width) {
            Ok(sequence) => sequence,
            Err(message) => return message,
        };
        let mut text = String::new();
        let mut number = sequence.first;
        while sequence.reaches(number) {
            sequence.format(number, &mut text);
            text.push(' ');
            number += sequence.step;
        }
        text
    }

    #[test]
    fn counts_up_and_down() {
        assert_eq!(seq(&["3"], false), "1 2 3 ");
        assert_eq!(seq(&["3", "1"], false), "");
        assert_eq!(seq(&["3", "-1", "1"], false), "3 2 1 ");
        assert_eq!(seq(&["0", ".1", ".3"], false), "0.0 0.1 0.2 0.3 ");
        assert_eq!(seq(&["-0.5", "1", "1"], false), "-0.5 0.5 ");
        assert_eq!(seq(&["1", "2.25"], false), "1 2 ");
    }

    #[test]
    fn equal_width_pads_with_zeros() {
        assert_eq!(seq(&["8", "10"], true), "08 09 10 ");
        assert_eq!(seq(&["-1", "10"], true), "-1 00 01 02 03 04 05 06 07 08 09 10 ");
        assert_eq!(seq(&["9", ".5", "10"], true), "09.0 09.5 10.0 ");
    }

    #[test]
    fn wrong_operands_are_named() {
        assert_eq!(seq(&[], false), "missing operand");
        assert_eq!(seq(&["x"], false), "invalid floating point argument: 'x'");
        assert_eq!(seq(&["1", "0", "2"], false), "invalid Zero increment value: '0'");
    }
}
