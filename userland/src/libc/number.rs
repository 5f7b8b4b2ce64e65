//! Numbers as users type them: counts with suffixes (`head -c 10K`), and plain ones.

/// Why a text isn't a count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NumberError {
    /// It isn't a number, or has an unknown suffix.
    Invalid,
    /// It doesn't fit into 64 bits (`EOVERFLOW`).
    TooLarge,
}

/// A count with an optional suffix: `b` is 512, `K M G T P E` are powers of 1024, with a `B` behind them powers of 1000.
///
/// ```
/// use userland::libc::{NumberError, parse_count};
/// assert_eq!(parse_count(b"12"), Ok(12));
/// assert_eq!(parse_count(b"2K"), Ok(2048));
/// assert_eq!(parse_count(b"2kB"), Ok(2000));
/// assert_eq!(parse_count(b"x"), Err(NumberError::Invalid));
/// assert_eq!(parse_count(b"99999999999999999999"), Err(NumberError::TooLarge));
/// ```
///
/// # Errors
/// Not a count, or too large.
pub fn parse_count(text: &[u8]) -> Result<u64, NumberError> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = match &text[digits..] {
        [] => 1,
        b"b" => 512,
        [letter] | [letter, b'i', b'B'] => power(1024, *letter)?,
        [letter, b'B'] => power(1000, *letter)?,
        _ => return Err(NumberError::Invalid),
    };
    // A suffix alone is one of it.
    let number = match parse_digits(&text[..digits]) {
        None if digits == 0 && unit == 1 => return Err(NumberError::Invalid),
        None if digits == 0 => 1,
        None => return Err(NumberError::TooLarge),
        Some(number) => number,
    };
    number.checked_mul(unit).ok_or(NumberError::TooLarge)
}

fn power(base: u64, letter: u8) -> Result<u64, NumberError> {
    let exponent = match letter {
        b'k' | b'K' => 1,
        b'm' | b'M' => 2,
        b'G' => 3,
        b'T' => 4,
        b'P' => 5,
        b'E' => 6,
        b'Z' | b'Y' => return Err(NumberError::TooLarge),
        _ => return Err(NumberError::Invalid),
    };
    Ok(base.pow(exponent))
}

fn parse_digits(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// A whole number with an optional sign; `None` if it isn't one or doesn't fit.
pub fn parse_number(text: &[u8]) -> Option<i64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_suffixes() {
        assert_eq!(parse_count(b"b"), Ok(512));
        assert_eq!(parse_count(b"1MiB"), Ok(1 << 20));
        assert_eq!(parse_count(b"1E"), Ok(1 << 60));
        assert_eq!(parse_count(b"16E"), Err(NumberError::TooLarge));
        for wrong in [&b""[..], b"-1", b"1z", b"1KK", b" 1", b"1.5"] {
            assert_eq!(parse_count(wrong), Err(NumberError::Invalid), "{wrong:?}");
        }
    }
}
