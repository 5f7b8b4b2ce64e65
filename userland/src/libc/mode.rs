//! Modes as people write and read them: `rwxr-xr-x`, `755`, `u+x` (`chmod(1)`).

use abi::{S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFSOCK, S_ISGID, S_ISUID, S_ISVTX};

/// Type and mode as `ls -l` shows them.
///
/// ```
/// use userland::libc::show_mode;
/// assert_eq!(&show_mode(0o041777), b"drwxrwxrwt");
/// assert_eq!(&show_mode(0o010640), b"prw-r-----");
/// ```
pub fn show_mode(mode: u32) -> [u8; 10] {
    let mut text = *b"-rwxrwxrwx";
    text[0] = match mode & S_IFMT {
        S_IFDIR => b'd',
        S_IFIFO => b'p',
        S_IFCHR => b'c',
        S_IFBLK => b'b',
        S_IFSOCK => b's',
        _ => b'-',
    };
    for (bit, letter) in text[1..].iter_mut().rev().enumerate() {
        if mode >> bit & 1 == 0 {
            *letter = b'-';
        }
    }
    for (bit, at, letter) in [(S_ISUID, 3, b's'), (S_ISGID, 6, b's'), (S_ISVTX, 9, b't')] {
        if mode & bit != 0 {
            text[at] = if text[at] == b'x' { letter } else { letter.to_ascii_uppercase() };
        }
    }
    text
}

/// The mode that a text makes of another: octal, or clauses such as `u+rw,go-w` (`chmod(1)`). Where a clause names nobody,
/// the bits of `umask` aren't touched. `None`: it is no mode.
///
/// ```
/// use userland::libc::parse_mode;
/// assert_eq!(parse_mode(b"4755", 0, 0o022, false), Some(0o4755));
/// assert_eq!(parse_mode(b"u+x,go=r", 0o666, 0o022, false), Some(0o744));
/// assert_eq!(parse_mode(b"8", 0, 0, false), None);
/// ```
pub fn parse_mode(text: &[u8], old: u32, umask: u32, is_directory: bool) -> Option<u32> {
    if !text.is_empty() && text.iter().all(|byte| (b'0'..=b'7').contains(byte)) {
        let mode = text.iter().fold(0u32, |mode, digit| mode.saturating_mul(8).saturating_add(u32::from(digit - b'0')));
        return (mode <= 0o7777).then_some(mode);
    }
    let mut mode = old & 0o7777;
    for clause in text.split(|&byte| byte == b',') {
        mode = apply_clause(clause, mode, umask, is_directory)?;
    }
    Some(mode)
}

fn apply_clause(clause: &[u8], old: u32, umask: u32, is_directory: bool) -> Option<u32> {
    let who_length = clause.iter().take_while(|byte| b"ugoa".contains(byte)).count();
    let (who, mut rest) = clause.split_at(who_length);
    let mut affected = who.iter().fold(0, |bits, who| bits | whose(*who));
    let mut spared = 0;
    if who.is_empty() {
        (affected, spared) = (0o7777, umask);
    }
    let mut mode = old;
    if rest.is_empty() {
        return None;
    }
    while let [operator, behind @ ..] = rest {
        let length = behind.iter().take_while(|byte| !b"+-=".contains(byte)).count();
        let (permissions, following) = behind.split_at(length);
        rest = following;
        let mut bits = 0;
        for permission in permissions {
            bits |= match permission {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                b'X' if is_directory || mode & 0o111 != 0 => 0o111,
                b'X' => 0,
                b's' => S_ISUID | S_ISGID,
                b't' => S_ISVTX,
                b'u' => (mode >> 6 & 7) * 0o111,
                b'g' => (mode >> 3 & 7) * 0o111,
                b'o' => (mode & 7) * 0o111,
                _ => return None,
            };
        }
        let bits = bits & affected & !spared;
        mode = match operator {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            b'=' => mode & !(affected & 0o777 | if who.is_empty() { 0 } else { affected & 0o7000 }) | bits,
            _ => return None,
        };
    }
    Some(mode)
}

fn whose(who: u8) -> u32 {
    match who {
        b'u' => S_ISUID | 0o700,
        b'g' => S_ISGID | 0o070,
        b'o' => S_ISVTX | 0o007,
        _ => 0o7777,
    }
}
