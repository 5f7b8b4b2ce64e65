//! Decimal fractions, exactly: `0.1` is a tenth. What `seq` counts in and `sleep` is told.

/// `mantissa` divided by 10 to the power of `places`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Decimal {
    /// All its digits.
    pub mantissa: i128,
    /// How many of them stand behind the point.
    pub places: u32,
}

/// More digits than this are refused: a product of two still fits.
const MOST_DIGITS: i32 = 30;

impl Decimal {
    /// From a text with an optional sign, point and exponent; `None` if it isn't one, or has too many digits.
    ///
    /// ```
    /// use userland::libc::Decimal;
    /// assert_eq!(Decimal::parse(b"-1.50"), Some(Decimal { mantissa: -150, places: 2 }));
    /// assert_eq!(Decimal::parse(b"1.5e3"), Some(Decimal { mantissa: 1500, places: 0 }));
    /// assert_eq!(Decimal::parse(b"1.2.3"), None);
    /// ```
    pub fn parse(text: &[u8]) -> Option<Decimal> {
        let text = core::str::from_utf8(text).ok()?.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || exponent.abs() > MOST_DIGITS {
            return None;
        }
        let mut mantissa: i128 = 0;
        for digit in whole.chars().chain(fraction.chars()) {
            mantissa = mantissa.checked_mul(10)?.checked_add(digit.to_digit(10)?.into())?;
        }
        let places = fraction.len() as i32 - exponent;
        if places > MOST_DIGITS || mantissa >= 10i128.pow(MOST_DIGITS as u32) {
            return None;
        }
        mantissa = mantissa.checked_mul(10i128.pow((-places).max(0) as u32))?;
        Some(Decimal { mantissa: if negative { -mantissa } else { mantissa }, places: places.max(0) as u32 })
    }

    /// Its mantissa with so many places, rounded up; `None` if that is too large.
    pub fn scaled(self, places: u32) -> Option<i128> {
        if places >= self.places {
            return self.mantissa.checked_mul(10i128.checked_pow(places - self.places)?);
        }
        let divisor = 10i128.pow(self.places - places);
        Some(self.mantissa.div_euclid(divisor) + i128::from(self.mantissa.rem_euclid(divisor) != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "e5", "1e", "x", "1x", "--1", "1 ", "0x10"] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn scaling_rounds_up() {
        assert_eq!(Decimal::parse(b".5").unwrap().scaled(3), Some(500));
        assert_eq!(Decimal::parse(b"0.0001").unwrap().scaled(3), Some(1));
        assert_eq!(Decimal::parse(b"1e-2").unwrap(), Decimal { mantissa: 1, places: 2 });
    }
}
