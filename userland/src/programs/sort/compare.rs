//! How `sort` compares two lines: by their keys, and if those are equal by all their bytes.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::key::{Key, blanks, is_blank};

/// How lines are compared.
pub(super) struct Rules {
    pub(super) keys: Vec<Key>,
    pub(super) separator: Option<u8>,
    /// Reverses the last resort; keys have a letter of their own.
    pub(super) reverse: bool,
    pub(super) unique: bool,
    pub(super) stable: bool,
}

impl Rules {
    /// The order of two lines; equal ones keep their order of input.
    pub(super) fn compare(&self, one: &[u8], other: &[u8]) -> Ordering {
        for key in &self.keys {
            let order = compare_keys(key, key.of(one, self.separator), key.of(other, self.separator));
            if order != Ordering::Equal {
                return if key.reverse { order.reverse() } else { order };
            }
        }
        if !self.keys.is_empty() && (self.unique || self.stable) {
            return Ordering::Equal;
        }
        let order = one.cmp(other);
        if self.reverse { order.reverse() } else { order }
    }
}

fn compare_keys(key: &Key, one: &[u8], other: &[u8]) -> Ordering {
    if key.numeric {
        return compare_numbers(one, other);
    }
    if !key.dictionary && !key.printable && !key.fold {
        return one.cmp(other);
    }
    // What dictionary order leaves out includes what isn't printable.
    let counts = |byte: &u8| match key.dictionary {
        true => is_blank(byte) || byte.is_ascii_alphanumeric(),
        false => !key.printable || matches!(byte, b' '..=b'~'),
    };
    let fold = |byte: u8| if key.fold { byte.to_ascii_uppercase() } else { byte };
    let seen = |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(counts).map(fold).collect() };
    if !key.dictionary && !key.printable {
        // Without anything left out no copies are needed.
        return one.iter().copied().map(fold).cmp(other.iter().copied().map(fold));
    }
    seen(one).cmp(&seen(other))
}

/// A decimal number of any length, in pieces of the text. Exactly compared, so that no precision is lost.
struct Number<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a [u8],
    /// Without trailing zeros.
    fraction: &'a [u8],
}

impl<'a> Number<'a> {
    /// The number at the front of a text, 0 if there is none.
    fn parse(text: &'a [u8]) -> Number<'a> {
        let text = &text[blanks(text)..];
        let (negative, text) = match text {
            [b'-', text @ ..] => (true, text),
            text => (false, text),
        };
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (whole, rest) = text.split_at(digits(text));
        let fraction = match rest {
            [b'.', rest @ ..] => &rest[..digits(rest)],
            _ => &[],
        };
        let zeros = whole.iter().take_while(|&&digit| digit == b'0').count();
        let trailing = fraction.iter().rev().take_while(|&&digit| digit == b'0').count();
        Number { negative, whole: &whole[zeros..], fraction: &fraction[..fraction.len() - trailing] }
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// Compares without the sign.
    fn compare_size(&self, other: &Number<'_>) -> Ordering {
        let by_length = self.whole.len().cmp(&other.whole.len());
        by_length.then_with(|| self.whole.cmp(other.whole)).then_with(|| self.fraction.cmp(other.fraction))
    }
}

fn compare_numbers(one: &[u8], other: &[u8]) -> Ordering {
    let (one, other) = (Number::parse(one), Number::parse(other));
    if one.is_zero() && other.is_zero() {
        return Ordering::Equal;
    }
    match (one.negative && !one.is_zero(), other.negative && !other.is_zero()) {
        (false, false) => one.compare_size(&other),
        (true, true) => other.compare_size(&one),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length() {
        let compare = |one: &str, other: &str| compare_numbers(one.as_bytes(), other.as_bytes());
        assert_eq!(compare("9", "10"), Ordering::Less);
        assert_eq!(compare(" 2", "2.0"), Ordering::Equal);
        assert_eq!(compare("-0", "x"), Ordering::Equal);
        assert_eq!(compare("-2", "-1.5"), Ordering::Less);
        assert_eq!(compare("2.25", "2.3"), Ordering::Less);
        assert_eq!(compare("100000000000000000000000001", "100000000000000000000000000"), Ordering::Greater);
        assert_eq!(compare("+1", "0"), Ordering::Equal);
        assert_eq!(compare("-1", ""), Ordering::Less);
    }
}
