//! Character classes of the POSIX locale (`ctype.h`, `[:alpha:]` and the like in `tr` and regular expressions).

/// A class of characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Class {
    Alnum,
    Alpha,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
}

impl Class {
    /// The class with this name.
    ///
    /// ```
    /// use userland::libc::{Class, in_class};
    /// assert_eq!(Class::from_name(b"upper"), Some(Class::Upper));
    /// assert!(in_class(Class::Upper, b'A'));
    /// ```
    pub fn from_name(name: &[u8]) -> Option<Class> {
        Some(match name {
            b"alnum" => Class::Alnum,
            b"alpha" => Class::Alpha,
            b"blank" => Class::Blank,
            b"cntrl" => Class::Cntrl,
            b"digit" => Class::Digit,
            b"graph" => Class::Graph,
            b"lower" => Class::Lower,
            b"print" => Class::Print,
            b"punct" => Class::Punct,
            b"space" => Class::Space,
            b"upper" => Class::Upper,
            b"xdigit" => Class::Xdigit,
            _ => return None,
        })
    }
}

/// Whether `byte` is in `class`.
pub fn in_class(class: Class, byte: u8) -> bool {
    match class {
        Class::Alnum => byte.is_ascii_alphanumeric(),
        Class::Alpha => byte.is_ascii_alphabetic(),
        Class::Blank => matches!(byte, b' ' | b'\t'),
        Class::Cntrl => byte.is_ascii_control(),
        Class::Digit => byte.is_ascii_digit(),
        Class::Graph => byte.is_ascii_graphic(),
        Class::Lower => byte.is_ascii_lowercase(),
        Class::Print => matches!(byte, b' '..=b'~'),
        Class::Punct => byte.is_ascii_punctuation(),
        Class::Space => matches!(byte, b' ' | b'\t'..=b'\r'),
        Class::Upper => byte.is_ascii_uppercase(),
        Class::Xdigit => byte.is_ascii_hexdigit(),
    }
}
