//! Invariants about the terminal.

use crate::invariants::{Broken, holds};
use crate::kernel::Kernel;
use crate::tty::Terminal;

impl Kernel {
    pub(super) fn terminal_is_sound(&self) -> Result<(), Broken> {
        if !self.tty.present {
            return holds(*self.tty == Terminal::ABSENT, 0);
        }
        holds(self.tty.input.is_sound(self.tty.is_canonical()), 0)
    }

    pub(super) fn sessions_have_the_terminal(&self) -> Result<(), Broken> {
        if !self.tty.present {
            return Ok(());
        }
        holds(self.tty.session.is_some() == self.tty.foreground.is_some(), 0)?;
        if let Some(session) = self.tty.session {
            let leader = self.numbers.table.get(session).and_then(|number| number.process).ok_or(session.index())?;
            let leader = self.processes.at(leader);
            holds(!leader.is_zombie() && leader.session == session, session.index())?;
        }
        for (slot, process) in self.processes.iter().filter(|(_, process)| process.has_terminal) {
            let session = Some(process.session);
            holds(self.tty.session == session && !self.console.ended && !process.is_zombie(), slot.index())?;
        }
        Ok(())
    }
}
