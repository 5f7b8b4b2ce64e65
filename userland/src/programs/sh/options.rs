//! The shell's options: `set -m`, `set -o monitor`, `$-`.

use alloc::string::String;

/// What is switched on.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Options {
    /// `-c`: commands came as an argument.
    pub(super) command: bool,
    /// `-i`: someone sits in front of it.
    pub(super) interactive: bool,
    /// `-m`: job control.
    pub(super) monitor: bool,
    /// `-s`: commands come from standard input.
    pub(super) stdin: bool,
}

impl Options {
    /// What stands for `$-`.
    pub(super) fn letters(&self) -> String {
        let all = [('c', self.command), ('i', self.interactive), ('m', self.monitor), ('s', self.stdin)];
        all.into_iter().filter(|&(_, on)| on).map(|(letter, _)| letter).collect()
    }

    /// As bits, for a checkpoint.
    pub(super) fn bits(&self) -> i64 {
        let all = [self.command, self.interactive, self.monitor, self.stdin];
        all.into_iter().rev().fold(0, |bits, on| bits * 2 + i64::from(on))
    }

    /// From such bits.
    pub(super) fn from_bits(bits: i64) -> Options {
        let on = |bit: i64| bits >> bit & 1 != 0;
        Options { command: on(0), interactive: on(1), monitor: on(2), stdin: on(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_bits() {
        let options = Options { interactive: true, stdin: true, ..Options::default() };
        assert_eq!(options.letters(), "is");
        assert_eq!(Options::from_bits(options.bits()), options);
    }
}
