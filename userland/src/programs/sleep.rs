//! `sleep(1)`: waits for a time, given as a sum of decimal numbers with units.

use abi::Timespec;

use crate::libc::{Decimal, Manual, PLAIN, complain, quote, sleep_through};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "sleep",
    usage: "NUMBER[SUFFIX]...\nOPTION",
    about: "Pause for NUMBER seconds of virtual time.  SUFFIX may be 's' for seconds (the default),\n\
            'm' for minutes, 'h' for hours or 'd' for days.  NUMBER need not be an integer.  Given\n\
            two or more arguments, pause for the amount of time specified by the sum of their values.",
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    if given.operands.is_empty() {
        return MANUAL.misuse(sys, "missing operand").await;
    }
    let mut total = Some(0u128);
    let mut invalid = false;
    for operand in &given.operands {
        match parse_interval(operand) {
            Some(interval) => total = total.zip(interval).and_then(|(sum, more)| sum.checked_add(more)),
            None => {
                complain_about(sys, operand).await;
                invalid = true;
            }
        }
    }
    if invalid {
        return MANUAL.give_up(sys).await;
    }
    match total {
        Some(nanoseconds) if nanoseconds < MOST => sleep_through(sys, timespec(nanoseconds)).await,
        // For ever, as far as anyone can tell.
        _ => loop {
            sleep_through(sys, timespec(MOST)).await;
        },
    }
    0
}

/// More nanoseconds than this are slept in pieces.
const MOST: u128 = 1_000_000_000_000_000_000;

async fn complain_about(sys: Sys, operand: &[u8]) {
    complain(sys, MANUAL.name, format_args!("invalid time interval {}", quote(operand))).await;
}

fn timespec(nanoseconds: u128) -> Timespec {
    Timespec { sec: (nanoseconds / 1_000_000_000) as i64, nsec: (nanoseconds % 1_000_000_000) as i64 }
}

/// A time in nanoseconds, `Some(None)` if it is endless; `None` if it isn't a time.
fn parse_interval(text: &[u8]) -> Option<Option<u128>> {
    let (number, unit) = match text {
        [number @ .., b's'] => (number, 1),
        [number @ .., b'm'] => (number, 60),
        [number @ .., b'h'] => (number, 60 * 60),
        [number @ .., b'd'] => (number, 24 * 60 * 60),
        number => (number, 1),
    };
    if number.eq_ignore_ascii_case(b"inf") || number.eq_ignore_ascii_case(b"infinity") {
        return Some(None);
    }
    let seconds = Decimal::parse(number)?;
    if seconds.mantissa < 0 {
        return None;
    }
    let nanoseconds = Decimal { mantissa: seconds.mantissa.checked_mul(unit)?, ..seconds }.scaled(9);
    Some(nanoseconds.map(|nanoseconds| nanoseconds as u128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_units_and_fractions() {
        assert_eq!(parse_interval(b"1.5"), Some(Some(1_500_000_000)));
        assert_eq!(parse_interval(b".5m"), Some(Some(30_000_000_000)));
        assert_eq!(parse_interval(b"0.0000000001"), Some(Some(1)));
        assert_eq!(parse_interval(b"infd"), Some(None));
        for wrong in [&b""[..], b"s", b"-1", b"1x", b"1ss"] {
            assert_eq!(parse_interval(wrong), None, "{wrong:?}");
        }
    }
}
