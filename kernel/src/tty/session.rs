//! The terminal of a session: how its leader gets and loses it, which of its groups is in the foreground, and what
//! happens when the leader ends or the line is hung up (`credentials(7)`, POSIX.1-2024 §11.1).

use abi::{Errno, Pid, Signal, WindowSize};

use crate::dispatch::Cx;
use crate::host::Host;
use crate::ids::{NumberNo, ProcessNo};
use crate::kernel::Kernel;
use crate::signal::queue::Info;
use crate::thread::QueueName;

impl Kernel {
    /// The caller's session takes the terminal (`TIOCSCTTY`). `steal`: root may take it from another session.
    pub(super) fn take_terminal<H>(&mut self, cx: &Cx<'_, H>, readable: bool, steal: bool) -> Result<(), Errno> {
        let entry = self.processes.at(cx.process);
        let (leads, session, group) = (entry.number == entry.session, entry.session, entry.group);
        let root = entry.credentials.effective_uid == 0;
        if leads && self.tty.session == Some(session) {
            return Ok(());
        }
        let taken = self.tty.session.is_some() && !(steal && root);
        if !leads || entry.has_terminal || taken || !(readable || root) {
            return Err(Errno::EPERM);
        }
        self.forget_terminal();
        self.tty.session = Some(session);
        self.set_foreground(Some(group));
        self.processes.at_mut(cx.process).has_terminal = true;
        Ok(())
    }

    /// The caller gives up its controlling terminal (`TIOCNOTTY`); a leader for its whole session, whose foreground group
    /// hears of it.
    pub(super) fn give_up_terminal<H: Host>(&mut self, cx: &mut Cx<'_, H>) -> Result<(), Errno> {
        if !self.has_terminal(cx.process) {
            return Err(Errno::ENOTTY);
        }
        let entry = self.processes.at(cx.process);
        if entry.number == entry.session {
            if let Some(group) = self.tty.foreground {
                self.signal_group(cx.host, group, Signal::SIGHUP);
                self.signal_group(cx.host, group, Signal::SIGCONT);
            }
            self.forget_terminal();
        }
        self.processes.at_mut(cx.process).has_terminal = false;
        Ok(())
    }

    /// A process ends. If its session's terminal goes with it, the foreground group is told.
    pub(crate) fn leave_terminal<H: Host>(&mut self, host: &mut H, leaving: ProcessNo) {
        let entry = self.processes.at(leaving);
        if self.tty.session == Some(entry.session) && entry.number == entry.session {
            if let Some(group) = self.tty.foreground {
                self.signal_group(host, group, Signal::SIGHUP);
                if self.console.ended {
                    // Its leader heard of the hang-up before; now its stopped members do.
                    self.signal_group(host, group, Signal::SIGCONT);
                }
            }
            self.forget_terminal();
        }
        self.processes.at_mut(leaving).has_terminal = false;
    }

    /// The line is hung up: nothing more comes in or goes out. The session's leader is told, and its members have no
    /// controlling terminal any more.
    pub(crate) fn hang_up_terminal<H: Host>(&mut self, host: &mut H) {
        if self.console.ended {
            return;
        }
        self.console.ended = true;
        self.tty.flush_input();
        let leader = self.tty.session.and_then(|session| self.numbers.table.at(session).process);
        self.processes.for_each_mut(|process| process.has_terminal = false);
        if let Some(leader) = leader {
            for signal in [Signal::SIGHUP, Signal::SIGCONT] {
                self.send_signal(host, leader, Info::kernel(signal, abi::SI_KERNEL));
            }
        }
        self.settle_console(host);
        self.settle_terminal_writers(host);
    }

    /// Nobody has the terminal any more.
    fn forget_terminal(&mut self) {
        if self.tty.session.take().is_some() {
            self.processes.for_each_mut(|process| process.has_terminal = false);
        }
        self.set_foreground(None);
    }

    /// Another group is in the foreground. The terminal keeps its number in use, even if it becomes empty.
    pub(super) fn set_foreground(&mut self, group: Option<NumberNo>) {
        let before = core::mem::replace(&mut self.tty.foreground, group);
        if before == group {
            return;
        }
        if let Some(group) = group {
            self.numbers.table.at_mut(group).foreground = true;
        }
        if let Some(before) = before {
            self.numbers.table.at_mut(before).foreground = false;
            self.numbers.release_if_unused(&mut self.nodes, before);
        }
    }

    /// The group that a caller names as the one to be in the foreground (`TIOCSPGRP`).
    pub(super) fn group_for_foreground<H>(&self, cx: &Cx<'_, H>, pgid: Pid) -> Result<NumberNo, Errno> {
        let pgid = u32::try_from(pgid.0).map_err(|_| Errno::EINVAL)?;
        let session = self.processes.at(cx.process).session;
        if !self.has_terminal(cx.process) || self.tty.session != Some(session) {
            return Err(Errno::ENOTTY);
        }
        let group = self.numbers.find(&self.nodes, pgid).ok_or(Errno::ESRCH)?;
        let number = self.numbers.table.at(group);
        // As Linux, takes a process that leads no group too.
        let of_process = || number.process.map(|process| self.processes.at(process).session);
        match number.session.or_else(of_process) {
            Some(other) if other == session => Ok(group),
            Some(_) => Err(Errno::EPERM),
            // On Linux the number of an empty group is that of nothing.
            None => Err(Errno::ESRCH),
        }
    }

    /// The window has another size: the foreground group is told. From a program, or from the host.
    pub fn resize_terminal<H: Host>(&mut self, host: &mut H, window: WindowSize) {
        if self.tty.present && self.tty.window != window {
            self.tty.window = window;
            if let Some(group) = self.tty.foreground {
                self.signal_group(host, group, Signal::SIGWINCH);
            }
        }
    }

    /// Those who waited to write may go on.
    pub(super) fn let_output_go_on<H: Host>(&mut self, host: &mut H) {
        if !self.tty.output_waits() {
            self.wake_first(host, QueueName::TerminalWriters);
        }
    }
}
