//! The state of the terminal.

use abi::{
    ControlCharacter, ControlCharacters, ControlModes, InputModes, LocalModes, OutputModes, Termios, WindowSize,
};

use crate::ids::NumberNo;
use crate::sched::wait_queue::WaitQueue;
use crate::tty::queue::InputQueue;

/// The terminal. Who waits for its input stands in the console's queue.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Terminal {
    /// The console is a terminal.
    pub present: bool,
    /// Its settings.
    pub settings: Termios,
    /// The size of its window.
    pub window: WindowSize,
    /// The session whose controlling terminal it is: its leader lives. After a hang-up, the one whose it was.
    pub session: Option<NumberNo>,
    /// The foreground process group of that session. It may have become empty.
    pub foreground: Option<NumberNo>,
    /// What was typed and not read.
    pub input: InputQueue,
    /// Where the cursor stands.
    pub column: u32,
    /// Where it stood when the line was begun that is being typed.
    pub line_column: u32,
    /// The next byte stands for itself (LNEXT).
    pub literal_next: bool,
    /// Erased characters are being printed (`ECHOPRT`).
    pub printing_erased: bool,
    /// STOP was typed: output waits.
    pub stopped: bool,
    /// A program holds output back (`TCOOFF`).
    pub held: bool,
    /// Who waits to write.
    pub waiting_writers: WaitQueue,
}

impl Clone for Terminal {
    fn clone(&self) -> Self {
        Terminal { input: self.input.clone(), ..*self }
    }

    fn clone_from(&mut self, from: &Self) {
        let Terminal { input, .. } = self;
        input.clone_from(&from.input);
        let Terminal {
            present,
            settings,
            window,
            session,
            foreground,
            input: _,
            column,
            line_column,
            literal_next,
            printing_erased,
            stopped,
            held,
            waiting_writers,
        } = *from;
        (self.present, self.settings, self.window) = (present, settings, window);
        (self.session, self.foreground) = (session, foreground);
        (self.column, self.line_column) = (column, line_column);
        (self.literal_next, self.printing_erased) = (literal_next, printing_erased);
        (self.stopped, self.held, self.waiting_writers) = (stopped, held, waiting_writers);
    }
}

impl Terminal {
    /// There is none: all zero, as everything is before boot.
    pub(crate) const ABSENT: Terminal = Terminal {
        present: false,
        settings: Termios {
            input: InputModes::empty(),
            output: OutputModes::empty(),
            control: ControlModes::empty(),
            local: LocalModes::empty(),
            line: 0,
            characters: ControlCharacters([0; 19]),
        },
        window: WindowSize { rows: 0, columns: 0, width: 0, height: 0 },
        session: None,
        foreground: None,
        input: InputQueue::EMPTY,
        column: 0,
        line_column: 0,
        literal_next: false,
        printing_erased: false,
        stopped: false,
        held: false,
        waiting_writers: WaitQueue::EMPTY,
    };

    /// A new one, with a window of this size.
    pub(crate) fn switch_on(&mut self, window: WindowSize) {
        (self.present, self.settings, self.window) = (true, Termios::DEFAULT, window);
    }

    /// Whether something can be read.
    pub fn is_readable(&self) -> bool {
        if self.is_canonical() { self.input.has_line() } else { !self.input.is_empty() }
    }

    /// Whether output waits.
    pub fn output_waits(&self) -> bool {
        self.stopped || self.held
    }

    /// Whether input comes in lines.
    pub(crate) fn is_canonical(&self) -> bool {
        self.local(LocalModes::ICANON)
    }

    pub(crate) fn local(&self, mode: LocalModes) -> bool {
        self.settings.local.contains(mode)
    }

    pub(crate) fn input_mode(&self, mode: InputModes) -> bool {
        self.settings.input.contains(mode)
    }

    pub(crate) fn output_mode(&self, mode: OutputModes) -> bool {
        self.settings.output.contains(mode)
    }

    /// Whether a byte is this control character. One that is 0 is none.
    pub(crate) fn is(&self, byte: u8, which: ControlCharacter) -> bool {
        byte != 0 && self.settings.characters.get(which) == byte
    }

    /// Whether a byte continues a character that has begun.
    pub(crate) fn continues(&self, byte: u8) -> bool {
        self.input_mode(InputModes::IUTF8) && byte & 0xc0 == 0x80
    }

    /// New settings. What was typed is seen by them.
    pub(crate) fn set(&mut self, settings: Termios) {
        let was_canonical = self.is_canonical();
        self.settings = settings;
        if self.is_canonical() != was_canonical {
            self.input.set_canonical(!was_canonical);
            self.literal_next = false;
            self.printing_erased = false;
        }
        if !self.input_mode(InputModes::IXON) {
            self.stopped = false;
        }
    }

    /// Forgets what was typed and not read.
    pub(crate) fn flush_input(&mut self) {
        self.input.clear();
        self.literal_next = false;
        self.printing_erased = false;
    }
}
