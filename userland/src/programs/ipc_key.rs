//! Keys, identifiers and slots of System V IPC as `ipcs(1)`, `ipcrm(1)` and `ipcmk(1)` have them.

use abi::IpcFlags;

/// Only the object with a key, which isn't made.
pub(super) const EXISTING: IpcFlags = IpcFlags::empty();

/// A key or an identifier: decimal, or hexadecimal behind `0x`, or octal behind `0` (`strtoul(3)`).
pub(super) fn parse(text: &[u8]) -> Option<i32> {
    let text = core::str::from_utf8(text).ok()?;
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    // A key is shown, and so typed, as if it had no sign.
    u32::from_str_radix(digits, radix).ok().map(|number| number as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_typed_as_they_are_shown() {
        assert_eq!(parse(b"12"), Some(12));
        assert_eq!(parse(b"0x12"), Some(18));
        assert_eq!(parse(b"012"), Some(10));
        assert_eq!(parse(b"0"), Some(0));
        assert_eq!(parse(b"0xffffffff"), Some(-1));
        for wrong in [&b""[..], b"0x", b"-1", b"0x-1", b"+1", b"x", b"08", b"0x100000000", b"1 "] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
