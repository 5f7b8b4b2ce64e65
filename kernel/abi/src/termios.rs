//! The terminal's settings as programs see them (`termios(3)`, `ioctl_tty(2)`): modes, control characters, window size.

use core::fmt;

use crate::Layout;
use crate::layout::layouts;

macro_rules! mode_sets {
    ($($(#[$doc:meta])* $name:ident { $($(#[$flag_doc:ident $($flag_args:tt)*])* $flag:ident = $value:expr;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(u32);

        bitflags::bitflags! {
            impl $name: u32 {
                $($(#[$flag_doc $($flag_args)*])* const $flag = $value;)*
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.is_empty() { f.write_str("0") } else { bitflags::parser::to_writer(self, f) }
            }
        }

        impl Layout for $name {
            const NAME: &'static str = "tcflag_t";
            const SIZE: usize = 4;
            fn store(&self, bytes: &mut [u8]) {
                self.0.store(bytes);
            }
            fn load(bytes: &[u8]) -> Self {
                $name(u32::load(bytes))
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    )*};
}

mode_sets! {
    /// How input is treated (`c_iflag`).
    InputModes {
        /// Ignore breaks. Kept, without effect: no line that could break.
        IGNBRK = 0o1;
        /// A break is a SIGINT. Kept, without effect.
        BRKINT = 0o2;
        /// Ignore bytes with wrong parity. Kept, without effect.
        IGNPAR = 0o4;
        /// Mark bytes with wrong parity: a byte 255 is read twice.
        PARMRK = 0o10;
        /// Check parity. Kept, without effect.
        INPCK = 0o20;
        /// Strip the eighth bit.
        ISTRIP = 0o40;
        /// A newline becomes a carriage return.
        INLCR = 0o100;
        /// Carriage returns are ignored.
        IGNCR = 0o200;
        /// A carriage return becomes a newline.
        ICRNL = 0o400;
        /// Upper case becomes lower case, with `IEXTEN`.
        IUCLC = 0o1000;
        /// STOP and START hold output back and let it go on.
        IXON = 0o2000;
        /// Any byte lets output go on.
        IXANY = 0o4000;
        /// Hold the sender back with STOP and START. Kept, without effect.
        IXOFF = 0o10000;
        /// Ring the bell if too much is typed. Without effect, as on Linux.
        IMAXBEL = 0o20000;
        /// Input is UTF-8: ERASE takes whole characters.
        IUTF8 = 0o40000;
    }
    /// How output is treated (`c_oflag`).
    OutputModes {
        /// The flags below count.
        OPOST = 0o1;
        /// Lower case becomes upper case.
        OLCUC = 0o2;
        /// A newline becomes carriage return and newline.
        ONLCR = 0o4;
        /// A carriage return becomes a newline.
        OCRNL = 0o10;
        /// No carriage return at column 0.
        ONOCR = 0o20;
        /// A newline goes back to column 0 by itself.
        ONLRET = 0o40;
        /// Tabs become spaces (all bits of it), `XTABS`.
        TAB3 = 0o14000;
    }
    /// The line (`c_cflag`). Kept, without effect.
    ControlModes {
        /// 38,400 baud.
        B38400 = 0o17;
        /// Eight bits (all bits of it).
        CS8 = 0o60;
        /// Two stop bits.
        CSTOPB = 0o100;
        /// The receiver is on.
        CREAD = 0o200;
        /// There is a parity bit.
        PARENB = 0o400;
        /// Hang up at the last close.
        HUPCL = 0o2000;
        /// No modem to watch.
        CLOCAL = 0o4000;
    }
    /// What the line discipline does (`c_lflag`).
    LocalModes {
        /// INTR, QUIT and SUSP are signals.
        ISIG = 0o1;
        /// Input comes in lines that can be edited.
        ICANON = 0o2;
        /// Input is echoed.
        ECHO = 0o10;
        /// ERASE and WERASE take what they erase from the screen.
        ECHOE = 0o20;
        /// KILL ends the line on the screen.
        ECHOK = 0o40;
        /// A newline is echoed even without `ECHO`.
        ECHONL = 0o100;
        /// INTR, QUIT and SUSP throw nothing away.
        NOFLSH = 0o200;
        /// Background processes that write are stopped.
        TOSTOP = 0o400;
        /// Control characters are echoed as `^C`.
        ECHOCTL = 0o1000;
        /// Erased characters are printed while they are erased, for paper.
        ECHOPRT = 0o2000;
        /// KILL takes the line from the screen.
        ECHOKE = 0o4000;
        /// WERASE, REPRINT, LNEXT, EOL2 and `IUCLC` count.
        IEXTEN = 0o100000;
    }
}

/// Places in [`ControlCharacters`]. 0 as a character means that there is none (`_POSIX_VDISABLE`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
// What each is for is in `termios(3)`, under the same name.
#[allow(missing_docs)]
pub enum ControlCharacter {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
}

/// The control characters, with `VMIN` and `VTIME` among them (`c_cc`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ControlCharacters(pub [u8; 19]);

impl ControlCharacters {
    /// Those of a new terminal.
    pub const DEFAULT: ControlCharacters =
        ControlCharacters([3, 0o34, 0o177, 0o25, 4, 0, 1, 0, 0o21, 0o23, 0o32, 0, 0o22, 0o17, 0o27, 0o26, 0, 0, 0]);

    /// One of them.
    pub fn get(&self, which: ControlCharacter) -> u8 {
        self.0.get(which as usize).copied().unwrap_or(0)
    }

    /// Changes one of them.
    pub fn set(&mut self, which: ControlCharacter, value: u8) {
        if let Some(place) = self.0.get_mut(which as usize) {
            *place = value;
        }
    }
}

impl Layout for ControlCharacters {
    const NAME: &'static str = "cc_t";
    const SIZE: usize = 19;
    fn store(&self, bytes: &mut [u8]) {
        self.0.store(bytes);
    }
    fn load(bytes: &[u8]) -> Self {
        ControlCharacters(Layout::load(bytes))
    }
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, character) in self.0.iter().enumerate() {
            write!(f, "{}{character:#x}", if i == 0 { "" } else { " " })?;
        }
        f.write_str("]")
    }
}

layouts! {
    /// The settings of a terminal (`termios(3)`), as the kernel's calls take them.
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    Termios = "struct termios" {
        /// How input is treated (`c_iflag`).
        input: InputModes,
        /// How output is treated (`c_oflag`).
        output: OutputModes,
        /// The line (`c_cflag`).
        control: ControlModes,
        /// What the line discipline does (`c_lflag`).
        local: LocalModes,
        /// The line discipline's number (`c_line`): 0.
        line: u8,
        /// The control characters (`c_cc`).
        characters: ControlCharacters,
    }
    /// The size of a terminal's window (`TIOCGWINSZ`).
    #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
    WindowSize = "struct winsize" {
        /// Lines.
        rows: u16,
        /// Characters in a line.
        columns: u16,
        /// Width in pixels; nobody sets it.
        width: u16,
        /// Height in pixels; nobody sets it.
        height: u16,
    }
}

impl Termios {
    /// The settings of a new terminal: those of Linux, for UTF-8.
    pub const DEFAULT: Termios = Termios {
        input: InputModes::ICRNL.union(InputModes::IXON).union(InputModes::IUTF8),
        output: OutputModes::OPOST.union(OutputModes::ONLCR),
        control: ControlModes::B38400.union(ControlModes::CS8).union(ControlModes::CREAD).union(ControlModes::HUPCL),
        local: LocalModes::ISIG
            .union(LocalModes::ICANON)
            .union(LocalModes::ECHO)
            .union(LocalModes::ECHOE)
            .union(LocalModes::ECHOK)
            .union(LocalModes::ECHOCTL)
            .union(LocalModes::ECHOKE)
            .union(LocalModes::IEXTEN),
        line: 0,
        characters: ControlCharacters::DEFAULT,
    };

    /// Makes it raw: every byte is input at once, as it came, and nothing is echoed (`cfmakeraw(3)`).
    pub fn make_raw(&mut self) {
        self.input -= InputModes::IGNBRK
            | InputModes::BRKINT
            | InputModes::PARMRK
            | InputModes::ISTRIP
            | InputModes::INLCR
            | InputModes::IGNCR
            | InputModes::ICRNL
            | InputModes::IXON;
        self.output -= OutputModes::OPOST;
        self.local -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
        self.control = (self.control - ControlModes::PARENB) | ControlModes::CS8;
        self.characters.set(ControlCharacter::VMIN, 1);
        self.characters.set(ControlCharacter::VTIME, 0);
    }
}

/// `TCFLSH`: throw away what was typed and not read.
pub const TCIFLUSH: u64 = 0;
/// `TCFLSH`: throw away what was written and not sent: nothing.
pub const TCOFLUSH: u64 = 1;
/// `TCFLSH`: both.
pub const TCIOFLUSH: u64 = 2;
/// `TCXONC`: hold output back.
pub const TCOOFF: u64 = 0;
/// `TCXONC`: let output go on.
pub const TCOON: u64 = 1;
/// `TCXONC`: send a STOP character.
pub const TCIOFF: u64 = 2;
/// `TCXONC`: send a START character.
pub const TCION: u64 = 3;

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;

    use super::*;
    use crate::Structure;

    #[test]
    fn sizes_and_settings_are_those_of_linux() {
        assert_eq!((Termios::SIZE, WindowSize::SIZE), (36, 8));
        let Termios { input, output, control, local, characters, .. } = Termios::DEFAULT;
        assert_eq!(input - InputModes::IUTF8, InputModes::from_bits_retain(0o2400));
        assert_eq!((output.bits(), control.bits(), local.bits()), (0o5, 0o2277, 0o105073));
        assert_eq!(characters.get(ControlCharacter::VSUSP), 0x1a);
        assert_eq!(characters.get(ControlCharacter::VMIN), 1);
    }

    #[test]
    fn settings_print_by_name() {
        let mut raw = Termios::DEFAULT;
        raw.make_raw();
        let mut bytes = [0; Termios::SIZE];
        raw.store(&mut bytes);
        assert_eq!(Termios::load(&bytes), raw);
        let text = Structure::of::<Termios>().show(&bytes).to_string();
        assert!(text.starts_with("{input=IUTF8, output=ONLCR, control="), "{text}");
        assert!(text.contains("local=ECHOE | ECHOK | ECHOCTL | ECHOKE, line=0, characters=[0x3 0x1c "), "{text}");
    }
}
