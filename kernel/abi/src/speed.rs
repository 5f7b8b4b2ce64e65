//! Baud rates, which a terminal's settings carry (`termios(3)`, "Line speed"). The console has no line to which they could
//! matter: they are kept.

use crate::{ControlModes, Errno, Termios};

/// The bits of a rate in the control modes: `CBAUD`, with `CBAUDEX`.
const MASK: u32 = 0o10017;
/// `CBAUDEX`: set in the rates that POSIX doesn't name.
const EXTENDED: u32 = 0o10000;
/// How far the bits of the input rate are shifted (`IBSHIFT`). 0 there stands for the output rate.
const INPUT_SHIFT: u32 = 16;

/// POSIX's rates: the n-th is the bits n.
const POSIX: [u32; 16] = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
/// Those beyond: the n-th is the bits n + 1, with `CBAUDEX`.
const BEYOND: [u32; 15] = [
    57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000, 2_000_000,
    2_500_000, 3_000_000, 3_500_000, 4_000_000,
];

/// The bits that stand for a rate.
fn bits(baud: u32) -> Result<u32, Errno> {
    let posix = (0..).zip(POSIX).find(|(_, rate)| *rate == baud).map(|(bits, _)| bits);
    let beyond = (1..).zip(BEYOND).find(|(_, rate)| *rate == baud).map(|(bits, _)| bits | EXTENDED);
    posix.or(beyond).ok_or(Errno::EINVAL)
}

fn rate(bits: u32) -> u32 {
    let place = (bits & !EXTENDED) as usize;
    let rate = match bits & EXTENDED {
        0 => POSIX.get(place),
        _ => BEYOND.get(place.wrapping_sub(1)),
    };
    rate.copied().unwrap_or(0)
}

impl Termios {
    /// The rate of output in baud (`cfgetospeed`). 0 is `B0`: hang up.
    ///
    /// ```
    /// use abi::Termios;
    /// let mut settings = Termios::DEFAULT;
    /// assert_eq!((settings.output_speed(), settings.input_speed()), (38_400, 38_400));
    /// settings.set_output_speed(115_200).unwrap();
    /// settings.set_input_speed(9_600).unwrap();
    /// assert_eq!((settings.output_speed(), settings.input_speed()), (115_200, 9_600));
    /// ```
    pub fn output_speed(&self) -> u32 {
        rate(self.control.bits() & MASK)
    }

    /// The rate of input in baud (`cfgetispeed`): that of output if none was set.
    pub fn input_speed(&self) -> u32 {
        match self.control.bits() >> INPUT_SHIFT & MASK {
            0 => self.output_speed(),
            bits => rate(bits),
        }
    }

    /// Sets the rate of output (`cfsetospeed`).
    ///
    /// # Errors
    /// `EINVAL`: there is no constant for this rate.
    pub fn set_output_speed(&mut self, baud: u32) -> Result<(), Errno> {
        let kept = self.control.bits() & !MASK;
        self.control = ControlModes::from_bits_retain(kept | bits(baud)?);
        Ok(())
    }

    /// Sets the rate of input (`cfsetispeed`); 0 makes it that of output, whatever that is.
    ///
    /// # Errors
    /// As [`Termios::set_output_speed`].
    pub fn set_input_speed(&mut self, baud: u32) -> Result<(), Errno> {
        let kept = self.control.bits() & !(MASK << INPUT_SHIFT);
        self.control = ControlModes::from_bits_retain(kept | bits(baud)? << INPUT_SHIFT);
        Ok(())
    }

    /// Sets both (`cfsetspeed`).
    ///
    /// # Errors
    /// As [`Termios::set_output_speed`].
    pub fn set_speed(&mut self, baud: u32) -> Result<(), Errno> {
        self.set_output_speed(baud)?;
        self.set_input_speed(baud)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_those_of_the_page() {
        // As Linux's generic ABI has them.
        for (baud, expected) in [(0, 0), (50, 1), (9600, 0o15), (38_400, 0o17), (57_600, 0o10001), (4_000_000, 0o10017)]
        {
            assert_eq!((bits(baud), rate(expected)), (Ok(expected), baud));
        }
        for baud in POSIX.into_iter().chain(BEYOND) {
            assert_eq!(rate(bits(baud).unwrap()), baud);
            assert_eq!(bits(baud).unwrap() & EXTENDED != 0, baud >= 57_600);
        }
        for wrong in [1, 14_400, u32::MAX] {
            assert_eq!(bits(wrong), Err(Errno::EINVAL));
        }
    }

    #[test]
    fn an_input_speed_of_0_is_that_of_output() {
        let mut settings = Termios::DEFAULT;
        settings.set_speed(9600).unwrap();
        settings.set_output_speed(300).unwrap();
        assert_eq!((settings.output_speed(), settings.input_speed()), (300, 9600));
        settings.set_input_speed(0).unwrap();
        assert_eq!(settings.input_speed(), 300);
        assert_eq!(settings.set_speed(7), Err(Errno::EINVAL));
        // Nothing else is touched.
        settings.set_speed(38_400).unwrap();
        settings.set_input_speed(0).unwrap();
        assert_eq!(settings, Termios::DEFAULT);
    }
}
