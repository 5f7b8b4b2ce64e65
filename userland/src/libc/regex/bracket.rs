//! Bracket expressions: `[abc]`, `[^a-z]`, `[[:digit:]_]` (POSIX.1-2024 §9.3.5).

use super::ByteSet;
use crate::libc::{Class, in_class};

/// The set behind an opening bracket, and how many bytes it takes up with its closing one.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &[u8]) -> Result<(ByteSet, usize), &'static str> {
    let negated = text.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let first = at;
    let mut set = ByteSet::EMPTY;
    loop {
        match text.get(at..).unwrap_or_default() {
            [] => return Err("Unmatched [, [^, [:, [., or [="),
            [b']', ..] if at > first => {
                // A negated set doesn't match the end of a line either.
                let set = if negated { set.complement() } else { set };
                return Ok((set, at + 1));
            }
            [b'[', b':', rest @ ..] => {
                let end = find_end(rest, b':')?;
                let class = Class::from_name(&rest[..end]).ok_or("Invalid character class name")?;
                (0..=255).filter(|&byte| in_class(class, byte)).for_each(|byte| set.insert(byte));
                at += end + 4;
            }
            rest => {
                let (low, length) = element(rest)?;
                at += length;
                match text.get(at..).unwrap_or_default() {
                    [b'-', end, ..] if *end != b']' => {
                        let (high, length) = element(&text[at + 1..])?;
                        if high < low {
                            return Err("Invalid range end");
                        }
                        (low..=high).for_each(|byte| set.insert(byte));
                        at += 1 + length;
                    }
                    _ => set.insert(low),
                }
            }
        }
    }
}

/// One character, which may be written `[.x.]` or `[=x=]`.
fn element(text: &[u8]) -> Result<(u8, usize), &'static str> {
    match text {
        [b'[', mark @ (b'.' | b'='), rest @ ..] => {
            let end = find_end(rest, *mark)?;
            match rest[..end] {
                [byte] => Ok((byte, end + 4)),
                _ => Err("Invalid collation character"),
            }
        }
        [byte, ..] => Ok((*byte, 1)),
        [] => Err("Unmatched [, [^, [:, [., or [="),
    }
}

/// Where `:]` (or `.]`, `=]`) stands.
fn find_end(text: &[u8], mark: u8) -> Result<usize, &'static str> {
    text.windows(2).position(|pair| pair == [mark, b']']).ok_or("Unmatched [, [^, [:, [., or [=")
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn members(text: &str) -> String {
        let (set, length) = parse(text.as_bytes()).unwrap();
        assert_eq!(length, text.len());
        (b' '..=b'~').filter(|&byte| set.has(byte)).map(char::from).collect()
    }

    #[test]
    fn ranges_classes_and_odd_places() {
        assert_eq!(members("ac-e]"), "acde");
        assert_eq!(members("]a]"), "]a");
        assert_eq!(members("a-]"), "-a");
        assert_eq!(members("[:digit:]x]"), "0123456789x");
        assert_eq!(members("[.-.]a]"), "-a");
        assert_eq!(members("\\n]"), "\\n");
        assert_eq!(members("^ -}]"), "~");
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parse(b"abc").is_err());
        assert!(parse(b"[:foo:]]").is_err());
        assert!(parse(b"z-a]").is_err());
    }
}
