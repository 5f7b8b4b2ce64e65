//! Moves: what one process does next, or what comes from outside. A move is concrete: it says which process, and every
//! argument as it is, so that it means the same when moves before it are left out.

use std::fmt;

use crate::fuzz::coverage::Row;

/// Bytes that one move can put into memory for its arguments.
pub const DATA_BYTES: usize = 320;

/// A process, by a name that its birth gave it. PID 1 is `a`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u16);

impl Name {
    /// PID 1.
    pub const FIRST: Name = Name(0);

    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// From its letters: `a` to `z`, then `aa` and on.
    pub fn parse(text: &str) -> Option<Name> {
        let mut value = 0_u32;
        for letter in text.bytes() {
            if !letter.is_ascii_lowercase() || value > u32::from(u16::MAX) {
                return None;
            }
            value = value * 26 + u32::from(letter - b'a') + 1;
        }
        u16::try_from(value.checked_sub(1)?).ok().map(Name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut letters) = (u32::from(self.0) + 1, heapless::String::<4>::new());
        while rest > 0 {
            rest -= 1;
            // Four letters are enough for any of them.
            let _ = letters.push(char::from(b'a' + (rest % 26) as u8));
            rest /= 26;
        }
        letters.chars().rev().try_for_each(|letter| write!(f, "{letter}"))
    }
}

/// One argument of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// This number.
    Number(u64),
    /// The process id of a process, or its negative: the process group.
    Pid {
        /// Of whom.
        of: Name,
        /// Whether it is negated.
        negative: bool,
    },
    /// The address of these bytes of the move's data, put into memory before the call.
    Data {
        /// Where they begin in the move's data.
        start: u16,
        /// How many they are.
        bytes: u16,
        /// Bytes of one number: 1, 2, 4 or 8. Only for printing.
        width: u8,
    },
    /// The address of a string of so many letters `x`.
    Long(u16),
    /// The address of an array of so many addresses of such a string, ended by a null.
    Strings {
        /// How many.
        count: u16,
        /// How many letters the string has.
        letters: u16,
    },
    /// An address in a room of three pages for what calls write.
    Room(u16),
}

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum What {
    /// A system call of the table.
    Call {
        /// Which.
        row: Row,
        /// Its arguments; those that it doesn't have are 0.
        arguments: [Value; 6],
    },
    /// A system call by a number that may not exist.
    Unknown(u64),
    /// A load from this address.
    Load(u64),
    /// A store of a byte to this address.
    Store(u64),
    /// A misaligned access.
    Misaligned(u64),
    /// A jump to where no code is.
    Jump(u64),
    /// An instruction that doesn't exist.
    Illegal,
    /// A division by zero.
    Divide,
    /// The program breaks the rules of its hart.
    Abort,
    /// The innermost handler returns.
    Leave,
    /// It runs on, up to its next user code, and makes no call.
    Run,
    /// A signal from outside.
    Signal(u8),
    /// So much time passes in which nobody runs.
    Idle(u64),
    /// Bytes arrive at the console: those of the move's data.
    Input,
    /// So many bytes arrive at the console: lines of letters.
    LongInput(u16),
    /// The console's input ends; a terminal hangs up.
    InputEnd,
    /// The terminal's window is resized.
    Resize(u16, u16),
}

impl What {
    /// Whether it comes from outside and needs nobody.
    pub fn is_from_outside(&self) -> bool {
        matches!(self, What::Idle(_) | What::Input | What::LongInput(_) | What::InputEnd | What::Resize(..))
    }
}

/// One move.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Move {
    /// Who makes it, or whom a signal from outside is for. Of no matter for what needs nobody.
    pub who: Name,
    /// What a child is called that comes of it.
    pub child: Option<Name>,
    /// What it is.
    pub what: What,
    /// Bytes that its arguments point to.
    pub data: heapless::Vec<u8, DATA_BYTES>,
}

impl Move {
    /// A move without data.
    pub fn new(who: Name, what: What) -> Move {
        Move { who, child: None, what, data: heapless::Vec::new() }
    }

    /// Adds bytes for an argument to point to; `None` if there are too many.
    pub fn add(&mut self, bytes: &[u8], width: u8) -> Option<Value> {
        let start = self.data.len();
        self.data.extend_from_slice(bytes).ok()?;
        Some(Value::Data { start: start as u16, bytes: bytes.len() as u16, width })
    }

    /// Does something with each process that it names, but its child.
    pub(super) fn for_each_name(&mut self, mut each: impl FnMut(&mut Name)) {
        each(&mut self.who);
        if let What::Call { arguments, .. } = &mut self.what {
            for value in arguments {
                if let Value::Pid { of, .. } = value {
                    each(of);
                }
            }
        }
    }

    /// Bytes of its data.
    pub fn bytes(&self, start: u16, bytes: u16) -> &[u8] {
        self.data.get(usize::from(start)..usize::from(start) + usize::from(bytes)).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_letters_and_back() {
        for (number, letters) in [(0, "a"), (25, "z"), (26, "aa"), (27, "ab"), (701, "zz"), (702, "aaa")] {
            assert_eq!(Name(number).to_string(), letters);
            assert_eq!(Name::parse(letters), Some(Name(number)));
        }
        for wrong in ["", "A", "a1", "zzzz"] {
            assert_eq!(Name::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Name::parse(&Name(u16::MAX).to_string()), Some(Name(u16::MAX)));
    }
}
